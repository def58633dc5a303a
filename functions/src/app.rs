//! The one composition: the domain on DynamoDB, API Gateway and the real clock. Built once, before the first event.

use edge::aws::Aws;
use edge::config::{AwsConfig, ChatConfig, connections_endpoint};
use edge::env::SystemEnv;
use lambda_runtime::Error;
use realtime::ApiGatewayPush;
use store::{DynamoStore, TableNames};

/// The use cases on AWS.
pub type App = domain::App<DynamoStore<SystemEnv>, ApiGatewayPush, SystemEnv>;

/// What a function connects to while it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The tables.
    Store,
    /// The tables, and API Gateway's connections.
    StoreAndConnections,
}

/// Builds the use cases and connects to what they need, in the time that Lambda gives a function to start.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn app(reach: Reach) -> Result<App, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let config = ChatConfig::from_env()?;
    let endpoint = connections_endpoint()?;
    let tables = TableNames {
        chats: config.chats_table,
        messages: config.messages_table,
        chat_members: config.chat_members_table,
        sends: config.sends_table,
        chat_users: config.chat_users_table,
    };
    match reach {
        Reach::Store => aws.warm_dynamodb().await,
        Reach::StoreAndConnections => {
            tokio::join!(aws.warm_dynamodb(), aws.warm(&endpoint));
        }
    }
    Ok(App {
        store: DynamoStore::new(&aws.sdk, aws.config.dynamodb_endpoint.as_deref(), tables, SystemEnv),
        push: ApiGatewayPush::new(&aws.sdk, &endpoint),
        env: SystemEnv,
        settings: config.settings,
    })
}

/// The push channel alone, for a function that stores nothing.
///
/// # Errors
/// A variable that is missing or wrong.
pub async fn channel() -> Result<ApiGatewayPush, Error> {
    let aws = Aws::new(AwsConfig::from_env()?);
    let endpoint = connections_endpoint()?;
    aws.warm(&endpoint).await;
    Ok(ApiGatewayPush::new(&aws.sdk, &endpoint))
}
