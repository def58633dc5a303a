//! One process of a function.

use std::{process::Stdio, sync::Arc, time::Duration};

use axum::body::Bytes;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::{mpsc, oneshot, watch},
};

use super::{
    Answer, Program,
    environment::{Shared, variables},
    error_payload,
    runtime_api::{Invocation, Line},
};
use crate::{
    Event, Output, arn, ids,
    metrics::{self, FunctionMeter, Metrics},
    template::Function,
};

/// The longest start of a function (Lambda quotas: the init phase takes at most 10 s). If that is not enough, Lambda
/// starts the function again within the invocation's own timeout. Here, both times are added.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// A running process. Dropping it kills the process.
pub(super) struct Process {
    line: Arc<Line>,
    queue: mpsc::Sender<Invocation>,
    exit: watch::Receiver<Option<String>>,
    _kill: oneshot::Sender<()>,
}

/// The outcome of one invocation.
pub(super) enum Outcome {
    /// The process has answered and is free for the next invocation.
    Answered(Answer),
    /// The process ended before it answered.
    Lost(Answer),
    /// The process did not answer in time and must be ended.
    TimedOut(Answer),
    /// The process ended before it took the invocation, so another process can take it.
    NotTaken(Answer),
}

impl Process {
    pub(super) fn start(
        function: &Function,
        program: &Program,
        shared: &Shared,
        meter: &Arc<FunctionMeter>,
    ) -> std::io::Result<Self> {
        let id = ids::uuid();
        let (url, line, queue) = shared.runtime_api.open(&id, arn::function(&function.name), function.timeout);
        let Program { executable, arguments } = program;
        let mut command = Command::new(executable);
        command
            .args(arguments)
            .env_clear()
            .envs(variables(function, executable, url, shared))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A terminal sends Ctrl-C to its whole foreground group. The local cloud ends functions in order instead.
        #[cfg(unix)]
        command.process_group(0);
        if let Some(directory) = executable.parent() {
            command.current_dir(directory);
        }
        let mut child = command.spawn().inspect_err(|_| shared.runtime_api.close(&id))?;
        let process_count = meter.process();
        let (metrics, output) = (&shared.metrics, &shared.output);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(forward_log(stdout, function.logical_id.clone(), metrics.clone(), output.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(forward_log(stderr, function.logical_id.clone(), metrics.clone(), output.clone()));
        }
        let (kill, killed) = oneshot::channel();
        let (ended, exit) = watch::channel(None);
        let (alive, stopped, runtime_api) =
            (shared.alive.upgrade(), shared.stopped.clone(), shared.runtime_api.clone());
        tokio::spawn(async move {
            let reason = supervise(child, killed, stopped).await;
            runtime_api.close(&id);
            drop(process_count);
            let _ = ended.send(Some(reason));
            drop(alive);
        });
        Ok(Self { line, queue, exit, _kill: kill })
    }

    /// Passes one event to the process and waits until it answers, ends or times out.
    pub(super) async fn invoke(
        &mut self,
        function: &Function,
        payload: Bytes,
        meter: &mut metrics::Invocation,
    ) -> Outcome {
        let id = ids::uuid();
        let (taken, was_taken) = oneshot::channel();
        let (answered, answer) = oneshot::channel();
        let invocation = Invocation { id: id.clone(), payload, taken, answered };
        let failed = |kind: &str, message: &str| Answer::error(&error_payload(kind, &id, message));
        if self.queue.try_send(invocation).is_err() {
            return Outcome::NotTaken(failed("Runtime.ExitError", "the process does not accept an invocation"));
        }
        tokio::select! {
            biased;
            Ok(()) = was_taken => meter.taken(),
            reason = ended(&mut self.exit) => {
                // A process that cannot start reports its error. If it did not, use its exit status.
                let answer = self.line.init_error().map(|payload| Answer::error(&payload));
                return Outcome::NotTaken(answer.unwrap_or_else(|| failed("Runtime.ExitError", &reason)));
            }
            () = tokio::time::sleep(INIT_LIMIT + function.timeout) => {
                return Outcome::TimedOut(failed("Sandbox.Timedout", "the function did not start in time"));
            }
        }
        tokio::select! {
            biased;
            Ok(answer) = answer => Outcome::Answered(answer),
            reason = ended(&mut self.exit) => Outcome::Lost(failed("Runtime.ExitError", &reason)),
            () = tokio::time::sleep(function.timeout) => {
                let message = format!("Task timed out after {:.2} seconds", function.timeout.as_secs_f64());
                Outcome::TimedOut(failed("Sandbox.Timedout", &message))
            }
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.exit.borrow().is_none()
    }
}

async fn ended(exit: &mut watch::Receiver<Option<String>>) -> String {
    match exit.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        Err(_closed) => "Runtime exited without providing a reason".to_owned(),
    }
}

/// Waits until the process ends, and kills it when it is dropped or the local cloud stops. Returns how it ended.
async fn supervise(mut child: Child, killed: oneshot::Receiver<()>, mut stopped: watch::Receiver<bool>) -> String {
    let status = tokio::select! {
        status = child.wait() => status,
        _ = killed => end(&mut child).await,
        () = crate::stopped(&mut stopped) => end(&mut child).await,
    };
    match status {
        Ok(status) if status.success() => "Runtime exited without providing a reason".to_owned(),
        Ok(status) => format!("Runtime exited with error: {status}"),
        Err(error) => format!("Runtime exited with error: {error}"),
    }
}

async fn end(child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
    child.start_kill()?;
    child.wait().await
}

/// Passes every line of the process to the metrics and the output. Both streams are the function's log, as on AWS.
/// Lines need not be UTF-8.
async fn forward_log(stream: impl AsyncRead + Unpin, function: String, metrics: Arc<Metrics>, output: Output) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line);
        let text = metrics.line(text.trim_end_matches(['\n', '\r'])).into_owned();
        output(Event::Log { function: function.clone(), line: text });
        line.clear();
    }
}
