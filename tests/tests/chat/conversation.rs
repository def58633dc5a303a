use client::wire::Credential;
use client::wire::Socket;
use dev::demo::{Actor, Cast, Stage, play};
use domain::recent::TYPING_INTERVAL;
use end_to_end::{System, User};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

/// Asserts that a document has all of these fields.
#[track_caller]
fn has(document: &Value, fields: &[&str]) {
    for field in fields {
        assert!(document.get(field).is_some(), "{field} is missing: {document}");
    }
}

const CHAT: [&str; 4] = ["chatId", "isGroup", "participants", "admins"];
const MESSAGE: [&str; 8] = ["messageId", "chatId", "seq", "senderId", "type", "content", "seenBy", "deletedFor"];
const CHAT_USER: [&str; 5] = ["userId", "nickname", "status", "lastSeen", "mutedChats"];

/// The demo's stage. It checks profiles only if the system is known to use this Auth Service.
fn stage(system: &System) -> Stage {
    Stage {
        http_url: system.http_url.clone(),
        ws_url: system.ws_url.clone(),
        auth_url: system.dynamodb.as_ref().map(|_ours| system.auth_url.clone()),
        notifications: None,
    }
}

fn actor(User { id, token, .. }: User) -> Actor {
    Actor { user: id, token }
}

#[tokio::test]
async fn demo_succeeds() {
    let system = crate::system();
    let cast = Cast::Short([system.user("alice").await, system.user("bob").await].map(actor));
    play(&stage(system), &cast).await.unwrap();
}

#[tokio::test]
async fn full_demo_succeeds_twice() {
    let system = crate::system();
    let users = [system.user("alice").await, system.user("bob").await, system.user("carol").await];
    let cast = Cast::Full(users.map(actor));
    play(&stage(system), &cast).await.unwrap();
    // The second run begins when it is news again that somebody types.
    tokio::time::sleep(TYPING_INTERVAL).await;
    // It must work with the data of the first one.
    play(&stage(system), &cast).await.unwrap();
}

#[tokio::test]
async fn websocket_conversation_has_complete_documents() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let (mut at_alice, mut at_bob, mut second) = (alice.socket().await, bob.socket().await, alice.socket().await);

    let created = at_alice.request("createChat", json!({"participants": [bob.id], "isGroup": false})).await.unwrap();
    assert_eq!(created["ok"], true, "{created}");
    let chat = &created["data"]["chat"];
    has(chat, &CHAT);
    assert_eq!((&chat["seq"], &chat["rev"], &chat["floor"]), (&json!(0), &json!(0), &json!(0)));
    for socket in [&mut at_bob, &mut second] {
        let event = socket.event("chat.created").await.unwrap();
        assert_eq!((&event["chatId"], &event["data"]), (&chat["chatId"], chat));
    }

    let frame =
        json!({"chatId": chat["chatId"], "type": "text", "content": "Hello \u{1F44B}", "clientMessageId": "m-1"});
    let sent = at_alice.request("sendMessage", frame).await.unwrap();
    assert_eq!(sent["ok"], true, "{sent}");
    let message = &sent["data"]["message"];
    has(message, &MESSAGE);
    assert_eq!(
        (&message["seq"], &message["content"], &message["seenBy"]),
        (&json!(1), &json!("Hello \u{1F44B}"), &json!([alice.id]))
    );
    for socket in [&mut at_bob, &mut second] {
        let event = socket.event("message.created").await.unwrap();
        assert_eq!(event, json!({"event": "message.created", "chatId": chat["chatId"], "seq": 1, "data": message}));
    }

    let page = at_bob.request("listMessages", json!({"chatId": chat["chatId"], "limit": 10})).await.unwrap();
    assert_eq!(page["data"]["messages"], json!([message]));
    assert_eq!(page["data"]["range"], json!({"from": 1, "to": 1}));

    let seen = at_bob.request("markSeen", json!({"chatId": chat["chatId"], "seq": 1})).await.unwrap();
    assert_eq!((&seen["data"]["readSeq"], &seen["data"]["unreadCount"]), (&json!(1), &json!(0)));
    for socket in [&mut at_alice, &mut second] {
        let event = socket.event("receipt.updated").await.unwrap();
        assert_eq!((&event["data"]["userId"], &event["data"]["readSeq"]), (&json!(bob.id), &json!(1)));
    }
    assert!(
        at_alice.take_waiting().is_empty(),
        "the asking connection gets its replies, not its own events beside them"
    );

    let (status, details) = alice.http.get(&format!("/chats/{}", chat["chatId"].as_str().unwrap())).await.unwrap();
    assert_eq!(status, 200, "{details}");
    has(&details["chat"], &CHAT);
    assert_eq!(details["chat"]["lastMessageId"], message["messageId"]);
    for member in details["members"].as_array().unwrap() {
        assert_eq!(member["readSeq"], 1);
        has(&member["user"], &CHAT_USER);
        assert_eq!(member["user"]["status"], "online");
    }
}

