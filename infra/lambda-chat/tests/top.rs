//! `top`: the frame for a running local cloud, and the errors without one.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use dev::top::View;
use local_cloud::metrics::Snapshot;
use local_cloud::{Lambda, LocalCloud, Options, Ports};
use serde_json::{Value, json};
use std::process::{Command, Output};

/// A sample from 90 s after the start.
fn sample() -> Value {
    let function = |name: &str, invocations: u64, failed: u64, throttles: u64, duration: Value, processes: Value| {
        let errors = json!({ "answered": failed, "crashed": 0, "timedOut": 0, "unreachable": 0 });
        json!({
            "name": name, "invocations": invocations, "errors": errors, "throttles": throttles, "inFlight": 0,
            "duration": duration, "processes": processes,
        })
    };
    let duration_of = |p50: f64, p99: f64, of: u64| json!({ "p50": p50, "p99": p99, "max": p99, "of": of });
    let processes_of = |alive: u64, started: u64| json!({ "alive": alive, "started": started });
    let metric = |name: &str, unit: &str, count: u64, sum: f64, max: f64| json!({ "namespace": "chat", "name": name, "unit": unit, "count": count, "sum": sum, "max": max });
    json!({
        "startedAt": 1_763_848_800_000_u64,
        "uptimeMs": 90_000,
        "runner": "processes",
        "functions": [
            function("Idle", 0, 0, 0, Value::Null, processes_of(0, 0)),
            function("Broken", 2, 2, 0, Value::Null, processes_of(0, 2)),
            function("SendMessage", 40, 1, 3, duration_of(12.25, 80.5, 40), processes_of(2, 3)),
        ],
        "http": { "requests": { "1xx": 0, "2xx": 30, "3xx": 0, "4xx": 4, "5xx": 1 } },
        "websocket": {
            "connections": 3,
            "handshakes": { "1xx": 4, "2xx": 0, "3xx": 0, "4xx": 1, "5xx": 0 },
            "frames": 25,
            "posts": { "delivered": 60, "gone": 2, "throttled": 1, "refused": 0 },
        },
        "tables": [
            { "name": "Chats", "calls": 10, "readUnits": 0.5, "writeUnits": 2.0 },
            { "name": "Messages", "calls": 50, "readUnits": 20.0, "writeUnits": 160.0 },
        ],
        "metrics": [
            metric("FanOutMs", "Milliseconds", 4, 30.0, 12.5),
            metric("MessagesCommitted", "Count", 40, 40.0, 1.0),
        ],
    })
}

/// The same local cloud ten seconds earlier.
fn earlier() -> Value {
    let mut sample = sample();
    sample["uptimeMs"] = json!(80_000);
    sample["functions"][2]["invocations"] = json!(20);
    sample["http"]["requests"]["2xx"] = json!(20);
    sample["websocket"]["frames"] = json!(5);
    sample["websocket"]["posts"]["delivered"] = json!(15);
    sample["tables"][1]["writeUnits"] = json!(80.0);
    sample["metrics"][1]["sum"] = json!(25.0);
    sample["metrics"].as_array_mut().unwrap().remove(0);
    sample
}

fn snapshot(sample: Value) -> Snapshot {
    serde_json::from_value(sample).unwrap()
}

fn draw(now: Value, before: Option<Value>, trouble: Option<&str>, size: Option<(u16, u16)>) -> String {
    let (now, before) = (snapshot(now), before.map(snapshot));
    let view = View { url: "http://127.0.0.1:3005", now: &now, before: before.as_ref(), trouble };
    let (width, height) = size.unwrap_or_else(|| (100, view.height()));
    view.text(width, height)
}

/// The frame of both samples.
const FRAME: &str = "\
lambda-chat  http://127.0.0.1:3005  up 0:01:30  3.0 requests/s  3 connections
┌ Functions: 2 of 3 invoked ───────────────────────────────────────────────────────────────────────┐
│function                           invoked     /s errors p50 ms p99 ms throttled  now alive starts│
│SendMessage                             40    2.0      1   12.2   80.5         3    0     2      3│
│Broken                                   2    0.0      2      -      -         0    0     0      2│
└──────────────────────────────────────────────────────────────────────────────────────────────────┘
┌ HTTP API ──────────────────┐┌ WebSocket API ─────────────┐┌ DynamoDB ────────────────────────────┐
│requests         35    1.0/s││connections       3         ││units                     read   write│
│2xx              30    1.0/s││handshakes        5    0.0/s││all                       20.5     162│
│3xx               0    0.0/s││frames           25    2.0/s││/s                         0.0     8.0│
│4xx               4    0.0/s││posts            60    4.5/s││Messages                    20     160│
│5xx               1    0.0/s││posts gone        2    0.0/s││Chats                     0.50       2│
│                            ││posts failed      1    0.0/s││                                      │
└────────────────────────────┘└────────────────────────────┘└──────────────────────────────────────┘
┌ Metrics of the functions in chat ────────────────────────────────────────────────────────────────┐
│metric                                        total      /s  average      max  values         unit│
│FanOutMs                                         30     3.0     7.50     12.5       4 Milliseconds│
│MessagesCommitted                                40     1.5        1        1      40        Count│
└──────────────────────────────────────────────────────────────────────────────────────────────────┘
";

#[test]
fn frame_shows_totals_and_rates() {
    assert_eq!(draw(sample(), Some(earlier()), None, None), FRAME);
}

#[test]
fn frame_of_one_sample_has_no_rates() {
    let frame = draw(sample(), None, None, None);
    assert!(frame.contains("up 0:01:30  - requests/s"), "{frame}");
    assert!(!frame.contains("0.0 ") && !frame.contains("/s│"), "{frame}");
}

