//! Users without permission call every route and action: they learn nothing, and nothing changes.

use end_to_end::{User, assert_problem};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every HTTP route on one chat and its message 1.
fn routes(chat: &str, other: &str) -> Vec<(Method, String, Option<Value>)> {
    let at = |path: &str| format!("/chats/{chat}{path}");
    vec![
        (Method::GET, at(""), None),
        (Method::GET, at("/members"), None),
        (Method::GET, format!("/users?chat={chat}&ids={other}"), None),
        (Method::PATCH, at(""), Some(json!({"name": "Taken over"}))),
        (Method::POST, at("/participants"), Some(json!({"participants": [other]}))),
        (Method::DELETE, at(&format!("/participants/{other}")), None),
        (Method::PUT, at(&format!("/admins/{other}")), None),
        (Method::DELETE, at(&format!("/admins/{other}")), None),
        (Method::POST, at("/messages"), Some(json!({"type": "text", "content": "Hello"}))),
        (Method::GET, at("/messages"), None),
        (Method::PATCH, at("/messages/1"), Some(json!({"content": "Taken over"}))),
        (Method::DELETE, at("/messages/1?for=me"), None),
        (Method::DELETE, at("/messages/1?for=everyone"), None),
        (Method::DELETE, at("/messages"), None),
        (Method::PUT, at("/messages/1/reactions"), Some(json!({"emojis": ["\u{1F44D}"]}))),
        (Method::GET, at("/messages/1/attachment"), None),
        (Method::GET, at("/avatar"), None),
        (Method::PUT, at("/seen"), Some(json!({"seq": 1}))),
        (Method::PATCH, at("/me"), Some(json!({"pinned": true}))),
        (Method::PUT, at("/mute"), None),
        (Method::DELETE, at("/mute"), None),
    ]
}

/// Every action on one chat and its message 1.
fn actions(chat: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("sendMessage", json!({"chatId": chat, "type": "text", "content": "Hello"})),
        ("listMessages", json!({"chatId": chat})),
        ("markSeen", json!({"chatId": chat, "seq": 1})),
        ("editMessage", json!({"chatId": chat, "seq": 1, "content": "Taken over"})),
        ("deleteMessage", json!({"chatId": chat, "seq": 1, "for": "everyone"})),
        ("deleteMessage", json!({"chatId": chat, "seq": 1, "for": "me"})),
        ("reactToMessage", json!({"chatId": chat, "seq": 1, "emojis": ["\u{1F44D}"]})),
        ("typing", json!({"chatId": chat, "state": "start"})),
    ]
}

/// The rows of infra/stack/functions.yaml, with all routes and actions.
fn rows() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/stack/functions.yaml");
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn all_routes_and_actions_on_a_chat_are_tested() {
    let rows = rows();
    let all = |part: &str| -> BTreeSet<String> {
        let parts = rows.as_object().unwrap().values().map(|row| &row[part]);
        let texts = parts.flat_map(|part| match part {
            Value::Object(named) => named.values().cloned().collect(),
            part => part.as_array().cloned().unwrap_or_default(),
        });
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let asked = routes("{chatId}", "{userId}").into_iter().map(|(method, path, _)| {
        let path = path.split('?').next().unwrap().replace("/messages/1", "/messages/{seq}");
        format!("{method} {path}")
    });
    let mut on_chats = all("routes");
    // The query of GET /users names a chat.
    on_chats.retain(|route| route.contains("{chatId}") || route == "GET /users");
    assert_eq!(asked.collect::<BTreeSet<_>>(), on_chats);
    // These are not about one chat. A test below calls sync.
    let others = ["$connect", "$disconnect", "$default", "ping", "createChat", "sync"];
    let mut on_chats = all("actions");
    on_chats.retain(|action| !others.contains(&action.as_str()));
    assert_eq!(actions("{chatId}").into_iter().map(|(action, _)| action.to_owned()).collect::<BTreeSet<_>>(), on_chats);
}

/// The chat as a participant sees it, to detect any change.
async fn seen_by(user: &User, chat: &str) -> [Value; 2] {
    let (status, details) = user.http.get(&format!("/chats/{chat}")).await.unwrap();
    assert_eq!(status, 200, "{details}");
    let (_, page) = user.http.get(&format!("/chats/{chat}/messages")).await.unwrap();
    // Presence may change meanwhile.
    let mut details = details;
    for member in details["members"].as_array_mut().unwrap() {
        member.as_object_mut().unwrap().remove("user");
    }
    [details, page]
}

/// Calls everything about a chat of other users, and about an unknown chat. Both must have the same answers.
async fn assert_learns_nothing(user: &User, chat: &str, other: &str) {
    let mut socket = user.socket().await;
    for chat in [chat, "no-such-chat"] {
        for (method, path, body) in routes(chat, other) {
            let (status, problem) = user.http.call(method.clone(), &path, body.as_ref()).await.unwrap();
            assert_eq!(status, 404, "{method} {path}: {problem}");
            assert_problem(&problem, 404, "chat_not_found", None);
        }
        for (action, fields) in actions(chat) {
            let reply = socket.request(action, fields).await.unwrap();
            assert_problem(&reply["error"], 404, "chat_not_found", None);
        }
        let ask = json!({"cursors": {chat: {"seq": 0, "rev": 0}}, "open": [chat]});
        let (_, over_http) = user.http.post("/sync", &ask).await.unwrap();
        let over_socket = socket.request("sync", ask).await.unwrap()["data"].clone();
        for synced in [over_http, over_socket] {
            assert_eq!((&synced["gone"], &synced["chats"]), (&json!([chat]), &json!([])), "{synced}");
        }
    }
    let (_, inbox) = user.http.get("/chats").await.unwrap();
    assert_eq!(inbox["chats"], json!([]));
    let (status, problem) = user.http.get(&format!("/users/{other}")).await.unwrap();
    assert_eq!(status, 404);
    assert_problem(&problem, 404, "not_a_participant", None);
    assert!(socket.take_waiting().is_empty(), "no event is pushed");
}

#[tokio::test]
async fn stranger_learns_nothing_and_changes_nothing_on_any_route() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let eve = system.user("eve").await;
    for chat in [alice.chat_with(&bob).await, alice.group(&[&bob, &carol]).await] {
        alice.send(&chat, "Between us").await;
        let before = seen_by(&alice, &chat).await;
        assert_learns_nothing(&eve, &chat, &bob.id).await;
        assert_eq!(seen_by(&alice, &chat).await, before);
    }
}

