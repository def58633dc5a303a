//! Test doubles: servers on loopback, a clock that tests move, and a log that tests read.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use domain::ports::Env;
use domain::timestamp::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// One request that the server received.
#[derive(Debug, Clone)]
pub(crate) struct RecordedRequest {
    /// The number of requests before it.
    pub(crate) n: usize,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl RecordedRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// An HTTP server on loopback. It stops with the test's runtime.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
}

impl Server {
    pub(crate) async fn start<F, R>(answer: F) -> Self
    where
        F: Fn(RecordedRequest) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<RecordedRequest>>>::default();
        let recorded = requests.clone();
        let handler = move |_: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let request = {
                let mut recorded = recorded.lock().unwrap();
                let request = RecordedRequest { n: recorded.len(), uri, headers, body };
                recorded.push(request.clone());
                request
            };
            answer(request)
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { url, requests }
    }

    /// All requests so far, in order.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// A fake Secrets Manager with one secret, which a test can change.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    server: Server,
    value: Arc<Mutex<Value>>,
}

pub(crate) const ARN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:chat-AbCdEf";

impl SecretsManager {
    /// Starts one whose secret has these fields: SecretString or SecretBinary.
    pub(crate) async fn start(value: Value) -> Self {
        let value = Arc::new(Mutex::new(value));
        let shared = value.clone();
        let server = Server::start(move |request| {
            let shared = shared.clone();
            async move {
                // The delay makes concurrent requests overlap: during it, nothing is cached yet.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let value = shared.lock().unwrap().clone();
                if request.header("x-amz-target") != Some("secretsmanager.GetSecretValue") || body["SecretId"] != ARN {
                    return (StatusCode::BAD_REQUEST, r#"{"__type": "InvalidRequestException"}"#).into_response();
                }
                if value.is_null() {
                    return (StatusCode::BAD_REQUEST, r#"{"__type": "ResourceNotFoundException"}"#).into_response();
                }
                let mut answer = json!({"ARN": ARN, "Name": "chat", "VersionStages": ["AWSCURRENT"]});
                answer.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
                ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response()
            }
        })
        .await;
        Self { server, value }
    }

    pub(crate) fn set(&self, value: Value) {
        *self.value.lock().unwrap() = value;
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.server.url
    }

    /// The number of reads.
    pub(crate) fn count(&self) -> usize {
        self.server.count()
    }
}

/// The configuration of the SDK's clients: fake credentials, plain HTTP.
pub(crate) fn sdk_config() -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// A clock that a test moves. Random bytes are constant (0x80). A sleep returns at once and is recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    millis: Arc<AtomicI64>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Clock {
    pub(crate) fn advance(&self, time: Duration) {
        self.millis.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }
}

impl Env for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000)
            .plus(Duration::from_millis(u64::try_from(self.millis.load(Ordering::Relaxed)).unwrap()))
    }

    fn randomness(&self, bytes: &mut [u8]) {
        bytes.fill(0x80);
    }

    async fn sleep(&self, time: Duration) {
        self.waits.lock().unwrap().push(time);
    }
}

/// A subscriber that records all log events and spans of all levels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    text: Arc<Mutex<String>>,
    spans: Arc<AtomicUsize>,
}

impl Log {
    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn write(&self, start: String, record: impl FnOnce(&mut Line)) {
        let mut line = Line(start);
        record(&mut line);
        self.text.lock().unwrap().push_str(&(line.0 + "\n"));
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(span.metadata().name().to_owned(), |line| span.record(line));
        Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed) as u64)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        self.write(String::new(), |line| values.record(line));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        self.write(event.metadata().level().to_string(), |line| event.record(line));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
