//! `cargo xtask bench`: builds the functions' programs and the program that measures them, and runs that.

use crate::failure::Failure;
use crate::process::{cargo, run_command};
use std::path::Path;

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), Failure> {
    // One debug program is enough for help.
    let is_help = arguments.iter().any(|argument| ["--help", "-h"].contains(argument));
    let is_quick = arguments.contains(&"--quick");
    if is_quick && !is_help {
        // One program serves every function. `.ci/run` has built it already.
        run_command(cargo(root).args(["build", "--locked", "--bin", "lambda-chat", "--bin", "bench"]))?;
    } else if !is_help {
        let programs = ["build", "--locked", "--release", "-p", "functions", "--bins", "--example", "hello-world"];
        run_command(cargo(root).args(programs))?;
    }
    // The measuring program finds the others next to itself.
    let profile: &[&str] = if is_quick || is_help { &[] } else { &["--release"] };
    run_command(cargo(root).args(["run", "--locked"]).args(profile).args(["--bin", "bench", "--"]).args(arguments))
}
