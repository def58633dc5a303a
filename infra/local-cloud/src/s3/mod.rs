//! S3: the template's buckets on the file system, by s3s. Requests are signed, with the credentials that functions have.

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

use crate::{Error, cors, guard, lambda, template::Bucket};
use buckets::Buckets;

/// Where the buckets are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum S3 {
    /// In a directory of their own that is gone with the local cloud.
    #[default]
    Temporary,
    /// In this directory, which is made if it is not there: one directory in it per bucket, one file in that per object.
    Directory(PathBuf),
}

/// The buckets, ready to be served.
pub(crate) struct Embedded {
    router: Router,
    /// Ends with the buckets.
    _directory: Option<TempDir>,
}

impl Embedded {
    /// Makes the buckets that are not there. `environment` is what functions get beside their own: should it have
    /// credentials, they sign with those.
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
        make(&path)?;
        for bucket in buckets {
            make(&path.join(&bucket.name))?;
        }
        let files = FileSystem::new(&path).map_err(|error| Error::S3(format!("{}: {error:?}", path.display())))?;
        let mut service =
            S3ServiceBuilder::new(Buckets::new(files, buckets.iter().map(|bucket| bucket.name.clone()).collect()));
        let given = |name: &str, usual: &str| environment.get(name).map_or(usual, String::as_str).to_owned();
        let access_key = given("AWS_ACCESS_KEY_ID", lambda::ACCESS_KEY);
        service.set_auth(SimpleAuth::from_single(access_key, given("AWS_SECRET_ACCESS_KEY", lambda::SECRET_KEY)));
        let service = HandleError::new(service.build(), async |error: HttpError| {
            tracing::error!(?error, "S3 did not answer");
            StatusCode::INTERNAL_SERVER_ERROR
        });
        let rules: Rules = Arc::new(buckets.iter().map(|b| (b.name.clone(), b.cors.clone())).collect());
        let router = Router::new().fallback_service(service).layer(from_fn_with_state(rules, other_origins));
        Ok(Self { router: router.layer(from_fn(guard::local_only)), _directory: directory })
    }

    /// Serves until the task is dropped.
    pub(crate) async fn serve(self, listener: TcpListener) {
        if let Err(error) = axum::serve(listener, self.router).await {
            tracing::error!(%error, "S3 ended");
        }
    }
}

fn make(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory).map_err(|source| Error::Directory { path: directory.to_owned(), source })
}

/// By bucket, whom its pages' browsers may let in.
type Rules = Arc<BTreeMap<String, Vec<crate::template::Cors>>>;

/// What a bucket says about other origins: by the first of its rules that fits.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>
async fn other_origins(State(rules): State<Rules>, request: Request, next: Next) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let bucket = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let is_preflight = cors::is_preflight(&method, &headers);
    let rule = rules.get(&bucket).into_iter().flatten().find(|rule| cors::fits(rule, &method, &headers));
    match rule {
        Some(rule) if is_preflight => cors::preflight(rule, &headers),
        None if is_preflight => (StatusCode::FORBIDDEN, Body::from("CORSResponse: no rule allows it")).into_response(),
        rule => {
            let mut response = next.run(request).await;
            if let Some(rule) = rule {
                cors::apply(rule, &headers, response.headers_mut());
            }
            response
        }
    }
}
