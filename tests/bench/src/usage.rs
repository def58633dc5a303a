//! CPU time and memory of processes and threads, from Linux's `/proc`. Other systems have no such figures.

use std::{
    fs,
    iter::Sum,
    ops::{Add, Sub},
    path::{Path, PathBuf},
    time::Duration,
};

/// What a process or a thread has had of the CPU so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The time that it ran.
    pub cpu: Duration,
    /// The time that it could have run, but no core was free.
    pub waited: Duration,
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, waited: self.waited + other.waited }
    }
}

impl Sub for Usage {
    type Output = Self;

    /// What was used after `earlier`.
    fn sub(self, earlier: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(earlier.cpu), waited: self.waited.saturating_sub(earlier.waited) }
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::default(), Self::add)
    }
}

/// What was used between two moments. None if the system does not say.
pub(crate) fn between(earlier: Option<Usage>, later: Option<Usage>) -> Option<Usage> {
    Some(later? - earlier?)
}

/// The usage of all threads of a process. None if the system does not say.
pub(crate) fn of_process(pid: u32) -> Option<Usage> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    tasks.map(|task| of_thread(&task.ok()?.path())).sum()
}

/// The usage of a thread. `task` is its directory in `/proc`.
pub(crate) fn of_thread(task: &Path) -> Option<Usage> {
    // The time on a core and the time of waiting for one, in nanoseconds, and the number of turns.
    let text = fs::read_to_string(task.join("schedstat")).ok()?;
    let mut numbers = text.split_whitespace().map(|number| number.parse().map(Duration::from_nanos));
    Some(Usage { cpu: numbers.next()?.ok()?, waited: numbers.next()?.ok()? })
}

/// The directory in `/proc` of the calling thread.
pub(crate) fn current_thread() -> Option<PathBuf> {
    Some(Path::new("/proc").join(fs::read_link("/proc/thread-self").ok()?))
}

/// The most memory that a process has used so far, in bytes. None if the system does not say.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn usage_of_a_process_grows_with_its_work() {
        let before = of_process(std::process::id()).unwrap();
        let thread = current_thread().unwrap();
        let mut sum = 0_u64;
        // The system counts at least at each of its ticks.
        while of_thread(&thread).unwrap().cpu < Duration::from_millis(20) {
            sum = (0..100_000_u64).fold(sum, |sum, number| std::hint::black_box(sum ^ number));
        }
        let used = of_process(std::process::id()).unwrap() - before;
        assert!(used.cpu > Duration::ZERO, "{used:?} {sum}");
        assert!(peak_memory(std::process::id()).unwrap() > 100_000);
    }
}
