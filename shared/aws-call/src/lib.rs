//! Calls to AWS services without their SDK clients. This project makes only seven different calls to S3, SNS and
//! Secrets Manager. The SDK clients of the three would cost some 40 s of CPU in a build, and S3's alone 1.2 MB in a function's zip. The
//! SDK's own run time does all the hard parts: credentials, signatures, retries with back-off, time-outs and errors. It
//! is a dependency anyway, because of DynamoDB's client.

mod presign;
mod refusal;
mod transient;

pub use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
pub use aws_smithy_types::error::metadata::ProvideErrorMetadata;
pub use presign::PresignError;
pub use refusal::Refusal;
pub use transient::is_transient;

use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError, SensitiveOutput};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use std::fmt;

/// Why a call failed: the SDK's own error type. An error response of the service is a [`Refusal`].
pub type CallError = SdkError<Refusal, HttpResponse>;

/// One service in one region, with its endpoint and the settings of its calls.
#[derive(Debug)]
pub struct Service {
    /// The service's name in signatures, such as `s3`.
    name: &'static str,
    region: Region,
    endpoint: String,
    credentials: Option<SharedCredentialsProvider>,
    http: Option<SharedHttpClient>,
    retries: RetryConfig,
    timeouts: TimeoutConfig,
}

impl Service {
    /// Creates a client of a service at its endpoint in the region, or at the endpoint that replaces that. `name` is its
    /// name in signatures and in the region's endpoint.
    pub fn new(config: &SdkConfig, name: &'static str, endpoint: Option<&str>) -> Self {
        let region = config.region().map_or("", Region::as_ref);
        Self::at(config, name, endpoint.map_or_else(|| regional_endpoint(name, region), str::to_owned))
    }

    /// Creates a client of a service at this endpoint: scheme, host, and a path to which the paths of calls are appended.
    /// Region, credentials, HTTP client, retries and time-outs come from the configuration.
    pub fn at(config: &SdkConfig, name: &'static str, endpoint: String) -> Self {
        Self {
            name,
            region: config.region().cloned().unwrap_or(Region::from_static("")),
            endpoint,
            credentials: config.credentials_provider(),
            http: config.http_client(),
            retries: config.retry_config().cloned().unwrap_or_else(RetryConfig::standard),
            timeouts: config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled),
        }
    }

    /// Makes one call. `request` has a path and a query, but no host. It is signed and, according to the SDK's retry
    /// rules, sent again. `operation` is the call's name in AWS's documentation, for the log.
    ///
    /// # Errors
    /// The service refuses the call, or the call does not reach it.
    pub async fn call(&self, operation: &'static str, request: HttpRequest) -> Result<Answer, CallError> {
        let mut call = Operation::builder()
            .service_name(self.name)
            .operation_name(operation)
            .endpoint_url(&self.endpoint)
            .standard_retry(&self.retries)
            .timeout_config(self.timeouts.clone())
            .with_connection_poisoning()
            .interceptor(RecursionDetectionInterceptor::new())
            .interceptor(ServiceClockSkewInterceptor::new())
            .interceptor(RequestInfoInterceptor::new())
            .interceptor(InvocationIdInterceptor::new())
            .runtime_plugin(self.signing())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
            .retry_classifier(ServiceClockSkewClassifier::<Refusal>::new());
        if let Some(http) = self.http.clone() {
            call = call.http_client(http);
        }
        call.serializer(Ok).deserializer(Answer::read).build().invoke(request).await
    }

    /// The configuration of signatures: version 4, in headers.
    fn signing(&self) -> StaticRuntimePlugin {
        let mut options = SigningOptions::default();
        // S3 signs paths unchanged, and requires the digest of the body.
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
        let is_s3 = self.name == "s3";
        options.double_uri_encode = !is_s3;
        options.normalize_uri_path = !is_s3;
        options.content_sha256_header = is_s3;
        let mut config = Layer::new("signing");
        // With this, the run time does not log bodies, which may contain a secret.
        config.store_put(SensitiveOutput);
        config.store_put(AuthSchemeOptionResolverParams::new(()));
        config.store_put(SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(self.region.clone())),
            name: Some(SigningName::from_static(self.name)),
            signing_options: options,
            ..SigV4OperationSigningConfig::default()
        });
        let mut components = RuntimeComponentsBuilder::new("signing");
        components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
        components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
        )));
        if let Some(credentials) = self.credentials.clone() {
            components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
        }
        StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components)
    }
}

/// The endpoint of a service in a region of the public partitions, of China or of the European Sovereign Cloud. Isolated
/// partitions are not supported.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
pub fn regional_endpoint(service: &str, region: &str) -> String {
    let domain = match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    format!("https://{service}.{region}.{domain}")
}

