//! Which files of the directory clients are served, and as which type.
//!
//! A path is taken as the request has it and not decoded. Each of its segments may have only letters, digits, `-`, `_`
//! and dots that are not first. So no path leaves the directory, and hidden files are not served.

use std::path::{Path, PathBuf};

/// The first segments of the paths that are served, each with its directory below clients.
const DIRECTORIES: [(&str, &str); 2] = [("/web/", "web"), ("/javascript/src/", "javascript/src")];
/// The page at `/`. It is not served elsewhere, because its references are relative to `/`.
const INDEX: &str = "index.html";

/// The content types by extension. Other files are not served: package.json, tsconfig.json, types, notes.
const CONTENT_TYPES: [(&str, &str); 9] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff2", "font/woff2"),
];
/// Directories that are only for development.
const DEVELOPMENT: [&str; 4] = ["node_modules", "scripts", "test", "tests"];
/// The end of the names of tests beside the code.
const TEST_FILE: &str = ".test.js";

/// A file that is served, if it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) content_type: &'static str,
}

/// The file at the path of a URL, without its query. None if no such file is served.
pub(super) fn find(clients: &Path, url_path: &str) -> Option<File> {
    if url_path == "/" {
        return file(&clients.join("web"), INDEX);
    }
    let (below, directory) = DIRECTORIES.iter().find_map(|(start, directory)| {
        let below = url_path.strip_prefix(start)?;
        Some((below, directory))
    })?;
    if url_path == format!("/web/{INDEX}") { None } else { file(&clients.join(directory), below) }
}

fn file(directory: &Path, below: &str) -> Option<File> {
    let mut segments = below.split('/');
    if !segments.all(is_served) || below.ends_with(TEST_FILE) {
        return None;
    }
    let (_, extension) = below.rsplit_once('.')?;
    let (_, content_type) = CONTENT_TYPES.iter().find(|(own, _)| *own == extension)?;
    Some(File { path: directory.join(below), content_type })
}

/// Whether a file or a directory with this name is served.
fn is_served(segment: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_plain = !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(is_allowed);
    is_plain && !DEVELOPMENT.contains(&segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(url_path: &str) -> Option<(String, &'static str)> {
        let file = find(Path::new("clients"), url_path)?;
        Some((file.path.to_string_lossy().into_owned(), file.content_type))
    }

    #[test]
    fn paths_mirror_the_directory() {
        for (path, file, content_type) in [
            ("/", "clients/web/index.html", "text/html; charset=utf-8"),
            ("/web/app.css", "clients/web/app.css", "text/css; charset=utf-8"),
            ("/web/src/chat/log.js", "clients/web/src/chat/log.js", "text/javascript; charset=utf-8"),
            ("/web/example/index.html", "clients/web/example/index.html", "text/html; charset=utf-8"),
            ("/web/icon.svg", "clients/web/icon.svg", "image/svg+xml"),
            (
                "/javascript/src/state/state.js",
                "clients/javascript/src/state/state.js",
                "text/javascript; charset=utf-8",
            ),
        ] {
            assert_eq!(found(path), Some((file.to_owned(), content_type)), "{path}");
        }
    }

    #[test]
    fn no_path_leaves_the_directory() {
        for path in [
            "/web/../../Cargo.js",
            "/web/..",
            "/web/./app.css",
            "/web//app.css",
            "/web//etc/app.css",
            "/web/%2e%2e/app.css",
            "/web/%2E%2E%2fapp.css",
            "/web/..%2fapp.css",
            "/web/..\\app.css",
            "/web/%5c..%5capp.css",
            "/web/%252e%252e/app.css",
            "/web/\u{ff0e}\u{ff0e}/app.css",
            "/web/app.css%00.js",
            "/web/C:/app.css",
            "/web/",
            "/web",
            "/javascript/src/../test/core/a.js",
            "/../web/app.css",
            "web/app.css",
            "",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_only_for_development_is_not_served() {
        for path in [
            "/index.html",
            "/web/index.html",
            "/web/package.json",
            "/web/package-lock.json",
            "/web/tsconfig.json",
            "/web/README.md",
            "/web/.env",
            "/web/.git/config.js",
            "/web/node_modules/axe-core/axe.js",
            "/web/test/xss.js",
            "/web/tests/xss.js",
            "/web/src/links.test.js",
            "/web/src/links.js.map",
            "/web/src/LINKS.JS",
            "/web/src/links",
            "/javascript/package.json",
            "/javascript/scripts/size.mjs",
            "/javascript/test/core/state.test.js",
            "/javascript/src/api.d.ts",
            "/rust/src/lib.rs",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
