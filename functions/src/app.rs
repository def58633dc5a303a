//! The one composition: the domain on DynamoDB, API Gateway and the real clock. Built once, before the first event.

use auth::{AuthService, Credential, Secret};
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

/// The use cases on AWS: with a push channel or without, with the users of the Auth Service or without, with the bucket
/// of attachments or without.
pub(crate) type App<P = ApiGatewayPush, D = (), O = ()> = domain::App<Store, P, SystemEnv, D, O>;

/// The users of the Auth Service, where one is configured.
pub(crate) type Users = Option<AuthService<SystemEnv>>;

/// The password of Redis, where it asks for one: a secret of Secrets Manager.
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

/// Builds the use cases and connects to what they need, in the time that Lambda gives a function to start.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn app() -> Result<App, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let (push, store) = push_and_store(&aws).await?;
    compose(store, push, (), ())
}

/// The same for a function that also looks after attachments.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn app_with_attachments() -> Result<App<ApiGatewayPush, (), Bucket>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let (push, store) = push_and_store(&aws).await?;
    compose(store, push, (), bucket(&aws)?)
}

/// The same as [`app_with_attachments`] for a function that pushes nothing.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn app_with_attachments_without_push() -> Result<App<(), (), Bucket>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    compose(store(&aws).await?, (), (), bucket(&aws)?)
}

/// The same as [`app_with_attachments`] for a function that also notifies users who are away, where there is a topic for
/// that.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn app_with_notifications() -> Result<App<PushAndNotify, (), Bucket>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let (push, store) = push_and_store(&aws).await?;
    let topic = notifications_topic().map(|arn| Topic::new(&aws.sdk, aws.config.sns_endpoint.as_deref(), arn));
    compose(store, PushAndNotify::new(push, topic), (), bucket(&aws)?)
}

/// The same for a function that pushes nothing: its type has nothing to push with.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn app_without_push() -> Result<App<()>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    compose(store(&aws).await?, (), (), ())
}

/// The same as [`app`] for a function that asks who users are.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn app_with_users() -> Result<App<ApiGatewayPush, Users>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let (push, store) = push_and_store(&aws).await?;
    compose(store, push, users(&aws)?, ())
}

/// The same as [`app_without_push`] for a function that asks who users are.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn app_with_users_without_push() -> Result<App<(), Users>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    compose(store(&aws).await?, (), users(&aws)?, ())
}

async fn push_and_store(aws: &Aws) -> Result<(ApiGatewayPush, Store), Error> {
    let endpoint = connections_endpoint()?;
    let (store, ()) = tokio::join!(store(aws), aws.warm(&endpoint));
    Ok((ApiGatewayPush::new(&aws.sdk, &endpoint), store?))
}

/// The tables, and Redis where live connections are kept there.
type Store = DynamoStore<SystemEnv, RedisConnections<RedisPassword>>;

async fn store(aws: &Aws) -> Result<Store, Error> {
    let config = ChatConfig::from_env()?;
    let tables = TableNames {
        chats: config.chats_table,
        messages: config.messages_table,
        chat_members: config.chat_members_table,
        sends: config.sends_table,
        uploads: config.uploads_table,
        chat_users: config.chat_users_table,
    };
    let (connections, ()) = tokio::join!(redis(aws), aws.warm_dynamodb());
    Ok(DynamoStore::new(&aws.sdk, aws.config.dynamodb_endpoint.as_deref(), tables, connections?, SystemEnv))
}

/// Where live connections are kept, if not in their table.
async fn redis(aws: &Aws) -> Result<Option<RedisConnections<RedisPassword>>, Error> {
    let Some(RealtimeConfig { redis_url, secret_arn, prefix }) = RealtimeConfig::from_env() else { return Ok(None) };
    let server = realtime::parse_url(&redis_url).map_err(|error| format!("the variable REALTIME_REDIS_URL {error}"))?;
    let endpoint = aws.config.secrets_endpoint.as_deref();
    let password = RedisPassword(secret_arn.map(|arn| Secret::new(&aws.sdk, endpoint, &arn)));
    let connections = RedisConnections::new(server, password, &prefix);
    connections.warm().await;
    Ok(Some(connections))
}

/// The push channel alone, for a function that stores nothing.
///
/// # Errors
/// A variable that is missing or wrong.
pub(crate) async fn channel() -> Result<ApiGatewayPush, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let endpoint = connections_endpoint()?;
    aws.warm(&endpoint).await;
    Ok(ApiGatewayPush::new(&aws.sdk, &endpoint))
}

fn users(aws: &Aws) -> Result<Users, Error> {
    let Some(config) = AuthServiceConfig::from_env() else { return Ok(None) };
    let endpoint = aws.config.secrets_endpoint.as_deref();
    let credential = config.secret_arn.map(|arn| Credential::new(&aws.sdk, endpoint, &arn));
    Ok(Some(AuthService::new(&config.url, credential, SystemEnv)?))
}

fn bucket(aws: &Aws) -> Result<Bucket, Error> {
    Ok(Bucket::new(&aws.sdk, aws.config.s3_endpoint.as_deref(), &attachments_bucket()?))
}

fn compose<P, D, O>(store: Store, push: P, directory: D, objects: O) -> Result<App<P, D, O>, Error> {
    Ok(App { store, push, env: SystemEnv, settings: ChatConfig::from_env()?.settings, directory, objects })
}
