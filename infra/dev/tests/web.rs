//! The running local cloud serves the web client, and tells it the addresses of the system.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use dev::cloud::{Cloud, Setup};
use local_cloud::Lambda;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Starts the system with these parameters. The tests invoke no function.
async fn start(parameters: &[(&str, &str)]) -> Cloud {
    let mut setup = Setup::new(Lambda::Endpoint("http://127.0.0.1:1".to_owned()), Arc::new(|_| {}));
    setup.parameters.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Cloud::start(setup).await.unwrap()
}

/// An answer: its status line, its headers in lower case, and its body.
struct Answer {
    status: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// The only header with this name.
    fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value).collect();
        assert_eq!(values.len(), 1, "{name} in {:?}", self.headers);
        values[0]
    }
}

/// Sends a request with the path as it is: a library would resolve its dots.
async fn request(cloud: &Cloud, method: &str, path: &str) -> Answer {
    let mut stream = TcpStream::connect(cloud.local.http_url().strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(format!("{method} {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    };
    Answer { status, headers: lines.map(header).collect(), body: body.to_owned() }
}

async fn config(cloud: &Cloud) -> Value {
    let answer = request(cloud, "GET", "/config.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_is_at_the_root_and_may_call_only_this_system() {
    let cloud = start(&[]).await;
    let answer = request(&cloud, "GET", "/?as=alice").await;
    assert_eq!(answer.status, "HTTP/1.0 200 OK");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value);
    }
    let permissions: Vec<_> = answer.header("permissions-policy").split(", ").collect();
    let allowed: Vec<_> = permissions.iter().filter(|permission| !permission.ends_with("=()")).collect();
    assert_eq!(allowed, [&"microphone=(self)"]);
    let policy = answer.header("content-security-policy");
    let (http, bucket, auth) = (cloud.local.http_url(), cloud.local.s3_endpoint(), cloud.auth.url());
    let websocket = cloud.local.websocket_url().strip_suffix("/live").unwrap();
    let connect = format!("; connect-src 'self' {http} {websocket} {auth} {bucket};");
    assert!(policy.contains(&connect), "{policy}");
    assert!(policy.ends_with("; require-trusted-types-for 'script'; trusted-types 'none'"), "{policy}");

    let head = request(&cloud, "HEAD", "/").await;
    assert_eq!((head.status.as_str(), head.body.as_str()), ("HTTP/1.0 200 OK", ""));
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_has_the_addresses_of_the_running_system() {
    let cloud = start(&[]).await;
    let expected = json!({
        "httpUrl": cloud.local.http_url(),
        "webSocketUrl": cloud.local.websocket_url(),
        "devTokenUrl": format!("{}/token", cloud.auth.url()),
    });
    assert_eq!(config(&cloud).await, expected);
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stand_in_issues_no_tokens_for_a_system_that_trusts_another_issuer() {
    let cloud = start(&[("AuthJwksUrl", "https://auth.example.com/jwks.json")]).await;
    assert_eq!(config(&cloud).await.get("devTokenUrl"), None);
    let policy = request(&cloud, "GET", "/config.json").await;
    assert!(!policy.header("content-security-policy").contains(&cloud.auth.url()));
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_files_are_not_served() {
    let cloud = start(&[]).await;
    for path in [
        "/Cargo.toml",
        "/web/../../Cargo.toml",
        "/web/../index.html",
        "/web/%2e%2e/web/index.html",
        "/web/%2E%2E%2Fweb%2Findex.html",
        "/web/..%2f..%2fREADME.md",
        "/javascript/src/..%5c..%5cpackage.json",
        "/web/package.json",
        "/web/index.html",
        "/web/does-not-exist.js",
    ] {
        let answer = request(&cloud, "GET", path).await;
        // The API's own answer to a path without a route.
        assert_eq!(
            (answer.status.as_str(), answer.body.as_str()),
            ("HTTP/1.0 404 Not Found", r#"{"message":"Not Found"}"#)
        );
    }
    let post = request(&cloud, "POST", "/").await;
    assert_eq!(post.status, "HTTP/1.0 404 Not Found");
    cloud.shutdown().await;
}
