//! Restricts the servers to programs and pages of this machine.
//!
//! Any web page can make a browser send requests to 127.0.0.1. By DNS rebinding (the page's own host name resolves to
//! 127.0.0.1), it can even read the answers. The `Host` of such requests is the page's host.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// An axum middleware that answers 403 if the request's `Host` is not this machine.
pub async fn local_only(request: Request, next: Next) -> Response {
    if is_for_this_machine(request.headers()) { next.run(request).await } else { forbidden() }
}

/// Like [`local_only`], and answers 403 to every request from a web page. For servers that no page needs.
pub(crate) async fn no_page(request: Request, next: Next) -> Response {
    let from_page = request.headers().contains_key(header::ORIGIN);
    if from_page || !is_for_this_machine(request.headers()) { forbidden() } else { next.run(request).await }
}

/// Whether the `Host` is localhost or a loopback address. A missing one is accepted: no browser omits it.
fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    host.to_str().is_ok_and(is_this_machine)
}

/// Whether a page is from a server on this machine: its `Origin` is http or https, with localhost or a loopback address
/// and any port. A page in a file is not, because its origin is `null`.
#[must_use]
pub fn is_local_origin(origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some_and(is_this_machine)
}

/// Whether `host`, with a port or without, is localhost or a loopback address.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn forbidden() -> Response {
    let body = r#"{"message":"Forbidden: this server only accepts the hosts 127.0.0.1 and localhost"}"#;
    (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_hosts_are_accepted() {
        let is_local = |host: &str| is_for_this_machine(&HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]));
        for host in ["127.0.0.1", "127.0.0.1:3000", "localhost", "LOCALHOST:1", "[::1]:3000", "127.1.2.3:80"] {
            assert!(is_local(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:3000", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example:1", ""]
        {
            assert!(!is_local(host), "{host}");
        }
        assert!(is_for_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn only_pages_from_this_machine_are_local() {
        let is_local = |origin: &'static str| is_local_origin(&HeaderValue::from_static(origin));
        for origin in [
            "http://localhost:5173",
            "http://127.0.0.1",
            "https://localhost",
            "http://[::1]:8080",
            "http://127.9.9.9:1",
        ] {
            assert!(is_local(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "localhost:5173",
            "http://evil.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example:80",
            "http://192.168.0.1:5173",
            "file://localhost",
        ] {
            assert!(!is_local(origin), "{origin}");
        }
    }
}
