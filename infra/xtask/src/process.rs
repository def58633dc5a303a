//! Runs other programs.

use crate::failure::Failure;
use std::path::Path;
use std::process::Command;

/// The cargo that runs this program, in the directory of the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.current_dir(root);
    // Cargo sets these variables for this program. Build scripts that watch them, and all dependents, would be built
    // again.
    for (name, _) in std::env::vars_os() {
        let cargo_variables = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "OUT_DIR"];
        if name.to_str().is_some_and(|name| cargo_variables.iter().any(|prefix| name.starts_with(prefix))) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a program to its end.
///
/// # Errors
///
/// It cannot be run, or fails.
pub(crate) fn run_command(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| Failure(format!("cannot run {name}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("{name} failed with {status}"))) }
}
