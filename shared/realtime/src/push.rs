//! The push port on API Gateway's `@connections`.
//!
//! The SDK's retries, time-outs and protection against stalled streams are off: the domain's fan-out decides about
//! retries and time-outs, and without them a post takes 3 % less CPU.

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use domain::ids::ConnectionId;
use domain::ports::{Push, PushError};

/// Posts to the connections of one stage of one WebSocket API.
#[derive(Debug)]
pub struct ApiGatewayPush {
    client: Client,
}

impl ApiGatewayPush {
    /// Creates a channel to the stage at `endpoint`, for example
    /// `https://abc123.execute-api.eu-central-1.amazonaws.com/live`.
    pub fn new(config: &SdkConfig, endpoint: &str) -> Self {
        let builder = Builder::from(config)
            .endpoint_url(endpoint)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Self { client: Client::from_conf(builder.build()) }
    }
}

impl Push for ApiGatewayPush {
    async fn post(&self, connection: &ConnectionId, frame: &str) -> Result<(), PushError> {
        let call = self.client.post_to_connection().connection_id(connection.as_str()).data(Blob::new(frame));
        call.send().await.map(drop).map_err(|error| match error.as_service_error() {
            Some(PostToConnectionError::GoneException(_)) => PushError::Gone,
            Some(PostToConnectionError::LimitExceededException(_)) => PushError::Throttled,
            _ => error_by_status(error),
        })
    }

    async fn close(&self, connection: &ConnectionId) -> Result<(), PushError> {
        let call = self.client.delete_connection().connection_id(connection.as_str());
        call.send().await.map(drop).map_err(|error| match error.as_service_error() {
            Some(DeleteConnectionError::GoneException(_)) => PushError::Gone,
            Some(DeleteConnectionError::LimitExceededException(_)) => PushError::Throttled,
            _ => error_by_status(error),
        })
    }
}

/// Maps an error by its HTTP status. Throttling and overload have their own status, even if the body names no known
/// error.
fn error_by_status<E>(error: SdkError<E>) -> PushError
where
    E: std::error::Error + Send + Sync + 'static,
{
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(410) => PushError::Gone,
        Some(429 | 503) => PushError::Throttled,
        _ => PushError::Failed(error.into()),
    }
}
