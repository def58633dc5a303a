//! Who may talk to what listens here: programs on this machine, and pages that it serves to itself.
//!
//! A page from anywhere can make a browser send requests to 127.0.0.1, and by DNS rebinding (a name of its own that
//! comes to mean 127.0.0.1) even read the answers. Such requests name that page's host.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// An axum middleware that answers 403 to a request for another host than this machine.
pub async fn local_only(request: Request, next: Next) -> Response {
    if is_for_this_machine(request.headers()) { next.run(request).await } else { forbidden() }
}

/// The same, and 403 to whatever comes from a page at all: for what no page has business with.
pub(crate) async fn no_page(request: Request, next: Next) -> Response {
    let from_page = request.headers().contains_key(header::ORIGIN);
    if from_page || !is_for_this_machine(request.headers()) { forbidden() } else { next.run(request).await }
}

/// Whether the `Host` is localhost or a loopback address. One that is missing (HTTP/1.0) is no browser's.
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
    let body = r#"{"message":"Forbidden: this serves 127.0.0.1 and localhost only"}"#;
    (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_served() {
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
