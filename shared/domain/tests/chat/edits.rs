use crate::support::{
    TEAM, TestApp, app, by, edit, everything, filled, group, head, ids, json, mark, online, pointers, private, pushed,
    react, refused, remove, say, shown_in_page, stored,
};
use domain::content::Content;
use domain::ids::{ChatId, Rev, Seq};
use domain::message::EDIT_WINDOW;
use domain::use_cases::{ChangeMessageError, ChangedMessage, ChatError, EditMessage, SendMessage};
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{message, text, user};

async fn mentioning(
    app: &TestApp,
    chat: &ChatId,
    content: &str,
    whom: &[&str],
) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
    let mentions = Some(ids(whom));
    let edit = EditMessage { caller: by("alice"), chat: chat.clone(), seq: Seq(1), content: text(content), mentions };
    app.edit_message(edit).await
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_told_to_everyone_who_can_see_the_message() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    app.mark_seen(mark(&chat, "bob", 1)).await.unwrap();
    online(&app, &["alice-1", "alice-2", "bob", "carol", "eve"]).await;
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
    for frame in pushed(&app, ["alice-2", "bob", "carol"].map(|name| (name, "message.updated"))) {
        let expected = json!({"event": "message.updated", "chatId": chat.as_str(), "seq": 1, "rev": 1, "data": shown});
        assert_eq!(frame, expected);
    }
    assert_eq!(shown_in_page(&app, "carol", &chat, 1).await, shown);
    assert_eq!(head(&app, &chat).last_rev, Rev(1));
    assert_eq!(pointers(&app, &chat).await, [(1, 1, None)]);
    assert!(!stored(&app, &chat).contains("Message 1"), "what it said before is gone");
}

#[tokio::test(start_paused = true)]
async fn only_its_sender_edits_a_message() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    say(&app, "bob", &chat, "Hello").await;
    online(&app, &TEAM).await;
    let before = everything(&app);
    for who in ["alice", "carol"] {
        refused!(edit(&app, who, &chat, 1, "Other").await, ChatError::Refused(ChangeMessageError::NotTheSender));
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_edited_within_fifteen_minutes() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    assert_eq!(EDIT_WINDOW.as_secs(), 15 * 60);
    tokio::time::advance(EDIT_WINDOW).await;
    edit(&app, "alice", &chat, 1, "Just in time").await.unwrap();
    tokio::time::advance(Duration::from_millis(1)).await;
    online(&app, &["alice", "bob"]).await;
    let before = everything(&app);
    refused!(edit(&app, "alice", &chat, 1, "Too late").await, ChatError::Refused(ChangeMessageError::EditWindowOver));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn the_same_edit_again_is_no_other_edit_whenever_it_comes() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    let first = edit(&app, "alice", &chat, 1, "Better").await.unwrap();
    online(&app, &["alice", "bob"]).await;
    let before = everything(&app);
    for minutes in [0, 1, 60] {
        tokio::time::advance(Duration::from_secs(minutes * 60)).await;
        let again = edit(&app, "alice", &chat, 1, "Better").await.unwrap();
        assert_eq!((again.message, again.pushed.posted), (first.message.clone(), 0));
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn an_edit_keeps_what_it_does_not_name() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    filled(&app, &chat, 1).await;
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
async fn an_edit_mentions_participants_and_no_more_than_fits() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    online(&app, &["bob"]).await;
    let edited = mentioning(&app, &chat, "Better", &["bob", "carol"]).await.unwrap();
    assert_eq!(json(&edited.message)["mentions"], json!(["bob", "carol"]));
    assert_eq!(pushed(&app, [("bob", "message.updated")])[0]["data"], json(&edited.message));
    let before = everything(&app);
    refused!(mentioning(&app, &chat, "Hello eve", &["bob", "eve"]).await, ChatError::Refused(ChangeMessageError::Mention(who)) if who == user("eve"));
    let full = "x".repeat(Content::MAX_JSON_BYTES - 2);
    refused!(mentioning(&app, &chat, &full, &["bob"]).await, ChatError::Refused(ChangeMessageError::TooLarge(_)));
    refused!(edit(&app, "alice", &chat, 1, &full).await, ChatError::Refused(ChangeMessageError::TooLarge(_)));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    assert!(json(&mentioning(&app, &chat, &full, &[]).await.unwrap().message).get("mentions").is_none());
}
