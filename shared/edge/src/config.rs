//! Configuration: the one place that reads the environment. `template.yaml` sets every variable named here.

use domain::Settings;
use domain::attachment::{AttachmentLimit, AttachmentLimits};
use domain::file::ContentType;
use domain::member::BudgetRate;
use std::collections::BTreeSet;

/// A variable that is missing or wrong; a function does not start without it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// It is not what it must be.
    #[error("the environment variable {name} {reason}")]
    Wrong {
        /// The variable.
        name: &'static str,
        /// What it must be.
        reason: &'static str,
    },
}

/// Where AWS's services are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsConfig {
    /// AWS_REGION, which Lambda sets.
    pub region: String,
    /// AWS_ENDPOINT_URL_DYNAMODB, or AWS_ENDPOINT_URL: another DynamoDB than the region's.
    pub dynamodb_endpoint: Option<String>,
    /// AWS_ENDPOINT_URL_SECRETS_MANAGER, or AWS_ENDPOINT_URL: another Secrets Manager than the region's.
    pub secrets_endpoint: Option<String>,
    /// AWS_ENDPOINT_URL_S3, or AWS_ENDPOINT_URL: another S3 than the region's, whose buckets are named in the path. What
    /// clients are handed points there.
    pub s3_endpoint: Option<String>,
    /// AWS_ENDPOINT_URL_SNS, or AWS_ENDPOINT_URL: another SNS than the region's.
    pub sns_endpoint: Option<String>,
}

impl AwsConfig {
    /// Reads it from the environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_env() -> Result<Self, ConfigError> {
        let any = optional("AWS_ENDPOINT_URL");
        Ok(Self {
            region: required("AWS_REGION")?,
            dynamodb_endpoint: optional("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| any.clone()),
            secrets_endpoint: optional("AWS_ENDPOINT_URL_SECRETS_MANAGER").or_else(|| any.clone()),
            s3_endpoint: optional("AWS_ENDPOINT_URL_S3").or_else(|| any.clone()),
            sns_endpoint: optional("AWS_ENDPOINT_URL_SNS").or(any),
        })
    }
}

/// What a function that serves chat needs to know. It is told only the tables that it may use: the name of another is
/// empty, and a call on it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatConfig {
    /// CHATS_TABLE.
    pub chats_table: String,
    /// MESSAGES_TABLE.
    pub messages_table: String,
    /// CHAT_MEMBERS_TABLE.
    pub chat_members_table: String,
    /// SENDS_TABLE.
    pub sends_table: String,
    /// UPLOADS_TABLE.
    pub uploads_table: String,
    /// CHAT_USERS_TABLE.
    pub chat_users_table: String,
    /// SEND_BURST, SEND_PER_SECOND and, for images, recordings and files, ATTACHMENT_..._MAX_BYTES and
    /// ATTACHMENT_..._TYPES; their defaults where they are not set.
    pub settings: Settings,
}

impl ChatConfig {
    /// Reads it from the environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_env() -> Result<Self, ConfigError> {
        let BudgetRate { burst, per_second } = Settings::default().sending;
        let sending =
            BudgetRate { burst: positive("SEND_BURST", burst)?, per_second: positive("SEND_PER_SECOND", per_second)? };
        Ok(Self {
            chats_table: optional("CHATS_TABLE").unwrap_or_default(),
            messages_table: optional("MESSAGES_TABLE").unwrap_or_default(),
            chat_members_table: optional("CHAT_MEMBERS_TABLE").unwrap_or_default(),
            sends_table: optional("SENDS_TABLE").unwrap_or_default(),
            uploads_table: optional("UPLOADS_TABLE").unwrap_or_default(),
            chat_users_table: optional("CHAT_USERS_TABLE").unwrap_or_default(),
            settings: Settings { sending, attachments: attachment_limits()? },
        })
    }
}

/// CONNECTIONS_ENDPOINT: the stage whose connections are posted to.
///
/// # Errors
/// [`ConfigError`].
pub fn connections_endpoint() -> Result<String, ConfigError> {
    required("CONNECTIONS_ENDPOINT")
}

/// NOTIFICATIONS_TOPIC_ARN: the topic that is told of messages to users who are away; None where nobody is.
pub fn notifications_topic() -> Option<String> {
    optional("NOTIFICATIONS_TOPIC_ARN")
}

/// ATTACHMENTS_BUCKET: where attachments are.
///
/// # Errors
/// [`ConfigError`].
pub fn attachments_bucket() -> Result<String, ConfigError> {
    required("ATTACHMENTS_BUCKET")
}

/// METRICS_NAMESPACE: the CloudWatch namespace of what is counted; `lambda-chat` where it is not set.
pub fn metrics_namespace() -> String {
    optional("METRICS_NAMESPACE").unwrap_or_else(|| "lambda-chat".to_owned())
}

