use crate::support::*;
use domain::ids::{ChatId, Seq};
use domain::use_cases::{ChatError, DeleteFor, SendMessage, SendMessageError};
use futures_util::poll;
use serde_json::json;
use std::pin::pin;
use std::task::Poll;
use testkit::fixtures::{message, user};

const TEAM: [&str; 3] = ["alice", "bob", "carol"];

/// A reply of `who` with the client message id `m-1`.
fn reply(chat: &ChatId, who: &str, to: u64) -> SendMessage {
    SendMessage { reply_to: Some(Seq(to)), ..message(chat, who, "m-1", "I agree") }
}

fn mentioning(chat: &ChatId, who: &str, whom: &[&str]) -> SendMessage {
    SendMessage { mentions: ids(whom), ..message(chat, who, "m-1", "Hello you") }
}

#[tokio::test(start_paused = true)]
async fn a_reply_names_the_message_that_it_replies_to() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    set_online(&app, &["alice", "bob-1", "bob-2"]).await;
    let sent = app.send_message(SendMessage { caller: by("bob-1"), ..reply(&chat, "bob", 1) }).await.unwrap();
    let shown = json(&sent.message);
    assert_eq!((&shown["seq"], &shown["replyTo"]), (&json!(3), &json!(1)));
    for frame in assert_pushed(&app, [("alice", "message.created"), ("bob-2", "message.created")]) {
        assert_eq!((&frame["seq"], &frame["data"]), (&json!(3), &shown));
    }
    assert_eq!(message_in_page(&app, "alice", &chat, 3).await["replyTo"], 1);
}

