//! Who is notified of a message, and of what.

use crate::support::{TestApp, app, by, called, clear, group, mark, online, private};
use domain::chat_user::UserChange;
use domain::ids::ChatId;
use domain::notification::Notification;
use domain::ports::Env as _;
use domain::use_cases::{Mute, MuteChat, SendMessage, SendOutcome, UpdateMe};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::TestEnv;
use testkit::fixtures::{caller, message, user, users};

fn notifying() -> TestApp {
    let app = app();
    app.push.set_notifying();
    app
}

async fn send(app: &TestApp, message: SendMessage) -> SendOutcome {
    app.send_message(message).await.unwrap()
}

/// Who was notified since it was last asked, sorted.
fn notified(app: &TestApp) -> Vec<String> {
    let batches = app.push.take_batches();
    let mut users: Vec<_> = batches.iter().flatten().map(|it: &Notification| it.user.to_string()).collect();
    users.sort();
    users
}

async fn mute(app: &TestApp, who: &str, chat: &ChatId, mute: Mute) {
    app.mute_chat(MuteChat { caller: caller(who), chat: chat.clone(), mute }).await.unwrap();
}

async fn asks_for_mentions(app: &TestApp, who: &str) {
    let change = UserChange { notify_on_mention: Some(true), ..UserChange::default() };
    app.update_me(&UpdateMe { caller: caller(who), change }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_is_offline_is_notified_with_what_a_device_needs_to_show() {
    let app = notifying();
    let chat = private(&app).await;
    app.update_me(&called(caller("alice"), "Ali")).await.unwrap();
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
async fn who_is_online_on_one_device_is_not_notified_and_a_ghost_is_nobody() {
    let app = notifying();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    online(&app, &["alice-1", "alice-2", "bob-1", "bob-2", "carol"]).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    // One of bob's is gone, and all of carol's.
    app.push.set_gone("bob-1");
    app.push.set_gone("carol");
    send(&app, SendMessage { caller: by("alice-1"), ..message(&chat, "alice", "", "Hello") }).await;
    assert_eq!(notified(&app), ["carol", "dave"]);
    // What fails is not there either.
    app.push.set_failing("bob-2");
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["bob", "carol", "dave"]);
}

#[tokio::test(start_paused = true)]
async fn who_muted_the_chat_is_notified_only_of_mentions_and_only_if_they_asked_for_that() {
    let app = notifying();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    for who in ["bob", "carol"] {
        mute(&app, who, &chat, Mute::On(None)).await;
    }
    asks_for_mentions(&app, "carol").await;
    asks_for_mentions(&app, "dave").await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["dave"]);
    let mentions = users(&["bob", "carol", "dave"]).into_iter().collect();
    send(&app, SendMessage { mentions, ..message(&chat, "alice", "", "Hello all") }).await;
    assert_eq!(notified(&app), ["carol", "dave"]);
    mute(&app, "bob", &chat, Mute::Off).await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["bob", "dave"]);
}

#[tokio::test(start_paused = true)]
async fn a_mute_that_has_ended_is_none() {
    let app = notifying();
    let chat = private(&app).await;
    mute(&app, "bob", &chat, Mute::On(Some(TestEnv::START.plus(Duration::from_secs(60))))).await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), [""; 0]);
    tokio::time::advance(Duration::from_secs(60)).await;
    send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!(notified(&app), ["bob"]);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_notifies_again_but_not_who_has_read_it_or_does_not_see_it() {
    let app = notifying();
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
async fn where_nobody_is_notified_nothing_is_read_or_published() {
    let app = app();
    let chat = private(&app).await;
    let sent = send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!((sent.notified.published, sent.notified.failed), (0, 0));
    assert_eq!(notified(&app), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_fails_fails_no_message() {
    let app = notifying();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    online(&app, &["bob"]).await;
    app.push.set_topic_failing();
    let sent = send(&app, message(&chat, "alice", "", "Hello")).await;
    assert_eq!((sent.pushed.posted, sent.notified.published, sent.notified.failed), (1, 0, 1));
    assert!(!sent.repeated);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_never_answers_delays_the_answer_by_three_seconds() {
    let app = notifying();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    app.push.set_topic_silent();
    let before = app.env.now();
    let sent = tokio::time::timeout(Duration::from_secs(60), send(&app, message(&chat, "alice", "", "Hello"))).await;
    let sent = sent.expect("it is answered");
    assert_eq!((sent.notified.published, sent.notified.failed), (0, 2));
    assert_eq!(app.env.now(), before.plus(Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn a_large_group_is_notified_ten_by_ten() {
    let app = notifying();
    let names: Vec<String> = (0..34).map(|n| format!("user{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chat = group(&app, &names).await;
    let sent = send(&app, message(&chat, "user00", "", "Hello")).await;
    assert_eq!(sent.notified.published, 33);
    let mut sizes: Vec<_> = app.push.take_batches().iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [3, 10, 10, 10]);
}
