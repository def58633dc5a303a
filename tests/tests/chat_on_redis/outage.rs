use client::wire::{ClientError, Credential, Socket};
use end_to_end::System;
use serde_json::json;
use std::time::Duration;
use testkit::RedisServer;

#[tokio::test]
async fn messages_are_stored_while_redis_is_down_and_pushed_after() {
    let mut redis = RedisServer::start();
    let system = System::start_on(&redis, |_| {});
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let (mut at_alice, mut at_bob) = (alice.socket().await, bob.socket().await);
    alice.send(&chat, "One").await;
    assert_eq!(at_bob.event("message.created").await.unwrap()["seq"], 1);

    redis.kill();
    // Over both APIs, and several times each.
    for n in 2..=4 {
        assert_eq!(alice.send(&chat, "Is anybody there?").await["seq"], n);
    }
    let say = json!({"chatId": chat, "type": "text", "content": "Still here"});
    let reply = at_alice.request("sendMessage", say).await.unwrap();
    assert_eq!((&reply["ok"], &reply["data"]["message"]["seq"]), (&json!(true), &json!(5)), "{reply}");
    let (status, page) = bob.http.get(&format!("/chats/{chat}/messages")).await.unwrap();
    assert_eq!((status, page["messages"].as_array().unwrap().len()), (200, 5));
    // All users appear offline, and no request fails because of that.
    let (status, shown) = alice.http.get(&format!("/chats/{chat}")).await.unwrap();
    assert_eq!((status, &shown["members"][0]["user"]["status"]), (200, &json!("offline")), "{shown}");
    // A connection that cannot be registered would get no events. So the handshake fails, and the client retries.
    let refused = Socket::connect(&system.ws_url, Credential::Header(&bob.token)).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused(_)), "{refused}");
    let missed = |line: &String| line.contains("PushesMissed=2") && line.contains("MessagesCommitted=1");
    assert!(eventually(&system, missed).await, "what could not be pushed is counted: {:#?}", system.logs());
    let sockets_hear_nothing = at_bob.request("ping", json!({})).await.unwrap();
    assert_eq!(sockets_hear_nothing["ok"], true);
    assert!(at_bob.take_waiting().iter().all(|frame| frame["event"] != "message.created"));

    redis.restart();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // Redis is empty after the outage: clients connect again and sync.
    let mut at_bob = bob.socket().await;
    let cursors = json!({"cursors": {&chat: {"seq": 1, "rev": 0}}});
    let synced = at_bob.request("sync", cursors).await.unwrap();
    assert_eq!(synced["data"]["chats"][0]["messages"].as_array().unwrap().len(), 4, "{synced}");
    alice.send(&chat, "Welcome back").await;
    assert_eq!(at_bob.event("message.created").await.unwrap()["seq"], 6);
    // A client that stayed connected is registered again when it syncs, which it does after a silence.
    assert!(at_alice.take_waiting().iter().all(|frame| frame["seq"] != 6), "alice was not registered yet");
    assert_eq!(at_alice.request("sync", json!({"cursors": {}})).await.unwrap()["ok"], true);
    bob.send(&chat, "Good to see you").await;
    while at_alice.event("message.created").await.unwrap()["seq"] != 7 {}
}

async fn eventually(system: &System, wanted: impl Fn(&String) -> bool) -> bool {
    for _ in 0..100 {
        if system.logs().iter().any(&wanted) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}
