//! One instance of a function: a process that serves one event at a time, as on AWS.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    sync::oneshot,
};

use crate::{
    Error, Usage,
    runtime_api::{Event, Handle, RuntimeApi},
    usage,
};

/// How long an instance may take to ask for its first event.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an instance may take to end after it was asked to.
const END_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an instance may take to answer. A function's own limit is 25 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// Where the functions' programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The directory with one program per function, as on AWS.
    pub directory: PathBuf,
    /// A program that serves any function that is not in the directory: `lambda-chat function NAME`.
    pub lambda_chat: Option<PathBuf>,
}

impl Programs {
    /// The program of a function, with its arguments.
    #[must_use]
    pub fn command_line(&self, function: &str) -> (PathBuf, Vec<String>) {
        let own = self.directory.join(function);
        match &self.lambda_chat {
            Some(program) if !own.exists() => (program.clone(), vec!["function".to_owned(), function.to_owned()]),
            _ => (own, Vec::new()),
        }
    }
}

/// A running instance. Dropping it kills its process.
#[derive(Debug)]
pub struct Instance {
    name: String,
    child: Child,
    started: Instant,
    handle: Handle,
}

/// What an instance answered, and what the event took there.
#[derive(Debug)]
pub struct Answered {
    /// The payload as JSON.
    pub payload: Value,
    /// From handing out the event until the answer.
    pub took: Duration,
}

impl Answered {
    /// The status of an answer to an HTTP API; 500 without one.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.payload["statusCode"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or(500)
    }

    /// The body of an answer to an HTTP API, as JSON. Null without one.
    #[must_use]
    pub fn body(&self) -> Value {
        self.payload["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
    }
}

impl Instance {
    /// Starts a process. Returns without waiting for it.
    pub(crate) fn start(
        runtime_api: &RuntimeApi,
        name: String,
        (program, arguments): (PathBuf, Vec<String>),
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let handle = runtime_api.open(&name);
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().envs(environment).env("AWS_LAMBDA_RUNTIME_API", &handle.address);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().map_err(Error::io(format!("run {}", program.display())))?;
        Ok(Self { name, child, started, handle })
    }

    /// Waits until the instance asks for its first event. Returns the time from exec until then.
    ///
    /// # Errors
    ///
    /// The process ended, or did not ask within 30 s.
    pub async fn ready(&mut self) -> Result<Duration, Error> {
        let asked = async {
            let asked = self.handle.asked.wait_for(Option::is_some).await;
            asked.ok().and_then(|asked| *asked)
        };
        tokio::select! {
            asked = asked => asked.map(|asked| asked - self.started).ok_or_else(|| Error(format!("{} is lost", self.name))),
            _ = self.child.wait() => Err(Error(format!("{} ended while it started", self.name))),
            () = tokio::time::sleep(START_TIMEOUT) => Err(Error(format!("{} does not start", self.name))),
        }
    }

    /// Passes an event to the instance and waits for the answer.
    ///
    /// # Errors
    ///
    /// The process ended, did not answer within 40 s, or reported an error.
    pub async fn invoke(&mut self, payload: Bytes) -> Result<Answered, Error> {
        let started = Instant::now();
        let (answered, answer) = oneshot::channel();
        let lost = |what: &str| Error(format!("{} {what}", self.name));
        self.handle.events.send(Event { payload, answered }).await.map_err(|_closed| lost("is lost"))?;
        let answer = tokio::select! {
            answer = answer => answer.map_err(|_closed| lost("is lost"))?,
            _ = self.child.wait() => return Err(lost("ended during an event")),
            () = tokio::time::sleep(ANSWER_TIMEOUT) => return Err(lost("does not answer")),
        };
        let took = started.elapsed();
        let answer = answer.map_err(|error| lost(&format!("failed: {}", String::from_utf8_lossy(&error))))?;
        let payload = serde_json::from_slice(&answer).map_err(|error| lost(&format!("answered no JSON: {error}")))?;
        Ok(Answered { payload, took })
    }

    /// What the process has used so far. None if the system does not say.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        usage::of_process(self.child.id()?)
    }

    /// The most memory that the process has used so far, in bytes. None if the system does not say.
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        usage::peak_memory(self.child.id()?)
    }

    /// Asks the process to end (SIGTERM), and waits until it is gone.
    ///
    /// # Errors
    ///
    /// The signal cannot be sent, or the process does not end within 30 s.
    pub async fn end(mut self) -> Result<(), Error> {
        let process = self.child.id().unwrap_or_default().to_string();
        let kill = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &process]).status().await;
        let is_sent = kill.map_err(Error::io(format!("end {}", self.name)))?.success();
        if is_sent && tokio::time::timeout(END_TIMEOUT, self.child.wait()).await.is_ok() {
            Ok(())
        } else {
            Err(Error(format!("{} does not end", self.name)))
        }
    }

    /// Kills the process and waits until it is gone.
    pub async fn stop(mut self) {
        let _ = self.child.kill().await;
    }
}
