//! Messages: commits, repeated sends and reads.

use super::{START, Store, commit, create, head_and_member, head_changed};
use crate::fixtures::{text, user, users};
use domain::budget::Budget;
use domain::change::{Change, ChangeKind};
use domain::chat::Head;
use domain::ids::{ChatId, ClientMessageId, Rev, SendId, Seq};
use domain::member::Member;
use domain::message::{Body, LiveBody};
use domain::ports::{ChangeOutcome, CommitOutcome, Conflict, MessageCommit, PreviousSend, SendRecord};
use domain::timestamp::Timestamp;
use futures_util::future::join_all;

/// A commit changes the head, the message and the sender's item, and nothing else.
pub async fn commit_is_read_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "commit", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let first = commit(&chat, "a", &head, None, Some("one"));
    assert_eq!(store.commit_message(&first).await.unwrap(), CommitOutcome::Committed);
    let (head, sender) = head_and_member(store, &chat, "a").await;
    assert_eq!((head.last_seq, head.last_message_at), (Seq(1), Some(first.message.created_at)));
    assert_eq!(
        (sender.read_seq, sender.read_at, sender.budget),
        (Seq(1), Some(first.message.created_at), Some(first.spending.after))
    );
    assert_eq!(head_and_member(store, &chat, "b").await.1, Member::joining(user("b"), Seq(0), START));
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap(), Some(first.message.clone()));
    let second = commit(&chat, "a", &head, sender.budget, None);
    assert_eq!(store.commit_message(&second).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.messages(&chat, Seq(1), Seq(2)).await.unwrap(), [first.message, second.message]);
}

async fn assert_refused(store: &impl Store, chat: &ChatId, commit: &MessageCommit, outcome: CommitOutcome) {
    let before = store.snapshot(chat, Some(&user("a")), None).await.unwrap();
    assert_eq!(store.commit_message(commit).await.unwrap(), outcome);
    assert_eq!(store.snapshot(chat, Some(&user("a")), None).await.unwrap(), before);
    let last = before.head.unwrap().last_seq;
    assert!(store.message(chat, last.next()).await.unwrap().is_none());
}

