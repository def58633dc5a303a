//! Items of uploads.

use domain::attachment::{Attachment, Upload};
use domain::ids::{ChatId, Seq, UserId};
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// The declared attachment is one map, in the form that a message has. Its id is the key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadItem {
    attachment_id: String,
    attachment: Attachment,
    owner_id: UserId,
    chat_id: ChatId,
    created_at: i64,
    expires_at: i64,
    /// The seq of the message with this attachment.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_as: Option<Seq>,
}

impl From<&Upload> for UploadItem {
    fn from(upload: &Upload) -> Self {
        let Upload { attachment, owner, chat, created_at, expires_at, sent_as } = upload.clone();
        Self {
            attachment_id: attachment.id.as_str().to_owned(),
            attachment,
            owner_id: owner,
            chat_id: chat,
            created_at: created_at.millis(),
            expires_at: expires_at.seconds(),
            sent_as,
        }
    }
}

impl From<UploadItem> for Upload {
    fn from(item: UploadItem) -> Self {
        Self {
            attachment: item.attachment,
            owner: item.owner_id,
            chat: item.chat_id,
            created_at: Timestamp::from_millis(item.created_at),
            expires_at: Timestamp::from_seconds(item.expires_at),
            sent_as: item.sent_as,
        }
    }
}
