//! Node.js, which runs the naive design. A machine need not have it.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The oldest major version that the packages of the naive design run on.
const MIN_MAJOR_VERSION: u32 = 20;
/// The naive design in the repository.
const DIRECTORY: &str = "tests/bench/naive";

/// A Node.js that can run the naive design.
#[derive(Clone, Debug)]
pub struct Node {
    program: PathBuf,
    /// The version, such as `v20.20.2`.
    pub version: String,
    directory: PathBuf,
}

/// Why the naive design cannot be run here.
#[derive(Clone, Debug)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Node {
    /// Looks for Node.js in `PATH` and installs the packages of the naive design if they are missing. That needs npm
    /// and its registry.
    ///
    /// # Errors
    ///
    /// There is no Node.js, it is too old, or the packages cannot be installed.
    pub fn find(root: &Path) -> Result<Self, Missing> {
        let Some(program) = in_path("node") else { return Err(Missing("no program `node` in PATH".to_owned())) };
        let version = Command::new(&program).arg("--version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        let version = version.map_err(|error| Missing(format!("`node --version` cannot be run: {error}")))?;
        if major(&version).is_none_or(|major| major < MIN_MAJOR_VERSION) {
            return Err(Missing(format!("`node --version` is {version:?}, which is older than {MIN_MAJOR_VERSION}")));
        }
        let directory = root.join(DIRECTORY);
        install_packages(&directory)?;
        Ok(Self { program, version, directory })
    }

    /// The command line that runs the naive design.
    #[must_use]
    pub fn command_line(&self) -> (PathBuf, Vec<String>) {
        (self.program.clone(), vec![self.directory.join("runtime.mjs").to_string_lossy().into_owned()])
    }
}

/// The first number of a version such as `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Runs `npm ci`, unless the installed packages are newer than the list of them.
fn install_packages(directory: &Path) -> Result<(), Missing> {
    let changed = |file: &str| directory.join(file).metadata().and_then(|metadata| metadata.modified()).ok();
    // npm writes this file when it has installed everything.
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    const COMMAND: [&str; 4] = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let mut npm = Command::new("npm");
    npm.args(COMMAND).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null());
    match npm.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Missing(format!("`npm {}` in {DIRECTORY}: {status}", COMMAND.join(" ")))),
        Err(error) => Err(Missing(format!("`npm {}` cannot be run: {error}", COMMAND.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_as_node_prints_it() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major(""), None);
    }
}
