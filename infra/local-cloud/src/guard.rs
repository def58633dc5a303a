//! Restricts the servers to programs and pages of this machine.
//!
//! Any web page can make a browser send requests to 127.0.0.1. By DNS rebinding (the page's own host name resolves to
//! 127.0.0.1), it can even read the answers. The `Host` of such requests is the page's host.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
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
    let Ok(host) = host.to_str() else { return false };
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
}
