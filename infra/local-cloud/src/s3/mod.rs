//! S3: the template's buckets on the file system, with s3s. Requests must be signed with the functions' credentials.

mod buckets;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    error_handling::HandleError,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use s3s::{HttpError, auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{Error, cors, guard, lambda, ports::without_delay, template::Bucket};
use buckets::Buckets;

/// Where the buckets are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum S3 {
    /// In a temporary directory, which is deleted when the local cloud stops.
    #[default]
    Temporary,
    /// In this directory, which is created if it does not exist: one subdirectory per bucket, one file per object.
    Directory(PathBuf),
}

/// The buckets with their server.
pub(crate) struct Embedded {
    router: Router,
    /// The temporary directory. Dropping it deletes it.
    _directory: Option<TempDir>,
}

impl Embedded {
    /// Creates the missing buckets. `environment` has the additional variables of every function: if it contains
    /// credentials, the functions sign with those.
    pub(crate) fn new(place: &S3, buckets: &[Bucket], environment: &BTreeMap<String, String>) -> Result<Self, Error> {
        let start = |source| Error::Start { part: "S3", source };
        let (directory, path) = match place {
            S3::Temporary => {
                let directory = TempDir::new().map_err(start)?;
                let path = directory.path().to_owned();
                (Some(directory), path)
            }
            S3::Directory(path) => (None, path.clone()),
        };
        create_directory(&path)?;
        for bucket in buckets {
            create_directory(&path.join(&bucket.name))?;
        }
        let files = FileSystem::new(&path).map_err(|error| Error::S3(format!("{}: {error:?}", path.display())))?;
        let mut service =
            S3ServiceBuilder::new(Buckets::new(files, buckets.iter().map(|bucket| bucket.name.clone()).collect()));
        let variable = |name: &str, default: &str| environment.get(name).map_or(default, String::as_str).to_owned();
        let access_key = variable("AWS_ACCESS_KEY_ID", lambda::ACCESS_KEY);
        service.set_auth(SimpleAuth::from_single(access_key, variable("AWS_SECRET_ACCESS_KEY", lambda::SECRET_KEY)));
        let service = HandleError::new(service.build(), async |error: HttpError| {
            tracing::error!(?error, "a request to the local S3 failed");
            StatusCode::INTERNAL_SERVER_ERROR
        });
        let rules: Rules = Arc::new(buckets.iter().map(|b| (b.name.clone(), b.cors.clone())).collect());
        let router = Router::new().fallback_service(service).layer(from_fn_with_state(rules, apply_cors));
        Ok(Self { router: router.layer(from_fn(guard::local_only)), _directory: directory })
    }

    /// Serves until the task is aborted.
    pub(crate) async fn serve(self, listener: TcpListener) {
        if let Err(error) = axum::serve(without_delay(listener), self.router).await {
            tracing::error!(%error, "the local S3 has stopped: restart the local cloud");
        }
    }
}

fn create_directory(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory).map_err(|source| Error::Directory { path: directory.to_owned(), source })
}

/// The CORS rules by bucket.
type Rules = Arc<BTreeMap<String, Vec<crate::template::Cors>>>;

/// Answers preflights and adds CORS headers, with the first rule of the bucket that allows the request.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>
async fn apply_cors(State(rules): State<Rules>, request: Request, next: Next) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let bucket = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let is_preflight = cors::is_preflight(&method, &headers);
    let rule = rules.get(&bucket).into_iter().flatten().find(|rule| cors::fits(rule, &method, &headers));
    match rule {
        Some(rule) if is_preflight => cors::preflight(rule, &headers),
        None if is_preflight => {
            (StatusCode::FORBIDDEN, Body::from("CORSResponse: no CORS rule of the bucket allows this request"))
                .into_response()
        }
        rule => {
            let mut response = next.run(request).await;
            if let Some(rule) = rule {
                cors::apply(rule, &headers, response.headers_mut());
            }
            response
        }
    }
}
