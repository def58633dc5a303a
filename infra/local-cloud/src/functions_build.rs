//! Builds programs with cargo, and finds the program of each function.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
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

/// The programs of a package or a directory: the paths by name.
type Programs = HashMap<String, PathBuf>;

/// The directory, in cargo's directory of programs, with one directory per function.
const FUNCTIONS_DIRECTORY: &str = "local-cloud";

/// The functions that cargo can build, and a warning for each of the others. Those are not invoked.
///
/// # Errors
///
/// Cargo can build none of the functions.
pub(crate) fn served(template: &Template) -> Result<(Vec<&Function>, Vec<String>), Error> {
    let mut served = Vec::new();
    let mut errors = Vec::new();
    for function in template.functions.values() {
        match &function.build {
            Build::Cargo { .. } => served.push(function),
            Build::Other(found) => {
                errors.push(Error::NotBuildable { function: function.logical_id.clone(), found: found.clone() });
            }
        }
    }
    let mut errors = errors.into_iter();
    if served.is_empty()
        && let Some(error) = errors.next()
    {
        return Err(error);
    }
    let warning = |error| format!("{error}. Every invocation of this function fails");
    Ok((served, errors.map(warning).collect()))
}

/// Builds the programs of the functions. Returns them by the functions' logical ids.
pub(crate) async fn build(
    functions: &[&Function],
    directory: &Path,
    output: &Output,
) -> Result<HashMap<String, Program>, Error> {
    let packages: BTreeSet<&Path> = functions.iter().map(|function| function.package.as_path()).collect();
    let mut assigned = HashMap::new();
    for package in &packages {
        let manifest = package.join("Cargo.toml");
        let manifest = std::path::absolute(&manifest).unwrap_or(manifest).display().to_string();
        let programs = cargo(&cargo_program(), &["--manifest-path", &manifest], directory, output).await?;
        for function in functions.iter().filter(|function| function.package == **package) {
            let program = program_for(function, &programs, package)?;
            // The programs of the packages of a workspace are in one directory. So the next build may replace this
            // program by another one with the same name.
            let program =
                if packages.len() > 1 { set_aside(program, &function.logical_id)? } else { program.to_owned() };
            assigned.insert(function.logical_id.clone(), Program::from(program));
        }
    }
    Ok(assigned)
}

/// Links or copies the program to a directory of its function, next to it. Returns the new path.
fn set_aside(program: &Path, function: &str) -> Result<PathBuf, Error> {
    let directory = program.with_file_name(FUNCTIONS_DIRECTORY).join(function);
    let target = directory.join(program.file_name().unwrap_or_default());
    let replace = || {
        std::fs::create_dir_all(&directory)?;
        match std::fs::remove_file(&target) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Some file systems have no hard links.
        std::fs::hard_link(program, &target).or_else(|_| std::fs::copy(program, &target).map(drop))
    };
    replace().map_err(|source| Error::Directory { path: directory.clone(), source })?;
    Ok(target)
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
    functions: &[&Function],
    program: &Path,
    arguments: &[String],
) -> Result<HashMap<String, Program>, Error> {
    check_names(functions, Function::binary, &program.display())?;
    // Absolute, because each process runs in the program's directory.
    let executable = std::path::absolute(program).unwrap_or_else(|_| program.to_owned());
    let programs = functions.iter().map(|function| {
        let function_id = function.logical_id.clone();
        let Some(name) = function.binary() else {
            return Err(Error::NoBinary { function: function_id, place: program.display().to_string() });
        };
        let arguments = arguments.iter().map(String::as_str).chain([name]).map(str::to_owned).collect();
        Ok((function_id, Program { executable: executable.clone(), arguments }))
    });
    programs.collect()
}

/// Finds the programs of the functions in a directory of built programs.
pub(crate) fn find(functions: &[&Function], directory: &Path) -> Result<HashMap<String, Program>, Error> {
    check_names(functions, Function::binary, &directory.display())?;
    let unreadable = |source| Error::Directory { path: directory.to_owned(), source };
    let directory = std::path::absolute(directory).map_err(unreadable)?;
    let mut programs = Programs::new();
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
    let assigned = functions.iter().map(|function| {
        let program = program_for(function, &programs, &directory)?;
        Ok((function.logical_id.clone(), Program::from(program.to_owned())))
    });
    assigned.collect()
}

/// Checks that the names tell the programs of all packages apart. Otherwise, a place that knows programs by name alone
/// would run the program of one package for a function of another one.
pub(crate) fn check_names<'a>(
    functions: &[&'a Function],
    name_of: impl Fn(&'a Function) -> Option<&'a str>,
    place: &dyn fmt::Display,
) -> Result<(), Error> {
    let mut first_by_name: HashMap<&str, &Function> = HashMap::new();
    for function in functions {
        let Some(name) = name_of(function) else {
            if functions.iter().all(|other| other.package == function.package) {
                continue;
            }
            return Err(Error::NoBinary { function: function.logical_id.clone(), place: place.to_string() });
        };
        let first = *first_by_name.entry(name).or_insert(function);
        if first.package != function.package {
            return Err(Error::AmbiguousBinary {
                first: first.logical_id.clone(),
                second: function.logical_id.clone(),
                name: name.to_owned(),
                place: place.to_string(),
            });
        }
    }
    Ok(())
}

/// Selects the function's program: by `BuildProperties.Binary`, or without that the only program of the place.
fn program_for<'a>(function: &Function, programs: &'a Programs, place: &Path) -> Result<&'a Path, Error> {
    let program = match function.binary() {
        Some(name) => programs.get(name),
        None => programs.values().next().filter(|_| programs.len() == 1),
    };
    program.map(PathBuf::as_path).ok_or_else(|| {
        let mut built: Vec<_> = programs.keys().map(String::as_str).collect();
        built.sort_unstable();
        let built = if built.is_empty() { "none".to_owned() } else { built.join(", ") };
        let (function_id, place) = (function.logical_id.clone(), place.display());
        match function.binary() {
            Some(name) => {
                Error::NoSuchBinary { function: function_id, binary: name.to_owned(), place: place.to_string(), built }
            }
            None => Error::NoBinary { function: function_id, place: format!("{place}, which has: {built}") },
        }
    })
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
