use crate::support::*;
use domain::chat_user::MAX_MUTED_CHATS;
use domain::ids::ChatId;
use domain::member_settings::{ListFull, SettingsChange};
use domain::ports::{Env as _, ReadListedChats as _};
use domain::timestamp::Timestamp;
use domain::use_cases::{ChatError, UpdateMember, UpdateMemberError, UpdatedMember};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::user;
use testkit::{Faults, TestEnv};

async fn mute(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    change: SettingsChange,
) -> Result<UpdatedMember, ChatError<UpdateMemberError>> {
    app.update_member(UpdateMember { caller: by(who), chat: chat.clone(), change }).await
}

fn after(seconds: u64) -> Timestamp {
    TestEnv::START.plus(Duration::from_secs(seconds))
}

async fn muted_by(app: &TestApp, who: &str) -> Vec<ChatId> {
    app.store.listed_chats(&user(who)).await.unwrap().mutes.into_keys().collect()
}

/// Creates private chats of alice with `count` other users.
async fn create_chats(app: &TestApp, count: usize) -> Vec<ChatId> {
    let mut chats = Vec::new();
    for n in 0..count {
        chats.push(private_chat_of(app, "alice", &format!("u{n}")).await);
    }
    chats
}

#[tokio::test(start_paused = true)]
async fn a_chat_is_muted_until_it_is_unmuted() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["alice-1", "alice-2", "bob"]).await;
    let muted = mute(&app, "alice-1", &chat, SettingsChange::mute(None)).await.unwrap();
    assert_eq!(json(&muted.mute), json!({"muted": true}));
    let [frame] = assert_pushed(&app, [("alice-2", "member.updated")]);
    let expected = json!({"readSeq": 0, "unreadCount": 0, "settings": {"memberRev": 2, "notify": "none"}});
    assert_eq!((&frame["chatId"], &frame["data"]), (&json!(chat.as_str()), &expected));
    assert_eq!(muted_by(&app, "alice").await, std::slice::from_ref(&chat));
    let unmuted = mute(&app, "alice-1", &chat, SettingsChange::unmute()).await.unwrap();
    assert_eq!(json(&unmuted.mute), json!({"muted": false}));
    let [frame] = assert_pushed(&app, [("alice-2", "member.updated")]);
    assert_eq!(frame["data"]["settings"], json!({"memberRev": 3, "notify": "all"}));
    assert!(muted_by(&app, "alice").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn mute_ends_at_its_end() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["alice"]).await;
    let muted = mute(&app, "alice", &chat, SettingsChange::mute(Some(after(60)))).await.unwrap();
    let expected = json!({"muted": true, "mutedUntil": "2026-01-01T00:01:00.000Z"});
    assert_eq!(json(&muted.mute), expected);
    assert_pushed(&app, [("alice", "member.updated")]);
    let shown = async || json(&app.me(&by("alice")).await.unwrap().user)["mutedChats"].clone();
    tokio::time::advance(Duration::from_millis(59_999)).await;
    assert_eq!(shown().await, json!([chat.as_str()]));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(shown().await, json!([]));
    // A new mute replaces the end, also by none.
    mute(&app, "alice", &chat, SettingsChange::mute(Some(after(120)))).await.unwrap();
    let longer = mute(&app, "alice", &chat, SettingsChange::mute(None)).await.unwrap();
    assert_eq!(json(&longer.mute), json!({"muted": true}));
}

