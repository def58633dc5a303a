//! Carol is removed, misses the fourth message, and is added again: what came before is not hers.

use super::events::{chat_created, chat_left, chat_updated, message_created};
use super::player::{all_see, ids};
use super::transcript::{HTTP, WS};
use super::{Miss, Play, expect};
use reqwest::Method;
use serde_json::{Value, json};

impl Play {
    pub(super) async fn members(&mut self) -> Result<(), Miss> {
        self.remove_carol().await?;
        self.talk_without_carol().await?;
        self.add_carol().await?;
        self.talk_with_carol().await
    }

    async fn remove_carol(&mut self) -> Result<(), Miss> {
        self.transcript.step("remove a participant");
        let path = self.of_group(&format!("/participants/{}", self.carol.id));
        let answer = self.alice.http(Method::DELETE, &path, Value::Null).await?.done(200)?;
        let chat = &answer["chat"];
        expect(chat["participants"] == ids([&self.alice, &self.bob]), chat)?;
        self.carol.sees(&chat_left(chat, &self.alice.id)).await?;
        self.bob.sees(&chat_updated(chat)).await?;
        self.transcript.line("alice", HTTP, "removes carol", "carol is told, bob sees two");

        self.transcript.step("read a group that one is not in");
        let answer = self.carol.http(Method::GET, &self.of_group(""), Value::Null).await?;
        let refused = answer.refused(404, "chat_not_found")?;
        self.transcript.line("carol", HTTP, "wants to look at the group", &refused);
        Ok(())
    }

    async fn talk_without_carol(&mut self) -> Result<(), Miss> {
        self.transcript.step("send without the one who was removed");
        let frame = json!({"chatId": self.group, "type": "text", "content": "A cake for carol?"});
        let sent = self.alice.ws("sendMessage", frame).await?.done(200)?;
        expect(sent["message"]["seq"] == 4, &sent)?;
        let event = message_created(&sent["message"]);
        all_see([&mut self.bob, &mut self.phone], &event).await?;
        self.carol.hears_nothing_of(&event).await?;
        self.transcript.line("alice", WS, "says \"A cake for carol?\" (message 4)", "bob sees it, carol hears nothing");
        Ok(())
    }

    async fn add_carol(&mut self) -> Result<(), Miss> {
        self.transcript.step("add a participant");
        let body = json!({"participants": [self.carol.id]});
        let answer = self.alice.http(Method::POST, &self.of_group("/participants"), body).await?.done(200)?;
        let chat = &answer["chat"];
        expect(chat["participants"] == ids([&self.alice, &self.bob, &self.carol]), chat)?;
        expect(chat["seq"] == 4 && chat["floor"] == 0, chat)?;
        self.bob.sees(&chat_updated(chat)).await?;
        // The same chat, but that everything so far is hidden.
        let mut shown = chat.clone();
        shown["floor"] = json!(4);
        if let Some(fields) = shown.as_object_mut() {
            fields.remove("lastMessageId");
        }
        self.carol.sees(&chat_created(&shown)).await?;
        self.transcript.line("alice", HTTP, "adds carol again", "carol is told, bob sees three");
        Ok(())
    }

    async fn talk_with_carol(&mut self) -> Result<(), Miss> {
        self.transcript.step("send to the one who was added");
        let frame = json!({"chatId": self.group, "type": "text", "content": "Welcome back"});
        let sent = self.alice.ws("sendMessage", frame).await?.done(200)?;
        expect(sent["message"]["seq"] == 5, &sent)?;
        all_see([&mut self.bob, &mut self.carol], &message_created(&sent["message"])).await?;
        self.transcript.line("alice", WS, "says \"Welcome back\" (message 5)", "bob and carol see it");

        self.transcript.step("list what came after one was added");
        let page = self.carol.ws("listMessages", json!({"chatId": self.group})).await?.done(200)?;
        let holds = page["messages"] == json!([sent["message"]]) && page["floor"] == 4;
        expect(holds && page["hasMoreBefore"] == false, &page)?;
        self.transcript.line("carol", WS, "lists the group", "message 5, what came before is hidden");
        Ok(())
    }
}
