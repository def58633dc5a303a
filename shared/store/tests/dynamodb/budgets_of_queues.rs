//! What a send costs while others write to the same chat: one write for its ticket, and one small read each time it
//! looks how far the queue is.

use crate::budgets::{app, private, reads, within};
use domain::ids::ChatId;
use domain::ports::{CommitMessages as _, CommitOutcome, MessageCommit, ReadChats as _, WriteQueue as _};
use domain::queue::{QueueState, Ticket};
use domain::recent::Recent;
use store::DynamoStore;
use testkit::TestEnv;
use testkit::contract::commit;
use testkit::fixtures::{message, user};

/// Commits a message as the holder of `ticket`, who reports a crowd.
async fn commit_in_a_crowd(store: &DynamoStore<TestEnv>, chat: &ChatId, sender: &str, ticket: Ticket) {
    let (head, member) = store.position(chat, &user(sender)).await.unwrap().unwrap();
    let queue = Some(QueueState { served: ticket, is_crowded: true });
    let send = MessageCommit { queue, ..commit(chat, sender, &head, member.budget, None) };
    assert_eq!(store.commit_message(&send).await.unwrap(), CommitOutcome::Committed);
}

#[tokio::test]
async fn send_in_a_crowd_takes_one_ticket() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "crowd-a", "crowd-b").await;
    let send = ["BatchGetItem", "UpdateItem", "TransactWriteItems", "BatchGetItem"];
    let first = app.store.take_ticket(&chat, Ticket(0), TestEnv::START).await.unwrap();
    within(&calls.take(), &["UpdateItem"], 1.0, 0.0);
    commit_in_a_crowd(&app.store, &chat, "crowd-b", first).await;
    calls.take();
    app.send_message(message(&chat, "crowd-a", "m-1", "Hello")).await.unwrap();
    within(&calls.take(), &send, 9.0, 3.5);
    let queue = app.store.head(&chat).await.unwrap().unwrap().queue;
    assert_eq!(queue, QueueState { served: Ticket(2), is_crowded: false });
    calls.take();
    // The crowd is over.
    app.send_message(message(&chat, "crowd-a", "m-2", "Hello")).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 3.5);
}

#[tokio::test]
async fn send_that_waits_looks_only_at_the_head() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "queue-a", "queue-b").await;
    let first = app.store.take_ticket(&chat, Ticket(0), TestEnv::START).await.unwrap();
    commit_in_a_crowd(&app.store, &chat, "queue-b", first).await;
    let _second = app.store.take_ticket(&chat, Ticket(0), TestEnv::START).await.unwrap();
    calls.take();
    // Nobody uses the second ticket, so the third one waits until its holder counts as dead.
    app.send_message(message(&chat, "queue-a", "m-1", "Hello")).await.unwrap();
    let recorded = calls.take();
    let polls = recorded.len() - 4;
    assert!(polls > 0, "{recorded:#?}");
    let [before, after] = [&["BatchGetItem", "UpdateItem"][..], &["TransactWriteItems", "BatchGetItem"]];
    let operations = [before, &vec!["BatchGetItem"; polls], after].concat();
    within(&recorded, &operations, 9.0, 3.5 + f64::from(u32::try_from(polls).unwrap()));
    for poll in &recorded[2..2 + polls] {
        reads(poll, &["MessagesTable"], &[]);
    }
    let queue = app.store.head(&chat).await.unwrap().unwrap().queue;
    assert_eq!(queue.served, Ticket(3));
}

/// A repeat has nothing to commit. Its turn takes one more write of the head, of at most 1 KB.
#[tokio::test]
async fn repeat_in_a_crowd_passes_its_turn_on() {
    let (mut app, calls) = app().await;
    let chat = private(&app, &calls, "pass-a", "pass-b").await;
    app.send_message(message(&chat, "pass-a", "m-1", "Hello")).await.unwrap();
    let first = app.store.take_ticket(&chat, Ticket(0), TestEnv::START).await.unwrap();
    commit_in_a_crowd(&app.store, &chat, "pass-b", first).await;
    // Another process does not know that the message was sent.
    app.recent = Recent::default();
    calls.take();
    assert!(app.send_message(message(&chat, "pass-a", "m-1", "Hello")).await.unwrap().repeated);
    let recorded = calls.take();
    let send = ["BatchGetItem", "UpdateItem", "TransactWriteItems", "BatchGetItem"];
    let (pass_on, answer) = ("UpdateItem", ["GetItem", "Query", "UpdateItem"]);
    within(&recorded, &[&send[..], &[pass_on], &answer].concat(), 3.0, 6.0);
    within(&recorded[4..5], &[pass_on], 1.0, 0.0);
    let queue = app.store.head(&chat).await.unwrap().unwrap().queue;
    assert_eq!(queue.served, Ticket(2));
}
