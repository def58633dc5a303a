use crate::support::*;
use domain::ids::{ChatId, Rev, Seq};
use domain::use_cases::{ChangeMessageError, ChangedMessage, ChatError, DeleteFor};
use serde_json::json;
use testkit::Faults;
use testkit::fixtures::user;

/// Tries every kind of change of a message as `who`.
async fn all_changes(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    seq: u64,
) -> [Result<ChangedMessage, ChatError<ChangeMessageError>>; 4] {
    [
        edit(app, who, chat, seq, "Other").await,
        react(app, who, chat, seq, &["👍"]).await,
        delete(app, who, chat, seq, DeleteFor::Everyone).await,
        delete(app, who, chat, seq, DeleteFor::Me).await,
    ]
}

#[tokio::test(start_paused = true)]
async fn hidden_and_missing_messages_cannot_be_changed() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 4).await;
    clear(&app, "alice", &chat).await;
    fill(&app, &chat, 2).await;
    delete(&app, "alice", &chat, 5, DeleteFor::Me).await.unwrap();
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    // The head, two cleared messages, and two messages that do not exist.
    for seq in [0, 1, 4, 7, u64::MAX] {
        for result in all_changes(&app, "alice", &chat, seq).await {
            assert_refused!(result, ChatError::Refused(ChangeMessageError::MessageNotFound));
        }
    }
    // A message that she deleted for herself, she can only delete for herself again.
    let [edited, reacted, deleted, again] = all_changes(&app, "alice", &chat, 5).await;
    for result in [edited, reacted, deleted] {
        assert_refused!(result, ChatError::Refused(ChangeMessageError::MessageNotFound));
    }
    assert_eq!(json(&again.unwrap().message)["deletedFor"], json!(["alice"]));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn non_participants_cannot_change_messages() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    send_text(&app, "dave", &chat, "Hello").await;
    remove(&app, "dave", &chat, "dave").await.unwrap();
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    let nowhere = ChatId::parse("nowhere").unwrap();
    for (who, chat) in [("eve", &chat), ("dave", &chat), ("alice", &nowhere)] {
        for seq in [1, 9] {
            for result in all_changes(&app, who, chat, seq).await {
                assert_refused!(result, ChatError::NotFound);
            }
        }
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn each_change_takes_the_next_rev_of_its_chat() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    let revs = [
        edit(&app, "alice", &chat, 2, "Other").await,
        react(&app, "bob", &chat, 1, &["👍"]).await,
        delete(&app, "carol", &chat, 2, DeleteFor::Me).await,
        delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await,
    ]
    .map(|changed| changed.unwrap().message.rev().0);
    assert_eq!(revs, [1, 2, 3, 4]);
    let carol = Some(user("carol"));
    assert_eq!(pointers(&app, &chat).await, [(1, 2, None), (2, 1, None), (3, 2, carol), (4, 3, None)]);
    let head = head(&app, &chat);
    assert_eq!((head.last_seq, head.last_rev, head.members_rev), (Seq(3), Rev(4), Rev(0)));
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let after = edit(&app, "alice", &chat, 2, "More").await.unwrap();
    assert_eq!(after.message.rev(), Rev(6));
}

#[tokio::test(start_paused = true)]
async fn message_change_is_retried_until_the_deadline() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    app.store.set_faults(Faults { conflict: 80, ..Faults::default() });
    assert!(edit(&app, "alice", &chat, 1, "Other").await.unwrap().retries > 0);
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    assert_refused!(edit(&app, "alice", &chat, 1, "More").await, ChatError::Busy);
    assert_eq!(head(&app, &chat).last_rev, Rev(1));
}

#[tokio::test(start_paused = true)]
async fn repeat_after_a_lost_reply_changes_nothing_more() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    for rev in 1..=4 {
        let change = async || match rev {
            1 => edit(&app, "alice", &chat, 1, "Other").await,
            2 => react(&app, "alice", &chat, 1, &["👍"]).await,
            3 => delete(&app, "bob", &chat, 1, DeleteFor::Me).await,
            _ => delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await,
        };
        app.store.set_faults(Faults { lost_reply: 100, ..Faults::default() });
        assert_refused!(change().await, ChatError::Store(_));
        app.store.set_faults(Faults::default());
        assert_eq!(change().await.unwrap().message.rev(), Rev(rev));
        assert_eq!(head(&app, &chat).last_rev, Rev(rev));
    }
}

#[tokio::test(start_paused = true)]
async fn users_who_left_get_no_events_of_changes() {
    let app = app();
    let chat = closed_group(&app).await;
    set_online(&app, &["alice", "bob", "carol"]).await;
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_pushed(&app, [("alice", "message.updated")]);
}
