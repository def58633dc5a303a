//! Changes of what is in a log already.

use super::{START, Store, commit, create, head_and_member};
use crate::fixtures::{text, user, users};
use domain::change::{CHANGE_TTL, Change, ChangeKind, Pointer};
use domain::chat::{Chat, Head};
use domain::ids::{ChatId, Rev, Seq};
use domain::member::Member;
use domain::message::{Body, LiveBody, Message};
use domain::names::ChatName;
use domain::ports::{ChangeOutcome, CommitOutcome, Consistency};
use domain::reactions::{Emoji, Reactions};
use domain::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

async fn sent(store: &impl Store, chat: &ChatId, sender: &str) -> Message {
    let (head, member) = head_and_member(store, chat, sender).await;
    let commit = commit(chat, sender, head, member.budget, None);
    assert_eq!(store.commit_message(&commit).await.unwrap(), CommitOutcome::Committed);
    commit.message
}

/// A change of `what` after `head`.
fn change(chat: &ChatId, head: Head, only_for: Option<&str>, what: ChangeKind) -> Change {
    let at = START.plus(Duration::from_secs(7));
    Change { chat: chat.clone(), head, at, only_for: only_for.map(user), what }
}

async fn changed(store: &impl Store, change: &Change) {
    assert_eq!(store.commit_change(change).await.unwrap(), ChangeOutcome::Committed);
    assert_eq!(head_of(store, &change.chat).await, change.head_after());
}

async fn head_of(store: &impl Store, chat: &ChatId) -> Head {
    store.snapshot(chat, None, None).await.unwrap().head.unwrap()
}

/// Everything that a message can say, a tombstone, and the pointers to both.
pub async fn changed_messages_are_read_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "changes", &users(&["a", "b"])).await.id;
    let first = sent(store, &chat, "a").await;
    let reactions = Reactions::of([
        (Emoji::parse("\u{1F44D}").unwrap(), BTreeSet::from([user("a"), user("b")])),
        (Emoji::parse("\u{2764}\u{FE0F}").unwrap(), BTreeSet::from([user("b")])),
    ]);
    let said = LiveBody {
        content: text("Edited"),
        attachment: None,
        edited_at: Some(START.plus(Duration::from_secs(7))),
        reply_to: Some(Seq(1)),
        mentions: BTreeSet::from([user("b")]),
        reactions,
    };
    let edited = Message { rev: Rev(1), deleted_for: [user("b")].into(), body: Body::Live(said), ..first.clone() };
    let head = head_of(store, &chat).await;
    let what = ChangeKind::Message { after: edited.clone(), before: Rev(0) };
    changed(store, &change(&chat, head, None, what)).await;
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap(), Some(edited.clone()));
    let tombstone =
        Message { rev: Rev(2), body: Body::Deleted { at: START, by: user("a"), attachment: None }, ..first };
    let what = ChangeKind::Message { after: tombstone.clone(), before: Rev(1) };
    changed(store, &change(&chat, head_of(store, &chat).await, Some("a"), what)).await;
    let snapshot = store.snapshot(&chat, Some(&user("b")), Some(Seq(1))).await.unwrap();
    assert_eq!(snapshot.message.as_ref(), Some(&tombstone));
    assert_eq!(store.messages(&chat, Seq(1), Seq(9)).await.unwrap(), std::slice::from_ref(&tombstone));
    let places = [(chat.clone(), Seq(1)), (chat.clone(), Seq(2)), (ChatId::parse("nowhere").unwrap(), Seq(1))];
    assert_eq!(store.messages_at(&places).await.unwrap(), [tombstone]);
    assert!(store.messages_at(&[]).await.unwrap().is_empty());
    let of = |rev, only_for: Option<&str>| Pointer { rev: Rev(rev), of: Seq(1), only_for: only_for.map(user) };
    let pointers = async |from, to| store.pointers(&chat, Rev(from), Rev(to), START).await.unwrap();
    assert_eq!(pointers(1, 9).await, [of(1, None), of(2, Some("a"))]);
    assert_eq!(pointers(2, 2).await, [of(2, Some("a"))]);
    assert_eq!(pointers(1, 1).await, [of(1, None)]);
    assert!(pointers(3, 9).await.is_empty());
}

