//! A member's own view of a chat: notifications, pinned, archived, marked as unread.

use end_to_end::{User, assert_problem};
use serde_json::{Value, json};

fn ok((status, answer): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn view(user: &User, chat: &str, change: Value) -> Value {
    let answer = ok(user.http.patch(&format!("/chats/{chat}/me"), &change).await.unwrap());
    assert_eq!(answer["chatId"], chat);
    answer["settings"].clone()
}

/// The ids of the chats that the inbox lists.
async fn listed(user: &User, query: &str) -> Vec<String> {
    let inbox = ok(user.http.get(&format!("/chats?{query}")).await.unwrap());
    let chats = inbox["chats"].as_array().unwrap();
    chats.iter().map(|entry| entry["chat"]["chatId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn view_is_seen_by_the_members_own_devices_alone() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    alice.send(&chat, "Hello").await;
    let (mut phone, mut at_bob) = (alice.socket().await, bob.socket().await);
    let settings = view(&alice, &chat, json!({"notify": "mentions", "pinned": true, "markedUnread": true})).await;
    assert_eq!((&settings["notify"], &settings["pinned"]), (&json!("mentions"), &json!(true)));
    let event = phone.event("member.updated").await.unwrap();
    assert_eq!(
        (&event["chatId"], &event["data"]),
        (&json!(chat), &json!({"readSeq": 1, "unreadCount": 0, "settings": settings}))
    );
    let sync = json!({"cursors": {chat.as_str(): {"seq": 1, "rev": 0}}});
    let synced = ok(alice.http.post("/sync", &sync).await.unwrap());
    assert_eq!(synced["chats"][0]["settings"], settings);
    // The read position stays, and to mark it as seen again takes the mark back.
    let seen = phone.request("markSeen", json!({"chatId": chat, "seq": 1})).await.unwrap();
    assert_eq!((&seen["data"]["readSeq"], seen["data"]["settings"].get("markedUnread")), (&json!(1), None));
    alice.send(&chat, "Hello again").await;
    // Bob's next event is the message: no other one came before it.
    let next = at_bob.next().await.unwrap();
    assert_eq!((&next["event"], &next["seq"]), (&json!("message.created"), &json!(2)));
    let details = ok(bob.http.get(&format!("/chats/{chat}")).await.unwrap()).to_string();
    assert!(!details.contains("pinned") && !details.contains("memberRev"), "{details}");
}

#[tokio::test]
async fn inbox_is_filtered_and_sorted_by_the_view() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let (first, second) = (alice.chat_with(&bob).await, alice.chat_with(&carol).await);
    alice.send(&second, "The newest").await;
    assert_eq!(listed(&alice, "limit=20").await, [second.as_str(), &first]);
    view(&alice, &first, json!({"pinned": true})).await;
    assert_eq!(listed(&alice, "limit=20").await, [first.as_str(), &second]);
    assert_eq!(listed(&alice, "pinned=false").await, [second.as_str()]);
    view(&alice, &second, json!({"archived": true})).await;
    assert_eq!(listed(&alice, "limit=20").await, [first.as_str()]);
    assert_eq!(listed(&alice, "archived=true").await, [second.as_str()]);
    // Each chat once, in pages of one.
    let page = ok(alice.http.get("/chats?archived=any&limit=1").await.unwrap());
    let cursor = page["cursor"].as_str().unwrap();
    let query = format!("archived=any&limit=1&cursor={cursor}");
    let last = ok(alice.http.get(&format!("/chats?{query}")).await.unwrap());
    assert_eq!(page["chats"][0]["chat"]["chatId"], json!(first));
    assert_eq!((&last["chats"][0]["chat"]["chatId"], last.get("cursor")), (&json!(second), None));
    carol.send(&second, "Are you there?").await;
    assert_eq!(listed(&alice, "limit=20").await, [first.as_str(), &second], "a message brings it back");
}

#[tokio::test]
async fn wrong_changes_are_refused_with_the_field() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let path = format!("/chats/{chat}/me");
    for (change, field) in [
        (json!({}), "notify"),
        (json!({"notify": "some"}), "notify"),
        (json!({"pinned": "yes"}), "pinned"),
        (json!({"notify": "all", "muteUntil": "2099-01-01T00:00:00Z"}), "muteUntil"),
        (json!({"pinned": true, "muteUntil": "2099-01-01T00:00:00Z"}), "muteUntil"),
        (json!({"notify": "none", "muteUntil": "2020-01-01T00:00:00Z"}), "muteUntil"),
        (json!({"archived": true, "color": "red"}), "color"),
    ] {
        let (_, problem) = alice.http.patch(&path, &change).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    for query in ["archived=yes", "pinned=any", "cursor=x"] {
        let (_, problem) = alice.http.get(&format!("/chats?{query}")).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", query.split('=').next());
    }
}
