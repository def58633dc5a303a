//! Errors of the command line, and the agreement of template.yaml with this program.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use local_cloud::template::{Build, Function};
use local_cloud::{DynamoDb, LocalCloud, Options, Ports, Template};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The longest wait, generous enough for a slow machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs `lambda-chat`. It must exit with this code and an error message, without a panic. Returns the message.
fn fails(code: i32, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambda-chat"));
    let command = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let until = Instant::now() + TEST_TIMEOUT;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
            None => {
                child.kill().unwrap();
                panic!("{arguments:?} does not fail");
            }
        }
    };
    // An error message fits into the pipe.
    let message = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
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
    let options = ["--http-port", "--ws-port", "--auth-port", "--dynamodb-port", "--s3-port", "--metrics-port"];
    for option in options {
        let http_port: &[&str] = if option == "--http-port" { &[] } else { &["--http-port", "0"] };
        let message = start_fails(&[http_port, &[option, &port]].concat());
        assert!(message.contains(&port) && message.contains("--port-base"), "{message}");
        let named: Vec<_> = options.into_iter().filter(|option| message.contains(option)).collect();
        assert_eq!(named, [option], "{message}");
    }
    // Every port that is in use is named, and no other one.
    let also_taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = also_taken.local_addr().unwrap().port().to_string();
    let message = start_fails(&["--http-port", &port, "--dynamodb-port", &other]);
    let named = format!("ports {port} (--http-port), {other} (--dynamodb-port) of 127.0.0.1 are already in use");
    assert!(message.contains(&named) && message.contains("--port-base"), "{message}");
}

#[test]
fn port_base_is_an_option_of_every_command() {
    let (base, taken) = free_port_base();
    let taken = taken.local_addr().unwrap().port();
    let base = base.to_string();
    let message = fails(1, &["start", "--memory", "--port-base", &base]);
    assert!(message.contains(&format!("port {taken} ")) && message.contains("--s3-port"), "{message}");
    // Nothing runs there.
    for command in [&["chat"][..], &["chat", "--json"], &["socket"], &["top", "--once"], &["demo"]] {
        let message = fails(1, &[command, &["--port-base", &base]].concat());
        let port = if command[0] == "top" { taken + 1 } else { taken - 2 };
        assert!(message.contains(&format!("http://127.0.0.1:{port}")), "{command:?}: {message}");
        assert!(message.contains("Start the system with `cargo run` first"), "{command:?}: {message}");
        let option = if command[0] == "top" { "--metrics-url" } else { "--auth-url" };
        assert!(message.contains("--port-base") && message.contains(option), "{command:?}: {message}");
    }
    let auth = TcpListener::bind(("127.0.0.1", taken - 2)).unwrap();
    let message = fails(1, &["auth", "--port-base", &base]);
    assert!(message.contains(&auth.local_addr().unwrap().port().to_string()), "{message}");
    for refused in ["0", "65531"] {
        let message = fails(2, &["chat", "--port-base", refused]);
        assert!(message.contains("--port-base") && message.contains("65530"), "{message}");
    }
}

/// A port base whose ports are free, but for the one of S3, which the listener holds.
fn free_port_base() -> (u16, TcpListener) {
    let bind = |port: u16| TcpListener::bind(("127.0.0.1", port));
    (0..100)
        .find_map(|_| {
            let s3 = bind(0).unwrap();
            let base = s3.local_addr().unwrap().port().checked_sub(4).filter(|base| *base <= 65530)?;
            let are_free = [0, 1, 2, 3, 5].into_iter().all(|part| bind(base + part).is_ok());
            are_free.then_some((base, s3))
        })
        .unwrap()
}

/// Of alice, without a signature: {"alg":"none"}, {"sub":"alice","exp":4102444800}.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.x";

