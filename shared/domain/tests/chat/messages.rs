use crate::support::*;
use domain::budget::BudgetRate;
use domain::chat::Head;
use domain::ids::{Rev, Seq};
use domain::ports::StoreError;
use domain::use_cases::{ChatError, MarkSeenCommand, SendMessageError};
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{caller, connection, message, user};
use testkit::{Faults, MemoryStore, TestEnv};

#[tokio::test(start_paused = true)]
async fn sent_message_is_pushed_to_all_devices_except_the_sending_one() {
    let app = app();
    let chat = private_chat(&app).await;
    for (who, name) in [("alice", "a-1"), ("alice", "a-2"), ("bob", "b-1"), ("eve", "e-1")] {
        app.connect(&user(who), &connection(name, TestEnv::START)).await.unwrap();
    }
    app.push.forget("presence.updated");
    let mut command = message(&chat, "alice", "m-1", "Hello");
    command.caller.connection = Some(connection("a-1", TestEnv::START).id);
    let sent = app.send_message(command).await.unwrap();
    let shown = serde_json::to_value(&sent.message).unwrap();
    let expected = json!({
        "messageId": format!("{chat}:1"), "chatId": chat.as_str(), "seq": 1, "senderId": "alice", "type": "text",
        "content": "Hello", "seenBy": ["alice"], "deletedFor": [], "createdAt": "2026-01-01T00:00:00.000Z",
        "clientMessageId": "m-1", "rev": 0,
    });
    let same_but_time = |mut value: serde_json::Value| {
        value["createdAt"] = expected["createdAt"].clone();
        value
    };
    assert_eq!(same_but_time(shown.clone()), expected);
    for name in ["a-2", "b-1"] {
        let frames = app.push.take(name);
        assert_eq!(frames, [json!({"event": "message.created", "chatId": chat.as_str(), "seq": 1, "data": shown})]);
    }
    assert_eq!(app.push.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn sending_moves_the_senders_read_position() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    app.send_message(message(&chat, "bob", "", "Hi")).await.unwrap();
    assert_eq!(app.store.stored_member(&chat, &user("bob")).unwrap().read_seq, Seq(3));
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 0);
    assert_eq!(app.get_chat(&caller("alice"), &chat).await.unwrap().unread_count, 1);
}

#[tokio::test(start_paused = true)]
async fn repeat_stores_nothing_and_is_pushed_again() {
    let app = app();
    let chat = private_chat(&app).await;
    app.connect(&user("bob"), &connection("b-1", TestEnv::START)).await.unwrap();
    let first = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    // Many sends later, and after bob has read it.
    fill(&app, &chat, 40).await;
    app.mark_seen(MarkSeenCommand { caller: caller("bob"), chat: chat.clone(), seq: Seq(9) }).await.unwrap();
    app.push.take("b-1");
    let again = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    assert!(!first.repeated && again.repeated);
    assert_eq!(again.message.message_id(), first.message.message_id());
    assert_eq!(again.message.seen_by(), [user("alice"), user("bob")], "the current state");
    assert_eq!(app.push.take("b-1")[0]["seq"], 1);
    assert_eq!(app.store.stored_messages(&chat).len(), 41);
    assert_eq!(app.store.stored_head(&chat).unwrap().last_seq, Seq(41));
}

#[tokio::test(start_paused = true)]
async fn repeat_is_not_pushed_to_later_members() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    set_online(&app, &["alice", "bob", "carol", "dave"]).await;
    assert!(app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap().repeated);
    let recipients = ["alice", "bob", "carol"].map(|name| (name, "message.created"));
    assert_pushed(&app, recipients);
}

