//! A group. Each run of the demo creates a new one.

use super::events::{chat_created, chat_updated};
use super::people::NICKNAME;
use super::player::{all_see, ids};
use super::transcript::HTTP;
use super::{Play, StepError, expect, text};
use reqwest::Method;
use serde_json::json;

impl Play {
    pub(super) async fn group_of_three(&mut self) -> Result<(), StepError> {
        self.transcript.step("create a group");
        let body = json!({"participants": [self.bob.id, self.carol.id], "isGroup": true, "name": "Weekend"});
        let created = self.alice.http(Method::POST, "/chats", body).await?.expect_status(201)?;
        let chat = &created["chat"];
        self.group = text(chat, "/chatId")?;
        let all = ids([&self.alice, &self.bob, &self.carol]);
        expect(chat["participants"] == all && chat["admins"] == ids([&self.alice]), chat)?;
        expect(chat["name"] == "Weekend" && chat["isGroup"] == true, chat)?;
        all_see([&mut self.bob, &mut self.carol, &mut self.phone], &chat_created(chat)).await?;
        self.transcript.line("alice", HTTP, "creates the group \"Weekend\"", "bob and carol see it");

        self.transcript.step("read the names of the group");
        let ids = format!("{},{}", self.alice.id, self.bob.id);
        let named = self.carol.get(&format!("/users?chat={}&ids={ids},nobody", self.group)).await?;
        let users = named["users"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names: Vec<String> = users.iter().map(|user| self.display_name(user)).collect::<Result<_, _>>()?;
        expect(names.len() == 2 && users.iter().any(|user| user["nickname"] == NICKNAME), &named)?;
        self.transcript.line("carol", HTTP, "reads the names of both others at once", &names.join(", "));

        let name = "Weekend in the hills";
        self.transcript.step("rename the group");
        let renamed =
            self.alice.http(Method::PATCH, &self.group_path(""), json!({"name": name})).await?.expect_status(200)?;
        expect(renamed["chat"]["name"] == name, &renamed)?;
        all_see([&mut self.bob, &mut self.carol], &chat_updated(&renamed["chat"])).await?;
        self.transcript.line("alice", HTTP, &format!("renames it \"{name}\""), "bob and carol see it");

        self.transcript.step("rename the group without being an admin");
        let answer = self.bob.http(Method::PATCH, &self.group_path(""), json!({"name": "Mine"})).await?;
        let refused = answer.expect_refusal(403, "not_an_admin")?;
        let now = self.bob.get(&self.group_path("")).await?;
        expect(now["chat"]["name"] == name, &now)?;
        self.transcript.line("bob", HTTP, "tries to rename the group", &refused);
        Ok(())
    }

    /// A path of the HTTP API under the group's chat.
    pub(super) fn group_path(&self, rest: &str) -> String {
        format!("/chats/{}{rest}", self.group)
    }
}
