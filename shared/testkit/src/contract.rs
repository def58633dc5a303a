//! The contract that every store must keep, as cases that run on any of them. Each case makes chats and users of
//! its own, so that they can share one store. [`contract_suite!`](crate::contract_suite) makes a test of each.

use crate::fixtures::{caller, chat_of, connection, message, text, user, users};
use crate::{RecordingPush, TestEnv};
use domain::change::{Change, Changed, POINTER_LIFE, Pointer};
use domain::chat::{Chat, Head};
use domain::chat_user::{ChatUser, Connection, Mutes, Nickname};
use domain::content::{ChatName, MessageType};
use domain::ids::{ChatId, ClientMessageId, ConnectionId, Rev, SendId, Seq, UserId};
use domain::member::{Budget, Member};
use domain::message::{Body, Message, Said};
use domain::ports::{
    ChangeOutcome, ChatSnapshot, CommitChanges, CommitMessages, CommitOutcome, Consistency, CreateChats, Creation,
    EarlierSend, KeepUsers, MarkSeen, MessageCommit, ReadChanges, ReadChats, ReadInbox, ReadMessages, Registry,
    SeenOutcome, SendRecord,
};
use domain::reactions::{Emoji, Reactions};
use domain::timestamp::Timestamp;
use domain::use_cases::{CreateChat, NewChat};
use domain::{App, Settings};
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

/// Everything that a store of this product does.
pub trait Store:
    ReadChats
    + CreateChats
    + CommitMessages
    + CommitChanges
    + ReadMessages
    + ReadChanges
    + ReadInbox
    + MarkSeen
    + Registry
    + KeepUsers
{
}
impl<T> Store for T where
    T: ReadChats
        + CreateChats
        + CommitMessages
        + CommitChanges
        + ReadMessages
        + ReadChanges
        + ReadInbox
        + MarkSeen
        + Registry
        + KeepUsers
{
}

/// Makes a test of every case, on the store that the expression makes (it may await).
#[macro_export]
macro_rules! contract_suite {
    ($store:expr) => {
        $crate::contract_suite!($store =>
            a_chat_is_read_back, a_group_of_ninety_is_made_at_once, a_second_creation_changes_nothing, absence_is_none,
            a_commit_is_read_back, a_commit_on_a_moved_head_changes_nothing, a_commit_on_a_spent_budget_changes_nothing,
            a_commit_on_changed_members_changes_nothing, a_commit_of_a_stranger_changes_nothing,
            a_repeat_finds_what_was_sent, a_send_is_forgotten_when_its_time_is_over, a_long_log_is_read_in_order,
            a_read_position_only_moves_forward, connections_come_and_go, many_users_are_looked_up_at_once,
            changed_messages_are_read_back, a_change_on_what_has_moved_changes_nothing,
            a_group_changes_with_its_members, ninety_join_at_once, a_floor_is_moved, pointers_end_with_their_time,
            an_inbox_is_read, a_user_keeps_a_nickname_and_mutes,
            fifty_senders_at_once, one_message_sent_ten_times_at_once, one_private_chat_created_ten_times_at_once,
        );
    };
    ($store:expr => $($case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let store = $store;
            $crate::contract::$case(store).await;
        }
    )+};
}

const START: Timestamp = TestEnv::START;

async fn create(store: &impl Store, id: &str, participants: &[UserId]) -> Chat {
    let (chat, head, members) = chat_of(id, participants, START);
    assert_eq!(store.create_chat(&chat, &head, &members).await.unwrap(), Creation::Created);
    chat
}

/// The commit of the message after `head`.
fn commit(chat: &ChatId, sender: &str, head: Head, before: Option<Budget>, name: Option<&str>) -> MessageCommit {
    let client = name.map(|name| ClientMessageId::parse(name).unwrap());
    let created_at = START.plus(Duration::from_millis(1500));
    MessageCommit {
        message: Message {
            chat: chat.clone(),
            seq: head.last_seq.next(),
            sender: user(sender),
            kind: MessageType::Text,
            created_at,
            client_message_id: client.clone(),
            deleted_for: BTreeSet::new(),
            rev: Rev(0),
            told_rev: Rev(0),
            body: Body::Said(Said::new(text("Hello \u{1F44B} \"you\"\n"))),
        },
        head,
        budget_before: before,
        budget_after: Budget { millis: 41_500, at: created_at },
        send: client.map(|client| SendRecord {
            id: SendId::new(chat, &user(sender), &client),
            body_hash: "the hash".to_owned(),
            expires_at: created_at.plus(Duration::from_secs(60)),
        }),
    }
}

