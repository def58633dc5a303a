//! Changes of existing messages, groups and members.

use super::{START, Store, commit, create, head_and_member, head_changed};
use crate::fixtures::{custom, text, user, users};
use domain::budget::{Budget, Spending};
use domain::change::{CHANGE_TTL, Change, ChangeKind, Pointer};
use domain::chat::{Chat, Head};
use domain::former_member::Departure;
use domain::ids::{ChatId, MemberRev, Rev, Seq};
use domain::member::Member;
use domain::message::{Body, LiveBody, Message};
use domain::names::{ChatName, Topic};
use domain::ports::{ChangeOutcome, CommitOutcome, Conflict, Consistency, SeenOutcome};
use domain::reactions::{Emoji, Reactions};
use domain::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) async fn send(store: &impl Store, chat: &ChatId, sender: &str) -> Message {
    let (head, member) = head_and_member(store, chat, sender).await;
    let commit = commit(chat, sender, &head, member.budget, None);
    assert_eq!(store.commit_message(&commit).await.unwrap(), CommitOutcome::Committed);
    commit.message
}

/// The next change after `head`.
pub(super) fn change(chat: &ChatId, head: &Head, only_for: Option<&str>, what: ChangeKind) -> Change {
    let at = START.plus(Duration::from_secs(7));
    Change {
        chat: chat.clone(),
        head: head.clone(),
        at,
        only_for: only_for.map(user),
        what,
        spending: None,
        queue: None,
    }
}

pub(super) async fn commit_change(store: &impl Store, change: &Change) {
    assert_eq!(store.commit_change(change).await.unwrap(), ChangeOutcome::Committed);
    assert_eq!(head_of(store, &change.chat).await, change.head_after());
}

pub(super) async fn head_of(store: &impl Store, chat: &ChatId) -> Head {
    store.snapshot(chat, None, None).await.unwrap().head.unwrap()
}

/// A message with all fields, a tombstone, and the pointers to both changes are read back.
pub async fn changed_messages_are_read_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "changes", &users(&["a", "b"])).await.id;
    let first = send(store, &chat, "a").await;
    let reactions = Reactions::of([
        (Emoji::parse("\u{1F44D}").unwrap(), BTreeSet::from([user("a"), user("b")])),
        (Emoji::parse("\u{2764}\u{FE0F}").unwrap(), BTreeSet::from([user("b")])),
    ]);
    let body = LiveBody {
        content: text("Edited"),
        attachment: None,
        edited_at: Some(START.plus(Duration::from_secs(7))),
        reply_to: Some(Seq(1)),
        mentions: BTreeSet::from([user("b")]),
        reactions,
        custom: Some(custom("\u{0}\u{1F44B} \"you\"")),
    };
    let edited = Message { rev: Rev(1), deleted_for: [user("b")].into(), body: Body::Live(body), ..first.clone() };
    let head = head_of(store, &chat).await;
    let what = ChangeKind::Message { after: edited.clone(), before: Rev(0), deletion: None };
    commit_change(store, &change(&chat, &head, None, what)).await;
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap(), Some(edited.clone()));
    let tombstone =
        Message { rev: Rev(2), body: Body::Deleted { at: START, by: user("a"), attachment: None }, ..first };
    let what = ChangeKind::Message { after: tombstone.clone(), before: Rev(1), deletion: None };
    commit_change(store, &change(&chat, &head_of(store, &chat).await, Some("a"), what)).await;
    let snapshot = store.snapshot(&chat, Some(&user("b")), Some(Seq(1))).await.unwrap();
    assert_eq!(snapshot.message.as_ref(), Some(&tombstone));
    assert_eq!(store.messages(&chat, Seq(1), Seq(9)).await.unwrap(), std::slice::from_ref(&tombstone));
    let places = [(chat.clone(), Seq(1)), (chat.clone(), Seq(2)), (ChatId::parse("nowhere").unwrap(), Seq(1))];
    assert_eq!(store.messages_at(&places).await.unwrap(), [tombstone]);
    assert!(store.messages_at(&[]).await.unwrap().is_empty());
    let of =
        |rev, only_for: Option<&str>| Pointer { rev: Rev(rev), of: Seq(1), only_for: only_for.map(user), left: None };
    let pointers = async |from, to| store.pointers(&chat, Rev(from), Rev(to), START).await.unwrap();
    assert_eq!(pointers(1, 9).await, [of(1, None), of(2, Some("a"))]);
    assert_eq!(pointers(2, 2).await, [of(2, Some("a"))]);
    assert_eq!(pointers(1, 1).await, [of(1, None)]);
    assert!(pointers(3, 9).await.is_empty());
}

