//! Declared uploads. The commit of a message marks its upload as sent.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{UploadItem, from_item, s, to_item};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use domain::attachment::Upload;
use domain::ids::AttachmentId;
use domain::ports::{CreateUploads, Env, ReadUploads, StoreError};
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
        let call = self.client.get_item().table_name(&self.tables.uploads).key("attachmentId", s(id.as_str()));
        let output = call.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        let item = output.map_err(|error| failed("GetItem", error))?.item;
        let upload = item.map(|item| from_item::<UploadItem>("Uploads", item)).transpose()?.map(Upload::from);
        // TTL deletes an expired item only some time later.
        Ok(upload.filter(|upload| upload.expires_at > now))
    }
}