#[tokio::test(start_paused = true)]
async fn mute_with_an_end_in_the_past_is_refused() {
    let app = app();
    let chat = private_chat(&app).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    set_online(&app, &["alice"]).await;
    let before = snapshot(&app);
    for seconds in [0, 59, 60] {
        assert_refused!(
            mute(&app, "alice", &chat, SettingsChange::mute(Some(after(seconds)))).await,
            ChatError::Refused(UpdateMemberError::EndInPast)
        );
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    mute(&app, "alice", &chat, SettingsChange::mute(Some(app.env.now().plus(Duration::from_millis(1))))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn repeated_mute_changes_nothing() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["alice", "bob"]).await;
    let before = snapshot(&app);
    assert_eq!(json(&mute(&app, "alice", &chat, SettingsChange::unmute()).await.unwrap().mute)["muted"], false);
    assert_eq!(snapshot(&app), before);
    for way in [SettingsChange::mute(None), SettingsChange::mute(Some(after(60)))] {
        mute(&app, "alice", &chat, way).await.unwrap();
        assert_pushed(&app, [("alice", "member.updated")]);
        let before = snapshot(&app);
        assert_eq!(json(&mute(&app, "alice", &chat, way).await.unwrap().mute)["muted"], true);
        assert_eq!(snapshot(&app), before);
    }
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn non_participants_cannot_mute() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    mute(&app, "carol", &chat, SettingsChange::mute(None)).await.unwrap();
    remove(&app, "carol", &chat, "carol").await.unwrap();
    let nowhere = ChatId::parse("nowhere").unwrap();
    let before = snapshot(&app);
    for (who, chat) in [("eve", &chat), ("carol", &chat), ("alice", &nowhere)] {
        for way in [SettingsChange::mute(None), SettingsChange::unmute(), SettingsChange::mute(Some(TestEnv::START))] {
            assert_refused!(mute(&app, who, chat, way).await, ChatError::NotFound);
        }
    }
    assert_eq!(snapshot(&app), before);
}

#[tokio::test(start_paused = true)]
async fn at_most_200_chats_can_be_muted() {
    let app = app();
    let chats = create_chats(&app, MAX_MUTED_CHATS + 1).await;
    for chat in &chats[..MAX_MUTED_CHATS] {
        mute(&app, "alice", chat, SettingsChange::mute(None)).await.unwrap();
    }
    set_online(&app, &["alice"]).await;
    let before = snapshot(&app);
    assert_refused!(
        mute(&app, "alice", &chats[MAX_MUTED_CHATS], SettingsChange::mute(None)).await,
        ChatError::Refused(UpdateMemberError::ListFull(ListFull::Muted))
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    mute(&app, "alice", &chats[0], SettingsChange::mute(Some(after(60)))).await.unwrap();
    mute(&app, "alice", &chats[1], SettingsChange::unmute()).await.unwrap();
    mute(&app, "alice", &chats[MAX_MUTED_CHATS], SettingsChange::mute(None)).await.unwrap();
    assert_eq!(muted_by(&app, "alice").await.len(), MAX_MUTED_CHATS);
}

#[tokio::test(start_paused = true)]
async fn ended_mutes_and_left_chats_make_room() {
    let app = app();
    let chats = create_chats(&app, MAX_MUTED_CHATS - 1).await;
    let left = group(&app, &["bob", "alice", "carol"]).await;
    for chat in &chats {
        mute(&app, "alice", chat, SettingsChange::mute(None)).await.unwrap();
    }
    mute(&app, "alice", &left, SettingsChange::mute(None)).await.unwrap();
    remove(&app, "alice", &left, "alice").await.unwrap();
    assert_eq!(muted_by(&app, "alice").await.len(), MAX_MUTED_CHATS - 1);
    let last = private_chat_of(&app, "alice", "last").await;
    mute(&app, "alice", &last, SettingsChange::mute(Some(after(60)))).await.unwrap();
    let mutes = muted_by(&app, "alice").await;
    assert!(mutes.len() == MAX_MUTED_CHATS && mutes.contains(&last) && !mutes.contains(&left));
    tokio::time::advance(Duration::from_secs(60)).await;
    let other = private_chat(&app).await;
    mute(&app, "alice", &other, SettingsChange::mute(None)).await.unwrap();
    let mutes = muted_by(&app, "alice").await;
    assert!(mutes.len() == MAX_MUTED_CHATS && mutes.contains(&other) && !mutes.contains(&last));
    // Who joins again has set nothing.
    add(&app, "bob", &left, &["alice"]).await.unwrap();
    assert!(!mute(&app, "alice", &left, SettingsChange::unmute()).await.unwrap().mute.is_muted());
}

#[tokio::test(start_paused = true)]
async fn concurrent_mutes_are_all_stored() {
    let app = app();
    let chats = create_chats(&app, 8).await;
    app.store.set_faults(Faults { latency_ms: 5, conflict: 20, ..Faults::default() });
    for muted in join_all(chats.iter().map(|chat| mute(&app, "alice", chat, SettingsChange::mute(None)))).await {
        muted.unwrap();
    }
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    assert_eq!(muted_by(&app, "alice").await.len(), 8);
    assert_refused!(mute(&app, "alice", &chats[0], SettingsChange::unmute()).await, ChatError::Busy);
}

#[tokio::test(start_paused = true)]
async fn accepted_end_can_always_be_serialized() {
    let app = app();
    let chat = private_chat(&app).await;
    // With this offset, the second time is in the year 10000 in UTC, which RFC 3339 cannot express.
    for text in ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59-01:00"] {
        if let Ok(end) = Timestamp::parse(text) {
            let muted = mute(&app, "alice", &chat, SettingsChange::mute(Some(end))).await.unwrap();
            assert!(serde_json::to_string(&muted.member.settings).is_ok(), "{text}");
        }
    }
}
