//! The push port on API Gateway's `@connections`.
//!
//! The SDK's retries, time-outs and protection against stalled streams are off: the domain's fan-out decides about
//! retries and time-outs, and without them a post takes 3 % less CPU. Only a post for which no connection to API Gateway
//! could be opened is tried once more here, because nothing was sent then.

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

/// How often a post or a close is tried while no connection to API Gateway can be opened.
const MAX_CONNECTS: usize = 2;

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
        let outcome = connect_again(|| call.clone().send()).await;
        outcome.map(drop).map_err(|error| match error.as_service_error() {
            Some(PostToConnectionError::GoneException(_)) => PushError::Gone,
            Some(PostToConnectionError::LimitExceededException(_)) => PushError::Throttled,
            _ => error_by_status(error),
        })
    }

    async fn close(&self, connection: &ConnectionId) -> Result<(), PushError> {
        let call = self.client.delete_connection().connection_id(connection.as_str());
        let outcome = connect_again(|| call.clone().send()).await;
        outcome.map(drop).map_err(|error| match error.as_service_error() {
            Some(DeleteConnectionError::GoneException(_)) => PushError::Gone,
            Some(DeleteConnectionError::LimitExceededException(_)) => PushError::Throttled,
            _ => error_by_status(error),
        })
    }
}

/// Makes a call, and makes it once more if no connection could be opened.
async fn connect_again<A, E, F>(call: impl Fn() -> F) -> Result<A, SdkError<E>>
where
    F: Future<Output = Result<A, SdkError<E>>>,
{
    for _ in 1..MAX_CONNECTS {
        match call().await {
            Err(error) if is_connect_timeout(&error) => {}
            outcome => return outcome,
        }
    }
    call().await
}

/// Whether the time to open a connection ran out, so that nothing was sent. No other part of a call has a time limit
/// here.
fn is_connect_timeout<E>(error: &SdkError<E>) -> bool {
    matches!(error, SdkError::DispatchFailure(failure) if failure.is_timeout())
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use std::sync::{Arc, Mutex};

    /// What each try gets, in order.
    #[derive(Clone, Copy, Debug)]
    enum Try {
        Status(u16),
        NoConnection,
        Broken,
    }

    /// Answers the tries, and records their requests as `METHOD URL content-type body`.
    #[derive(Clone, Debug)]
    struct Scripted {
        tries: &'static [Try],
        requests: Arc<Mutex<Vec<String>>>,
    }

    impl HttpConnector for Scripted {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let mut requests = self.requests.lock().unwrap();
            let answer = match self.tries[requests.len()] {
                Try::Status(status) => Ok(HttpResponse::new(status.try_into().unwrap(), "".into())),
                Try::NoConnection => Err(ConnectorError::timeout("no connection within 1 s".into())),
                Try::Broken => Err(ConnectorError::io("broken".into())),
            };
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            let content_type = request.headers().get("content-type").unwrap_or("none").to_owned();
            let authorization = request.headers().get("authorization").unwrap_or_default();
            assert!(authorization.contains("/eu-central-1/execute-api/aws4_request"), "{authorization}");
            requests.push(format!("{} {} {content_type} {body}", request.method(), request.uri()));
            HttpConnectorFuture::ready(answer)
        }
    }

    /// Posts one frame. Returns the result and the requests.
    async fn post(tries: &'static [Try]) -> (Result<(), PushError>, Vec<String>) {
        let (push, requests) = channel(tries);
        let result = push.post(&ConnectionId::parse("L0SM9cOFvHcCIAw=").unwrap(), "{}").await;
        let requests = requests.lock().unwrap().clone();
        (result, requests)
    }

    fn channel(tries: &'static [Try]) -> (ApiGatewayPush, Arc<Mutex<Vec<String>>>) {
        let connector = Scripted { tries, requests: Arc::default() };
        let requests = connector.requests.clone();
        let connector = SharedHttpConnector::new(connector);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "test")))
            .retry_config(RetryConfig::standard())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        (ApiGatewayPush::new(&config, "https://a1.execute-api.eu-central-1.amazonaws.com/live"), requests)
    }

    #[tokio::test]
    async fn requests_are_those_of_the_management_api() {
        const URL: &str = "https://a1.execute-api.eu-central-1.amazonaws.com/live/@connections/L0SM9cOFvHcCIAw%3D";
        let (result, requests) = post(&[Try::Status(200)]).await;
        result.unwrap();
        assert_eq!(requests, [format!("POST {URL} application/octet-stream {{}}")]);
        let (push, requests) = channel(&[Try::Status(204)]);
        push.close(&ConnectionId::parse("L0SM9cOFvHcCIAw=").unwrap()).await.unwrap();
        assert_eq!(*requests.lock().unwrap(), [format!("DELETE {URL} none ")]);
    }

    #[tokio::test]
    async fn refusals_are_told_apart_by_their_status() {
        assert!(matches!(post(&[Try::Status(410)]).await.0, Err(PushError::Gone)));
        for throttled in [&[Try::Status(429)], &[Try::Status(503)]] {
            assert!(matches!(post(throttled).await.0, Err(PushError::Throttled)));
        }
        for failed in [&[Try::Status(403)], &[Try::Status(500)]] {
            let (result, requests) = post(failed).await;
            assert!(matches!(result, Err(PushError::Failed(_))), "{result:?}");
            assert_eq!(requests.len(), 1);
        }
    }

    #[tokio::test]
    async fn post_is_tried_again_only_if_no_connection_could_be_opened() {
        let (result, requests) = post(&[Try::NoConnection, Try::Status(200)]).await;
        result.unwrap();
        assert_eq!((requests.len(), &requests[0]), (2, &requests[1]));
        let (result, requests) = post(&[Try::NoConnection; 2]).await;
        assert!(matches!(result, Err(PushError::Failed(_))), "{result:?}");
        assert_eq!(requests.len(), 2);
        let (result, requests) = post(&[Try::Broken]).await;
        assert!(matches!(result, Err(PushError::Failed(_))), "{result:?}");
        assert_eq!(requests.len(), 1);
    }
}
