//! Bob's connection is lost. He misses two messages and an edit, and catches up by sync.

use super::events::{message_created, message_updated};
use super::people::NICKNAME;
use super::player::all_see;
use super::transcript::{HTTP, WS};
use super::{Play, StepError, expect, number, seqs, text};
use reqwest::Method;
use serde_json::{Value, json};

impl Play {
    pub(super) async fn away(&mut self) -> Result<(), StepError> {
        self.transcript.step("lose the connection");
        let (group, private) = (self.cursor(&self.group).await?, self.cursor(&self.private).await?);
        expect(group["seq"] == 5, &group)?;
        let cursors = json!({&self.group: group, &self.private: private});
        self.bob.lose_connection();
        self.transcript.line("bob", WS, "loses the connection", "the last message he received is message 5");
        self.transcript.step("receive that a user is offline");
        let last_seen = self.alice_sees_bob("offline").await?;
        self.transcript.line("alice", WS, "sees that bob is offline", &format!("last seen at {}", clock(&last_seen)));

        let missed = self.talk_without_bob().await?;
        self.catch_up(&cursors, &missed).await
    }

    /// Both devices of alice, who has a private chat with bob, receive his new status. Carol, who only shares a group
    /// with him, does not. Returns when he was last seen.
    async fn alice_sees_bob(&mut self, status: &str) -> Result<String, StepError> {
        let is_expected = |event: &Value| event["data"]["userId"] == self.bob.id && event["data"]["status"] == status;
        let event = self.alice.sees_some("presence.updated", is_expected).await?;
        self.phone.sees_some("presence.updated", is_expected).await?;
        self.carol.does_not_see(&event).await?;
        text(&event, "/data/lastSeen")
    }

    /// Bob's sync cursor of a chat.
    async fn cursor(&self, chat: &str) -> Result<Value, StepError> {
        let chat = self.bob.get(&format!("/chats/{chat}")).await?;
        Ok(json!({"seq": number(&chat, "/chat/seq")?, "rev": number(&chat, "/chat/rev")?}))
    }

    async fn talk_without_bob(&mut self) -> Result<Missed, StepError> {
        self.transcript.step("send while a participant is offline");
        let frame = json!({"chatId": self.group, "type": "text", "content": "The train leaves at nine"});
        let first = self.alice.ws("sendMessage", frame).await?.expect_status(200)?["message"].take();
        expect(first["seq"] == 6, &first)?;
        all_see([&mut self.carol, &mut self.phone], &message_created(&first)).await?;
        let seen = "carol sees it, bob misses it";
        self.transcript.line("alice", WS, "says \"The train leaves at nine\" (message 6)", seen);

        self.bob_is_notified(&first)?;

        self.transcript.step("edit while a participant is offline");
        let body = json!({"content": "Welcome back, carol"});
        let answer = self.alice.http(Method::PATCH, &self.group_path("/messages/5"), body.clone()).await?;
        let edited = answer.expect_status(200)?["message"].take();
        expect(edited["content"] == body["content"], &edited)?;
        all_see([&mut self.carol, &mut self.phone], &message_updated(&edited)).await?;
        self.transcript.line("alice", HTTP, "edits message 5: \"Welcome back, carol\"", seen);

        self.transcript.step("answer while a participant is offline");
        let body = json!({"type": "text", "content": "See you at the station"});
        let answer = self.carol.http(Method::POST, &self.group_path("/messages"), body).await?;
        let second = answer.expect_status(201)?["message"].take();
        expect(second["seq"] == 7, &second)?;
        all_see([&mut self.alice, &mut self.phone], &message_created(&second)).await?;
        let what = "says \"See you at the station\" (message 7)";
        self.transcript.line("carol", HTTP, what, "alice sees it, bob misses it");
        Ok(Missed { messages: [first, second], edited })
    }

    /// The notification exists already, because it is published before the sender is answered.
    fn bob_is_notified(&mut self, message: &Value) -> Result<(), StepError> {
        let Some(published) = &self.notifications else { return Ok(()) };
        self.transcript.step("notify an offline participant");
        let all = published.lock().map(|all| all.clone()).unwrap_or_default();
        let is_of_message = |it: &&Value| it["chatId"] == message["chatId"] && it["seq"] == message["seq"];
        let [notification] = all.iter().filter(is_of_message).collect::<Vec<_>>()[..] else {
            return Err(StepError::Unexpected(format!(
                "expected exactly one notification of message {}: {all:?}",
                message["seq"]
            )));
        };
        let has_texts = notification["preview"] == message["content"] && notification["nickname"] == NICKNAME;
        expect(notification["userId"] == self.bob.id && has_texts, notification)?;
        let seen = format!("{NICKNAME}: {}, {} unread", notification["preview"], notification["unreadCount"]);
        self.transcript.line("bob", "SNS", "gets a push notification", &seen);
        Ok(())
    }

    async fn catch_up(&mut self, cursors: &Value, missed: &Missed) -> Result<(), StepError> {
        self.transcript.step("connect again");
        self.bob.connect().await?;
        self.transcript.line("bob", WS, "connects again", "");
        self.transcript.step("receive that a user is online");
        self.alice_sees_bob("online").await?;
        self.transcript.line("alice", WS, "sees that bob is online", "the phone sees it, too; carol does not");

        self.transcript.step("catch up by sync");
        let frame = json!({"cursors": cursors, "open": [self.group]});
        let synced = self.bob.ws("sync", frame).await?.expect_status(200)?;
        let group = synced_chat(&synced, &self.group)?;
        let is_complete = group.get("limited").is_none() && group.get("reset").is_none();
        expect(is_complete && group["unreadCount"] == 4 && seqs(&group["messages"]) == [6, 7], &group)?;
        for (at, sent) in missed.messages.iter().enumerate() {
            let shown = &group["messages"][at];
            expect(shown["content"] == sent["content"] && shown["senderId"] == sent["senderId"], &group)?;
        }
        let changed = &group["changed"];
        expect(seqs(changed) == [5] && changed[0]["content"] == missed.edited["content"], &group)?;
        expect(group["members"].as_array().is_some_and(|members| members.len() == 3), &group)?;
        self.transcript.line("bob", WS, "asks for what he missed", "messages 6 and 7, and the edit of message 5");

        self.transcript.step("sync again with the new cursor");
        let mut cursors = cursors.clone();
        cursors[&self.group] = group["cursor"].clone();
        let body = json!({"cursors": cursors});
        let synced = self.bob.http(Method::POST, "/sync", body).await?.expect_status(200)?;
        let group = synced_chat(&synced, &self.group)?;
        expect(group["messages"] == json!([]) && group["changed"] == json!([]), &group)?;
        expect(group["cursor"] == cursors[&self.group], &group)?;
        self.transcript.line("bob", HTTP, "asks again with the new cursor", "nothing new");
        Ok(())
    }
}

/// The time of day of a timestamp, to the second.
fn clock(time: &str) -> &str {
    time.get(11..19).unwrap_or(time)
}

/// The messages that bob missed.
struct Missed {
    messages: [Value; 2],
    edited: Value,
}

/// The part of a sync answer about one chat.
fn synced_chat(synced: &Value, chat: &str) -> Result<Value, StepError> {
    let part = synced["chats"].as_array().into_iter().flatten().find(|part| part["chatId"] == chat);
    part.cloned().ok_or_else(|| StepError::Unexpected(format!("the sync answer has no such chat: {synced}")))
}
