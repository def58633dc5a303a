//! What of S3 is served: single objects, put, read, tagged and removed. The file system back end of s3s does the work;
//! here is what it leaves out, tags, and where it differs from S3.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::{Extensions, HeaderMap, Method, Uri};
use s3s::{
    S3, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectInput,
        GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput, HeadObjectInput, HeadObjectOutput,
        PutObjectInput, PutObjectOutput, Tag,
    },
    s3_error,
};
use s3s_fs::FileSystem;

/// A bucket and a key in it.
type Place = (String, String);

/// The buckets of the template.
pub(super) struct Buckets {
    files: FileSystem,
    names: BTreeSet<String>,
    /// Gone with the process: nothing here looks at them but whoever asks for them.
    tags: Mutex<HashMap<Place, Vec<Tag>>>,
}

impl Buckets {
    pub(super) fn new(files: FileSystem, names: BTreeSet<String>) -> Self {
        Self { files, names, tags: Mutex::default() }
    }

    fn tags(&self) -> MutexGuard<'_, HashMap<Place, Vec<Tag>>> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tags of the header `x-amz-tagging`: a query string.
fn tags(header: &str) -> Vec<Tag> {
    let decoded =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = header.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| Tag { key: Some(decoded(key)), value: Some(decoded(value)) }).collect()
}

/// A removal of our own.
fn removal((bucket, key): &Place) -> S3Request<DeleteObjectInput> {
    S3Request {
        input: DeleteObjectInput { bucket: bucket.clone(), key: key.clone(), ..DeleteObjectInput::default() },
        method: Method::DELETE,
        uri: Uri::default(),
        headers: HeaderMap::default(),
        extensions: Extensions::default(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

#[async_trait::async_trait]
impl S3 for Buckets {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let place = (request.input.bucket.clone(), request.input.key.clone());
        // The back end would make it.
        if !self.names.contains(&place.0) {
            return Err(s3_error!(NoSuchBucket));
        }
        let given = request.input.tagging.as_deref().map(tags).unwrap_or_default();
        let answer = self.files.put_object(request).await;
        match &answer {
            Ok(_) => drop(self.tags().insert(place, given)),
            // The back end compares checksums once it has written the object; S3 stores none that is wrong.
            Err(error) if *error.code() == S3ErrorCode::BadDigest => {
                self.files.delete_object(removal(&place)).await?;
            }
            Err(_) => {}
        }
        answer
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(request).await
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let place = (request.input.bucket.clone(), request.input.key.clone());
        let answer = self.files.delete_object(request).await?;
        self.tags().remove(&place);
        Ok(answer)
    }

    async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let place = (request.input.bucket, request.input.key);
        let tag_set = self.tags().get(&place).cloned().unwrap_or_default();
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id: None }))
    }

    async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        self.tags().remove(&(request.input.bucket, request.input.key));
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }
}