#[test]
fn chat_and_socket_say_what_to_start_when_nothing_answers() {
    for command in ["chat", "socket"] {
        // Also with a token of one's own, when the Auth Service is not asked.
        let message = fails(1, &[command, "--token", TOKEN, "--ws-url", "ws://127.0.0.1:1/live"]);
        assert!(message.contains("ws://127.0.0.1:1/live") && message.contains("`cargo run` first"), "{message}");
        assert!(message.contains("--port-base") && message.contains("--ws-url"), "{message}");
    }
    // Another program answers where the Auth Service should be.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", other.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in other.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno");
        }
    });
    for command in ["chat", "socket"] {
        let message = fails(1, &[command, "--auth-url", &url]);
        assert!(message.contains(&url) && message.contains("does not answer as the stand-in"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_file_of_a_running_system_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("data.sqlite");
    let template = dev::cloud::workspace().join("infra/local-cloud/tests/templates/tables.yaml");
    let mut options = Options::new(template, Ports::bind(0, 0).await.unwrap());
    options.dynamodb = DynamoDb::File(file.clone());
    let running = LocalCloud::start(options).await.unwrap();
    let ports = ["--http-port", "--ws-port", "--auth-port", "--dynamodb-port", "--s3-port", "--metrics-port"];
    let ports: Vec<_> = ports.into_iter().flat_map(|port| [port, "0"]).collect();
    let message = fails(1, &[&["start", "--data", file.to_str().unwrap()], &ports[..]].concat());
    let process = format!("(process {})", std::process::id());
    for part in [file.to_str().unwrap(), &process, "Ctrl-C", "--data", "--memory"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    running.shutdown().await;
}

#[test]
fn redis_that_does_not_answer_is_named_at_the_start() {
    let start = |url: &str| start_fails(&["--http-port", "0", "--parameter", &format!("RealtimeRedisUrl={url}")]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = start(&format!("redis://{free}"));
    assert!(message.contains(&format!("no Redis answers at {free}")), "{message}");
    assert!(message.contains("Start a Redis or Valkey there"), "{message}");
    let message = start("http://127.0.0.1:6379");
    assert!(message.contains("must be redis://HOST:PORT"), "{message}");
    // Another program listens there.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in other.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let message = start(&format!("redis://{address}"));
    assert!(message.contains(&format!("no Redis answers at {address}")), "{message}");
}

#[test]
fn help_names_nothing_of_the_machine_that_built_it() {
    for command in ["start", "demo", "chat", "socket", "top", "auth", "watch-env"] {
        let output = Command::new(env!("CARGO_BIN_EXE_lambda-chat")).args([command, "--help"]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && help.contains("--port-base <N>"), "{command}: {help}");
        assert!(!help.contains(dev::cloud::workspace().to_str().unwrap()), "{command}: {help}");
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

/// `lambda-chat watch-env | head -1`.
#[test]
fn closed_pipe_is_no_panic() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambda-chat"));
    let command = command.arg("watch-env").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let message = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(child.wait().unwrap().success() && message.is_empty(), "{message}");
}

/// The first lines are where a new user goes next.
#[test]
fn start_prints_the_address_of_the_web_client_first() {
    let ports = ["--http-port", "--ws-port", "--auth-port", "--dynamodb-port", "--s3-port", "--metrics-port"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambda-chat"));
    let command = command.args(["start", "--memory"]).args(ports.into_iter().flat_map(|port| [port, "0"]));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines: Vec<_> = lines.take(5).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let rest =
        lines[0].strip_prefix("lambda-chat is running at http://127.0.0.1:").unwrap_or_else(|| panic!("{lines:?}"));
    let port: u16 = rest.split('/').next().unwrap().parse().unwrap();
    let window = |user: &str| format!("  http://127.0.0.1:{port}/?as={user}");
    assert_eq!(lines[1..], [String::new(), window("alice"), window("bob"), String::new()]);
}

#[test]
fn local_cloud_serves_everything_in_the_template() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    assert_eq!(template.warnings, Vec::<String>::new());
    assert_eq!(template.functions.len(), 30);
    assert_eq!((template.tables.len(), template.buckets.len()), (8, 1));
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
        ("WebClient", "true"),
        ("WebClientDomainName", "chat.example.com"),
        ("WebClientCertificateArn", "arn:aws:acm:us-east-1:123456789012:certificate/y"),
        disabled,
    ]);
    let origins = bounded.http_api.as_ref().and_then(|api| api.cors.as_ref()).map(|cors| &cors.origins);
    assert_eq!(origins, Some(&vec!["https://chat.example.com".to_owned()]));
    let bucket = bounded.buckets.iter().find(|bucket| bucket.logical_id == "AttachmentsBucket").unwrap();
    assert_eq!(bucket.cors.iter().flat_map(|rule| &rule.origins).collect::<Vec<_>>(), ["https://chat.example.com"]);
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