/// A change is refused if its message, chat or head changed since the read.
pub async fn conflicting_change_is_refused(store: impl Store) {
    let store = &store;
    let document = create(store, "change-moved", &users(&["a", "b", "c"])).await;
    let chat = document.id.clone();
    let message = send(store, &chat, "a").await;
    let head = head_of(store, &chat).await;
    let edit = |head: &Head, before: u64| {
        let after =
            Message { rev: head.last_rev.next(), body: Body::Live(LiveBody::new(text("x"))), ..message.clone() };
        change(&chat, head, None, ChangeKind::Message { after, before: Rev(before), deletion: None })
    };
    // A send since the read is not a conflict.
    send(store, &chat, "b").await;
    let stale = Head { last_seq: Seq(1), ..head };
    assert_eq!(store.commit_change(&edit(&stale, 0)).await.unwrap(), ChangeOutcome::Committed);
    let head = head_of(store, &chat).await;
    assert_eq!((head.last_seq, head.last_rev), (Seq(2), Rev(1)));

    let group = |head: &Head, before: u64, joined: Vec<Member>, left: Option<Departure>| {
        let after = Chat { members_rev: head.last_rev.next(), ..document.clone() };
        change(
            &chat,
            head,
            None,
            ChangeKind::Chat {
                after,
                before: Rev(before),
                joined,
                left,
                limits: None,
                upload: None,
                closed_chat_of: None,
            },
        )
    };
    let departure = |who: &str, read| {
        let member = Member { read_seq: Seq(read), ..Member::joining(user(who), Seq(0), START) };
        Departure::new(&member, None, &head, START)
    };
    let dave = |seq| vec![Member::joining(user("dave"), Seq(seq), START)];
    let ghost = Member::joining(user("ghost"), Seq(0), START);
    let missing = Message { seq: Seq(9), ..message.clone() };
    let outdated = || Conflict::Outdated;
    let moved = head_changed(store, &chat).await;
    let moved = || moved.clone();
    for (refused, conflict) in [
        (edit(&stale, 1), moved()),
        (edit(&stale, 0), moved()),
        (edit(&head, 0), outdated()),
        (edit(&Head { members_rev: Rev(5), ..head.clone() }, 1), moved()),
        (
            change(&chat, &head, None, ChangeKind::Message { after: missing, before: Rev(0), deletion: None }),
            outdated(),
        ),
        (group(&stale, 0, vec![], None), moved()),
        (group(&head, 3, vec![], None), outdated()),
        (group(&Head { last_seq: Seq(1), ..head.clone() }, 0, dave(1), None), moved()),
        (group(&head, 0, vec![Member::joining(user("b"), Seq(2), START)], None), outdated()),
        (group(&head, 0, vec![], Some(departure("ghost", 0))), outdated()),
        (group(&stale, 0, vec![], Some(departure("ghost", 0))), outdated()),
        (group(&head, 0, vec![], Some(departure("c", 1))), outdated()),
        (change(&chat, &head, Some("ghost"), ChangeKind::Cleared(ghost)), outdated()),
    ] {
        let before =
            (store.snapshot(&chat, Some(&user("b")), Some(Seq(1))).await.unwrap(), store.members(&chat).await.unwrap());
        assert_eq!(store.commit_change(&refused).await.unwrap(), ChangeOutcome::Conflict(conflict), "{refused:?}");
        let after =
            (store.snapshot(&chat, Some(&user("b")), Some(Seq(1))).await.unwrap(), store.members(&chat).await.unwrap());
        assert_eq!(before, after, "{refused:?}");
        assert_eq!(store.pointers(&chat, Rev(1), Rev(9), START).await.unwrap().len(), 1);
    }
    // A send since the read is a conflict only for a change with new members.
    commit_change_on_older_head(
        store,
        &group(&Head { last_seq: Seq(1), ..head.clone() }, 0, vec![], Some(departure("c", 0))),
    )
    .await;
    assert_eq!(head_of(store, &chat).await.last_seq, Seq(2), "the last seq is unchanged");
}

