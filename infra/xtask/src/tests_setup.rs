//! `cargo xtask test`: what the tests start is looked for before anything is compiled.

use crate::failure::Failure;
use std::path::Path;
use std::process::{Command, Stdio};

/// Programs that tests start, each with its Debian package.
const STARTED: [(&str, &str); 2] = [
    ("redis-server", "redis-server"), // keeps live connections
    ("tmux", "tmux"),                 // runs the terminal client
];

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), Failure> {
    provide(&missing(), is_root(), may_use_sudo(), has_program)?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut tests = Command::new(cargo);
    tests.args(["test", "--workspace"]).args(arguments).current_dir(root);
    // Cargo sets these for a program that it runs. Build scripts that watch them would run again, and everything after them.
    for (name, _) in std::env::vars_os() {
        let of_this_program = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "OUT_DIR"];
        if name.to_str().is_some_and(|name| of_this_program.iter().any(|prefix| name.starts_with(prefix))) {
            tests.env_remove(name);
        }
    }
    succeed(&mut tests)
}

fn missing() -> Vec<&'static str> {
    STARTED.iter().filter(|(program, _)| !has_program(program)).map(|(_, package)| *package).collect()
}

/// Installs packages where that is allowed; else says which are missing.
fn provide(
    missing: &[&str],
    is_root: bool,
    may_use_sudo: bool,
    has_program: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let Some(mut install) = installer(is_root, may_use_sudo, has_program) else {
        return Err(Failure(format!(
            "the tests start programs that are not here. Install {packages}: on Debian and Ubuntu these are the packages' names \
             (apt-get install {packages})"
        )));
    };
    eprintln!("installing what the tests start: {packages}");
    let mut update = install.clone();
    update.extend(["apt-get", "update", "-qq"]);
    install.extend(["apt-get", "install", "-y", "-qq", "--no-install-recommends"]);
    install.extend(missing);
    for command in [update, install] {
        let mut parts = command.into_iter();
        let mut command = Command::new(parts.next().unwrap_or("apt-get"));
        succeed(command.args(parts).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}

/// What a command of apt begins with; None where apt is not, or packages cannot be installed without asking for a password.
fn installer(is_root: bool, may_use_sudo: bool, has_program: impl Fn(&str) -> bool) -> Option<Vec<&'static str>> {
    if !has_program("apt-get") {
        None
    } else if is_root {
        Some(Vec::new())
    } else if may_use_sudo {
        Some(vec!["sudo", "--non-interactive"])
    } else {
        None
    }
}

fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
}

/// Whether sudo asks for no password.
fn may_use_sudo() -> bool {
    let probe = Command::new("sudo").args(["--non-interactive", "true"]).stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    user.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| Failure(format!("cannot run {shown}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("{shown} ended with {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_where_it_cannot_be_installed() {
        assert_eq!(provide(&[], false, false, |_| false), Ok(()));
        let Failure(problem) = provide(&["redis-server", "tmux"], false, false, |_| true).unwrap_err();
        assert!(problem.contains("apt-get install redis-server tmux"), "{problem}");
    }

    #[test]
    fn packages_are_installed_by_root_or_sudo() {
        assert_eq!(installer(true, false, |name| name == "apt-get"), Some(vec![]));
        assert_eq!(installer(false, true, |_| true), Some(vec!["sudo", "--non-interactive"]));
        assert_eq!(installer(false, false, |_| true), None);
        assert_eq!(installer(true, true, |_| false), None);
    }

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(has_program("cargo") && !has_program("no-such-program"));
    }
}
