//! Errors of the command line, and the agreement of template.yaml with this program.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use local_cloud::Template;
use local_cloud::template::{Build, Function};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Command, Output};

/// Runs `lambda-chat`. It must exit with this code and an error message, without a panic. Returns the message.
fn fails(code: i32, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } =
        Command::new(env!("CARGO_BIN_EXE_lambda-chat")).args(arguments).output().unwrap();
    let message = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{message}");
    assert!(message.contains("error: ") && !message.contains("panicked"), "{message}");
    message
}

/// Runs `lambda-chat start` with free ports and more arguments. It must fail. Returns the message.
fn start_fails(arguments: &[&str]) -> String {
    let ports = ["--ws-port", "--auth-port", "--dynamodb-port", "--s3-port", "--metrics-port"];
    let any = ports.into_iter().filter(|port| !arguments.contains(port)).flat_map(|port| [port, "0"]);
    let start: Vec<_> = ["start", "--memory"].into_iter().chain(any).chain(arguments.iter().copied()).collect();
    fails(1, &start)
}

/// Writes a changed copy of the workspace's template, and returns its path.
fn template(directory: &tempfile::TempDir, change: impl FnOnce(String) -> String) -> String {
    let whole = std::fs::read_to_string(dev::cloud::template()).unwrap();
    let file = directory.path().join("template.yaml");
    std::fs::write(&file, change(whole)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn port_in_use_is_named_with_its_option() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let message = start_fails(&["--http-port", &port]);
    assert!(message.contains(&port) && message.contains("--http-port"), "{message}");
    for option in ["--s3-port", "--metrics-port"] {
        let message = start_fails(&["--http-port", "0", option, &port]);
        assert!(message.contains(&port) && message.contains(option), "{message}");
    }
}

#[test]
fn invalid_template_is_named_by_file_and_line() {
    let directory = tempfile::tempdir().unwrap();
    let broken = template(&directory, |whole| format!("{whole}\n  Oops: [1, 2\n"));
    let message = start_fails(&["--http-port", "0", "--template", &broken]);
    assert!(
        message.split("template.yaml:").nth(1).is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit())),
        "{message}"
    );
    let wrong =
        template(&directory, |whole| whole.replace("!GetAtt AuthorizeFunction.Arn", "!GetAtt NoSuchFunction.Arn"));
    let message = start_fails(&["--http-port", "0", "--template", &wrong]);
    assert!(message.contains("NoSuchFunction"), "{message}");
}

