//! Builds with cargo, of a package without dependencies, so that each build is fast.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use local_cloud::{Error, Event, Lambda, LocalCloud, Options, Output, Ports, build_program};

use crate::support::{Cloud, template};

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
async fn template_without_a_function_that_cargo_can_build_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (result, _) = start(directory.path(), &TEMPLATE.replace("rust-cargolambda", "makefile")).await;
    assert!(result.unwrap_err().to_string().contains("BuildMethod is makefile"));
}

/// The source of a function without dependencies that answers each event with this name.
fn answering(name: &str) -> String {
    r#"
    use std::{env, io::{Read, Write}, net::TcpStream};
    fn ask(method: &str, path: &str, body: &str) -> String {
        let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
        let (host, base) = api.trim_start_matches("http://").split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let line = format!("{method} /{base}/2018-06-01/runtime/invocation/{path} HTTP/1.1");
        let length = body.len();
        write!(stream, "{line}\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
    fn main() {
        loop {
            let event = ask("GET", "next", "");
            let id = event.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: ")).unwrap();
            ask("POST", &format!("{id}/response"), "\"NAME\"");
        }
    }"#
    .replace("NAME", name)
}

/// Writes the packages a and b, whose functions answer with these names, and the template. `binary` is the name of both
/// programs. Without it, each program has its package's name.
fn two_packages(directory: &Path, binary: Option<&str>, in_one_workspace: bool, template: &str) {
    for name in ["a", "b"] {
        let package = directory.join(name);
        fs::create_dir_all(package.join("src")).unwrap();
        let binary = binary.map(|binary| format!("[[bin]]\nname = \"{binary}\"\npath = \"src/main.rs\"\n"));
        let own_workspace = if in_one_workspace { "" } else { "[workspace]\n" };
        let mut manifest = format!("[package]\nname = \"{name}\"\nedition = \"2021\"\n{own_workspace}");
        manifest.extend(binary);
        fs::write(package.join("Cargo.toml"), manifest).unwrap();
        fs::write(package.join("src/main.rs"), answering(name)).unwrap();
    }
    if in_one_workspace {
        let workspace = "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n";
        fs::write(directory.join("Cargo.toml"), workspace).unwrap();
    }
    fs::write(directory.join("template.yaml"), template).unwrap();
}

/// Builds the functions and returns the answers of /a and /b.
async fn answers(directory: &Path) -> [serde_json::Value; 2] {
    let template = directory.join("template.yaml");
    let cloud = Cloud::start_with(template.to_str().unwrap(), |options| options.lambda = Lambda::Build).await;
    [cloud.get("/a").await.json(), cloud.get("/b").await.json()]
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_of_two_packages_may_have_one_name() {
    let template = fs::read_to_string(template("two-packages-one-name.yaml")).unwrap();
    // The packages of a workspace share the directory of their programs, so the second build replaces the first one's.
    for in_one_workspace in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        two_packages(directory.path(), Some("handler"), in_one_workspace, &template);
        // The second start replaces the programs of the first one.
        for _ in 0..2 {
            assert_eq!(answers(directory.path()).await, ["a", "b"], "in one workspace: {in_one_workspace}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn function_needs_no_binary_if_its_package_has_one_program() {
    let template = fs::read_to_string(template("two-packages-one-name.yaml")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let template = template.replace(", BuildProperties: {Binary: handler}", "");
    two_packages(directory.path(), None, true, &template);
    assert_eq!(answers(directory.path()).await, ["a", "b"]);

    let more = directory.path().join("a/src/bin");
    fs::create_dir(&more).unwrap();
    fs::write(more.join("c.rs"), "fn main() {}").unwrap();
    let (result, _) = start(directory.path(), &template).await;
    let message = result.unwrap_err().to_string();
    assert!(
        message.starts_with("A: BuildProperties.Binary is missing") && message.ends_with("which has: a, c"),
        "{message}"
    );
}

/// Such a place would run the program of one package for the function of the other one.
#[tokio::test(flavor = "multi_thread")]
async fn place_that_knows_programs_by_name_refuses_one_name_of_two_packages() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join(format!("handler{}", std::env::consts::EXE_SUFFIX));
    fs::write(&program, "").unwrap();
    let source = fs::read_to_string(template("two-packages-one-name.yaml")).unwrap();
    let error = async |source: &str, lambda: &Lambda| {
        // The directory of the template must not be the one of the programs.
        let own = tempfile::tempdir().unwrap();
        let path = own.path().join("template.yaml");
        fs::write(&path, source).unwrap();
        let mut options = Options::new(&path, Ports::bind(0, 0).await.unwrap());
        options.lambda = lambda.clone();
        LocalCloud::start(options).await.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let prebuilt = Lambda::Prebuilt(directory.path().to_owned());
    let one_program = Lambda::OneProgram { program, arguments: Vec::new() };
    let endpoint = Lambda::Endpoint("http://127.0.0.1:1".to_owned());
    for place in [&prebuilt, &one_program, &endpoint] {
        let message = error(&source, place).await;
        assert!(message.starts_with("A and B are of different packages") && message.contains("handler"), "{message}");
    }
    // The directory has one program. It cannot be the one of both packages.
    let unnamed = source.replacen(", BuildProperties: {Binary: handler}", "", 1);
    let message = error(&unnamed, &prebuilt).await;
    assert!(message.starts_with("A: BuildProperties.Binary is missing"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_cargo_cannot_build_cause_warnings_and_the_rest_runs() {
    let cloud = Cloud::start("foreign-function.yaml").await;
    assert_eq!(cloud.get("/rust").await.status, 200);
    assert_eq!(cloud.get("/python").await.status, 500);
    let warning = |event| match event {
        Event::Warning(text) => Some(text),
        _ => None,
    };
    let warnings: Vec<_> = cloud.events().into_iter().filter_map(warning).collect();
    let only = "Only functions with Metadata BuildMethod: rust-cargolambda can be built. \
                Every invocation of this function fails";
    assert_eq!(
        warnings,
        [format!("Image: PackageType is Image. {only}"), format!("Python: Runtime is python3.12. {only}")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn port_in_use_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Ports::bind(port, 0).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { port: named } if named == port), "{error}");
}
