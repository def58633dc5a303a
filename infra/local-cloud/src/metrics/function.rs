//! The counts of one function.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use super::{
    durations::Durations,
    snapshot::{Errors, FunctionCounts, Processes, Runner},
};

/// Counts one function's invocations and processes.
#[derive(Debug, Default)]
pub(crate) struct FunctionMeter {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    invocations: u64,
    errors: Errors,
    throttles: u64,
    in_flight: u64,
    durations: Durations,
    processes: Processes,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    /// The function answered with an error.
    Failed,
    Crashed,
    TimedOut,
    Throttled,
    Unreachable,
}

/// A running invocation. If it is dropped without an end, it is not counted: the local cloud is shutting down, or the
/// client has left.
pub(crate) struct Invocation {
    meter: Arc<FunctionMeter>,
    taken: Option<Instant>,
}

/// A running process. Dropping it counts the process as ended.
pub(crate) struct ProcessAlive(Arc<FunctionMeter>);

impl FunctionMeter {
    /// Counts a new invocation as in flight.
    pub(crate) fn begin(self: &Arc<Self>) -> Invocation {
        self.with(|counts| counts.in_flight += 1);
        Invocation { meter: self.clone(), taken: None }
    }

    /// Counts a new process.
    pub(crate) fn process(self: &Arc<Self>) -> ProcessAlive {
        self.with(|counts| {
            counts.processes.started += 1;
            counts.processes.alive += 1;
        });
        ProcessAlive(self.clone())
    }

    pub(super) fn counts(&self, name: &str, runner: Runner) -> FunctionCounts {
        self.with(|counts| FunctionCounts {
            name: name.to_owned(),
            invocations: counts.invocations,
            errors: counts.errors,
            throttles: counts.throttles,
            in_flight: counts.in_flight,
            duration: counts.durations.summary(),
            processes: (runner == Runner::Processes).then_some(counts.processes),
        })
    }

    /// A poisoned lock still has valid counts, because only additions run under it.
    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Invocation {
    /// A process has taken the invocation: its duration starts.
    pub(crate) fn taken(&mut self) {
        self.taken = Some(Instant::now());
    }

    pub(crate) fn end(self, end: End) {
        self.meter.with(|counts| {
            if end == End::Throttled {
                counts.throttles += 1;
                return;
            }
            counts.invocations += 1;
            match end {
                End::Failed => counts.errors.answered += 1,
                End::Crashed => counts.errors.crashed += 1,
                End::TimedOut => counts.errors.timed_out += 1,
                End::Unreachable => counts.errors.unreachable += 1,
                End::Answered | End::Throttled => {}
            }
            if let Some(taken) = self.taken {
                counts.durations.add(taken.elapsed());
            }
        });
    }
}

impl Drop for Invocation {
    fn drop(&mut self) {
        self.meter.with(|counts| counts.in_flight -= 1);
    }
}

impl Drop for ProcessAlive {
    fn drop(&mut self) {
        self.0.with(|counts| counts.processes.alive -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocations_are_counted_by_their_end() {
        let meter = Arc::<FunctionMeter>::default();
        let ends =
            [End::Answered, End::Failed, End::Crashed, End::TimedOut, End::Throttled, End::Unreachable, End::Failed];
        for end in ends {
            meter.begin().end(end);
        }
        let counts = meter.counts("f", Runner::Processes);
        let errors = Errors { answered: 2, crashed: 1, timed_out: 1, unreachable: 1 };
        assert_eq!((counts.errors, counts.errors.total()), (errors, 5));
        assert_eq!((counts.invocations, counts.throttles, counts.in_flight), (6, 1, 0));
        assert_eq!(counts.duration, None, "no process took an invocation");
    }

    #[test]
    fn in_flight_counts_until_end_or_drop() {
        let meter = Arc::<FunctionMeter>::default();
        let (mut ended, dropped) = (meter.begin(), meter.begin());
        assert_eq!(meter.counts("f", Runner::Processes).in_flight, 2);
        ended.taken();
        ended.end(End::Answered);
        drop(dropped);
        let counts = meter.counts("f", Runner::Processes);
        assert_eq!((counts.in_flight, counts.invocations), (0, 1));
        assert_eq!(counts.duration.unwrap().of, 1);
    }

    #[test]
    fn processes_are_counted_only_if_the_local_cloud_runs_them() {
        let meter = Arc::<FunctionMeter>::default();
        let (first, second) = (meter.process(), meter.process());
        drop(first);
        assert_eq!(meter.counts("f", Runner::Processes).processes, Some(Processes { alive: 1, started: 2 }));
        assert_eq!(meter.counts("f", Runner::Endpoint).processes, None);
        drop(second);
    }
}
