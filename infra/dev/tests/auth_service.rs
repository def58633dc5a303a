//! The stand-in Auth Service answers pages of this machine, and no others.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use dev::auth_service::AuthService;
use reqwest::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use reqwest::{Client, Method, Response};

fn header(response: &Response, name: impl reqwest::header::AsHeaderName) -> Option<String> {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
}

/// What a browser sends for `fetch(url, {method: "POST", headers: {"content-type": "application/json"}, body})`: the
/// preflight, and the request if it is allowed. None if the browser refuses the page the answer.
async fn fetch_token(auth: &AuthService, origin: &str) -> Option<Response> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (client, url) = (Client::builder().no_proxy().build().unwrap(), format!("{}/token", auth.url()));
    let preflight = client.request(Method::OPTIONS, &url).header(ORIGIN, origin);
    let preflight = preflight.header(ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let preflight = preflight.header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,baggage,content-type");
    let preflight = preflight.send().await.unwrap();
    if header(&preflight, ACCESS_CONTROL_ALLOW_ORIGIN)? != origin {
        return None;
    }
    assert!(preflight.status().is_success());
    assert!(header(&preflight, ACCESS_CONTROL_ALLOW_METHODS).unwrap().contains("POST"));
    assert_eq!(header(&preflight, ACCESS_CONTROL_ALLOW_HEADERS).unwrap(), "authorization,baggage,content-type");
    let post = client.post(&url).header(ORIGIN, origin).header("content-type", "application/json");
    let answer = post.body(r#"{"userId":"alice"}"#).send().await.unwrap();
    (header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN)? == origin).then_some(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn page_on_this_machine_gets_its_first_token() {
    let auth = AuthService::start(0, None).await.unwrap();
    for origin in ["http://localhost:5173", "http://127.0.0.1:8080", "http://[::1]:3000", "https://localhost"] {
        let answer = fetch_token(&auth, origin).await.unwrap_or_else(|| panic!("{origin} gets no answer"));
        assert!(answer.status().is_success(), "{origin}");
        assert!(answer.text().await.unwrap().contains(r#""token":""#), "{origin}");
    }
    for origin in ["https://evil.example", "http://localhost.evil.example", "null", "http://192.168.1.2:5173"] {
        assert!(fetch_token(&auth, origin).await.is_none(), "{origin}");
    }
}
