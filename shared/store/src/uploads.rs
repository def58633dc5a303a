//! Declared uploads. The commit of a message marks its upload as sent.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{Item, UploadItem, s, to_item};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use domain::attachment::Upload;
use domain::ids::AttachmentId;
use domain::ports::{Consistency, CreateUploads, Env, ReadUploads, StoreError};
use domain::timestamp::Timestamp;

impl<E: Env, C: Sync> CreateUploads for DynamoStore<E, C> {
    async fn create_upload(&self, upload: &Upload) -> Result<(), StoreError> {
        let item = to_item("Uploads", &UploadItem::from(upload))?;
        let call = self.client.put_item().table_name(&self.tables.uploads).set_item(Some(item));
        let output = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        output.map(|_| ()).map_err(|error| failed("PutItem", error))
    }
}

impl<E: Env, C: Sync> ReadUploads for DynamoStore<E, C> {
    async fn upload(&self, id: &AttachmentId, now: Timestamp) -> Result<Option<Upload>, StoreError> {
        let key = Item::from([("attachmentId".to_owned(), s(id.as_str()))]);
        let upload = self.get::<UploadItem>("Uploads", &self.tables.uploads, key, Consistency::Strong).await?;
        let upload = upload.map(Upload::from);
        // TTL deletes an expired item only some time later.
        Ok(upload.filter(|upload| upload.expires_at > now))
    }
}
