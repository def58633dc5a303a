//! Configuration: the only place that reads environment variables. `template.yaml` sets every variable named here.

use domain::Settings;
use domain::attachment::{AttachmentLimit, AttachmentLimits};
use domain::budget::BudgetRate;
use domain::file::ContentType;
use std::collections::BTreeSet;

/// An environment variable is missing or wrong. A function does not start then.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The variable has a wrong value.
    #[error("the environment variable {name} {reason}")]
    Wrong {
        /// The name of the variable.
        name: &'static str,
        /// What is wrong, as the end of a sentence.
        reason: &'static str,
    },
}

/// The region and the endpoints of AWS services. An endpoint is None for the region's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsConfig {
    /// AWS_REGION; Lambda sets it.
    pub region: String,
    /// AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL.
    pub dynamodb_endpoint: Option<String>,
    /// AWS_ENDPOINT_URL_SECRETS_MANAGER or AWS_ENDPOINT_URL.
    pub secrets_endpoint: Option<String>,
    /// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. There, the bucket name is part of the path. Clients get URLs with this
    /// endpoint.
    pub s3_endpoint: Option<String>,
    /// AWS_ENDPOINT_URL_SNS or AWS_ENDPOINT_URL.
    pub sns_endpoint: Option<String>,
}

impl AwsConfig {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// [`ConfigError`] if a variable is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        let any_service = optional("AWS_ENDPOINT_URL");
        Ok(Self {
            region: required("AWS_REGION")?,
            dynamodb_endpoint: optional("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| any_service.clone()),
            secrets_endpoint: optional("AWS_ENDPOINT_URL_SECRETS_MANAGER").or_else(|| any_service.clone()),
            s3_endpoint: optional("AWS_ENDPOINT_URL_S3").or_else(|| any_service.clone()),
            sns_endpoint: optional("AWS_ENDPOINT_URL_SNS").or(any_service),
        })
    }
}

/// The configuration of a function that serves chats. A function gets only the names of the tables that it may use. The
/// name of any other table is empty, so a call to it fails.
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
    /// USER_LIMITS_TABLE.
    pub user_limits_table: String,
    /// USER_ITEMS_TABLE.
    pub user_items_table: String,
    /// The budgets and limits (SEND_BURST and so on); for images, recordings and files also ATTACHMENT_..._MAX_BYTES and
    /// ATTACHMENT_..._TYPES. A variable that is not set has its default value.
    pub settings: Settings,
}

impl ChatConfig {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// [`ConfigError`] if a variable is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            chats_table: optional("CHATS_TABLE").unwrap_or_default(),
            messages_table: optional("MESSAGES_TABLE").unwrap_or_default(),
            chat_members_table: optional("CHAT_MEMBERS_TABLE").unwrap_or_default(),
            sends_table: optional("SENDS_TABLE").unwrap_or_default(),
            uploads_table: optional("UPLOADS_TABLE").unwrap_or_default(),
            chat_users_table: optional("CHAT_USERS_TABLE").unwrap_or_default(),
            user_limits_table: optional("USER_LIMITS_TABLE").unwrap_or_default(),
            user_items_table: optional("USER_ITEMS_TABLE").unwrap_or_default(),
            settings: settings()?,
        })
    }
}

/// CONNECTIONS_ENDPOINT: the URL of the WebSocket API's stage, for posts to connections.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or wrong.
pub fn connections_endpoint() -> Result<String, ConfigError> {
    required("CONNECTIONS_ENDPOINT")
}

/// NOTIFICATIONS_TOPIC_ARN: the topic for notifications to offline users; None if there are no notifications.
pub fn notifications_topic() -> Option<String> {
    optional("NOTIFICATIONS_TOPIC_ARN")
}

/// ATTACHMENTS_BUCKET: the bucket with the attachments.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or wrong.
pub fn attachments_bucket() -> Result<String, ConfigError> {
    required("ATTACHMENTS_BUCKET")
}

/// METRICS_NAMESPACE: the CloudWatch namespace of the metrics; by default `lambda-chat`.
pub fn metrics_namespace() -> String {
    optional("METRICS_NAMESPACE").unwrap_or_else(|| "lambda-chat".to_owned())
}

/// Whether SSL_CERT_FILE or SSL_CERT_DIR names root certificates, which then replace the compiled-in ones.
pub(crate) fn has_certificate_variable() -> bool {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some())
}

/// The Redis or Valkey server that holds live connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealtimeConfig {
    /// REALTIME_REDIS_URL.
    pub redis_url: String,
    /// REALTIME_REDIS_SECRET_ARN: the secret with the server's password, if it asks for one.
    pub secret_arn: Option<String>,
    /// REALTIME_REDIS_PREFIX: the prefix of all keys, because several stacks may share one server.
    pub prefix: String,
}

