//! `@connections`: posts to a connection, describes it, and closes it.
//!
//! Source: API Gateway Developer Guide, "Use @connections commands in your backend service", and the model of the
//! API Gateway Management API for the errors. A request must be signed, but the signature is not checked.

use std::sync::atomic::Ordering;

use axum::{
    extract::Request,
    http::{HeaderName, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Gateway, messages::frames, registry::Undelivered};
use crate::ids;

pub(super) async fn handle(gateway: &Gateway, id: &str, request: Request) -> Response {
    let method = request.method().clone();
    let response = answer(gateway, id, &method, request).await;
    if method == Method::POST {
        gateway.metrics.websocket.post(response.status());
    }
    response
}

async fn answer(gateway: &Gateway, id: &str, method: &Method, request: Request) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !authorization.is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 ")) {
        let kind = "MissingAuthenticationTokenException";
        return error(StatusCode::FORBIDDEN, kind, "Missing Authentication Token");
    }
    // Read the body first, as API Gateway does: a too large payload is answered with 413 even if the connection is
    // gone.
    let Some(body) = crate::body::read(request.into_body(), gateway.limits.message).await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", "Message too long");
    };
    let gone = || error(StatusCode::GONE, "GoneException", "Gone");
    let Some(connection) = gateway.registry.get(id) else { return gone() };
    match *method {
        Method::POST => match connection.try_send(frames(body.to_vec(), &gateway.limits)) {
            Ok(()) => StatusCode::OK.into_response(),
            Err(Undelivered::Gone) => gone(),
            Err(Undelivered::BufferFull) => {
                error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", "Too Many Requests")
            }
        },
        Method::GET => {
            let identity = json!({
                "sourceIp": connection.source_ip,
                "userAgent": connection.user_agent.clone().unwrap_or_default(),
            });
            let body = json!({
                "connectedAt": ids::iso_time(connection.connected_at),
                "identity": identity,
                "lastActiveAt": ids::iso_time(connection.last_active.load(Ordering::Relaxed)),
            });
            ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
        }
        Method::DELETE => {
            gateway.registry.remove(id);
            connection.end();
            StatusCode::NO_CONTENT.into_response()
        }
        _ => error(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"),
    }
}

fn error(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (HeaderName::from_static("x-amzn-errortype"), kind)];
    (status, headers, json!({ "message": message }).to_string()).into_response()
}
