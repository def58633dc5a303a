//! Custom data over both APIs.

use end_to_end::{User, assert_problem, seed};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use testkit::ops::Ops;

/// Chats, senders and messages of each sender in each chat: 1,000 objects, each sender within their budget of 50.
const CHATS: usize = 10;
const SENDERS: usize = 4;
const MESSAGES: usize = 25;

/// A random text of up to 12 characters, with those that JSON and DynamoDB treat in a special way.
fn text(ops: &Ops) -> String {
    const CHARS: [char; 14] =
        ['a', 'Z', '0', ' ', '"', '\\', '/', '\0', '\n', '\u{7f}', 'é', '\u{2028}', '\u{fb33}', '\u{1f600}'];
    (0..ops.below(12)).map(|_| CHARS[ops.below(14) as usize]).collect()
}

fn number(ops: &Ops) -> Value {
    const SPECIAL: [&str; 8] =
        ["0", "-0", "1.0", "9007199254740991", "-9007199254740991", "5e-324", "0.30000000000000004", "1E2"];
    match ops.below(4) {
        0 => serde_json::from_str(SPECIAL[ops.below(8) as usize]).unwrap(),
        1 => json!(ops.below(1 << 53) as i64 - (1 << 52)),
        // Any double that is in the range.
        _ => loop {
            let number = f64::from_bits(ops.below(u64::MAX));
            if number.is_finite() && number.abs() <= 9_007_199_254_740_991.0 {
                return json!(number);
            }
        },
    }
}

/// A random value of at most so many levels.
fn value(ops: &Ops, levels: u64) -> Value {
    match ops.below(if levels == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(ops.percent(50)),
        2 => json!(text(ops)),
        3 | 4 => number(ops),
        5 => (0..ops.below(4)).map(|_| value(ops, levels - 1)).collect(),
        _ => Value::Object(members(ops, levels - 1, ops.below(4))),
    }
}

fn members(ops: &Ops, levels: u64, count: u64) -> Map<String, Value> {
    (0..count).map(|n| (format!("{}{n}", text(ops)), value(ops, levels))).collect()
}

/// Whether two values of JSON are equal: 1.0 is 1.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| is_same(one, other)))
        }
        _ => one == other,
    }
}

#[track_caller]
fn assert_same(messages: &[Value], sent: &Map<String, Value>) {
    assert_eq!(messages.len(), sent.len());
    for message in messages {
        let object = &sent[message["content"].as_str().unwrap()];
        assert!(is_same(&message["custom"], object), "{}\nis not\n{object}", message["custom"]);
    }
}

fn take_messages(list: &Value) -> Vec<Value> {
    list.as_array().unwrap().clone()
}

/// What a sync over a socket or over HTTP brings, from the beginning of the chat.
async fn synced(user: &User, chat: &str, over_socket: bool) -> Vec<Value> {
    let mut socket = user.socket().await;
    let (mut cursor, mut messages) = (json!({"seq": 0, "rev": 0}), Vec::new());
    loop {
        let request = json!({"cursors": {chat: cursor}});
        let answer = match over_socket {
            true => socket.request("sync", request).await.unwrap()["data"].clone(),
            false => user.http.post("/sync", &request).await.unwrap().1,
        };
        let part = &answer["chats"][0];
        messages.extend(take_messages(&part["messages"]));
        cursor = part["cursor"].clone();
        if answer["limited"] == false {
            return messages;
        }
    }
}

async fn listed(user: &User, chat: &str, over_socket: bool) -> Vec<Value> {
    let mut socket = user.socket().await;
    let (mut after, mut messages) = (0, Vec::new());
    loop {
        let page = match over_socket {
            true => {
                let fields = json!({"chatId": chat, "after": after, "limit": 100});
                socket.request("listMessages", fields).await.unwrap()["data"].clone()
            }
            false => user.http.get(&format!("/chats/{chat}/messages?after={after}&limit=100")).await.unwrap().1,
        };
        messages.extend(take_messages(&page["messages"]));
        after = page["range"]["to"].as_u64().unwrap();
        if page["hasMoreAfter"] == false {
            return messages;
        }
    }
}

/// Sends random objects, half of them over each API, and reads them in every way.
async fn play_chat(ops: &Ops, senders: &[User]) {
    let reader = crate::system().user("reader").await;
    let others: Vec<_> = senders[1..].iter().chain([&reader]).collect();
    let chat = senders[0].group(&others).await;
    let mut listener = reader.socket().await;
    let mut sent = Map::new();
    for (index, user) in senders.iter().enumerate() {
        let mut socket = user.socket().await;
        for n in 0..MESSAGES {
            let name = format!("{index}-{n}");
            let object = Value::Object(members(ops, 6, 1 + ops.below(4)));
            let body = json!({"type": "text", "content": name, "custom": object});
            let answer = if n % 2 == 0 {
                let (status, answer) = user.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
                assert_eq!(status, 201, "{answer}\n{object}");
                answer
            } else {
                let mut frame = body;
                frame["chatId"] = json!(chat);
                socket.request("sendMessage", frame).await.unwrap()["data"].clone()
            };
            assert!(is_same(&answer["message"]["custom"], &object), "{answer}\n{object}");
            sent.insert(name, object);
        }
    }
    let mut pushed = Vec::new();
    while pushed.len() < sent.len() {
        pushed.push(listener.event("message.created").await.unwrap()["data"].clone());
    }
    assert_same(&pushed, &sent);
    for over_socket in [false, true] {
        assert_same(&listed(&reader, &chat, over_socket).await, &sent);
        assert_same(&synced(&reader, &chat, over_socket).await, &sent);
    }
}

