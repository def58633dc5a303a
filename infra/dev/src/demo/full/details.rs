//! What a group shows besides its name: a topic, data of the application, and an avatar.

use super::events::chat_updated;
use super::player::all_see;
use super::samples::{PICTURE, picture_request};
use super::transcript::{HTTP, S3};
use super::{Play, StepError, expect, text};
use reqwest::Method;
use serde_json::{Value, json};

impl Play {
    pub(super) async fn details(&mut self) -> Result<(), StepError> {
        self.transcript.step("set a topic and custom data");
        let details = json!({"topic": "Three days with a tent", "custom": {"project": 42, "tags": ["tent", "lake"]}});
        let chat = self.change_group(&details).await?;
        expect(chat["topic"] == details["topic"] && chat["custom"] == details["custom"], &chat)?;
        self.transcript.line("alice", HTTP, "sets a topic, and data of her app", "bob and carol see both");

        self.transcript.step("set an avatar");
        let request = picture_request(&self.group);
        let declared = self.alice.http(Method::POST, "/attachments", request).await?.expect_status(201)?;
        let stored = self.alice.upload(&declared["upload"], PICTURE).await?;
        expect(stored == 200, &json!({"status of the upload": stored}))?;
        let chat = self.change_group(&json!({"avatar": declared["attachment"]["attachmentId"]})).await?;
        expect(chat["avatar"] == declared["attachment"], &chat)?;
        self.transcript.line("alice", S3, "uploads an avatar of the group", "bob and carol see the change");

        self.transcript.step("download an avatar");
        let avatar = self.bob.get(&self.group_path("/avatar")).await?;
        let (status, bytes) = self.bob.download(&text(&avatar, "/download/url")?).await?;
        expect(status == 200 && bytes == PICTURE, &avatar)?;
        self.transcript.line("bob", S3, "downloads the avatar", &format!("{} bytes", bytes.len()));
        Ok(())
    }

    /// Alice changes the group; the others see it. Returns the group.
    async fn change_group(&mut self, change: &Value) -> Result<Value, StepError> {
        let answer = self.alice.http(Method::PATCH, &self.group_path(""), change.clone()).await?;
        let chat = answer.expect_status(200)?["chat"].take();
        all_see([&mut self.bob, &mut self.carol, &mut self.phone], &chat_updated(&chat)).await?;
        Ok(chat)
    }
}