#[tokio::test(start_paused = true)]
async fn reply_to_a_hidden_message_is_refused() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    delete(&app, "bob", &chat, 2, DeleteFor::Me).await.unwrap();
    clear(&app, "carol", &chat).await;
    set_online(&app, &["alice", "bob", "carol", "dave"]).await;
    let before = snapshot(&app);
    // Deleted for himself, cleared, sent before he joined; the head, the reply's own seq, a missing message.
    for (who, seq) in [("bob", 2), ("carol", 3), ("dave", 3), ("alice", 0), ("alice", 4), ("alice", 99)] {
        assert_refused!(
            app.send_message(reply(&chat, who, seq)).await,
            ChatError::Refused(SendMessageError::InvalidReplyTo)
        );
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    // A seq belongs to one chat.
    let other = private_chat_of(&app, "alice", "eve").await;
    assert_refused!(
        app.send_message(reply(&other, "eve", 1)).await,
        ChatError::Refused(SendMessageError::InvalidReplyTo)
    );
    app.send_message(reply(&chat, "alice", 2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_can_be_replied_to() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    set_online(&app, &["alice"]).await;
    app.send_message(reply(&chat, "bob", 1)).await.unwrap();
    let [frame] = assert_pushed(&app, [("alice", "message.created")]);
    assert_eq!(frame["data"]["replyTo"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_mentions_participants() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["bob", "carol"]).await;
    let sent = app.send_message(mentioning(&chat, "alice", &["carol", "alice"])).await.unwrap();
    let shown = json(&sent.message);
    assert_eq!(shown["mentions"], json!(["alice", "carol"]));
    for frame in assert_pushed(&app, [("bob", "message.created"), ("carol", "message.created")]) {
        assert_eq!(frame["data"], shown);
    }
    assert_eq!(message_in_page(&app, "bob", &chat, 1).await["mentions"], json!(["alice", "carol"]));
}

#[tokio::test(start_paused = true)]
async fn mention_of_a_non_participant_is_refused() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    remove(&app, "dave", &chat, "dave").await.unwrap();
    set_online(&app, &["alice", "bob", "dave", "eve"]).await;
    let before = snapshot(&app);
    for outsider in ["dave", "eve"] {
        let error = app.send_message(mentioning(&chat, "alice", &["bob", outsider])).await;
        assert_refused!(error, ChatError::Refused(SendMessageError::UnknownMention(who)) if who == user(outsider));
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn idempotency_covers_reply_and_mentions() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
    let sent = SendMessage { mentions: ids(&["bob"]), ..reply(&chat, "alice", 1) };
    let first = app.send_message(sent.clone()).await.unwrap();
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    let others = [
        SendMessage { reply_to: Some(Seq(2)), ..sent.clone() },
        SendMessage { reply_to: None, ..sent.clone() },
        SendMessage { mentions: ids(&["carol"]), ..sent.clone() },
        SendMessage { mentions: ids(&["bob", "carol"]), ..sent.clone() },
        SendMessage { mentions: ids(&[]), ..sent.clone() },
        // Invalid anyway, but the answer is that another message has the same client message id.
        SendMessage { reply_to: Some(Seq(99)), ..sent.clone() },
        SendMessage { mentions: ids(&["eve"]), ..sent.clone() },
    ];
    for other in others {
        assert_refused!(app.send_message(other).await, ChatError::Refused(SendMessageError::IdempotencyConflict));
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    let again = app.send_message(sent).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.message.message_id(), first.message.message_id());
    assert_pushed(&app, TEAM.map(|name| (name, "message.created")));
}

#[tokio::test(start_paused = true)]
async fn repeat_succeeds_even_if_it_could_not_be_sent_now() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    fill(&app, &chat, 2).await;
    let sent = SendMessage { mentions: ids(&["dave"]), ..reply(&chat, "bob", 1) };
    let first = app.send_message(sent.clone()).await.unwrap();
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    remove(&app, "dave", &chat, "dave").await.unwrap();
    set_online(&app, &["alice", "bob", "carol", "dave"]).await;
    let again = app.send_message(sent.clone()).await.unwrap();
    assert!(again.repeated);
    assert_eq!(json(&again.message), json(&first.message));
    // The reply itself did not change, so it is pushed again.
    assert_pushed(&app, TEAM.map(|name| (name, "message.created")));
    // A clear hides his own message like any other.
    clear(&app, "bob", &chat).await;
    app.push.take("bob");
    let cleared = json(&app.send_message(sent).await.unwrap().message);
    assert_eq!((&cleared["seq"], &cleared["content"], cleared.get("replyTo")), (&json!(3), &json!(""), None));
    assert_pushed(&app, []);
    assert_eq!(visible_seqs(&app, "alice", &chat).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn repeat_returns_the_current_state_of_the_message() {
    let app = app();
    let chat = private_chat(&app).await;
    let sent = message(&chat, "alice", "m-1", "A secret");
    app.send_message(sent.clone()).await.unwrap();
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    set_online(&app, &["bob"]).await;
    let again = json(&app.send_message(sent.clone()).await.unwrap().message);
    assert_eq!((&again["content"], &again["deletedBy"], &again["rev"]), (&json!(""), &json!("alice"), &json!(1)));
    assert_pushed(&app, []);
}

/// The rev of a message would say that somebody deleted it for themselves. A sender who cleared the chat does not see it.
#[tokio::test(start_paused = true)]
async fn repeat_of_a_cleared_message_has_its_public_rev() {
    let app = app();
    let chat = private_chat(&app).await;
    let sent = message(&chat, "alice", "m-1", "Hello");
    app.send_message(sent.clone()).await.unwrap();
    clear(&app, "alice", &chat).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    assert_eq!(json(&app.send_message(sent).await.unwrap().message)["rev"], 0);
}

/// The sender can no longer see the message when the reply is stored, whatever the reply has read before.
#[tokio::test(start_paused = true)]
async fn reply_is_stored_before_its_message_is_hidden_or_refused() {
    for hides_all in [false, true] {
        // The other request comes after each step of the reply.
        for steps in 0.. {
            let app = app();
            let chat = group(&app, &TEAM).await;
            fill(&app, &chat, 1).await;
            let mut reply = pin!(app.send_message(reply(&chat, "bob", 1)));
            let mut sent = Poll::Pending;
            for _ in 0..steps {
                if sent.is_pending() {
                    sent = poll!(reply.as_mut());
                }
            }
            if sent.is_ready() {
                assert!(steps > 3, "the reply takes only {steps} steps");
                break;
            }
            if hides_all {
                clear(&app, "bob", &chat).await;
            } else {
                delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
            }
            let is_stored = app.store.stored_messages(&chat).len() == 2;
            match reply.await {
                Ok(_) => assert!(is_stored, "stored later, after {steps} steps"),
                Err(ChatError::Refused(SendMessageError::InvalidReplyTo)) => assert!(!is_stored),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}
