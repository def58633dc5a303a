//! The only composition root: the domain on DynamoDB, API Gateway and the real clock. A function builds it once, before
//! the first event.

use auth::{AuthService, Credential, Secret};
use domain::Settings;
use domain::recent::Recent;
use edge::aws::Aws;
use edge::config::{
    AuthServiceConfig, AwsConfig, ChatConfig, RealtimeConfig, attachments_bucket, connections_endpoint,
    notifications_topic,
};
use edge::env::SystemEnv;
use lambda_runtime::Error;
use realtime::{Password, PasswordError, RedisConnections, Topic};
use store::{DynamoStore, TableNames};

pub(crate) use objects::Bucket;
pub(crate) use realtime::{ApiGatewayPush, PushAndNotify};

/// The use cases on AWS. `App<()>` has no push channel.
pub(crate) type App<P = ApiGatewayPush> = domain::App<Store, P, SystemEnv>;

/// The users of the Auth Service; None if no Auth Service is configured.
pub(crate) type Users = Option<AuthService<SystemEnv>>;

/// The password of Redis, from a secret in Secrets Manager; None if Redis asks for no password.
#[derive(Debug)]
pub(crate) struct RedisPassword(Option<Secret>);

impl Password for RedisPassword {
    async fn password(&self) -> Result<Option<String>, PasswordError> {
        let Some(secret) = &self.0 else { return Ok(None) };
        let value = secret.value().await.map_err(PasswordError)?;
        let text = String::from_utf8(value).map_err(|error| PasswordError(error.into()))?;
        Ok(Some(text.trim().to_owned()))
    }
}

/// Builds the dependencies of a handler from the function's environment variables. Building also opens the connections:
/// Lambda gives a function 10 s to start, so the first request does not wait for name resolution and TLS. Each method
/// fails if a variable is missing or wrong.
pub(crate) struct Dependencies(Aws);

impl Dependencies {
    pub(crate) fn from_env() -> Result<Self, Error> {
        Ok(Self(Aws::new(AwsConfig::from_env()?)))
    }

    /// The use cases, with API Gateway's push channel.
    pub(crate) async fn app(&self) -> Result<App, Error> {
        let endpoint = connections_endpoint()?;
        let (parts, ()) = tokio::join!(store_and_settings(&self.0), self.0.warm(&endpoint));
        Ok(compose(parts?, ApiGatewayPush::new(&self.0.sdk, &endpoint)))
    }

    /// The use cases without a push channel.
    pub(crate) async fn app_without_push(&self) -> Result<App<()>, Error> {
        Ok(compose(store_and_settings(&self.0).await?, ()))
    }

    /// The use cases, with the push channel. If a topic is configured, offline users get notifications.
    pub(crate) async fn app_with_notifications(&self) -> Result<App<PushAndNotify>, Error> {
        let App { store, push, env, settings, recent } = self.app().await?;
        let endpoint = self.0.config.sns_endpoint.as_deref();
        let topic = notifications_topic().map(|arn| Topic::new(&self.0.sdk, endpoint, arn));
        Ok(App { store, push: PushAndNotify::new(push, topic), env, settings, recent })
    }

    /// Only the push channel, for a function that stores nothing.
    pub(crate) async fn channel(&self) -> Result<ApiGatewayPush, Error> {
        let endpoint = connections_endpoint()?;
        self.0.warm(&endpoint).await;
        Ok(ApiGatewayPush::new(&self.0.sdk, &endpoint))
    }

    /// The directory of users; None if no Auth Service is configured.
    pub(crate) fn users(&self) -> Result<Users, Error> {
        let Some(config) = AuthServiceConfig::from_env() else { return Ok(None) };
        let endpoint = self.0.config.secrets_endpoint.as_deref();
        let credential = config.secret_arn.map(|arn| Credential::new(&self.0.sdk, endpoint, &arn));
        Ok(Some(AuthService::new(&config.url, credential, SystemEnv)?))
    }

    /// The bucket that holds the attachments.
    pub(crate) fn bucket(&self) -> Result<Bucket, Error> {
        Ok(Bucket::new(&self.0.sdk, self.0.config.s3_endpoint.as_deref(), &attachments_bucket()?))
    }
}

/// The tables, and Redis if live connections are kept in Redis.
type Store = DynamoStore<SystemEnv, RedisConnections<RedisPassword>>;

async fn store_and_settings(aws: &Aws) -> Result<(Store, Settings), Error> {
    let config = ChatConfig::from_env()?;
    let tables = TableNames {
        chats: config.chats_table,
        messages: config.messages_table,
        chat_members: config.chat_members_table,
        sends: config.sends_table,
        uploads: config.uploads_table,
        chat_users: config.chat_users_table,
        user_limits: config.user_limits_table,
        user_items: config.user_items_table,
    };
    let (connections, ()) = tokio::join!(redis(aws), aws.warm_dynamodb());
    let endpoint = aws.config.dynamodb_endpoint.as_deref();
    Ok((DynamoStore::new(&aws.sdk, endpoint, tables, connections?, SystemEnv), config.settings))
}

/// The store of live connections; None if they are kept in the ChatUsers table.
async fn redis(aws: &Aws) -> Result<Option<RedisConnections<RedisPassword>>, Error> {
    let Some(RealtimeConfig { redis_url, secret_arn, prefix }) = RealtimeConfig::from_env() else { return Ok(None) };
    let server = realtime::parse_url(&redis_url).map_err(|error| format!("the variable REALTIME_REDIS_URL {error}"))?;
    let endpoint = aws.config.secrets_endpoint.as_deref();
    let password = RedisPassword(secret_arn.map(|arn| Secret::new(&aws.sdk, endpoint, &arn)));
    let connections = RedisConnections::new(server, password, &prefix);
    connections.warm().await;
    Ok(Some(connections))
}

fn compose<P>((store, settings): (Store, Settings), push: P) -> App<P> {
    App { store, push, env: SystemEnv, settings, recent: Recent::default() }
}
