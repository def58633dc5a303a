//! Builds programs with cargo, and finds the program of each function.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    process::Stdio,
};

use cargo_metadata::{Message, TargetKind};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    Error, Event, Output,
    lambda::Program,
    template::{Build, Function, Template},
};

/// Builds the programs of all functions. Returns them by the functions' logical ids.
pub(crate) async fn build(template: &Template, output: &Output) -> Result<HashMap<String, Program>, Error> {
    check_buildable(template)?;
    let directories: BTreeSet<&Path> = template.functions.values().map(|f| f.package.as_path()).collect();
    let mut programs = HashMap::new();
    for directory in directories {
        let manifest = directory.join("Cargo.toml");
        let manifest = std::path::absolute(&manifest).unwrap_or(manifest).display().to_string();
        programs.extend(cargo(&cargo_program(), &["--manifest-path", &manifest], &template.directory, output).await?);
    }
    assign(template, &programs, None)
}

/// Builds one program of the package or workspace in this directory, with the versions in its `Cargo.lock`. Returns the
/// program's path.
///
/// # Errors
///
/// Cargo cannot be started, or the build fails.
pub async fn build_program(directory: &Path, name: &str, output: &Output) -> Result<PathBuf, Error> {
    let mut programs = cargo(&cargo_program(), &["--locked", "--bin", name], directory, output).await?;
    programs.remove(name).ok_or_else(|| Error::Build(format!("cargo has built no program with the name {name}")))
}

/// One program for all functions. Its last argument names the function to serve.
pub(crate) fn one_program(
    template: &Template,
    program: &Path,
    arguments: &[String],
) -> Result<HashMap<String, Program>, Error> {
    check_buildable(template)?;
    // Absolute, because each process runs in the program's directory.
    let executable = std::path::absolute(program).unwrap_or_else(|_| program.to_owned());
    let programs = template.functions.values().map(|function| {
        let function_id = function.logical_id.clone();
        let Some(name) = binary(function) else {
            return Err(Error::NoBinary { function: function_id, program: program.to_owned() });
        };
        let arguments = arguments.iter().chain([name]).cloned().collect();
        Ok((function_id, Program { executable: executable.clone(), arguments }))
    });
    programs.collect()
}

/// Finds the programs of all functions in a directory of built programs.
pub(crate) fn find(template: &Template, directory: &Path) -> Result<HashMap<String, Program>, Error> {
    check_buildable(template)?;
    let unreadable = |source| Error::Directory { path: directory.to_owned(), source };
    let directory = std::path::absolute(directory).map_err(unreadable)?;
    let mut programs = HashMap::new();
    for entry in std::fs::read_dir(&directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if path.is_file()
            && extension == std::env::consts::EXE_EXTENSION
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            programs.insert(name.to_owned(), path);
        }
    }
    assign(template, &programs, Some(&directory))
}

/// The function's `BuildProperties.Binary`.
fn binary(function: &Function) -> Option<&String> {
    match &function.build {
        Build::Cargo { binary } => binary.as_ref(),
        Build::Other(_) => None,
    }
}

fn check_buildable(template: &Template) -> Result<(), Error> {
    for function in template.functions.values() {
        if let Build::Other(found) = &function.build {
            let found = found.clone();
            return Err(Error::NotBuildable { function: function.logical_id.clone(), found });
        }
    }
    Ok(())
}

/// Assigns a program to each function: by `BuildProperties.Binary`, or without that the only program.
fn assign(
    template: &Template,
    programs: &HashMap<String, PathBuf>,
    directory: Option<&Path>,
) -> Result<HashMap<String, Program>, Error> {
    let assigned = template.functions.values().map(|function| {
        let named = binary(function);
        let program = match named {
            Some(name) => programs.get(name),
            None => programs.values().next().filter(|_| programs.len() == 1),
        };
        let program = program.ok_or_else(|| {
            let mut built: Vec<_> = programs.keys().cloned().collect();
            built.sort();
            Error::NoSuchBinary {
                function: function.logical_id.clone(),
                binary: named.map_or_else(|| "missing".to_owned(), Clone::clone),
                place: directory.unwrap_or(&function.package).display().to_string(),
                built: if built.is_empty() { "none".to_owned() } else { built.join(", ") },
            }
        })?;
        Ok((function.logical_id.clone(), Program::from(program.clone())))
    });
    assigned.collect()
}

/// Variables that `cargo run` and `cargo test` set for the program that they start. They are removed for the cargo that
/// is started here. Otherwise, build scripts that watch them, and all crates that depend on those scripts, would be
/// built again each time that cargo runs from here and then from a shell.
const CARGO_RUN_VARIABLES: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "OUT_DIR"];

/// The cargo that started this program or test, otherwise `cargo` on the path.
fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

async fn cargo(
    program: &str,
    arguments: &[&str],
    directory: &Path,
    output: &Output,
) -> Result<HashMap<String, PathBuf>, Error> {
    let no_cargo = |source| Error::NoCargo { program: program.to_owned(), source };
    let mut command = Command::new(program);
    command
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| CARGO_RUN_VARIABLES.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().map_err(no_cargo)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (programs, errors) = tokio::join!(
        async {
            let mut programs = HashMap::new();
            let Some(stdout) = stdout else { return programs };
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                programs.extend(program_of(&line));
            }
            programs
        },
        async {
            let mut errors = Vec::new();
            let Some(stderr) = stderr else { return errors };
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.starts_with("error") {
                    errors.push(line.clone());
                }
                output(Event::BuildOutput(line));
            }
            errors
        },
    );
    let status = child.wait().await.map_err(no_cargo)?;
    if status.success() {
        return Ok(programs);
    }
    let reason = if errors.is_empty() { status.to_string() } else { errors.join("; ") };
    Err(Error::Build(reason))
}

/// The name and the path of the program in a message of cargo. None for other messages.
fn program_of(line: &str) -> Option<(String, PathBuf)> {
    match serde_json::from_str(line).ok()? {
        Message::CompilerArtifact(artifact) if artifact.target.kind.contains(&TargetKind::Bin) => {
            Some((artifact.target.name, artifact.executable?.into_std_path_buf()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn error_without_cargo_says_where_to_get_it() {
        let output: Output = Arc::new(|_| {});
        let error = cargo("/nonexistent/cargo", &[], Path::new("."), &output).await.unwrap_err();
        assert!(error.to_string().contains("https://rustup.rs"), "{error}");
    }
}