#[test]
fn parameter_against_a_rule_of_the_template_is_refused() {
    for (parameter, reason) in [
        ("SendBurst=0", r#"Parameters.SendBurst: "0" is not allowed (MinValue: 1)"#),
        ("SendPerSecond=1001", r#"Parameters.SendPerSecond: "1001" is not allowed (MaxValue: 1000)"#),
        ("LogLevel=TRACE", r#"Parameters.LogLevel: "TRACE" is not allowed (AllowedValues: DEBUG, INFO)"#),
        ("CorsOrigins=localhost", r#"Parameters.CorsOrigins: "localhost" is not allowed (AllowedPattern: "#),
        ("CorsOrigins=localhost", "): origins such as https://chat.example.com, separated by commas"),
    ] {
        let message = start_fails(&["--http-port", "0", "--parameter", parameter]);
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn demo_checks_the_number_of_tokens() {
    let demo = |more: &[&str]| {
        // Nothing listens there. The command fails before it sends a request.
        let nowhere = ["demo", "--http-url", "http://127.0.0.1:1", "--ws-url", "ws://127.0.0.1:1"];
        fails(1, &[&nowhere, more].concat())
    };
    let message = demo(&["--tokens", "alice=a", "bob=b", "carol=c"]);
    assert!(message.contains("the demo needs 2 users, but --tokens has 3"), "{message}");
    let message = demo(&["--full", "--tokens", "alice=a", "bob=b"]);
    assert!(message.contains("the full demo needs 3 users, but --tokens has 2"), "{message}");
    for pair in ["secret", "=secret", "secret="] {
        let message = demo(&["--tokens", "alice=a", pair]);
        assert!(message.contains("USER=TOKEN") && !message.contains("secret"), "{message}");
    }
}

#[test]
fn tokens_require_the_address_of_a_running_system() {
    let message = fails(2, &["demo", "--tokens", "alice=a", "bob=b"]);
    assert!(message.contains("--http-url"), "{message}");
}

#[test]
fn local_cloud_serves_everything_in_the_template() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    assert_eq!(template.warnings, Vec::<String>::new());
    assert_eq!(template.functions.len(), 25);
    assert_eq!((template.tables.len(), template.buckets.len()), (7, 1));
}

/// The bounds for a deployment do not get in the way of the local cloud.
#[test]
fn local_cloud_takes_the_bounds_of_a_deployment() {
    let load = |parameters: &[(&str, &str)]| {
        let parameters = [&[("AuthJwksUrl", "http://127.0.0.1:9/")], parameters].concat();
        let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Template::load(&dev::cloud::template(), &parameters).unwrap()
    };
    let concurrency = |template: &Template| {
        let of = |name: &str| template.functions[name].concurrency;
        [of("AuthorizeFunction"), of("ConnectFunction"), of("SendMessageFunction")]
    };
    assert_eq!(concurrency(&load(&[])), [None; 3]);
    let disabled = ("DisableExecuteApiEndpoint", "true");
    let bounded = load(&[
        ("AuthorizeReservedConcurrency", "2"),
        ("ConnectReservedConcurrency", "1"),
        ("TableMaxReadUnits", "10"),
        ("HttpDomainName", "http.example.com"),
        ("WebSocketDomainName", "ws.example.com"),
        ("CertificateArn", "arn:aws:acm:us-east-1:123456789012:certificate/x"),
        disabled,
    ]);
    assert_eq!(concurrency(&bounded), [Some(2), Some(1), None]);
    assert_eq!((bounded.warnings.as_slice(), bounded.violations.as_slice()), (&[][..], &[][..]));
    let endpoint = &bounded.functions["SendMessageFunction"].environment["CONNECTIONS_ENDPOINT"];
    assert_eq!(endpoint, "https://ws.example.com");
    let violations = load(&[disabled]).violations;
    assert!(violations.len() == 1 && violations[0].contains("DisableExecuteApiEndpoint needs"), "{violations:?}");
}

#[test]
fn program_serves_every_function_of_the_template() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    let binary = |function: &Function| match &function.build {
        Build::Cargo { binary: Some(binary) } => binary.clone(),
        other => panic!("{}: {other:?}", function.logical_id),
    };
    let mut binaries: Vec<_> = template.functions.values().map(binary).collect();
    binaries.sort();
    assert_eq!(binaries, functions::handlers::NAMES);
    let message = fails(2, &["function", "no-such-function"]);
    assert!(message.contains("no-such-function") && message.contains("send-message, set-admin"), "{message}");
}

/// Runs a function with only these environment variables. Returns its exit code and the lines on the standard error.
fn function(name: &str, environment: &[(&str, &str)]) -> (Option<i32>, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambda-chat"));
    let command = command.args(["function", name]).env_clear().envs(environment.iter().copied());
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    (status.code(), String::from_utf8(stderr).unwrap().lines().map(str::to_owned).collect())
}

/// The texts and the exit codes are the same as those of the function's own program.
#[test]
fn function_fails_to_start_like_its_own_program() {
    let lines = |line: &str| vec![line.to_owned()];
    assert_eq!(function("send-message", &[]), (Some(1), lines("Error: Missing(\"AWS_REGION\")")));
    let region = [("AWS_REGION", "us-east-1")];
    assert_eq!(function("connect", &region), (Some(1), lines("Error: Missing(\"CONNECTIONS_ENDPOINT\")")));
    let keys = "Error: Missing(\"AUTH_JWKS_URL or AUTH_SECRET_ARN\")";
    assert_eq!(function("authorize", &[]), (Some(1), lines(keys)));
    // The Lambda runtime panics outside of Lambda. The first lines name the thread and the source line.
    let (code, panic) = function("health", &[]);
    assert_eq!(code, Some(101), "{panic:?}");
    assert!(panic.contains(&"Missing AWS_LAMBDA_FUNCTION_NAME env var: NotPresent".to_owned()), "{panic:?}");
}

#[test]
fn watch_environment_has_the_variables_of_all_functions() {
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
fn cargo_lambda_has_the_routes_of_the_template() {
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
    assert_eq!(routes.matches("method =").count(), count, "there are no other routes");
}
