//! What a person is told when something stands in the way.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use local_cloud::Template;
use local_cloud::template::{Build, Function};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Command, Output};

/// Runs `lambda-chat`; it must fail with this code, and say why without a panic.
fn fails(code: i32, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } =
        Command::new(env!("CARGO_BIN_EXE_lambda-chat")).args(arguments).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{said}");
    assert!(said.contains("error: ") && !said.contains("panicked"), "{said}");
    said
}

/// Runs `lambda-chat start` on any ports, with more arguments; it must fail.
fn refused(arguments: &[&str]) -> String {
    let ports = ["--ws-port", "--auth-port", "--dynamodb-port", "--s3-port", "--metrics-port"];
    let any = ports.into_iter().filter(|port| !arguments.contains(port)).flat_map(|port| [port, "0"]);
    let start: Vec<_> = ["start", "--memory"].into_iter().chain(any).chain(arguments.iter().copied()).collect();
    fails(1, &start)
}

/// A copy of the workspace's template, changed.
fn template(directory: &tempfile::TempDir, change: impl FnOnce(String) -> String) -> String {
    let whole = std::fs::read_to_string(dev::cloud::template()).unwrap();
    let file = directory.path().join("template.yaml");
    std::fs::write(&file, change(whole)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_port_that_is_taken_is_named_with_the_option_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refused(&["--http-port", &port]);
    assert!(said.contains(&port) && said.contains("--http-port"), "{said}");
    for option in ["--s3-port", "--metrics-port"] {
        let said = refused(&["--http-port", "0", option, &port]);
        assert!(said.contains(&port) && said.contains(option), "{said}");
    }
}

#[test]
fn a_broken_template_is_named_by_file_and_line() {
    let directory = tempfile::tempdir().unwrap();
    let broken = template(&directory, |whole| format!("{whole}\n  Oops: [1, 2\n"));
    let said = refused(&["--http-port", "0", "--template", &broken]);
    assert!(
        said.split("template.yaml:").nth(1).is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit())),
        "{said}"
    );
    let wrong =
        template(&directory, |whole| whole.replace("!GetAtt AuthorizeFunction.Arn", "!GetAtt NoSuchFunction.Arn"));
    let said = refused(&["--http-port", "0", "--template", &wrong]);
    assert!(said.contains("NoSuchFunction"), "{said}");
}

#[test]
fn a_demo_takes_as_many_tokens_as_it_has_users() {
    let demo = |more: &[&str]| {
        // Nothing listens there, and nothing is asked.
        let nowhere = ["demo", "--http-url", "http://127.0.0.1:1", "--ws-url", "ws://127.0.0.1:1"];
        fails(1, &[&nowhere, more].concat())
    };
    let said = demo(&["--tokens", "alice=a", "bob=b", "carol=c"]);
    assert!(said.contains("the demo is played by 2 users, and --tokens names 3"), "{said}");
    let said = demo(&["--full", "--tokens", "alice=a", "bob=b"]);
    assert!(said.contains("the full demo is played by 3 users, and --tokens names 2"), "{said}");
    for pair in ["secret", "=secret", "secret="] {
        let said = demo(&["--tokens", "alice=a", pair]);
        assert!(said.contains("USER=TOKEN") && !said.contains("secret"), "{said}");
    }
}

#[test]
fn tokens_are_of_a_running_system() {
    let said = fails(2, &["demo", "--tokens", "alice=a", "bob=b"]);
    assert!(said.contains("--http-url"), "{said}");
}

#[test]
fn this_products_template_has_nothing_that_the_local_cloud_does_not_serve() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    assert_eq!(template.warnings, Vec::<String>::new());
    assert_eq!(template.functions.len(), 25);
    assert_eq!((template.tables.len(), template.buckets.len()), (6, 1));
}

#[test]
fn this_program_serves_every_function_of_the_template() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    let binary = |function: &Function| match &function.build {
        Build::Cargo { binary: Some(binary) } => binary.clone(),
        other => panic!("{}: {other:?}", function.logical_id),
    };
    let mut binaries: Vec<_> = template.functions.values().map(binary).collect();
    binaries.sort();
    assert_eq!(binaries, functions::handlers::NAMES);
    let said = fails(2, &["function", "no-such-function"]);
    assert!(said.contains("no-such-function") && said.contains("send-message, set-admin"), "{said}");
}

/// Runs a function with nothing else in its environment; its exit code, and the lines that it wrote.
fn function(name: &str, environment: &[(&str, &str)]) -> (Option<i32>, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambda-chat"));
    let command = command.args(["function", name]).env_clear().envs(environment.iter().copied());
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    (status.code(), String::from_utf8(stderr).unwrap().lines().map(str::to_owned).collect())
}

/// Word for word what the program of the function writes, and its exit code.
#[test]
fn a_function_that_does_not_start_says_so_as_its_own_program_does() {
    let lines = |line: &str| vec![line.to_owned()];
    assert_eq!(function("send-message", &[]), (Some(1), lines("Error: Missing(\"AWS_REGION\")")));
    let region = [("AWS_REGION", "us-east-1")];
    assert_eq!(function("connect", &region), (Some(1), lines("Error: Missing(\"CONNECTIONS_ENDPOINT\")")));
    let keys = "Error: Missing(\"AUTH_JWKS_URL or AUTH_SECRET_ARN\")";
    assert_eq!(function("authorize", &[]), (Some(1), lines(keys)));
    // The Lambda runtime panics where it is not Lambda that starts it. The first lines name the thread and the place.
    let (code, panic) = function("health", &[]);
    assert_eq!(code, Some(101), "{panic:?}");
    assert!(panic.contains(&"Missing AWS_LAMBDA_FUNCTION_NAME env var: NotPresent".to_owned()), "{panic:?}");
}

#[test]
fn a_watch_is_told_everything_that_any_function_reads() {
    let variables = dev::cloud::watch_environment(dev::cloud::PortNumbers::DEFAULT).unwrap();
    for name in [
        "CHATS_TABLE",
        "SENDS_TABLE",
        "CONNECTIONS_ENDPOINT",
        "AUTH_JWKS_URL",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_ENDPOINT_URL_S3",
        "ATTACHMENTS_BUCKET",
        "AWS_REGION",
    ] {
        assert!(variables.get(name).is_some_and(|value| !value.is_empty()), "{name}: {variables:?}");
    }
}

#[test]
fn cargo_lambda_routes_what_the_template_routes() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    let routes = std::fs::read_to_string(dev::cloud::workspace().join("CargoLambda.toml")).unwrap();
    let mut count = 0;
    for route in template.http_api.unwrap().routes {
        let Build::Cargo { binary: Some(binary) } = &template.functions[&route.function].build else {
            panic!("{route:?}")
        };
        let entry = format!("{{ method = \"{}\", function = \"{binary}\" }}", route.method.unwrap());
        assert!(routes.contains(&entry) && routes.contains(&format!("\"{}\" = [", route.path.unwrap())), "{entry}");
        count += 1;
    }
    assert_eq!(routes.matches("method =").count(), count, "and no others");
}
