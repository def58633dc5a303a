//! Builds with cargo, of a package without dependencies, so that each build is fast.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use local_cloud::{Error, Event, LocalCloud, Options, Output, Ports, build_program};

const TEMPLATE: &str = "
Resources:
  First:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: first}}
    Properties: {CodeUri: package}
";

fn package(directory: &Path, source: &str) {
    let package = directory.join("package");
    fs::create_dir_all(package.join("src/bin")).unwrap();
    // A separate workspace, even if the temporary directory is inside of another one.
    fs::write(package.join("Cargo.toml"), "[package]\nname = \"sample\"\nedition = \"2021\"\n[workspace]\n").unwrap();
    fs::write(package.join("src/bin/first.rs"), source).unwrap();
}

async fn start(directory: &Path, template: &str) -> (Result<(), Error>, Vec<Event>) {
    let path = directory.join("template.yaml");
    fs::write(&path, template).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let mut options = Options::new(path, Ports::bind(0, 0).await.unwrap());
    options.output = Arc::new(move |event| sink.lock().unwrap().push(event));
    let result = match LocalCloud::start(options).await {
        Ok(cloud) => {
            cloud.shutdown().await;
            Ok(())
        }
        Err(error) => Err(error),
    };
    let events = events.lock().unwrap().clone();
    (result, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn package_of_a_function_is_built() {
    let directory = tempfile::tempdir().unwrap();
    package(directory.path(), "fn main() {}");
    let (result, events) = start(directory.path(), TEMPLATE).await;
    result.unwrap();
    assert_eq!(events.first(), Some(&Event::Building));
    assert_eq!(events.last(), Some(&Event::Built { functions: 1 }));

    let (result, _) = start(directory.path(), &TEMPLATE.replace("Binary: first", "Binary: second")).await;
    let message = result.unwrap_err().to_string();
    assert!(
        message.contains("First: BuildProperties.Binary is second") && message.contains("It has: first"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn build_program_builds_one_program_by_name() {
    let directory = tempfile::tempdir().unwrap();
    package(directory.path(), "fn main() {}");
    let package = directory.path().join("package");
    let lock = "version = 4\n\n[[package]]\nname = \"sample\"\nversion = \"0.0.0\"\n";
    fs::write(package.join("Cargo.lock"), lock).unwrap();
    let output: Output = Arc::new(|_| {});
    let program = build_program(&package, "first", &output).await.unwrap();
    assert!(std::process::Command::new(&program).status().unwrap().success(), "{}", program.display());
    let message = build_program(&package, "second", &output).await.unwrap_err().to_string();
    assert!(message.contains("second"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compiler_output_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    package(directory.path(), "fn main() { nonsense }");
    let (result, events) = start(directory.path(), TEMPLATE).await;
    let message = result.unwrap_err().to_string();
    assert!(message.contains("cannot build the functions") && message.contains("nonsense"), "{message}");
    let shown = |event: &Event| matches!(event, Event::BuildOutput(line) if line.contains("first.rs:1"));
    assert!(events.iter().any(shown), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupported_build_method_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (result, _) = start(directory.path(), &TEMPLATE.replace("rust-cargolambda", "makefile")).await;
    assert!(result.unwrap_err().to_string().contains("BuildMethod is makefile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn port_in_use_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Ports::bind(port, 0).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { port: named } if named == port), "{error}");
}
