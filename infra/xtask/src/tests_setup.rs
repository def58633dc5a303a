//! `cargo xtask test`: checks for the programs that the tests start, before anything is compiled.

use crate::failure::Failure;
use crate::process::{cargo, run_command};
use std::path::Path;
use std::process::{Command, Stdio};

/// The programs that tests start, each with its Debian package.
const REQUIRED_PROGRAMS: [(&str, &str); 2] = [
    ("redis-server", "redis-server"), // keeps live connections
    ("tmux", "tmux"),                 // runs the terminal client
];

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), Failure> {
    install_missing(&missing_packages(), is_root(), may_use_sudo(), has_program)?;
    let mut tests = cargo(root);
    tests.args(["test", "--workspace"]).args(arguments);
    run_command(&mut tests)
}

fn missing_packages() -> Vec<&'static str> {
    REQUIRED_PROGRAMS.iter().filter(|(program, _)| !has_program(program)).map(|(_, package)| *package).collect()
}

/// Installs the missing packages if it may. Otherwise, the error names them.
fn install_missing(
    missing_packages: &[&str],
    is_root: bool,
    may_use_sudo: bool,
    has_program: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    if missing_packages.is_empty() {
        return Ok(());
    }
    let packages = missing_packages.join(" ");
    let Some(mut install) = installer(is_root, may_use_sudo, has_program) else {
        return Err(Failure(format!(
            "the tests need programs that are not installed. On Debian and Ubuntu, run: apt-get install {packages}. \
             On other systems, install the packages that contain {packages}"
        )));
    };
    eprintln!("installing the programs that the tests start: {packages}");
    let mut update = install.clone();
    update.extend(["apt-get", "update", "-qq"]);
    install.extend(["apt-get", "install", "-y", "-qq", "--no-install-recommends"]);
    install.extend(missing_packages);
    for command in [update, install] {
        let mut parts = command.into_iter();
        let mut command = Command::new(parts.next().unwrap_or("apt-get"));
        run_command(command.args(parts).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}

/// The start of an apt command. None without apt, or if an installation would ask for a password.
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

/// Whether sudo works without a password.
fn may_use_sudo() -> bool {
    let probe = Command::new("sudo").args(["--non-interactive", "true"]).stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    user.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_packages_are_named_if_they_cannot_be_installed() {
        assert_eq!(install_missing(&[], false, false, |_| false), Ok(()));
        let Failure(problem) = install_missing(&["redis-server", "tmux"], false, false, |_| true).unwrap_err();
        assert!(problem.contains("apt-get install redis-server tmux"), "{problem}");
    }

    #[test]
    fn packages_are_installed_as_root_or_with_sudo() {
        assert_eq!(installer(true, false, |name| name == "apt-get"), Some(vec![]));
        assert_eq!(installer(false, true, |_| true), Some(vec!["sudo", "--non-interactive"]));
        assert_eq!(installer(false, false, |_| true), None);
        assert_eq!(installer(true, true, |_| false), None);
    }

    #[test]
    fn program_is_found_on_the_path() {
        assert!(has_program("cargo") && !has_program("no-such-program"));
    }
}
