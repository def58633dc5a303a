use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;

/// The log line of a request has its cost, equal to the budgets, and the outcome of its pushes.
#[tokio::test]
async fn log_line_of_a_request_has_outcome_and_cost() {
    let system = crate::start(|_| {});
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let (_at_alice, mut at_bob) = (alice.socket().await, bob.socket().await);
    let body = json!({"type": "text", "content": "Hello", "clientMessageId": "m-1"});
    let path = format!("/chats/{chat}/messages");
    assert_eq!(alice.http.post(&path, &body).await.unwrap().0, 201);
    at_bob.event("message.created").await.unwrap();
    let read_units = if system.redis.is_some() { "ReadUnits=2.5" } else { "ReadUnits=3.5" };
    let user = domain::ids::UserId::parse(alice.id.clone()).unwrap().hashed();
    let (chat_id, user) = (format!("chatId={chat} "), format!("user={user} "));
    let wanted = [
        &chat_id,
        &user,
        "status=201 ",
        "ms=",
        "MessagesCommitted=1 ",
        "PushesPosted=2 ",
        "FanOutMs=",
        "WriteUnits=8.0",
        read_units,
    ];
    let line = line_of(&system, "status=201 ", "messages\"").await;
    for part in wanted {
        assert!(format!("{line} ").contains(part), "{part}: {line}");
    }
    for name in ["Conflicts", "ServerErrors", "RateLimited"] {
        assert!(!line.contains(name), "{name}: {line}");
    }

    // A retry stores nothing.
    assert_eq!(alice.http.post(&path, &body).await.unwrap().0, 200);
    let line = line_of(&system, "status=200 ", "messages\"").await;
    assert!(!line.contains("MessagesCommitted") && line.contains("PushesPosted=2 "), "{line}");

    // A request that loses a conflict retries, and the line counts it.
    let sends = (0..24).map(|n| {
        let body = json!({"type": "text", "content": "Now!", "clientMessageId": format!("rush-{n}")});
        let (alice, path) = (alice.clone(), path.clone());
        async move { alice.http.post(&path, &body).await.unwrap().0 }
    });
    assert!(join_all(sends).await.into_iter().all(|status| status == 201));
    let line = line_of(&system, "Conflicts=", "messages\"").await;
    assert!(line.contains("MessagesCommitted=1 "), "{line}");
}

/// A refusal with 429 is counted, so that an alarm can watch it.
#[tokio::test]
async fn refusal_with_429_is_counted() {
    let system = crate::start(|setup| {
        for name in ["SendBurst", "SendPerSecond"] {
            setup.parameters.insert(name.to_owned(), "1".to_owned());
        }
    });
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let send = async || {
        let body = json!({"type": "text", "content": "Hello"});
        alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap().0
    };
    let mut statuses = Vec::new();
    while !statuses.contains(&429) {
        statuses.push(send().await);
        assert!(statuses.len() <= 100, "{statuses:?}");
    }
    let line = line_of(&system, "status=429 ", "messages\"").await;
    assert!(line.contains("RateLimited=1 ") && !line.contains("ServerErrors"), "{line}");
}

/// Waits for the first line that contains both texts.
async fn line_of(system: &end_to_end::System, one: &str, other: &str) -> String {
    for _ in 0..200 {
        if let Some(line) = system.logs().into_iter().find(|line| line.contains(one) && line.contains(other)) {
            return line;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no line contains {one} and {other}: {:#?}", system.logs());
}
