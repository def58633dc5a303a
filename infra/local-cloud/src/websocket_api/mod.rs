//! An API Gateway WebSocket API: sockets and `@connections` on one port.
//!
//! Source: Amazon API Gateway Developer Guide, "Working with WebSocket APIs".

mod authorizer;
mod connection;
mod event;
mod handshake;
mod management;
mod messages;
mod policy;
mod registry;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};

use crate::{Limits, guard, lambda::Functions, metrics::Metrics, ports::without_delay, template::WebSocketApi};
use registry::Registry;

/// The API, and the state that its connections share.
struct Gateway {
    api: WebSocketApi,
    functions: Arc<Functions>,
    limits: Limits,
    registry: Registry,
    metrics: Arc<Metrics>,
    lifetime: Lifetime,
}

/// Signals the connections to end, and shows when they have ended.
pub(crate) struct Lifetime {
    pub(crate) stopped: watch::Receiver<bool>,
    /// Every connection holds a sender until its `$disconnect` is done. The channel closes when the last one has ended.
    pub(crate) alive: mpsc::WeakSender<()>,
}

/// Serves the API until the task is aborted. Connections end when the lifetime's `stopped` is true.
pub(crate) async fn serve(
    listener: TcpListener,
    api: WebSocketApi,
    functions: Arc<Functions>,
    limits: Limits,
    metrics: Arc<Metrics>,
    lifetime: Lifetime,
) {
    let registry = Registry::new(metrics.clone());
    let gateway = Arc::new(Gateway { api, functions, limits, registry, metrics, lifetime });
    let router = Router::new().fallback(handle).with_state(gateway).layer(from_fn(guard::local_only));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(without_delay(listener), service).await {
        tracing::error!(%error, "the WebSocket API has stopped: restart the local cloud");
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let below = path.trim_start_matches('/');
    // With a custom domain, the path has no stage.
    let below = match below.strip_prefix(gateway.api.stage.as_str()) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => below,
    };
    if let Some(id) = below.strip_prefix("@connections/") {
        let id = percent_decode_str(id).decode_utf8_lossy().into_owned();
        return management::handle(&gateway, &id, request).await;
    }
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    match (below, upgrade) {
        ("", Some(protocol)) if protocol.eq_ignore_ascii_case("websocket") => {
            let accepted = tokio::spawn(handshake::accept(gateway.clone(), client, request)).await;
            let answer = accepted
                .unwrap_or_else(|_ended| refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error", &[]));
            gateway.metrics.websocket.handshake(answer.status());
            answer
        }
        _ => refusal(StatusCode::FORBIDDEN, "Forbidden", &[]),
    }
}

/// API Gateway's own error answer over HTTP.
fn refusal(status: StatusCode, message: &str, ids: &[(&str, &str)]) -> Response {
    let mut body = json!({ "message": message });
    for (name, id) in ids {
        body[*name] = (*id).into();
    }
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
