//! A picture and a recording. The clients upload to the bucket and download from it directly.

use super::events::{message_created, message_updated};
use super::player::all_see;
use super::samples::{PICTURE, RECORDING_MS, picture_request, recording};
use super::transcript::{HTTP, S3, WS};
use super::{Play, StepError, expect, number, text};
use client::sha256;
use reqwest::Method;
use serde_json::{Value, json};

impl Play {
    pub(super) async fn attachments(&mut self) -> Result<(), StepError> {
        let picture = self.picture().await?;
        self.download_picture(&picture).await?;
        self.recording().await?;
        self.remove_picture(&picture).await
    }

    async fn picture(&mut self) -> Result<Value, StepError> {
        self.transcript.step("upload a picture");
        let request = picture_request(&self.private);
        let answer = self.alice.http(Method::POST, "/attachments", request).await?.expect_status(201)?;
        let stored = self.alice.upload(&answer["upload"], PICTURE).await?;
        expect(stored == 200, &json!({"status of the upload": stored}))?;
        let what = "uploads tent.png";
        self.transcript.line("alice", S3, what, &format!("{} bytes, with their SHA-256", PICTURE.len()));

        self.transcript.step("send a picture");
        let id = answer["attachment"]["attachmentId"].clone();
        let frame = json!({"chatId": self.private, "type": "image", "attachmentId": id, "content": "This one?"});
        let sent = self.alice.ws("sendMessage", frame.clone()).await?.expect_status(200)?["message"].take();
        expect(sent["attachment"] == answer["attachment"] && sent["content"] == "This one?", &sent)?;
        all_see([&mut self.bob, &mut self.phone], &message_created(&sent)).await?;
        self.transcript.line("alice", WS, "sends the picture: \"This one?\"", "bob sees it blurred: 16 x 16");

        self.transcript.step("send a picture twice");
        let refused = self.alice.ws("sendMessage", frame).await?.expect_refusal(409, "attachment_sent")?;
        self.transcript.line("alice", WS, "sends the same attachment again", &refused);
        Ok(sent)
    }

    async fn download_picture(&mut self, sent: &Value) -> Result<(), StepError> {
        self.transcript.step("download a picture");
        let path = format!("/chats/{}/messages/{}/attachment", self.private, number(sent, "/seq")?);
        let details = self.bob.get(&path).await?;
        let (status, bytes) = self.bob.download(&text(&details, "/download/url")?).await?;
        expect(status == 200 && bytes == PICTURE, &details)?;
        self.transcript.line("bob", S3, "downloads it", "the bytes that alice uploaded");

        self.transcript.step("download as a non-participant");
        let refused = self.carol.http(Method::GET, &path, Value::Null).await?.expect_refusal(404, "chat_not_found")?;
        self.transcript.line("carol", HTTP, "tries to download it, too", &refused);
        Ok(())
    }

    async fn recording(&mut self) -> Result<(), StepError> {
        self.transcript.step("upload and send a recording");
        let bytes = recording();
        let request = json!({
            "chatId": self.private, "type": "audio", "fileName": "yes.wav", "contentType": "audio/wav",
            "durationMs": RECORDING_MS, "sizeBytes": bytes.len(), "sha256": sha256(&bytes),
        });
        let answer = self.bob.http(Method::POST, "/attachments", request).await?.expect_status(201)?;
        let stored = self.bob.upload(&answer["upload"], &bytes).await?;
        expect(stored == 200, &json!({"status of the upload": stored}))?;
        let custom = json!({"transcript": "Yes!", "language": "en"});
        let body = json!({"type": "audio", "attachmentId": answer["attachment"]["attachmentId"], "custom": custom});
        let path = format!("/chats/{}/messages", self.private);
        let sent = self.bob.http(Method::POST, &path, body).await?.expect_status(201)?["message"].take();
        expect(sent["attachment"]["durationMs"] == RECORDING_MS && sent["content"] == "", &sent)?;
        expect(sent["custom"] == custom, &sent)?;
        all_see([&mut self.alice, &mut self.phone], &message_created(&sent)).await?;
        let details = self.alice.get(&format!("{path}/{}/attachment", sent["seq"])).await?;
        let (status, downloaded) = self.alice.download(&text(&details, "/download/url")?).await?;
        expect(status == 200 && downloaded == bytes, &details)?;
        let seen = format!("alice downloads {RECORDING_MS} ms, {} bytes", bytes.len());
        self.transcript.line("bob", HTTP, "answers with a recording and app data", &seen);
        Ok(())
    }

    async fn remove_picture(&mut self, sent: &Value) -> Result<(), StepError> {
        self.transcript.step("delete a picture for everyone");
        let seq = number(sent, "/seq")?;
        let path = format!("/chats/{}/messages/{seq}", self.private);
        let url = text(&self.bob.get(&format!("{path}/attachment")).await?, "/download/url")?;
        let answer =
            self.alice.http(Method::DELETE, &format!("{path}?for=everyone"), Value::Null).await?.expect_status(200)?;
        let tombstone = &answer["message"];
        expect(tombstone["type"] == "image" && tombstone.get("attachment").is_none(), tombstone)?;
        all_see([&mut self.bob, &mut self.phone], &message_updated(tombstone)).await?;
        let (status, _) = self.bob.download(&url).await?;
        expect(status == 404, &json!({"status of the download": status}))?;
        let seen = "bob sees a tombstone, the bucket has no file";
        self.transcript.line("alice", HTTP, "deletes the picture for everyone", seen);
        Ok(())
    }
}
