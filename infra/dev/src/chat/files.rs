//! Attachments: how a line shows them, and how to send a file and save one.

use client::Client;
use client::documents::{Attachment, Message, Seq};
use client::draft::{Draft, NewAttachment};
use std::path::{Path, PathBuf};
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt as _;

/// A message as text: the attachment in brackets, then the content.
pub(super) fn message_text(message: &Message) -> String {
    match &message.attachment {
        Some(attachment) if message.content.is_empty() => attachment_text(attachment),
        Some(attachment) => format!("{} {}", attachment_text(attachment), message.content),
        None => message.content.clone(),
    }
}

/// An unsent message as text.
pub(super) fn draft_text(draft: &Draft) -> String {
    match &draft.attachment_id {
        Some(_) => format!("[attachment] {}", draft.content).trim_end().to_owned(),
        None => draft.content.clone(),
    }
}

fn attachment_text(attachment: &Attachment) -> String {
    let Attachment { file_name, size_bytes, width, height, duration_ms, .. } = attachment;
    match (width.zip(*height), duration_ms) {
        (Some((width, height)), _) => format!("[picture {file_name}, {width} x {height}, {}]", size(*size_bytes)),
        (None, Some(ms)) => format!("[recording {file_name}, {}]", duration(*ms)),
        (None, None) => format!("[{file_name}, {}]", size(*size_bytes)),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}

/// Minutes and seconds, rounded up.
fn duration(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Uploads a file and sends it. It is always sent as type `file`, because an image's size would need a decoder.
///
/// # Errors
/// A text for the user.
pub(super) async fn send(client: &Client, chat: &str, path: &Path, caption: String) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    // A device, for example, might never end.
    if !tokio::fs::metadata(path).await.map_err(failed)?.is_file() {
        return Err(format!("{} is not a regular file", path.display()));
    }
    let bytes = tokio::fs::read(path).await.map_err(failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = NewAttachment::file(&name, "application/octet-stream");
    let attachment = client.upload(chat, &new, bytes).await.map_err(|error| super::error_text(&error))?;
    client.send(chat, Draft::attachment(&attachment, caption)).map_err(|error| super::error_text(&error))?;
    Ok(())
}

/// Saves a message's attachment to `to`, or under its own name in the current directory. Returns the path. It does not
/// overwrite a file.
///
/// # Errors
/// A text for the user.
pub(super) async fn save(client: &Client, chat: &str, seq: Seq, to: Option<PathBuf>) -> Result<PathBuf, String> {
    let (attachment, bytes) = client.download(chat, seq).await.map_err(|error| super::error_text(&error))?;
    // If the name is a path, use only its last part.
    let own = Path::new(&attachment.file_name).file_name().map(PathBuf::from);
    let path = to.or(own).ok_or("the attachment has no name. Add a path to the command")?;
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).await.map_err(failed)?;
    let written = async {
        file.write_all(&bytes).await?;
        file.flush().await
    };
    if let Err(error) = written.await {
        // An incomplete file would block the next attempt.
        let _ = tokio::fs::remove_file(&path).await;
        return Err(failed(error));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unsent_attachment_without_caption_is_shown() {
        assert_eq!(draft_text(&Draft::text("Hello")), "Hello");
        let with_attachment = |content: &str| Draft { attachment_id: Some("a".to_owned()), ..Draft::text(content) };
        assert_eq!(draft_text(&with_attachment("")), "[attachment]");
        assert_eq!(draft_text(&with_attachment("Look")), "[attachment] Look");
    }

    #[test]
    fn attachment_is_shown_with_its_measures() {
        let shown = |more: serde_json::Value, content: &str| {
            let mut attachment = json!({"attachmentId": "a", "fileName": "a.bin", "contentType": "x/y", "sizeBytes": 1_500_001,
                "sha256": "0".repeat(64)});
            attachment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            message_text(&serde_json::from_value(json!({"messageId": "c:1", "chatId": "c", "seq": 1, "senderId": "a", "type": "file",
                "content": content, "attachment": attachment, "seenBy": [], "deletedFor": [], "createdAt": "", "rev": 0}))
            .unwrap())
        };
        assert_eq!(shown(json!({}), "Look"), "[a.bin, 2 MB] Look");
        assert_eq!(shown(json!({"sizeBytes": 999}), ""), "[a.bin, 999 B]");
        assert_eq!(shown(json!({"durationMs": 61_200}), ""), "[recording a.bin, 1:02]");
        let picture = json!({"width": 640, "height": 480, "blurHash": "00OZZy", "sizeBytes": 1001});
        assert_eq!(shown(picture, ""), "[picture a.bin, 640 x 480, 2 KB]");
    }
}
