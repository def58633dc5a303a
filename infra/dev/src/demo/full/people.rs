//! Users and their devices.

use super::super::Stage;
use super::events::user_updated;
use super::player::all_see;
use super::transcript::{HTTP, WS};
use super::{Miss, Play, expect, text};
use client::wire::HttpClient;
use reqwest::Method;
use serde_json::{Value, json};

/// What alice wants to be called.
pub(super) const NICKNAME: &str = "Ally";

impl Play {
    pub(super) async fn connect(&mut self) -> Result<(), Miss> {
        self.transcript.step("connect");
        for player in [&mut self.alice, &mut self.bob, &mut self.carol] {
            player.connect().await?;
            self.transcript.line(player.name, WS, "connects", "");
        }
        self.transcript.step("connect a second device");
        self.phone.connect().await?;
        self.transcript.line("alice", WS, "connects with a phone, too", "");

        self.transcript.step("ping");
        let pong = self.bob.ws("ping", json!({})).await?.done(200)?;
        expect(pong["pong"] == true, &pong)?;
        self.transcript.line("bob", WS, "asks whether the connection is alive", "it is");
        Ok(())
    }

    pub(super) async fn nickname(&mut self, stage: &Stage) -> Result<(), Miss> {
        self.transcript.step("set a nickname");
        let answer = self.alice.http(Method::PATCH, "/me", json!({"nickname": NICKNAME})).await?.done(200)?;
        let user = &answer["user"];
        expect(user["nickname"] == NICKNAME && user["userId"] == self.alice.id, user)?;
        all_see([&mut self.alice, &mut self.phone], &user_updated(user)).await?;
        self.transcript.line("alice", HTTP, &format!("takes the nickname {NICKNAME}"), "both devices show it");

        self.transcript.step("show oneself");
        self.profiles = profiles(stage, [&self.alice.id, &self.bob.id]).await?;
        let me = self.phone.get("/me").await?;
        expect(me["user"]["nickname"] == NICKNAME && me["user"]["status"] == "online", &me)?;
        let seen = format!("{}, online", self.named(&me["user"])?);
        self.transcript.line("alice", HTTP, "looks at the own profile", &seen);
        Ok(())
    }

    /// A user's nickname, and what the Auth Service calls them: the same as it says itself, where that is known.
    pub(super) fn named(&self, user: &Value) -> Result<String, Miss> {
        let shown = user.pointer("/profile/displayName").or_else(|| user.pointer("/profile/username"));
        if let Some(profiles) = &self.profiles {
            let wanted = profiles.get(text(user, "/userId")?).and_then(|profile| profile.get("displayName"));
            expect(wanted.is_some() && shown == wanted, user)?;
        }
        let nickname = text(user, "/nickname")?;
        Ok(shown.and_then(Value::as_str).map_or(nickname.clone(), |name| format!("{nickname} ({name})")))
    }
}

/// What the Auth Service says of these users, by their ids.
async fn profiles(stage: &Stage, users: [&str; 2]) -> Result<Option<Value>, Miss> {
    let Some(url) = &stage.auth_url else { return Ok(None) };
    let (_, found) = HttpClient::new(url, None)?.get(&format!("/users?ids={}", users.join(","))).await?;
    let by_id = |user: &Value| (user["userId"].as_str().unwrap_or_default().to_owned(), user.clone());
    Ok(Some(found["users"].as_array().into_iter().flatten().map(by_id).collect()))
}
