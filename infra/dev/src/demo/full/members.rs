//! Carol is removed, misses the fourth message, and is added again. Older messages stay hidden from her.

use super::events::{chat_created, chat_left, chat_updated, message_created};
use super::player::{all_see, ids};
use super::transcript::{HTTP, WS};
use super::{Play, StepError, expect};
use reqwest::Method;
use serde_json::{Value, json};

impl Play {
    pub(super) async fn members(&mut self) -> Result<(), StepError> {
        self.remove_carol().await?;
        self.talk_without_carol().await?;
        self.add_carol().await?;
        self.talk_with_carol().await
    }

    async fn remove_carol(&mut self) -> Result<(), StepError> {
        self.transcript.step("remove a participant");
        let path = self.group_path(&format!("/participants/{}", self.carol.id));
        let answer = self.alice.http(Method::DELETE, &path, Value::Null).await?.expect_status(200)?;
        let chat = &answer["chat"];
        expect(chat["participants"] == ids([&self.alice, &self.bob]), chat)?;
        self.carol.sees(&chat_left(chat, &self.alice.id)).await?;
        self.bob.sees(&chat_updated(chat)).await?;
        self.transcript.line("alice", HTTP, "removes carol", "carol loses the group, bob sees two members");

        self.transcript.step("read a group as a non-participant");
        let answer = self.carol.http(Method::GET, &self.group_path(""), Value::Null).await?;
        let refused = answer.expect_refusal(404, "chat_not_found")?;
        self.transcript.line("carol", HTTP, "tries to read the group", &refused);
        Ok(())
    }

    async fn talk_without_carol(&mut self) -> Result<(), StepError> {
        self.transcript.step("send after a participant was removed");
        let frame = json!({"chatId": self.group, "type": "text", "content": "A cake for carol?"});
        let sent = self.alice.ws("sendMessage", frame).await?.expect_status(200)?;
        expect(sent["message"]["seq"] == 4, &sent)?;
        let event = message_created(&sent["message"]);
        all_see([&mut self.bob, &mut self.phone], &event).await?;
        self.carol.does_not_see(&event).await?;
        self.transcript.line("alice", WS, "says \"A cake for carol?\" (message 4)", "bob sees it, carol does not");
        Ok(())
    }

    async fn add_carol(&mut self) -> Result<(), StepError> {
        self.transcript.step("add a participant");
        let body = json!({"participants": [self.carol.id]});
        let answer =
            self.alice.http(Method::POST, &self.group_path("/participants"), body).await?.expect_status(200)?;
        let chat = &answer["chat"];
        expect(chat["participants"] == ids([&self.alice, &self.bob, &self.carol]), chat)?;
        expect(chat["seq"] == 4 && chat["floor"] == 0, chat)?;
        self.bob.sees(&chat_updated(chat)).await?;
        // Carol sees the same chat, with all earlier messages hidden.
        let mut shown = chat.clone();
        shown["floor"] = json!(4);
        if let Some(fields) = shown.as_object_mut() {
            fields.remove("lastMessageId");
        }
        self.carol.sees(&chat_created(&shown)).await?;
        self.transcript.line("alice", HTTP, "adds carol again", "carol gets the group, bob sees three members");
        Ok(())
    }

    async fn talk_with_carol(&mut self) -> Result<(), StepError> {
        self.transcript.step("send after a participant was added");
        let frame = json!({"chatId": self.group, "type": "text", "content": "Welcome back"});
        let sent = self.alice.ws("sendMessage", frame).await?.expect_status(200)?;
        expect(sent["message"]["seq"] == 5, &sent)?;
        all_see([&mut self.bob, &mut self.carol], &message_created(&sent["message"])).await?;
        self.transcript.line("alice", WS, "says \"Welcome back\" (message 5)", "bob and carol see it");

        self.transcript.step("list messages as an added participant");
        let page = self.carol.ws("listMessages", json!({"chatId": self.group})).await?.expect_status(200)?;
        let is_complete = page["messages"] == json!([sent["message"]]) && page["floor"] == 4;
        expect(is_complete && page["hasMoreBefore"] == false, &page)?;
        self.transcript.line("carol", WS, "lists the group", "only message 5, older ones are hidden");
        Ok(())
    }
}
