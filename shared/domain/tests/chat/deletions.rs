use crate::support::*;
use domain::ids::Seq;
use domain::message::Body;
use domain::use_cases::{ChangeMessageError, ChatError, DeleteFor, SendMessage};
use futures_util::future::join;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::fixtures::{message, user};
use testkit::{Faults, MemoryStore};

#[tokio::test(start_paused = true)]
async fn tombstone_keeps_its_seq_and_no_content() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 1).await;
    let sent =
        SendMessage { reply_to: Some(Seq(1)), mentions: ids(&["bob"]), ..message(&chat, "alice", "m-1", "A secret") };
    app.send_message(sent).await.unwrap();
    react(&app, "bob", &chat, 2, &["👍"]).await.unwrap();
    edit(&app, "alice", &chat, 2, "A worse secret").await.unwrap();
    app.mark_seen(mark(&chat, "bob", 2)).await.unwrap();
    set_online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    tokio::time::advance(Duration::from_secs(24 * 60 * 60)).await;
    set_online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    let deleted = delete(&app, "alice-1", &chat, 2, DeleteFor::Everyone).await.unwrap();
    let shown = json(&deleted.message);
    assert_eq!(
        shown,
        json!({
            "messageId": format!("{chat}:2"), "chatId": chat.as_str(), "seq": 2, "senderId": "alice", "type": "text",
            "content": "", "seenBy": ["alice", "bob"], "deletedFor": [], "rev": 3, "clientMessageId": "m-1",
            "createdAt": "2026-01-01T00:00:00.000Z", "deletedAt": "2026-01-02T00:00:00.000Z", "deletedBy": "alice",
        })
    );
    for frame in assert_pushed(&app, ["alice-2", "bob", "carol"].map(|name| (name, "message.updated"))) {
        assert_eq!((&frame["seq"], &frame["rev"], &frame["data"]), (&json!(2), &json!(3), &shown));
    }
    assert_eq!(visible_seqs(&app, "carol", &chat).await, [1, 2], "it keeps its seq");
    assert_eq!(message_in_page(&app, "bob", &chat, 2).await, shown);
    let stored = stored_messages(&app, &chat);
    for deleted in ["secret", "👍"] {
        assert!(!stored.contains(deleted), "{deleted}: {stored}");
    }
    assert_eq!(pointers(&app, &chat).await.last(), Some(&(3, 2, None)));
}

#[tokio::test(start_paused = true)]
async fn only_sender_and_admins_delete_for_everyone() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    for _ in 0..3 {
        send_text(&app, "bob", &chat, "Hello").await;
    }
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    assert_refused!(
        delete(&app, "carol", &chat, 1, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::NotAnAdmin)
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    for (seq, who) in [(1, "alice"), (2, "bob")] {
        let deleted = delete(&app, who, &chat, seq, DeleteFor::Everyone).await.unwrap();
        assert_eq!(
            (&json(&deleted.message)["deletedBy"], &json(&deleted.message)["senderId"]),
            (&json!(who), &json!("bob"))
        );
        for frame in assert_pushed(&app, TEAM.map(|name| (name, "message.updated"))) {
            assert_eq!(frame["data"]["deletedBy"], who);
        }
    }
    set_admin(&app, "alice", &chat, "carol", true).await.unwrap();
    set_admin(&app, "alice", &chat, "alice", false).await.unwrap();
    assert_refused!(
        delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::NotAnAdmin)
    );
    delete(&app, "carol", &chat, 3, DeleteFor::Everyone).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn in_a_private_chat_only_the_sender_deletes_for_everyone() {
    let app = app();
    let chat = private_chat(&app).await;
    send_text(&app, "bob", &chat, "Hello").await;
    set_online(&app, &["alice", "bob"]).await;
    assert_refused!(
        delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::NotAnAdmin)
    );
    assert_pushed(&app, []);
    delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_pushed(&app, [("alice", "message.updated"), ("bob", "message.updated")]);
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_does_not_change() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    send_text(&app, "bob", &chat, "Hello").await;
    delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await.unwrap();
    set_online(&app, &TEAM).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let before = snapshot(&app);
    for who in ["bob", "alice"] {
        let again = delete(&app, who, &chat, 1, DeleteFor::Everyone).await.unwrap();
        assert_eq!(
            (&json(&again.message)["deletedBy"], again.pushed.posted),
            (&json!("bob"), 0),
            "a repeat changes nothing"
        );
        assert_refused!(
            react(&app, who, &chat, 1, &["👍"]).await,
            ChatError::Refused(ChangeMessageError::MessageNotFound)
        );
    }
    assert_refused!(
        edit(&app, "bob", &chat, 1, "Hello").await,
        ChatError::Refused(ChangeMessageError::MessageNotFound)
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap();
    assert!(visible_seqs(&app, "carol", &chat).await.is_empty(), "a tombstone can be deleted for oneself");
}

