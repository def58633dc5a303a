//! Pages on the port of the HTTP API: documents for developers of clients.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::routing;
use crate::{
    options::{Page, PagePolicy, PageSource},
    template::HttpApi,
};

/// No scripts, no other resources, no frames.
const STATIC: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// As [`STATIC`], but with files of its own origin, and images that are in its styles.
const OWN_ORIGIN: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                          img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                          frame-ancestors 'none'";

/// The pages by path.
pub(crate) type Pages = Arc<BTreeMap<String, PageSource>>;

/// Returns the pages that hide no route of the template, and a warning for each of the others. The template's routes
/// win, so that the API behaves as on AWS.
pub(crate) fn servable(api: Option<&HttpApi>, pages: BTreeMap<String, PageSource>) -> (Pages, Vec<String>) {
    let mut warnings = Vec::new();
    let mut served_pages = BTreeMap::new();
    for (path, page) in pages {
        let Some(api) = api else {
            warnings.push(format!("the page {path} is not served, because the template has no HTTP API"));
            continue;
        };
        match hidden_route(api, &path) {
            Some(key) => {
                warnings
                    .push(format!("the page {path} is not served, because it would hide the template's route {key}"));
            }
            None => {
                served_pages.insert(path, page);
            }
        }
    }
    (Arc::new(served_pages), warnings)
}

/// The key of the route that a page at this path would hide. None if there is no such route.
fn hidden_route(api: &HttpApi, path: &str) -> Option<String> {
    let below = routing::below_stage(path, &api.stage)?;
    let (route, _) = ["GET", "HEAD"].into_iter().find_map(|method| routing::find(&api.routes, method, below))?;
    Some(super::event::key(route))
}

/// Answers GET and HEAD requests for a page, and passes on all others. So a path may belong to a page and to a POST
/// route. The metrics do not count pages, because API Gateway does not have them.
pub(super) async fn answer(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let is_for_page = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(source) = pages.get(request.uri().path()).filter(|_| is_for_page).cloned() else {
        return next.run(request).await;
    };
    // The source may read files, which blocks.
    match tokio::task::spawn_blocking(move || source()).await {
        Ok(page) => response(page),
        Err(error) => {
            tracing::error!(%error, "cannot create a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// hyper removes the body from the answer to a HEAD request.
fn response(page: Page) -> Response {
    let policy = match page.policy {
        PagePolicy::Static => STATIC,
        PagePolicy::OwnOrigin => OWN_ORIGIN,
    };
    let headers = [
        (header::CONTENT_TYPE, page.content_type),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // A page of another origin cannot use this one, not even as a script.
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (page.status, headers, page.body).into_response()
}
