//! Pages beside the template's routes, on the same port: documents for whoever develops against the API.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::routing;
use crate::{
    options::{Page, PageSource},
    template::HttpApi,
};

/// A page is a document: it runs no script, loads nothing and is in no frame. Its styles are its own.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The pages by path.
pub(crate) type Pages = Arc<BTreeMap<String, PageSource>>;

/// Those that take no request from the template, and a warning for each of the others: what the template serves is
/// served here as on AWS.
pub(crate) fn beside(api: Option<&HttpApi>, pages: BTreeMap<String, PageSource>) -> (Pages, Vec<String>) {
    let mut warnings = Vec::new();
    let mut kept = BTreeMap::new();
    for (path, page) in pages {
        let Some(api) = api else {
            warnings.push(format!("the page {path} is not served, since the template has no HTTP API"));
            continue;
        };
        match hidden(api, &path) {
            Some(key) => {
                warnings.push(format!("the page {path} is not served, since it would hide the template's route {key}"));
            }
            None => {
                kept.insert(path, page);
            }
        }
    }
    (Arc::new(kept), warnings)
}

/// The route that would lose requests to a page at this path.
fn hidden(api: &HttpApi, path: &str) -> Option<String> {
    let below = routing::below_stage(path, &api.stage)?;
    let (route, _) = ["GET", "HEAD"].into_iter().find_map(|method| routing::find(&api.routes, method, below))?;
    Some(super::event::key(route))
}

/// Answers a request for a page; every other one goes on. Only GET and HEAD are for pages, so that a path may also be
/// that of a POST route. API Gateway counts no pages, and neither do the metrics.
pub(super) async fn answer(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let wanted = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(source) = pages.get(request.uri().path()).filter(|_| wanted).cloned() else {
        return next.run(request).await;
    };
    // It may read files.
    match tokio::task::spawn_blocking(move || source()).await {
        Ok(page) => response(page),
        Err(error) => {
            tracing::error!(%error, "a page failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// hyper leaves the body out of the answer to a HEAD.
fn response(page: Page) -> Response {
    let headers = [
        (header::CONTENT_TYPE, page.content_type),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (page.status, headers, page.body).into_response()
}
