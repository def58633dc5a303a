use end_to_end::System;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn no_log_shows_a_token_a_message_or_a_user() {
    let system = System::start(|_| {});
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let mut socket = bob.socket().await;
    alice.send(&chat, "A secret between us").await;
    socket.event("message.created").await.unwrap();
    let reply = socket
        .request("sendMessage", json!({"chatId": chat, "type": "text", "content": "A secret answer", "wrong": 1}))
        .await;
    assert_eq!(reply.unwrap()["ok"], false);
    alice.http.get("/chats/no-such-chat").await.unwrap();
    socket.close().await.unwrap();
    // Every function that was asked has said its last word.
    let said = |logs: &[String], what: &[&str]| logs.iter().any(|line| what.iter().all(|part| line.contains(part)));
    let all = [
        &["POST /chats", "served"][..],
        &["chat_not_found"],
        &["invalid_request"],
        &["DisconnectFunction", "disconnected"],
    ];
    let mut logs = system.logs();
    for _ in 0..200 {
        if all.iter().all(|what| said(&logs, what)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        logs = system.logs();
    }
    assert!(all.iter().all(|what| said(&logs, what)), "{logs:#?}");
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for secret in ["secret", "A secret answer", &alice.token, &bob.token, &signature(&alice.token), &alice.id, &bob.id]
    {
        let found: Vec<_> = logs.iter().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret}: {found:#?}");
    }
}
