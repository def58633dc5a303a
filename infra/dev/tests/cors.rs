//! Which pages may call the running local cloud.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use dev::cloud::{Cloud, Setup};
use local_cloud::Lambda;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Starts the system with these parameters. The tests invoke no function.
async fn start(parameters: &[(&str, &str)]) -> Cloud {
    let mut setup = Setup::new(Lambda::Endpoint("http://127.0.0.1:1".to_owned()), Arc::new(|_| {}));
    setup.parameters.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Cloud::start(setup).await.unwrap()
}

/// The head of the answer to a preflight, in lower case.
async fn preflight(url: &str, path: &str, method: &str, origin: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let request = format!(
        "OPTIONS {path} HTTP/1.0\r\norigin: {origin}\r\naccess-control-request-method: {method}\r\n\
         access-control-request-headers: content-type\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.to_ascii_lowercase()
}

/// Whether the HTTP API and the bucket allow this page. They must agree.
async fn is_allowed(cloud: &Cloud, origin: &str) -> bool {
    let http = preflight(cloud.local.http_url(), "/chats", "POST", origin).await;
    let object = format!("/{}/one", cloud.local.template().buckets[0].name);
    let bucket = preflight(cloud.local.s3_endpoint(), &object, "PUT", origin).await;
    let line = format!("access-control-allow-origin: {origin}\r\n");
    let [http, bucket] = [http, bucket].map(|answer| answer.contains(&line));
    assert_eq!(http, bucket, "{origin}");
    http
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_this_machine_is_allowed_by_default() {
    let cloud = start(&[]).await;
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        for scheme in ["http", "https"] {
            for port in ["", ":80", ":4200", ":5173", ":65535"] {
                let origin = format!("{scheme}://{host}{port}");
                assert!(is_allowed(&cloud, &origin).await, "{origin}");
            }
        }
    }
    for origin in ["https://evil.example", "http://localhost.evil.example:5173", "http://10.0.0.1:5173", "null"] {
        assert!(!is_allowed(&cloud, origin).await, "{origin}");
    }
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameter_replaces_the_default_origins() {
    let cloud = start(&[("CorsOrigins", "https://chat.example.com")]).await;
    assert!(is_allowed(&cloud, "https://chat.example.com").await);
    assert!(!is_allowed(&cloud, "http://localhost:5173").await);
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn allowed_headers_are_a_parameter() {
    let more = "authorization,content-type,baggage,traceparent";
    for (parameters, headers) in [(vec![], "authorization,content-type"), (vec![("CorsHeaders", more)], more)] {
        let cloud = start(&parameters).await;
        let answer = preflight(cloud.local.http_url(), "/chats", "POST", "http://localhost:5173").await;
        assert!(answer.contains(&format!("access-control-allow-headers: {headers}\r\n")), "{answer}");
        cloud.shutdown().await;
    }
}