/// The response to a successful call.
pub struct Answer {
    headers: Headers,
    body: Vec<u8>,
}

impl Answer {
    /// The value of a header; None if there is no such header.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body; empty if the response has none.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    fn read(response: &HttpResponse) -> Result<Self, OrchestratorError<Refusal>> {
        if !response.status().is_success() {
            return Err(OrchestratorError::operation(Refusal::of(response)));
        }
        let body = response.body().bytes().unwrap_or_default();
        Ok(Self { headers: response.headers().clone(), body: body.to_vec() })
    }
}

/// Omits the body, which may be a secret: the run time prints the response at the level TRACE.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::BehaviorVersion;
    use aws_credential_types::Credentials;
    use axum::http::{HeaderMap, StatusCode, Uri};
    use axum::routing::any;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};
    use tokio::net::TcpListener;

    /// Status and body of each response, in order.
    type Answers = &'static [(u16, &'static str)];
    type Requests = Arc<Mutex<Vec<(Uri, HeaderMap)>>>;

    /// A service on loopback, and the requests that it received.
    async fn service(name: &'static str, answers: Answers) -> (Service, Requests) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/under", listener.local_addr().unwrap());
        let requests = Requests::default();
        let recorded = requests.clone();
        let handler = any(move |uri: Uri, headers: HeaderMap| async move {
            let mut recorded = recorded.lock().unwrap();
            let (status, body) = answers[recorded.len()];
            recorded.push((uri, headers));
            (StatusCode::from_u16(status).unwrap(), body)
        });
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "test")))
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1)))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        (Service::at(&config, name, endpoint), requests)
    }

    async fn call(service: &Service) -> Result<Answer, CallError> {
        let mut request = HttpRequest::new("body".into());
        request.set_method("POST").unwrap();
        request.set_uri("/path?query").unwrap();
        service.call("Operation", request).await
    }

    #[tokio::test]
    async fn transient_error_is_retried_twice() {
        const THROTTLED: &str = r#"{"__type": "ThrottlingException"}"#;
        let (service, requests) = service("secretsmanager", &[(500, ""), (400, THROTTLED), (200, "done")]).await;
        assert_eq!(call(&service).await.unwrap().body(), b"done");
        assert_eq!(requests.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn call_gives_up_after_three_attempts_and_at_once_after_a_refusal() {
        const SLOW: &str = "<Error><Code>SlowDown</Code></Error>";
        let (busy, requests) = service("s3", &[(503, SLOW), (503, SLOW), (503, SLOW)]).await;
        assert_eq!(call(&busy).await.unwrap_err().code(), Some("SlowDown"));
        assert_eq!(requests.lock().unwrap().len(), 3);
        let (closed, requests) = service("s3", &[(403, "<Error><Code>AccessDenied</Code></Error>")]).await;
        let error = call(&closed).await.unwrap_err();
        assert_eq!((error.code(), error.as_service_error().map(Refusal::status)), (Some("AccessDenied"), Some(403)));
        assert_eq!(requests.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn only_s3_calls_have_a_body_digest() {
        for (name, has_digest) in [("s3", true), ("sns", false)] {
            let (service, requests) = service(name, &[(200, "")]).await;
            call(&service).await.unwrap();
            let (uri, headers) = requests.lock().unwrap().remove(0);
            assert_eq!(uri.to_string(), "/under/path?query");
            let authorization = headers["authorization"].to_str().unwrap();
            assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=id/"), "{authorization}");
            assert!(authorization.contains(&format!("/eu-central-1/{name}/aws4_request")), "{authorization}");
            assert_eq!(headers.contains_key("x-amz-content-sha256"), has_digest);
        }
    }

    /// The example of AWS's documentation, with the key of that example.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
    #[tokio::test]
    async fn presigned_url_is_that_of_the_documentation() {
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        let service = Service::at(&config.build(), "s3", "https://examplebucket.s3.amazonaws.com".to_owned());
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let signed = service.presign("GET", "/test.txt", &[], start, Duration::from_secs(86_400)).await.unwrap();
        assert_eq!(
            signed,
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
             &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn endpoint_has_the_domain_of_its_partition() {
        assert_eq!(regional_endpoint("sns", "eu-central-1"), "https://sns.eu-central-1.amazonaws.com");
        assert_eq!(regional_endpoint("b.s3", "cn-north-1"), "https://b.s3.cn-north-1.amazonaws.com.cn");
        assert_eq!(regional_endpoint("sns", "eusc-de-east-1"), "https://sns.eusc-de-east-1.amazonaws.eu");
    }
}