impl RealtimeConfig {
    /// Reads the environment variables; None if live connections are kept in the ChatUsers table.
    pub fn from_env() -> Option<Self> {
        optional("REALTIME_REDIS_URL").map(|redis_url| Self {
            redis_url,
            secret_arn: optional("REALTIME_REDIS_SECRET_ARN"),
            prefix: optional("REALTIME_REDIS_PREFIX").unwrap_or_else(|| "lambda-chat:".to_owned()),
        })
    }
}

/// The Auth Service, which has the users' profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthServiceConfig {
    /// AUTH_SERVICE_URL.
    pub url: String,
    /// AUTH_SERVICE_SECRET_ARN: the secret with the token for requests to the Auth Service, if it asks for one.
    pub secret_arn: Option<String>,
}

impl AuthServiceConfig {
    /// Reads the environment variables; None if no Auth Service is configured.
    pub fn from_env() -> Option<Self> {
        optional("AUTH_SERVICE_URL").map(|url| Self { url, secret_arn: optional("AUTH_SERVICE_SECRET_ARN") })
    }
}

/// How tokens are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// AUTH_JWKS_URL or AUTH_SECRET_ARN: exactly one of the two.
    pub keys: KeySourceConfig,
    /// AUTH_ISSUER: the `iss` that tokens must have, if set.
    pub issuer: Option<String>,
    /// AUTH_AUDIENCE: the `aud` that tokens must have, if set.
    pub audience: Option<String>,
}

/// The source of the keys that verify tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySourceConfig {
    /// The URL of a JWKS.
    Jwks(String),
    /// The ARN of an HS256 secret in Secrets Manager.
    Secret(String),
}

impl AuthConfig {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// [`ConfigError`] if a variable is missing or wrong, or if there is not exactly one source of keys.
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

/// The value of a variable. An empty variable counts as not set, because defaults in the template are empty strings.
#[allow(clippy::disallowed_methods)] // the only place
fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

fn settings() -> Result<Settings, ConfigError> {
    let default = Settings::default();
    Ok(Settings {
        sending: budget("SEND_BURST", "SEND_PER_SECOND", default.sending)?,
        changes: budget("CHANGE_BURST", "CHANGE_PER_SECOND", default.changes)?,
        new_member_burst: positive("NEW_MEMBER_BURST", default.new_member_burst)?,
        profile_changes: budget("PROFILE_BURST", "PROFILE_PER_MINUTE", default.profile_changes)?,
        new_chats: budget("NEW_CHAT_BURST", "NEW_CHATS_PER_HOUR", default.new_chats)?,
        added_people: budget("ADDED_PEOPLE_BURST", "ADDED_PEOPLE_PER_HOUR", default.added_people)?,
        declared_bytes: budget("ATTACHMENT_BURST_BYTES", "ATTACHMENT_BYTES_PER_HOUR", default.declared_bytes)?,
        max_open_chats: positive("MAX_OPEN_CHATS", default.max_open_chats)?,
        max_memberships: positive("MAX_MEMBERSHIPS", default.max_memberships)?,
        attachments: attachment_limits()?,
    })
}

/// A bucket whose size and refill are these variables.
fn budget(burst: &'static str, refill: &'static str, default: BudgetRate) -> Result<BudgetRate, ConfigError> {
    let (burst, refill) = (positive(burst, default.burst)?, positive(refill, default.refill)?);
    Ok(BudgetRate { burst, refill, ..default })
}

fn attachment_limits() -> Result<AttachmentLimits, ConfigError> {
    let AttachmentLimits { image, audio, file } = AttachmentLimits::default();
    Ok(AttachmentLimits {
        image: AttachmentLimit {
            max_bytes: positive("ATTACHMENT_IMAGE_MAX_BYTES", image.max_bytes)?,
            content_types: content_types("ATTACHMENT_IMAGE_TYPES", image.content_types)?,
        },
        audio: AttachmentLimit {
            max_bytes: positive("ATTACHMENT_AUDIO_MAX_BYTES", audio.max_bytes)?,
            content_types: content_types("ATTACHMENT_AUDIO_TYPES", audio.content_types)?,
        },
        file: AttachmentLimit {
            max_bytes: positive("ATTACHMENT_FILE_MAX_BYTES", file.max_bytes)?,
            content_types: content_types("ATTACHMENT_FILE_TYPES", file.content_types)?,
        },
    })
}

fn content_types(name: &'static str, default: BTreeSet<ContentType>) -> Result<BTreeSet<ContentType>, ConfigError> {
    let Some(types) = optional(name) else { return Ok(default) };
    let types = types.split(',').map(|content_type| ContentType::parse(content_type.trim()));
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
