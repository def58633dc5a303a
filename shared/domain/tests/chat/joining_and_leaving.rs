use crate::support::*;
use domain::budget::BudgetRate;
use domain::ids::Seq;
use domain::use_cases::{ChangeGroupError, ChangeMessageError, ChatError, DeleteFor, SendMessage, SendMessageError};
use futures_util::future::{join, join_all};
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{caller, message, user};
use testkit::{Faults, MemoryStore};

#[tokio::test(start_paused = true)]
async fn removing_a_non_participant_changes_nothing() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    assert_refused!(remove(&app, "alice", &chat, "eve").await, ChatError::Refused(ChangeGroupError::NotAParticipant));
    assert_refused!(
        set_admin(&app, "alice", &chat, "eve", true).await,
        ChatError::Refused(ChangeGroupError::NotAParticipant)
    );
    assert_refused!(
        set_admin(&app, "alice", &chat, "eve", false).await,
        ChatError::Refused(ChangeGroupError::NotAParticipant)
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn new_members_see_and_count_only_later_messages() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 4).await;
    set_online(&app, &["dave-1", "dave-2"]).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let created = assert_pushed(&app, [("dave-1", "chat.created"), ("dave-2", "chat.created")]);
    for frame in &created {
        let chat = &frame["data"];
        assert_eq!((&chat["floor"], &chat["seq"], &chat["rev"]), (&json!(4), &json!(4), &json!(1)));
        assert_eq!(chat.get("lastMessageId"), None);
    }
    assert!(visible_seqs(&app, "dave", &chat).await.is_empty());
    let details = json(&app.get_chat(&caller("dave"), &chat).await.unwrap());
    assert_eq!(details["unreadCount"], 0);
    assert_eq!(details["members"][3]["joinedSeq"], 4);
    fill(&app, &chat, 2).await;
    assert_eq!(app.push.take("dave-1").len() + app.push.take("dave-2").len(), 4);
    assert_eq!(visible_seqs(&app, "dave", &chat).await, [5, 6]);
    assert_eq!(app.get_chat(&caller("dave"), &chat).await.unwrap().unread_count, 2);
    app.mark_seen(mark(&chat, "dave", 6)).await.unwrap();
    assert_eq!(message_in_page(&app, "alice", &chat, 4).await["seenBy"], json!(["alice"]));
    assert_eq!(message_in_page(&app, "alice", &chat, 5).await["seenBy"], json!(["alice", "dave"]));
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [1, 2, 3, 4, 5, 6], "the others still see all");
}

#[tokio::test(start_paused = true)]
async fn new_members_cannot_change_earlier_messages() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    set_admin(&app, "alice", &chat, "dave", true).await.unwrap();
    set_online(&app, &["alice", "bob", "carol", "dave"]).await;
    let before = snapshot(&app);
    let reply = SendMessage { reply_to: Some(Seq(2)), ..message(&chat, "dave", "", "Re") };
    assert_refused!(app.send_message(reply).await, ChatError::Refused(SendMessageError::InvalidReplyTo));
    assert_refused!(
        edit(&app, "dave", &chat, 2, "Other").await,
        ChatError::Refused(ChangeMessageError::MessageNotFound)
    );
    assert_refused!(
        react(&app, "dave", &chat, 2, &["👍"]).await,
        ChatError::Refused(ChangeMessageError::MessageNotFound)
    );
    for for_whom in [DeleteFor::Me, DeleteFor::Everyone] {
        assert_refused!(
            delete(&app, "dave", &chat, 2, for_whom).await,
            ChatError::Refused(ChangeMessageError::MessageNotFound)
        );
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn new_members_get_no_events_of_earlier_messages() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    set_online(&app, &["bob", "carol", "dave"]).await;
    let both = [("bob", "message.updated"), ("carol", "message.updated")];
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    assert_pushed(&app, both);
    react(&app, "alice", &chat, 2, &["👍"]).await.unwrap();
    assert_pushed(&app, [("bob", "reaction.updated"), ("carol", "reaction.updated")]);
    delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await.unwrap();
    assert_pushed(&app, both);
    send_text(&app, "alice", &chat, "New").await;
    discard_pushes(&app, &["bob", "carol", "dave"]);
    edit(&app, "alice", &chat, 4, "Newer").await.unwrap();
    assert_pushed(&app, [both[0], both[1], ("dave", "message.updated")]);
}

