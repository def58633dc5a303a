//! `GET /metrics` on a port of its own.

use std::sync::Arc;

use axum::{Json, Router, extract::State, middleware::from_fn, routing::get};
use tokio::net::TcpListener;

use super::{Metrics, Snapshot};
use crate::guard;

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let router = Router::new().route("/metrics", get(snapshot)).with_state(metrics).layer(from_fn(guard::no_page));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the server of the metrics has stopped: restart the local cloud");
    }
}

async fn snapshot(State(metrics): State<Arc<Metrics>>) -> Json<Snapshot> {
    Json(metrics.snapshot())
}