async fn head_and_member(store: &impl Store, chat: &ChatId, who: &str) -> (Head, Member) {
    store.position(chat, &user(who)).await.unwrap().expect("a participant")
}

/// A chat of both kinds is read back with every field.
pub async fn a_chat_is_read_back(store: impl Store) {
    let store = &store;
    for (id, participants) in [("back-1", users(&["a", "b"])), ("back-2", users(&["c", "a", "b"]))] {
        let chat = create(store, id, &participants).await;
        let snapshot = store.snapshot(&chat.id, Some(&user("b")), None).await.unwrap();
        let (_, head, members) = chat_of(id, &participants, START);
        assert_eq!(snapshot.chat.as_ref(), Some(&chat));
        assert_eq!(snapshot.head, Some(head));
        assert_eq!(snapshot.member, Some(Member::joining(user("b"), Seq(0), START)));
        assert_eq!(store.chat(&chat.id, Consistency::Strong).await.unwrap(), Some(chat.clone()));
        assert_eq!(store.position(&chat.id, &user("a")).await.unwrap().unwrap().0, head);
        let mut found = store.members(&chat.id).await.unwrap();
        found.sort_by(|a, b| a.user.cmp(&b.user));
        let mut members = members;
        members.sort_by(|a, b| a.user.cmp(&b.user));
        assert_eq!(found, members);
    }
}

/// The largest group that is created with one request.
pub async fn a_group_of_ninety_is_made_at_once(store: impl Store) {
    let store = &store;
    let ids: Vec<_> = (0..90).map(|n| user(&format!("member-{n}-{}", "x".repeat(100)))).collect();
    let chat = create(store, "ninety", &ids).await;
    assert_eq!(store.chat(&chat.id, Consistency::Strong).await.unwrap().unwrap().participants.len(), 90);
    assert_eq!(store.members(&chat.id).await.unwrap().len(), 90);
}

/// Creating what is there is told apart from creating it, and leaves it as it was.
pub async fn a_second_creation_changes_nothing(store: impl Store) {
    let store = &store;
    let chat = create(store, "second", &users(&["a", "b"])).await;
    let (other, head, members) = chat_of("second", &users(&["a", "b", "c"]), START);
    assert_eq!(store.create_chat(&other, &head, &members).await.unwrap(), Creation::Exists);
    assert_eq!(store.chat(&chat.id, Consistency::Strong).await.unwrap(), Some(chat.clone()));
    assert_eq!(store.members(&chat.id).await.unwrap().len(), 2);
}

/// What is not there is None, never an error.
pub async fn absence_is_none(store: impl Store) {
    let store = &store;
    let chat = create(store, "absent", &users(&["a", "b"])).await.id;
    let nowhere = ChatId::parse("nowhere").unwrap();
    let snapshot = store.snapshot(&nowhere, Some(&user("a")), Some(Seq(1))).await.unwrap();
    let ChatSnapshot { chat: document, head, member, message } = snapshot;
    assert!(document.is_none() && head.is_none() && member.is_none() && message.is_none());
    assert!(store.snapshot(&chat, Some(&user("stranger")), None).await.unwrap().member.is_none());
    assert!(store.position(&chat, &user("stranger")).await.unwrap().is_none());
    assert!(store.position(&nowhere, &user("a")).await.unwrap().is_none());
    assert!(store.message(&chat, Seq(1)).await.unwrap().is_none());
    assert!(store.messages(&chat, Seq(1), Seq(9)).await.unwrap().is_empty());
    assert!(store.members(&nowhere).await.unwrap().is_empty());
    assert!(store.users(&users(&["never-connected"])).await.unwrap().is_empty());
    assert!(store.users(&[]).await.unwrap().is_empty());
}

