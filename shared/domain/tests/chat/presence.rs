use crate::support::*;
use domain::chat_user::{CONNECT_GRACE, Connection, MAX_CONNECTION_AGE};
use domain::event::TypingState;
use domain::ids::ConnectionId;
use domain::ports::Env as _;
use domain::use_cases::SendTyping;
use futures_util::future::join;
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{connection, user};
use testkit::{Faults, MemoryStore};

#[tokio::test(start_paused = true)]
async fn first_and_last_device_push_presence_to_partners_only() {
    let app = app();
    private_chat(&app).await;
    private_chat_of(&app, "bob", "dave").await;
    // Carol shares only a group with bob, eve shares no chat with him, and dave is offline.
    group(&app, &["alice", "bob", "carol"]).await;
    set_online(&app, &["alice-1", "alice-2", "carol-1", "eve-1"]).await;

    connect(&app, "bob-1").await;
    let at = json(&app.env.now());
    for frame in assert_pushed(&app, [("alice-1", "presence.updated"), ("alice-2", "presence.updated")]) {
        let expected = json!({"userId": "bob", "status": "online", "lastSeen": at, "at": at});
        assert_eq!(frame, json!({"event": "presence.updated", "data": expected}));
    }
    connect(&app, "bob-2").await;
    // A third device that connects and disconnects pushes no events.
    for _ in 0..20 {
        connect(&app, "bob-3").await;
        disconnect(&app, "bob-3").await;
    }
    disconnect(&app, "bob-1").await;
    assert_pushed(&app, []);
    tokio::time::advance(Duration::from_secs(7)).await;
    disconnect(&app, "bob-2").await;
    let at = json(&app.env.now());
    for frame in assert_pushed(&app, [("alice-1", "presence.updated"), ("alice-2", "presence.updated")]) {
        assert_eq!(frame["data"], json!({"userId": "bob", "status": "offline", "lastSeen": at, "at": at}));
    }
}

#[tokio::test(start_paused = true)]
async fn dead_connections_do_not_keep_a_user_online() {
    let app = app();
    private_chat(&app).await;
    let now = app.env.now();
    let short = Connection { exp: now.plus(Duration::from_secs(60)), ..connection("bob-short", now) };
    let long = Connection { exp: now.plus(2 * MAX_CONNECTION_AGE), ..connection("bob-long", now) };
    for dead in [short, long] {
        app.connect(&user("bob"), &dead).await.unwrap();
    }
    tokio::time::advance(MAX_CONNECTION_AGE).await;
    set_online(&app, &["alice-1"]).await;
    // Neither of the two counts: a new device is the first one, and none is left after it disconnects.
    connect(&app, "bob-1").await;
    assert_pushed(&app, [("alice-1", "presence.updated")]);
    disconnect(&app, "bob-1").await;
    let [frame] = assert_pushed(&app, [("alice-1", "presence.updated")]);
    assert_eq!(frame["data"]["status"], "offline");
}

/// API Gateway does not guarantee to call `$disconnect` for every closed connection.
#[tokio::test(start_paused = true)]
async fn lost_connection_is_noticed_by_the_next_push() {
    let app = app();
    let chat = private_chat(&app).await;
    let team = group(&app, &["alice", "bob", "carol"]).await;
    set_online(&app, &["alice-1", "bob-1", "bob-2", "carol-1"]).await;
    tokio::time::advance(CONNECT_GRACE).await;
    let noticed = json(&app.env.now());
    app.push.set_gone("bob-1");
    send_text(&app, "alice", &chat, "Are you there?").await;
    assert_pushed(&app, [("alice-1", "message.created"), ("bob-2", "message.created")]);
    app.push.set_gone("bob-2");
    send_text(&app, "alice", &chat, "And now?").await;
    let frames = app.push.take("alice-1");
    assert_eq!((&frames[0]["event"], frames.len()), (&json!("message.created"), 2));
    let data = json!({"userId": "bob", "status": "offline", "at": noticed});
    assert_eq!(frames[1], json!({"event": "presence.updated", "data": data}));
    assert_pushed(&app, []);
    // A typing event notices it as well.
    set_online(&app, &["bob-4"]).await;
    tokio::time::advance(CONNECT_GRACE).await;
    app.push.set_gone("bob-4");
    let typing = SendTyping { caller: by("alice-1"), chat: chat.clone(), state: TypingState::Start };
    app.send_typing(typing).await.unwrap();
    assert_pushed(&app, [("alice-1", "presence.updated")]);
    // If a push in a group notices it, no presence is pushed: the partners of bob are not known there.
    set_online(&app, &["bob-3"]).await;
    tokio::time::advance(CONNECT_GRACE).await;
    app.push.set_gone("bob-3");
    send_text(&app, "carol", &team, "Bob?").await;
    assert_pushed(&app, [("alice-1", "message.created"), ("carol-1", "message.created")]);
}

#[tokio::test(start_paused = true)]
async fn presence_goes_to_the_100_most_recent_partners() {
    let app = app();
    let partners: Vec<String> = (0..103).map(|n| format!("p{n}")).collect();
    for partner in &partners {
        tokio::time::advance(Duration::from_secs(1)).await;
        private_chat_of(&app, "bob", partner).await;
        set_online(&app, &[&format!("{partner}-1")]).await;
    }
    // The oldest chat is the most recently active one.
    let chat = private_chat_of(&app, "bob", "p0").await;
    app.push.forget("chat.created");
    send_text(&app, "bob", &chat, "Hello").await;
    app.push.forget("message.created");
    connect(&app, "bob-1").await;
    let recipients: Vec<&String> =
        partners.iter().filter(|name| !app.push.take(&format!("{name}-1")).is_empty()).collect();
    let expected: Vec<&String> = partners.iter().filter(|name| !["p1", "p2", "p3"].contains(&name.as_str())).collect();
    assert_eq!(recipients, expected);
}

#[tokio::test(start_paused = true)]
async fn handshake_waits_at_most_a_second_for_a_hanging_partner() {
    let app = app();
    private_chat(&app).await;
    set_online(&app, &["alice-1"]).await;
    app.push.set_silent("alice-1");
    let before = tokio::time::Instant::now();
    connect(&app, "bob-1").await;
    assert_eq!(before.elapsed().as_secs(), 1);
    assert!(app.disconnect(&user("bob"), &ConnectionId::parse("bob-1").unwrap()).await.is_ok());
}

/// One device disconnects while another connects. The event with the latest `at` must show the final state of the
/// registry, in whichever order the events arrive.
#[tokio::test(start_paused = true)]
async fn presence_at_follows_the_order_of_the_registry() {
    for seed in 0..200 {
        let store = MemoryStore::with_faults(seed, Faults { latency_ms: 30, ..Faults::default() });
        let app = with_store(store);
        private_chat(&app).await;
        set_online(&app, &["alice-1", "bob-1"]).await;
        join(connect(&app, "bob-2"), disconnect(&app, "bob-1")).await;
        let frames = app.push.take("alice-1");
        let last = frames.iter().max_by_key(|frame| frame["data"]["at"].as_str().unwrap().to_owned());
        // Bob is online. Either no event was pushed, or the latest one says so.
        assert!(last.is_none_or(|frame| frame["data"]["status"] == "online"), "{seed}: {frames:?}");
    }
}
