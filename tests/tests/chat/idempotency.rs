use crate::abuse::events;
use end_to_end::assert_problem;
use serde_json::{Value, json};

#[tokio::test]
async fn retry_with_the_same_body_stores_once() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let mut at_bob = bob.socket().await;
    let (path, body) =
        (format!("/chats/{chat}/messages"), json!({"type": "text", "content": "Hello", "clientMessageId": "m-1"}));
    let (first, one) = alice.http.post(&path, &body).await.unwrap();
    let (second, two) = alice.http.post(&path, &body).await.unwrap();
    assert_eq!((first, second), (201, 200));
    assert_eq!(one, two);
    // The retry comes from another connection and another device.
    let mut socket = alice.socket().await;
    let mut frame = body.clone();
    frame["chatId"] = json!(chat);
    let third = socket.request("sendMessage", frame).await.unwrap();
    assert_eq!(third["data"], one);
    // The first retry pushes again, because the first attempt may have failed before the push. The seq shows that it is
    // one message.
    for _ in 0..2 {
        assert_eq!(at_bob.event("message.created").await.unwrap()["data"], one["message"]);
    }
    assert_eq!(events(&mut at_bob, "message.created").await, [] as [Value; 0]);
    let (_, page) = bob.http.get(&path).await.unwrap();
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn same_client_message_id_with_another_body_is_refused() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let path = format!("/chats/{chat}/messages");
    let body = |content: &str| json!({"type": "text", "content": content, "clientMessageId": "m-1"});
    alice.http.post(&path, &body("Hello")).await.unwrap();
    let (status, problem) = alice.http.post(&path, &body("Goodbye")).await.unwrap();
    assert_eq!(status, 409);
    assert_problem(&problem, 409, "idempotency_conflict", None);
    // Bob may use the same clientMessageId.
    assert_eq!(bob.http.post(&path, &body("Goodbye")).await.unwrap().0, 201);
}

#[tokio::test]
async fn retry_after_a_lost_reply_returns_the_stored_message() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let mut at_bob = bob.socket().await;
    let frame = json!({"chatId": chat, "type": "text", "content": "Did you get this?", "clientMessageId": "m-1"});
    let mut lost = alice.socket().await;
    lost.send("sendMessage", frame.clone()).await.unwrap();
    // Bob has the message, so it is committed. Alice disconnects before her reply comes.
    let event = at_bob.event("message.created").await.unwrap();
    drop(lost);
    let mut again = alice.socket().await;
    let reply = again.request("sendMessage", frame).await.unwrap();
    assert_eq!(reply["data"]["message"], event["data"]);
    assert_eq!(at_bob.event("message.created").await.unwrap(), event);
    let (_, page) = bob.http.get(&format!("/chats/{chat}/messages")).await.unwrap();
    assert_eq!(page["seq"], 1);
}

#[tokio::test]
async fn concurrent_creation_of_a_private_chat_creates_one() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let (of_alice, of_bob) =
        (json!({"participants": [bob.id], "isGroup": false}), json!({"participants": [alice.id], "isGroup": false}));
    let (one, other) = tokio::join!(alice.http.post("/chats", &of_alice), bob.http.post("/chats", &of_bob));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.1["chat"]["chatId"], other.1["chat"]["chatId"]);
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
}

#[tokio::test]
async fn retry_after_fifty_sends_with_a_new_token_stores_once() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let path = format!("/chats/{chat}/messages");
    let body = json!({"type": "text", "content": "Hello", "clientMessageId": "m-1"});
    let (status, first) = alice.http.post(&path, &body).await.unwrap();
    assert_eq!(status, 201);
    for n in 0..50 {
        alice.send(&chat, &format!("{n}")).await;
    }
    let token = system.token(&alice.id, 600).await;
    assert_ne!(token, alice.token);
    let renewed = client::wire::HttpClient::new(&system.http_url, Some(&token)).unwrap();
    let (status, again) = renewed.post(&path, &body).await.unwrap();
    assert_eq!((status, &again), (200, &first));
    let (_, page) = bob.http.get(&path).await.unwrap();
    assert_eq!(page["seq"], 51);
}

#[tokio::test]
async fn retry_of_a_group_creation_creates_one_group() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let body = json!({"participants": [bob.id, carol.id], "isGroup": true, "name": "Team", "clientChatId": "g-1"});
    let (one, other) = tokio::join!(alice.http.post("/chats", &body), alice.http.post("/chats", &body));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.1, other.1);
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let (_, inbox) = bob.http.get("/chats").await.unwrap();
    assert_eq!(inbox["chats"].as_array().unwrap().len(), 1);
    let mut renamed = body;
    renamed["name"] = json!("Another team");
    let (_, problem) = alice.http.post("/chats", &renamed).await.unwrap();
    assert_problem(&problem, 409, "idempotency_conflict", None);
}
