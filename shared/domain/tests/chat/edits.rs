use crate::support::*;
use domain::content::Content;
use domain::ids::{ChatId, Rev, Seq};
use domain::message::EDIT_WINDOW;
use domain::use_cases::{ChangeMessageError, ChangedMessage, ChatError, EditMessage, SendMessage};
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{message, text, user};

async fn edit_with_mentions(
    app: &TestApp,
    chat: &ChatId,
    content: &str,
    whom: &[&str],
) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
    let (caller, chat, content, mentions) = (by("alice"), chat.clone(), Some(text(content)), Some(ids(whom)));
    app.edit_message(EditMessage { caller, chat, seq: Seq(1), content, mentions, custom: None }).await
}

#[tokio::test(start_paused = true)]
async fn edit_is_pushed_to_everyone_who_can_see_the_message() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
    app.mark_seen(mark(&chat, "bob", 1)).await.unwrap();
    set_online(&app, &["alice-1", "alice-2", "bob", "carol", "eve"]).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let edited = edit(&app, "alice-1", &chat, 1, "Better").await.unwrap();
    let shown = json(&edited.message);
    assert_eq!(
        shown,
        json!({
            "messageId": format!("{chat}:1"), "chatId": chat.as_str(), "seq": 1, "senderId": "alice", "type": "text",
            "content": "Better", "seenBy": ["alice", "bob"], "deletedFor": [], "rev": 1,
            "createdAt": "2026-01-01T00:00:00.000Z", "editedAt": "2026-01-01T00:01:00.000Z",
        })
    );
    assert_eq!(edited.pushed.posted, 3);
    for frame in assert_pushed(&app, ["alice-2", "bob", "carol"].map(|name| (name, "message.updated"))) {
        let expected = json!({"event": "message.updated", "chatId": chat.as_str(), "seq": 1, "rev": 1, "data": shown});
        assert_eq!(frame, expected);
    }
    assert_eq!(message_in_page(&app, "carol", &chat, 1).await, shown);
    assert_eq!(head(&app, &chat).last_rev, Rev(1));
    assert_eq!(pointers(&app, &chat).await, [(1, 1, None)]);
    assert!(!stored_messages(&app, &chat).contains("Message 1"), "the old text is gone");
}

#[tokio::test(start_paused = true)]
async fn only_the_sender_can_edit_a_message() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    send_text(&app, "bob", &chat, "Hello").await;
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    for who in ["alice", "carol"] {
        assert_refused!(edit(&app, who, &chat, 1, "Other").await, ChatError::Refused(ChangeMessageError::NotTheSender));
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn message_can_be_edited_for_fifteen_minutes() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    assert_eq!(EDIT_WINDOW.as_secs(), 15 * 60);
    tokio::time::advance(EDIT_WINDOW).await;
    edit(&app, "alice", &chat, 1, "Just in time").await.unwrap();
    tokio::time::advance(Duration::from_millis(1)).await;
    set_online(&app, &["alice", "bob"]).await;
    let before = snapshot(&app);
    assert_refused!(
        edit(&app, "alice", &chat, 1, "Too late").await,
        ChatError::Refused(ChangeMessageError::EditWindowOver)
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn repeated_edit_changes_nothing_even_after_the_edit_window() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    let first = edit(&app, "alice", &chat, 1, "Better").await.unwrap();
    set_online(&app, &["alice", "bob"]).await;
    let before = snapshot(&app);
    for minutes in [0, 1, 60] {
        tokio::time::advance(Duration::from_secs(minutes * 60)).await;
        let again = edit(&app, "alice", &chat, 1, "Better").await.unwrap();
        assert_eq!((again.message, again.pushed.posted), (first.message.clone(), 0));
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn edit_keeps_fields_that_it_does_not_name() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    fill(&app, &chat, 1).await;
    let sent = SendMessage {
        reply_to: Some(Seq(1)),
        mentions: ids(&["bob", "dave"]),
        ..message(&chat, "alice", "m-1", "Hello")
    };
    app.send_message(sent).await.unwrap();
    react(&app, "bob", &chat, 2, &["👍"]).await.unwrap();
    remove(&app, "dave", &chat, "dave").await.unwrap();
    let edited = json(&edit(&app, "alice", &chat, 2, "Better").await.unwrap().message);
    assert_eq!((&edited["content"], &edited["replyTo"]), (&json!("Better"), &json!(1)));
    assert_eq!((&edited["mentions"], &edited["clientMessageId"]), (&json!(["bob", "dave"]), &json!("m-1")));
    assert_eq!(edited["reactions"], json!([{"emoji": "👍", "count": 1, "userIds": ["bob"]}]));
}

#[tokio::test(start_paused = true)]
async fn edit_mentions_only_participants_and_must_fit_in_a_frame() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 1).await;
    set_online(&app, &["bob"]).await;
    let edited = edit_with_mentions(&app, &chat, "Better", &["bob", "carol"]).await.unwrap();
    assert_eq!(json(&edited.message)["mentions"], json!(["bob", "carol"]));
    assert_eq!(assert_pushed(&app, [("bob", "message.updated")])[0]["data"], json(&edited.message));
    let before = snapshot(&app);
    assert_refused!(
        edit_with_mentions(&app, &chat, "Hello eve", &["bob", "eve"]).await,
        ChatError::Refused(ChangeMessageError::UnknownMention(who)) if who == user("eve")
    );
    let full = "x".repeat(Content::MAX_JSON_BYTES - 2);
    assert_refused!(
        edit_with_mentions(&app, &chat, &full, &["bob"]).await,
        ChatError::Refused(ChangeMessageError::TooLarge(_))
    );
    assert_refused!(edit(&app, "alice", &chat, 1, &full).await, ChatError::Refused(ChangeMessageError::TooLarge(_)));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    assert!(json(&edit_with_mentions(&app, &chat, &full, &[]).await.unwrap().message).get("mentions").is_none());
}
