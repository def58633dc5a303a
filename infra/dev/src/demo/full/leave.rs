//! Alice and bob leave, and the group is closed.

use super::player::{all_see, ids};
use super::transcript::{HTTP, WS};
use super::{Play, StepError, expect, seqs};
use reqwest::Method;
use serde_json::{Value, json};

impl Play {
    pub(super) async fn leave_group(&mut self) -> Result<(), StepError> {
        self.last_admin_leaves().await?;
        self.second_last_leaves().await?;
        self.closed_group().await?;
        self.transcript.step("disconnect");
        for player in [&mut self.alice, &mut self.phone, &mut self.bob, &mut self.carol] {
            player.disconnect().await?;
        }
        Ok(())
    }

    async fn last_admin_leaves(&mut self) -> Result<(), StepError> {
        self.transcript.step("leave as the last admin");
        let path = self.group_path(&format!("/participants/{}", self.alice.id));
        let left = self.alice.http(Method::DELETE, &path, Value::Null).await?.expect_status(200)?;
        expect(left["left"] == true, &left)?;
        let (both, admins) = (ids([&self.bob, &self.carol]), ids([&self.bob]));
        let mut rev = Value::Null;
        for player in [&mut self.bob, &mut self.carol] {
            let event = player.sees_some("chat.updated", |event| event["data"]["participants"] == both).await?;
            expect(event["chatId"] == self.group && event["data"]["admins"] == admins, &event)?;
            rev = event["rev"].clone();
        }
        let event = json!({"event": "chat.left", "chatId": self.group, "rev": rev, "data": {"by": self.alice.id}});
        all_see([&mut self.alice, &mut self.phone], &event).await?;
        self.transcript.line("alice", HTTP, "leaves as the only admin", "bob and carol see it, bob becomes admin");
        Ok(())
    }

    async fn second_last_leaves(&mut self) -> Result<(), StepError> {
        self.transcript.step("leave as one of the last two");
        let path = self.group_path(&format!("/participants/{}", self.bob.id));
        let left = self.bob.http(Method::DELETE, &path, Value::Null).await?.expect_status(200)?;
        expect(left["left"] == true, &left)?;
        let closed = |event: &Value| event["data"]["closedAt"].is_string();
        let event = self.carol.sees_some("chat.updated", closed).await?;
        expect(event["chatId"] == self.group, &event)?;
        self.transcript.line("bob", HTTP, "leaves as well", "carol sees that the group is closed");
        Ok(())
    }

    async fn closed_group(&mut self) -> Result<(), StepError> {
        self.transcript.step("read a closed group");
        let page = self.carol.get(&self.group_path("/messages")).await?;
        expect(seqs(&page["messages"]) == [5, 6, 7], &page)?;
        self.transcript.line("carol", HTTP, "lists the group", "messages 5, 6 and 7, as before");

        self.transcript.step("write into a closed group");
        let frame = json!({"chatId": self.group, "type": "text", "content": "Is anybody here?"});
        let refused = self.carol.ws("sendMessage", frame).await?.expect_refusal(409, "chat_closed")?;
        self.transcript.line("carol", WS, "says \"Is anybody here?\"", &refused);
        Ok(())
    }
}