#[tokio::test(start_paused = true)]
async fn returning_members_see_only_later_messages() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let first = message(&chat, "bob", "m-1", "A secret");
    app.send_message(first.clone()).await.unwrap();
    app.mark_seen(mark(&chat, "carol", 1)).await.unwrap();
    remove(&app, "alice", &chat, "bob").await.unwrap();
    assert_refused!(app.send_message(first.clone()).await, ChatError::NotFound);
    fill(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["bob"]).await.unwrap();
    assert!(visible_seqs(&app, "bob", &chat).await.is_empty());
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 0);
    fill(&app, &chat, 1).await;
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [4]);
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 1);
    assert_refused!(
        edit(&app, "bob", &chat, 1, "Other").await,
        ChatError::Refused(ChangeMessageError::MessageNotFound)
    );

    set_online(&app, &["alice", "bob", "carol"]).await;
    let again = app.send_message(first).await.unwrap();
    let shown = json(&again.message);
    assert!(again.repeated);
    assert_eq!((&shown["seq"], &shown["content"], &shown["seenBy"]), (&json!(1), &json!(""), &json!([])));
    assert_eq!(app.store.stored_messages(&chat).len(), 4);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn removal_pushes_chat_left_and_chat_updated() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    set_online(&app, &["alice-1", "alice-2", "bob", "carol-1", "carol-2", "dave-1", "dave-2"]).await;
    let removed = remove(&app, "alice-1", &chat, "carol").await.unwrap();
    assert_eq!(json(&removed.chat)["participants"], json!(["alice", "bob", "dave"]));
    let frames = assert_pushed(
        &app,
        [
            ("carol-1", "chat.left"),
            ("carol-2", "chat.left"),
            ("alice-2", "chat.updated"),
            ("bob", "chat.updated"),
            ("dave-1", "chat.updated"),
            ("dave-2", "chat.updated"),
        ],
    );
    for frame in &frames[..2] {
        let expected = json!({"event": "chat.left", "chatId": chat.as_str(), "rev": 1, "data": {"by": "alice"}});
        assert_eq!(frame, &expected);
    }
    for frame in &frames[2..] {
        assert_eq!(frame["data"], json(&removed.chat));
    }
    let left = remove(&app, "dave-1", &chat, "dave").await.unwrap();
    assert!(left.chat.is_none());
    let frames = assert_pushed(
        &app,
        [("dave-2", "chat.left"), ("alice-1", "chat.updated"), ("alice-2", "chat.updated"), ("bob", "chat.updated")],
    );
    assert_eq!(frames[0]["data"], json!({"by": "dave"}));
}

#[tokio::test(start_paused = true)]
async fn removed_members_get_no_more_pushes() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    fill(&app, &chat, 2).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    // Eventual reads still return the group before the removal.
    app.store.set_faults(Faults { stale_chat: 100, ..Faults::default() });
    set_online(&app, &["bob", "carol"]).await;
    send_text(&app, "alice", &chat, "Without carol").await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    react(&app, "alice", &chat, 2, &["👍"]).await.unwrap();
    app.mark_seen(mark(&chat, "dave", 3)).await.unwrap();
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    rename(&app, "alice", &chat, "Crew").await.unwrap();
    let events: Vec<_> = app.push.take("bob").iter().map(|frame| frame["event"].clone()).collect();
    assert_eq!(
        events,
        [
            "message.created",
            "message.updated",
            "reaction.updated",
            "receipt.updated",
            "message.updated",
            "chat.updated"
        ]
    );
    assert_eq!(app.push.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn send_during_removal_is_stored_before_it_or_refused() {
    let mut stored = 0;
    for seed in 0..200 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        set_online(&app, &["bob", "carol"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 20, stale_chat: 30, ..Faults::default() });
        let of_bob = || app.store.stored_messages(&chat).iter().filter(|sent| sent.sender == user("bob")).count();
        let removal = async {
            tokio::time::sleep(Duration::from_millis(seed % 40)).await;
            remove(&app, "alice", &chat, "bob").await.unwrap();
            of_bob()
        };
        let send = app.send_message(message(&chat, "bob", "m-1", "Hello"));
        let (when_removed, sent) = join(removal, send).await;
        match sent {
            Ok(_) => assert_eq!(when_removed, 1, "{seed}: an acknowledged send is stored before the removal"),
            Err(ChatError::NotFound) => assert_eq!(when_removed, 0, "{seed}"),
            Err(error) => panic!("{seed}: {error:?}"),
        }
        assert_eq!(of_bob(), when_removed, "{seed}: no message of his is stored after the removal");
        stored += when_removed;
        // He gets the event of his removal, that of his own message if it is stored, and no other.
        let events: Vec<_> = app.push.take("bob").iter().map(|frame| frame["event"].clone()).collect();
        assert_eq!(events.len(), 1 + when_removed, "{seed}: {events:?}");
    }
    assert!((20..180).contains(&stored), "both orders occur: {stored}");
}

#[tokio::test(start_paused = true)]
async fn member_added_during_sends_sees_exactly_the_later_ones() {
    let mut floors = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let sending = BudgetRate::per_second(1000, 1000);
        let store = MemoryStore::with_faults(seed, Faults::default());
        let mut app = with_store(store);
        app.settings.sending = sending;
        let chat = group(&app, &TEAM).await;
        set_online(&app, &["dave"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 10, stale_chat: 30, ..Faults::default() });
        let sends = TEAM.map(|who| {
            let (app, chat) = (&app, &chat);
            async move {
                for n in 0..5 {
                    send_text(app, who, chat, &format!("{who} {n}")).await;
                }
            }
        });
        let adding = async {
            tokio::time::sleep(Duration::from_millis(seed * 3)).await;
            add(&app, "alice", &chat, &["dave"]).await.unwrap();
        };
        join(join_all(sends), adding).await;
        app.store.set_faults(Faults::default());
        let joined = app.store.stored_member(&chat, &user("dave")).unwrap().joined_seq.0;
        floors.insert(joined);
        let after: Vec<_> = (joined + 1..=15).collect();
        assert_eq!(visible_seqs(&app, "dave", &chat).await, after, "{seed}");
        assert_eq!(app.get_chat(&caller("dave"), &chat).await.unwrap().unread_count, after.len() as u64);
        let (mut received, mut floor) = (Vec::new(), None);
        for frame in app.push.take("dave") {
            match frame["event"].as_str().unwrap() {
                "message.created" => received.push(frame["seq"].as_u64().unwrap()),
                "chat.created" => floor = frame["data"]["floor"].as_u64(),
                other => panic!("{other}"),
            }
        }
        received.sort_unstable();
        assert_eq!((received, floor), (after, Some(joined)), "{seed}: he gets events of exactly those messages");
    }
    assert!(floors.len() > 5, "he joins before, between and after the sends: {floors:?}");
}
