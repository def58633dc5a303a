use crate::support::*;
use domain::chat_user::{Connection, MAX_CONNECTIONS};
use domain::event::ClosingCode;
use domain::ports::{Env as _, Registry as _};
use domain::use_cases::{ConnectError, SyncChats, close_connection};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::fixtures::{connection, user};
use testkit::{RecordingPush, TestEnv};

#[tokio::test(start_paused = true)]
async fn the_twenty_first_connection_closes_the_oldest() {
    let app = app();
    let alice = user("alice");
    for n in 1..=MAX_CONNECTIONS {
        let at = TestEnv::START.plus(Duration::from_millis(n as u64));
        assert_eq!(app.connect(&alice, &connection(&format!("c-{n}"), at)).await.unwrap().closed, 0);
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    let connected =
        app.connect(&alice, &connection("c-21", TestEnv::START.plus(Duration::from_secs(60)))).await.unwrap();
    assert_eq!(connected.closed, 1);
    assert_eq!(app.push.closed(), ["c-1"]);
    assert_eq!(app.push.last_frames("c-1"), [closing("too_many_connections")]);
    let (_, remaining) = app.store.connections(&[alice]).await.unwrap().remove(0);
    assert_eq!(remaining.len(), MAX_CONNECTIONS);
    assert!(remaining.iter().all(|connection| connection.id.as_str() != "c-1"));
}

/// A connection that may still be opening cannot be closed. So no more than the maximum of them are accepted.
#[tokio::test(start_paused = true)]
async fn handshake_is_refused_while_all_connections_are_young() {
    let app = app();
    let chat = private_chat(&app).await;
    let bob = user("bob");
    let devices: Vec<_> = (0..193).map(|n| connection(&format!("bob-{n}"), TestEnv::START)).collect();
    let outcomes = join_all(devices.iter().map(|device| app.connect(&bob, device))).await;
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(ConnectError::TooManyConnections))).count();
    assert_eq!((outcomes.iter().filter(|outcome| outcome.is_ok()).count(), refused), (MAX_CONNECTIONS, 173));
    assert_eq!(app.push.closed(), Vec::<String>::new());
    assert_eq!(send_text(&app, "alice", &chat, "Hello").await.pushed.posted as usize, MAX_CONNECTIONS);
    // Once they are old enough, each new one takes the place of one.
    tokio::time::advance(Duration::from_secs(30)).await;
    let at = TestEnv::START.plus(Duration::from_secs(30));
    let devices: Vec<_> = (0..33).map(|n| connection(&format!("more-{n}"), at)).collect();
    let outcomes = join_all(devices.iter().map(|device| app.connect(&bob, device))).await;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(accepted, MAX_CONNECTIONS, "each of the old ones makes room for one");
    let (_, registered) = app.store.connections(std::slice::from_ref(&bob)).await.unwrap().remove(0);
    let new = registered.iter().filter(|connection| connection.connected_at == at).count();
    assert_eq!((registered.len(), new, app.push.closed().len()), (MAX_CONNECTIONS, accepted, accepted));
}

