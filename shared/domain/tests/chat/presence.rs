use crate::support::{app, by, comes, goes, group, json, online, private, private_of, pushed, say, with_store};
use domain::chat_user::{CONNECT_GRACE, Connection, MAX_CONNECTION_AGE};
use domain::event::TypingState;
use domain::ids::ConnectionId;
use domain::ports::{Env as _, Registry as _};
use domain::use_cases::SendTyping;
use futures_util::future::join;
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{connection, user};
use testkit::{Faults, MemoryStore};

#[tokio::test(start_paused = true)]
async fn partners_are_told_when_the_first_device_comes_and_the_last_goes_and_nobody_else_is() {
    let app = app();
    private(&app).await;
    private_of(&app, "bob", "dave").await;
    // Carol shares a group with bob, eve nothing, and dave is offline.
    group(&app, &["alice", "bob", "carol"]).await;
    online(&app, &["alice-1", "alice-2", "carol-1", "eve-1"]).await;

    comes(&app, "bob-1").await;
    let at = json(&app.env.now());
    for frame in pushed(&app, [("alice-1", "presence.updated"), ("alice-2", "presence.updated")]) {
        let expected = json!({"userId": "bob", "status": "online", "lastSeen": at, "at": at});
        assert_eq!(frame, json!({"event": "presence.updated", "data": expected}));
    }
    comes(&app, "bob-2").await;
    // A third device that comes and goes all the time tells nobody anything.
    for _ in 0..20 {
        comes(&app, "bob-3").await;
        goes(&app, "bob-3").await;
    }
    goes(&app, "bob-1").await;
    pushed(&app, []);
    tokio::time::advance(Duration::from_secs(7)).await;
    goes(&app, "bob-2").await;
    let at = json(&app.env.now());
    for frame in pushed(&app, [("alice-1", "presence.updated"), ("alice-2", "presence.updated")]) {
        assert_eq!(frame["data"], json!({"userId": "bob", "status": "offline", "lastSeen": at, "at": at}));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_past_its_time_keeps_nobody_online() {
    let app = app();
    private(&app).await;
    let now = app.env.now();
    let short = Connection { exp: now.plus(Duration::from_secs(60)), ..connection("bob-short", now) };
    let long = Connection { exp: now.plus(2 * MAX_CONNECTION_AGE), ..connection("bob-long", now) };
    for ghost in [short, long] {
        app.connect(&user("bob"), &ghost).await.unwrap();
    }
    tokio::time::advance(MAX_CONNECTION_AGE).await;
    online(&app, &["alice-1"]).await;
    // Neither of the two counts: a new device is the first, and when it goes nothing is left.
    comes(&app, "bob-1").await;
    pushed(&app, [("alice-1", "presence.updated")]);
    assert_eq!(app.store.connections(&[user("bob")]).await.unwrap()[0].1.len(), 1, "the ghosts are forgotten");
    goes(&app, "bob-1").await;
    let [frame] = pushed(&app, [("alice-1", "presence.updated")]);
    assert_eq!(frame["data"]["status"], "offline");
}

/// API Gateway does its best to report a connection that closed, and may fail to.
#[tokio::test(start_paused = true)]
async fn a_connection_that_was_lost_without_a_word_is_told_of_when_it_is_noticed() {
    let app = app();
    let chat = private(&app).await;
    let team = group(&app, &["alice", "bob", "carol"]).await;
    online(&app, &["alice-1", "bob-1", "bob-2", "carol-1"]).await;
    tokio::time::advance(CONNECT_GRACE).await;
    let noticed = json(&app.env.now());
    app.push.set_gone("bob-1");
    say(&app, "alice", &chat, "Are you there?").await;
    pushed(&app, [("alice-1", "message.created"), ("bob-2", "message.created")]);
    app.push.set_gone("bob-2");
    say(&app, "alice", &chat, "And now?").await;
    let frames = app.push.take("alice-1");
    assert_eq!((&frames[0]["event"], frames.len()), (&json!("message.created"), 2));
    let data = json!({"userId": "bob", "status": "offline", "at": noticed});
    assert_eq!(frames[1], json!({"event": "presence.updated", "data": data}));
    pushed(&app, []);
    // Whoever begins to type notices it as well.
    online(&app, &["bob-4"]).await;
    tokio::time::advance(CONNECT_GRACE).await;
    app.push.set_gone("bob-4");
    let typing = SendTyping { caller: by("alice-1"), chat: chat.clone(), state: TypingState::Start };
    app.send_typing(typing).await.unwrap();
    pushed(&app, [("alice-1", "presence.updated")]);
    // Noticed in a group, it is told to nobody: who has a private chat with bob is not known there.
    online(&app, &["bob-3"]).await;
    tokio::time::advance(CONNECT_GRACE).await;
    app.push.set_gone("bob-3");
    say(&app, "carol", &team, "Bob?").await;
    pushed(&app, [("alice-1", "message.created"), ("carol-1", "message.created")]);
}

#[tokio::test(start_paused = true)]
async fn of_many_private_chats_the_hundred_most_recent_are_told() {
    let app = app();
    let partners: Vec<String> = (0..103).map(|n| format!("p{n}")).collect();
    for partner in &partners {
        tokio::time::advance(Duration::from_secs(1)).await;
        private_of(&app, "bob", partner).await;
        online(&app, &[&format!("{partner}-1")]).await;
    }
    // The oldest chat is the most recently active one.
    let chat = private_of(&app, "bob", "p0").await;
    app.push.forget("chat.created");
    say(&app, "bob", &chat, "Hello").await;
    app.push.forget("message.created");
    comes(&app, "bob-1").await;
    let told: Vec<&String> = partners.iter().filter(|name| !app.push.take(&format!("{name}-1")).is_empty()).collect();
    let expected: Vec<&String> = partners.iter().filter(|name| !["p1", "p2", "p3"].contains(&name.as_str())).collect();
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_does_not_wait_for_a_partner_whose_connection_hangs() {
    let app = app();
    private(&app).await;
    online(&app, &["alice-1"]).await;
    app.push.set_silent("alice-1");
    let before = tokio::time::Instant::now();
    comes(&app, "bob-1").await;
    assert_eq!(before.elapsed().as_secs(), 1);
    assert!(app.disconnect(&user("bob"), &ConnectionId::parse("bob-1").unwrap()).await.is_ok());
}

/// A device goes and another comes at once. Whichever of the two events arrives last, the later `at` is right: that of
/// the registry's last word.
#[tokio::test(start_paused = true)]
async fn the_time_of_an_event_is_in_the_order_of_the_registry() {
    for seed in 0..200 {
        let store = MemoryStore::with_faults(seed, Faults { latency_ms: 30, ..Faults::default() });
        let app = with_store(store);
        private(&app).await;
        online(&app, &["alice-1", "bob-1"]).await;
        join(comes(&app, "bob-2"), goes(&app, "bob-1")).await;
        let frames = app.push.take("alice-1");
        let last = frames.iter().max_by_key(|frame| frame["data"]["at"].as_str().unwrap().to_owned());
        // Bob is online. Either nobody was told anything, or the last word is that.
        assert!(last.is_none_or(|frame| frame["data"]["status"] == "online"), "{seed}: {frames:?}");
    }
}
