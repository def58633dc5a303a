//! The pages about both APIs, which the local cloud serves on the HTTP API's port. The HTTP half is Swagger UI on
//! docs/openapi.yaml. The WebSocket half is rendered here, from docs/asyncapi.yaml. The files are read for each request,
//! so that reloading a page shows an edit. Nothing is fetched from another address.

mod documents;
mod examples;
mod layout;
mod schema;
mod swagger;
mod text;
mod websocket;
mod yaml;

#[cfg(test)]
mod tests;

use crate::auth_service::{AuthService, USERS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use documents::{Api, Documents};
use local_cloud::{Page, PagePolicy, PageSource};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The path of the HTTP half on the HTTP API's port. Everything else is below it.
pub const PATH: &str = "/docs";

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The pages and their files, for the workspace at `root`. The HTTP half sends its requests with tokens of `auth`.
pub fn pages(root: &Path, auth: &AuthService) -> BTreeMap<String, PageSource> {
    let directory = root.join("docs");
    let raw = |api: Api| -> (String, PageSource) {
        let file = directory.join(api.file());
        (api.raw_path(), Arc::new(move || raw(&file)))
    };
    let mut pages = BTreeMap::from([raw(Api::Http), raw(Api::WebSocket)]);
    pages.insert(Api::Http.page_path(), Arc::new(|| answer(StatusCode::OK, HTML, layout::http_page().into_string())));
    pages.insert(Api::WebSocket.page_path(), {
        let directory = directory.clone();
        Arc::new(move || websocket_page(&directory))
    });
    for file in swagger::FILES {
        pages.insert(file.path(), Arc::new(|| swagger_file(file)));
    }
    for user in USERS {
        let auth = auth.clone();
        pages.insert(token_path(user), Arc::new(move || token(&auth, user)));
    }
    pages
}

/// Where the HTTP half gets a development token of this user.
fn token_path(user: &str) -> String {
    format!("{PATH}/token/{user}")
}

fn websocket_page(directory: &Path) -> Page {
    let (status, html) = match Documents::read(directory) {
        Ok(documents) => (StatusCode::OK, layout::websocket_page(&documents)),
        Err(faults) => (StatusCode::INTERNAL_SERVER_ERROR, layout::fault_page(&faults)),
    };
    Page { policy: PagePolicy::Static, ..answer(status, HTML, html.into_string()) }
}

fn swagger_file(file: &swagger::File) -> Page {
    match file.content() {
        Ok(content) => answer(StatusCode::OK, file.content_type, content),
        Err(reason) => {
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("cannot unpack {}: {reason}\n", file.name))
        }
    }
}

/// The same answer as the Auth Service's `POST /token`. A page of another origin cannot read it.
fn token(auth: &AuthService, user: &str) -> Page {
    match auth.token(user) {
        Ok(token) => answer(StatusCode::OK, "application/json", json!({"userId": user, "token": token}).to_string()),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
    }
}

/// Serves a file as plain text, because browsers save unknown types instead of showing them.
fn raw(file: &PathBuf) -> Page {
    match std::fs::read(file) {
        Ok(bytes) => answer(StatusCode::OK, TEXT, bytes),
        Err(error) => {
            let text = format!("cannot read {}: {error}\n", file.display());
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, text)
        }
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Vec<u8>>) -> Page {
    let content_type = HeaderValue::from_static(content_type);
    Page { status, content_type, policy: PagePolicy::OwnOrigin, headers: HeaderMap::new(), body: body.into().into() }
}
