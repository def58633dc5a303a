//! `cargo xtask`: the tasks of this repository.
//!
//! It runs as `cargo run --bin xtask`, without `-p`. So cargo selects features for all members together, and compiles
//! the dependencies only once for it and for `cargo run`.

#![allow(missing_docs)] // a program without dependents
#![allow(clippy::disallowed_methods)] // a tool reads the machine's environment

mod bench;
mod failure;
mod generate;
mod javascript;
mod process;
mod tests_setup;

use failure::Failure;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask generate [--check]   generates files from infra/stack: template.yaml, CargoLambda.toml, the functions'
                                 programs, tables in docs. --check writes nothing and fails if a file differs
cargo xtask test [ARGUMENTS]     installs missing programs that the tests start, then runs
                                 cargo test --workspace ARGUMENTS. With Node.js, also those of clients/javascript
cargo xtask bench [ARGUMENTS]    measures the functions' release programs (--help says more). --quick checks counts
                                 alone, on debug programs
cargo xtask verify               runs the tests that take minutes, and that `test` leaves out. With Node.js, also half
                                 an hour of clients/javascript over a bad network";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["generate"] => generate::write(&workspace()),
        ["generate", "--check"] => generate::check(&workspace()),
        ["test", rest @ ..] => test(&workspace(), rest),
        ["bench", rest @ ..] => bench::run(&workspace(), rest),
        ["verify"] => {
            tests_setup::run(&workspace(), &["--", "--ignored"]).and_then(|()| javascript::soak(&workspace()))
        }
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(problem)) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the tests of the workspace, and those of the JavaScript client unless the arguments choose among the tests.
fn test(root: &Path, arguments: &[&str]) -> Result<(), Failure> {
    tests_setup::run(root, arguments)?;
    let is_all = arguments.iter().all(|argument| ["--locked", "--offline", "--no-fail-fast"].contains(argument));
    if is_all { javascript::test(root) } else { Ok(()) }
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
