//! The web client, which the local cloud serves on the HTTP API's port. Paths mirror the directory clients:
//!
//! | path | what it is |
//! | --- | --- |
//! | `/` | clients/web/index.html |
//! | `/web/...` | the files of clients/web |
//! | `/javascript/src/...` | the files of clients/javascript/src, which the web client imports |
//! | `/config.json` | the addresses that the web client calls |
//!
//! The files are read for each request, so that reloading the page shows an edit. They are not compiled in: the program
//! reads template.yaml from the repository in any case, so it would not run without it.

mod files;
mod policy;

use crate::auth_service::AuthService;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use local_cloud::{Addresses, Page, PagePolicy, Site};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The path of the file that says which addresses the web client calls.
const CONFIG_PATH: &str = "/config.json";

/// The headers of every file beside its policy. [`policy`] says what a page may load.
const HEADERS: [(HeaderName, &str); 4] = [
    // The browser asks each time, so a reload shows an edit.
    (CACHE_CONTROL, "no-cache"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), policy::PERMISSIONS),
];

/// The address of the web client with a user who is signed in. It works only with the stand-in Auth Service.
pub(crate) fn url_as(http_url: &str, user: &str) -> String {
    format!("{http_url}/?as={user}")
}

/// The web client of the workspace at `root`. `auth` issues its tokens. None if another issuer does: then it has no way
/// to sign in by itself.
pub fn site(root: &Path, auth: Option<&AuthService>) -> Site {
    let clients = root.join("clients");
    let token_url = auth.map(AuthService::token_url);
    Arc::new(move |addresses, path| {
        let (content_type, body) = match path {
            CONFIG_PATH => ("application/json", config(addresses, token_url.as_deref()).into()),
            path => {
                let file = files::find(&clients, path)?;
                (file.content_type, std::fs::read(file.path).ok()?.into())
            }
        };
        Some(page(content_type, body, &policy::content_security_policy(addresses, token_url.as_deref())))
    })
}

fn config(addresses: &Addresses, token_url: Option<&str>) -> String {
    let mut config = json!({"httpUrl": addresses.http_url, "webSocketUrl": addresses.websocket_url});
    if let Some(token_url) = token_url {
        config["devTokenUrl"] = token_url.into();
    }
    config.to_string()
}

fn page(content_type: &'static str, body: Bytes, policy: &str) -> Page {
    let headers = HEADERS.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value)));
    // An address is a valid value of a header. If it were not, nothing may be loaded.
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    Page {
        status: StatusCode::OK,
        content_type: HeaderValue::from_static(content_type),
        policy: PagePolicy::Custom(policy),
        headers: HeaderMap::from_iter(headers),
        body,
    }
}
