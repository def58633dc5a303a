//! docs/PERFORMANCE.md, with its charts.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use crate::{
    Error,
    report::{self, Section},
};

/// Where and how the figures were measured.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The machine: processor, cores, memory and system.
    pub machine: String,
    /// How many programs ran or waited for a core, on average over the minute before. Above 0, others disturb the times.
    pub load: String,
    /// The commit that was measured.
    pub commit: String,
    /// The command that measures the same.
    pub command: String,
}

impl Origin {
    /// This machine, and the commit of the repository at `root`. Unknown parts are named so.
    #[must_use]
    pub fn here(root: &Path, command: String) -> Self {
        let line_of = |file: &str, name: &str| {
            let text = fs::read_to_string(file).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let unknown = || "unknown".to_owned();
        let processor = line_of("/proc/cpuinfo", "model name").unwrap_or_else(unknown);
        let kilobytes =
            line_of("/proc/meminfo", "MemTotal").and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok());
        let memory = kilobytes.map_or_else(unknown, |kilobytes| format!("{} GB", kilobytes / 1_000_000));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = format!("{processor}, {cores} cores, {memory} of memory, {}", output("uname", &["-sr"], root));
        let is_dirty = !output("git", &["status", "--porcelain", "--untracked-files=no"], root).is_empty();
        let commit = output("git", &["log", "-1", "--format=%h of %cs"], root);
        let commit = if is_dirty { format!("{commit}, with changes") } else { commit };
        let load = fs::read_to_string("/proc/loadavg").ok();
        let load = load.and_then(|text| text.split(' ').next().map(str::to_owned)).unwrap_or_else(unknown);
        Self { machine, load, commit, command }
    }
}

/// What a program prints, without the end of the line. Empty if it fails.
fn output(program: &str, arguments: &[&str], directory: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(directory).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

const INTRODUCTION: &str = "\
# Performance

What the functions' programs take, beside a yardstick that was measured in the same run. `cargo xtask bench --write`
writes this page: do not edit it. `cargo xtask bench --help` says how to measure a part of it.

The programs run on stand-ins for AWS, on one machine:

- The Lambda Runtime API, for any number of instances. As on AWS, an instance serves one event at a time.
- DynamoDB: the engine of the local cloud, behind a layer that delays every call and counts it. A transaction holds its
  items from its arrival until the end of its delay. Another transaction that meets one of them is cancelled with
  `TransactionConflict`.
- `@connections`, which accepts every post at once or after a delay.

So these are the programs' own figures. On AWS, the network and the download of the zip come on top of them, and a
function has a fraction of a core. CPU times are those that the kernel counts for the process. Only the CPU times, the
counts and the ratios say something about another machine.
";

/// Writes docs/PERFORMANCE.md and docs/performance/*.svg.
///
/// # Errors
///
/// A file cannot be written.
pub fn write(root: &Path, origin: &Origin, sections: &[Section]) -> Result<(), Error> {
    let docs = root.join("docs");
    let charts = docs.join("performance");
    fs::create_dir_all(&charts).map_err(Error::io(format!("create {}", charts.display())))?;
    let mut page = INTRODUCTION.to_owned();
    let Origin { machine, load, commit, command } = origin;
    let _ = write!(
        page,
        "\n| | |\n| --- | --- |\n| machine | {machine} |\n\
         | load average before the run | {load} |\n| commit | {commit} |\n| command | `{command}` |\n"
    );
    let _ = write!(page, "\n## Goals\n\n{}", report::goals(sections).markdown());
    for section in sections {
        let _ = write!(page, "\n## {}\n\n{}\n", section.title, section.wrapped_text());
        for table in &section.tables {
            let _ = write!(page, "\n{}", table.markdown());
        }
        for chart in &section.charts {
            let _ = write!(page, "\n![{}](performance/{}.svg)\n", chart.title, chart.name);
            let path = charts.join(format!("{}.svg", chart.name));
            fs::write(&path, chart.svg()).map_err(Error::io(format!("write {}", path.display())))?;
        }
    }
    let path = docs.join("PERFORMANCE.md");
    fs::write(&path, page).map_err(Error::io(format!("write {}", path.display())))
}