#[tokio::test]
async fn group_conversation() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let mut at_carol = carol.socket().await;
    let body =
        json!({"participants": [bob.id, carol.id], "isGroup": true, "name": " The team ", "clientChatId": "g-1"});
    let (status, created) = alice.http.post("/chats", &body).await.unwrap();
    assert_eq!(status, 201, "{created}");
    let chat = &created["chat"];
    has(chat, &CHAT);
    assert_eq!(
        (&chat["name"], &chat["admins"], &chat["isGroup"]),
        (&json!("The team"), &json!([alice.id]), &json!(true))
    );
    assert_eq!(at_carol.event("chat.created").await.unwrap()["data"], *chat);
    let (status, again) = alice.http.post("/chats", &body).await.unwrap();
    assert_eq!((status, &again["chat"]["chatId"]), (200, &chat["chatId"]));

    let id = chat["chatId"].as_str().unwrap();
    bob.send(id, "Hello all").await;
    assert_eq!(at_carol.event("message.created").await.unwrap()["data"]["content"], "Hello all");
    let (_, details) = carol.http.get(&format!("/chats/{id}")).await.unwrap();
    assert_eq!((details["members"].as_array().unwrap().len(), &details["unreadCount"]), (3, &json!(1)));
}

#[tokio::test]
async fn twenty_concurrent_sends_have_one_order() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let sends = (0..20).map(|n| {
        let sender = if n % 2 == 0 { &alice } else { &bob };
        let (path, body) = (
            format!("/chats/{chat}/messages"),
            json!({"type": "text", "content": format!("{n}"), "clientMessageId": format!("m-{n}")}),
        );
        async move {
            // A retryable error is a valid answer to many concurrent sends.
            loop {
                let (status, body) = sender.http.post(&path, &body).await.unwrap();
                match status {
                    200 | 201 => break body["message"].clone(),
                    503 => tokio::time::sleep(Duration::from_millis(50)).await,
                    _ => panic!("{status}: {body}"),
                }
            }
        }
    });
    let sent = join_all(sends).await;
    let (_, page) = bob.http.get(&format!("/chats/{chat}/messages?after=0&limit=100")).await.unwrap();
    let listed = page["messages"].as_array().unwrap();
    assert_eq!(
        listed.iter().map(|message| message["seq"].as_u64().unwrap()).collect::<Vec<_>>(),
        (1..=20).collect::<Vec<_>>()
    );
    for message in sent {
        let at = usize::try_from(message["seq"].as_u64().unwrap()).unwrap() - 1;
        assert_eq!((&listed[at]["content"], &listed[at]["senderId"]), (&message["content"], &message["senderId"]));
    }
}

#[tokio::test]
async fn pages_over_http_and_websocket_are_equal() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    for n in 1..=7 {
        alice.send(&chat, &format!("Message {n}")).await;
    }
    let mut socket = bob.socket().await;
    for (query, fields, expected) in [
        ("limit=3", json!({"limit": 3}), [5, 6, 7]),
        ("before=5&limit=3", json!({"before": 5, "limit": 3}), [2, 3, 4]),
        ("after=0&limit=3", json!({"after": 0, "limit": 3}), [1, 2, 3]),
        ("around=4&limit=3", json!({"around": 4, "limit": 3}), [3, 4, 5]),
    ] {
        let (status, page) = bob.http.get(&format!("/chats/{chat}/messages?{query}")).await.unwrap();
        assert_eq!(status, 200, "{page}");
        let seqs: Vec<_> = page["messages"].as_array().unwrap().iter().map(|message| message["seq"].clone()).collect();
        assert_eq!(seqs, expected);
        let mut fields = fields;
        fields["chatId"] = json!(chat);
        assert_eq!(socket.request("listMessages", fields).await.unwrap()["data"], page);
    }
}

#[tokio::test]
async fn health_needs_no_token() {
    let system = crate::system();
    let (status, body) = client::wire::HttpClient::new(&system.http_url, None).unwrap().get("/health").await.unwrap();
    assert_eq!((status, &body["status"], &body["version"]), (200, &json!("ok"), &json!(env!("CARGO_PKG_VERSION"))));
    let url = format!("{}/health", system.http_url);
    let answer = reqwest::Client::builder().no_proxy().build().unwrap().head(url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()), (200, "no-store"));
    assert_eq!(answer.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn browser_connects_with_token_as_subprotocol() {
    let system = crate::system();
    let alice = system.user("alice").await;
    let mut socket = Socket::connect(&system.ws_url, Credential::Subprotocol(&alice.token)).await.unwrap();
    assert_eq!(socket.subprotocol.as_deref(), Some("chat.v1"), "and not the one with the token");
    assert_eq!(
        socket.request("ping", json!({})).await.unwrap(),
        json!({"id": "r-1", "ok": true, "data": {"pong": true}})
    );
}
