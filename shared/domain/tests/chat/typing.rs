use crate::support::{add, app, by, closed, group_of, online, private, pushed, refused};
use domain::event::TypingState;
use domain::ids::{ChatId, UserId};
use domain::use_cases::{ChatError, SendTyping, SendTypingError};
use testkit::fixtures::user;

fn typing(who: &str, chat: &ChatId, state: TypingState) -> SendTyping {
    SendTyping { caller: by(who), chat: chat.clone(), state }
}

#[tokio::test(start_paused = true)]
async fn the_other_one_is_told_on_every_device_and_oneself_on_none() {
    let app = app();
    let chat = private(&app).await;
    online(&app, &["alice-1", "alice-2", "bob-1", "bob-2", "eve"]).await;
    app.send_typing(typing("alice-1", &chat, TypingState::Start)).await.unwrap();
    pushed(&app, [("bob-1", "typing"), ("bob-2", "typing")]);
    refused!(app.send_typing(typing("eve", &chat, TypingState::Start)).await, ChatError::NotFound);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_are_told_and_more_are_not() {
    let app = app();
    let names: Vec<UserId> = (0..80).map(|n| user(&format!("u{n}"))).collect();
    let chat = group_of(&app, &names).await;
    let more: Vec<String> = (80..100).map(|n| format!("u{n}")).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    add(&app, "u0", &chat, &more).await.unwrap();
    online(&app, &["u0", "u99"]).await;
    app.send_typing(typing("u0", &chat, TypingState::Stop)).await.unwrap();
    pushed(&app, [("u99", "typing")]);
    add(&app, "u0", &chat, &["one-too-many"]).await.unwrap();
    pushed(&app, [("u0", "chat.updated"), ("u99", "chat.updated")]);
    app.send_typing(typing("u0", &chat, TypingState::Start)).await.unwrap();
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn nobody_types_in_a_closed_chat() {
    let app = app();
    let chat = closed(&app).await;
    refused!(
        app.send_typing(typing("alice", &chat, TypingState::Start)).await,
        ChatError::Refused(SendTypingError::ChatClosed)
    );
}