/// A change is only of what was read.
pub async fn a_change_on_what_has_moved_changes_nothing(store: impl Store) {
    let store = &store;
    let document = create(store, "change-moved", &users(&["a", "b", "c"])).await;
    let chat = document.id.clone();
    let message = sent(store, &chat, "a").await;
    let head = head_of(store, &chat).await;
    let edit = |head: Head, before: u64| {
        let after =
            Message { rev: head.last_rev.next(), body: Body::Live(LiveBody::new(text("x"))), ..message.clone() };
        change(&chat, head, None, ChangeKind::Message { after, before: Rev(before) })
    };
    // Sends do not stand in the way.
    sent(store, &chat, "b").await;
    let stale = Head { last_seq: Seq(1), ..head };
    assert_eq!(store.commit_change(&edit(stale, 0)).await.unwrap(), ChangeOutcome::Committed);
    let head = head_of(store, &chat).await;
    assert_eq!((head.last_seq, head.last_rev), (Seq(2), Rev(1)));

    let group = |head: Head, before: u64, joined: Vec<Member>, left: Option<&str>| {
        let after = Chat { members_rev: head.last_rev.next(), ..document.clone() };
        change(&chat, head, None, ChangeKind::Chat { after, before: Rev(before), joined, left: left.map(user) })
    };
    let dave = |seq| vec![Member::joining(user("dave"), Seq(seq), START)];
    let ghost = Member::joining(user("ghost"), Seq(0), START);
    let nobody = Message { seq: Seq(9), ..message.clone() };
    for refused in [
        edit(stale, 1),
        edit(head, 0),
        edit(Head { members_rev: Rev(5), ..head }, 1),
        change(&chat, head, None, ChangeKind::Message { after: nobody, before: Rev(0) }),
        group(stale, 0, vec![], None),
        group(head, 3, vec![], None),
        group(Head { last_seq: Seq(1), ..head }, 0, dave(1), None),
        group(head, 0, vec![Member::joining(user("b"), Seq(2), START)], None),
        group(head, 0, vec![], Some("ghost")),
        change(&chat, head, Some("ghost"), ChangeKind::Cleared(ghost)),
    ] {
        let before =
            (store.snapshot(&chat, Some(&user("b")), Some(Seq(1))).await.unwrap(), store.members(&chat).await.unwrap());
        assert_eq!(store.commit_change(&refused).await.unwrap(), ChangeOutcome::Conflict, "{refused:?}");
        let after =
            (store.snapshot(&chat, Some(&user("b")), Some(Seq(1))).await.unwrap(), store.members(&chat).await.unwrap());
        assert_eq!(before, after, "{refused:?}");
        assert_eq!(store.pointers(&chat, Rev(1), Rev(9), START).await.unwrap().len(), 1);
    }
    // A send between makes no difference to those who do not join.
    changed_but_for_sends(store, &group(Head { last_seq: Seq(1), ..head }, 0, vec![], Some("c"))).await;
    assert_eq!(head_of(store, &chat).await.last_seq, Seq(2), "the log is where it was");
}

async fn changed_but_for_sends(store: &impl Store, change: &Change) {
    assert_eq!(store.commit_change(change).await.unwrap(), ChangeOutcome::Committed);
}

