//! What docs/openapi.yaml and docs/asyncapi.yaml say, as one page for people, which the local cloud serves. The files
//! are read for each request, so that an edit shows when the page is loaded again.

mod documents;
mod examples;
mod http;
mod layout;
mod schema;
mod text;
mod websocket;

#[cfg(test)]
mod tests;

use axum::http::{HeaderValue, StatusCode};
use documents::{Api, Documents};
use local_cloud::{Page, PageSource};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the page is, on the HTTP API's port.
pub const PATH: &str = "/docs";

/// The page and the two files under it, of the workspace at `root`.
pub fn pages(root: &Path) -> BTreeMap<String, PageSource> {
    let directory = root.join("docs");
    let whole: PageSource = {
        let directory = directory.clone();
        Arc::new(move || page(&directory))
    };
    let raw = |api: Api| -> (String, PageSource) {
        let file = directory.join(api.file());
        (api.raw_path(), Arc::new(move || raw(&file)))
    };
    BTreeMap::from([(PATH.to_owned(), whole), raw(Api::Http), raw(Api::WebSocket)])
}

fn page(directory: &Path) -> Page {
    let (status, html) = match Documents::read(directory) {
        Ok(documents) => (StatusCode::OK, layout::whole(&documents)),
        Err(faults) => (StatusCode::INTERNAL_SERVER_ERROR, layout::broken(&faults)),
    };
    answer(status, "text/html; charset=utf-8", html.into_string().into_bytes())
}

/// As text, which browsers show; what they do not know as text they save.
fn raw(file: &PathBuf) -> Page {
    const TEXT: &str = "text/plain; charset=utf-8";
    match std::fs::read(file) {
        Ok(bytes) => answer(StatusCode::OK, TEXT, bytes),
        Err(error) => {
            let said = format!("{}: {error}\n", file.display());
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, said.into_bytes())
        }
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Page {
    Page { status, content_type: HeaderValue::from_static(content_type), body: body.into() }
}
