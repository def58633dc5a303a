//! The recipients and the content of notifications.

use crate::support::*;
use domain::chat_user::UserChange;
use domain::ids::ChatId;
use domain::member_settings::SettingsChange;
use domain::notification::Notification;
use domain::ports::Env as _;
use domain::use_cases::{SendMessage, SendOutcome, UpdateMe, UpdateMember};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::TestEnv;
use testkit::fixtures::{caller, message, user, users};

fn app_with_topic() -> TestApp {
    let app = app();
    app.push.set_notifying();
    app
}

async fn send(app: &TestApp, message: SendMessage) -> SendOutcome {
    app.send_message(message).await.unwrap()
}

/// The users who were notified since the last call, sorted.
fn notified(app: &TestApp) -> Vec<String> {
    let batches = app.push.take_batches();
    let mut users: Vec<_> = batches.iter().flatten().map(|entry: &Notification| entry.user.to_string()).collect();
    users.sort();
    users
}

async fn mute(app: &TestApp, who: &str, chat: &ChatId, mute: SettingsChange) {
    app.update_member(UpdateMember { caller: caller(who), chat: chat.clone(), change: mute }).await.unwrap();
}

async fn request_mention_notifications(app: &TestApp, who: &str) {
    let change = UserChange { notify_on_mention: Some(true), ..UserChange::default() };
    app.update_me(&UpdateMe { caller: caller(who), change }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn offline_users_are_notified_with_sender_and_preview() {
    let app = app_with_topic();
    let chat = private_chat(&app).await;
    app.update_me(&nickname_update(caller("alice"), "Ali")).await.unwrap();
    send(&app, message(&chat, "alice", "", "Hello")).await;
    app.push.take_batches();
    let sent = send(&app, message(&chat, "alice", "", "Are you\nthere?")).await;
    assert_eq!((sent.notified.published, sent.notified.failed), (1, 0));
    let [batch] = app.push.take_batches().try_into().unwrap();
    assert_eq!(batch[0].user, user("bob"));
    let body: Value = serde_json::to_value(&batch[0]).unwrap();
    assert_eq!(
        body,
        json!({
            "event": "message.created", "chatId": chat.as_str(), "seq": 2, "senderId": "alice", "nickname": "Ali",
            "preview": "Are you there?", "unreadCount": 2,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn only_users_whom_no_push_reached_are_notified() {
    let app = app_with_topic();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    set_online(&app, &["alice-1", "alice-2", "bob-1", "bob-2", "carol"]).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    // One of bob's connections is gone, and carol's only one.
    app.push.set_gone("bob-1");
    app.push.set_gone("carol");
    send(&app, SendMessage { caller: by("alice-1"), ..message(&chat, "alice", "", "Hello") }).await;
    assert_eq!(notified(&app), ["carol", "dave"]);
    // A connection whose post fails does not count as reached either.
    app.push.set_failing("bob-2");
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["bob", "carol", "dave"]);
}

#[tokio::test(start_paused = true)]
async fn muted_chats_notify_only_of_mentions_and_only_on_request() {
    let app = app_with_topic();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    for who in ["bob", "carol"] {
        mute(&app, who, &chat, SettingsChange::mute(None)).await;
    }
    request_mention_notifications(&app, "carol").await;
    request_mention_notifications(&app, "dave").await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["dave"]);
    let mentions = users(&["bob", "carol", "dave"]).into_iter().collect();
    send(&app, SendMessage { mentions, ..message(&chat, "alice", "", "Hello all") }).await;
    assert_eq!(notified(&app), ["carol", "dave"]);
    mute(&app, "bob", &chat, SettingsChange::unmute()).await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["bob", "dave"]);
}

#[tokio::test(start_paused = true)]
async fn ended_mute_does_not_stop_notifications() {
    let app = app_with_topic();
    let chat = private_chat(&app).await;
    mute(&app, "bob", &chat, SettingsChange::mute(Some(TestEnv::START.plus(Duration::from_secs(60))))).await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), [""; 0]);
    tokio::time::advance(Duration::from_secs(60)).await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["bob"]);
}

#[tokio::test(start_paused = true)]
async fn repeat_notifies_only_users_who_can_see_it_and_have_not_read_it() {
    let app = app_with_topic();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    let hello = message(&chat, "alice", "m-1", "Hello");
    send(&app, hello.clone()).await;
    assert_eq!(notified(&app), ["bob", "carol", "dave"]);
    app.mark_seen(mark(&chat, "bob", 1)).await.unwrap();
    clear(&app, "carol", &chat).await;
    assert!(send(&app, hello).await.repeated);
    assert_eq!(notified(&app), ["dave"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_topic_nothing_is_published() {
    let app = app();
    let chat = private_chat(&app).await;
    let sent = send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!((sent.notified.published, sent.notified.failed), (0, 0));
    assert_eq!(notified(&app), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn failing_topic_does_not_fail_the_send() {
    let app = app_with_topic();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    set_online(&app, &["bob"]).await;
    app.push.set_topic_failing();
    let sent = send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!((sent.pushed.posted, sent.notified.published, sent.notified.failed), (1, 0, 1));
    assert!(!sent.repeated);
}

#[tokio::test(start_paused = true)]
async fn silent_topic_delays_the_answer_by_three_seconds() {
    let app = app_with_topic();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    app.push.set_topic_silent();
    let before = app.env.now();
    let sent = tokio::time::timeout(Duration::from_secs(60), send(&app, message(&chat, "alice", "", "Hello"))).await;
    let sent = sent.expect("an answer");
    assert_eq!((sent.notified.published, sent.notified.failed), (0, 2));
    assert_eq!(app.env.now(), before.plus(Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn notifications_are_published_in_batches_of_ten() {
    let app = app_with_topic();
    let names: Vec<String> = (0..34).map(|n| format!("user{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chat = group(&app, &names).await;
    let sent = send(&app, message(&chat, "user00", "", "Hello")).await;
    assert_eq!(sent.notified.published, 33);
    let mut sizes: Vec<_> = app.push.take_batches().iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [3, 10, 10, 10]);
}
