//! Replies, reactions, edits, deletions. Alice sends the group's first message, bob the second and the third.

use super::events::{message_created, message_updated, reaction_updated};
use super::player::{all_see, ids};
use super::transcript::{HTTP, WS};
use super::{Play, StepError, expect, seqs};
use reqwest::Method;
use serde_json::{Value, json};

const THUMB: &str = "\u{1F44D}";

impl Play {
    pub(super) async fn messages(&mut self) -> Result<(), StepError> {
        self.ask_and_reply().await?;
        self.react().await?;
        self.edit().await?;
        self.delete_for_me().await?;
        self.delete_for_everyone().await?;
        self.read_positions().await
    }

    async fn ask_and_reply(&mut self) -> Result<(), StepError> {
        self.transcript.step("send into the group");
        let question = "Who brings the tent?";
        let frame = json!({"chatId": self.group, "type": "text", "content": question});
        let sent = self.alice.ws("sendMessage", frame).await?.expect_status(200)?;
        expect(sent["message"]["seq"] == 1 && sent["message"]["content"] == question, &sent)?;
        all_see([&mut self.bob, &mut self.carol, &mut self.phone], &message_created(&sent["message"])).await?;
        self.transcript.line("alice", WS, &format!("says \"{question}\" (message 1)"), "bob and carol see it");

        self.transcript.step("reply and mention");
        let body = json!({"type": "text", "content": "carol has one", "replyTo": 1, "mentions": [self.carol.id]});
        let sent = self.bob.http(Method::POST, &self.group_path("/messages"), body).await?.expect_status(201)?;
        let message = &sent["message"];
        expect(message["seq"] == 2 && message["replyTo"] == 1 && message["mentions"] == ids([&self.carol]), message)?;
        all_see([&mut self.alice, &mut self.phone, &mut self.carol], &message_created(message)).await?;
        let what = "replies \"carol has one\" (message 2)";
        self.transcript.line("bob", HTTP, what, "alice and carol see it, carol is mentioned");
        Ok(())
    }

    async fn react(&mut self) -> Result<(), StepError> {
        self.transcript.step("react to a message");
        let frame = json!({"chatId": self.group, "seq": 2, "emojis": [THUMB]});
        let answer = self.carol.ws("reactToMessage", frame).await?.expect_status(200)?;
        let thumb = json!([{"emoji": THUMB, "count": 1, "userIds": [self.carol.id]}]);
        expect(answer["message"]["reactions"] == thumb, &answer)?;
        all_see([&mut self.alice, &mut self.bob], &reaction_updated(&answer["message"], &self.carol.id, &[THUMB]))
            .await?;
        self.transcript.line("carol", WS, "reacts to message 2", &format!("alice and bob see {THUMB} 1"));

        self.transcript.step("take the reaction back");
        let path = self.group_path("/messages/2/reactions");
        let answer = self.carol.http(Method::PUT, &path, json!({"emojis": []})).await?.expect_status(200)?;
        expect(answer["message"]["seq"] == 2 && answer["message"].get("reactions").is_none(), &answer)?;
        all_see([&mut self.alice, &mut self.bob], &reaction_updated(&answer["message"], &self.carol.id, &[])).await?;
        self.transcript.line("carol", HTTP, "takes the reaction back", "alice and bob see it disappear");
        Ok(())
    }

    async fn edit(&mut self) -> Result<(), StepError> {
        self.transcript.step("edit a message");
        let new_text = "carol has a large one";
        let frame = json!({"chatId": self.group, "seq": 2, "content": new_text});
        let answer = self.bob.ws("editMessage", frame).await?.expect_status(200)?;
        let message = &answer["message"];
        expect(message["content"] == new_text && message["editedAt"].is_string() && message["replyTo"] == 1, message)?;
        all_see([&mut self.alice, &mut self.carol], &message_updated(message)).await?;
        self.transcript.line("bob", WS, &format!("edits message 2: \"{new_text}\""), "alice and carol see it");
        Ok(())
    }

    async fn delete_for_me(&mut self) -> Result<(), StepError> {
        self.transcript.step("delete a message for me");
        let frame = json!({"chatId": self.group, "seq": 2, "for": "me"});
        let answer = self.alice.ws("deleteMessage", frame).await?.expect_status(200)?;
        let message = &answer["message"];
        expect(message["content"] == "" && message["deletedFor"] == ids([&self.alice]), message)?;
        let event = message_updated(message);
        self.phone.sees(&event).await?;
        self.others_do_not_see(&event).await?;
        self.transcript.line("alice", WS, "deletes message 2 only for herself", "only alice's devices show it");

        self.transcript.step("list a message that another user deleted for themselves");
        let path = self.group_path("/messages");
        let (alice, bob) = (self.alice.get(&path).await?, self.bob.get(&path).await?);
        expect(seqs(&alice["messages"]) == [1], &alice)?;
        expect(seqs(&bob["messages"]) == [1, 2] && bob["messages"][1]["deletedFor"] == json!([]), &bob)?;
        self.transcript.line("bob", HTTP, "lists the group", "messages 1 and 2; alice lists only 1");
        Ok(())
    }

    async fn delete_for_everyone(&mut self) -> Result<(), StepError> {
        self.transcript.step("send a message by mistake");
        let body = json!({"type": "text", "content": "Happy birthday, mum!"});
        let sent = self.bob.http(Method::POST, &self.group_path("/messages"), body).await?.expect_status(201)?;
        expect(sent["message"]["seq"] == 3, &sent)?;
        all_see([&mut self.alice, &mut self.carol], &message_created(&sent["message"])).await?;
        self.transcript.line("bob", HTTP, "says \"Happy birthday, mum!\" (message 3)", "alice and carol see it");

        self.transcript.step("delete a message for everyone");
        let frame = json!({"chatId": self.group, "seq": 3, "for": "everyone"});
        let answer = self.bob.ws("deleteMessage", frame).await?.expect_status(200)?;
        let tombstone = &answer["message"];
        expect(
            tombstone["content"] == "" && tombstone["deletedBy"] == self.bob.id && tombstone["deletedAt"].is_string(),
            tombstone,
        )?;
        all_see([&mut self.alice, &mut self.carol], &message_updated(tombstone)).await?;
        let page =
            self.carol.ws("listMessages", json!({"chatId": self.group, "after": 2})).await?.expect_status(200)?;
        expect(page["messages"] == json!([tombstone]), &page)?;
        self.transcript.line("bob", WS, "deletes message 3 for everyone", "alice and carol see a tombstone");

        self.transcript.step("delete another user's message for everyone without being an admin");
        let path = self.group_path("/messages/1?for=everyone");
        let refused = self.carol.http(Method::DELETE, &path, Value::Null).await?.expect_refusal(403, "not_an_admin")?;
        self.transcript.line("carol", HTTP, "tries to delete message 1 for everyone", &refused);
        Ok(())
    }

    async fn read_positions(&mut self) -> Result<(), StepError> {
        self.transcript.step("show who has read what");
        let chat = self.alice.get(&self.group_path("")).await?;
        let position = |user: &str| {
            let members = chat["members"].as_array();
            let member = members.into_iter().flatten().find(|member| member["userId"] == user);
            member.and_then(|member| member["readSeq"].as_u64())
        };
        let (alice, bob, carol) = (position(&self.alice.id), position(&self.bob.id), position(&self.carol.id));
        expect((alice, bob, carol) == (Some(1), Some(3), Some(0)) && chat["unreadCount"] == 0, &chat)?;
        self.transcript.line("alice", HTTP, "looks up who has read what", "alice up to 1, bob up to 3, carol none");
        Ok(())
    }
}
