//! Renders docs/openapi.yaml and docs/asyncapi.yaml as one HTML page, which the local cloud serves. It reads the files
//! for each request, so that reloading the page shows an edit.

mod documents;
mod examples;
mod http;
mod layout;
mod schema;
mod text;
mod websocket;
mod yaml;

#[cfg(test)]
mod tests;

use axum::http::{HeaderValue, StatusCode};
use documents::{Api, Documents};
use local_cloud::{Page, PageSource};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The path of the page on the HTTP API's port.
pub const PATH: &str = "/docs";

/// The page and the two raw files below its path, for the workspace at `root`.
pub fn pages(root: &Path) -> BTreeMap<String, PageSource> {
    let directory = root.join("docs");
    let html: PageSource = {
        let directory = directory.clone();
        Arc::new(move || page(&directory))
    };
    let raw = |api: Api| -> (String, PageSource) {
        let file = directory.join(api.file());
        (api.raw_path(), Arc::new(move || raw(&file)))
    };
    BTreeMap::from([(PATH.to_owned(), html), raw(Api::Http), raw(Api::WebSocket)])
}

fn page(directory: &Path) -> Page {
    let (status, html) = match Documents::read(directory) {
        Ok(documents) => (StatusCode::OK, layout::api_page(&documents)),
        Err(faults) => (StatusCode::INTERNAL_SERVER_ERROR, layout::fault_page(&faults)),
    };
    answer(status, "text/html; charset=utf-8", html.into_string().into_bytes())
}

/// Serves a file as plain text, because browsers save unknown types instead of showing them.
fn raw(file: &PathBuf) -> Page {
    const TEXT: &str = "text/plain; charset=utf-8";
    match std::fs::read(file) {
        Ok(bytes) => answer(StatusCode::OK, TEXT, bytes),
        Err(error) => {
            let text = format!("cannot read {}: {error}\n", file.display());
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, text.into_bytes())
        }
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Page {
    Page { status, content_type: HeaderValue::from_static(content_type), body: body.into() }
}
