use crate::support::*;
use domain::event::TypingState;
use domain::ids::{ChatId, UserId};
use domain::use_cases::{ChatError, SendTyping, SendTypingError};
use testkit::fixtures::user;

fn typing(who: &str, chat: &ChatId, state: TypingState) -> SendTyping {
    SendTyping { caller: by(who), chat: chat.clone(), state }
}

#[tokio::test(start_paused = true)]
async fn typing_is_pushed_to_all_devices_of_the_peer_only() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["alice-1", "alice-2", "bob-1", "bob-2", "eve"]).await;
    app.send_typing(typing("alice-1", &chat, TypingState::Start)).await.unwrap();
    assert_pushed(&app, [("bob-1", "typing"), ("bob-2", "typing")]);
    assert_refused!(app.send_typing(typing("eve", &chat, TypingState::Start)).await, ChatError::NotFound);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn typing_is_pushed_in_chats_of_at_most_100() {
    let app = app();
    let names: Vec<UserId> = (0..80).map(|n| user(&format!("u{n}"))).collect();
    let chat = group_of(&app, &names).await;
    let more: Vec<String> = (80..100).map(|n| format!("u{n}")).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    add(&app, "u0", &chat, &more).await.unwrap();
    set_online(&app, &["u0", "u99"]).await;
    app.send_typing(typing("u0", &chat, TypingState::Stop)).await.unwrap();
    assert_pushed(&app, [("u99", "typing")]);
    add(&app, "u0", &chat, &["one-too-many"]).await.unwrap();
    assert_pushed(&app, [("u0", "chat.updated"), ("u99", "chat.updated")]);
    app.send_typing(typing("u0", &chat, TypingState::Start)).await.unwrap();
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn typing_in_a_closed_chat_is_refused() {
    let app = app();
    let chat = closed_group(&app).await;
    assert_refused!(
        app.send_typing(typing("alice", &chat, TypingState::Start)).await,
        ChatError::Refused(SendTypingError::ChatClosed)
    );
}
