//! What stands before the embedded engine: it passes requests of programs on, and none of a page's.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, Uri, uri::Scheme},
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;

use crate::guard;

#[derive(Clone)]
struct Engine {
    client: Client<HttpConnector, Body>,
    address: SocketAddr,
}

/// Serves until the task is dropped.
pub(super) async fn serve(listener: TcpListener, address: SocketAddr) {
    let engine = Engine { client: Client::builder(TokioExecutor::new()).build_http(), address };
    let router = Router::new().fallback(pass_on).with_state(engine).layer(from_fn(guard::no_page));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the front of DynamoDB ended");
    }
}

async fn pass_on(State(engine): State<Engine>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(engine.address.to_string()).path_and_query(path).build();
    let Ok(uri) = uri else { return StatusCode::BAD_REQUEST.into_response() };
    *request.uri_mut() = uri;
    match engine.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            tracing::error!(%error, "the engine did not answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
