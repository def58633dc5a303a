//! Declared uploads.

use super::MemoryStore;
use domain::attachment::Upload;
use domain::ids::AttachmentId;
use domain::ports::{CreateUploads, ReadUploads, StoreError};
use domain::timestamp::Timestamp;

impl CreateUploads for MemoryStore {
    async fn create_upload(&self, upload: &Upload) -> Result<(), StoreError> {
        self.read(|state| {
            state.uploads.insert(upload.attachment.id.clone(), upload.clone());
        })
        .await
    }
}

impl ReadUploads for MemoryStore {
    async fn upload(&self, id: &AttachmentId, now: Timestamp) -> Result<Option<Upload>, StoreError> {
        self.read(|state| state.uploads.get(id).filter(|upload| upload.expires_at > now).cloned()).await
    }
}