#[test]
fn missing_numbers_are_explained() {
    let mut sample = sample();
    sample["runner"] = json!("endpoint");
    sample["metrics"] = json!([]);
    sample["tables"] = Value::Null;
    for function in sample["functions"].as_array_mut().unwrap() {
        function["processes"] = Value::Null;
    }
    let frame = draw(sample.clone(), None, None, None);
    assert!(frame.contains("the functions run in cargo lambda watch"), "{frame}");
    assert!(frame.contains("DynamoDB runs elsewhere"), "{frame}");
    sample["runner"] = json!("processes");
    let frame = draw(sample, None, Some("it went away"), None);
    assert!(frame.contains("No function has printed a metric yet"), "{frame}");
    let second = frame.lines().nth(1).unwrap();
    assert!(second.starts_with("No answer: it went away. Trying again."), "{frame}");
}

#[test]
fn metrics_have_their_namespace_if_there_are_several() {
    let mut sample = sample();
    sample["metrics"][0]["namespace"] = json!("other");
    let frame = draw(sample, None, None, None);
    assert!(frame.contains("│other FanOutMs") && frame.contains("│chat MessagesCommitted"), "{frame}");
}

#[test]
fn small_terminal_leaves_out_columns_and_rows() {
    let mut many = sample();
    let function = many["functions"][2].clone();
    for number in 0..40 {
        let mut function = function.clone();
        function["name"] = json!(format!("F{number}"));
        function["invocations"] = json!(1000 - number);
        many["functions"].as_array_mut().unwrap().push(function);
        let mut metric = many["metrics"][0].clone();
        metric["name"] = json!(format!("M{number}"));
        many["metrics"].as_array_mut().unwrap().push(metric);
    }
    let usual = draw(many.clone(), None, Some("gone"), Some((80, 24)));
    for shown in ["F0 ", "F1 ", "FanOutMs", "HTTP API", "DynamoDB"] {
        assert!(usual.contains(shown), "{shown}: {usual}");
    }
    assert!(!usual.contains("SendMessage"), "the busiest come first: {usual}");
    // No number is cut: a column that does not fit is left out.
    let narrow = draw(many.clone(), None, None, Some((40, 24)));
    assert!(narrow.contains("│F0                  1000      -      1│") && !narrow.contains("p50"), "{narrow}");
    for width in [0, 1, 2, 3, 10, 11, 33, 60, 79, 120] {
        for height in (0..=12).chain([16, 17, 24, 60]) {
            let frame = draw(many.clone(), None, Some("gone"), Some((width, height)));
            assert_eq!(frame.lines().count(), usize::from(height));
            assert!(height == 0 || width < 11 || frame.starts_with("lambda-chat"), "{frame}");
        }
    }
}

/// Runs `lambda-chat top` with these arguments, its output piped.
fn top(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lambda-chat")).arg("top").args(arguments).output().unwrap()
}

/// Runs `top`, which must exit with this code and an error message. Returns the message.
fn fails(code: i32, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = top(arguments);
    let message = String::from_utf8(stderr).unwrap();
    assert_eq!((status.code(), stdout), (Some(code), Vec::new()), "{message}");
    assert!(message.contains("error: ") && !message.contains("panicked"), "{message}");
    message
}

/// A local cloud with a table and no functions, so that it starts without a build.
async fn local_cloud() -> LocalCloud {
    let template = dev::cloud::workspace().join("infra/local-cloud/tests/templates/tables.yaml");
    LocalCloud::start(Options::new(template, Ports::bind(0, 0).await.unwrap())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn once_prints_one_frame_as_plain_text() {
    let cloud = local_cloud().await;
    let Output { status, stdout, stderr } = top(&["--once", "--interval", "0.1", "--metrics-url", cloud.metrics_url()]);
    let frame = String::from_utf8(stdout).unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    assert!(frame.starts_with(&format!("lambda-chat  {}  up 0:00:", cloud.metrics_url())), "{frame}");
    assert!(frame.contains("  0.0 requests/s") && frame.contains("Functions: 0 of 0 invoked"), "{frame}");
    assert!(!frame.contains('\u{1b}') && frame.ends_with("┘\n"), "{frame}");
}

#[tokio::test(flavor = "multi_thread")]
async fn top_without_once_requires_a_terminal() {
    let cloud = local_cloud().await;
    let message = fails(1, &["--metrics-url", cloud.metrics_url()]);
    assert!(message.contains("--once"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn error_without_a_local_cloud_says_how_to_start_one() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for arguments in [&["--once"][..], &[]] {
        let message = fails(1, &[arguments, &["--metrics-url", &format!("http://{free}")]].concat());
        assert!(message.contains(&free.to_string()) && message.contains("`cargo run` first"), "{message}");
    }
    // Another port of a local cloud answers, but without metrics.
    let cloud = local_cloud().await;
    let message = fails(1, &["--once", "--metrics-url", cloud.dynamodb_endpoint()]);
    assert!(message.contains("does not answer with the metrics"), "{message}");
    let template = dev::cloud::workspace().join("infra/local-cloud/tests/templates/http.yaml");
    let mut options = Options::new(template, Ports::bind(0, 0).await.unwrap());
    options.lambda = Lambda::Endpoint("http://127.0.0.1:1".to_owned());
    let cloud = LocalCloud::start(options).await.unwrap();
    let message = fails(1, &["--once", "--metrics-url", cloud.http_url()]);
    assert!(message.contains("it answers 500"), "{message}");
}

#[test]
fn interval_out_of_range_is_rejected() {
    for interval in ["0", "-1", "nan", "x", "1e9"] {
        let message = fails(2, &["--once", &format!("--interval={interval}")]);
        assert!(message.contains("0.1 to 3600"), "{message}");
    }
}
