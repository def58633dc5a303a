//! The private chat of alice and bob. It exists already if the demo was played before.

use super::events::{chat_created, message_created, receipt_updated, typing};
use super::people::NICKNAME;
use super::player::{all_see, ids};
use super::transcript::{HTTP, WS};
use super::{Play, StepError, expect, number, text};
use reqwest::Method;
use serde_json::{Value, json};

/// Alice's first message to bob.
pub(super) const HELLO: &str = "Hello bob, are you there?";

impl Play {
    pub(super) async fn private_chat(&mut self) -> Result<(), StepError> {
        let last = self.open_private_chat().await?;
        let (body, sent) = self.send_hello(last).await?;
        self.mark_hello_seen(&sent).await?;
        self.see_typing().await?;
        self.repeat_hello(&body, &sent).await?;

        self.transcript.step("read another user's profile");
        let answer = self.bob.get(&format!("/users/{}", self.alice.id)).await?;
        let user = &answer["user"];
        let is_expected = user["nickname"] == NICKNAME && user["status"] == "online" && user["mutedChats"] == json!([]);
        expect(is_expected, user)?;
        self.transcript.line("bob", HTTP, "reads alice's profile", &format!("{}, online", self.display_name(user)?));
        Ok(())
    }

    /// Returns the `seq` of the chat's last message.
    async fn open_private_chat(&mut self) -> Result<u64, StepError> {
        self.transcript.step("open a private chat");
        let body = json!({"participants": [self.bob.id], "isGroup": false});
        let answer = self.alice.http(Method::POST, "/chats", body).await?;
        let is_new = answer.status() == 201;
        let created = answer.expect_status(if is_new { 201 } else { 200 })?;
        let chat = &created["chat"];
        self.private = text(chat, "/chatId")?;
        expect(chat["isGroup"] == false && chat["participants"] == ids([&self.alice, &self.bob]), chat)?;
        let mut seen = "it exists already";
        if is_new {
            seen = "bob sees it, the phone shows it";
            all_see([&mut self.bob, &mut self.phone], &chat_created(chat)).await?;
        }
        self.transcript.line("alice", HTTP, "opens a chat with bob", seen);

        self.transcript.step("open the same private chat from the other side");
        let body = json!({"participants": [self.alice.id], "isGroup": false});
        let again = self.bob.ws("createChat", body).await?.expect_status(200)?;
        expect(again["chat"]["chatId"] == self.private, &again)?;
        self.transcript.line("bob", WS, "opens a chat with alice", "the same chat: each pair has one");
        number(chat, "/seq")
    }

    /// Sends with a new `clientMessageId`. Returns the request's body and the stored message.
    async fn send_hello(&mut self, last: u64) -> Result<(Value, Value), StepError> {
        self.transcript.step("send a message");
        let body = json!({"type": "text", "content": HELLO, "clientMessageId": format!("hello-{}", last + 1)});
        let mut frame = body.clone();
        frame["chatId"] = json!(self.private);
        let sent = self.alice.ws("sendMessage", frame).await?.expect_status(200)?["message"].take();
        let is_expected =
            sent["content"] == HELLO && sent["senderId"] == self.alice.id && number(&sent, "/seq")? > last;
        expect(is_expected, &sent)?;
        all_see([&mut self.bob, &mut self.phone], &message_created(&sent)).await?;
        self.transcript.line("alice", WS, &format!("says \"{HELLO}\""), "bob sees it, the phone shows it");
        Ok((body, sent))
    }

    async fn mark_hello_seen(&mut self, sent: &Value) -> Result<(), StepError> {
        self.transcript.step("mark a message as seen");
        let frame = json!({"chatId": self.private, "seq": sent["seq"]});
        let seen = self.bob.ws("markSeen", frame).await?.expect_status(200)?;
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

    async fn see_typing(&mut self) -> Result<(), StepError> {
        self.transcript.step("show typing");
        for (state, what, seen) in [
            ("start", "starts typing", "both devices of alice show it, carol's does not"),
            ("stop", "stops typing", "both devices stop showing it"),
        ] {
            let answer =
                self.bob.ws("typing", json!({"chatId": self.private, "state": state})).await?.expect_status(200)?;
            expect(answer["userId"] == self.bob.id && answer["state"] == state, &answer)?;
            let event = typing(&self.private, &answer);
            all_see([&mut self.alice, &mut self.phone], &event).await?;
            self.carol.does_not_see(&event).await?;
            self.transcript.line("bob", WS, what, seen);
        }
        Ok(())
    }

    async fn repeat_hello(&mut self, body: &Value, sent: &Value) -> Result<(), StepError> {
        self.transcript.step("send a message again with the same clientMessageId");
        let path = format!("/chats/{}/messages", self.private);
        let again = self.alice.http(Method::POST, &path, body.clone()).await?.expect_status(200)?;
        let message = &again["message"];
        expect(message["messageId"] == sent["messageId"] && message["content"] == sent["content"], message)?;
        self.bob.sees(&message_created(message)).await?;
        let page = self.bob.get(&format!("{path}?after={}", sent["seq"])).await?;
        expect(page["messages"] == json!([]) && page["seq"] == sent["seq"], &page)?;
        let what = "sends it again, as if the answer were lost";
        self.transcript.line("alice", HTTP, what, "the same message, stored once");
        Ok(())
    }
}