#[tokio::test(start_paused = true)]
async fn client_message_id_of_another_message_is_refused() {
    let app = app();
    let chat = private_chat(&app).await;
    app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    let error = app.send_message(message(&chat, "alice", "m-1", "Goodbye")).await.unwrap_err();
    assert!(matches!(error, ChatError::Refused(SendMessageError::IdempotencyConflict)), "{error:?}");
    // The ids are each sender's own: bob's m-1 is another message.
    assert!(!app.send_message(message(&chat, "bob", "m-1", "Goodbye")).await.unwrap().repeated);
    assert_eq!(app.store.stored_messages(&chat).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn repeat_after_a_lost_reply_finds_the_message() {
    let app = app();
    let chat = private_chat(&app).await;
    app.store.set_faults(Faults { lost_reply: 100, ..Faults::default() });
    let error = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap_err();
    assert!(matches!(error, ChatError::Store(_)), "{error:?}");
    app.store.set_faults(Faults::default());
    let again = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    assert!(again.repeated);
    assert_eq!(app.store.stored_messages(&chat).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn non_participants_cannot_send() {
    let app = app();
    let chat = private_chat(&app).await;
    let error = app.send_message(message(&chat, "eve", "m-1", "Hello")).await.unwrap_err();
    assert!(matches!(error, ChatError::NotFound), "{error:?}");
    assert!(app.store.stored_messages(&chat).is_empty());
}

#[tokio::test(start_paused = true)]
async fn sending_to_a_closed_chat_is_refused() {
    let app = app();
    let chat = closed_group(&app).await;
    let error = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap_err();
    assert!(matches!(error, ChatError::Refused(SendMessageError::ChatClosed)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn rate_limit_says_how_long_to_wait() {
    let sending = BudgetRate::per_second(3, 2);
    let mut app = app();
    app.settings.sending = sending;
    let chat = private_chat(&app).await;
    fill(&app, &chat, 3).await;
    let error = app.send_message(message(&chat, "alice", "", "Hello")).await.unwrap_err();
    let ChatError::Refused(SendMessageError::RateLimited(limited)) = error else { panic!("{error:?}") };
    assert_eq!((limited.retry_after, limited.limit), (Duration::from_millis(500), 3));
    assert!(app.send_message(message(&chat, "bob", "", "Hello")).await.is_ok(), "the budget is each sender's own");
    tokio::time::advance(limited.retry_after).await;
    assert!(app.send_message(message(&chat, "alice", "", "Hello")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn repeat_succeeds_when_a_new_message_would_be_refused() {
    let sending = BudgetRate::per_second(1, 1);
    let mut app = app();
    app.settings.sending = sending;
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    remove(&app, "carol", &chat, "carol").await.unwrap();
    app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    let repeat = async |content| app.send_message(message(&chat, "alice", "m-1", content)).await;
    let new = async || app.send_message(message(&chat, "alice", "m-2", "Hello")).await.unwrap_err();
    // The budget is empty.
    assert!(matches!(new().await, ChatError::Refused(SendMessageError::RateLimited(_))));
    assert_eq!(repeat("Hello").await.unwrap().message.seq(), Seq(1));
    assert!(matches!(repeat("Goodbye").await.unwrap_err(), ChatError::Refused(SendMessageError::IdempotencyConflict)));
    // The chat is closed.
    remove(&app, "bob", &chat, "bob").await.unwrap();
    assert!(matches!(new().await, ChatError::Refused(SendMessageError::ChatClosed)));
    assert!(repeat("Hello").await.unwrap().repeated);
    assert_eq!(app.store.stored_messages(&chat).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn send_retries_conflicts_for_five_seconds() {
    let app = with_store(MemoryStore::with_faults(1, Faults::default()));
    let chat = private_chat(&app).await;
    app.store.set_faults(Faults { conflict: 80, ..Faults::default() });
    let sent = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    assert!(sent.retries > 0 && !sent.repeated);
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    let before = tokio::time::Instant::now();
    let error = app.send_message(message(&chat, "alice", "m-2", "Hello")).await.unwrap_err();
    assert!(matches!(error, ChatError::Busy), "{error:?}");
    assert!((4..=5).contains(&before.elapsed().as_secs()));
    assert_eq!(app.store.stored_messages(&chat).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn message_is_not_committed_if_the_members_changed() {
    let app = app();
    let chat = private_chat(&app).await;
    let head = head(&app, &chat);
    app.store.put_head(&chat, Head { members_rev: Rev(1), ..head.clone() });
    // The chat document stays behind the head, even in a strong read. So nothing is sent to the wrong users.
    let error = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap_err();
    assert!(matches!(error, ChatError::Store(StoreError::Unavailable { .. })), "{error:?}");
    assert!(app.store.stored_messages(&chat).is_empty());
    app.store.put_head(&chat, head);
    assert!(app.send_message(message(&chat, "alice", "m-1", "Hello")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn created_at_never_decreases() {
    let app = app();
    let chat = private_chat(&app).await;
    tokio::time::advance(Duration::from_secs(3600)).await;
    fill(&app, &chat, 1).await;
    // Another function's clock is an hour behind.
    let mut app = app;
    app.env = TestEnv::default();
    app.send_message(message(&chat, "bob", "", "Hello")).await.unwrap();
    let sent: Vec<_> = app.store.stored_messages(&chat).iter().map(|message| message.created_at).collect();
    assert_eq!(sent, [TestEnv::START.plus(Duration::from_secs(3600)); 2]);
}
