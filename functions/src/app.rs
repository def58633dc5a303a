//! The one composition: the domain on DynamoDB, API Gateway and the real clock. Built once, before the first event.

use edge::aws::Aws;
use edge::config::{AwsConfig, ChatConfig, connections_endpoint};
use edge::env::SystemEnv;
use lambda_runtime::Error;
use realtime::ApiGatewayPush;
use store::{DynamoStore, TableNames};

/// The use cases on AWS.
pub type App<P = ApiGatewayPush> = domain::App<DynamoStore<SystemEnv>, P, SystemEnv>;

/// Builds the use cases and connects to what they need, in the time that Lambda gives a function to start.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn app() -> Result<App, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let endpoint = connections_endpoint()?;
    tokio::join!(aws.warm_dynamodb(), aws.warm(&endpoint));
    compose(&aws, ApiGatewayPush::new(&aws.sdk, &endpoint))
}

/// The same for a function that pushes nothing: its type has nothing to push with.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn app_without_push() -> Result<App<()>, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    aws.warm_dynamodb().await;
    compose(&aws, ())
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

fn compose<P>(aws: &Aws, push: P) -> Result<App<P>, Error> {
    let config = ChatConfig::from_env()?;
    let tables = TableNames {
        chats: config.chats_table,
        messages: config.messages_table,
        chat_members: config.chat_members_table,
        sends: config.sends_table,
        chat_users: config.chat_users_table,
    };
    let store = DynamoStore::new(&aws.sdk, aws.config.dynamodb_endpoint.as_deref(), tables, SystemEnv);
    Ok(App { store, push, env: SystemEnv, settings: config.settings })
}