#[tokio::test]
async fn a_thousand_random_objects_come_back_equal() {
    assert_eq!(CHATS * SENDERS * MESSAGES, 1000);
    let (system, seed) = (crate::system(), seed());
    println!("LAMBDA_CHAT_SEED={seed}");
    let mut senders = Vec::new();
    for n in 0..SENDERS {
        senders.push(system.user(&format!("sender{n}")).await);
    }
    let ops: Vec<_> = (0..CHATS).map(|n| Ops::new(seed.wrapping_add(n as u64), &["nobody"])).collect();
    join_all(ops.iter().map(|ops| play_chat(ops, &senders))).await;
}

#[tokio::test]
async fn invalid_custom_data_is_refused_with_the_field_on_both_apis() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let mut socket = alice.socket().await;
    let path = format!("/chats/{chat}/messages");
    let largest = "x".repeat(2048 - r#"{"a":""}"#.len());
    let body = json!({"type": "text", "content": "x", "custom": {"a": largest}});
    assert_eq!(alice.http.post(&path, &body).await.unwrap().0, 201);
    for (custom, code) in [
        (json!({"a": format!("{largest}x")}), "content_too_large"),
        (json!({"a": [[[[[[[[1]]]]]]]]}), "invalid_request"),
        (json!({"a": 9_007_199_254_740_992_u64}), "invalid_request"),
        (json!({"a": -1e300}), "invalid_request"),
        (json!([]), "invalid_request"),
        (json!("{}"), "invalid_request"),
        (json!(false), "invalid_request"),
    ] {
        let body = json!({"type": "text", "content": "x", "custom": custom});
        let (_, problem) = alice.http.post(&path, &body).await.unwrap();
        assert_problem(&problem, 400, code, Some("custom"));
        let (_, problem) = alice.http.patch(&format!("{path}/1"), &json!({"custom": custom})).await.unwrap();
        assert_problem(&problem, 400, code, Some("custom"));
        let mut frame = body;
        frame["chatId"] = json!(chat);
        let reply = socket.request("sendMessage", frame).await.unwrap();
        assert_problem(&reply["error"], 400, code, Some("custom"));
    }
    // Of groups and users.
    let carol = system.user("carol").await;
    let group = format!("/chats/{}", alice.group(&[&bob, &carol]).await);
    let too_large = json!({"custom": {"a": format!("{largest}x")}, "topic": "x"});
    let (_, problem) = alice.http.patch(&group, &too_large).await.unwrap();
    assert_problem(&problem, 400, "content_too_large", Some("custom"));
    let new = json!({"participants": [bob.id, carol.id], "isGroup": true, "name": "x", "custom": {"a": format!("{largest}x")}});
    let (_, problem) = alice.http.post("/chats", &new).await.unwrap();
    assert_problem(&problem, 400, "content_too_large", Some("custom"));
    let reply = socket.request("createChat", new).await.unwrap();
    assert_problem(&reply["error"], 400, "content_too_large", Some("custom"));
    let new = json!({"participants": [bob.id], "isGroup": false, "topic": "x", "custom": {"a": 1}});
    let (_, problem) = alice.http.post("/chats", &new).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("topic"));
    assert_problem(&problem, 400, "invalid_request", Some("custom"));
    let (_, problem) = alice.http.patch("/me", &json!({"custom": {"a": "x".repeat(505)}})).await.unwrap();
    assert_problem(&problem, 400, "content_too_large", Some("custom"));
    let (status, me) = alice.http.patch("/me", &json!({"custom": {"a": "x".repeat(504)}})).await.unwrap();
    assert_eq!((status, me["user"]["custom"].to_string().len()), (200, 512));
    let (status, changed) = alice.http.patch(&group, &json!({"custom": {"a": largest}, "topic": "Why"})).await.unwrap();
    assert_eq!((status, &changed["chat"]["topic"]), (200, &json!("Why")));
    let (_, problem) = alice.http.patch(&format!("{path}/1"), &json!({})).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("content"));
    let (_, page) = alice.http.get(&path).await.unwrap();
    assert_eq!((&page["seq"], &page["rev"]), (&json!(1), &json!(0)), "nothing else was stored");
}
