//! What all AWS clients share: credentials, time-outs, one HTTP client; and connecting before the first request.

use crate::config::AwsConfig;
use aws_call::regional_endpoint;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Warming is worth no more than this.
const WARM_UP_TIMEOUT: Duration = Duration::from_millis(500);

/// One connection pool for all clients of a function, and what they are configured with.
#[derive(Debug)]
pub struct Aws {
    /// Where the services are.
    pub config: AwsConfig,
    /// The configuration of every client.
    pub sdk: SdkConfig,
    connector: SharedHttpConnector,
}

impl Aws {
    /// Lambda's credentials, straight from its environment, and no chain that would look elsewhere; three tries with the
    /// SDK's own back-off within 5 s; TLS on ring.
    pub fn new(config: AwsConfig) -> Self {
        let connector = SharedHttpConnector::new(
            Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build())
                .build(),
        );
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

    /// Connects to the region's DynamoDB; see [`Aws::warm`].
    pub async fn warm_dynamodb(&self) {
        let AwsConfig { region, dynamodb_endpoint, .. } = &self.config;
        let endpoint = dynamodb_endpoint.clone().unwrap_or_else(|| regional_endpoint("dynamodb", region));
        self.warm(&endpoint).await;
    }

    /// Connects to a service while the function starts, so that the first request does not wait for name resolution and
    /// TLS. What the service answers to a bare GET does not matter; it neither costs nor needs a permission.
    pub async fn warm(&self, url: &str) {
        if let Ok(request) = HttpRequest::get(url) {
            let _ = tokio::time::timeout(WARM_UP_TIMEOUT, self.connector.call(request)).await;
        }
    }
}
