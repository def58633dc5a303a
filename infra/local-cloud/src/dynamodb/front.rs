//! A proxy before the embedded engine. It forwards requests of programs, and refuses requests of web pages.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, Uri, response::Parts, uri::Scheme},
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;

use crate::{guard, metrics::TableMeter, ports::without_delay};

#[derive(Clone)]
struct Engine {
    client: Client<HttpConnector, Body>,
    address: SocketAddr,
    meter: Arc<TableMeter>,
}

/// Serves until the task is aborted.
pub(super) async fn serve(listener: TcpListener, address: SocketAddr, meter: Arc<TableMeter>) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let engine = Engine { client: Client::builder(TokioExecutor::new()).build(connector), address, meter };
    let router = Router::new().fallback(forward).with_state(engine).layer(from_fn(guard::no_page));
    if let Err(error) = axum::serve(without_delay(listener), router).await {
        tracing::error!(%error, "the proxy of the embedded DynamoDB has stopped: restart the local cloud");
    }
}

async fn forward(State(engine): State<Engine>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(engine.address.to_string()).path_and_query(path).build();
    let Ok(uri) = uri else { return StatusCode::BAD_REQUEST.into_response() };
    *request.uri_mut() = uri;
    // The header is, for example, `DynamoDB_20120810.GetItem`.
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.')).map(|(_, operation)| operation.to_owned());
    match ask_engine(&engine, request).await {
        Ok((parts, body)) => {
            if let Some(operation) = operation.filter(|_| parts.status.is_success()) {
                engine.meter.answered(&operation, &body);
            }
            Response::from_parts(parts, Body::from(body))
        }
        Err(error) => {
            tracing::error!(%error, "the embedded DynamoDB engine did not answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The engine's answer with the whole body. DynamoDB's own limit is 16 MB.
async fn ask_engine(
    engine: &Engine,
    request: Request,
) -> Result<(Parts, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = engine.client.request(request).await?.into_parts();
    Ok((parts, axum::body::to_bytes(Body::new(body), usize::MAX).await?))
}
