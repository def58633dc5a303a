use edge::commands::ACTIONS;
use end_to_end::{User, assert_problem};
use local_cloud::Template;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

async fn two() -> (User, String) {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    (alice, chat)
}

#[tokio::test]
async fn invalid_messages_are_refused_with_the_field_on_both_apis() {
    let (alice, chat) = two().await;
    let mut socket = alice.socket().await;
    let cases = [
        (json!({"type": "text"}), "content", "invalid_request"),
        (json!({"content": "x"}), "type", "invalid_request"),
        (json!({"type": "text", "content": "  "}), "content", "invalid_request"),
        (json!({"type": "text", "content": 7}), "content", "invalid_request"),
        (json!({"type": "text", "content": "x".repeat(25_000)}), "content", "content_too_large"),
        (json!({"type": "image", "content": "x"}), "attachmentId", "invalid_request"),
        (json!({"type": "video", "content": "x"}), "type", "invalid_request"),
        (json!({"type": "text", "content": "x", "sender": "bob"}), "sender", "invalid_request"),
        (json!({"type": "text", "content": "x", "senderId": "bob"}), "senderId", "invalid_request"),
        (
            json!({"type": "text", "content": "x", "clientMessageId": "x".repeat(65)}),
            "clientMessageId",
            "invalid_request",
        ),
        (json!({"type": "text", "content": "x", "clientMessageId": ""}), "clientMessageId", "invalid_request"),
    ];
    for (body, field, code) in cases {
        let (status, problem) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
        assert_eq!(status, 400, "{problem}");
        assert_problem(&problem, 400, code, Some(field));
        let mut frame = body;
        frame["chatId"] = json!(chat);
        let reply = socket.request("sendMessage", frame).await.unwrap();
        assert_eq!(reply["ok"], false);
        assert_problem(&reply["error"], 400, code, Some(field));
        assert_eq!(reply["error"]["limit"], if code == "content_too_large" { json!(24 * 1024) } else { Value::Null });
    }
    let (_, page) = alice.http.get(&format!("/chats/{chat}/messages")).await.unwrap();
    assert_eq!(page["seq"], 0, "nothing was stored");
}

#[tokio::test]
async fn every_invalid_field_is_named() {
    let (alice, chat) = two().await;
    let body = json!({"type": 5, "content": 7, "clientMessageId": 9, "extra": true});
    let (_, problem) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
    for field in ["type", "content", "clientMessageId", "extra"] {
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
}

#[tokio::test]
async fn body_that_is_not_json_is_refused() {
    let (alice, chat) = two().await;
    for body in ["{", "nonsense", "[]", "\"text\"", "{\"type\":\"text\",}"] {
        let (status, problem) =
            alice.http.raw(Method::POST, &format!("/chats/{chat}/messages"), Some(body.to_owned())).await.unwrap();
        assert_eq!(status, 400, "{problem}");
        assert_problem(&problem, 400, "invalid_request", Some("body"));
    }
    let mut socket = alice.socket().await;
    for frame in ["{", "nonsense", "[]"] {
        socket.send_text(frame.to_owned()).await.unwrap();
        let reply = socket.next().await.unwrap();
        assert_eq!(reply["ok"], false);
        assert_problem(&reply["error"], 400, "invalid_request", Some("body"));
    }
}

#[tokio::test]
async fn unknown_action_is_answered_with_the_known_actions() {
    let (alice, _) = two().await;
    let mut socket = alice.socket().await;
    let reply = socket.request("sendMassage", json!({})).await.unwrap();
    assert_problem(&reply["error"], 400, "invalid_request", Some("action"));
    let detail = reply["error"]["detail"].as_str().unwrap();
    for action in ["createChat", "sendMessage", "listMessages", "markSeen", "ping"] {
        assert!(detail.contains(action), "{detail}");
    }
    socket.send_text("{\"id\":\"7\"}".to_owned()).await.unwrap();
    let reply = socket.next().await.unwrap();
    assert_eq!(reply["id"], "7");
    assert_problem(&reply["error"], 400, "invalid_request", Some("action"));
    socket.send_text("{\"action\":\"ping\",\"id\":7}".to_owned()).await.unwrap();
    assert_problem(&socket.next().await.unwrap()["error"], 400, "invalid_request", Some("id"));
}

#[tokio::test]
async fn invalid_pages_and_marks_are_refused_with_the_field() {
    let (alice, chat) = two().await;
    for (query, field) in [
        ("limit=-1", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("before=-2", "before"),
        ("after=1.5", "after"),
        ("before=1&after=2", "before"),
        ("from=2", "from"),
    ] {
        let (status, problem) = alice.http.get(&format!("/chats/{chat}/messages?{query}")).await.unwrap();
        assert_eq!(status, 400, "{query}: {problem}");
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    alice.send(&chat, "Hello").await;
    for (body, field) in [
        (json!({}), "seq"),
        (json!({"seq": -1}), "seq"),
        (json!({"seq": "1"}), "seq"),
        (json!({"seq": 2}), "seq"),
        (json!({"seq": 1, "chatId": "other"}), "chatId"),
    ] {
        let (status, problem) = alice.http.put(&format!("/chats/{chat}/seen"), &body).await.unwrap();
        assert_eq!(status, 400, "{body}: {problem}");
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    let mut socket = alice.socket().await;
    let reply = socket.request("listMessages", json!({"chatId": chat, "limit": -1})).await.unwrap();
    assert_problem(&reply["error"], 400, "invalid_request", Some("limit"));
}

#[tokio::test]
async fn invalid_chats_are_refused_with_the_field() {
    let (alice, _) = two().await;
    let many: Vec<_> = (0..90).map(|n| format!("u-{n}")).collect();
    let cases = [
        (json!({"isGroup": false}), "participants", "invalid_request"),
        (json!({"participants": ["bob"]}), "isGroup", "invalid_request"),
        (json!({"participants": [], "isGroup": false}), "participants", "invalid_request"),
        (json!({"participants": [alice.id], "isGroup": false}), "participants", "invalid_request"),
        (json!({"participants": ["bob", "carol"], "isGroup": false}), "participants", "invalid_request"),
        (
            json!({"participants": ["bob", "not a user"], "isGroup": true, "name": "x"}),
            "participants[1]",
            "invalid_request",
        ),
        (json!({"participants": ["bob"], "isGroup": true, "name": "x"}), "participants", "invalid_request"),
        (json!({"participants": ["bob", "carol"], "isGroup": true}), "name", "invalid_request"),
        (json!({"participants": ["bob", "carol"], "isGroup": true, "name": ""}), "name", "invalid_request"),
        (json!({"participants": ["bob"], "isGroup": false, "name": "x"}), "name", "invalid_request"),
        (json!({"participants": many, "isGroup": true, "name": "x"}), "participants", "too_many_participants"),
        (json!({"participants": "bob", "isGroup": false}), "participants", "invalid_request"),
    ];
    for (body, field, code) in cases {
        let (status, problem) = alice.http.post("/chats", &body).await.unwrap();
        assert_eq!(status, 400, "{body}: {problem}");
        assert_problem(&problem, 400, code, Some(field));
    }
}

#[test]
fn known_actions_are_those_of_the_template() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    let routes = template.websocket_api.unwrap().routes.into_keys().filter(|key| !key.starts_with('$'));
    assert_eq!(routes.collect::<BTreeSet<_>>(), ACTIONS.map(str::to_owned).into());
}
