//! Each user's inbox, a mute and other settings of a chat, and a cleared history.

use super::admins::NAME;
use super::events::{chat_updated, receipt_updated};
use super::player::{Player, all_see};
use super::private::HELLO;
use super::transcript::HTTP;
use super::{Play, StepError, expect, number, seqs, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const MUTE_END: &str = "2099-12-31T23:59:59.000Z";
/// How often to read an inbox, and the wait in between. The inbox is read from an index that is eventually consistent.
const MAX_ATTEMPTS: u32 = 40;
const RETRY_WAIT: Duration = Duration::from_millis(250);

impl Play {
    pub(super) async fn inboxes(&mut self) -> Result<(), StepError> {
        self.mute().await?;
        self.inbox_of_alice().await?;
        self.inbox_of_bob().await?;
        self.inbox_of_carol().await?;
        self.mark_all_seen().await?;
        self.unmute().await?;
        self.pin_and_archive().await?;
        self.clear().await
    }

    async fn mute(&mut self) -> Result<(), StepError> {
        self.transcript.step("mute a chat");
        let answer = self
            .alice
            .http(Method::PUT, &self.group_path("/mute"), json!({"until": MUTE_END}))
            .await?
            .expect_status(200)?;
        expect(answer["muted"] == true && answer["mutedUntil"] == MUTE_END, &answer)?;
        self.alices_devices_show_mute(true).await?;
        let what = format!("mutes the group until {}", &MUTE_END[..10]);
        self.transcript.line("alice", HTTP, &what, "only alice's devices show it");
        Ok(())
    }

    async fn unmute(&mut self) -> Result<(), StepError> {
        self.transcript.step("end a mute");
        let answer =
            self.alice.http(Method::DELETE, &self.group_path("/mute"), Value::Null).await?.expect_status(200)?;
        expect(answer["muted"] == false && answer.get("mutedUntil").is_none(), &answer)?;
        self.alices_devices_show_mute(false).await?;
        self.transcript.line("alice", HTTP, "ends the mute", "only alice's devices show it");
        Ok(())
    }

    async fn alices_devices_show_mute(&mut self, muted: bool) -> Result<(), StepError> {
        let notify = if muted { "none" } else { "all" };
        self.alices_devices_show(|settings| settings["notify"] == notify).await
    }

    /// Alice's devices get `member.updated` with such settings of the group, and nobody else does.
    async fn alices_devices_show(&mut self, is_shown: impl Fn(&Value) -> bool + Copy) -> Result<(), StepError> {
        let group = self.group.clone();
        let shows = |event: &Value| event["chatId"] == group && is_shown(&event["data"]["settings"]);
        for device in [&mut self.alice, &mut self.phone] {
            device.sees_some("member.updated", shows).await?;
        }
        self.others_do_not_see(&json!({"event": "member.updated"})).await
    }

    async fn pin_and_archive(&mut self) -> Result<(), StepError> {
        self.transcript.step("pin and archive a chat");
        let change = json!({"pinned": true, "archived": true, "markedUnread": true});
        let path = self.group_path("/me");
        let answer = self.alice.http(Method::PATCH, &path, change).await?.expect_status(200)?;
        let settings = &answer["settings"];
        expect(settings["pinned"] == true && settings["archivedSeq"] == 7, &answer)?;
        expect(settings["markedUnread"] == true, &answer)?;
        self.alices_devices_show(|settings| settings["pinned"] == true).await?;
        let what = "pins, archives and marks the group unread";
        self.transcript.line("alice", HTTP, what, "only alice's devices show it");

        let change = json!({"pinned": false, "archived": false, "markedUnread": false});
        let answer = self.alice.http(Method::PATCH, &path, change).await?.expect_status(200)?;
        let settings = &answer["settings"];
        expect(settings.get("pinned").is_none() && settings.get("archivedSeq").is_none(), &answer)?;
        self.alices_devices_show(|settings| settings.get("pinned").is_none()).await?;
        self.transcript.line("alice", HTTP, "takes all of it back", "only alice's devices show it");
        Ok(())
    }

    async fn inbox_of_alice(&mut self) -> Result<(), StepError> {
        self.transcript.step("read the inbox with a mute");
        let (group, private) = self.inbox(&self.alice, 1).await?;
        expect(group["settings"]["notify"] == "none" && group["settings"]["muteUntil"] == MUTE_END, &group)?;
        let private = self.private_entry(private, &self.bob.id)?;
        let seen = format!("{}, muted", group_entry(&group)?);
        self.transcript.line("alice", HTTP, "reads the inbox", &seen);
        self.transcript.more(&private);
        Ok(())
    }

    async fn inbox_of_bob(&mut self) -> Result<(), StepError> {
        self.transcript.step("read the inbox with unread messages");
        let (group, private) = self.inbox(&self.bob, 4).await?;
        expect(group["settings"]["notify"] == "all", &group)?;
        let private = self.private_entry(private, &self.alice.id)?;
        self.transcript.line("bob", HTTP, "reads the inbox", &group_entry(&group)?);
        self.transcript.more(&private);

        self.transcript.step("count unread messages");
        let count = self.bob.get("/me/unread").await?;
        let (messages, chats) = (number(&count, "/unreadTotal")?, number(&count, "/chatsWithUnread")?);
        // He may have more chats, from before the demo.
        expect(messages >= 4 && chats >= 1, &count)?;
        self.transcript.line("bob", HTTP, "counts his unread messages", &format!("{messages} in {chats} of his chats"));
        Ok(())
    }

    async fn inbox_of_carol(&mut self) -> Result<(), StepError> {
        self.transcript.step("read the inbox of an added participant");
        let (group, private) = self.inbox(&self.carol, 0).await?;
        expect(private.is_none() && group["chat"]["floor"] == 4, &group)?;
        self.transcript.line("carol", HTTP, "reads the inbox", &group_entry(&group)?);
        Ok(())
    }

    /// Reads a user's inbox until the group has this many unread messages. Returns the group's entry and the private
    /// chat's, if any.
    async fn inbox(&self, player: &Player, unread: u64) -> Result<(Value, Option<Value>), StepError> {
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

    /// Checks the entry of the private chat with this user, without unread messages. Returns its line for the
    /// transcript.
    fn private_entry(&self, entry: Option<Value>, other: &str) -> Result<String, StepError> {
        let entry = entry.ok_or_else(|| StepError::Unexpected("the inbox has no private chat".to_owned()))?;
        expect(entry["user"]["userId"] == other && entry["unreadCount"] == 0, &entry)?;
        expect(entry["lastMessage"]["content"] == HELLO, &entry)?;
        entry_text(&self.display_name(&entry["user"])?, &entry)
    }

    async fn mark_all_seen(&mut self) -> Result<(), StepError> {
        self.transcript.step("mark everything as seen");
        let seen =
            self.bob.http(Method::PUT, &self.group_path("/seen"), json!({"seq": 7})).await?.expect_status(200)?;
        expect(seen["readSeq"] == 7 && seen["unreadCount"] == 0, &seen)?;
        all_see([&mut self.alice, &mut self.carol], &receipt_updated(&self.bob.id, &seen)).await?;
        self.transcript.line("bob", HTTP, "marks everything as seen", "alice and carol see it");
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), StepError> {
        self.transcript.step("clear the history");
        let path = self.group_path("/messages");
        let cleared = self.alice.http(Method::DELETE, &path, Value::Null).await?.expect_status(200)?;
        expect(cleared["chat"]["floor"] == 7, &cleared)?;
        let event = chat_updated(&cleared["chat"]);
        all_see([&mut self.alice, &mut self.phone], &event).await?;
        self.others_do_not_see(&event).await?;
        self.transcript.line("alice", HTTP, "clears the group's history", "only alice's devices show it");

        self.transcript.step("list a history that another participant cleared");
        let (alice, bob) = (self.alice.get(&path).await?, self.bob.get(&path).await?);
        expect(alice["messages"] == json!([]) && alice["hasMoreBefore"] == false, &alice)?;
        expect(seqs(&bob["messages"]) == [1, 2, 3, 4, 5, 6, 7], &bob)?;
        self.transcript.line("bob", HTTP, "lists the group", "messages 1 to 7; alice's list is empty");
        Ok(())
    }
}

/// A group's inbox entry as a line for the transcript.
fn group_entry(entry: &Value) -> Result<String, StepError> {
    entry_text(&text(entry, "/chat/name")?, entry)
}

/// An inbox entry as a line: the chat's name, the last message, the number of unread messages.
fn entry_text(name: &str, entry: &Value) -> Result<String, StepError> {
    let (last, unread) = (text(entry, "/lastMessage/content")?, number(entry, "/unreadCount")?);
    Ok(format!("{name}: \"{last}\", {unread} unread"))
}
