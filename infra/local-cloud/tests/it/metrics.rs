use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use axum::{body::Body, http::StatusCode};
use local_cloud::{
    DynamoDb, Error, Event, Lambda, LocalCloud, Options, Ports,
    metrics::{Errors, FunctionCounts, MetricCounts, Posts, Processes, Runner, Snapshot, Statuses, TableCounts},
};
use serde_json::{Value, json};

use crate::support::{Cloud, send, until};

async fn snapshot(cloud: &Cloud) -> Snapshot {
    let answer = send("GET", &format!("{}/metrics", cloud.cloud().metrics_url()), &[], Body::empty()).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (StatusCode::OK, &"application/json".parse().unwrap())
    );
    serde_json::from_slice(&answer.body).unwrap()
}

fn function<'a>(snapshot: &'a Snapshot, name: &str) -> &'a FunctionCounts {
    snapshot.functions.iter().find(|function| function.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_are_counted_by_function_and_end() {
    let cloud = Cloud::start_with("http.yaml", |options| options.limits.throttle = Duration::ZERO).await;
    let before = snapshot(&cloud).await;
    let names: Vec<_> = before.functions.iter().map(|function| &*function.name).collect();
    assert_eq!(names, ["Authorize", "Broken", "Function", "Impatient", "Single"]);
    assert!(before.functions.iter().all(|function| function.invocations == 0 && function.duration.is_none()));

    for path in ["/one", "/two", "/fail", "/exit", "/three", "/broken", "/hang", "/short/hang"] {
        cloud.get(path).await;
    }
    tokio::join!(cloud.get("/pause"), cloud.get("/pause"));
    assert_eq!(cloud.get("/").await.status, StatusCode::NOT_FOUND);

    let after = snapshot(&cloud).await;
    assert_eq!(after.started_at, before.started_at);
    assert!(after.uptime_ms >= before.uptime_ms + 1000, "Impatient took a second");
    let usual = function(&after, "Function");
    // The invocation of /short/hang continues, although the API does not wait for it.
    assert_eq!((usual.invocations, usual.throttles, usual.in_flight), (5, 0, 1));
    assert_eq!(usual.errors, Errors { answered: 1, crashed: 1, timed_out: 0, unreachable: 0 });
    assert_eq!(usual.processes, Some(Processes { alive: 1, started: 2 }));
    assert_eq!(usual.duration.unwrap().of, 5);
    let broken = function(&after, "Broken");
    assert_eq!((broken.invocations, broken.errors.crashed, broken.duration), (1, 1, None));
    assert_eq!(broken.processes, Some(Processes { alive: 0, started: 1 }));
    let impatient = function(&after, "Impatient");
    assert_eq!((impatient.invocations, impatient.errors.timed_out), (1, 1));
    assert!(impatient.duration.unwrap().p50 >= 1000.0);
    let single = function(&after, "Single");
    assert_eq!((single.invocations, single.errors.total(), single.throttles, single.in_flight), (1, 0, 1, 0));
    assert!((300.0..1000.0).contains(&single.duration.unwrap().max), "{:?}", single.duration);
    let expected = Statuses { success: 4, client_error: 1, server_error: 6, ..Statuses::default() };
    assert_eq!(after.http.requests, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn printed_metrics_are_summed_and_logged_as_text() {
    let cloud = Cloud::start("http.yaml").await;
    let document = |sent: u32, millis: &[f64]| {
        let metrics = [json!({ "Name": "Sent", "Unit": "Count" }), json!({ "Name": "Ms", "Unit": "Milliseconds" })];
        let directives = [json!({ "Namespace": "app", "Dimensions": [[]], "Metrics": metrics })];
        let aws = json!({ "Timestamp": 1_763_848_800_000_u64, "CloudWatchMetrics": directives });
        json!({ "_aws": aws, "route": "POST /x", "code": null, "Sent": sent, "Ms": millis }).to_string()
    };
    let broken = r#"{"_aws":{"Timestamp":1},"Sent":1}"#;
    for line in [&document(1, &[2.5]), broken, &document(2, &[1.0, 4.0]), "plain"] {
        cloud.request("POST", "/print", &[], line.to_owned()).await;
    }
    let is_log = |event: &Event, wanted: &str| matches!(event, Event::Log { function, line } if function == "Function" && line == wanted);
    for line in [r#"route="POST /x" Sent=1 Ms=2.5"#, broken, r#"route="POST /x" Sent=2 Ms=[1.0,4.0]"#, "plain"] {
        until(|| cloud.events().iter().any(|event| is_log(event, line))).await;
    }
    let metric = |name: &str, unit: &str, count, sum, max| MetricCounts {
        namespace: "app".to_owned(),
        name: name.to_owned(),
        unit: Some(unit.to_owned()),
        count,
        sum,
        max,
    };
    let expected = [metric("Ms", "Milliseconds", 3, 7.5, 4.0), metric("Sent", "Count", 2, 3.0, 2.0)];
    assert_eq!(snapshot(&cloud).await.metrics, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_frames_and_posts_are_counted() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut kept = cloud.open().await;
    let mut left = cloud.open().await;
    let (kept_id, left_id) = (kept.id().await, left.id().await);
    assert!(cloud.connect("?connect=refuse", &[]).await.is_err());
    assert_eq!(snapshot(&cloud).await.websocket.connections, 2);
    assert_eq!(cloud.manage("POST", &kept_id, "hello").await.status, StatusCode::OK);
    kept.text().await;
    left.stream.close(None).await.unwrap();
    cloud.wait_for_lines("disconnected ", 1).await;
    assert_eq!(cloud.manage("POST", &left_id, "hello").await.status, StatusCode::GONE);
    assert_eq!(cloud.manage("GET", &left_id, "").await.status, StatusCode::GONE);

    let counts = snapshot(&cloud).await.websocket;
    assert_eq!((counts.connections, counts.frames), (1, 2));
    assert_eq!(counts.handshakes, Statuses { informational: 2, client_error: 1, ..Statuses::default() });
    assert_eq!(counts.posts, Posts { delivered: 1, gone: 1, throttled: 0, refused: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_functions_are_counted_without_processes() {
    let url = crate::lambda::watch().await;
    let cloud = Cloud::start_with("http.yaml", |options| options.lambda = Lambda::Endpoint(url)).await;
    cloud.get("/anything").await;
    cloud.get("/fail").await;
    let snapshot = snapshot(&cloud).await;
    let function = function(&snapshot, "Function");
    assert_eq!((snapshot.runner, function.processes), (Runner::Endpoint, None));
    assert_eq!((function.invocations, function.errors.answered, function.in_flight), (2, 1, 0));
    assert_eq!(function.duration.unwrap().of, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_endpoint_is_counted() {
    let unreachable = Lambda::Endpoint("http://127.0.0.1:1".to_owned());
    let cloud = Cloud::start_with("http.yaml", |options| options.lambda = unreachable).await;
    cloud.get("/anything").await;
    let snapshot = snapshot(&cloud).await;
    let function = function(&snapshot, "Function");
    assert_eq!((function.invocations, function.errors.unreachable), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_is_only_for_local_programs() {
    let cloud = Cloud::start("http.yaml").await;
    let url = format!("{}/metrics", cloud.cloud().metrics_url());
    for (name, value) in [("host", "evil.example"), ("origin", "http://evil.example")] {
        assert_eq!(send("GET", &url, &[(name, value)], "").await.status, StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(send("POST", &url, &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    // The snapshot has only names and numbers, and no content of requests.
    cloud.get("/one?secret=xyzzy").await;
    let answer = send("GET", &url, &[], "").await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("xyzzy"));
    let members: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["functions", "http", "metrics", "runner", "startedAt", "tables", "uptimeMs", "websocket"]);
    let unknown =
        Value::from_iter(answer.json().as_object().unwrap().clone().into_iter().chain([("x".into(), json!(1))]));
    assert!(serde_json::from_value::<Snapshot>(unknown).is_err(), "the types reject unknown fields");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/templates/http.yaml");
    let mut options = Options::new(template, Ports::bind(0, 0).await.unwrap());
    options.metrics_port = port;
    let Err(error) = LocalCloud::start(options).await else { panic!("the port is taken") };
    assert!(matches!(error, Error::PortTaken { port: named } if named == port), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn consumed_capacity_is_counted_by_table() {
    let cloud = Cloud::start("tables.yaml").await;
    assert_eq!(snapshot(&cloud).await.tables, Some(vec![]));
    let client = crate::dynamodb::client(cloud.cloud().dynamodb_endpoint());
    let put = || {
        let key = client.put_item().table_name("items").item("pk", AttributeValue::S("a".into()));
        // 3 KB cost 3 write units and 1 read unit.
        key.item("sk", AttributeValue::N("1".into())).item("text", AttributeValue::S("x".repeat(2500)))
    };
    put().send().await.unwrap();
    let written = put().return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    let scan = client.scan().table_name("items").consistent_read(true);
    let read = scan.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await.unwrap();
    let units = |consumed: Option<&ConsumedCapacity>| consumed.and_then(ConsumedCapacity::capacity_units).unwrap();
    let (read_units, write_units) = (units(read.consumed_capacity()), units(written.consumed_capacity()));
    assert!(read_units > 0.0 && write_units > 0.0 && read_units != write_units, "{read_units} {write_units}");
    let expected = TableCounts { name: "items".to_owned(), calls: 2, read_units, write_units };
    assert_eq!(snapshot(&cloud).await.tables, Some(vec![expected]));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_endpoint_are_not_counted() {
    let elsewhere = Cloud::start("tables.yaml").await;
    let endpoint = DynamoDb::Endpoint(elsewhere.cloud().dynamodb_endpoint().to_owned());
    let cloud = Cloud::start_with("tables.yaml", |options| options.dynamodb = endpoint).await;
    assert_eq!(snapshot(&cloud).await.tables, None);
}
