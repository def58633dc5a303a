//! CORS (cross-origin resource sharing) of an API or a bucket.
//!
//! Source: API Gateway Developer Guide, "Configure CORS for HTTP APIs in API Gateway": preflights are answered without
//! the function, and the function's own CORS headers are replaced.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::Response,
};

use crate::template::Cors;

const HEADERS: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

pub(crate) fn preflight(cors: &Cors, request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Some(origin) = allowed(cors, request) {
        let headers = response.headers_mut();
        common(cors, origin, headers);
        put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods.join(","));
        put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers.join(","));
        if let Some(age) = cors.max_age {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, age.into());
        }
    }
    response
}

/// Whether a rule allows the request's origin and method. For a preflight, it checks the requested method and headers.
pub(crate) fn fits(rule: &Cors, method: &Method, request: &HeaderMap) -> bool {
    let requested = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok());
    let method = requested(header::ACCESS_CONTROL_REQUEST_METHOD).unwrap_or(method.as_str());
    let mut headers = requested(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default().split(',').map(str::trim);
    let allows = |header: &str| rule.headers.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(header));
    allowed(rule, request).is_some()
        && rule.methods.iter().any(|one| one == method)
        && headers.all(|header| header.is_empty() || allows(header))
}

/// Replaces the function's CORS headers with the gateway's.
pub(crate) fn apply(cors: &Cors, request: &HeaderMap, response: &mut HeaderMap) {
    for name in HEADERS {
        response.remove(name);
    }
    if let Some(origin) = allowed(cors, request) {
        common(cors, origin, response);
        put(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose.join(","));
    }
}

fn common(cors: &Cors, origin: HeaderValue, headers: &mut HeaderMap) {
    if origin != "*" {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if cors.credentials {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

/// The value of `Access-Control-Allow-Origin`. None if the request's origin is not allowed.
fn allowed(cors: &Cors, request: &HeaderMap) -> Option<HeaderValue> {
    let origin = request.get(header::ORIGIN)?;
    let text = origin.to_str().ok()?;
    let named = |allowed: &String| match allowed.strip_suffix('*') {
        // `http://localhost:*` stands for every port, also the default one, as in a Content-Security-Policy. API Gateway
        // knows only `https://*` and `http://*`, every origin of a scheme (as documented).
        Some(prefix) if prefix.ends_with(':') => {
            let port = text.strip_prefix(prefix);
            port.is_some_and(|port| port.parse::<u16>().is_ok()) || prefix.strip_suffix(':') == Some(text)
        }
        Some(prefix) if !prefix.is_empty() => text.starts_with(prefix),
        _ => allowed == text,
    };
    if cors.origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    cors.origins.iter().any(named).then(|| origin.clone())
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if !value.is_empty()
        && let Ok(value) = HeaderValue::from_str(value)
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_with_a_wildcard_port_allows_every_port() {
        let cors = Cors {
            origins: ["https://app.example", "http://localhost:*", "http://[::1]:*"].map(str::to_owned).into(),
            ..Cors::default()
        };
        let is_allowed = |origin: &str| {
            let request = HeaderMap::from_iter([(header::ORIGIN, origin.parse().unwrap())]);
            allowed(&cors, &request).is_some_and(|allowed| allowed == origin)
        };
        for origin in ["https://app.example", "http://localhost", "http://localhost:5173", "http://[::1]:80"] {
            assert!(is_allowed(origin), "{origin}");
        }
        for origin in [
            "https://app.example:8443",
            "https://localhost:5173",
            "http://localhost.evil.example",
            "http://localhost.evil.example:80",
            "http://localhost:5173.evil.example",
            "http://localhost:",
            "http://evil.example",
            "http://[::2]:80",
            "null",
        ] {
            assert!(!is_allowed(origin), "{origin}");
        }
    }
}
