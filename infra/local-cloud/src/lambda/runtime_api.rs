//! The Lambda Runtime API (2018-06-01), one base path per process.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
};

use super::{Answer, PAYLOAD_LIMIT};
use crate::{Error, ids, ports::without_delay};

/// The server for all processes of all functions, on one port.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

/// The channel to one process.
pub(super) struct Line {
    pub(super) arn: String,
    pub(super) timeout: Duration,
    waiting: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
    init_error: Mutex<Option<Bytes>>,
}

/// One event for a process.
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) payload: Bytes,
    pub(super) taken: oneshot::Sender<()>,
    pub(super) answered: oneshot::Sender<Answer>,
}

impl RuntimeApi {
    pub(super) async fn start(mut stopped: watch::Receiver<bool>) -> Result<Arc<Self>, Error> {
        let start = |source| Error::Start { part: "the Lambda Runtime API", source };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(start)?;
        let address = listener.local_addr().map_err(start)?;
        let api = Arc::new(Self { address, lines: Mutex::default() });
        let base = "/{process}/2018-06-01/runtime";
        let router = Router::new()
            .route(&format!("{base}/invocation/next"), get(next))
            .route(&format!("{base}/invocation/{{id}}/response"), post(response))
            .route(&format!("{base}/invocation/{{id}}/error"), post(error))
            .route(&format!("{base}/init/error"), post(init_error))
            .layer(DefaultBodyLimit::disable())
            .with_state(api.clone());
        tokio::spawn(async move {
            // Stops at once. `with_graceful_shutdown` would wait for the requests that processes keep open.
            tokio::select! {
                _ = axum::serve(without_delay(listener), router) => {}
                () = crate::stopped(&mut stopped) => {}
            }
        });
        Ok(api)
    }

    /// Registers a process. Returns the value of its `AWS_LAMBDA_RUNTIME_API`, its channel, and the queue of its
    /// invocations.
    pub(super) fn open(
        &self,
        process: &str,
        arn: String,
        timeout: Duration,
    ) -> (String, Arc<Line>, mpsc::Sender<Invocation>) {
        let (sender, waiting) = mpsc::channel(1);
        let line = Arc::new(Line {
            arn,
            timeout,
            waiting: tokio::sync::Mutex::new(waiting),
            current: Mutex::default(),
            init_error: Mutex::default(),
        });
        lock(&self.lines).insert(process.to_owned(), line.clone());
        (format!("http://{}/{process}", self.address), line, sender)
    }

    pub(super) fn close(&self, process: &str) {
        lock(&self.lines).remove(process);
    }

    fn line(&self, process: &str) -> Option<Arc<Line>> {
        lock(&self.lines).get(process).cloned()
    }
}

impl Line {
    /// The error that the process reported when it could not start.
    pub(super) fn init_error(&self) -> Option<Bytes> {
        lock(&self.init_error).clone()
    }

    /// Answers the process's current invocation. False if that has another id.
    fn settle(&self, id: &str, answer: Answer) -> bool {
        let mut current = lock(&self.current);
        match current.take_if(|(current, _)| current == id) {
            Some((_, answered)) => {
                // The receiver is gone if the invocation has just timed out.
                let _ = answered.send(answer);
                true
            }
            None => false,
        }
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>, Path(process): Path<String>) -> Response {
    let Some(line) = api.line(&process) else { return unknown("process") };
    let Some(invocation) = line.waiting.lock().await.recv().await else {
        // The process is being ended. Do not answer: an answer would make it log an error.
        return std::future::pending().await;
    };
    let deadline = ids::now_millis() + u64::try_from(line.timeout.as_millis()).unwrap_or(u64::MAX);
    *lock(&line.current) = Some((invocation.id.clone(), invocation.answered));
    let _ = invocation.taken.send(());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", line.arn.clone()),
        ("lambda-runtime-trace-id", format!("{};Sampled=0", ids::trace())),
    ];
    (axum::response::AppendHeaders(headers), invocation.payload).into_response()
}

async fn response(
    State(api): State<Arc<RuntimeApi>>,
    Path((process, id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let Some(line) = api.line(&process) else { return unknown("process") };
    if body.len() > PAYLOAD_LIMIT {
        let message = format!(
            "Response payload size ({} bytes) exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes).",
            body.len()
        );
        let kind = "Function.ResponseSizeTooLarge".to_owned();
        line.settle(&id, Answer::FunctionError { kind: kind.clone(), message: message.clone() });
        let body = json!({ "errorType": kind, "errorMessage": message });
        return (StatusCode::PAYLOAD_TOO_LARGE, Json(body)).into_response();
    }
    if line.settle(&id, Answer::Success(body)) { accepted() } else { unknown("invocation") }
}

async fn error(
    State(api): State<Arc<RuntimeApi>>,
    Path((process, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(line) = api.line(&process) else { return unknown("process") };
    let mut answer = Answer::error(&body);
    if let Answer::FunctionError { kind, .. } = &mut answer
        && kind.is_empty()
        && let Some(header) = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok())
    {
        kind.push_str(header);
    }
    if line.settle(&id, answer) { accepted() } else { unknown("invocation") }
}

async fn init_error(State(api): State<Arc<RuntimeApi>>, Path(process): Path<String>, body: Bytes) -> Response {
    let Some(line) = api.line(&process) else { return unknown("process") };
    *lock(&line.init_error) = Some(body);
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn unknown(what: &str) -> Response {
    let body: Value = json!({ "errorType": "InvalidRequestID", "errorMessage": format!("unknown {what}") });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// A poisoned lock still has a valid value, because each lock is held for one assignment only.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