/// The Redis or Valkey that keeps live connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealtimeConfig {
    /// REALTIME_REDIS_URL.
    pub redis_url: String,
    /// REALTIME_REDIS_SECRET_ARN: the secret with its password.
    pub secret_arn: Option<String>,
    /// REALTIME_REDIS_PREFIX: what its keys begin with, as several stacks may share it.
    pub prefix: String,
}

impl RealtimeConfig {
    /// Reads it from the environment; None if live connections are kept in the ChatUsers table.
    pub fn from_env() -> Option<Self> {
        optional("REALTIME_REDIS_URL").map(|redis_url| Self {
            redis_url,
            secret_arn: optional("REALTIME_REDIS_SECRET_ARN"),
            prefix: optional("REALTIME_REDIS_PREFIX").unwrap_or_else(|| "lambda-chat:".to_owned()),
        })
    }
}

/// Where users are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthServiceConfig {
    /// AUTH_SERVICE_URL.
    pub url: String,
    /// AUTH_SERVICE_SECRET_ARN: the secret with the token that it asks for.
    pub secret_arn: Option<String>,
}

impl AuthServiceConfig {
    /// Reads it from the environment; None if no Auth Service is configured.
    pub fn from_env() -> Option<Self> {
        optional("AUTH_SERVICE_URL").map(|url| Self { url, secret_arn: optional("AUTH_SERVICE_SECRET_ARN") })
    }
}

/// How tokens are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// AUTH_JWKS_URL or AUTH_SECRET_ARN: exactly one.
    pub keys: KeySourceConfig,
    /// AUTH_ISSUER.
    pub issuer: Option<String>,
    /// AUTH_AUDIENCE.
    pub audience: Option<String>,
}

/// Where the keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySourceConfig {
    /// A JWKS address.
    Jwks(String),
    /// The ARN of an HS256 secret in Secrets Manager.
    Secret(String),
}

impl AuthConfig {
    /// Reads it from the environment.
    ///
    /// # Errors
    /// [`ConfigError`]; also if there is no source of keys, or more than one.
    pub fn from_env() -> Result<Self, ConfigError> {
        let keys = match (optional("AUTH_JWKS_URL"), optional("AUTH_SECRET_ARN")) {
            (Some(url), None) => KeySourceConfig::Jwks(url),
            (None, Some(arn)) => KeySourceConfig::Secret(arn),
            (None, None) => return Err(ConfigError::Missing("AUTH_JWKS_URL or AUTH_SECRET_ARN")),
            (Some(_), Some(_)) => {
                return Err(ConfigError::Wrong {
                    name: "AUTH_JWKS_URL",
                    reason: "excludes AUTH_SECRET_ARN: set one of them",
                });
            }
        };
        Ok(Self { keys, issuer: optional("AUTH_ISSUER"), audience: optional("AUTH_AUDIENCE") })
    }
}

/// A variable; one that is empty counts as not set, as a template's default is an empty string.
#[allow(clippy::disallowed_methods)] // the one place
fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

fn attachment_limits() -> Result<AttachmentLimits, ConfigError> {
    let AttachmentLimits { image, audio, file } = AttachmentLimits::default();
    Ok(AttachmentLimits {
        image: AttachmentLimit {
            most_bytes: positive("ATTACHMENT_IMAGE_MAX_BYTES", image.most_bytes)?,
            content_types: content_types("ATTACHMENT_IMAGE_TYPES", image.content_types)?,
        },
        audio: AttachmentLimit {
            most_bytes: positive("ATTACHMENT_AUDIO_MAX_BYTES", audio.most_bytes)?,
            content_types: content_types("ATTACHMENT_AUDIO_TYPES", audio.content_types)?,
        },
        file: AttachmentLimit {
            most_bytes: positive("ATTACHMENT_FILE_MAX_BYTES", file.most_bytes)?,
            content_types: content_types("ATTACHMENT_FILE_TYPES", file.content_types)?,
        },
    })
}

fn content_types(name: &'static str, default: BTreeSet<ContentType>) -> Result<BTreeSet<ContentType>, ConfigError> {
    let Some(types) = optional(name) else { return Ok(default) };
    let types = types.split(',').map(|one| ContentType::parse(one.trim()));
    let wrong = |_| ConfigError::Wrong { name, reason: "must be media types, separated by commas" };
    types.collect::<Result<_, _>>().map_err(wrong)
}

fn positive<T: std::str::FromStr + PartialOrd + Default>(name: &'static str, default: T) -> Result<T, ConfigError> {
    match optional(name).map(|value| value.parse()) {
        None => Ok(default),
        Some(Ok(number)) if number > T::default() => Ok(number),
        Some(_) => Err(ConfigError::Wrong { name, reason: "must be a whole number above 0" }),
    }
}
