//! Admin rights of the group.

use super::events::chat_updated;
use super::player::{all_see, ids};
use super::transcript::HTTP;
use super::{Play, StepError, expect};
use reqwest::Method;
use serde_json::{Value, json};

/// The group's name after the last change.
pub(super) const NAME: &str = "By the sea";

impl Play {
    pub(super) async fn admins(&mut self) -> Result<(), StepError> {
        let path = self.group_path(&format!("/admins/{}", self.bob.id));
        self.transcript.step("make an admin");
        let answer = self.alice.http(Method::PUT, &path, Value::Null).await?.expect_status(200)?;
        expect(answer["chat"]["admins"] == ids([&self.alice, &self.bob]), &answer)?;
        all_see([&mut self.bob, &mut self.carol], &chat_updated(&answer["chat"])).await?;
        self.transcript.line("alice", HTTP, "makes bob an admin", "bob and carol see it");

        self.transcript.step("rename the group as an admin");
        let answer =
            self.bob.http(Method::PATCH, &self.group_path(""), json!({"name": NAME})).await?.expect_status(200)?;
        expect(answer["chat"]["name"] == NAME, &answer)?;
        all_see([&mut self.alice, &mut self.carol], &chat_updated(&answer["chat"])).await?;
        self.transcript.line("bob", HTTP, &format!("renames the group \"{NAME}\""), "alice and carol see it");

        self.transcript.step("take an admin's rights back");
        let answer = self.alice.http(Method::DELETE, &path, Value::Null).await?.expect_status(200)?;
        expect(answer["chat"]["admins"] == ids([&self.alice]), &answer)?;
        all_see([&mut self.bob, &mut self.carol], &chat_updated(&answer["chat"])).await?;
        self.transcript.line("alice", HTTP, "takes the rights back from bob", "bob and carol see it");

        self.transcript.step("remove a participant without being an admin");
        let path = self.group_path(&format!("/participants/{}", self.carol.id));
        let refused = self.bob.http(Method::DELETE, &path, Value::Null).await?.expect_refusal(403, "not_an_admin")?;
        self.transcript.line("bob", HTTP, "tries to remove carol", &refused);
        Ok(())
    }
}
