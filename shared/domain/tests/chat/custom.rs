use crate::support::*;
use crate::sync::part;
use domain::custom::Custom;
use domain::ids::{ChatId, Rev, Seq};
use domain::message::{EDIT_WINDOW, body_hash};
use domain::patch::Patch;
use domain::use_cases::{
    ChangeMessageError, ChangedMessage, ChatError, DeleteFor, EditMessage, InboxCursor, InboxFilter, ListChats,
    PageLimit, SendMessage, SendMessageError,
};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::fixtures::{caller, message, text};

fn custom_of(object: Value) -> Custom {
    Custom::parse(&object, Custom::MAX_BYTES).unwrap().unwrap()
}

fn with_custom(chat: &ChatId, who: &str, name: &str, custom: Value) -> SendMessage {
    SendMessage { custom: Some(custom_of(custom)), ..message(chat, who, name, "Vote!") }
}

async fn edit_custom(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    custom: Option<Value>,
) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
    let custom = Some(custom.map_or(Patch::Remove, |object| Patch::Set(custom_of(object))));
    let (caller, chat) = (by(who), chat.clone());
    app.edit_message(EditMessage { caller, chat, seq: Seq(1), content: None, mentions: None, custom }).await
}

#[tokio::test(start_paused = true)]
async fn custom_data_comes_with_the_message_everywhere_but_in_an_inbox() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["alice", "bob"]).await;
    let poll = json!({"poll": {"options": ["yes", "no"], "until": 1.5}});
    let sent = app.send_message(with_custom(&chat, "alice", "", poll.clone())).await.unwrap();
    assert_eq!(json(&sent.message)["custom"], poll);
    for frame in assert_pushed(&app, [("alice", "message.created"), ("bob", "message.created")]) {
        assert_eq!(frame["data"]["custom"], poll);
    }
    assert_eq!(message_in_page(&app, "carol", &chat, 1).await["custom"], poll);
    let synced = part(&app, "carol", &chat, 0, 0).await;
    assert_eq!(synced["messages"][0]["custom"], poll);
    let inbox = ListChats {
        caller: caller("bob"),
        limit: PageLimit::default(),
        filter: InboxFilter::default(),
        after: None::<InboxCursor>,
    };
    let inbox = json(&app.list_chats(inbox).await.unwrap());
    assert_eq!(inbox["chats"][0]["lastMessage"]["content"], "Vote!");
    assert_eq!(inbox["chats"][0]["lastMessage"].get("custom"), None);
    send_text(&app, "alice", &chat, "Without").await;
    assert_eq!(message_in_page(&app, "carol", &chat, 2).await.get("custom"), None);
}

#[tokio::test(start_paused = true)]
async fn edit_replaces_custom_data_whole_and_keeps_the_text() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.send_message(with_custom(&chat, "alice", "", json!({"a": 1, "b": {"c": 2}}))).await.unwrap();
    set_online(&app, &["bob"]).await;
    let edited = edit_custom(&app, "alice", &chat, Some(json!({"b": {"d": 3}}))).await.unwrap();
    let shown = json(&edited.message);
    assert_eq!((&shown["custom"], &shown["content"]), (&json!({"b": {"d": 3}}), &json!("Vote!")));
    assert_eq!((&shown["rev"], shown.get("editedAt").is_some()), (&json!(1), true));
    assert_eq!(assert_pushed(&app, [("bob", "message.updated")])[0]["data"], shown);
    let shown = json(&edit(&app, "alice", &chat, 1, "Vote now!").await.unwrap().message);
    assert_eq!((&shown["custom"], &shown["content"]), (&json!({"b": {"d": 3}}), &json!("Vote now!")));
    assert_pushed(&app, [("bob", "message.updated")]);
    let synced = part(&app, "carol", &chat, 1, 0).await;
    assert_eq!(synced["changed"][0]["custom"], json!({"b": {"d": 3}}));
    let shown = json(&edit_custom(&app, "alice", &chat, None).await.unwrap().message);
    assert_eq!((shown.get("custom"), &shown["content"]), (None, &json!("Vote now!")));
    assert_refused!(edit_custom(&app, "bob", &chat, None).await, ChatError::Refused(ChangeMessageError::NotTheSender));
}

#[tokio::test(start_paused = true)]
async fn equal_custom_data_in_another_order_changes_nothing() {
    let app = app();
    let chat = private_chat(&app).await;
    app.send_message(with_custom(&chat, "alice", "", json!({"a": 1, "b": [2, {"c": 3, "d": 4}]}))).await.unwrap();
    set_online(&app, &["bob"]).await;
    let before = snapshot(&app);
    tokio::time::advance(EDIT_WINDOW + Duration::from_secs(1)).await;
    let same: Value = serde_json::from_str(r#"{"b": [2.0, {"d": 4, "c": 3}], "a": 1e0}"#).unwrap();
    let again = edit_custom(&app, "alice", &chat, Some(same)).await.unwrap();
    assert_eq!((again.message.rev(), again.pushed.posted), (Rev(0), 0));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    assert_refused!(
        edit_custom(&app, "alice", &chat, Some(json!({"a": 1, "b": [2]}))).await,
        ChatError::Refused(ChangeMessageError::EditWindowOver)
    );
}

#[tokio::test(start_paused = true)]
async fn repeat_has_equal_custom_data() {
    let app = app();
    let chat = private_chat(&app).await;
    let first: Value = serde_json::from_str(r#"{"a": 1, "b": 2}"#).unwrap();
    app.send_message(with_custom(&chat, "alice", "m-1", first)).await.unwrap();
    let again: Value = serde_json::from_str(r#"{"b": 2.0, "a": 1}"#).unwrap();
    assert!(app.send_message(with_custom(&chat, "alice", "m-1", again)).await.unwrap().repeated);
    for other in [Some(json!({"a": 1})), Some(json!({"a": 1, "b": "2"})), None] {
        let custom = other.map(custom_of);
        let send = SendMessage { custom, ..message(&chat, "alice", "m-1", "Vote!") };
        assert_refused!(app.send_message(send).await, ChatError::Refused(SendMessageError::IdempotencyConflict));
    }
    // A body without custom data has the hash of before custom data existed.
    let hash = |custom: Option<&Custom>| {
        body_hash(domain::content::MessageType::Text, &text("Hello"), None, None, &ids(&["bob"]), custom)
    };
    assert_eq!(hash(None), "c65a6381e9a1a544b6975b2befb7c8ce39171739b1fa2565c52eb9f663c4aeb4");
    assert_ne!(hash(Some(&custom_of(json!({"a": 1})))), hash(None));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_see_the_message_does_not_see_its_custom_data() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.send_message(with_custom(&chat, "alice", "", json!({"a": "secret"}))).await.unwrap();
    set_online(&app, &["bob", "carol"]).await;
    let hidden = json(&delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap().message);
    assert!(!hidden.to_string().contains("secret"), "{hidden}");
    app.push.take("bob");
    edit_custom(&app, "alice", &chat, Some(json!({"b": "secret"}))).await.unwrap();
    assert!(app.push.take("bob").is_empty());
    app.push.take("carol");
    let synced = part(&app, "bob", &chat, 1, 0).await;
    assert!(!synced.to_string().contains("secret"), "{synced}");
    let tombstone = json(&delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap().message);
    assert!(!tombstone.to_string().contains("secret"), "{tombstone}");
    assert_eq!(tombstone.get("custom"), None);
    assert!(!stored_messages(&app, &chat).contains("secret"), "the custom data is gone");
}