/// A dead connection is removed first, however old the others are.
#[tokio::test(start_paused = true)]
async fn dead_connection_makes_room() {
    let app = app();
    let alice = user("alice");
    for n in 1..=MAX_CONNECTIONS {
        let at = TestEnv::START.plus(Duration::from_millis(n as u64));
        let exp = if n == 7 { TestEnv::START.plus(Duration::from_secs(9)) } else { connection("c", at).exp };
        app.connect(&alice, &Connection { exp, ..connection(&format!("c-{n}"), at) }).await.unwrap();
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    app.connect(&alice, &connection("c-21", TestEnv::START.plus(Duration::from_secs(60)))).await.unwrap();
    assert_eq!(app.push.closed(), ["c-7"]);
}

/// The last frame of a connection that the system closes.
fn closing(code: &str) -> Value {
    let data = match code {
        "too_many_connections" => json!({
            "code": code, "retryable": true, "retryAfterMs": 30_000,
            "detail": "The user has too many connections, and this was the oldest. Connect again later, or close another one.",
        }),
        _ => json!({
            "code": code, "retryable": true, "detail": "The token has expired. Connect again with a new token.",
        }),
    };
    json!({"event": "connection.closing", "data": data})
}

#[tokio::test(start_paused = true)]
async fn connection_whose_token_expired_is_told_so_when_the_next_one_closes_it() {
    let app = app();
    let short = Connection { exp: TestEnv::START.plus(Duration::from_secs(60)), ..connection("c-1", TestEnv::START) };
    app.connect(&user("alice"), &short).await.unwrap();
    for n in 2..=MAX_CONNECTIONS {
        connect(&app, &format!("alice-{n}")).await;
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(app.connect(&user("alice"), &connection("c-2", app.env.now())).await.unwrap().closed, 1);
    assert_eq!(app.push.closed(), ["c-1"]);
    assert_eq!(app.push.last_frames("c-1"), [closing("token_expired")]);
}

#[tokio::test(start_paused = true)]
async fn reply_and_reason_come_before_the_close() {
    let (push, env) = (RecordingPush::default(), TestEnv::default());
    let id = connection("c-1", TestEnv::START).id;
    close_connection(&push, &env, &id, Some(r#"{"ok":false}"#), ClosingCode::TokenExpired).await;
    assert_eq!(push.last_frames("c-1"), [json!({"ok": false}), closing("token_expired")]);
    assert_eq!(push.closed(), ["c-1"]);
}

#[tokio::test(start_paused = true)]
async fn connection_is_closed_also_if_it_cannot_be_told_why() {
    let (push, env) = (RecordingPush::default(), TestEnv::default());
    push.set_failing("fails");
    push.set_throttled("throttled", 100);
    push.set_silent("hangs");
    let before = tokio::time::Instant::now();
    for name in ["fails", "throttled", "hangs"] {
        let id = connection(name, TestEnv::START).id;
        close_connection(&push, &env, &id, Some("{}"), ClosingCode::TokenExpired).await;
    }
    assert_eq!(push.closed(), ["fails", "throttled", "hangs"]);
    assert_eq!(push.attempts(), 6, "one try for each frame");
    assert_eq!(["fails", "throttled", "hangs"].map(|name| push.last_frames(name).len()), [0; 3]);
    assert_eq!(before.elapsed().as_secs(), 6, "two posts and a close of the silent one have 2 s each");
}

#[tokio::test(start_paused = true)]
async fn connection_with_an_expired_token_is_refused() {
    let app = app();
    let mut expired = connection("c-1", TestEnv::START);
    expired.exp = TestEnv::START;
    let error = app.connect(&user("alice"), &expired).await.unwrap_err();
    assert!(matches!(error, ConnectError::Expired));
    assert!(app.store.connections(&[user("alice")]).await.unwrap().is_empty());
}

/// The registry loses connections when Redis restarts. A user who stayed connected gets events again after the next
/// sync, and their partners see them online.
#[tokio::test(start_paused = true)]
async fn sync_restores_a_connection_that_the_registry_lost() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["alice-1", "bob-1"]).await;
    let device = connection("bob-1", app.env.now());
    let sync = || SyncChats {
        caller: by("bob-1"),
        cursors: BTreeMap::new(),
        open: BTreeSet::new(),
        connection: Some(device.clone()),
    };
    // The registry lost nothing, so the sync restores nothing: the connection may be closed by now.
    disconnect(&app, "bob-1").await;
    app.push.forget("presence.updated");
    app.sync(sync()).await.unwrap();
    assert!(app.store.connections(&[user("bob")]).await.unwrap()[0].1.is_empty());

    set_online(&app, &["bob-1"]).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    app.store.lose_connections(app.env.now());
    send_text(&app, "alice", &chat, "One").await;
    set_online(&app, &["alice-1"]).await;
    assert_pushed(&app, []);
    app.sync(sync()).await.unwrap();
    assert_pushed(&app, [("alice-1", "presence.updated")]);
    send_text(&app, "alice", &chat, "Two").await;
    assert_pushed(&app, [("alice-1", "message.created"), ("bob-1", "message.created")]);
}
