//! The files of the HTTP half: Swagger UI's, from the archive of its release, and the script that starts it.

use super::PATH;
use rawzip::{CompressionMethod, ZipArchive};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

const START: &str = include_str!("http.js");

/// A file below [`PATH`].
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) content_type: &'static str,
    source: Source,
}

enum Source {
    /// A file of the archive's directory `dist`.
    SwaggerUi,
    Own(&'static str),
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// In the order in which the page loads them.
pub(super) const FILES: &[File] = &[STYLE, BUNDLE, STARTER];
pub(super) const STYLE: File =
    File { name: "swagger-ui.css", content_type: "text/css; charset=utf-8", source: Source::SwaggerUi };
pub(super) const BUNDLE: File =
    File { name: "swagger-ui-bundle.js", content_type: JAVASCRIPT, source: Source::SwaggerUi };
pub(super) const STARTER: File = File { name: "http.js", content_type: JAVASCRIPT, source: Source::Own(START) };

impl File {
    pub(super) fn path(&self) -> String {
        format!("{PATH}/{}", self.name)
    }

    /// # Errors
    /// The archive is not as expected, because another version of the crate changed it.
    pub(super) fn content(&self) -> Result<Vec<u8>, String> {
        match self.source {
            Source::SwaggerUi => unpack(&format!("dist/{}", self.name)),
            Source::Own(text) => Ok(text.into()),
        }
    }
}

/// Reads a file of the archive. `path` is below the archive's only top directory, whose name has the version.
fn unpack(path: &str) -> Result<Vec<u8>, String> {
    let archive = ZipArchive::from_slice(SWAGGER_UI_VENDORED).map_err(|error| error.to_string())?;
    for entry in archive.entries() {
        let entry = entry.map_err(|error| error.to_string())?;
        let below_top = entry.file_path().as_ref().split(|byte| *byte == b'/').skip(1).collect::<Vec<_>>().join(&b'/');
        if below_top != path.as_bytes() {
            continue;
        }
        let data = archive.get_entry(entry.wayfinder()).map_err(|error| error.to_string())?.data();
        return match entry.compression_method() {
            CompressionMethod::STORE => Ok(data.to_vec()),
            CompressionMethod::DEFLATE => {
                miniz_oxide::inflate::decompress_to_vec(data).map_err(|error| error.to_string())
            }
            other => Err(format!("its compression is {other:?}")),
        };
    }
    Err("the archive of Swagger UI does not have it".to_owned())
}