async fn commit_change_on_older_head(store: &impl Store, change: &Change) {
    assert_eq!(store.commit_change(change).await.unwrap(), ChangeOutcome::Committed);
}

/// Document, head and member items change in one transaction.
pub async fn group_and_its_members_change_together(store: impl Store) {
    let store = &store;
    let document = create(store, "group", &users(&["a", "b", "c"])).await;
    let chat = document.id.clone();
    send(store, &chat, "c").await;
    let head = head_of(store, &chat).await;
    let after = Chat {
        name: Some(ChatName::parse("Renamed").unwrap()),
        topic: Some(Topic::parse("Friday \u{1F44B}?").unwrap()),
        custom: Some(custom("of a group")),
        participants: users(&["a", "b", "dave"]).into_iter().collect(),
        admins: users(&["b", "dave"]).into_iter().collect(),
        members_rev: Rev(1),
        closed_at: Some(START),
        ..document
    };
    let dave = Member::joining(user("dave"), Seq(1), START.plus(Duration::from_secs(7)));
    let what = ChangeKind::Chat {
        after: after.clone(),
        before: Rev(0),
        joined: vec![dave.clone()],
        left: Some(Departure::new(&head_and_member(store, &chat, "c").await.1, None, &head, START)),
        limits: None,
        upload: None,
        closed_chat_of: None,
    };
    commit_change(store, &change(&chat, &head, None, what)).await;
    let head = head_of(store, &chat).await;
    assert_eq!(
        (head.members_rev, head.participant_count, head.last_change),
        (Rev(1), 3, Some((Seq(0), dave.joined_at)))
    );
    assert_eq!(head.activity(), dave.joined_at);
    assert_eq!(store.chat(&chat, Consistency::Strong).await.unwrap(), Some(after));
    let members: Vec<_> = store.members(&chat).await.unwrap().into_iter().map(|member| member.user).collect();
    assert_eq!(members, users(&["a", "b", "dave"]), "members are in the order of their ids");
    assert_eq!(store.position(&chat, &user("dave")).await.unwrap().unwrap().1, dave);
    assert!(store.position(&chat, &user("c")).await.unwrap().is_none());
    let pointer = Pointer { rev: Rev(1), of: Seq(0), only_for: None, left: Some(user("c")) };
    assert_eq!(store.pointers(&chat, Rev(1), Rev(1), START).await.unwrap(), [pointer]);
}

/// Every write of a member item raises its own rev by one: sending, marking, changing and clearing. Nothing else does.
pub async fn member_items_count_their_writes(store: impl Store) {
    let store = &store;
    let document = create(store, "member-rev", &users(&["a", "b", "c"])).await;
    let chat = document.id.clone();
    let rev = async |who| head_and_member(store, &chat, who).await.1.member_rev.0;
    assert_eq!(rev("a").await, 1, "of who was there from the start");
    let message = send(store, &chat, "a").await;
    assert_eq!(rev("a").await, 2, "sending");
    assert_eq!(store.mark_seen(&chat, &user("a"), Seq(9), START).await.unwrap(), SeenOutcome::Advanced);
    assert_eq!(rev("a").await, 3, "marking");
    let unchanged = store.mark_seen(&chat, &user("a"), Seq(9), START).await.unwrap();
    assert!(matches!(unchanged, SeenOutcome::Unchanged(member) if member.member_rev == MemberRev(3)));
    let bucket = |millis| Budget { millis, at: START };
    let spending = |before, after| Some((user("a"), Spending { before, after: bucket(after) }));
    let what =
        ChangeKind::Message { after: Message { rev: Rev(1), ..message.clone() }, before: Rev(0), deletion: None };
    let edit = Change { spending: spending(None, 2000), ..change(&chat, &head_of(store, &chat).await, None, what) };
    commit_change(store, &edit).await;
    assert_eq!(rev("a").await, 4, "a change that takes from the change budget");
    assert_eq!(store.commit_change(&edit).await.unwrap(), ChangeOutcome::Conflict(Conflict::Outdated));
    assert_eq!(rev("a").await, 4, "a refused change writes nothing");
    let (head, member) = head_and_member(store, &chat, "a").await;
    let cleared = ChangeKind::Cleared(Member { cleared_seq: Seq(1), ..member });
    let clear = Change { spending: spending(Some(bucket(2000)), 1000), ..change(&chat, &head, Some("a"), cleared) };
    commit_change(store, &clear).await;
    assert_eq!(rev("a").await, 5, "budget and floor are one write");
    let (head, member) = head_and_member(store, &chat, "a").await;
    let cleared = ChangeKind::Cleared(Member { cleared_seq: Seq(1), ..member });
    commit_change(store, &change(&chat, &head, Some("a"), cleared)).await;
    assert_eq!(rev("a").await, 6, "the floor alone");
    assert_eq!(rev("b").await, 1, "what others do does not count");
    // Who leaves and joins again has a new item.
    let mut before = Rev(0);
    let (head, member) = head_and_member(store, &chat, "a").await;
    let leaves = Departure::new(&member, None, &head, START);
    for (joined, left) in [(vec![], Some(leaves)), (vec![Member::joining(user("a"), Seq(1), START)], None)] {
        let head = head_of(store, &chat).await;
        let after = Chat { members_rev: head.last_rev.next(), ..document.clone() };
        let what = ChangeKind::Chat { after, before, joined, left, limits: None, upload: None, closed_chat_of: None };
        before = head.last_rev.next();
        commit_change_on_older_head(store, &change(&chat, &head, None, what)).await;
    }
    assert_eq!((rev("a").await, rev("b").await), (1, 1));
}

