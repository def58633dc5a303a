//! `cargo xtask`: chores of this repository.
//!
//! It is started as `cargo run --bin xtask`, without `-p`, so that cargo chooses features for all members together, and
//! what it depends on is compiled once for it and for `cargo run`.

#![allow(missing_docs)] // a program; nobody depends on it
#![allow(clippy::disallowed_methods)] // a tool reads the machine's environment

mod failure;
mod generate;
mod tests_setup;

use failure::Failure;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask generate [--check]   writes what follows from infra/stack: template.yaml, CargoLambda.toml, the functions'
                                 programs, tables in docs. --check writes nothing and fails if something differs
cargo xtask test [ARGUMENTS]     looks for what the tests start, then runs cargo test --workspace ARGUMENTS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["generate"] => generate::write(&workspace()),
        ["generate", "--check"] => generate::check(&workspace()),
        ["test", rest @ ..] => tests_setup::run(&workspace(), rest),
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(problem)) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
