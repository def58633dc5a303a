//! What all AWS clients share: credentials, time-outs and one HTTP client. Also opens connections before the first
//! request.

use crate::config::AwsConfig;
use crate::connector::AwsConnector;
use aws_call::regional_endpoint;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use std::time::Duration;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The start of a function waits no longer than this for a connection to open.
const WARM_UP_TIMEOUT: Duration = Duration::from_millis(500);

/// One connection pool for all clients of a function, and their configuration.
#[derive(Debug)]
pub struct Aws {
    /// Region and endpoints of the services.
    pub config: AwsConfig,
    /// The SDK configuration of every client.
    pub sdk: SdkConfig,
    connector: SharedHttpConnector,
}

impl Aws {
    /// Takes Lambda's credentials directly from the environment variables, without the chain of other providers. A call
    /// has at most three attempts with the SDK's back-off, within 5 s. TLS uses ring.
    pub fn new(config: AwsConfig) -> Self {
        let connector = SharedHttpConnector::new(AwsConnector::new());
        let shared = connector.clone();
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
            .http_client(http_client_fn(move |_, _| shared.clone()))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .build();
        Self { config, sdk, connector }
    }

    /// Opens a connection to DynamoDB; see [`Aws::warm`].
    pub async fn warm_dynamodb(&self) {
        let AwsConfig { region, dynamodb_endpoint, .. } = &self.config;
        let endpoint = dynamodb_endpoint.clone().unwrap_or_else(|| regional_endpoint("dynamodb", region));
        self.warm(&endpoint).await;
    }

    /// Opens a connection to a service while the function starts. So the first request does not wait for name
    /// resolution and TLS. The response to the bare GET does not matter. It costs nothing and needs no permission.
    pub async fn warm(&self, url: &str) {
        if let Ok(request) = HttpRequest::get(url) {
            let _ = tokio::time::timeout(WARM_UP_TIMEOUT, self.connector.call(request)).await;
        }
    }
}