/// The maximum number of users that one request adds, with ids of maximum length.
pub async fn ninety_participants_are_added_at_once(store: impl Store) {
    let store = &store;
    let document = create(store, "many", &users(&["a", "b", "c"])).await;
    let joined: Vec<_> = (0..90).map(|n| Member::joining(user(&format!("{n:0>128}")), Seq(0), START)).collect();
    let mut after = Chat { members_rev: Rev(1), ..document.clone() };
    after.participants.extend(joined.iter().map(|member| member.user.clone()));
    let what = ChangeKind::Chat {
        after,
        before: Rev(0),
        joined,
        left: None,
        limits: None,
        upload: None,
        closed_chat_of: None,
    };
    commit_change(store, &change(&document.id, &head_of(store, &document.id).await, None, what)).await;
    assert_eq!(store.members(&document.id).await.unwrap().len(), 93);
    assert_eq!(head_of(store, &document.id).await.participant_count, 93);
}

/// Clearing the history changes nothing else of the member.
pub async fn cleared_seq_moves_forward(store: impl Store) {
    let store = &store;
    let chat = create(store, "floor", &users(&["a", "b"])).await.id;
    send(store, &chat, "a").await;
    let (head, read) = head_and_member(store, &chat, "a").await;
    let cleared = Member { cleared_seq: Seq(1), ..read.clone() };
    // A read position that was stored since the read stays.
    store.mark_seen(&chat, &user("a"), Seq(5), START).await.unwrap();
    commit_change(store, &change(&chat, &head, Some("a"), ChangeKind::Cleared(cleared))).await;
    let (_, member) = head_and_member(store, &chat, "a").await;
    assert_eq!((member.cleared_seq, member.read_seq, member.budget), (Seq(1), Seq(5), read.budget));
    assert_eq!(head_and_member(store, &chat, "b").await.1.cleared_seq, Seq(0));
}

/// An expired pointer is not returned, even if DynamoDB has not deleted it yet.
pub async fn pointers_expire(store: impl Store) {
    let store = &store;
    let chat = create(store, "over", &users(&["a", "b"])).await.id;
    let message = send(store, &chat, "a").await;
    let what = ChangeKind::Message { after: Message { rev: Rev(1), ..message }, before: Rev(0), deletion: None };
    let change = change(&chat, &head_of(store, &chat).await, None, what);
    commit_change(store, &change).await;
    let expires_at = change.at.plus(CHANGE_TTL);
    let before = Timestamp::from_seconds(expires_at.seconds() - 1);
    assert_eq!(store.pointers(&chat, Rev(1), Rev(1), before).await.unwrap().len(), 1);
    assert!(store.pointers(&chat, Rev(1), Rev(1), expires_at).await.unwrap().is_empty());
}
