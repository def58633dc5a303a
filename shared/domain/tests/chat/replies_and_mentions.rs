use crate::support::{
    add, app, by, clear, delete, everything, filled, group, ids, json, online, private, private_of, pushed, refused,
    remove, shown_in_page, visible,
};
use domain::ids::{ChatId, Seq};
use domain::use_cases::{ChatError, DeleteFor, SendMessage, SendMessageError};
use serde_json::json;
use testkit::fixtures::{message, user};

const TEAM: [&str; 3] = ["alice", "bob", "carol"];

/// A reply of `who`, under a name.
fn reply(chat: &ChatId, who: &str, to: u64) -> SendMessage {
    SendMessage { reply_to: Some(Seq(to)), ..message(chat, who, "m-1", "I agree") }
}

fn mentioning(chat: &ChatId, who: &str, whom: &[&str]) -> SendMessage {
    SendMessage { mentions: ids(whom), ..message(chat, who, "m-1", "Hello you") }
}

#[tokio::test(start_paused = true)]
async fn a_reply_names_the_message_that_it_replies_to() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 2).await;
    online(&app, &["alice", "bob-1", "bob-2"]).await;
    let sent = app.send_message(SendMessage { caller: by("bob-1"), ..reply(&chat, "bob", 1) }).await.unwrap();
    let shown = json(&sent.message);
    assert_eq!((&shown["seq"], &shown["replyTo"]), (&json!(3), &json!(1)));
    for frame in pushed(&app, [("alice", "message.created"), ("bob-2", "message.created")]) {
        assert_eq!((&frame["seq"], &frame["data"]), (&json!(3), &shown));
    }
    assert_eq!(shown_in_page(&app, "alice", &chat, 3).await["replyTo"], 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_replies_to_what_they_cannot_see() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 3).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    delete(&app, "bob", &chat, 2, DeleteFor::Me).await.unwrap();
    clear(&app, "carol", &chat).await;
    online(&app, &["alice", "bob", "carol", "dave"]).await;
    let before = everything(&app);
    // Deleted for himself, cleared, before he joined; the head's place, the reply's own, one that is not there.
    for (who, seq) in [("bob", 2), ("carol", 3), ("dave", 3), ("alice", 0), ("alice", 4), ("alice", 99)] {
        refused!(app.send_message(reply(&chat, who, seq)).await, ChatError::Refused(SendMessageError::ReplyTo));
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    // The places are each chat's own.
    let other = private_of(&app, "alice", "eve").await;
    refused!(app.send_message(reply(&other, "eve", 1)).await, ChatError::Refused(SendMessageError::ReplyTo));
    app.send_message(reply(&chat, "alice", 2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_can_be_replied_to() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    online(&app, &["alice"]).await;
    app.send_message(reply(&chat, "bob", 1)).await.unwrap();
    let [frame] = pushed(&app, [("alice", "message.created")]);
    assert_eq!(frame["data"]["replyTo"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_mentions_participants() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    online(&app, &["bob", "carol"]).await;
    let sent = app.send_message(mentioning(&chat, "alice", &["carol", "alice"])).await.unwrap();
    let shown = json(&sent.message);
    assert_eq!(shown["mentions"], json!(["alice", "carol"]));
    for frame in pushed(&app, [("bob", "message.created"), ("carol", "message.created")]) {
        assert_eq!(frame["data"], shown);
    }
    assert_eq!(shown_in_page(&app, "bob", &chat, 1).await["mentions"], json!(["alice", "carol"]));
}

#[tokio::test(start_paused = true)]
async fn nobody_else_is_mentioned() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    remove(&app, "dave", &chat, "dave").await.unwrap();
    online(&app, &["alice", "bob", "dave", "eve"]).await;
    let before = everything(&app);
    for stranger in ["dave", "eve"] {
        let error = app.send_message(mentioning(&chat, "alice", &["bob", stranger])).await;
        refused!(error, ChatError::Refused(SendMessageError::Mention(who)) if who == user(stranger));
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn a_name_stands_for_the_reply_and_the_mentions_too() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    let sent = SendMessage { mentions: ids(&["bob"]), ..reply(&chat, "alice", 1) };
    let first = app.send_message(sent.clone()).await.unwrap();
    online(&app, &TEAM).await;
    let before = everything(&app);
    let others = [
        SendMessage { reply_to: Some(Seq(2)), ..sent.clone() },
        SendMessage { reply_to: None, ..sent.clone() },
        SendMessage { mentions: ids(&["carol"]), ..sent.clone() },
        SendMessage { mentions: ids(&["bob", "carol"]), ..sent.clone() },
        SendMessage { mentions: ids(&[]), ..sent.clone() },
        // Refused anyway, and as what it is: another message under the same name.
        SendMessage { reply_to: Some(Seq(99)), ..sent.clone() },
        SendMessage { mentions: ids(&["eve"]), ..sent.clone() },
    ];
    for other in others {
        refused!(app.send_message(other).await, ChatError::Refused(SendMessageError::IdempotencyConflict));
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    let again = app.send_message(sent).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.message.message_id(), first.message.message_id());
    pushed(&app, TEAM.map(|name| (name, "message.created")));
}

#[tokio::test(start_paused = true)]
async fn a_repeat_is_answered_though_it_could_not_be_sent_now() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    filled(&app, &chat, 2).await;
    let sent = SendMessage { mentions: ids(&["dave"]), ..reply(&chat, "bob", 1) };
    let first = app.send_message(sent.clone()).await.unwrap();
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    remove(&app, "dave", &chat, "dave").await.unwrap();
    online(&app, &["alice", "bob", "carol", "dave"]).await;
    let again = app.send_message(sent.clone()).await.unwrap();
    assert!(again.repeated);
    assert_eq!(json(&again.message), json(&first.message));
    pushed(&app, TEAM.map(|name| (name, "message.created")));
    // His own message is hidden from him like any other.
    clear(&app, "bob", &chat).await;
    app.push.take("bob");
    let cleared = json(&app.send_message(sent).await.unwrap().message);
    assert_eq!((&cleared["seq"], &cleared["content"], cleared.get("replyTo")), (&json!(3), &json!(""), None));
    pushed(&app, [("alice", "message.created"), ("carol", "message.created")]);
    assert_eq!(visible(&app, "alice", &chat).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_shows_what_became_of_the_message() {
    let app = app();
    let chat = private(&app).await;
    let sent = message(&chat, "alice", "m-1", "A secret");
    app.send_message(sent.clone()).await.unwrap();
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    online(&app, &["bob"]).await;
    let again = json(&app.send_message(sent.clone()).await.unwrap().message);
    assert_eq!((&again["content"], &again["deletedBy"], &again["rev"]), (&json!(""), &json!("alice"), &json!(1)));
    assert_eq!(pushed(&app, [("bob", "message.created")])[0]["data"], again);
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    app.push.take("bob");
    app.send_message(sent).await.unwrap();
    pushed(&app, []);
}