/// Head, message, sender's item and nothing else follow from a commit.
pub async fn a_commit_is_read_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "commit", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let first = commit(&chat, "a", head, None, Some("one"));
    assert_eq!(store.commit_message(&first).await.unwrap(), CommitOutcome::Committed);
    let (head, sender) = head_and_member(store, &chat, "a").await;
    assert_eq!((head.last_seq, head.last_message_at), (Seq(1), Some(first.message.created_at)));
    assert_eq!(
        (sender.read_seq, sender.read_at, sender.budget),
        (Seq(1), Some(first.message.created_at), Some(first.budget_after))
    );
    assert_eq!(head_and_member(store, &chat, "b").await.1, Member::joining(user("b"), Seq(0), START));
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap(), Some(first.message.clone()));
    let second = commit(&chat, "a", head, sender.budget, None);
    assert_eq!(store.commit_message(&second).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.messages(&chat, Seq(1), Seq(2)).await.unwrap(), [first.message, second.message]);
}

async fn refused(store: &impl Store, chat: &ChatId, commit: &MessageCommit, outcome: CommitOutcome) {
    let before = store.snapshot(chat, Some(&user("a")), None).await.unwrap();
    assert_eq!(store.commit_message(commit).await.unwrap(), outcome);
    assert_eq!(store.snapshot(chat, Some(&user("a")), None).await.unwrap(), before);
    let last = before.head.unwrap().last_seq;
    assert!(store.message(chat, last.next()).await.unwrap().is_none());
}

