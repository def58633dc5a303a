use dev::demo::{Actor, Cast, Stage, play};
use end_to_end::System;
use serde_json::json;
use std::time::Duration;

/// The logs of the full demo contain no texts, tokens and ids, even at the lowest log level.
#[tokio::test]
async fn logs_contain_no_token_message_or_user() {
    let system = crate::start(|setup| {
        setup.parameters.insert("LogLevel".to_owned(), "DEBUG".to_owned());
    });
    let mut actors = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let user = system.user(name).await;
        actors.push(Actor { user: user.id, token: user.token });
    }
    let (http_url, ws_url) = (system.http_url.clone(), system.ws_url.clone());
    let stage = Stage { http_url, ws_url, auth_url: Some(system.auth_url.clone()), notifications: None };
    play(&stage, &Cast::new(true, actors.clone()).unwrap()).await.unwrap();

    // Errors are logged with more details: an unknown chat, and a body with an unknown field.
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let wrong = json!({"chatId": chat, "type": "text", "content": "A secret answer", "wrong": "A secret field"});
    let mut socket = bob.socket().await;
    assert_eq!(socket.request("sendMessage", wrong).await.unwrap()["ok"], false);
    alice.http.get("/chats/no-such-chat").await.unwrap();
    socket.close().await.unwrap();

    // Wait for the last line of each: a line that is logged after the answer comes a moment later.
    let all = [
        "route=\"POST /chats/{chatId}/messages\" ",
        "route=sendMessage ",
        "code=chat_not_found ",
        "code=invalid_request ",
        "route=$connect ",
        "route=$disconnect ",
        "MessagesCommitted=1",
        "PushesPosted=",
    ];
    let logs = until(&system, &all).await;
    let lines = logs.iter().filter(|line| line.contains("route=")).count();
    assert!(lines > 60, "there is a line for each request: {lines}");
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let mut secrets: Vec<String> =
        ["A secret", "Hello bob", "The train", "Welcome back", "station", "birthday", "Ally"]
            .map(str::to_owned)
            .to_vec();
    for Actor { user, token } in actors {
        secrets.extend([user, signature(&token), token]);
    }
    for user in [alice, bob] {
        secrets.extend([user.id, signature(&user.token), user.token]);
    }
    for secret in secrets {
        let leaks: Vec<_> = logs.iter().filter(|line| line.contains(&secret)).collect();
        assert!(leaks.is_empty(), "{secret}: {leaks:#?}");
    }
}

/// Waits until the logs contain all of these, and returns the logs.
async fn until(system: &System, all: &[&str]) -> Vec<String> {
    let mut logs = system.logs();
    for _ in 0..200 {
        if all.iter().all(|wanted| logs.iter().any(|line| line.contains(wanted))) {
            return logs;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        logs = system.logs();
    }
    let missing: Vec<_> = all.iter().filter(|wanted| !logs.iter().any(|line| line.contains(**wanted))).collect();
    panic!("the logs do not contain {missing:?}: {logs:#?}");
}
