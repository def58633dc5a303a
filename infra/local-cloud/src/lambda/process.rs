//! One process of a function, from its start to its end.

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

/// Lambda's limit on a function's start (Lambda quotas: the init phase takes at most 10 s). Where it is not enough,
/// Lambda starts again within the invocation's own time; here both are simply added up.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// A running process. It is killed when this is dropped.
pub(super) struct Process {
    line: Arc<Line>,
    queue: mpsc::Sender<Invocation>,
    exit: watch::Receiver<Option<String>>,
    _kill: oneshot::Sender<()>,
}

/// What became of one invocation.
pub(super) enum Outcome {
    /// The process is free for the next one.
    Answered(Answer),
    /// The process ended while it had the invocation.
    Lost(Answer),
    /// The time is over, and the process has to go.
    TimedOut(Answer),
    /// The process ended before it took the invocation.
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
        // Ctrl-C in a terminal is for the whole foreground group; functions are ended in order instead.
        #[cfg(unix)]
        command.process_group(0);
        if let Some(directory) = executable.parent() {
            command.current_dir(directory);
        }
        let mut child = command.spawn().inspect_err(|_| shared.runtime_api.close(&id))?;
        let counted = meter.process();
        let (metrics, output) = (&shared.metrics, &shared.output);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(pass_on(stdout, function.logical_id.clone(), metrics.clone(), output.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(pass_on(stderr, function.logical_id.clone(), metrics.clone(), output.clone()));
        }
        let (kill, killed) = oneshot::channel();
        let (ended, exit) = watch::channel(None);
        let (alive, stopped, runtime_api) =
            (shared.alive.upgrade(), shared.stopped.clone(), shared.runtime_api.clone());
        tokio::spawn(async move {
            let reason = watch_over(child, killed, stopped).await;
            runtime_api.close(&id);
            drop(counted);
            let _ = ended.send(Some(reason));
            drop(alive);
        });
        Ok(Self { line, queue, exit, _kill: kill })
    }

    /// Hands one event to the process and waits for its answer, its end or its time to be over.
    pub(super) async fn invoke(
        &mut self,
        function: &Function,
        payload: Bytes,
        counted: &mut metrics::Invocation,
    ) -> Outcome {
        let id = ids::uuid();
        let (taken, was_taken) = oneshot::channel();
        let (answered, answer) = oneshot::channel();
        let invocation = Invocation { id: id.clone(), payload, taken, answered };
        let failed = |kind: &str, message: &str| Answer::error(&error_payload(kind, &id, message));
        if self.queue.try_send(invocation).is_err() {
            return Outcome::NotTaken(failed("Runtime.ExitError", "the process takes no invocation"));
        }
        tokio::select! {
            biased;
            Ok(()) = was_taken => counted.taken(),
            reason = ended(&mut self.exit) => {
                // A process that could not start says why; one that did not even do that left an exit status.
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

/// Waits until the process ends, or ends it when nobody needs it any more; tells how it ended.
async fn watch_over(mut child: Child, killed: oneshot::Receiver<()>, mut stopped: watch::Receiver<bool>) -> String {
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

/// Hands every line that the process writes to the metrics and to the output; both of its streams are the function's
/// log, as on AWS. Lines need not be UTF-8.
async fn pass_on(stream: impl AsyncRead + Unpin, function: String, metrics: Arc<Metrics>, output: Output) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line);
        let text = metrics.line(text.trim_end_matches(['\n', '\r'])).into_owned();
        output(Event::Log { function: function.clone(), line: text });
        line.clear();
    }
}
