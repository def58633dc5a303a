//! A bucket that holds what tests put there, and signs nothing.

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

/// Objects by what is known of them, without their bytes.
#[derive(Debug, Default)]
pub struct MemoryBucket(Mutex<State>);

impl MemoryBucket {
    /// Puts an object there.
    pub fn put(&self, id: &AttachmentId, object: StoredObject) {
        self.lock().objects.insert(id.clone(), object);
    }

    /// Puts there what was declared.
    pub fn put_declared(&self, attachment: &Attachment) {
        let object = StoredObject { size_bytes: attachment.size_bytes, sha256: Some(attachment.sha256.clone()) };
        self.put(&attachment.id, object);
    }

    /// Whether an object is there.
    pub fn has(&self, id: &AttachmentId) -> bool {
        self.lock().objects.contains_key(id)
    }

    /// Whether an object is there to stay.
    pub fn keeps(&self, id: &AttachmentId) -> bool {
        self.lock().kept.contains(id)
    }

    /// How often anybody looked at an object.
    pub fn looked(&self) -> u32 {
        self.lock().looked
    }

    /// From now on, or no more, every call fails.
    pub fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// The next time that an object is to be kept, that fails.
    pub fn set_keep_fails(&self) {
        self.lock().keep_fails = true;
    }

    /// The next object that is looked at is gone right after.
    pub fn set_vanishes(&self) {
        self.lock().vanishes = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    async fn up(&self, operation: &'static str) -> Result<MutexGuard<'_, State>, StoreError> {
        tokio::task::yield_now().await;
        let state = self.lock();
        match state.is_down {
            true => Err(StoreError::Unavailable { operation, source: "told to fail".into() }),
            false => Ok(state),
        }
    }
}

impl SignUploads for MemoryBucket {
    async fn sign_upload(&self, attachment: &Attachment, now: Timestamp) -> Result<SignedUpload, StoreError> {
        let _up = self.up("PutObject").await?;
        let url = format!("memory:{}?from={}", attachment.id, now.seconds());
        Ok(SignedUpload { url, headers: vec![("x-size".to_owned(), attachment.size_bytes.to_string())] })
    }
}

impl CheckUploads for MemoryBucket {
    async fn uploaded(&self, id: &AttachmentId) -> Result<Option<StoredObject>, StoreError> {
        let mut state = self.up("HeadObject").await?;
        state.looked += 1;
        let found = state.objects.get(id).cloned();
        if std::mem::take(&mut state.vanishes) {
            state.objects.remove(id);
        }
        Ok(found)
    }

    async fn keep(&self, id: &AttachmentId) -> Result<bool, StoreError> {
        let mut state = self.up("DeleteObjectTagging").await?;
        if std::mem::take(&mut state.keep_fails) {
            return Err(StoreError::Unavailable { operation: "DeleteObjectTagging", source: "told to fail".into() });
        }
        let is_there = state.objects.contains_key(id);
        if is_there {
            state.kept.insert(id.clone());
        }
        Ok(is_there)
    }
}

impl SignDownloads for MemoryBucket {
    async fn sign_download(&self, attachment: &Attachment, now: Timestamp) -> Result<String, StoreError> {
        let _up = self.up("GetObject").await?;
        Ok(format!("memory:{}?from={}", attachment.id, now.seconds()))
    }
}

impl RemoveObjects for MemoryBucket {
    async fn remove(&self, id: &AttachmentId) -> Result<(), StoreError> {
        let mut state = self.up("DeleteObject").await?;
        state.objects.remove(id);
        state.kept.remove(id);
        Ok(())
    }
}
