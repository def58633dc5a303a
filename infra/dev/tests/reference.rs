//! The running local cloud serves the pages about both APIs.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use dev::cloud::{Cloud, Setup};
use dev::reference::PATH;
use local_cloud::{Event, Lambda};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The raw HTTP answer with its headers.
async fn get(url: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn running_cloud_serves_the_api_reference() {
    let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = warnings.clone();
    // The test invokes no function.
    let lambda = Lambda::Endpoint("http://127.0.0.1:1".to_owned());
    let output = Arc::new(move |event| {
        if let Event::Warning(text) = event {
            sink.lock().unwrap().push(text);
        }
    });
    let cloud = Cloud::start(Setup::new(lambda, output)).await.unwrap();
    let url = cloud.local.http_url();
    let page = get(url, PATH).await;
    assert!(page.starts_with("HTTP/1.0 200") && page.contains("id=\"swagger-ui\""), "{page}");
    // The browser refuses every address but this one.
    assert!(page.contains("connect-src 'self';") && page.contains("script-src 'self';"), "{page}");
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "http.js"] {
        assert!(page.contains(&format!("\"{PATH}/{file}\"")), "{file}: {page}");
        let answer = get(url, &format!("{PATH}/{file}")).await;
        let content_type = if file.ends_with(".css") { "text/css" } else { "text/javascript" };
        assert!(
            answer.starts_with("HTTP/1.0 200") && answer.contains(&format!("content-type: {content_type};")),
            "{file}"
        );
    }
    let page = get(url, &format!("{PATH}/websocket")).await;
    assert!(page.starts_with("HTTP/1.0 200") && page.contains("receipt.updated") && !page.contains("script-src"));
    for (file, start) in [("openapi.yaml", "openapi: 3.1.0"), ("asyncapi.yaml", "asyncapi: 3.0.0")] {
        let raw = get(url, &format!("{PATH}/{file}")).await;
        assert!(raw.starts_with("HTTP/1.0 200") && raw.contains(start), "{raw}");
    }
    let token = get(url, &format!("{PATH}/token/bob")).await;
    assert!(token.contains("\"userId\":\"bob\"") && !token.contains("access-control-allow-origin"), "{token}");
    // No page has the path of a route, which would cause a warning.
    assert_eq!(*warnings.lock().unwrap(), Vec::<String>::new());
    cloud.shutdown().await;
}
