//! CPU time and memory of processes and threads, from Linux's `/proc`. Other systems have no such figures.

use std::{fs, path::Path, time::Duration};

/// The CPU time that all threads of a process have used so far. None if the system does not say.
pub(crate) fn process_cpu(pid: u32) -> Option<Duration> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    tasks.map(|task| thread_cpu(&task.ok()?.path())).sum()
}

/// The CPU time that a thread has used so far. `task` is its directory in `/proc`.
pub(crate) fn thread_cpu(task: &Path) -> Option<Duration> {
    // The first number of `schedstat` is the time on a CPU in nanoseconds.
    let text = fs::read_to_string(task.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The directory in `/proc` of the calling thread.
pub(crate) fn current_thread() -> Option<std::path::PathBuf> {
    Some(Path::new("/proc").join(fs::read_link("/proc/thread-self").ok()?))
}

/// The most memory that a process has used so far, in bytes. None if the system does not say.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
