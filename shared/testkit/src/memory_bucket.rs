//! A fake bucket. Tests put objects into it. Its URLs are not signed.

use domain::attachment::Attachment;
use domain::ids::AttachmentId;
use domain::ports::{CheckUploads, RemoveObjects, SignDownloads, SignUploads, SignedUpload, StoreError, StoredObject};
use domain::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<AttachmentId, StoredObject>,
    kept: BTreeSet<AttachmentId>,
    looked: u32,
    is_down: bool,
    keep_fails: bool,
    vanishes: bool,
}

/// Objects with their size and digest, without their bytes.
#[derive(Debug, Default)]
pub struct MemoryBucket(Mutex<State>);

impl MemoryBucket {
    /// Stores an object.
    pub fn put(&self, id: &AttachmentId, object: StoredObject) {
        self.lock().objects.insert(id.clone(), object);
    }

    /// Stores an object with the declared size and digest.
    pub fn put_declared(&self, attachment: &Attachment) {
        let object = StoredObject { size_bytes: attachment.size_bytes, sha256: Some(attachment.sha256.clone()) };
        self.put(&attachment.id, object);
    }

    /// Whether an object exists.
    pub fn has(&self, id: &AttachmentId) -> bool {
        self.lock().objects.contains_key(id)
    }

    /// Whether an object was kept.
    pub fn keeps(&self, id: &AttachmentId) -> bool {
        self.lock().kept.contains(id)
    }

    /// The number of look-ups of objects.
    pub fn looked(&self) -> u32 {
        self.lock().looked
    }

    /// Sets whether all calls fail.
    pub fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// Makes the next `remove_pending_tag` fail.
    pub fn set_keep_fails(&self) {
        self.lock().keep_fails = true;
    }

    /// Removes the next object right after its look-up.
    pub fn set_vanishes(&self) {
        self.lock().vanishes = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    async fn available(&self, operation: &'static str) -> Result<MutexGuard<'_, State>, StoreError> {
        tokio::task::yield_now().await;
        let state = self.lock();
        match state.is_down {
            true => Err(StoreError::Unavailable { operation, source: "injected failure".into() }),
            false => Ok(state),
        }
    }
}

impl SignUploads for MemoryBucket {
    async fn sign_upload(&self, attachment: &Attachment, now: Timestamp) -> Result<SignedUpload, StoreError> {
        let _state = self.available("PutObject").await?;
        let url = format!("memory:{}?from={}", attachment.id, now.seconds());
        Ok(SignedUpload { url, headers: vec![("x-size".to_owned(), attachment.size_bytes.to_string())] })
    }
}

impl CheckUploads for MemoryBucket {
    async fn stored_object(&self, id: &AttachmentId) -> Result<Option<StoredObject>, StoreError> {
        let mut state = self.available("HeadObject").await?;
        state.looked += 1;
        let object = state.objects.get(id).cloned();
        if std::mem::take(&mut state.vanishes) {
            state.objects.remove(id);
        }
        Ok(object)
    }

    async fn remove_pending_tag(&self, id: &AttachmentId) -> Result<bool, StoreError> {
        let mut state = self.available("DeleteObjectTagging").await?;
        if std::mem::take(&mut state.keep_fails) {
            return Err(StoreError::Unavailable {
                operation: "DeleteObjectTagging",
                source: "injected failure".into(),
            });
        }
        let exists = state.objects.contains_key(id);
        if exists {
            state.kept.insert(id.clone());
        }
        Ok(exists)
    }
}

impl SignDownloads for MemoryBucket {
    async fn sign_download(&self, attachment: &Attachment, now: Timestamp) -> Result<String, StoreError> {
        let _state = self.available("GetObject").await?;
        Ok(format!("memory:{}?from={}", attachment.id, now.seconds()))
    }
}

impl RemoveObjects for MemoryBucket {
    async fn remove(&self, id: &AttachmentId) -> Result<(), StoreError> {
        let mut state = self.available("DeleteObject").await?;
        state.objects.remove(id);
        state.kept.remove(id);
        Ok(())
    }
}
