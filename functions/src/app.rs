//! The one composition: the domain on DynamoDB, API Gateway and the real clock. Built once, before the first event.

use auth::{AuthService, Credential};
use edge::aws::Aws;
use edge::config::{AuthServiceConfig, AwsConfig, ChatConfig, connections_endpoint};
use edge::env::SystemEnv;
use lambda_runtime::Error;
use store::{DynamoStore, TableNames};

pub use realtime::ApiGatewayPush;

/// The use cases on AWS: with a push channel or without, with the users of the Auth Service or without.
pub type App<P = ApiGatewayPush, D = ()> = domain::App<DynamoStore<SystemEnv>, P, SystemEnv, D>;

/// The users of the Auth Service, where one is configured.
pub type Users = Option<AuthService<SystemEnv>>;

/// Builds the use cases and connects to what they need, in the time that Lambda gives a function to start.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn app() -> Result<App, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let push = push(&aws).await?;
    compose(&aws, push, ())
}

/// The same for a function that pushes nothing: its type has nothing to push with.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn app_without_push() -> Result<App<()>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    aws.warm_dynamodb().await;
    compose(&aws, (), ())
}

/// The same as [`app`] for a function that asks who users are.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn app_with_users() -> Result<App<ApiGatewayPush, Users>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let push = push(&aws).await?;
    compose(&aws, push, users(&aws)?)
}

/// The same as [`app_without_push`] for a function that asks who users are.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn app_with_users_without_push() -> Result<App<(), Users>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    aws.warm_dynamodb().await;
    compose(&aws, (), users(&aws)?)
}

async fn push(aws: &Aws) -> Result<ApiGatewayPush, Error> {
    let endpoint = connections_endpoint()?;
    tokio::join!(aws.warm_dynamodb(), aws.warm(&endpoint));
    Ok(ApiGatewayPush::new(&aws.sdk, &endpoint))
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

fn compose<P, D>(aws: &Aws, push: P, directory: D) -> Result<App<P, D>, Error> {
    let config = ChatConfig::from_env()?;
    let tables = TableNames {
        chats: config.chats_table,
        messages: config.messages_table,
        chat_members: config.chat_members_table,
        sends: config.sends_table,
        chat_users: config.chat_users_table,
    };
    let store = DynamoStore::new(&aws.sdk, aws.config.dynamodb_endpoint.as_deref(), tables, SystemEnv);
    Ok(App { store, push, env: SystemEnv, settings: config.settings, directory })
}
