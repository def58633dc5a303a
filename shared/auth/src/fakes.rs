//! What the tests talk to: servers on loopback, a clock that they move, a log that they read.

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

/// One request, as the server found it.
#[derive(Debug, Clone)]
pub(crate) struct RecordedRequest {
    /// How many came before it.
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

/// An HTTP server on loopback; it ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<RecordedRequest>>>,
}

impl Server {
    pub(crate) async fn start<F, R>(answer: F) -> Self
    where
        F: Fn(RecordedRequest) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<RecordedRequest>>>::default();
        let seen = asked.clone();
        let handler = move |_: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let asked = {
                let mut seen = seen.lock().unwrap();
                let asked = RecordedRequest { n: seen.len(), uri, headers, body };
                seen.push(asked.clone());
                asked
            };
            answer(asked)
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { url, asked }
    }

    /// All requests so far, in order.
    pub(crate) fn asked(&self) -> Vec<RecordedRequest> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A Secrets Manager with one secret, which a test changes.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    server: Server,
    value: Arc<Mutex<Value>>,
}

pub(crate) const ARN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:chat-AbCdEf";

impl SecretsManager {
    /// One whose secret has these fields: SecretString or SecretBinary.
    pub(crate) async fn start(value: Value) -> Self {
        let value = Arc::new(Mutex::new(value));
        let kept = value.clone();
        let server = Server::start(move |asked| {
            let kept = kept.clone();
            async move {
                // Whoever comes meanwhile would find nothing fetched yet.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let body: Value = serde_json::from_slice(&asked.body).unwrap();
                let value = kept.lock().unwrap().clone();
                if asked.header("x-amz-target") != Some("secretsmanager.GetSecretValue") || body["SecretId"] != ARN {
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

    /// How often it was read.
    pub(crate) fn count(&self) -> usize {
        self.server.count()
    }
}

/// What the SDK's clients are made of: nobody's credentials, plain HTTP.
pub(crate) fn sdk_config() -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// Time that a test moves, randomness that is always a half, and waits that only are written down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    millis: Arc<AtomicI64>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Clock {
    pub(crate) fn pass(&self, time: Duration) {
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

/// Everything that anybody logs, on whatever level.
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
