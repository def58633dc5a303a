//! The handshake of a socket: authorizer, `$connect`, status 101.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    Gateway, authorizer, connection,
    event::{self, Handshake},
    messages::{Failure, integrate},
    refusal,
    registry::Connection,
};
use crate::ids;

/// Answers a handshake. Run it in a task of its own: even if the client leaves during the handshake, a connection with
/// a successful `$connect` must get its `$disconnect`.
pub(super) async fn accept(gateway: Arc<Gateway>, client: SocketAddr, mut request: Request) -> Response {
    let alive = gateway.lifetime.alive.upgrade();
    let upgrade = hyper::upgrade::on(&mut request);
    let (request, _) = request.into_parts();
    let header = |name: HeaderName| request.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(key) = header(header::SEC_WEBSOCKET_KEY).filter(|_| request.method == Method::GET) else {
        return refusal(StatusCode::BAD_REQUEST, "Bad Request", &[]);
    };
    if header(header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return refusal(StatusCode::UPGRADE_REQUIRED, "Upgrade Required", &[]);
    }
    let accept_key = derive_accept_key(key.as_bytes());
    let host = header(header::HOST).unwrap_or("localhost").to_owned();
    let user_agent = header(header::USER_AGENT).map(str::to_owned);
    let (mut connection, queue) = Connection::new(client.ip().to_string(), user_agent, host);
    let handshake = Handshake::new(&request.headers, &request.uri, &connection);
    let request_id = ids::gateway();

    if let Some(authorizer) = &gateway.api.authorizer {
        match authorizer::ask(&gateway, authorizer, &connection, &handshake).await {
            Ok(context) => connection.authorizer = context,
            Err((status, message)) => {
                return refusal(status, message, &[("connectionId", &connection.id), ("requestId", &request_id)]);
            }
        }
    }
    let mut response = Response::new(Body::empty());
    if let Some(route) = gateway.api.routes.get("$connect") {
        let event = event::connect(&gateway.api, &connection, &handshake, &request_id);
        let refused =
            |status, message| refusal(status, message, &[("connectionId", &connection.id), ("requestId", &request_id)]);
        let answer = match integrate(&gateway, route, &event).await {
            Ok(answer) => answer,
            Err(Failure::TimedOut) => return refused(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
            Err(Failure::Failed) => return refused(StatusCode::BAD_GATEWAY, "Internal server error"),
        };
        if !answer.status.is_success() {
            let mut response = Response::new(Body::from(answer.body.unwrap_or_default()));
            *response.status_mut() = answer.status;
            return response;
        }
        for (name, value) in answer.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
    }

    let connection = Arc::new(connection);
    // Register the connection before the 101, because a function may post as soon as the client has the answer.
    gateway.registry.insert(connection.clone());
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => connection::run(&gateway, &connection, queue, TokioIo::new(upgraded), alive).await,
            Err(error) => {
                tracing::debug!(%error, "the client left before the handshake was complete");
                connection::finish(&gateway, &connection, &connection::End::lost(), alive).await;
            }
        }
    });
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept_key) = HeaderValue::try_from(accept_key) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept_key);
    }
    response
}
