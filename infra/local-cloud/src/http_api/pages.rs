//! Pages on the port of the HTTP API: documents for developers of clients, and the files of a web client.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::routing;
use crate::{
    options::{Addresses, Page, PagePolicy, PageSource, Site},
    template::HttpApi,
};

/// No scripts, no other resources, no frames.
const STATIC: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// As [`STATIC`], but with files of its own origin, and images that are in its styles.
const OWN_ORIGIN: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                          img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                          frame-ancestors 'none'";

/// What is served beside the API.
pub(crate) struct Pages {
    by_path: BTreeMap<String, PageSource>,
    site: Option<Site>,
    addresses: Addresses,
    api: HttpApi,
}

impl Pages {
    /// `by_path` are pages that hide no route of the API: see [`servable`].
    pub(crate) fn new(
        by_path: BTreeMap<String, PageSource>,
        site: Option<Site>,
        addresses: Addresses,
        api: HttpApi,
    ) -> Self {
        Self { by_path, site, addresses, api }
    }

    /// Whether there may be a page at this path. A route of the template wins over the site.
    fn may_have(&self, path: &str) -> bool {
        self.by_path.contains_key(path) || (self.site.is_some() && hidden_route(&self.api, path).is_none())
    }

    /// The page at a path that [`may_have`](Self::may_have) one. None if there is none. It may block.
    fn create(&self, path: &str) -> Option<Page> {
        match self.by_path.get(path) {
            Some(source) => Some(source()),
            None => self.site.as_ref()?(&self.addresses, path),
        }
    }
}

/// Returns the pages that hide no route of the template, and a warning for each of the others. The template's routes
/// win, so that the API behaves as on AWS.
pub(crate) fn servable(
    api: Option<&HttpApi>,
    pages: BTreeMap<String, PageSource>,
) -> (BTreeMap<String, PageSource>, Vec<String>) {
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
    (served_pages, warnings)
}

/// The key of the route that a page at this path would hide. None if there is no such route.
fn hidden_route(api: &HttpApi, path: &str) -> Option<String> {
    let below = routing::below_stage(path, &api.stage)?;
    let (route, _) = ["GET", "HEAD"].into_iter().find_map(|method| routing::find(&api.routes, method, below))?;
    Some(super::event::key(route))
}

/// Answers GET and HEAD requests for a page, and passes on all others. So a path may belong to a page and to a POST
/// route. The metrics do not count pages, because API Gateway does not have them.
pub(super) async fn answer(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    let is_for_page = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_for_page || !pages.may_have(request.uri().path()) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    // A source may read files, which blocks.
    match tokio::task::spawn_blocking(move || pages.create(&path)).await {
        Ok(Some(page)) => response(page),
        Ok(None) => next.run(request).await,
        Err(error) => {
            tracing::error!(%error, "cannot create a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// hyper removes the body from the answer to a HEAD request.
fn response(page: Page) -> Response {
    let policy = match page.policy {
        PagePolicy::Static => HeaderValue::from_static(STATIC),
        PagePolicy::OwnOrigin => HeaderValue::from_static(OWN_ORIGIN),
        PagePolicy::Custom(policy) => policy,
    };
    let headers = [
        (header::CONTENT_TYPE, page.content_type),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // A page of another origin cannot use this one, not even as a script.
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (page.status, headers, page.body).into_response();
    response.headers_mut().extend(page.headers);
    response
}
