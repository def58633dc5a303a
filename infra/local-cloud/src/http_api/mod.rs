//! An API Gateway HTTP API: payload format 2.0, on one port.
//!
//! Source: Amazon API Gateway Developer Guide, "Working with HTTP APIs".

mod authorizer;
mod event;
pub(crate) mod pages;
mod response;
mod routing;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri},
    middleware::{from_fn, from_fn_with_state},
    response::Response,
};
use tokio::net::TcpListener;

use crate::{
    cors, guard, ids,
    lambda::{Answer, Functions, InvokeError},
    metrics::Metrics,
    ports::without_delay,
    template::{HttpApi, HttpRoute},
};
use authorizer::{Authorizers, Verdict};
use event::Incoming;
use pages::Pages;
use response::{message, outgoing};

/// The most bytes of a request's body (HTTP API quotas: 10 MB).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The most bytes of a request's line and of the values of its headers together (HTTP API quotas: 10240 bytes).
const MAX_HEAD_BYTES: usize = 10_240;

struct Gateway {
    api: HttpApi,
    functions: Arc<Functions>,
    authorizers: Authorizers,
    metrics: Arc<Metrics>,
}

/// Serves the API and the pages until the task is aborted.
pub(crate) async fn serve(
    listener: TcpListener,
    api: HttpApi,
    pages: Arc<Pages>,
    functions: Arc<Functions>,
    metrics: Arc<Metrics>,
) {
    let gateway = Arc::new(Gateway { api, functions, authorizers: Authorizers::default(), metrics });
    let router = Router::new().fallback(handle).with_state(gateway);
    // The layer that is added last handles a request first.
    let router = router.layer(from_fn_with_state(pages, pages::answer)).layer(from_fn(guard::local_only));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(without_delay(listener), service).await {
        tracing::error!(%error, "the HTTP API has stopped: restart the local cloud");
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let id = ids::gateway();
    let method = request.method().clone();
    let headers = request.headers().clone();
    let mut response = match &gateway.api.cors {
        _ if head_bytes(&method, request.uri(), &headers) > MAX_HEAD_BYTES => {
            // AWS documents the quota and not the answer. This is the status for it (RFC 6585, 5), which AWS is seen to send.
            message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large")
        }
        Some(cors) if cors::is_preflight(&method, &headers) => cors::preflight(cors, &headers),
        _ => gateway.answer(request, client, &id).await,
    };
    if let Some(cors) = &gateway.api.cors
        && method != Method::OPTIONS
    {
        cors::apply(cors, &headers, response.headers_mut());
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("apigw-requestid", value);
    }
    gateway.metrics.http.answered(response.status());
    response
}

/// The length of the request's line and of the values of its headers.
fn head_bytes(method: &Method, uri: &Uri, headers: &HeaderMap) -> usize {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = method.as_str().len() + target + "  HTTP/1.1".len();
    line + headers.values().map(HeaderValue::len).sum::<usize>()
}

impl Gateway {
    async fn answer(&self, request: Request, client: SocketAddr, id: &str) -> Response {
        let (parts, body) = request.into_parts();
        let Some(body) = crate::body::read(body, MAX_BODY_BYTES).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let incoming = Incoming::new(&self.api, &parts, client, id);
        let Some((route, parameters)) = self.route(&incoming) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let mut event = incoming.event(&self.api, route, &parameters);
        let authorizer = route.authorizer.as_ref().and_then(|name| Some((name, self.api.authorizers.get(name)?)));
        if let Some((name, authorizer)) = authorizer {
            match self.authorizers.ask(&self.functions, name, authorizer, &incoming, route, &event).await {
                Verdict::Allowed(context) => event["requestContext"]["authorizer"]["lambda"] = context,
                Verdict::NoIdentity => return message(StatusCode::UNAUTHORIZED, "Unauthorized"),
                Verdict::Denied => return message(StatusCode::FORBIDDEN, "Forbidden"),
                Verdict::Failed => return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            }
        }
        incoming.put_body(&mut event, &body);
        match self.functions.invoke(&route.function, &event, route.timeout).await {
            Ok(Answer::Success(payload)) => outgoing(&payload),
            // Lambda reports a function's own timeout to API Gateway like any other error of the function.
            Ok(Answer::FunctionError { .. }) | Err(InvokeError::Unavailable(_)) => {
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            Err(InvokeError::PayloadTooLarge) => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Err(InvokeError::Throttled | InvokeError::TimedOut(_)) => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
        }
    }

    fn route(&self, incoming: &Incoming) -> Option<(&HttpRoute, routing::Parameters)> {
        let path = routing::below_stage(&incoming.path, &self.api.stage)?;
        routing::find(&self.api.routes, &incoming.method, path)
    }
}
