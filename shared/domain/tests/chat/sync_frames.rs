use crate::support::*;
use crate::sync::{Client, Cursors, at, seqs, sync};
use domain::ids::ChatId;
use domain::member_settings::SettingsChange;
use domain::use_cases::{DeleteFor, UpdateMember};
use serde_json::json;
use std::time::Duration;
use testkit::TestEnv;
use testkit::fixtures::caller;

/// Private chats of alice with `chats` users, with `messages` messages of `size` bytes in each.
async fn create_chats(app: &TestApp, chats: usize, messages: usize, size: usize) -> Vec<ChatId> {
    let mut all = Vec::new();
    for n in 0..chats {
        let chat = private_chat_of(app, "alice", &format!("u{n}")).await;
        for m in 0..messages {
            send_text(app, &format!("u{n}"), &chat, &format!("{n}.{m} {}", "x".repeat(size))).await;
        }
        all.push(chat);
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    all
}

/// A group of a hundred without new messages, whose read positions take most of an answer.
async fn group_of_100(app: &TestApp) -> ChatId {
    let all: Vec<String> = (0..99).map(|n| format!("member{n:0>30}")).collect();
    let all: Vec<&str> = ["alice"].into_iter().chain(all.iter().map(String::as_str)).collect();
    let chat = group(app, &all[..90]).await;
    add(app, "alice", &chat, &all[90..]).await.unwrap();
    send_text(app, "alice", &chat, "Hello").await;
    for who in &all {
        app.mark_seen(mark(&chat, who, 1)).await.unwrap();
    }
    chat
}

#[tokio::test(start_paused = true)]
async fn sync_of_100_chats_with_large_messages_completes() {
    let app = app();
    let chats = create_chats(&app, 100, 3, 6000).await;
    for chat in &chats {
        react(&app, "alice", chat, 1, &["👍"]).await.unwrap();
    }
    let mut client = Client::with_chats(&chats);
    // 1.8 MB, about four messages in each round.
    client.catch_up(&app, "alice", 110).await;
    for (n, chat) in chats.iter().enumerate() {
        let contents = client.contents(chat);
        assert!(contents.len() == 3 && contents[2].starts_with(&format!("{n}.2 ")), "{n}");
        assert_eq!(client.messages[chat][&1]["reactions"][0]["count"], 1);
        assert_eq!(client.cursors[chat], at(3, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_unchanged_chats_fit_in_one_answer() {
    let app = app();
    let chats = create_chats(&app, 100, 1, 10).await;
    for chat in &chats {
        let mute = SettingsChange::mute(Some(TestEnv::START.plus(Duration::from_secs(3600))));
        app.update_member(UpdateMember { caller: caller("alice"), chat: chat.clone(), change: mute }).await.unwrap();
    }
    let cursors = chats.iter().map(|chat| (chat.clone(), at(1, 0))).collect();
    let answer = sync(&app, "alice", &cursors, &[]).await;
    assert_eq!((answer["chats"].as_array().unwrap().len(), &answer["limited"]), (100, &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn open_chats_come_first_then_the_newest() {
    let app = app();
    let chats = create_chats(&app, 6, 1, 10).await;
    let cursors: Cursors = chats.iter().map(|chat| (chat.clone(), at(0, 0))).collect();
    let answer = sync(&app, "alice", &cursors, &[&chats[1], &chats[3]]).await;
    let order: Vec<_> = answer["chats"].as_array().unwrap().iter().map(|part| part["chatId"].clone()).collect();
    assert_eq!(order, [3, 1, 5, 4, 2, 0].map(|n| json!(chats[n].as_str())));
}

#[tokio::test(start_paused = true)]
async fn largest_messages_come_one_per_round() {
    let app = app();
    let chats = create_chats(&app, 3, 2, 24_500).await;
    let mut client = Client { open: chats.clone(), ..Client::with_chats(&chats) };
    client.catch_up(&app, "alice", 7).await;
    assert!(chats.iter().all(|chat| client.contents(chat).len() == 2));
}

#[tokio::test(start_paused = true)]
async fn reactions_of_the_largest_message_are_cut_to_fit() {
    let app = app();
    let all: Vec<String> = (0..50).map(|n| format!("{n:0>128}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all).await;
    send_text(&app, all[1], &chat, &"x".repeat(24_500)).await;
    for who in &all {
        react(&app, who, &chat, 1, &["👍", "🎉", "😀", "👀"]).await.unwrap();
    }
    let mute = SettingsChange::mute(Some(TestEnv::START.plus(Duration::from_secs(60))));
    app.update_member(UpdateMember { caller: caller(all[0]), chat: chat.clone(), change: mute }).await.unwrap();
    for seq in [0, 1] {
        let mut client =
            Client { cursors: [(chat.clone(), at(seq, 0))].into(), open: vec![chat.clone()], ..Client::default() };
        client.catch_up(&app, all[0], 1).await;
        let message = &client.messages[&chat][&1];
        assert_eq!(message["content"].as_str().unwrap().len(), 24_500, "the content is not cut");
        assert_eq!(
            (&message["reactions"][0]["count"], &message["reactions"][0]["userIdsLimited"]),
            (&json!(50), &json!(true))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn large_message_fits_next_to_many_gone_chats() {
    let app = app();
    let chats = create_chats(&app, 1, 2, 24_000).await;
    let mut client = Client::with_chats(&chats);
    for n in 0..99 {
        client.cursors.insert(ChatId::parse(format!("{n:0>64}")).unwrap(), at(0, 0));
    }
    client.catch_up(&app, "alice", 4).await;
    assert_eq!(client.contents(&chats[0]).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn large_message_fits_next_to_many_changes_of_others() {
    let app = app();
    let mut chats = create_chats(&app, 1, 1, 24_000).await;
    for n in 0..60 {
        tokio::time::advance(Duration::from_millis(1)).await;
        let chat = private_chat_of(&app, "alice", &format!("v{n}")).await;
        send_text(&app, "alice", &chat, "Hello").await;
        delete(&app, &format!("v{n}"), &chat, 1, DeleteFor::Me).await.unwrap();
        chats.push(chat);
    }
    let mut client = Client::with_chats(&chats);
    for chat in &chats[1..] {
        client.cursors.insert(chat.clone(), at(1, 0));
    }
    client.catch_up(&app, "alice", 4).await;
    assert_eq!(client.contents(&chats[0]).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn large_message_fits_next_to_an_open_chat() {
    let app = app();
    let open = group_of_100(&app).await;
    let chats = create_chats(&app, 1, 2, 24_000).await;
    let mut client = Client { open: vec![open.clone()], ..Client::with_chats(&chats) };
    client.cursors.insert(open, at(1, 1));
    client.catch_up(&app, "alice", 4).await;
    assert_eq!(client.contents(&chats[0]).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn read_positions_do_not_displace_other_chats() {
    let app = app();
    let open = group_of_100(&app).await;
    let chats = create_chats(&app, 99, 1, 10).await;
    let mut client = Client { open: vec![open.clone()], ..Client::with_chats(&chats) };
    client.cursors.insert(open.clone(), at(1, 1));
    client.catch_up(&app, "alice", 4).await;
    assert!(chats.iter().all(|chat| client.cursors[chat] == at(1, 0)));
    let alone = sync(&app, "alice", &[(open.clone(), at(1, 1))].into(), &[&open]).await;
    assert_eq!(alone["chats"][0]["members"].as_array().unwrap().len(), 100, "they fit without other chats");
}

#[tokio::test(start_paused = true)]
async fn read_positions_that_do_not_fit_are_left_out() {
    let app = app();
    let all: Vec<String> = (0..90).map(|n| format!("{n:0>128}")).collect();
    let chat = group(&app, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    send_text(&app, &all[1], &chat, &"x".repeat(10_000)).await;
    let answer = sync(&app, &all[0], &[(chat.clone(), at(0, 0))].into(), &[&chat]).await;
    let part = &answer["chats"][0];
    assert!(part.get("members").is_none());
    assert_eq!(
        (seqs(&part["messages"]), &part["membersLimited"], &answer["limited"]),
        (vec![1], &json!(true), &json!(false))
    );
    let answer = sync(&app, &all[0], &[(chat.clone(), at(1, 0))].into(), &[&chat]).await;
    assert_eq!(answer["chats"][0]["members"].as_array().unwrap().len(), 90, "they fit without new messages");
}
