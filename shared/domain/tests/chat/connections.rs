use crate::support::*;
use domain::chat_user::MAX_CONNECTIONS;
use domain::ports::{Env as _, Registry as _};
use domain::use_cases::{ConnectError, SyncChats};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::TestEnv;
use testkit::fixtures::{connection, user};

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
    let (_, remaining) = app.store.connections(&[alice]).await.unwrap().remove(0);
    assert_eq!(remaining.len(), MAX_CONNECTIONS);
    assert!(remaining.iter().all(|connection| connection.id.as_str() != "c-1"));
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
