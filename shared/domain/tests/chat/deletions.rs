use crate::support::{
    TEAM, app, clear, delete, edit, everything, filled, group, head, ids, json, mark, online, pointers, private,
    pushed, react, refused, say, set_admin, shown_in_page, stored, visible, with_store,
};
use domain::ids::Seq;
use domain::message::Body;
use domain::use_cases::{ChangeMessageError, ChatError, DeleteFor, SendMessage};
use futures_util::future::join;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::fixtures::{message, user};
use testkit::{Faults, MemoryStore};

#[tokio::test(start_paused = true)]
async fn a_tombstone_keeps_its_place_and_nothing_of_what_it_said() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    let sent =
        SendMessage { reply_to: Some(Seq(1)), mentions: ids(&["bob"]), ..message(&chat, "alice", "m-1", "A secret") };
    app.send_message(sent).await.unwrap();
    react(&app, "bob", &chat, 2, &["👍"]).await.unwrap();
    edit(&app, "alice", &chat, 2, "A worse secret").await.unwrap();
    app.mark_seen(mark(&chat, "bob", 2)).await.unwrap();
    online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    tokio::time::advance(Duration::from_secs(24 * 60 * 60)).await;
    online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
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
    for frame in pushed(&app, ["alice-2", "bob", "carol"].map(|name| (name, "message.updated"))) {
        assert_eq!((&frame["seq"], &frame["rev"], &frame["data"]), (&json!(2), &json!(3), &shown));
    }
    assert_eq!(visible(&app, "carol", &chat).await, [1, 2], "its place is kept");
    assert_eq!(shown_in_page(&app, "bob", &chat, 2).await, shown);
    let stored = stored(&app, &chat);
    for gone in ["secret", "👍"] {
        assert!(!stored.contains(gone), "{gone}: {stored}");
    }
    assert_eq!(pointers(&app, &chat).await.last(), Some(&(3, 2, None)));
}

#[tokio::test(start_paused = true)]
async fn its_sender_and_admins_delete_for_everyone_and_nobody_else() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    for _ in 0..3 {
        say(&app, "bob", &chat, "Hello").await;
    }
    online(&app, &TEAM).await;
    let before = everything(&app);
    refused!(
        delete(&app, "carol", &chat, 1, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::NotAnAdmin)
    );
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    for (seq, who) in [(1, "alice"), (2, "bob")] {
        let deleted = delete(&app, who, &chat, seq, DeleteFor::Everyone).await.unwrap();
        assert_eq!(
            (&json(&deleted.message)["deletedBy"], &json(&deleted.message)["senderId"]),
            (&json!(who), &json!("bob"))
        );
        for frame in pushed(&app, TEAM.map(|name| (name, "message.updated"))) {
            assert_eq!(frame["data"]["deletedBy"], who);
        }
    }
    set_admin(&app, "alice", &chat, "carol", true).await.unwrap();
    set_admin(&app, "alice", &chat, "alice", false).await.unwrap();
    refused!(
        delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::NotAnAdmin)
    );
    delete(&app, "carol", &chat, 3, DeleteFor::Everyone).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn in_a_private_chat_each_deletes_their_own_for_everyone() {
    let app = app();
    let chat = private(&app).await;
    say(&app, "bob", &chat, "Hello").await;
    online(&app, &["alice", "bob"]).await;
    refused!(
        delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await,
        ChatError::Refused(ChangeMessageError::NotAnAdmin)
    );
    pushed(&app, []);
    delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await.unwrap();
    pushed(&app, [("alice", "message.updated"), ("bob", "message.updated")]);
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_does_not_change() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    say(&app, "bob", &chat, "Hello").await;
    delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await.unwrap();
    online(&app, &TEAM).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let before = everything(&app);
    for who in ["bob", "alice"] {
        let again = delete(&app, who, &chat, 1, DeleteFor::Everyone).await.unwrap();
        assert_eq!((&json(&again.message)["deletedBy"], again.pushed.posted), (&json!("bob"), 0), "twice is once");
        refused!(react(&app, who, &chat, 1, &["👍"]).await, ChatError::Refused(ChangeMessageError::MessageNotFound));
    }
    refused!(edit(&app, "bob", &chat, 1, "Hello").await, ChatError::Refused(ChangeMessageError::MessageNotFound));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap();
    assert!(visible(&app, "carol", &chat).await.is_empty(), "even a tombstone is deleted for oneself");
}

