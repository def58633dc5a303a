//! The processes of one function: an idle one takes the next invocation, otherwise one more is started.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use tokio::sync::Semaphore;

use super::{
    Answer, InvokeError, PoolLimits,
    environment::Shared,
    process::{Outcome, Process},
};
use crate::template::Function;

pub(super) struct Pool {
    function: Function,
    executable: PathBuf,
    limits: PoolLimits,
    shared: Arc<Shared>,
    /// One permit per process that may be busy.
    free: Semaphore,
    /// The last one used is the first one used again, so that the others can be forgotten.
    idle: Mutex<Vec<Process>>,
}

impl Pool {
    pub(super) fn new(function: Function, executable: PathBuf, limits: PoolLimits, shared: Arc<Shared>) -> Self {
        let processes = function.concurrency.map_or(limits.processes, |reserved| reserved.min(limits.processes));
        Self { function, executable, limits, shared, free: Semaphore::new(processes), idle: Mutex::default() }
    }

    pub(super) async fn invoke(&self, payload: Bytes) -> Result<Answer, InvokeError> {
        let Ok(Ok(_permit)) = tokio::time::timeout(self.limits.wait, self.free.acquire()).await else {
            return Err(InvokeError::Throttled);
        };
        loop {
            if *self.shared.stopped.borrow() {
                return Err(InvokeError::Unavailable("the local cloud is shutting down".to_owned()));
            }
            let (mut process, fresh) = match self.take() {
                Some(process) => (process, false),
                None => (self.start()?, true),
            };
            match process.invoke(&self.function, payload.clone()).await {
                Outcome::Answered(answer) => {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
                    return Ok(answer);
                }
                Outcome::Lost(answer) => return Ok(answer),
                Outcome::NotTaken(answer) if fresh => return Ok(answer),
                // It ended between two invocations; the next one may be alive.
                Outcome::NotTaken(_) => {}
            }
        }
    }

    /// Ends the processes that have nothing to do.
    pub(super) fn forget(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self) -> Option<Process> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(Process::is_alive);
        idle.pop()
    }

    fn start(&self) -> Result<Process, InvokeError> {
        Process::start(&self.function, &self.executable, &self.shared)
            .map_err(|error| InvokeError::Unavailable(format!("cannot run {}: {error}", self.executable.display())))
    }
}
