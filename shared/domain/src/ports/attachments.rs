//! Uploads: what is remembered of them, and the bucket that their bytes are in.

use super::StoreError;
use crate::attachment::{Attachment, Upload};
use crate::file::Sha256Digest;
use crate::ids::AttachmentId;
use crate::timestamp::Timestamp;
use std::future::Future;

/// Remembers what was declared of uploads.
pub trait CreateUploads: Sync {
    /// Stores an upload, whose id is new.
    fn create_upload(&self, upload: &Upload) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Reads what was declared of uploads.
pub trait ReadUploads: Sync {
    /// An upload, strongly; None once its time is over, now.
    fn upload(
        &self,
        id: &AttachmentId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Upload>, StoreError>> + Send;
}

/// A request that whoever has it may make, without any other credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUpload {
    /// Where the bytes are PUT.
    pub url: String,
    /// The headers that come with it, as they are here: they are signed. The length of the body is signed too.
    pub headers: Vec<(String, String)>,
}

/// Lets clients upload.
pub trait SignUploads: Sync {
    /// Signs the upload of exactly these bytes within [`UPLOAD_URL_TTL`](crate::attachment::UPLOAD_URL_TTL) from now, while they
    /// are not there. What is uploaded is removed after two days, unless it is [kept](CheckUploads::keep).
    fn sign_upload(
        &self,
        attachment: &Attachment,
        now: Timestamp,
    ) -> impl Future<Output = Result<SignedUpload, StoreError>> + Send;
}

/// What is in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 that the bucket calculated, if it did.
    pub sha256: Option<Sha256Digest>,
}

/// Looks at what was uploaded, and keeps it.
pub trait CheckUploads: Sync {
    /// What is there under this name.
    fn uploaded(&self, id: &AttachmentId) -> impl Future<Output = Result<Option<StoredObject>, StoreError>> + Send;

    /// From now on it is not removed because nobody sent it; false if it is not there any more.
    fn keep(&self, id: &AttachmentId) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Lets clients download.
pub trait SignDownloads: Sync {
    /// Signs a download, within [`DOWNLOAD_URL_TTL`](crate::attachment::DOWNLOAD_URL_TTL) from now.
    fn sign_download(
        &self,
        attachment: &Attachment,
        now: Timestamp,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;
}

/// Removes what is in the bucket.
pub trait RemoveObjects: Sync {
    /// Removes an object; one that is not there is removed.
    fn remove(&self, id: &AttachmentId) -> impl Future<Output = Result<(), StoreError>> + Send;
}
