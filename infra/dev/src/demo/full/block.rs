//! Alice blocks bob, and ends the block.

use super::player::all_see;
use super::transcript::{HTTP, WS};
use super::{Play, StepError, expect};
use reqwest::Method;
use serde_json::{Value, json};

impl Play {
    pub(super) async fn block(&mut self) -> Result<(), StepError> {
        self.transcript.step("block a user");
        self.set_block(Method::PUT, true).await?;
        self.transcript.line("alice", HTTP, "blocks bob", "only alice's devices show it");
        self.transcript.step("send to a blocked chat");
        let frame = json!({"chatId": self.private, "type": "text", "content": "Are you there?"});
        let refused = self.bob.ws("sendMessage", frame).await?.expect_refusal(409, "blocked")?;
        self.transcript.line("bob", WS, "says \"Are you there?\"", &refused);
        self.transcript.step("list blocked users");
        let blocks = self.alice.get("/me/blocks").await?;
        expect(blocks["blocks"][0]["userId"] == *self.bob.id, &blocks)?;
        self.transcript.line("alice", HTTP, "lists whom she blocks", "bob");
        self.transcript.step("end a block");
        self.set_block(Method::DELETE, false).await?;
        self.transcript.line("alice", HTTP, "ends the block", "only alice's devices show it");
        Ok(())
    }

    async fn set_block(&mut self, method: Method, blocked: bool) -> Result<(), StepError> {
        let path = format!("/users/{}/block", self.bob.id);
        let answer = self.alice.http(method, &path, Value::Null).await?.expect_status(200)?;
        expect(answer == json!({"userId": self.bob.id, "blocked": blocked}), &answer)?;
        let event = json!({"event": "block.updated", "data": answer});
        all_see([&mut self.alice, &mut self.phone], &event).await?;
        self.others_do_not_see(&json!({"event": "block.updated"})).await
    }
}
