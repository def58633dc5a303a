use crate::groups::{admin_changes, revs};
use crate::support::*;
use domain::ids::{ChatId, Seq};
use domain::ports::{ReadChats as _, ReadInbox as _};
use domain::use_cases::{ChangeGroupError, ChangeMessageError, ChatError, DeleteFor, PageStart, SendMessageError};
use futures_util::future::join;
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{caller, message, user};
use testkit::{Faults, MemoryStore};

async fn chat_ids(app: &TestApp, who: &str) -> Vec<ChatId> {
    app.store.chats_of(&user(who)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn removal_from_a_group_of_two_is_refused() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    assert_refused!(remove(&app, "alice", &chat, "bob").await, ChatError::Refused(ChangeGroupError::LastTwo));
    assert_refused!(remove(&app, "alice", &chat, "carol").await, ChatError::Refused(ChangeGroupError::NotAParticipant));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn group_is_closed_when_one_of_the_last_two_leaves() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    set_online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let left = remove(&app, "bob-1", &chat, "bob").await.unwrap();
    assert!(left.chat.is_none());
    let [of_alice, of_bob] = assert_pushed(&app, [("alice", "chat.updated"), ("bob-2", "chat.left")]);
    assert_eq!(of_bob["data"], json!({"by": "bob"}));
    assert_eq!((&of_alice["rev"], &of_bob["rev"]), (&json!(2), &json!(2)));
    assert_eq!(of_alice["data"]["closedAt"], "2026-01-01T00:00:05.000Z");
    assert_eq!(of_alice["data"]["participants"], json!(["alice", "bob"]), "the record of who talked to whom stays");
    assert_eq!(revs(&app, &chat).await, (2, 2));
    assert_eq!(chat_document(&app, &chat).await.participants, ids(&["alice", "bob"]));
    assert!(app.store.stored_member(&chat, &user("bob")).is_none());
    assert!(chat_ids(&app, "bob").await.is_empty());
    assert_refused!(app.get_chat(&caller("bob"), &chat).await, ChatError::NotFound);
    assert_refused!(app.list_messages(list(&chat, "bob", PageStart::Latest, 50)).await, ChatError::NotFound);
}

#[tokio::test(start_paused = true)]
async fn closed_group_can_only_be_read_and_cleaned_up() {
    let app = app();
    let chat = closed_group(&app).await;
    set_online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    let before = snapshot(&app);
    for result in admin_changes(&app, "alice", &chat).await {
        assert_refused!(result, ChatError::Refused(ChangeGroupError::ChatClosed));
    }
    assert_refused!(remove(&app, "alice", &chat, "bob").await, ChatError::Refused(ChangeGroupError::ChatClosed));
    assert_refused!(
        app.send_message(message(&chat, "alice", "m", "Hello")).await,
        ChatError::Refused(SendMessageError::ChatClosed)
    );
    assert_refused!(edit(&app, "alice", &chat, 1, "Other").await, ChatError::Refused(ChangeMessageError::ChatClosed));
    assert_refused!(react(&app, "alice", &chat, 1, &["👍"]).await, ChatError::Refused(ChangeMessageError::ChatClosed));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);

    assert_eq!(visible_seqs(&app, "alice", &chat).await, [1, 2, 3]);
    assert_eq!(app.get_chat(&caller("alice"), &chat).await.unwrap().members.len(), 1);
    delete(&app, "alice-1", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_pushed(&app, [("alice-2", "message.updated")]);
    delete(&app, "alice-1", &chat, 2, DeleteFor::Me).await.unwrap();
    assert_pushed(&app, [("alice-2", "message.updated")]);
    assert_eq!(visible_seqs(&app, "alice", &chat).await, [1, 3]);
    clear(&app, "alice-1", &chat).await;
    assert_pushed(&app, [("alice-2", "chat.updated")]);
    assert!(visible_seqs(&app, "alice", &chat).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn receipt_in_a_closed_group_goes_to_own_devices_only() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    remove(&app, "alice", &chat, "alice").await.unwrap();
    set_online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let seen = app.mark_seen(mark(&chat, "bob-1", 2)).await.unwrap();
    assert_eq!((seen.read_seq, seen.unread_count), (Seq(2), 1));
    assert_pushed(&app, [("bob-2", "receipt.updated")]);
    assert_refused!(app.mark_seen(mark(&chat, "alice", 1)).await, ChatError::NotFound);
}

#[tokio::test(start_paused = true)]
async fn last_member_can_leave_a_closed_group() {
    let app = app();
    let chat = closed_group(&app).await;
    set_online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    let rev = head(&app, &chat).last_rev;
    let left = remove(&app, "alice-1", &chat, "alice").await.unwrap();
    assert!(left.chat.is_none());
    let [frame] = assert_pushed(&app, [("alice-2", "chat.left")]);
    assert_eq!((&frame["rev"], &frame["data"]["by"]), (&json!(rev.0 + 1), &json!("alice")));
    assert_eq!(chat_document(&app, &chat).await.participants, ids(&["alice", "bob"]));
    assert!(app.store.members(&chat).await.unwrap().is_empty());
    assert_refused!(remove(&app, "alice", &chat, "alice").await, ChatError::NotFound);
    assert_refused!(app.send_message(message(&chat, "alice", "", "Hello")).await, ChatError::NotFound);
}

#[tokio::test(start_paused = true)]
async fn last_two_members_can_leave_concurrently() {
    for seed in 0..100 {
        let faults = Faults { latency_ms: 20, conflict: 20, stale_chat: 30, ..Faults::default() };
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        remove(&app, "alice", &chat, "carol").await.unwrap();
        set_online(&app, &["alice", "bob"]).await;
        app.store.set_faults(faults);
        let (alice, bob) = join(remove(&app, "alice", &chat, "alice"), remove(&app, "bob", &chat, "bob")).await;
        assert!(alice.unwrap().chat.is_none() && bob.unwrap().chat.is_none());
        app.store.set_faults(Faults::default());
        let document = chat_document(&app, &chat).await;
        assert_eq!((document.participants, document.closed_at.is_some()), (ids(&["alice", "bob"]), true));
        assert!(app.store.members(&chat).await.unwrap().is_empty());
        assert_eq!(revs(&app, &chat).await, (3, 3), "one change for each");
        let mut frames = [app.push.take("alice"), app.push.take("bob")].concat();
        frames.retain(|frame| frame["event"] == "chat.left");
        let left: Vec<_> = frames.iter().map(|frame| frame["data"]["by"].as_str().unwrap()).collect();
        assert_eq!(left, ["alice", "bob"], "each gets the event of their own leaving");
    }
}
