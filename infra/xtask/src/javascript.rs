//! The tests of clients/javascript, on a machine that has Node.js. Without it, they say that they are left out.

use crate::failure::Failure;
use crate::process::{cargo, run_command};
use std::path::Path;
use std::process::{Command, Stdio};

/// The oldest Node.js that the package supports: `engines` in its package.json.
const MIN_NODE: u32 = 20;
/// How long the soak runs.
const SOAK_MINUTES: &str = "30";

/// Runs the tests of the package that need no browser and no running system.
pub(crate) fn test(root: &Path) -> Result<(), Failure> {
    let Some(package) = package(root, "the tests of clients/javascript")? else { return Ok(()) };
    run_command(npm(&package).args(["run", "--silent", "check"]))?;
    run_command(npm(&package).args(["test", "--silent"]))
}

/// Runs two clients for half an hour over a network that cuts their connections, and checks that their heap stays flat.
pub(crate) fn soak(root: &Path) -> Result<(), Failure> {
    let Some(package) = package(root, "the soak of clients/javascript")? else { return Ok(()) };
    run_command(cargo(root).args(["build", "--workspace", "--bins"]))?;
    run_command(npm(&package).args(["run", "--silent", "soak", "--", "--minutes", SOAK_MINUTES]))
}

/// The directory of the package, with its development tools installed. None without Node.js.
fn package(root: &Path, what: &str) -> Result<Option<std::path::PathBuf>, Failure> {
    let output = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if !is_supported(&version) {
        eprintln!(
            "left out: {what}. They need Node.js {MIN_NODE} or later. `bash .ci/run` brings it and runs the tests"
        );
        return Ok(None);
    }
    let package = root.join("clients/javascript");
    if !package.join("node_modules/typescript").is_dir() {
        run_command(npm(&package).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    }
    Ok(Some(package))
}

fn npm(package: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(package);
    npm
}

/// Whether what `node --version` printed is a supported version.
fn is_supported(version: &str) -> bool {
    let major = version.trim().strip_prefix('v').and_then(|text| text.split('.').next());
    major.and_then(|text| text.parse::<u32>().ok()).is_some_and(|major| major >= MIN_NODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_must_be_new_enough() {
        assert!(is_supported("v20.20.2\n") && is_supported("v24.0.0"));
        assert!(!is_supported("v18.19.0\n") && !is_supported("") && !is_supported("20.0.0"));
    }

    #[test]
    fn oldest_node_is_that_of_the_package() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let package = std::fs::read_to_string(root.join("clients/javascript/package.json")).unwrap();
        assert!(package.contains(&format!("\"node\": \">={MIN_NODE}\"")));
    }
}