/// Two commits that read the same head: the second one is refused.
pub async fn commit_on_an_outdated_head_is_refused(store: impl Store) {
    let store = &store;
    let chat = create(store, "moved", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    assert_eq!(store.commit_message(&commit(&chat, "a", &head, None, None)).await.unwrap(), CommitOutcome::Committed);
    let moved = CommitOutcome::Conflict(head_changed(store, &chat).await);
    assert_refused(store, &chat, &commit(&chat, "b", &head, None, Some("late")), moved).await;
    // If more than the head has changed, everything has to be read again.
    let outdated = CommitOutcome::Conflict(Conflict::Outdated);
    assert_refused(store, &chat, &commit(&chat, "a", &head, None, Some("later")), outdated).await;
}

/// A sender with two devices cannot spend one budget twice.
pub async fn commit_on_an_outdated_budget_is_refused(store: impl Store) {
    let store = &store;
    let chat = create(store, "budget", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let stale = Some(Budget { millis: 1, at: START });
    assert_refused(store, &chat, &commit(&chat, "a", &head, stale, None), CommitOutcome::Conflict(Conflict::Outdated))
        .await;
    assert_eq!(store.commit_message(&commit(&chat, "a", &head, None, None)).await.unwrap(), CommitOutcome::Committed);
    let (head, _) = head_and_member(store, &chat, "a").await;
    assert_refused(store, &chat, &commit(&chat, "a", &head, None, None), CommitOutcome::Conflict(Conflict::Outdated))
        .await;
    assert_refused(store, &chat, &commit(&chat, "a", &head, stale, None), CommitOutcome::Conflict(Conflict::Outdated))
        .await;
}

/// A commit is refused if the participants changed since the read.
pub async fn commit_on_outdated_members_is_refused(store: impl Store) {
    let store = &store;
    let chat = create(store, "members", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let stale = Head { members_rev: Rev(7), ..head };
    let moved = CommitOutcome::Conflict(head_changed(store, &chat).await);
    assert_refused(store, &chat, &commit(&chat, "a", &stale, None, None), moved).await;
}

/// A reply is refused if something of the chat changed since the read. Another message is not.
pub async fn reply_on_an_outdated_rev_is_refused(store: impl Store) {
    let store = &store;
    let chat = create(store, "reply-rev", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    assert_eq!(store.commit_message(&commit(&chat, "a", &head, None, None)).await.unwrap(), CommitOutcome::Committed);
    let (head, member) = head_and_member(store, &chat, "b").await;
    let mut reply = commit(&chat, "b", &head, member.budget, Some("reply"));
    reply.message.body = Body::Live(LiveBody { reply_to: Some(Seq(1)), ..LiveBody::new(text("Yes")) });
    // A user clears the chat.
    let what = ChangeKind::Cleared(Member { cleared_seq: Seq(1), ..member });
    let only_for = Some(user("b"));
    let clearing = Change { chat: chat.clone(), head, at: START, only_for, what, spending: None, queue: None };
    assert_eq!(store.commit_change(&clearing).await.unwrap(), ChangeOutcome::Committed);
    let changed = head_changed(store, &chat).await;
    assert_refused(store, &chat, &reply, CommitOutcome::Conflict(changed.clone())).await;
    let Conflict::HeadChanged(now) = changed else { panic!("{changed:?}") };
    let renewed = MessageCommit { head: now, ..reply.clone() };
    assert_eq!(store.commit_message(&renewed).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.message(&chat, Seq(2)).await.unwrap(), Some(renewed.message));
    let (head, member) = head_and_member(store, &chat, "a").await;
    let outdated = Head { last_rev: Rev(0), ..head };
    let message = commit(&chat, "a", &outdated, member.budget, None);
    assert_eq!(store.commit_message(&message).await.unwrap(), CommitOutcome::Committed);
}

/// A commit is refused if the sender has no member item.
pub async fn commit_of_a_non_member_is_refused(store: impl Store) {
    let store = &store;
    let chat = create(store, "stranger", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    assert_refused(store, &chat, &commit(&chat, "stranger", &head, None, Some("x")), CommitOutcome::NotAMember).await;
}

/// A send with a known client message id returns the first send, whatever else changed since.
pub async fn repeated_send_returns_the_first_one(store: impl Store) {
    let store = &store;
    let chat = create(store, "repeat", &users(&["a", "b"])).await.id;
    let (empty, _) = head_and_member(store, &chat, "a").await;
    let first = commit(&chat, "a", &empty, None, Some("one"));
    assert_eq!(store.commit_message(&first).await.unwrap(), CommitOutcome::Committed);
    let earlier = PreviousSend { seq: Seq(1), body_hash: "the hash".to_owned(), is_pushed_again: false };
    let SendRecord { id, expires_at, .. } = first.send.clone().unwrap();
    let before = Timestamp::from_seconds(expires_at.seconds() - 1);
    assert_eq!(store.earlier_send(&id, before).await.unwrap().as_ref(), Some(&earlier));
    assert_eq!(store.earlier_send(&id, expires_at).await.unwrap(), None, "an expired send record");
    let unknown_id = SendId::new(&chat, &user("b"), &ClientMessageId::parse("one").unwrap());
    assert_eq!(store.earlier_send(&unknown_id, before).await.unwrap(), None);
    let repeated = CommitOutcome::Repeated(earlier);
    assert_refused(store, &chat, &first, repeated.clone()).await;
    let (head, member) = head_and_member(store, &chat, "a").await;
    assert_refused(store, &chat, &commit(&chat, "a", &head, member.budget, Some("one")), repeated).await;
    // A client message id belongs to one sender in one chat.
    let of_b = commit(&chat, "b", &head, None, Some("one"));
    assert_eq!(store.commit_message(&of_b).await.unwrap(), CommitOutcome::Committed);
    let other = create(store, "repeat-2", &users(&["a", "b"])).await.id;
    assert_eq!(
        store.commit_message(&commit(&other, "a", &empty, None, Some("one"))).await.unwrap(),
        CommitOutcome::Committed
    );
}

/// The push of a repeat is claimed once, however many repeats arrive at once. Reads of the send say so.
pub async fn second_push_is_claimed_once(store: impl Store) {
    let store = &store;
    let chat = create(store, "second-push", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let first = commit(&chat, "a", &head, None, Some("one"));
    let id = first.send.clone().unwrap().id;
    assert!(!store.claim_second_push(&id).await.unwrap(), "there is no such send");
    assert_eq!(store.commit_message(&first).await.unwrap(), CommitOutcome::Committed);
    let claims = join_all((0..10).map(|_| store.claim_second_push(&id))).await;
    assert_eq!(claims.into_iter().filter(|claim| *claim.as_ref().unwrap()).count(), 1);
    assert!(store.earlier_send(&id, START).await.unwrap().unwrap().is_pushed_again);
    let CommitOutcome::Repeated(earlier) = store.commit_message(&first).await.unwrap() else { panic!("not repeated") };
    assert!(earlier.is_pushed_again);
}

/// An expired send record does not count, even if DynamoDB has not deleted it yet.
pub async fn send_records_expire(store: impl Store) {
    let store = &store;
    let chat = create(store, "forgotten", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let first = commit(&chat, "a", &head, None, Some("one"));
    store.commit_message(&first).await.unwrap();
    let (head, member) = head_and_member(store, &chat, "a").await;
    let mut again = commit(&chat, "a", &head, member.budget, Some("one"));
    again.message.created_at = first.send.unwrap().expires_at;
    assert_eq!(store.commit_message(&again).await.unwrap(), CommitOutcome::Committed);
}

/// A log of more than one page of DynamoDB (1 MB) is read in order, and only the requested part.
pub async fn long_log_is_read_in_order(store: impl Store) {
    let store = &store;
    let chat = create(store, "long", &users(&["a", "b"])).await.id;
    let large = text(&"x".repeat(24_000));
    for _ in 0..60 {
        let (head, member) = head_and_member(store, &chat, "a").await;
        let mut next = commit(&chat, "a", &head, member.budget, None);
        next.message.body = Body::Live(LiveBody::new(large.clone()));
        assert_eq!(store.commit_message(&next).await.unwrap(), CommitOutcome::Committed);
    }
    let seqs = async |from, to| -> Vec<u64> {
        store.messages(&chat, Seq(from), Seq(to)).await.unwrap().into_iter().map(|message| message.seq.0).collect()
    };
    assert_eq!(seqs(1, 60).await, (1..=60).collect::<Vec<_>>());
    assert_eq!(seqs(59, 200).await, [59, 60]);
    assert_eq!(seqs(7, 7).await, [7]);
}
