use end_to_end::User;
use serde_json::json;

/// Waits for the next status of this user.
async fn seen(socket: &mut client::wire::Socket, user: &User) -> String {
    let event = socket.event("presence.updated").await.unwrap();
    assert_eq!(event["data"]["userId"], user.id, "{event}");
    assert_eq!(event["data"]["lastSeen"].is_string(), event["data"]["at"].is_string(), "{event}");
    assert_eq!(event.as_object().unwrap().len(), 2, "{event}");
    event["data"]["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_partners_see_the_first_device_come_and_the_last_go() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let (carol, eve) = (system.user("carol").await, system.user("eve").await);
    let chat = alice.chat_with(&bob).await;
    bob.group(&[&alice, &carol]).await;
    let (mut at_alice, mut at_carol, mut at_eve) = (alice.socket().await, carol.socket().await, eve.socket().await);

    let first = bob.socket().await;
    assert_eq!(seen(&mut at_alice, &bob).await, "online");
    let second = bob.socket().await;
    for _ in 0..5 {
        bob.socket().await.close().await.unwrap();
    }
    first.close().await.unwrap();
    // Alice's next events are bob's message and his offline status, and none about his other devices.
    let (_, shown) = alice.http.get(&format!("/users/{}", bob.id)).await.unwrap();
    assert_eq!(shown["user"]["status"], "online");
    bob.send(&chat, "Bye").await;
    at_alice.event("message.created").await.unwrap();
    assert!(at_alice.take_waiting().iter().all(|frame| frame["event"] != "presence.updated"));
    second.close().await.unwrap();
    assert_eq!(seen(&mut at_alice, &bob).await, "offline");
    let (_, shown) = alice.http.get(&format!("/users/{}", bob.id)).await.unwrap();
    assert_eq!(shown["user"]["status"], "offline");

    for socket in [&mut at_carol, &mut at_eve] {
        assert_eq!(socket.request("ping", json!({})).await.unwrap()["ok"], true);
        assert!(socket.take_waiting().iter().all(|frame| frame["event"] != "presence.updated"));
    }
}

#[tokio::test]
async fn lost_connection_without_a_close_frame_is_noticed() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    alice.chat_with(&bob).await;
    let mut at_alice = alice.socket().await;
    let at_bob = bob.socket().await;
    assert_eq!(seen(&mut at_alice, &bob).await, "online");
    // No close frame: the TCP connection ends.
    drop(at_bob);
    assert_eq!(seen(&mut at_alice, &bob).await, "offline");
}