#[tokio::test]
async fn removed_member_is_a_stranger_at_once() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let dave = system.user("dave").await;
    let chat = alice.group(&[&bob, &carol, &dave]).await;
    let mut at_bob = bob.socket().await;
    bob.send(&chat, "I was here").await;
    at_bob.event("message.created").await.unwrap();
    let (status, removed) = alice.http.delete(&format!("/chats/{chat}/participants/{}", bob.id)).await.unwrap();
    assert_eq!((status, &removed["chat"]["rev"]), (200, &json!(1)), "{removed}");
    let left = at_bob.event("chat.left").await.unwrap();
    assert_eq!(left, json!({"event": "chat.left", "chatId": chat, "rev": 1, "data": {"by": alice.id}}));
    // Also on the socket that was open all the time.
    for (action, fields) in actions(&chat) {
        let reply = at_bob.request(action, fields).await.unwrap();
        assert_problem(&reply["error"], 404, "chat_not_found", None);
    }
    let before = seen_by(&alice, &chat).await;
    assert_learns_nothing(&bob, &chat, &carol.id).await;
    assert_eq!(seen_by(&alice, &chat).await, before);
    alice.send(&chat, "Without bob").await;
    assert_eq!(at_bob.request("ping", json!({})).await.unwrap()["ok"], true);
    assert!(at_bob.take_waiting().is_empty(), "no more events of the chat are pushed");
}

#[tokio::test]
async fn only_admins_change_a_group() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let dave = system.user("dave").await;
    let chat = alice.group(&[&bob, &carol]).await;
    alice.send(&chat, "Hello").await;
    let before = seen_by(&carol, &chat).await;
    let at = |path: String| format!("/chats/{chat}{path}");
    for (method, path, body) in [
        (Method::PATCH, at(String::new()), Some(json!({"name": "Bob's"}))),
        (Method::POST, at("/participants".into()), Some(json!({"participants": [dave.id]}))),
        (Method::POST, at("/participants".into()), Some(json!({"participants": ["no-such-user"]}))),
        (Method::DELETE, at(format!("/participants/{}", carol.id)), None),
        (Method::DELETE, at(format!("/participants/{}", dave.id)), None),
        (Method::PUT, at(format!("/admins/{}", bob.id)), None),
        (Method::DELETE, at(format!("/admins/{}", alice.id)), None),
        (Method::DELETE, at("/messages/1?for=everyone".into()), None),
    ] {
        let (status, problem) = bob.http.call(method.clone(), &path, body.as_ref()).await.unwrap();
        assert_eq!(status, 403, "{method} {path}: {problem}");
        assert_problem(&problem, 403, "not_an_admin", None);
    }
    let (_, problem) = bob.http.patch(&at("/messages/1".into()), &json!({"content": "x"})).await.unwrap();
    assert_problem(&problem, 403, "not_the_sender", None);
    let mut socket = bob.socket().await;
    let fields = json!({"chatId": chat, "seq": 1, "for": "everyone"});
    assert_problem(&socket.request("deleteMessage", fields).await.unwrap()["error"], 403, "not_an_admin", None);
    assert_eq!(seen_by(&carol, &chat).await, before);
}

#[tokio::test]
async fn private_chat_has_no_admins_and_nobody_leaves_it() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    alice.send(&chat, "Hello").await;
    let before = seen_by(&bob, &chat).await;
    let at = |path: String| format!("/chats/{chat}{path}");
    for (method, path, body) in [
        (Method::PATCH, at(String::new()), Some(json!({"name": "Ours"}))),
        (Method::POST, at("/participants".into()), Some(json!({"participants": [bob.id]}))),
        (Method::DELETE, at(format!("/participants/{}", alice.id)), None),
        (Method::DELETE, at(format!("/participants/{}", bob.id)), None),
        (Method::PUT, at(format!("/admins/{}", alice.id)), None),
    ] {
        let (status, problem) = alice.http.call(method.clone(), &path, body.as_ref()).await.unwrap();
        assert_eq!(status, 409, "{method} {path}: {problem}");
        assert_problem(&problem, 409, "conflict", None);
    }
    let (_, problem) = bob.http.delete(&at("/messages/1?for=everyone".into())).await.unwrap();
    assert_problem(&problem, 403, "not_an_admin", None);
    assert_eq!(seen_by(&bob, &chat).await, before);
}
