use std::collections::BTreeSet;

use axum::http::StatusCode;
use local_cloud::{Error, Event, Lambda, LocalCloud, Options, Ports};
use serde_json::json;

use crate::support::{Cloud, programs, send, template, until};

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_successive_invocations() {
    let cloud = Cloud::start("http.yaml").await;
    let first = cloud.get("/one").await.json();
    let second = cloud.get("/two").await.json();
    assert_eq!(first["pid"], second["pid"]);
    assert_eq!((&first["calls"], &second["calls"]), (&1.into(), &2.into()));
    assert_eq!(first["arn"], "arn:aws:lambda:us-east-1:000000000000:function:local-Function");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_invocations_use_separate_processes() {
    let cloud = Cloud::start_with("http.yaml", |options| options.limits.processes = 3).await;
    let path = "/x/pause";
    // Five concurrent invocations on three processes: two of them wait for a free process.
    let pids: BTreeSet<_> = futures_util::future::join_all((0..5).map(|_| cloud.get("/pause")))
        .await
        .iter()
        .map(|a| a.json()["pid"].to_string())
        .collect();
    assert_eq!(pids.len(), 1, "Single has one process");
    let hanging = futures_util::future::join_all((0..5).map(|_| cloud.get(path))).await;
    let pids: BTreeSet<_> = hanging.iter().map(|answer| answer.json()["pid"].to_string()).collect();
    assert!(pids.len() <= 3, "{pids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invocation_without_a_free_process_is_throttled() {
    let cloud = Cloud::start_with("http.yaml", |options| options.limits.throttle = std::time::Duration::ZERO).await;
    let (first, second) = tokio::join!(cloud.get("/pause"), cloud.get("/pause"));
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]);
    let throttled =
        |event: &Event| matches!(event, Event::InvocationFailed { reason, .. } if reason == "Rate Exceeded.");
    assert!(cloud.events().iter().any(throttled));
}

