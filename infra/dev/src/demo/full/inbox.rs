//! What each user's inbox shows, with a mute; and a history that one of them clears.

use super::admins::NAME;
use super::events::{chat_updated, receipt_updated};
use super::player::{Player, all_see};
use super::private::HELLO;
use super::transcript::HTTP;
use super::{Miss, Play, expect, number, seqs, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// When the mute ends.
const MUTE_END: &str = "2099-12-31T23:59:59.000Z";
/// How often an inbox is asked for, and the wait between: the index that it is read from may lag.
const MAX_ATTEMPTS: u32 = 40;
const RETRY_WAIT: Duration = Duration::from_millis(250);

impl Play {
    pub(super) async fn inboxes(&mut self) -> Result<(), Miss> {
        self.mute().await?;
        self.inbox_of_alice().await?;
        self.inbox_of_bob().await?;
        self.inbox_of_carol().await?;
        self.see_all().await?;
        self.unmute().await?;
        self.clear().await
    }

    async fn mute(&mut self) -> Result<(), Miss> {
        self.transcript.step("mute a chat");
        let answer =
            self.alice.http(Method::PUT, &self.of_group("/mute"), json!({"until": MUTE_END})).await?.done(200)?;
        expect(answer["muted"] == true && answer["mutedUntil"] == MUTE_END, &answer)?;
        self.alices_devices_show_the_mute(true).await?;
        let what = format!("mutes the group until {}", &MUTE_END[..10]);
        self.transcript.line("alice", HTTP, &what, "only the devices of alice show it");
        Ok(())
    }

    async fn unmute(&mut self) -> Result<(), Miss> {
        self.transcript.step("end a mute");
        let answer = self.alice.http(Method::DELETE, &self.of_group("/mute"), Value::Null).await?.done(200)?;
        expect(answer["muted"] == false && answer.get("mutedUntil").is_none(), &answer)?;
        self.alices_devices_show_the_mute(false).await?;
        self.transcript.line("alice", HTTP, "ends the mute", "only the devices of alice show it");
        Ok(())
    }

    async fn alices_devices_show_the_mute(&mut self, muted: bool) -> Result<(), Miss> {
        let group = json!(self.group);
        let is_told =
            |event: &Value| event["data"]["mutedChats"].as_array().is_some_and(|chats| chats.contains(&group) == muted);
        for device in [&mut self.alice, &mut self.phone] {
            device.sees_some("user.updated", is_told).await?;
        }
        self.the_others_hear_nothing_of(&json!({"event": "user.updated"})).await
    }

    async fn inbox_of_alice(&mut self) -> Result<(), Miss> {
        self.transcript.step("read the inbox with a mute");
        let (group, private) = self.inbox(&self.alice, 1).await?;
        expect(group["muted"] == true && group["mutedUntil"] == MUTE_END, &group)?;
        let private = self.private_entry(private, &self.bob.id)?;
        let seen = format!("{}, muted", group_entry(&group)?);
        self.transcript.line("alice", HTTP, "reads the inbox", &seen);
        self.transcript.more(&private);
        Ok(())
    }

    async fn inbox_of_bob(&mut self) -> Result<(), Miss> {
        self.transcript.step("read the inbox with unread messages");
        let (group, private) = self.inbox(&self.bob, 4).await?;
        expect(group["muted"] == false, &group)?;
        let private = self.private_entry(private, &self.alice.id)?;
        self.transcript.line("bob", HTTP, "reads the inbox", &group_entry(&group)?);
        self.transcript.more(&private);
        Ok(())
    }

    async fn inbox_of_carol(&mut self) -> Result<(), Miss> {
        self.transcript.step("read the inbox of one who was added");
        let (group, private) = self.inbox(&self.carol, 0).await?;
        expect(private.is_none() && group["chat"]["floor"] == 4, &group)?;
        self.transcript.line("carol", HTTP, "reads the inbox", &group_entry(&group)?);
        Ok(())
    }

    /// The group in a user's inbox once it has this many unread messages there, and the private chat if it is there.
    async fn inbox(&self, player: &Player, unread: u64) -> Result<(Value, Option<Value>), Miss> {
        let mut tries = 0;
        loop {
            let inbox = player.get("/chats?limit=20").await?;
            let find = |chat: &str| {
                let mut entries = inbox["chats"].as_array().into_iter().flatten();
                entries.find(|entry| entry["chat"]["chatId"] == chat).cloned()
            };
            if let Some(group) = find(&self.group)
                && group["unreadCount"] == unread
                && group["lastMessage"]["seq"] == 7
                && group["chat"]["name"] == NAME
            {
                return Ok((group, find(&self.private)));
            }
            tries += 1;
            expect(tries < MAX_ATTEMPTS, &inbox)?;
            tokio::time::sleep(RETRY_WAIT).await;
        }
    }

    /// The private chat with this other user, in which nothing is unread; in words.
    fn private_entry(&self, entry: Option<Value>, other: &str) -> Result<String, Miss> {
        let entry = entry.ok_or_else(|| Miss::Shown("the private chat is missing".to_owned()))?;
        expect(entry["user"]["userId"] == other && entry["unreadCount"] == 0, &entry)?;
        expect(entry["lastMessage"]["content"] == HELLO, &entry)?;
        in_words(&self.named(&entry["user"])?, &entry)
    }

    async fn see_all(&mut self) -> Result<(), Miss> {
        self.transcript.step("mark everything as seen");
        let seen = self.bob.http(Method::PUT, &self.of_group("/seen"), json!({"seq": 7})).await?.done(200)?;
        expect(seen["readSeq"] == 7 && seen["unreadCount"] == 0, &seen)?;
        all_see([&mut self.alice, &mut self.carol], &receipt_updated(&self.bob.id, &seen)).await?;
        self.transcript.line("bob", HTTP, "marks everything as seen", "alice and carol see it");
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), Miss> {
        self.transcript.step("clear the history");
        let path = self.of_group("/messages");
        let cleared = self.alice.http(Method::DELETE, &path, Value::Null).await?.done(200)?;
        expect(cleared["chat"]["floor"] == 7, &cleared)?;
        let event = chat_updated(&cleared["chat"]);
        all_see([&mut self.alice, &mut self.phone], &event).await?;
        self.the_others_hear_nothing_of(&event).await?;
        self.transcript.line("alice", HTTP, "clears the group's history", "only the devices of alice show it");

        self.transcript.step("list what another cleared");
        let (alice, bob) = (self.alice.get(&path).await?, self.bob.get(&path).await?);
        expect(alice["messages"] == json!([]) && alice["hasMoreBefore"] == false, &alice)?;
        expect(seqs(&bob["messages"]) == [1, 2, 3, 4, 5, 6, 7], &bob)?;
        self.transcript.line("bob", HTTP, "lists the group", "messages 1 2 3 4 5 6 7; alice lists nothing");
        Ok(())
    }
}

/// A group of an inbox, in words.
fn group_entry(entry: &Value) -> Result<String, Miss> {
    in_words(&text(entry, "/chat/name")?, entry)
}

/// A chat of an inbox: its name, its last message, how much of it is unread.
fn in_words(name: &str, entry: &Value) -> Result<String, Miss> {
    let (last, unread) = (text(entry, "/lastMessage/content")?, number(entry, "/unreadCount")?);
    Ok(format!("{name}: \"{last}\", {unread} unread"))
}