/// Document, head and member items in one.
pub async fn a_group_changes_with_its_members(store: impl Store) {
    let store = &store;
    let document = create(store, "group", &users(&["a", "b", "c"])).await;
    let chat = document.id.clone();
    sent(store, &chat, "c").await;
    let head = head_of(store, &chat).await;
    let after = Chat {
        name: Some(ChatName::parse("Renamed").unwrap()),
        participants: users(&["a", "b", "dave"]).into_iter().collect(),
        admins: users(&["b", "dave"]).into_iter().collect(),
        members_rev: Rev(1),
        closed_at: Some(START),
        ..document
    };
    let dave = Member::joining(user("dave"), Seq(1), START.plus(Duration::from_secs(7)));
    let what =
        ChangeKind::Chat { after: after.clone(), before: Rev(0), joined: vec![dave.clone()], left: Some(user("c")) };
    changed(store, &change(&chat, head, None, what)).await;
    let head = head_of(store, &chat).await;
    assert_eq!(
        (head.members_rev, head.participant_count, head.last_change),
        (Rev(1), 3, Some((Seq(0), dave.joined_at)))
    );
    assert_eq!(head.activity(), dave.joined_at);
    assert_eq!(store.chat(&chat, Consistency::Strong).await.unwrap(), Some(after));
    let members: Vec<_> = store.members(&chat).await.unwrap().into_iter().map(|member| member.user).collect();
    assert_eq!(members, users(&["a", "b", "dave"]), "in the order of their ids");
    assert_eq!(store.position(&chat, &user("dave")).await.unwrap().unwrap().1, dave);
    assert!(store.position(&chat, &user("c")).await.unwrap().is_none());
    let pointer = Pointer { rev: Rev(1), of: Seq(0), only_for: None };
    assert_eq!(store.pointers(&chat, Rev(1), Rev(1), START).await.unwrap(), [pointer]);
}

/// As many as one request adds, with ids as long as they come.
pub async fn ninety_join_at_once(store: impl Store) {
    let store = &store;
    let document = create(store, "many", &users(&["a", "b", "c"])).await;
    let joined: Vec<_> = (0..90).map(|n| Member::joining(user(&format!("{n:0>128}")), Seq(0), START)).collect();
    let mut after = Chat { members_rev: Rev(1), ..document.clone() };
    after.participants.extend(joined.iter().map(|member| member.user.clone()));
    let what = ChangeKind::Chat { after, before: Rev(0), joined, left: None };
    changed(store, &change(&document.id, head_of(store, &document.id).await, None, what)).await;
    assert_eq!(store.members(&document.id).await.unwrap().len(), 93);
    assert_eq!(head_of(store, &document.id).await.participant_count, 93);
}

/// A history that is cleared leaves everything else of the member as it is.
pub async fn a_floor_is_moved(store: impl Store) {
    let store = &store;
    let chat = create(store, "floor", &users(&["a", "b"])).await.id;
    sent(store, &chat, "a").await;
    let (head, read) = head_and_member(store, &chat, "a").await;
    let cleared = Member { cleared_seq: Seq(1), ..read.clone() };
    // What the member read meanwhile stays read.
    store.mark_seen(&chat, &user("a"), Seq(5), START).await.unwrap();
    changed(store, &change(&chat, head, Some("a"), ChangeKind::Cleared(cleared))).await;
    let (_, member) = head_and_member(store, &chat, "a").await;
    assert_eq!((member.cleared_seq, member.read_seq, member.budget), (Seq(1), Seq(5), read.budget));
    assert_eq!(head_and_member(store, &chat, "b").await.1.cleared_seq, Seq(0));
}

/// A pointer whose time is over is none, even while DynamoDB has not deleted it yet.
pub async fn pointers_end_with_their_time(store: impl Store) {
    let store = &store;
    let chat = create(store, "over", &users(&["a", "b"])).await.id;
    let message = sent(store, &chat, "a").await;
    let what = ChangeKind::Message { after: Message { rev: Rev(1), ..message }, before: Rev(0) };
    let change = change(&chat, head_of(store, &chat).await, None, what);
    changed(store, &change).await;
    let over = change.at.plus(CHANGE_TTL);
    let before = Timestamp::from_seconds(over.seconds() - 1);
    assert_eq!(store.pointers(&chat, Rev(1), Rev(1), before).await.unwrap().len(), 1);
    assert!(store.pointers(&chat, Rev(1), Rev(1), over).await.unwrap().is_empty());
}
