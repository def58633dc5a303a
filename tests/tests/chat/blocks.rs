//! Blocks, as the two users see them.

use end_to_end::{User, assert_problem};
use serde_json::{Value, json};

async fn two() -> (User, User) {
    let system = crate::system();
    (system.user("blocker").await, system.user("blocked").await)
}

fn ok((status, body): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{body}");
    body
}

fn path(of: &User) -> String {
    format!("/users/{}/block", of.id)
}

#[tokio::test]
async fn a_block_stops_both_sides_and_only_the_blocker_sees_it() {
    let (alice, bob) = two().await;
    let chat = alice.chat_with(&bob).await;
    let messages = format!("/chats/{chat}/messages");
    let text = json!({"type": "text", "content": "Hello"});
    for user in [&alice, &bob] {
        let (status, answer) = user.http.post(&messages, &text).await.unwrap();
        assert_eq!(status, 201, "{answer}");
    }
    let (mut at_alice, mut at_bob) = (alice.socket().await, bob.socket().await);
    let sync = json!({"cursors": {&chat: {"seq": 2, "rev": 0}}});
    let everything_of = async |user: &User| {
        let inbox = ok(user.http.get("/chats").await.unwrap());
        let details = ok(user.http.get(&format!("/chats/{chat}")).await.unwrap());
        let synced = ok(user.http.post("/sync", &sync).await.unwrap());
        [inbox["chats"][0].clone(), details, synced["chats"][0].clone()]
    };
    let before = everything_of(&bob).await;
    let answer = ok(alice.http.put(&path(&bob), &json!({})).await.unwrap());
    assert_eq!(answer, json!({"userId": bob.id, "blocked": true}));
    let event = at_alice.event("block.updated").await.unwrap();
    assert_eq!(event, json!({"event": "block.updated", "data": {"userId": bob.id, "blocked": true}}));
    assert_eq!(everything_of(&bob).await, before, "the blocked user sees no difference");
    assert_eq!(at_bob.request("ping", json!({})).await.unwrap()["ok"], true);
    assert_eq!(at_bob.take_waiting(), Vec::<Value>::new(), "no event either");
    assert!(everything_of(&alice).await.iter().all(|part| part["blocked"] == true));

    for (user, seq) in [(&alice, 1), (&bob, 2)] {
        let (_, problem) = user.http.post(&messages, &text).await.unwrap();
        assert_problem(&problem, 409, "blocked", None);
        let (_, problem) = user.http.patch(&format!("{messages}/{seq}"), &json!({"content": "Edited"})).await.unwrap();
        assert_problem(&problem, 409, "blocked", None);
        let reactions = json!({"emojis": ["\u{1F44D}"]});
        let (_, problem) = user.http.put(&format!("{messages}/{seq}/reactions"), &reactions).await.unwrap();
        assert_problem(&problem, 409, "blocked", None);
        let file = json!({"chatId": chat, "type": "file", "fileName": "a.txt", "contentType": "text/plain",
            "sizeBytes": 1, "sha256": "0f".repeat(32)});
        let (_, problem) = user.http.post("/attachments", &file).await.unwrap();
        assert_problem(&problem, 409, "blocked", None);
        let page = ok(user.http.get(&messages).await.unwrap());
        assert_eq!(page["messages"].as_array().unwrap().len(), 2, "old messages stay readable");
        ok(user.http.put(&format!("/chats/{chat}/seen"), &json!({"seq": 2})).await.unwrap());
    }
    let refused = at_bob.request("typing", json!({"chatId": chat, "state": "start"})).await.unwrap();
    assert_problem(&refused["error"], 409, "blocked", None);
    let send = json!({"chatId": chat, "type": "text", "content": "Hello"});
    let refused = at_bob.request("sendMessage", send).await.unwrap();
    assert_problem(&refused["error"], 409, "blocked", None);

    let answer = ok(alice.http.delete(&path(&bob)).await.unwrap());
    assert_eq!(answer, json!({"userId": bob.id, "blocked": false}));
    let event = at_alice.event("block.updated").await.unwrap();
    assert_eq!(event["data"], json!({"userId": bob.id, "blocked": false}));
    let (status, _) = bob.http.post(&messages, &text).await.unwrap();
    assert_eq!(status, 201);
    let names: Vec<_> = at_bob.take_waiting().iter().map(|event| event["event"].clone()).collect();
    assert!(!names.contains(&json!("block.updated")), "{names:?}");
}

#[tokio::test]
async fn without_a_chat_neither_begins_one_and_no_group_leads_around_the_block() {
    let (alice, bob) = two().await;
    let carol = crate::system().user("carol").await;
    ok(alice.http.put(&path(&bob), &json!({})).await.unwrap());
    ok(alice.http.put(&path(&bob), &json!({})).await.unwrap());
    let listed = ok(alice.http.get("/me/blocks").await.unwrap());
    assert_eq!(listed["blocks"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["blocks"][0]["userId"], json!(bob.id));
    assert_eq!(ok(bob.http.get("/me/blocks").await.unwrap()), json!({"blocks": []}));
    let private = |other: &User| json!({"participants": [other.id], "isGroup": false});
    let (_, problem) = alice.http.post("/chats", &private(&bob)).await.unwrap();
    assert_problem(&problem, 409, "blocked_by_you", None);
    let (_, problem) = bob.http.post("/chats", &private(&alice)).await.unwrap();
    assert_problem(&problem, 409, "blocked", None);

    let group = json!({"participants": [carol.id, alice.id], "isGroup": true, "name": "Around"});
    let (_, problem) = bob.http.post("/chats", &group).await.unwrap();
    assert_problem(&problem, 409, "cannot_be_added", None);
    assert!(!problem.to_string().contains(&alice.id), "it does not say who: {problem}");
    let dave = crate::system().user("dave").await;
    let group = bob.group(&[&carol, &dave]).await;
    let add = json!({"participants": [alice.id]});
    let (_, problem) = bob.http.post(&format!("/chats/{group}/participants"), &add).await.unwrap();
    assert_problem(&problem, 409, "cannot_be_added", None);
    assert!(!problem.to_string().contains(&alice.id), "it does not say who: {problem}");
    let details = ok(bob.http.get(&format!("/chats/{group}")).await.unwrap());
    assert_eq!(details["chat"]["participantCount"], 3);

    ok(alice.http.delete(&path(&bob)).await.unwrap());
    bob.chat_with(&alice).await;
    ok(bob.http.post(&format!("/chats/{group}/participants"), &add).await.unwrap());
}

#[tokio::test]
async fn wrong_blocks_are_refused() {
    let (alice, _) = two().await;
    let (_, problem) = alice.http.put(&path(&alice), &json!({})).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("userId"));
    for reserved in ["@all", "service:x"] {
        let (_, problem) = alice.http.put(&format!("/users/{reserved}/block"), &json!({})).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", Some("userId"));
    }
    let (_, problem) = alice.http.put("/users/somebody/block", &json!({"for": "ever"})).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("for"));
    // The end of a block that never was.
    let answer = ok(alice.http.delete("/users/somebody/block").await.unwrap());
    assert_eq!(answer, json!({"userId": "somebody", "blocked": false}));
}
