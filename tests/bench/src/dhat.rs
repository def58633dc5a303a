//! Instructions and allocations of a function's process, counted by DHAT, a tool of valgrind.
//!
//! Unlike a counting allocator in the bench, it counts in the program as it is.

use std::{path::Path, process::Stdio};

use serde::Deserialize;
use tokio::process::Command;

use crate::Error;

/// What a process did from its start to its end, all threads together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The machine instructions, as valgrind executes them.
    pub instructions: u64,
    /// The blocks that the process allocated. A block that is made larger or smaller counts again.
    pub allocations: u64,
}

impl Work {
    /// What was done after `earlier`, by a run that did the same before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            instructions: self.instructions.saturating_sub(earlier.instructions),
            allocations: self.allocations.saturating_sub(earlier.allocations),
        }
    }
}

/// The part of DHAT's file that is needed. Source: `dhat/dh_main.c` of valgrind, "File format".
#[derive(Deserialize)]
struct Profile {
    /// The unit of time.
    tu: String,
    /// The time at the end.
    te: u64,
    /// The places that allocate.
    pps: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    /// The total of blocks.
    tbk: u64,
}

/// Whether valgrind is installed.
pub async fn is_installed() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    version.is_ok_and(|status| status.success())
}

/// The start of a command line: what follows it runs in DHAT. It writes `profile` when the program ends.
#[must_use]
pub fn command_line(profile: &Path) -> Vec<String> {
    let profile = format!("--dhat-out-file={}", profile.display());
    ["valgrind", "--tool=dhat", "--quiet", &profile].map(str::to_owned).into()
}

/// Reads the file that DHAT wrote.
///
/// # Errors
///
/// There is none, or it is not as expected.
pub fn read(profile: &Path) -> Result<Work, Error> {
    let text = std::fs::read(profile).map_err(Error::io(format!("read {}", profile.display())))?;
    let failed = |why: &dyn std::fmt::Display| Error(format!("{}: {why}", profile.display()));
    let Profile { tu, te, pps } = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
    if tu != "instrs" {
        return Err(failed(&format!("DHAT counted {tu} and not instructions")));
    }
    Ok(Work { instructions: te, allocations: pps.iter().map(|place| place.tbk).sum() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_and_blocks_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dhat.out");
        let text =
            r#"{"dhatFileVersion":2,"tu":"instrs","te":700,"pps":[{"tb":8,"tbk":3},{"tb":1,"tbk":4}],"ftbl":[]}"#;
        std::fs::write(&path, text).unwrap();
        let work = read(&path).unwrap();
        assert_eq!(work, Work { instructions: 700, allocations: 7 });
        assert_eq!(work.since(Work { instructions: 100, allocations: 2 }), Work { instructions: 600, allocations: 5 });
        std::fs::write(&path, text.replace("instrs", "bytes")).unwrap();
        assert!(read(&path).is_err());
    }
}
