//! What one user can do to others, bounded: repeats, connections, changes, chats and uploads. Each test plays the attack
//! and counts what was taken and what was pushed.

use crate::sockets::{registry, wait_for_connections};
use client::wire::{ClientError, Credential, Socket};
use domain::ids::UserId;
use domain::ports::UserStore as _;
use end_to_end::{System, User, assert_problem};
use futures_util::future::join_all;
use futures_util::stream::{StreamExt as _, iter};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The bounds of the system under attack: small, and refilled so slowly that a test empties them on any machine.
const BOUNDS: [(&str, u64); 10] = [
    ("SEND_BURST", 50),
    ("SEND_PER_SECOND", 1),
    ("CHANGE_BURST", CHANGE_BURST),
    ("CHANGE_PER_SECOND", 1),
    ("NEW_CHAT_BURST", CHAT_BURST),
    ("NEW_CHATS_PER_HOUR", 1),
    ("ADDED_PEOPLE_BURST", ADD_BURST),
    ("ADDED_PEOPLE_PER_HOUR", 1),
    ("ATTACHMENT_BURST_BYTES", UPLOAD_BURST_BYTES),
    ("ATTACHMENT_BYTES_PER_HOUR", 1),
];
const CHANGE_BURST: u64 = 4;
const CHAT_BURST: u64 = 3;
/// Less than the changes that bob makes when he adds people, so that this bound is the one that holds.
const ADD_BURST: u64 = 5;
const UPLOAD_BURST_BYTES: u64 = 250_000_000;
/// How many messages a new membership has in its send budget.
const FIRST_MESSAGES: usize = 5;
/// The most connections of a user.
const MAX_CONNECTIONS: usize = 20;
/// How many changes of their own user and of their views of chats a user may make at once. One more is earned in 6 s.
const PROFILE_CHANGE_BURST: usize = 10;

/// A system with small bounds and a topic.
static BOUNDED: LazyLock<System> = LazyLock::new(|| {
    crate::start(|setup| {
        let topic = "arn:aws:sns:us-east-1:123456789012:to-devices";
        setup.parameters.insert("NotificationsTopicArn".to_owned(), topic.to_owned());
        setup.environment = BOUNDS.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
    })
});

/// Three new users, and their group, which the first one made.
async fn group_of_three() -> (User, User, User, String) {
    let (alice, bob, carol) = (BOUNDED.user("alice").await, BOUNDED.user("bob").await, BOUNDED.user("carol").await);
    let chat = alice.group(&[&bob, &carol]).await;
    (alice, bob, carol, chat)
}

/// Makes calls until the first one that is refused with 429, at most `most`. Returns how many were taken, and the
/// refusal.
async fn until_refused(most: usize, call: impl AsyncFn(usize) -> Result<(u16, Value), ClientError>) -> (usize, Value) {
    for taken in 0..most {
        let (status, answer) = call(taken).await.unwrap();
        if status == 429 {
            assert_too_fast(&answer);
            return (taken, answer);
        }
        assert!(status == 200 || status == 201, "{answer}");
    }
    panic!("{most} calls of {most} were taken");
}

/// Asserts that the problem says "too fast", and when to try again.
#[track_caller]
fn assert_too_fast(problem: &Value) {
    assert_problem(problem, 429, "rate_limited", None);
    assert_eq!(problem["retryable"], true, "{problem}");
    assert!(problem["retryAfterMs"].as_u64().is_some_and(|wait| wait > 0), "{problem}");
}

/// The events with this name that have arrived. A reply waits for its pushes, so all events of answered requests have.
pub(crate) async fn events(socket: &mut Socket, name: &str) -> Vec<Value> {
    assert_eq!(socket.request("ping", json!({})).await.unwrap()["ok"], true);
    let mut frames = socket.take_waiting();
    frames.retain(|frame| frame["event"] == name);
    frames
}

/// Sends a text with the clientMessageId `m-1`.
async fn send_named(user: &User, chat: &str) -> (u16, Value) {
    let body = json!({"type": "text", "content": "Hello", "clientMessageId": "m-1"});
    user.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap()
}

