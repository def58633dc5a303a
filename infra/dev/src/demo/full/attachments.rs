//! A picture and a recording: their bytes go to the bucket and come from it, and past the system.

use super::events::{message_created, message_updated};
use super::player::all_see;
use super::samples::{BLUR_HASH, PICTURE, RECORDING_MS, recording};
use super::transcript::{HTTP, WS};
use super::{Miss, Play, expect, number, text};
use client::sha256;
use reqwest::Method;
use serde_json::{Value, json};

/// What the transcript calls the way to the bucket.
const S3: &str = "S3";

impl Play {
    pub(super) async fn attachments(&mut self) -> Result<(), Miss> {
        let picture = self.picture().await?;
        self.open_picture(&picture).await?;
        self.recording().await?;
        self.remove_picture(&picture).await
    }

    async fn picture(&mut self) -> Result<Value, Miss> {
        self.transcript.step("upload a picture");
        let announced = json!({
            "chatId": self.private, "type": "image", "fileName": "tent.png", "contentType": "image/png",
            "width": 16, "height": 16, "blurHash": BLUR_HASH,
            "sizeBytes": PICTURE.len(), "sha256": sha256(PICTURE),
        });
        let answer = self.alice.http(Method::POST, "/attachments", announced).await?.done(201)?;
        let stored = self.alice.upload(&answer["upload"], PICTURE).await?;
        expect(stored == 200, &json!({"the bucket answers": stored}))?;
        let what = "uploads tent.png";
        self.transcript.line("alice", S3, what, &format!("{} bytes, announced by their SHA-256", PICTURE.len()));

        self.transcript.step("send a picture");
        let id = answer["attachment"]["attachmentId"].clone();
        let frame = json!({"chatId": self.private, "type": "image", "attachmentId": id, "content": "This one?"});
        let sent = self.alice.ws("sendMessage", frame.clone()).await?.done(200)?["message"].take();
        expect(sent["attachment"] == answer["attachment"] && sent["content"] == "This one?", &sent)?;
        all_see([&mut self.bob, &mut self.phone], &message_created(&sent)).await?;
        self.transcript.line("alice", WS, "sends the picture: \"This one?\"", "bob sees it blurred: 16 x 16");

        self.transcript.step("send a picture twice");
        let refused = self.alice.ws("sendMessage", frame).await?.refused(409, "attachment_sent")?;
        self.transcript.line("alice", WS, "sends the same upload again", &refused);
        Ok(sent)
    }

    async fn open_picture(&mut self, sent: &Value) -> Result<(), Miss> {
        self.transcript.step("download a picture");
        let path = format!("/chats/{}/messages/{}/attachment", self.private, number(sent, "/seq")?);
        let opened = self.bob.get(&path).await?;
        let (status, bytes) = self.bob.download(&text(&opened, "/download/url")?).await?;
        expect(status == 200 && bytes == PICTURE, &opened)?;
        self.transcript.line("bob", S3, "downloads it", "the bytes that alice uploaded");

        self.transcript.step("download what one cannot see");
        let refused = self.carol.http(Method::GET, &path, Value::Null).await?.refused(404, "chat_not_found")?;
        self.transcript.line("carol", HTTP, "wants it too", &refused);
        Ok(())
    }

    async fn recording(&mut self) -> Result<(), Miss> {
        self.transcript.step("upload and send a recording");
        let bytes = recording();
        let announced = json!({
            "chatId": self.private, "type": "audio", "fileName": "yes.wav", "contentType": "audio/wav",
            "durationMs": RECORDING_MS, "sizeBytes": bytes.len(), "sha256": sha256(&bytes),
        });
        let answer = self.bob.http(Method::POST, "/attachments", announced).await?.done(201)?;
        let stored = self.bob.upload(&answer["upload"], &bytes).await?;
        expect(stored == 200, &json!({"the bucket answers": stored}))?;
        let body = json!({"type": "audio", "attachmentId": answer["attachment"]["attachmentId"]});
        let path = format!("/chats/{}/messages", self.private);
        let sent = self.bob.http(Method::POST, &path, body).await?.done(201)?["message"].take();
        expect(sent["attachment"]["durationMs"] == RECORDING_MS && sent["content"] == "", &sent)?;
        all_see([&mut self.alice, &mut self.phone], &message_created(&sent)).await?;
        let opened = self.alice.get(&format!("{path}/{}/attachment", sent["seq"])).await?;
        let (status, heard) = self.alice.download(&text(&opened, "/download/url")?).await?;
        expect(status == 200 && heard == bytes, &opened)?;
        let seen = format!("alice hears {RECORDING_MS} ms of it, {} bytes", bytes.len());
        self.transcript.line("bob", HTTP, "answers with a recording, without a word", &seen);
        Ok(())
    }

    async fn remove_picture(&mut self, sent: &Value) -> Result<(), Miss> {
        self.transcript.step("delete a picture for everyone");
        let seq = number(sent, "/seq")?;
        let path = format!("/chats/{}/messages/{seq}", self.private);
        let url = text(&self.bob.get(&format!("{path}/attachment")).await?, "/download/url")?;
        let answer = self.alice.http(Method::DELETE, &format!("{path}?for=everyone"), Value::Null).await?.done(200)?;
        let tomb = &answer["message"];
        expect(tomb["type"] == "image" && tomb.get("attachment").is_none(), tomb)?;
        all_see([&mut self.bob, &mut self.phone], &message_updated(tomb)).await?;
        let (status, _) = self.bob.download(&url).await?;
        expect(status == 404, &json!({"the bucket answers": status}))?;
        let seen = "bob sees a tombstone, and the bucket has it no more";
        self.transcript.line("alice", HTTP, "deletes the picture for everyone", seen);
        Ok(())
    }
}
