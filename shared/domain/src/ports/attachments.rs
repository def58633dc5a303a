//! Declarations of uploads, and the bucket with their objects.

use super::StoreError;
use crate::attachment::{Attachment, Upload};
use crate::file::Sha256Digest;
use crate::ids::AttachmentId;
use crate::timestamp::Timestamp;
use std::future::Future;

/// Stores declarations of uploads.
pub trait CreateUploads: Sync {
    /// Stores a declaration with a new id.
    fn create_upload(&self, upload: &Upload) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Reads declarations of uploads.
pub trait ReadUploads: Sync {
    /// A declaration, read with strong consistency; None if there is none or it has expired at `now`.
    fn upload(
        &self,
        id: &AttachmentId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Upload>, StoreError>> + Send;
}

/// A presigned PUT request: it needs no other credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUpload {
    /// The presigned URL.
    pub url: String,
    /// The headers that the request must have, unchanged, because they are signed. The length of the body is signed
    /// too.
    pub headers: Vec<(String, String)>,
}

/// Presigns uploads.
pub trait SignUploads: Sync {
    /// Signs a request that uploads exactly the declared bytes, unless the object exists already. It expires
    /// [`UPLOAD_URL_TTL`](crate::attachment::UPLOAD_URL_TTL) after `now`. The bucket removes the object after two
    /// days, unless it is [kept](CheckUploads::remove_pending_tag).
    fn sign_upload(
        &self,
        attachment: &Attachment,
        now: Timestamp,
    ) -> impl Future<Output = Result<SignedUpload, StoreError>> + Send;
}

/// An object in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// The size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 that the bucket calculated; None if it did not.
    pub sha256: Option<Sha256Digest>,
}

/// Checks uploaded objects, and keeps them.
pub trait CheckUploads: Sync {
    /// The object with this id; None if there is none.
    fn stored_object(&self, id: &AttachmentId)
    -> impl Future<Output = Result<Option<StoredObject>, StoreError>> + Send;

    /// Exempts the object from the removal of unsent uploads. False if it no longer exists.
    fn remove_pending_tag(&self, id: &AttachmentId) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Presigns downloads.
pub trait SignDownloads: Sync {
    /// The presigned URL of a download. It expires [`DOWNLOAD_URL_TTL`](crate::attachment::DOWNLOAD_URL_TTL) after
    /// `now`.
    fn sign_download(
        &self,
        attachment: &Attachment,
        now: Timestamp,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;
}

/// Removes objects from the bucket.
pub trait RemoveObjects: Sync {
    /// Removes an object. Succeeds if it does not exist.
    fn remove(&self, id: &AttachmentId) -> impl Future<Output = Result<(), StoreError>> + Send;
}