/// Repeats the send of `m-1`. Asserts that the answer is the stored message.
async fn repeat(user: &User, chat: &str, stored: &Value) {
    let (status, answer) = send_named(user, chat).await;
    assert_eq!((status, &answer["message"]), (200, stored), "{answer}");
}

#[tokio::test]
async fn twenty_repeats_are_pushed_and_notified_of_once_more() {
    let (alice, bob, carol, chat) = group_of_three().await;
    let mut at_bob = bob.socket().await;
    let (status, sent) = send_named(&alice, &chat).await;
    assert_eq!(status, 201, "{sent}");
    for _ in 0..20 {
        repeat(&alice, &chat, &sent["message"]).await;
    }
    let pushed = events(&mut at_bob, "message.created").await;
    assert_eq!(pushed.len(), 2, "the send, and one of its repeats");
    assert!(pushed.iter().all(|event| event["data"] == sent["message"]), "{pushed:?}");
    let notified = BOUNDED.take_published().into_iter().filter(|it| it.attributes["chatId"] == chat);
    let notified: Vec<_> = notified.map(|it| it.attributes["userId"].clone()).collect();
    assert_eq!(notified, [carol.id.clone(), carol.id], "bob is online");
}

#[tokio::test]
async fn concurrent_repeats_are_pushed_once_more() {
    let (alice, bob, _, chat) = group_of_three().await;
    let mut at_bob = bob.socket().await;
    let (_, sent) = send_named(&alice, &chat).await;
    join_all((0..8).map(|_| repeat(&alice, &chat, &sent["message"]))).await;
    assert_eq!(events(&mut at_bob, "message.created").await.len(), 2, "the send, and one of its repeats");
}

#[tokio::test]
async fn repeat_of_a_changed_message_is_not_pushed() {
    let (alice, bob, _, chat) = group_of_three().await;
    let mut at_bob = bob.socket().await;
    let (_, sent) = send_named(&alice, &chat).await;
    let path = format!("/chats/{chat}/messages/{}", sent["message"]["seq"]);
    let (status, edited) = alice.http.patch(&path, &json!({"content": "Advertisement"})).await.unwrap();
    assert_eq!(status, 200, "{edited}");
    repeat(&alice, &chat, &edited["message"]).await;
    let (status, deleted) = alice.http.delete(&format!("{path}?for=everyone")).await.unwrap();
    assert_eq!(status, 200, "{deleted}");
    repeat(&alice, &chat, &deleted["message"]).await;
    assert_eq!(events(&mut at_bob, "message.created").await.len(), 1, "only the send");
}

#[tokio::test]
async fn repeat_with_an_empty_send_budget_is_answered_and_not_pushed() {
    let (alice, bob, _, chat) = group_of_three().await;
    let mut at_bob = bob.socket().await;
    let (_, sent) = send_named(&alice, &chat).await;
    let path = format!("/chats/{chat}/messages");
    let body = json!({"type": "text", "content": "More"});
    let (taken, before) = until_refused(200, |_| alice.http.post(&path, &body)).await;
    repeat(&alice, &chat, &sent["message"]).await;
    let (status, after) = alice.http.post(&path, &body).await.unwrap();
    assert_eq!(status, 429, "{after}");
    // Otherwise the budget has earned a message meanwhile.
    assert!(after["retryAfterMs"].as_u64() < before["retryAfterMs"].as_u64(), "{before}, {after}");
    assert_eq!(events(&mut at_bob, "message.created").await.len(), 1 + taken, "one for each send");
}

#[tokio::test]
async fn new_membership_begins_with_few_messages() {
    let (alice, bob, _, chat) = group_of_three().await;
    let path = format!("/chats/{chat}");
    let messages = format!("{path}/messages");
    let body = json!({"type": "text", "content": "Hello"});
    let (made, _) = until_refused(200, |_| alice.http.post(&messages, &body)).await;
    let (added, _) = until_refused(200, |_| bob.http.post(&messages, &body)).await;
    let (status, _) = bob.http.delete(&format!("{path}/participants/{}", bob.id)).await.unwrap();
    assert_eq!(status, 200);
    let (status, _) =
        alice.http.post(&format!("{path}/participants"), &json!({"participants": [bob.id]})).await.unwrap();
    assert_eq!(status, 200);
    let (returned, _) = until_refused(200, |_| bob.http.post(&messages, &body)).await;
    for taken in [made, added, returned] {
        // The budget earns a message per second while it is emptied.
        assert!((FIRST_MESSAGES..3 * FIRST_MESSAGES).contains(&taken), "{taken} messages");
    }
}

