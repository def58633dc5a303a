//! The queue of requests that write to one chat.

use super::{START, Store, commit, create, head_and_member};
use crate::fixtures::users;
use domain::change::{Change, ChangeKind};
use domain::chat::Head;
use domain::ids::{ChatId, Seq};
use domain::member::Member;
use domain::ports::{ChangeOutcome, CommitOutcome, MessageCommit};
use domain::queue::{QueueState, Ticket};
use futures_util::future::join_all;

/// Each ticket is handed out once, in ascending order, and the first one is the one after the last that was served.
pub async fn tickets_are_handed_out_in_order(store: impl Store) {
    let store = &store;
    let take = async |chat: &str, served| {
        store.take_ticket(&ChatId::parse(chat).unwrap(), Ticket(served), START).await.unwrap().0
    };
    assert_eq!([take("tickets", 0).await, take("tickets", 0).await, take("tickets", 2).await], [1, 2, 3]);
    let mut at_once = join_all((0..10).map(|_| take("tickets", 1))).await;
    at_once.sort_unstable();
    assert_eq!(at_once, (4..14).collect::<Vec<_>>());
    // Of this chat, no ticket is kept any more.
    assert_eq!([take("later-tickets", 41).await, take("later-tickets", 41).await], [42, 43]);
    // The item with the last ticket is not among the messages and changes of its chat.
    let chat = create(store, "tickets", &users(&["a", "b"])).await.id;
    assert_eq!(store.messages(&chat, Seq(0), Seq(u64::MAX >> 12)).await.unwrap(), []);
}

/// The commit of a ticket holder writes what the head says of the queue. Other commits leave it as it is.
pub async fn commits_write_the_queue_into_the_head(store: impl Store) {
    let store = &store;
    let chat = create(store, "queue", &users(&["a", "b"])).await.id;
    let queue = async || store.head(&chat).await.unwrap().unwrap().queue;
    assert_eq!(queue().await, QueueState::default());
    let crowded = QueueState { served: Ticket(3), is_crowded: true };
    let empty = QueueState { served: Ticket(u64::MAX >> 12), is_crowded: false };
    for (written, expected) in [
        (None, QueueState::default()),
        (Some(crowded), crowded),
        (None, crowded),
        (Some(empty), empty),
        (Some(crowded), crowded),
    ] {
        let (head, member) = head_and_member(store, &chat, "a").await;
        let send = MessageCommit { queue: written, ..commit(&chat, "a", &head, member.budget, None) };
        assert_eq!(store.commit_message(&send).await.unwrap(), CommitOutcome::Committed);
        assert_eq!(queue().await, expected, "{written:?}");
    }
    for (written, expected) in [(None, crowded), (Some(empty), empty), (Some(crowded), crowded)] {
        let (head, member) = head_and_member(store, &chat, "a").await;
        let what = ChangeKind::Cleared(Member { cleared_seq: Seq(1), ..member });
        let only_for = Some(users(&["a"]).remove(0));
        let change = Change { chat: chat.clone(), head, at: START, only_for, what, spending: None, queue: written };
        assert_eq!(store.commit_change(&change).await.unwrap(), ChangeOutcome::Committed);
        assert_eq!(queue().await, expected, "{written:?}");
        assert_eq!(change.head_after(), store.head(&chat).await.unwrap().unwrap());
    }
    assert_eq!(store.head(&ChatId::parse("no-queue").unwrap()).await.unwrap(), None);
}

/// A turn that is passed on moves the queue forward, and changes nothing else of the head.
pub async fn turn_is_passed_on_and_never_goes_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "pass-on", &users(&["a", "b"])).await.id;
    let (before, member) = head_and_member(store, &chat, "a").await;
    for (ticket, served) in [(2, 2), (1, 2), (2, 2), (7, 7), (6, 7)] {
        store.pass_on(&chat, Ticket(ticket)).await.unwrap();
        let queue = QueueState { served: Ticket(served), is_crowded: false };
        assert_eq!(store.head(&chat).await.unwrap(), Some(Head { queue, ..before.clone() }), "{ticket}");
    }
    // A commit that was planned before is not refused. It leaves a crowd, which passing on does not end.
    let queue = Some(QueueState { served: Ticket(8), is_crowded: true });
    let send = MessageCommit { queue, ..commit(&chat, "a", &before, member.budget, None) };
    assert_eq!(store.commit_message(&send).await.unwrap(), CommitOutcome::Committed);
    store.pass_on(&chat, Ticket(9)).await.unwrap();
    let queue = store.head(&chat).await.unwrap().unwrap().queue;
    assert_eq!(queue, QueueState { served: Ticket(9), is_crowded: true });
    let unknown = ChatId::parse("pass-on-nothing").unwrap();
    store.pass_on(&unknown, Ticket(1)).await.unwrap();
    assert_eq!(store.head(&unknown).await.unwrap(), None);
}