#[tokio::test(start_paused = true)]
async fn an_edit_and_a_reaction_never_bring_back_what_is_deleted() {
    let mut late = 0;
    for seed in 0..200 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        say(&app, "bob", &chat, "A secret").await;
        online(&app, &["carol"]).await;
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
        let mut told = app.push.take("carol");
        told.sort_by_key(|frame| frame["rev"].as_u64());
        assert_eq!(told.last().unwrap()["data"]["deletedBy"], "alice", "{seed}: by rev it is the last word");
    }
    assert!((50..350).contains(&late), "both orders occur: {late}");
}

#[tokio::test(start_paused = true)]
async fn what_one_deletes_for_oneself_the_others_keep_and_are_not_told() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let deleted = delete(&app, "bob-1", &chat, 1, DeleteFor::Me).await.unwrap();
    let shown = json(&deleted.message);
    assert_eq!(
        shown,
        json!({
            "messageId": format!("{chat}:1"), "chatId": chat.as_str(), "seq": 1, "senderId": "alice", "type": "text",
            "content": "", "seenBy": [], "deletedFor": ["bob"], "rev": 1, "createdAt": "2026-01-01T00:00:00.000Z",
        })
    );
    let [frame] = pushed(&app, [("bob-2", "message.updated")]);
    assert_eq!((&frame["seq"], &frame["rev"], &frame["data"]), (&json!(1), &json!(1), &shown));
    assert_eq!(pointers(&app, &chat).await, [(1, 1, Some(user("bob")))]);
    assert_eq!(visible(&app, "bob", &chat).await, [2]);
    for who in ["alice", "carol"] {
        assert_eq!(visible(&app, who, &chat).await, [1, 2]);
        let seen = shown_in_page(&app, who, &chat, 1).await;
        assert_eq!((&seen["content"], &seen["deletedFor"], &seen["rev"]), (&json!("Message 1"), &json!([]), &json!(0)));
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_for_oneself_twice_is_once() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    let first = delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    online(&app, &["alice", "bob-1", "bob-2"]).await;
    let before = everything(&app);
    let again = delete(&app, "bob-1", &chat, 1, DeleteFor::Me).await.unwrap();
    assert_eq!((again.message, again.pushed.posted), (first.message, 0));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn whom_a_message_is_deleted_for_is_nobody_elses_business() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    online(&app, &["carol"]).await;
    let second = json(&delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap().message);
    assert_eq!(second["deletedFor"], json!(["carol"]));
    assert_eq!(pushed(&app, [("carol", "message.updated")])[0]["data"], second);
    online(&app, &["alice-1", "alice-2", "bob"]).await;
    for changed in [
        react(&app, "alice-1", &chat, 1, &["👍"]).await,
        edit(&app, "alice-1", &chat, 1, "Other").await,
        delete(&app, "alice-1", &chat, 1, DeleteFor::Everyone).await,
    ] {
        assert_eq!(json(&changed.unwrap().message)["deletedFor"], json!([]));
    }
    let frames: Vec<Value> = app.push.take("alice-2");
    assert_eq!(frames.len(), 3);
    assert!(frames.iter().all(|frame| frame["data"]["deletedFor"] == json!([])));
    pushed(&app, []);
    assert_eq!(app.store.stored_messages(&chat)[0].deleted_for, ids(&["bob", "carol"]), "as the model has it");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_not_told_to_those_who_deleted_or_cleared_the_message() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    filled(&app, &chat, 1).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    clear(&app, "carol", &chat).await;
    online(&app, &["alice", "bob", "carol", "dave"]).await;
    let told = [("alice", "message.updated"), ("dave", "message.updated")];
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    pushed(&app, told);
    react(&app, "dave", &chat, 1, &["👍"]).await.unwrap();
    pushed(&app, told);
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    pushed(&app, told);
}
