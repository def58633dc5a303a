//! Lambda: invokes functions by logical id, in their own processes or through a running `cargo lambda watch`.

mod environment;
mod pool;
mod process;
mod remote;
mod runtime_api;

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::{
    Error, Event, Output,
    metrics::{End, Metrics},
    template::Function,
};
use environment::Shared;
pub(crate) use environment::{ACCESS_KEY, SECRET_KEY};
use pool::Pool;
use remote::Remote;
use runtime_api::RuntimeApi;

/// The most bytes of an event, and of an answer (Lambda quotas: 6 MB for a synchronous invocation).
pub(crate) const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// The most processes of a function, and how long an invocation waits for a free one before it is throttled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolLimits {
    pub(crate) processes: usize,
    pub(crate) wait: Duration,
}

/// The command of a function's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) executable: PathBuf,
    pub(crate) arguments: Vec<String>,
}

impl From<PathBuf> for Program {
    fn from(executable: PathBuf) -> Self {
        Self { executable, arguments: Vec::new() }
    }
}

/// The answer of an invocation. A function that fails has answered, too, as on AWS.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Success(Bytes),
    /// The function has failed: Lambda sets `X-Amz-Function-Error`.
    FunctionError {
        kind: String,
        message: String,
    },
}

/// Why an invocation has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvokeError {
    #[error("Rate Exceeded.")]
    Throttled,
    #[error("the event is larger than 6 MB, Lambda's limit")]
    PayloadTooLarge,
    #[error("no answer within {:.2} seconds, the timeout of API Gateway", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("{0}")]
    Unavailable(String),
}

impl Answer {
    /// Reads `{"errorType": .., "errorMessage": ..}`, the format of an error in Lambda.
    fn error(payload: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(payload).unwrap_or_default();
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::FunctionError { kind: text("errorType"), message: text("errorMessage") }
    }
}

/// All functions of a template.
pub(crate) struct Functions {
    backend: Backend,
    metrics: Arc<Metrics>,
    output: Output,
}

enum Backend {
    Processes(Processes),
    Remote(Box<Remote>),
}

struct Processes {
    pools: HashMap<String, Arc<Pool>>,
    stop: watch::Sender<bool>,
    /// The receiver completes after the sender here is dropped and the last process has ended.
    alive: tokio::sync::Mutex<(Option<mpsc::Sender<()>>, mpsc::Receiver<()>)>,
}

impl Functions {
    /// Functions in their own processes. `programs` has the program of each function, by logical id.
    pub(crate) async fn in_processes(
        functions: &BTreeMap<String, Function>,
        programs: &HashMap<String, Program>,
        environment: BTreeMap<String, String>,
        limits: PoolLimits,
        metrics: Arc<Metrics>,
        output: Output,
    ) -> Result<Self, Error> {
        let (stop, stopped) = watch::channel(false);
        let (alive, gone) = mpsc::channel(1);
        let runtime_api = RuntimeApi::start(stopped.clone()).await?;
        let shared = Arc::new(Shared {
            runtime_api,
            environment,
            stopped,
            alive: alive.downgrade(),
            metrics: metrics.clone(),
            output: output.clone(),
        });
        let pools = functions.values().filter_map(|function| {
            let program = programs.get(&function.logical_id)?.clone();
            let pool = Pool::new(function.clone(), program, limits, shared.clone());
            Some((function.logical_id.clone(), Arc::new(pool)))
        });
        let pools = pools.collect();
        let backend =
            Backend::Processes(Processes { pools, stop, alive: tokio::sync::Mutex::new((Some(alive), gone)) });
        Ok(Self { backend, metrics, output })
    }

    /// Functions in a running `cargo lambda watch`, which serves them under the names of their programs.
    pub(crate) fn remote(
        url: &str,
        functions: &BTreeMap<String, Function>,
        metrics: Arc<Metrics>,
        output: Output,
    ) -> Result<Self, Error> {
        Ok(Self { backend: Backend::Remote(Box::new(Remote::new(url, functions)?)), metrics, output })
    }

    /// Invokes a function and waits at most `limit` for its answer. After that the invocation continues, as on AWS. A
    /// remote function has no limit.
    pub(crate) async fn invoke(&self, function: &str, event: &Value, limit: Duration) -> Result<Answer, InvokeError> {
        let payload = Bytes::from(event.to_string());
        if payload.len() > PAYLOAD_LIMIT {
            return Err(InvokeError::PayloadTooLarge);
        }
        let answer = match &self.backend {
            Backend::Processes(processes) => {
                let Some(pool) = processes.pools.get(function).cloned() else {
                    return Err(InvokeError::Unavailable(format!("the function {function} has no program")));
                };
                let invocation = tokio::spawn(async move { pool.invoke(payload).await });
                match tokio::time::timeout(limit, invocation).await {
                    Ok(joined) => joined.unwrap_or_else(|error| Err(InvokeError::Unavailable(error.to_string()))),
                    Err(_elapsed) => Err(InvokeError::TimedOut(limit)),
                }
            }
            // No limit: cargo lambda may be compiling the function, or the function may be stopped at a breakpoint.
            Backend::Remote(remote) => {
                let mut invocation = self.metrics.function(function).begin();
                invocation.taken();
                let answer = remote.invoke(function, payload).await;
                invocation.end(match &answer {
                    Ok(Answer::Success(_)) => End::Answered,
                    Ok(Answer::FunctionError { .. }) => End::Failed,
                    Err(_) => End::Unreachable,
                });
                answer
            }
        };
        match &answer {
            Ok(Answer::FunctionError { kind, message }) => {
                self.report_failure(function, &format!("{kind}: {message}"));
            }
            Err(error) => self.report_failure(function, &error.to_string()),
            Ok(Answer::Success(_)) => {}
        }
        answer
    }

    fn report_failure(&self, function: &str, text: &str) {
        (self.output)(Event::InvocationFailed { function: function.to_owned(), reason: text.to_owned() });
    }

    /// Ends all processes and waits for them, at most 5 s.
    pub(crate) async fn stop(&self) {
        if let Backend::Processes(processes) = &self.backend {
            let _ = processes.stop.send(true);
            for pool in processes.pools.values() {
                pool.clear();
            }
            let (alive, gone) = &mut *processes.alive.lock().await;
            drop(alive.take());
            // Nothing is sent on the channel. It closes when its last sender is dropped.
            let _ = tokio::time::timeout(Duration::from_secs(5), gone.recv()).await;
        }
    }
}

/// The payload of an error of Lambda itself.
fn error_payload(kind: &str, request: &str, message: &str) -> Vec<u8> {
    json!({ "errorType": kind, "errorMessage": format!("RequestId: {request} Error: {message}") })
        .to_string()
        .into_bytes()
}