#[tokio::test(start_paused = true)]
async fn edit_and_reaction_never_undo_a_deletion() {
    let mut late = 0;
    for seed in 0..200 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        send_text(&app, "bob", &chat, "A secret").await;
        set_online(&app, &["carol"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 20, ..Faults::default() });
        let changes = join(edit(&app, "bob", &chat, 1, "Another secret"), react(&app, "carol", &chat, 1, &["👍"]));
        let ((edited, reacted), deleted) = join(changes, delete(&app, "alice", &chat, 1, DeleteFor::Everyone)).await;
        let deleted = json(&deleted.unwrap().message)["rev"].as_u64().unwrap();
        for result in [edited, reacted] {
            match result {
                Ok(changed) => assert!(changed.message.rev().0 < deleted, "{seed}"),
                Err(ChatError::Refused(ChangeMessageError::MessageNotFound)) => late += 1,
                Err(error) => panic!("{seed}: {error:?}"),
            }
        }
        let stored = app.store.stored_messages(&chat);
        assert!(matches!(stored[0].body, Body::Deleted { .. }), "{seed}: {stored:?}");
        assert!(!format!("{stored:?}").contains("secret"), "{seed}");
        assert_eq!(pointers(&app, &chat).await.len() as u64, head(&app, &chat).last_rev.0);
        let mut frames = app.push.take("carol");
        frames.sort_by_key(|frame| frame["rev"].as_u64());
        assert_eq!(frames.last().unwrap()["data"]["deletedBy"], "alice", "{seed}: the deletion has the highest rev");
    }
    assert!((50..350).contains(&late), "both orders occur: {late}");
}

#[tokio::test(start_paused = true)]
async fn deletion_for_oneself_is_invisible_to_others() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
    set_online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let deleted = delete(&app, "bob-1", &chat, 1, DeleteFor::Me).await.unwrap();
    let shown = json(&deleted.message);
    assert_eq!(
        shown,
        json!({
            "messageId": format!("{chat}:1"), "chatId": chat.as_str(), "seq": 1, "senderId": "alice", "type": "text",
            "content": "", "seenBy": [], "deletedFor": ["bob"], "rev": 1, "createdAt": "2026-01-01T00:00:00.000Z",
        })
    );
    let [frame] = assert_pushed(&app, [("bob-2", "message.updated")]);
    assert_eq!((&frame["seq"], &frame["rev"], &frame["data"]), (&json!(1), &json!(1), &shown));
    assert_eq!(pointers(&app, &chat).await, [(1, 1, Some(user("bob")))]);
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [2]);
    for who in ["alice", "carol"] {
        assert_eq!(visible_seqs(&app, who, &chat).await, [1, 2]);
        let seen = message_in_page(&app, who, &chat, 1).await;
        assert_eq!((&seen["content"], &seen["deletedFor"], &seen["rev"]), (&json!("Message 1"), &json!([]), &json!(0)));
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_for_oneself_twice_changes_nothing() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    let first = delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    set_online(&app, &["alice", "bob-1", "bob-2"]).await;
    let before = snapshot(&app);
    let again = delete(&app, "bob-1", &chat, 1, DeleteFor::Me).await.unwrap();
    assert_eq!((again.message, again.pushed.posted), (first.message, 0));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn deleted_for_shows_only_the_reader() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 1).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    set_online(&app, &["carol"]).await;
    let second = json(&delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap().message);
    assert_eq!(second["deletedFor"], json!(["carol"]));
    assert_eq!(assert_pushed(&app, [("carol", "message.updated")])[0]["data"], second);
    set_online(&app, &["alice-1", "alice-2", "bob"]).await;
    for changed in [
        react(&app, "alice-1", &chat, 1, &["👍"]).await,
        edit(&app, "alice-1", &chat, 1, "Other").await,
        delete(&app, "alice-1", &chat, 1, DeleteFor::Everyone).await,
    ] {
        assert_eq!(json(&changed.unwrap().message)["deletedFor"], json!([]));
    }
    let frames: Vec<Value> = app.push.take("alice-2");
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[0]["data"], json!({"userId": "alice", "emojis": ["👍"]}));
    assert!(frames[1..].iter().all(|frame| frame["data"]["deletedFor"] == json!([])));
    assert_pushed(&app, []);
    assert_eq!(app.store.stored_messages(&chat)[0].deleted_for, ids(&["bob", "carol"]), "the store has both");
}

#[tokio::test(start_paused = true)]
async fn changes_are_not_pushed_to_users_who_deleted_or_cleared_the_message() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    fill(&app, &chat, 1).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    clear(&app, "carol", &chat).await;
    set_online(&app, &["alice", "bob", "carol", "dave"]).await;
    let recipients = [("alice", "message.updated"), ("dave", "message.updated")];
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    assert_pushed(&app, recipients);
    react(&app, "dave", &chat, 1, &["👍"]).await.unwrap();
    assert_pushed(&app, [("alice", "reaction.updated"), ("dave", "reaction.updated")]);
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_pushed(&app, recipients);
}
