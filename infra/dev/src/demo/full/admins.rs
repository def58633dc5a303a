//! Who may change the group.

use super::events::chat_updated;
use super::player::{all_see, ids};
use super::transcript::HTTP;
use super::{Miss, Play, expect};
use reqwest::Method;
use serde_json::{Value, json};

/// What the group is called at last.
pub(super) const NAME: &str = "By the sea";

impl Play {
    pub(super) async fn admins(&mut self) -> Result<(), Miss> {
        let path = self.of_group(&format!("/admins/{}", self.bob.id));
        self.transcript.step("make an admin");
        let answer = self.alice.http(Method::PUT, &path, Value::Null).await?.done(200)?;
        expect(answer["chat"]["admins"] == ids([&self.alice, &self.bob]), &answer)?;
        all_see([&mut self.bob, &mut self.carol], &chat_updated(&answer["chat"])).await?;
        self.transcript.line("alice", HTTP, "makes bob an admin", "bob and carol see it");

        self.transcript.step("rename the group as an admin");
        let answer = self.bob.http(Method::PATCH, &self.of_group(""), json!({"name": NAME})).await?.done(200)?;
        expect(answer["chat"]["name"] == NAME, &answer)?;
        all_see([&mut self.alice, &mut self.carol], &chat_updated(&answer["chat"])).await?;
        self.transcript.line("bob", HTTP, &format!("renames the group \"{NAME}\""), "alice and carol see it");

        self.transcript.step("take an admin's rights back");
        let answer = self.alice.http(Method::DELETE, &path, Value::Null).await?.done(200)?;
        expect(answer["chat"]["admins"] == ids([&self.alice]), &answer)?;
        all_see([&mut self.bob, &mut self.carol], &chat_updated(&answer["chat"])).await?;
        self.transcript.line("alice", HTTP, "takes the rights back from bob", "bob and carol see it");

        self.transcript.step("remove a participant without being an admin");
        let path = self.of_group(&format!("/participants/{}", self.carol.id));
        let refused = self.bob.http(Method::DELETE, &path, Value::Null).await?.refused(403, "not_an_admin")?;
        self.transcript.line("bob", HTTP, "wants to remove carol", &refused);
        Ok(())
    }
}
