//! The Lambda Runtime API (2018-06-01), with one base path per instance. Unlike the local cloud's, it says when an
//! instance asks for its first event.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::body::{Body, Bytes};
use hyper::{Request, Response, body::Incoming, header::HeaderValue};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    Error,
    http::{Server, answer, body_of},
};

/// The deadline of an event that the bench hands out.
const TIMEOUT: Duration = Duration::from_secs(25);

/// The server for all instances. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    server: Server,
    lines: Arc<Lines>,
}

#[derive(Debug, Default)]
struct Lines(Mutex<HashMap<String, Arc<Line>>>);

/// The answer to one event: the payload, or the error that the function reported.
pub(crate) type Answer = Result<Bytes, Bytes>;

/// One event for an instance, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) payload: Bytes,
    pub(crate) answered: oneshot::Sender<Answer>,
}

/// The server's side of one instance.
#[derive(Debug)]
struct Line {
    /// When the instance asked for its first event.
    asked: watch::Sender<Option<Instant>>,
    events: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    /// The event that the instance works on. An instance works on one at a time, so it needs no id.
    current: Mutex<Option<oneshot::Sender<Answer>>>,
}

/// The bench's side of one instance.
#[derive(Debug)]
pub(crate) struct Handle {
    /// The value of `AWS_LAMBDA_RUNTIME_API`. With a path, the runtime needs the scheme.
    pub(crate) address: String,
    pub(crate) asked: watch::Receiver<Option<Instant>>,
    pub(crate) events: mpsc::Sender<Event>,
}

impl RuntimeApi {
    pub(crate) fn start() -> Result<Self, Error> {
        let lines = Arc::<Lines>::default();
        let shared = lines.clone();
        let server = Server::start("Runtime API", None, move |request| serve(shared.clone(), request))?;
        Ok(Self { server, lines })
    }

    /// Registers an instance under a name of its own.
    pub(crate) fn open(&self, name: &str) -> Handle {
        let (events, waiting) = mpsc::channel(1);
        let (asked, was_asked) = watch::channel(None);
        let line = Line { asked, events: tokio::sync::Mutex::new(waiting), current: Mutex::default() };
        lock(&self.lines.0).insert(name.to_owned(), Arc::new(line));
        Handle { address: format!("{}/{name}", self.server.url()), asked: was_asked, events }
    }
}

async fn serve(lines: Arc<Lines>, request: Request<Incoming>) -> Response<Body> {
    let asked_at = Instant::now();
    let path = request.uri().path().to_owned();
    let mut segments = path.trim_start_matches('/').splitn(2, '/');
    let (name, call) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let line = lock(&lines.0).get(name).cloned();
    let Some(line) = line else { return answer(404, "application/json", "") };
    if call.ends_with("/invocation/next") {
        return next(&line, asked_at).await;
    }
    let body = body_of(request).await;
    let result = if call.ends_with("/response") { Ok(body) } else { Err(body) };
    if let Some(answered) = lock(&line.current).take() {
        let _ = answered.send(result);
    }
    answer(202, "application/json", r#"{"status":"OK"}"#)
}

async fn next(line: &Line, asked_at: Instant) -> Response<Body> {
    line.asked.send_if_modified(|first| {
        let is_first = first.is_none();
        first.get_or_insert(asked_at);
        is_first
    });
    let Some(Event { payload, answered }) = line.events.lock().await.recv().await else {
        // The instance is being ended. An answer would make it log an error.
        return std::future::pending().await;
    };
    *lock(&line.current) = Some(answered);
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + TIMEOUT;
    let mut response = answer(200, "application/json", payload);
    let headers = response.headers_mut();
    headers.insert("lambda-runtime-aws-request-id", HeaderValue::from_static("8476a536-e9f4-11e8-9739-2dfe598c3fcd"));
    if let Ok(deadline) = HeaderValue::from_str(&deadline.as_millis().to_string()) {
        headers.insert("lambda-runtime-deadline-ms", deadline);
    }
    let arn = HeaderValue::from_static("arn:aws:lambda:eu-central-1:123456789012:function:bench");
    headers.insert("lambda-runtime-invoked-function-arn", arn);
    let trace = HeaderValue::from_static("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0");
    headers.insert("lambda-runtime-trace-id", trace);
    response
}

/// A poisoned lock still has a valid value, because each lock is held for one assignment only.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
