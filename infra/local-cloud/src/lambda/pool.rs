//! The processes of one function. An idle process takes the next invocation. If there is none, a new one is started.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use tokio::sync::Semaphore;

use super::{
    Answer, InvokeError, PoolLimits, Program,
    environment::Shared,
    process::{Outcome, Process},
};
use crate::{
    metrics::{End, FunctionMeter},
    template::Function,
};

pub(super) struct Pool {
    function: Function,
    program: Program,
    limits: PoolLimits,
    shared: Arc<Shared>,
    meter: Arc<FunctionMeter>,
    /// One permit for each process that may be busy.
    free: Semaphore,
    /// The idle processes. The one used last is used first, so that the others stay idle.
    idle: Mutex<Vec<Process>>,
}

impl Pool {
    pub(super) fn new(function: Function, program: Program, limits: PoolLimits, shared: Arc<Shared>) -> Self {
        let processes = function.concurrency.map_or(limits.processes, |reserved| reserved.min(limits.processes));
        let meter = shared.metrics.function(&function.logical_id);
        Self { function, program, limits, shared, meter, free: Semaphore::new(processes), idle: Mutex::default() }
    }

    pub(super) async fn invoke(&self, payload: Bytes) -> Result<Answer, InvokeError> {
        let mut invocation = self.meter.begin();
        let Ok(Ok(_permit)) = tokio::time::timeout(self.limits.wait, self.free.acquire()).await else {
            invocation.end(End::Throttled);
            return Err(InvokeError::Throttled);
        };
        loop {
            if *self.shared.stopped.borrow() {
                return Err(InvokeError::Unavailable("the local cloud is shutting down".to_owned()));
            }
            let (mut process, is_new) = match self.take() {
                Some(process) => (process, false),
                None => match self.start() {
                    Ok(process) => (process, true),
                    Err(error) => {
                        invocation.end(End::Unreachable);
                        return Err(error);
                    }
                },
            };
            match process.invoke(&self.function, payload.clone(), &mut invocation).await {
                Outcome::Answered(answer) => {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
                    invocation.end(match &answer {
                        Answer::Success(_) => End::Answered,
                        Answer::FunctionError { .. } => End::Failed,
                    });
                    return Ok(answer);
                }
                Outcome::TimedOut(answer) => {
                    invocation.end(End::TimedOut);
                    return Ok(answer);
                }
                Outcome::Lost(answer) => {
                    invocation.end(End::Crashed);
                    return Ok(answer);
                }
                Outcome::NotTaken(answer) if is_new => {
                    invocation.end(End::Crashed);
                    return Ok(answer);
                }
                // The process has ended between two invocations. Try the next one.
                Outcome::NotTaken(_) => {}
            }
        }
    }

    /// Ends the idle processes.
    pub(super) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self) -> Option<Process> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(Process::is_alive);
        idle.pop()
    }

    fn start(&self) -> Result<Process, InvokeError> {
        Process::start(&self.function, &self.program, &self.shared, &self.meter).map_err(|error| {
            InvokeError::Unavailable(format!("cannot run {}: {error}", self.program.executable.display()))
        })
    }
}