/// Opens a connection. None if the handshake is refused with 429.
async fn connect(user: &User) -> Option<Socket> {
    match Socket::connect(&BOUNDED.ws_url, Credential::Header(&user.token)).await {
        Ok(socket) => Some(socket),
        Err(ClientError::Refused(status)) if status == 429 => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn user_has_at_most_twenty_connections_also_young_ones() {
    let (alice, bob, _, chat) = group_of_three().await;
    let registry = registry(&BOUNDED).await;
    let user = UserId::parse(bob.id.clone()).unwrap();
    let registered = async || registry.users(std::slice::from_ref(&user)).await.unwrap().remove(0).connections.len();

    let handshakes: Vec<_> = iter((0..40).map(|_| connect(&bob))).buffer_unordered(8).collect().await;
    let mut open: Vec<Socket> = handshakes.into_iter().flatten().collect();
    assert_eq!((open.len(), registered().await), (MAX_CONNECTIONS, MAX_CONNECTIONS));
    alice.send(&chat, "Hello").await;
    for socket in &mut open {
        assert_eq!(events(socket, "message.created").await.len(), 1, "it is open and registered");
    }
    // The place of a connection that closes is free again.
    open.pop().unwrap().close().await.unwrap();
    wait_for_connections(&registry, &user, MAX_CONNECTIONS - 1).await;
    open.push(connect(&bob).await.expect("one more fits"));
    assert!(connect(&bob).await.is_none());
    assert_eq!(registered().await, MAX_CONNECTIONS);
    assert!(connect(&alice).await.is_some(), "another user connects");
}

#[tokio::test]
async fn changes_of_a_member_have_a_budget() {
    let (alice, bob, _, chat) = group_of_three().await;
    let path = format!("/chats/{chat}");
    let seq = alice.send(&chat, "Hello").await["seq"].clone();
    let (message, reactions) = (format!("{path}/messages/{seq}"), format!("{path}/messages/{seq}/reactions"));
    let emoji = |n: usize| json!({"emojis": [if n.is_multiple_of(2) { "\u{1F44D}" } else { "\u{1F389}" }]});

    let edit = async |n: usize| alice.http.patch(&message, &json!({"content": format!("Text {n}")})).await;
    let (edits, refusal) = until_refused(60, edit).await;
    assert!(edits as u64 >= CHANGE_BURST, "{edits} edits");
    assert_eq!(refusal["limit"], CHANGE_BURST);
    let (reactions_taken, _) = until_refused(60, async |n| bob.http.put(&reactions, &emoji(n)).await).await;
    assert!(reactions_taken as u64 >= CHANGE_BURST, "bob has a budget of his own: {reactions_taken} reactions");

    // Every kind of change takes from the same budget. The loops wait for nothing: at most a few changes are earned.
    let participants = format!("{path}/participants");
    let admin = format!("{path}/admins/{}", bob.id);
    let kinds = [
        ("names", until_refused(60, async |n| alice.http.patch(&path, &json!({"name": format!("{n}")})).await).await.0),
        ("reactions", until_refused(60, async |n| alice.http.put(&reactions, &emoji(n)).await).await.0),
        (
            "admins",
            until_refused(60, async |n| match n % 2 {
                0 => alice.http.put(&admin, &json!({})).await,
                _ => alice.http.delete(&admin).await,
            })
            .await
            .0,
        ),
        (
            "clearings",
            until_refused(60, async |n| {
                // A chat without a new message has nothing to clear.
                bob.send(&chat, &format!("{n}")).await;
                alice.http.delete(&format!("{path}/messages")).await
            })
            .await
            .0,
        ),
    ];
    for (kind, taken) in kinds {
        assert!((taken as u64) < 4 * CHANGE_BURST, "{taken} {kind}");
    }
    // What changes nothing takes nothing.
    let present = json!({"participants": [bob.id]});
    for _ in 0..10 {
        let (status, answer) = alice.http.post(&participants, &present).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
    // A send has its own budget.
    alice.send(&chat, "I can still write").await;

    // The same holds over WebSocket, and the change is taken after the wait.
    let mut socket = bob.socket().await;
    let frame = |n: usize| {
        let mut frame = emoji(n);
        (frame["chatId"], frame["seq"]) = (json!(chat), seq.clone());
        frame
    };
    let mut refused = None;
    for n in 0..60 {
        let reply = socket.request("reactToMessage", frame(n)).await.unwrap();
        if reply["ok"] == false {
            assert_too_fast(&reply["error"]);
            refused = Some((n, reply));
            break;
        }
    }
    let (n, reply) = refused.expect("a reaction is refused");
    let wait = std::time::Duration::from_millis(reply["error"]["retryAfterMs"].as_u64().unwrap());
    tokio::time::sleep(wait).await;
    assert_eq!(socket.request("reactToMessage", frame(n)).await.unwrap()["ok"], true);
}

#[tokio::test]
async fn reaction_is_pushed_without_the_message() {
    let (alice, bob, carol, chat) = group_of_three().await;
    let sent = alice.send(&chat, &"x".repeat(24_000)).await;
    let mut at_carol = carol.socket().await;
    let path = format!("/chats/{chat}/messages/{}/reactions", sent["seq"]);
    for (rev, emojis) in [(1, json!(["\u{1F44D}"])), (2, json!([]))] {
        let (status, answer) = bob.http.put(&path, &json!({"emojis": emojis})).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let pushed = at_carol.next().await.unwrap();
        assert_eq!(pushed["event"], "reaction.updated");
        let data = json!({"userId": bob.id, "emojis": emojis});
        let event = json!({"event": "reaction.updated", "chatId": chat, "seq": sent["seq"], "rev": rev, "data": data});
        assert_eq!(pushed, event);
    }
}

#[tokio::test]
async fn typing_is_pushed_once_per_interval() {
    let (alice, bob, carol, chat) = group_of_three().await;
    let (mut at_alice, mut at_bob, mut at_carol) = (alice.socket().await, bob.socket().await, carol.socket().await);
    let start = json!({"chatId": chat, "state": "start"});
    for _ in 0..20 {
        let reply = at_alice.request("typing", start.clone()).await.unwrap();
        assert_eq!(reply["ok"], true, "{reply}");
    }
    let pushed = events(&mut at_bob, "typing").await;
    // On a slow machine, the frames may span a few intervals.
    assert!((1..=4).contains(&pushed.len()), "{} events for 20 frames", pushed.len());
    // The interval is that of one user.
    assert_eq!(at_carol.request("typing", start).await.unwrap()["ok"], true);
    let pushed = events(&mut at_bob, "typing").await;
    assert_eq!(pushed.iter().map(|event| &event["data"]["userId"]).collect::<Vec<_>>(), [&json!(carol.id)]);
}

#[tokio::test]
async fn eleventh_profile_change_in_a_minute_is_refused() {
    let (alice, bob, _, chat) = group_of_three().await;
    let rename = async |n: usize| alice.http.patch("/me", &json!({"nickname": format!("Alice {n}")})).await;
    let (renames, refusal) = until_refused(20, rename).await;
    assert_eq!(refusal["limit"], PROFILE_CHANGE_BURST);
    let (_, me) = alice.http.get("/me").await.unwrap();
    assert_eq!(me["user"]["nickname"], format!("Alice {}", renames - 1), "a refused change changes nothing");
    // What changes nothing takes nothing.
    let nickname = json!({"nickname": me["user"]["nickname"]});
    assert_eq!(alice.http.patch("/me", &nickname).await.unwrap(), (200, me));

    let path = format!("/chats/{chat}/mute");
    let toggle = async |n: usize| match n % 3 {
        0 => bob.http.put(&path, &json!({})).await,
        1 => bob.http.delete(&path).await,
        _ => bob.http.patch(&format!("/chats/{chat}/me"), &json!({"markedUnread": n.is_multiple_of(2)})).await,
    };
    let (views, _) = until_refused(20, toggle).await;
    // Blocks have a budget of their own.
    let block = async |n: usize| bob.http.put(&format!("/users/somebody-{n}/block"), &json!({})).await;
    let (blocks, _) = until_refused(20, block).await;
    for taken in [renames, views, blocks] {
        // On a slow machine, one is earned meanwhile.
        assert!((PROFILE_CHANGE_BURST..=PROFILE_CHANGE_BURST + 1).contains(&taken), "{taken} changes");
    }
    alice.send(&chat, "I can still write").await;
}

#[tokio::test]
async fn making_chats_and_adding_people_have_budgets() {
    let (alice, bob, carol) = (BOUNDED.user("alice").await, BOUNDED.user("bob").await, BOUNDED.user("carol").await);
    let group = json!({"participants": [bob.id, carol.id], "isGroup": true, "name": "Unwanted"});
    let private = json!({"participants": [bob.id], "isGroup": false});
    let (status, chat) = alice.http.post("/chats", &private).await.unwrap();
    assert_eq!(status, 201, "{chat}");
    let (made, refusal) = until_refused(60, |_| alice.http.post("/chats", &group)).await;
    assert_eq!((made as u64 + 1, &refusal["limit"]), (CHAT_BURST, &json!(CHAT_BURST)));
    let (_, inbox) = bob.http.get("/chats?limit=100").await.unwrap();
    assert_eq!(inbox["chats"].as_array().unwrap().len(), made + 1, "a refused chat does not exist");
    // A private chat takes from the same budget, unless it exists.
    let (status, refusal) =
        alice.http.post("/chats", &json!({"participants": [carol.id], "isGroup": false})).await.unwrap();
    assert_eq!(status, 429, "{refusal}");
    assert_too_fast(&refusal);
    assert_eq!(alice.http.post("/chats", &private).await.unwrap(), (200, chat));
    // The budget is alice's: others make chats, with her too.
    let group = json!({"participants": [alice.id, carol.id], "isGroup": true, "name": "Ours"});
    let (status, ours) = bob.http.post("/chats", &group).await.unwrap();
    assert_eq!(status, 201, "{ours}");

    // Adding people, one at a time.
    let path = format!("/chats/{}/participants", ours["chat"]["chatId"].as_str().unwrap());
    let crowd = join_all((0..60).map(|_| BOUNDED.user("dave"))).await;
    let mut added = 0;
    let refusal = loop {
        let person = json!({"participants": [crowd.get(added).expect("60 people were added").id]});
        let (status, answer) = bob.http.post(&path, &person).await.unwrap();
        match status {
            200 => added += 1,
            _ => break answer,
        }
    };
    assert_too_fast(&refusal);
    assert_eq!((2 + added as u64, &refusal["limit"]), (ADD_BURST, &json!(ADD_BURST)), "two came with the group");
    let (_, details) = bob.http.get(path.trim_end_matches("/participants")).await.unwrap();
    assert_eq!(details["chat"]["participantCount"], 3 + added, "a refused addition adds nobody");
}

#[tokio::test]
async fn declared_bytes_have_a_budget() {
    let (alice, bob) = (BOUNDED.user("alice").await, BOUNDED.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let declaration = json!({
        "chatId": chat, "type": "file", "fileName": "large.zip", "contentType": "application/zip",
        "sizeBytes": 100_000_000, "sha256": "0".repeat(64),
    });
    let (declared, refusal) = until_refused(60, |_| alice.http.post("/attachments", &declaration)).await;
    assert_eq!((declared, &refusal["limit"]), (2, &json!(UPLOAD_BURST_BYTES)));
    // What still fits is taken, and bob has a budget of his own.
    let mut small = declaration.clone();
    small["sizeBytes"] = json!(1000);
    assert_eq!(alice.http.post("/attachments", &small).await.unwrap().0, 201);
    assert_eq!(bob.http.post("/attachments", &declaration).await.unwrap().0, 201);
}