/// The test function as one program that serves every function.
fn one_program() -> Lambda {
    let program = programs().join(format!("function{}", std::env::consts::EXE_SUFFIX));
    Lambda::OneProgram { program, arguments: vec!["serve".to_owned(), "--as".to_owned()] }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_gets_the_name_of_its_function() {
    let cloud = Cloud::start_with("one-program.yaml", |options| options.lambda = one_program()).await;
    let (first, second) = (cloud.get("/first").await.json(), cloud.get("/second").await.json());
    assert_eq!(first["arguments"], json!(["serve", "--as", "first"]));
    assert_eq!(second["arguments"], json!(["serve", "--as", "second"]));
    assert_ne!(first["pid"], second["pid"]);
    let built = |event: &Event| matches!(event, Event::Building | Event::BuildOutput(_) | Event::Built { .. });
    assert!(!cloud.events().iter().any(built), "{:?}", cloud.events());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_requires_a_binary_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("template.yaml");
    let whole = std::fs::read_to_string(template("one-program.yaml")).unwrap();
    std::fs::write(&file, whole.replace(", BuildProperties: {Binary: second}", "")).unwrap();
    let mut options = Options::new(file, Ports::bind(0, 0).await.unwrap());
    options.lambda = one_program();
    let Err(error) = LocalCloud::start(options).await else { panic!("it started") };
    assert!(matches!(&error, Error::NoBinary { function, .. } if function == "Second"), "{error}");
    assert!(error.to_string().starts_with("Second: BuildProperties.Binary is missing"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn environment_comes_from_lambda_the_template_and_the_caller() {
    let cloud = Cloud::start_with("http.yaml", |options| {
        options.environment.insert("SHARED".into(), "options".into());
    })
    .await;
    let answer = cloud.get("/environment").await.json();
    let environment = &answer["environment"];
    for (name, value) in [
        ("OWN", "template"),
        ("SHARED", "options"),
        ("AWS_LAMBDA_FUNCTION_NAME", "local-Function"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/local-Function"),
        ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", cloud.cloud().dynamodb_endpoint()),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    // No variable of the developer's environment.
    for name in ["AWS_PROFILE", "CARGO_MANIFEST_DIR", "HOME", "USER"] {
        assert!(environment.get(name).is_none(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_is_an_error_and_the_next_invocation_gets_a_new_process() {
    let cloud = Cloud::start("http.yaml").await;
    let before = cloud.get("/one").await.json();
    let crashed = cloud.get("/exit").await;
    assert_eq!(crashed.status, StatusCode::INTERNAL_SERVER_ERROR);
    let is_failure = |event: &Event| {
        matches!(event, Event::InvocationFailed { function, reason }
        if function == "Function" && reason.starts_with("Runtime.ExitError") && reason.contains('7'))
    };
    assert!(cloud.events().iter().any(is_failure), "{:?}", cloud.events());
    let after = cloud.get("/one").await.json();
    assert_ne!(before["pid"], after["pid"]);
    assert_eq!(after["calls"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn function_that_times_out_is_ended() {
    let cloud = Cloud::start("http.yaml").await;
    let before = cloud.get("/alive").await.json();
    assert_eq!(cloud.get("/hang").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let is_failure = |event: &Event| {
        matches!(event, Event::InvocationFailed { reason, .. }
        if reason.starts_with("Sandbox.Timedout") && reason.ends_with("Task timed out after 1.00 seconds"))
    };
    assert!(cloud.events().iter().any(is_failure), "{:?}", cloud.events());
    assert_ne!(before["pid"], cloud.get("/alive").await.json()["pid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn function_that_does_not_start_reports_its_error() {
    let cloud = Cloud::start("http.yaml").await;
    assert_eq!(cloud.get("/broken").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let is_start_error = |event: &Event| {
        matches!(event, Event::Log { function, line }
        if function == "Broken" && line.contains("this function does not start"))
    };
    until(|| cloud.events().iter().any(is_start_error)).await;
    let failed = |event: &Event| {
        matches!(event, Event::InvocationFailed { function, reason }
        if function == "Broken" && reason.starts_with("Runtime.ExitError"))
    };
    assert!(cloud.events().iter().any(failed));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_all_processes() {
    let mut cloud = Cloud::start("http.yaml").await;
    let pid = cloud.get("/one").await.json()["pid"].to_string();
    let process = std::path::Path::new("/proc").join(pid);
    assert!(process.exists());
    cloud.shutdown().await;
    assert!(!process.exists());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn drop_ends_all_processes() {
    let cloud = Cloud::start("http.yaml").await;
    let pid = cloud.get("/one").await.json()["pid"].to_string();
    let process = std::path::Path::new("/proc").join(pid);
    drop(cloud);
    until(|| !process.exists()).await;
}

/// A server like `cargo lambda watch`: Lambda's Invoke API, by the name of the program.
pub(crate) async fn watch() -> String {
    use axum::{Json, Router, extract::Path, http::HeaderMap, response::IntoResponse, routing::post};
    let invoke = |Path(name): Path<String>, Json(event): Json<serde_json::Value>| async move {
        if event["rawPath"] == "/fail" {
            let headers =
                HeaderMap::from_iter([("x-amz-function-error".parse().unwrap(), "Unhandled".parse().unwrap())]);
            let body = serde_json::json!({ "errorType": "Error", "errorMessage": "it failed" });
            return (headers, Json(body)).into_response();
        }
        Json(serde_json::json!({ "served": name })).into_response()
    };
    let router = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn cargo_lambda_watch_can_run_the_functions() {
    let url = watch().await;
    let cloud = Cloud::start_with("http.yaml", |options| options.lambda = Lambda::Endpoint(url)).await;
    assert_eq!(cloud.get("/anything").await.json()["served"], "function");
    assert_eq!(cloud.get("/fail").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let is_failure =
        |event: &Event| matches!(event, Event::InvocationFailed { reason, .. } if reason == "Error: it failed");
    assert!(cloud.events().iter().any(is_failure));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_invocation_names_an_endpoint_that_does_not_answer() {
    let cloud = Cloud::start_with("http.yaml", |options| {
        options.lambda = Lambda::Endpoint("http://127.0.0.1:1".into());
    })
    .await;
    assert_eq!(cloud.get("/anything").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let is_failure = |event: &Event| matches!(event, Event::InvocationFailed { reason, .. } if reason.contains("http://127.0.0.1:1/"));
    assert!(cloud.events().iter().any(is_failure), "{:?}", cloud.events());
}

#[tokio::test(flavor = "multi_thread")]
async fn runtime_api_refuses_unknown_ids() {
    let cloud = Cloud::start("http.yaml").await;
    let environment = cloud.get("/environment").await.json()["environment"].clone();
    let api = environment["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap();
    let answer = send("POST", &format!("{api}/2018-06-01/runtime/invocation/unknown/response"), &[], "{}").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
