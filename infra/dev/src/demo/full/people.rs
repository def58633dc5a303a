//! Users and their devices.

use super::super::Stage;
use super::events::user_updated;
use super::player::all_see;
use super::transcript::{HTTP, WS};
use super::{Play, StepError, expect, text};
use client::wire::HttpClient;
use reqwest::Method;
use serde_json::{Value, json};

/// Alice's nickname.
pub(super) const NICKNAME: &str = "Ally";

impl Play {
    pub(super) async fn connect(&mut self) -> Result<(), StepError> {
        self.transcript.step("connect");
        for player in [&mut self.alice, &mut self.bob, &mut self.carol] {
            player.connect().await?;
            self.transcript.line(player.name, WS, "connects", "");
        }
        self.transcript.step("connect a second device");
        self.phone.connect().await?;
        self.transcript.line("alice", WS, "connects with a phone as well", "");

        self.transcript.step("ping");
        let pong = self.bob.ws("ping", json!({})).await?.expect_status(200)?;
        expect(pong["pong"] == true, &pong)?;
        self.transcript.line("bob", WS, "pings", "pong");
        Ok(())
    }

    pub(super) async fn nickname(&mut self, stage: &Stage) -> Result<(), StepError> {
        self.transcript.step("set a nickname");
        // An earlier demo may have set it. Then nothing changes, and there is no event.
        let is_news = self.alice.get("/me").await?["user"]["nickname"] != NICKNAME;
        let answer = self.alice.http(Method::PATCH, "/me", json!({"nickname": NICKNAME})).await?.expect_status(200)?;
        let user = &answer["user"];
        expect(user["nickname"] == NICKNAME && user["userId"] == self.alice.id, user)?;
        if is_news {
            all_see([&mut self.alice, &mut self.phone], &user_updated(user)).await?;
        }
        self.transcript.line("alice", HTTP, &format!("takes the nickname {NICKNAME}"), "both devices show it");

        self.transcript.step("read my own profile");
        self.profiles = profiles(stage, [&self.alice.id, &self.bob.id]).await?;
        let me = self.phone.get("/me").await?;
        expect(me["user"]["nickname"] == NICKNAME && me["user"]["status"] == "online", &me)?;
        let seen = format!("{}, online", self.display_name(&me["user"])?);
        self.transcript.line("alice", HTTP, "reads her own profile", &seen);
        Ok(())
    }

    /// A user's nickname, with the name in the Auth Service in brackets. Fails if the Auth Service has another name.
    pub(super) fn display_name(&self, user: &Value) -> Result<String, StepError> {
        let shown = user.pointer("/profile/displayName").or_else(|| user.pointer("/profile/username"));
        if let Some(profiles) = &self.profiles {
            let expected = profiles.get(text(user, "/userId")?).and_then(|profile| profile.get("displayName"));
            expect(expected.is_some() && shown == expected, user)?;
        }
        let nickname = text(user, "/nickname")?;
        Ok(shown.and_then(Value::as_str).map_or(nickname.clone(), |name| format!("{nickname} ({name})")))
    }
}

/// The profiles of these users in the Auth Service, by user id. None if the Auth Service is unknown.
async fn profiles(stage: &Stage, users: [&str; 2]) -> Result<Option<Value>, StepError> {
    let Some(url) = &stage.auth_url else { return Ok(None) };
    let (_, answer) = HttpClient::new(url, None)?.get(&format!("/users?ids={}", users.join(","))).await?;
    let by_id = |user: &Value| (user["userId"].as_str().unwrap_or_default().to_owned(), user.clone());
    Ok(Some(answer["users"].as_array().into_iter().flatten().map(by_id).collect()))
}