/// Two that saw the same head: the second must look again.
pub async fn a_commit_on_a_moved_head_changes_nothing(store: impl Store) {
    let store = &store;
    let chat = create(store, "moved", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    assert_eq!(store.commit_message(&commit(&chat, "a", head, None, None)).await.unwrap(), CommitOutcome::Committed);
    refused(store, &chat, &commit(&chat, "b", head, None, Some("late")), CommitOutcome::Conflict).await;
}

/// One sender on two devices cannot spend one budget twice.
pub async fn a_commit_on_a_spent_budget_changes_nothing(store: impl Store) {
    let store = &store;
    let chat = create(store, "budget", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let stale = Some(Budget { millis: 1, at: START });
    refused(store, &chat, &commit(&chat, "a", head, stale, None), CommitOutcome::Conflict).await;
    assert_eq!(store.commit_message(&commit(&chat, "a", head, None, None)).await.unwrap(), CommitOutcome::Committed);
    let (head, _) = head_and_member(store, &chat, "a").await;
    refused(store, &chat, &commit(&chat, "a", head, None, None), CommitOutcome::Conflict).await;
    refused(store, &chat, &commit(&chat, "a", head, stale, None), CommitOutcome::Conflict).await;
}

/// Whom a message is for must be those who were read.
pub async fn a_commit_on_changed_members_changes_nothing(store: impl Store) {
    let store = &store;
    let chat = create(store, "members", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let stale = Head { members_rev: Rev(7), ..head };
    refused(store, &chat, &commit(&chat, "a", stale, None, None), CommitOutcome::Conflict).await;
}

/// A member item that is not there refuses the commit.
pub async fn a_commit_of_a_stranger_changes_nothing(store: impl Store) {
    let store = &store;
    let chat = create(store, "stranger", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    refused(store, &chat, &commit(&chat, "stranger", head, None, Some("x")), CommitOutcome::NotAMember).await;
}

/// The same name again answers what was sent under it, whatever else has moved since.
pub async fn a_repeat_finds_what_was_sent(store: impl Store) {
    let store = &store;
    let chat = create(store, "repeat", &users(&["a", "b"])).await.id;
    let (empty, _) = head_and_member(store, &chat, "a").await;
    let first = commit(&chat, "a", empty, None, Some("one"));
    assert_eq!(store.commit_message(&first).await.unwrap(), CommitOutcome::Committed);
    let earlier = EarlierSend { seq: Seq(1), body_hash: "the hash".to_owned() };
    let SendRecord { id, expires_at, .. } = first.send.clone().unwrap();
    let before = Timestamp::from_seconds(expires_at.seconds() - 1);
    assert_eq!(store.earlier_send(&id, before).await.unwrap().as_ref(), Some(&earlier));
    assert_eq!(store.earlier_send(&id, expires_at).await.unwrap(), None, "past its time");
    let never = SendId::new(&chat, &user("b"), &ClientMessageId::parse("one").unwrap());
    assert_eq!(store.earlier_send(&never, before).await.unwrap(), None);
    let repeated = CommitOutcome::Repeated(earlier);
    refused(store, &chat, &first, repeated.clone()).await;
    let (head, member) = head_and_member(store, &chat, "a").await;
    refused(store, &chat, &commit(&chat, "a", head, member.budget, Some("one")), repeated).await;
    // The name is one sender's, in one chat.
    let of_b = commit(&chat, "b", head, None, Some("one"));
    assert_eq!(store.commit_message(&of_b).await.unwrap(), CommitOutcome::Committed);
    let other = create(store, "repeat-2", &users(&["a", "b"])).await.id;
    assert_eq!(
        store.commit_message(&commit(&other, "a", empty, None, Some("one"))).await.unwrap(),
        CommitOutcome::Committed
    );
}

/// A memory that is past its time is none, even while DynamoDB has not deleted it yet.
pub async fn a_send_is_forgotten_when_its_time_is_over(store: impl Store) {
    let store = &store;
    let chat = create(store, "forgotten", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let first = commit(&chat, "a", head, None, Some("one"));
    store.commit_message(&first).await.unwrap();
    let (head, member) = head_and_member(store, &chat, "a").await;
    let mut again = commit(&chat, "a", head, member.budget, Some("one"));
    again.message.created_at = first.send.unwrap().expires_at;
    assert_eq!(store.commit_message(&again).await.unwrap(), CommitOutcome::Committed);
}

/// More than one answer of DynamoDB holds (1 MB), in order, and only what was asked for.
pub async fn a_long_log_is_read_in_order(store: impl Store) {
    let store = &store;
    let chat = create(store, "long", &users(&["a", "b"])).await.id;
    let large = text(&"x".repeat(24_000));
    for _ in 0..60 {
        let (head, member) = head_and_member(store, &chat, "a").await;
        let mut next = commit(&chat, "a", head, member.budget, None);
        next.message.body = Body::Said(Said::new(large.clone()));
        assert_eq!(store.commit_message(&next).await.unwrap(), CommitOutcome::Committed);
    }
    let seqs = async |from, to| -> Vec<u64> {
        store.messages(&chat, Seq(from), Seq(to)).await.unwrap().into_iter().map(|message| message.seq.0).collect()
    };
    assert_eq!(seqs(1, 60).await, (1..=60).collect::<Vec<_>>());
    assert_eq!(seqs(59, 200).await, [59, 60]);
    assert_eq!(seqs(7, 7).await, [7]);
}

/// Forward moves, backward does not, a stranger has none.
pub async fn a_read_position_only_moves_forward(store: impl Store) {
    let store = &store;
    let chat = create(store, "seen", &users(&["a", "b"])).await.id;
    let (before, _) = head_and_member(store, &chat, "b").await;
    let at = START.plus(Duration::from_secs(9));
    assert_eq!(store.mark_seen(&chat, &user("b"), Seq(5), at).await.unwrap(), SeenOutcome::Moved);
    let (head, moved) = head_and_member(store, &chat, "b").await;
    assert_eq!((moved.read_seq, moved.read_at), (Seq(5), Some(at)));
    assert_eq!(head, before);
    for seq in [4, 5] {
        let later = at.plus(Duration::from_secs(9));
        let outcome = store.mark_seen(&chat, &user("b"), Seq(seq), later).await.unwrap();
        assert_eq!(outcome, SeenOutcome::AlreadyThere(moved.clone()));
    }
    assert_eq!(store.mark_seen(&chat, &user("stranger"), Seq(5), at).await.unwrap(), SeenOutcome::NotAMember);
    assert!(store.position(&chat, &user("stranger")).await.unwrap().is_none(), "marking made no member");
}

/// The first connection ever, a second one, one that is closed, one that turned out dead.
pub async fn connections_come_and_go(store: impl Store) {
    let store = &store;
    let dora = user("dora");
    let of_dora = async || -> Option<(Vec<Connection>, Option<Timestamp>)> {
        let mut found = store.users(std::slice::from_ref(&dora)).await.unwrap();
        found.pop().map(|mut user| {
            user.connections.sort_by(|a, b| a.id.cmp(&b.id));
            (user.connections, user.last_seen)
        })
    };
    let later = |seconds| START.plus(Duration::from_secs(seconds));
    let id = |name: &str| ConnectionId::parse(name).unwrap();
    store.unregister(&dora, &id("never"), START).await.unwrap();
    store.forget(&dora, &[id("never")]).await.unwrap();
    assert_eq!(of_dora().await, None, "what was never there leaves nothing");

    let (one, two) = (connection("L0SM9cOFvHcCIhw=", START), connection("two-==", later(3)));
    assert_eq!(store.register(&dora, &one).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(store.register(&dora, &two).await.unwrap().len(), 2);
    assert_eq!(of_dora().await, Some((vec![one.clone(), two.clone()], Some(later(3)))));
    store.forget(&dora, &[one.id.clone(), id("never")]).await.unwrap();
    assert_eq!(of_dora().await, Some((vec![two.clone()], Some(later(3)))));
    store.unregister(&dora, &two.id, later(8)).await.unwrap();
    assert_eq!(of_dora().await, Some((vec![], Some(later(8)))));
    assert_eq!(store.register(&dora, &two).await.unwrap(), [two]);
}

/// More than one BatchGetItem holds (100).
pub async fn many_users_are_looked_up_at_once(store: impl Store) {
    let store = &store;
    let everyone: Vec<_> = (0..230).map(|n| user(&format!("crowd-{n}"))).collect();
    for user in everyone.iter().step_by(2) {
        store.register(user, &connection("c", START)).await.unwrap();
    }
    let found = store.users(&everyone).await.unwrap();
    assert_eq!(found.len(), 115);
    let ids: BTreeSet<_> = found.into_iter().map(|user| user.id).collect();
    assert_eq!(ids, everyone.into_iter().step_by(2).collect());
}

async fn sent(store: &impl Store, chat: &ChatId, sender: &str) -> Message {
    let (head, member) = head_and_member(store, chat, sender).await;
    let commit = commit(chat, sender, head, member.budget, None);
    assert_eq!(store.commit_message(&commit).await.unwrap(), CommitOutcome::Committed);
    commit.message
}

/// A change of `what` after `head`.
fn change(chat: &ChatId, head: Head, only_for: Option<&str>, what: Changed) -> Change {
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
    let said = Said {
        content: text("Edited"),
        edited_at: Some(START.plus(Duration::from_secs(7))),
        reply_to: Some(Seq(1)),
        mentions: BTreeSet::from([user("b")]),
        reactions,
    };
    let edited = Message { rev: Rev(1), deleted_for: [user("b")].into(), body: Body::Said(said), ..first.clone() };
    let head = head_of(store, &chat).await;
    let what = Changed::Message { after: edited.clone(), before: Rev(0) };
    changed(store, &change(&chat, head, None, what)).await;
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap(), Some(edited.clone()));
    let tombstone = Message { rev: Rev(2), body: Body::Deleted { at: START, by: user("a") }, ..first };
    let what = Changed::Message { after: tombstone.clone(), before: Rev(1) };
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
        let after = Message { rev: head.last_rev.next(), body: Body::Said(Said::new(text("x"))), ..message.clone() };
        change(&chat, head, None, Changed::Message { after, before: Rev(before) })
    };
    // Sends do not stand in the way.
    sent(store, &chat, "b").await;
    let stale = Head { last_seq: Seq(1), ..head };
    assert_eq!(store.commit_change(&edit(stale, 0)).await.unwrap(), ChangeOutcome::Committed);
    let head = head_of(store, &chat).await;
    assert_eq!((head.last_seq, head.last_rev), (Seq(2), Rev(1)));

    let group = |head: Head, before: u64, joined: Vec<Member>, left: Option<&str>| {
        let after = Chat { members_rev: head.last_rev.next(), ..document.clone() };
        change(&chat, head, None, Changed::Chat { after, before: Rev(before), joined, left: left.map(user) })
    };
    let dave = |seq| vec![Member::joining(user("dave"), Seq(seq), START)];
    let ghost = Member::joining(user("ghost"), Seq(0), START);
    let nobody = Message { seq: Seq(9), ..message.clone() };
    for refused in [
        edit(stale, 1),
        edit(head, 0),
        edit(Head { members_rev: Rev(5), ..head }, 1),
        change(&chat, head, None, Changed::Message { after: nobody, before: Rev(0) }),
        group(stale, 0, vec![], None),
        group(head, 3, vec![], None),
        group(Head { last_seq: Seq(1), ..head }, 0, dave(1), None),
        group(head, 0, vec![Member::joining(user("b"), Seq(2), START)], None),
        group(head, 0, vec![], Some("ghost")),
        change(&chat, head, Some("ghost"), Changed::Cleared(ghost)),
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
        Changed::Chat { after: after.clone(), before: Rev(0), joined: vec![dave.clone()], left: Some(user("c")) };
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
    let what = Changed::Chat { after, before: Rev(0), joined, left: None };
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
    changed(store, &change(&chat, head, Some("a"), Changed::Cleared(cleared))).await;
    let (_, member) = head_and_member(store, &chat, "a").await;
    assert_eq!((member.cleared_seq, member.read_seq, member.budget), (Seq(1), Seq(5), read.budget));
    assert_eq!(head_and_member(store, &chat, "b").await.1.cleared_seq, Seq(0));
}

/// A pointer whose time is over is none, even while DynamoDB has not deleted it yet.
pub async fn pointers_end_with_their_time(store: impl Store) {
    let store = &store;
    let chat = create(store, "over", &users(&["a", "b"])).await.id;
    let message = sent(store, &chat, "a").await;
    let what = Changed::Message { after: Message { rev: Rev(1), ..message }, before: Rev(0) };
    let change = change(&chat, head_of(store, &chat).await, None, what);
    changed(store, &change).await;
    let over = change.at.plus(POINTER_LIFE);
    let before = Timestamp::from_seconds(over.seconds() - 1);
    assert_eq!(store.pointers(&chat, Rev(1), Rev(1), before).await.unwrap().len(), 1);
    assert!(store.pointers(&chat, Rev(1), Rev(1), over).await.unwrap().is_empty());
}

/// Heads, own items and documents of more chats than one BatchGetItem holds.
pub async fn an_inbox_is_read(store: impl Store) {
    let store = &store;
    let mut chats = Vec::new();
    for n in 0..120 {
        chats.push(create(store, &format!("inbox-{n:03}"), &users(&["inga", "b"])).await.id);
    }
    let elsewhere = create(store, "inbox-other", &users(&["b", "c"])).await.id;
    let inga = user("inga");
    let mut own = store.chats_of(&inga).await.unwrap();
    own.sort();
    assert_eq!(own, chats);
    assert!(store.chats_of(&user("nobody")).await.unwrap().is_empty());
    let mut asked = chats.clone();
    asked.extend([elsewhere.clone(), ChatId::parse("nowhere").unwrap()]);
    let heads = store.heads(&asked, Consistency::Strong).await.unwrap();
    assert_eq!(heads.len(), 121);
    assert_eq!(heads[&elsewhere], Head::new(2, START));
    let members = store.memberships(&inga, &asked).await.unwrap();
    assert_eq!(members.keys().cloned().collect::<Vec<_>>(), chats);
    assert_eq!(members[&chats[0]], Member::joining(inga, Seq(0), START));
    assert_eq!(store.chats(&asked).await.unwrap().len(), 121);
    assert!(store.heads(&[], Consistency::Eventual).await.unwrap().is_empty());
    assert!(store.chats(&[]).await.unwrap().is_empty());
}

/// For who has never connected as for who has.
pub async fn a_user_keeps_a_nickname_and_mutes(store: impl Store) {
    let store = &store;
    let name = |text: &str| Nickname::parse(text).unwrap();
    let (nina, olga) = (user("nina"), user("olga"));
    assert_eq!(store.user(&nina).await.unwrap(), None);
    let found = store.set_nickname(&nina, &name("Nina \u{1F44B}")).await.unwrap();
    assert_eq!(found, ChatUser { nickname: Some(name("Nina \u{1F44B}")), ..ChatUser::unknown(nina.clone()) });
    store.register(&nina, &connection("n", START)).await.unwrap();
    let found = store.set_nickname(&nina, &name("N")).await.unwrap();
    assert_eq!((found.nickname.as_ref(), found.connections.len()), (Some(&name("N")), 1));
    assert_eq!(store.user(&nina).await.unwrap(), Some(found));

    let chat = |id: &str| ChatId::parse(id).unwrap();
    let one = Mutes::from([(chat("c"), None)]);
    let two = Mutes::from([(chat("c"), Some(START)), (chat("d"), None)]);
    for user in [&nina, &olga] {
        let none = Mutes::new();
        assert_eq!(store.replace_mutes(user, &one, &two).await.unwrap(), None, "there were none");
        assert_eq!(store.replace_mutes(user, &none, &one).await.unwrap().unwrap().muted_chats, one);
        assert_eq!(store.replace_mutes(user, &none, &two).await.unwrap(), None, "there is one now");
        assert_eq!(store.replace_mutes(user, &one, &two).await.unwrap().unwrap().muted_chats, two);
        assert_eq!(store.replace_mutes(user, &two, &none).await.unwrap().unwrap().muted_chats, none);
        assert_eq!(store.replace_mutes(user, &none, &one).await.unwrap().unwrap().muted_chats, one);
        assert_eq!(store.users(std::slice::from_ref(user)).await.unwrap()[0].muted_chats, one);
    }
}

fn app<S>(store: S) -> App<S, RecordingPush, TestEnv> {
    App { store, push: RecordingPush::default(), env: TestEnv::default(), settings: Settings::default(), directory: () }
}

/// Fifty participants send at once: fifty messages, seq 1 to 50, none twice, whatever conflicts they had.
pub async fn fifty_senders_at_once(store: impl Store) {
    let senders: Vec<_> = (0..50).map(|n| user(&format!("sender-{n}"))).collect();
    let app = app(store);
    let chat = create(&app.store, "fifty", &senders).await.id;
    let sends = senders.iter().map(async |sender| {
        // Busy is an honest answer under such a rush; the client tries again, under the same name.
        loop {
            match app.send_message(message(&chat, sender.as_str(), "mine", &format!("I am {sender}"))).await {
                Ok(sent) => break sent.message,
                Err(domain::use_cases::SendMessageError::Busy) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let acknowledged: BTreeSet<_> =
        join_all(sends).await.into_iter().map(|sent| (sent.seq(), sent.content().to_owned())).collect();
    let stored = app.store.messages(&chat, Seq(1), Seq(1000)).await.unwrap();
    assert_eq!(stored.iter().map(|message| message.seq.0).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
    assert_eq!(stored.iter().map(|message| &message.sender).collect::<BTreeSet<_>>().len(), 50, "one of each sender");
    assert_eq!(
        acknowledged,
        stored.into_iter().map(|message| (message.seq, message.said().unwrap().content.as_str().to_owned())).collect()
    );
}

/// One message, sent ten times at once under one name, is one message for everyone.
pub async fn one_message_sent_ten_times_at_once(store: impl Store) {
    let app = app(store);
    let chat = create(&app.store, "ten", &users(&["a", "b"])).await.id;
    let sends = (0..10).map(|_| app.send_message(message(&chat, "a", "the-one", "Hello")));
    let sent: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
    assert!(sent.iter().all(|sent| sent.message.seq() == Seq(1)));
    assert_eq!(sent.iter().filter(|sent| !sent.repeated).count(), 1);
    assert_eq!(app.store.messages(&chat, Seq(1), Seq(1000)).await.unwrap().len(), 1);
}

/// One private chat, created by both users at once, ten times, is one chat.
pub async fn one_private_chat_created_ten_times_at_once(store: impl Store) {
    let app = app(store);
    let create = |by: &'static str, other: &'static str| CreateChat {
        caller: caller(by),
        chat: NewChat::private(&user(by), &users(&[other])).unwrap(),
    };
    let creations = (0..10)
        .map(|n| app.create_chat(if n % 2 == 0 { create("pair-1", "pair-2") } else { create("pair-2", "pair-1") }));
    let created: Vec<_> = join_all(creations).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(created.iter().map(|created| created.chat.chat_id()).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(created.iter().filter(|created| created.is_new).count(), 1);
}
