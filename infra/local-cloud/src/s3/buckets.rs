//! The supported operations of S3: put, read, tag and delete single objects. The file system back end of s3s does the
//! work. This module adds tags, and corrects the back end where it differs from S3.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
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
    /// The objects that are being written.
    writing: Mutex<HashSet<Place>>,
    /// Tags are not kept beyond the process, because only requests for tags read them.
    tags: Mutex<HashMap<Place, Vec<Tag>>>,
}

impl Buckets {
    pub(super) fn new(files: FileSystem, names: BTreeSet<String>) -> Self {
        Self { files, names, writing: Mutex::default(), tags: Mutex::default() }
    }

    fn tags(&self) -> MutexGuard<'_, HashMap<Place, Vec<Tag>>> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks an object for a put. Fails if another put of the same object is running, as S3 does for conditional puts.
    /// The back end needs the lock, because it looks for the object before it writes, and compares checksums
    /// afterwards.
    fn start_put(&self, place: &Place) -> S3Result<Writing<'_>> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match writing.insert(place.clone()) {
            true => Ok(Writing { all: &self.writing, place: place.clone() }),
            false => Err(s3_error!(ConditionalRequestConflict, "another request is writing the object")),
        }
    }
}

/// The lock of an object that is being written. Dropping it unlocks the object.
struct Writing<'a> {
    all: &'a Mutex<HashSet<Place>>,
    place: Place,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.place);
    }
}

/// Parses the tags in the header `x-amz-tagging`, which is a query string.
fn tags(header: &str) -> Vec<Tag> {
    let decoded =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = header.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| Tag { key: Some(decoded(key)), value: Some(decoded(value)) }).collect()
}

/// A request to the back end that does not come from a client.
fn internal_request<T>(method: Method, input: T) -> S3Request<T> {
    S3Request {
        input,
        method,
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
        // Without this check, the back end would create the bucket.
        if !self.names.contains(&place.0) {
            return Err(s3_error!(NoSuchBucket));
        }
        let _writing = self.start_put(&place)?;
        let new_tags = request.input.tagging.as_deref().map(tags).unwrap_or_default();
        let answer = self.files.put_object(request).await;
        match &answer {
            Ok(_) => drop(self.tags().insert(place, new_tags)),
            // The back end compares checksums after the write. S3 does not store an object with a wrong checksum.
            Err(error) if *error.code() == S3ErrorCode::BadDigest => {
                let input = DeleteObjectInput { bucket: place.0, key: place.1, ..DeleteObjectInput::default() };
                self.files.delete_object(internal_request(Method::DELETE, input)).await?;
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
        let place = (request.input.bucket, request.input.key);
        let input = HeadObjectInput { bucket: place.0.clone(), key: place.1.clone(), ..HeadObjectInput::default() };
        self.files.head_object(internal_request(Method::HEAD, input)).await?;
        self.tags().remove(&place);
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }
}
