//! A group, new each time the demo is played.

use super::events::{chat_created, chat_updated};
use super::player::{all_see, ids};
use super::transcript::HTTP;
use super::{Miss, Play, expect, text};
use reqwest::Method;
use serde_json::json;

impl Play {
    pub(super) async fn group_of_three(&mut self) -> Result<(), Miss> {
        self.transcript.step("create a group");
        let ask = json!({"participants": [self.bob.id, self.carol.id], "isGroup": true, "name": "Weekend"});
        let created = self.alice.http(Method::POST, "/chats", ask).await?.done(201)?;
        let chat = &created["chat"];
        self.group = text(chat, "/chatId")?;
        let all = ids([&self.alice, &self.bob, &self.carol]);
        expect(chat["participants"] == all && chat["admins"] == ids([&self.alice]), chat)?;
        expect(chat["name"] == "Weekend" && chat["isGroup"] == true, chat)?;
        all_see([&mut self.bob, &mut self.carol, &mut self.phone], &chat_created(chat)).await?;
        self.transcript.line("alice", HTTP, "makes the group \"Weekend\"", "bob and carol see it");

        let name = "Weekend in the hills";
        self.transcript.step("rename the group");
        let renamed = self.alice.http(Method::PATCH, &self.of_group(""), json!({"name": name})).await?.done(200)?;
        expect(renamed["chat"]["name"] == name, &renamed)?;
        all_see([&mut self.bob, &mut self.carol], &chat_updated(&renamed["chat"])).await?;
        self.transcript.line("alice", HTTP, &format!("renames it \"{name}\""), "bob and carol see it");

        self.transcript.step("rename the group without being an admin");
        let answer = self.bob.http(Method::PATCH, &self.of_group(""), json!({"name": "Mine"})).await?;
        let refused = answer.refused(403, "not_an_admin")?;
        let now = self.bob.get(&self.of_group("")).await?;
        expect(now["chat"]["name"] == name, &now)?;
        self.transcript.line("bob", HTTP, "wants another name", &refused);
        Ok(())
    }

    /// A path of the group.
    pub(super) fn of_group(&self, rest: &str) -> String {
        format!("/chats/{}{rest}", self.group)
    }
}
