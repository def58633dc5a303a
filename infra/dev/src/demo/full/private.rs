//! The private chat of alice and bob, which is there already when the demo was played before.

use super::events::{chat_created, message_created, receipt_updated, typing};
use super::people::NICKNAME;
use super::player::{all_see, ids};
use super::transcript::{HTTP, WS};
use super::{Miss, Play, expect, number, text};
use reqwest::Method;
use serde_json::{Value, json};

/// What alice writes to bob.
pub(super) const HELLO: &str = "Hello bob, are you there?";

impl Play {
    pub(super) async fn private_chat(&mut self) -> Result<(), Miss> {
        let last = self.open_private_chat().await?;
        let (body, sent) = self.say_hello(last).await?;
        self.see_hello(&sent).await?;
        self.see_typing().await?;
        self.repeat_hello(&body, &sent).await?;

        self.transcript.step("show another user");
        let answer = self.bob.get(&format!("/users/{}", self.alice.id)).await?;
        let user = &answer["user"];
        let holds = user["nickname"] == NICKNAME && user["status"] == "online" && user["mutedChats"] == json!([]);
        expect(holds, user)?;
        self.transcript.line("bob", HTTP, "looks at the profile of alice", &format!("{}, online", self.named(user)?));
        Ok(())
    }

    /// The place of the last message in it.
    async fn open_private_chat(&mut self) -> Result<u64, Miss> {
        self.transcript.step("open a private chat");
        let ask = json!({"participants": [self.bob.id], "isGroup": false});
        let answer = self.alice.http(Method::POST, "/chats", ask).await?;
        let is_new = answer.status() == 201;
        let created = answer.done(if is_new { 201 } else { 200 })?;
        let chat = &created["chat"];
        self.private = text(chat, "/chatId")?;
        expect(chat["isGroup"] == false && chat["participants"] == ids([&self.alice, &self.bob]), chat)?;
        let mut seen = "it was there already";
        if is_new {
            seen = "bob sees it, the phone shows it";
            all_see([&mut self.bob, &mut self.phone], &chat_created(chat)).await?;
        }
        self.transcript.line("alice", HTTP, "opens a chat with bob", seen);

        self.transcript.step("open the same private chat from the other side");
        let ask = json!({"participants": [self.alice.id], "isGroup": false});
        let again = self.bob.ws("createChat", ask).await?.done(200)?;
        expect(again["chat"]["chatId"] == self.private, &again)?;
        self.transcript.line("bob", WS, "opens a chat with alice", "the same one: a pair has one");
        number(chat, "/seq")
    }

    /// What was sent, under a name that no other message has, and the message.
    async fn say_hello(&mut self, last: u64) -> Result<(Value, Value), Miss> {
        self.transcript.step("send a message");
        let body = json!({"type": "text", "content": HELLO, "clientMessageId": format!("hello-{}", last + 1)});
        let mut frame = body.clone();
        frame["chatId"] = json!(self.private);
        let sent = self.alice.ws("sendMessage", frame).await?.done(200)?["message"].take();
        let holds = sent["content"] == HELLO && sent["senderId"] == self.alice.id && number(&sent, "/seq")? > last;
        expect(holds, &sent)?;
        all_see([&mut self.bob, &mut self.phone], &message_created(&sent)).await?;
        self.transcript.line("alice", WS, &format!("says \"{HELLO}\""), "bob sees it, the phone shows it");
        Ok((body, sent))
    }

    async fn see_hello(&mut self, sent: &Value) -> Result<(), Miss> {
        self.transcript.step("mark a message as seen");
        let frame = json!({"chatId": self.private, "seq": sent["seq"]});
        let seen = self.bob.ws("markSeen", frame).await?.done(200)?;
        expect(seen["readSeq"] == sent["seq"] && seen["unreadCount"] == 0, &seen)?;
        all_see([&mut self.alice, &mut self.phone], &receipt_updated(&self.bob.id, &seen)).await?;
        self.transcript.line("bob", WS, "marks it as seen", "both devices of alice show it");

        self.transcript.step("list messages");
        let page = self.alice.get(&format!("/chats/{}/messages?limit=1", self.private)).await?;
        let last = &page["messages"][0];
        let seen_by = ids([&self.alice, &self.bob]);
        expect(last["messageId"] == sent["messageId"] && last["seenBy"] == seen_by, &page)?;
        self.transcript.line("alice", HTTP, "lists the last message", "seen by alice and bob");
        Ok(())
    }

    async fn see_typing(&mut self) -> Result<(), Miss> {
        self.transcript.step("type");
        for (state, what, seen) in [
            ("start", "begins to type", "both devices of alice show it, carol's does not"),
            ("stop", "stops", "they stop to show it"),
        ] {
            let said = self.bob.ws("typing", json!({"chatId": self.private, "state": state})).await?.done(200)?;
            expect(said["userId"] == self.bob.id && said["state"] == state, &said)?;
            let event = typing(&self.private, &said);
            all_see([&mut self.alice, &mut self.phone], &event).await?;
            self.carol.hears_nothing_of(&event).await?;
            self.transcript.line("bob", WS, what, seen);
        }
        Ok(())
    }

    async fn repeat_hello(&mut self, body: &Value, sent: &Value) -> Result<(), Miss> {
        self.transcript.step("repeat a message under the same name");
        let path = format!("/chats/{}/messages", self.private);
        let again = self.alice.http(Method::POST, &path, body.clone()).await?.done(200)?;
        let message = &again["message"];
        expect(message["messageId"] == sent["messageId"] && message["content"] == sent["content"], message)?;
        self.bob.sees(&message_created(message)).await?;
        let page = self.bob.get(&format!("{path}?after={}", sent["seq"])).await?;
        expect(page["messages"] == json!([]) && page["seq"] == sent["seq"], &page)?;
        let what = "sends it again, as if the answer was lost";
        self.transcript.line("alice", HTTP, what, "the same message, stored once");
        Ok(())
    }
}
