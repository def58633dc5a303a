use end_to_end::{System, assert_problem};
use serde_json::json;

#[tokio::test]
async fn a_stranger_is_told_of_no_chat_on_any_route_and_changes_nothing() {
    let system = System::shared();
    let (alice, bob, eve) = (system.user("alice").await, system.user("bob").await, system.user("eve").await);
    let chat = alice.chat_with(&bob).await;
    alice.send(&chat, "Between us").await;
    let mut socket = eve.socket().await;
    for chat in [chat.as_str(), "no-such-chat"] {
        let text = json!({"type": "text", "content": "Hello"});
        let answers = [
            eve.http.get(&format!("/chats/{chat}")).await.unwrap(),
            eve.http.get(&format!("/chats/{chat}/messages")).await.unwrap(),
            eve.http.post(&format!("/chats/{chat}/messages"), &text).await.unwrap(),
            eve.http.put(&format!("/chats/{chat}/seen"), &json!({"seq": 1})).await.unwrap(),
        ];
        for (status, problem) in answers {
            assert_eq!(status, 404, "{problem}");
            assert_problem(&problem, 404, "chat_not_found", None);
        }
        for (action, fields) in [
            ("sendMessage", json!({"chatId": chat, "type": "text", "content": "Hello"})),
            ("listMessages", json!({"chatId": chat})),
            ("markSeen", json!({"chatId": chat, "seq": 1})),
        ] {
            let reply = socket.request(action, fields).await.unwrap();
            assert_problem(&reply["error"], 404, "chat_not_found", None);
        }
    }
    let (_, details) = alice.http.get(&format!("/chats/{chat}")).await.unwrap();
    assert_eq!((&details["chat"]["seq"], details["members"].as_array().unwrap().len()), (&json!(1), 2));
}
