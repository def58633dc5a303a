//! Turns a function's answer into an HTTP response, and builds the gateway's own responses.
//!
//! Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs", format 2.0.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// Headers of the connection. The gateway sets them, so a function's values are ignored.
const CONNECTION_HEADERS: &[HeaderName] =
    &[header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE];

/// `{"message": ..}`, the format of API Gateway's own responses.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (status, headers, json!({ "message": text }).to_string()).into_response()
}

/// An answer with a `statusCode` is a whole response. Other JSON is the body of a response with status 200.
pub(super) fn outgoing(payload: &[u8]) -> Response {
    let malformed = || message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    match serde_json::from_slice::<Value>(payload) {
        Ok(Value::Object(fields)) if fields.contains_key("statusCode") => structured(&fields).unwrap_or_else(malformed),
        Ok(_) => ([(header::CONTENT_TYPE, "application/json")], payload.to_vec()).into_response(),
        Err(_) => malformed(),
    }
}

fn structured(fields: &Map<String, Value>) -> Option<Response> {
    let status = match fields.get("statusCode")? {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let body = match fields.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => match fields.get("isBase64Encoded").and_then(Value::as_bool) {
            Some(true) => STANDARD.decode(text).ok()?,
            _ => text.clone().into_bytes(),
        },
        Some(_) => return None,
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    let headers = response.headers_mut();
    for (name, value) in fields.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        if !CONNECTION_HEADERS.contains(&name) {
            headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
    }
    for cookie in fields.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(header::SET_COOKIE, HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    let plain = HeaderValue::from_static("text/plain;charset=UTF-8");
    headers.entry(header::CONTENT_TYPE).or_insert(plain);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_without_status_is_the_body() {
        let response = outgoing(br#"{"hello":"there"}"#);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    }

    #[test]
    fn response_has_status_headers_and_cookies() {
        let response = outgoing(
            br#"{"statusCode":201,"headers":{"X-Number":7,"content-length":"99"},"cookies":["a=1","b=2"],"body":"aGk=","isBase64Encoded":true}"#,
        );
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["x-number"], "7");
        assert!(!response.headers().contains_key(header::CONTENT_LENGTH));
        assert_eq!(response.headers().get_all(header::SET_COOKIE).iter().count(), 2);
    }

    #[test]
    fn malformed_answer_is_a_server_error() {
        for payload in
            [r#"{"statusCode":"many"}"#, r#"{"statusCode":200,"body":{}}"#, r#"{"statusCode":7}"#, "nonsense"]
        {
            assert_eq!(outgoing(payload.as_bytes()).status(), StatusCode::INTERNAL_SERVER_ERROR, "{payload}");
        }
    }
}
