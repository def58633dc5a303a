//! Blocks: what they refuse, and how they are found and counted.

use super::limits::bucket;
use super::{START, Store, commit, head_and_member, head_changed, no_limits};
use crate::fixtures::{chat_of, message, user};
use domain::block::{Block, BlockChange, BlockChangeKind};
use domain::budget::Spending;
use domain::change::{Change, ChangeKind};
use domain::chat::{Chat, Head};
use domain::ids::{ChatId, Rev, Seq};
use domain::member::Member;
use domain::ports::{ChangeOutcome, CommitOutcome, Consistency, Creation};
use domain::use_cases::{BlockUser, ChatError, SendMessageError};
use domain::user_limits::LimitsChange;
use futures_util::future::{join, join_all};

/// How often a send and a block race on each store.
const RACES: usize = 40;

fn change_of(blocker: &str, blocked: &str, kind: BlockChangeKind, has_chat: bool) -> BlockChange {
    let more_blocked_users = if matches!(kind, BlockChangeKind::Begin(_)) { 1 } else { -1 };
    let limits = LimitsChange { more_blocked_users, ..LimitsChange::of(user(blocker)) };
    BlockChange { blocker: user(blocker), blocked: user(blocked), kind, has_chat, limits }
}

const BEGIN: BlockChangeKind = BlockChangeKind::Begin(START);
const END: BlockChangeKind = BlockChangeKind::End { is_mutual: false };

fn private_chat(one: &str, other: &str) -> (Chat, Head, Vec<Member>) {
    chat_of(ChatId::private(&user(one), &user(other)).as_str(), &[user(one), user(other)], START)
}

async fn create_private(store: &impl Store, one: &str, other: &str) -> Chat {
    let (chat, head, members) = private_chat(one, other);
    assert_eq!(store.create_chat(&chat, &head, &members, &no_limits(&chat)).await.unwrap(), Creation::Created);
    chat
}

/// A block in a private chat is in its head, in the document and in the member item of who blocks. What was read before it
/// can no longer be committed. Its end undoes all of that. The rev, the time of the activity and the other member stay.
pub async fn block_in_a_chat_refuses_commits(store: impl Store) {
    let store = &store;
    let chat = create_private(store, "blo-a", "blo-b").await.id;
    let (head, _) = head_and_member(store, &chat, "blo-b").await;
    let first = commit(&chat, "blo-b", &head, None, None);
    assert_eq!(store.commit_message(&first).await.unwrap(), CommitOutcome::Committed);
    let (open, before) = head_and_member(store, &chat, "blo-b").await;
    let (_, own_before) = head_and_member(store, &chat, "blo-a").await;

    let elsewhere = change_of("blo-a", "blo-b", BEGIN, false);
    assert!(!store.change_block(&elsewhere).await.unwrap(), "the two have a chat");
    assert!(store.change_block(&change_of("blo-a", "blo-b", BEGIN, true)).await.unwrap());
    assert!(!store.change_block(&change_of("blo-a", "blo-b", BEGIN, true)).await.unwrap(), "it is there already");
    let (blocked, after) = head_and_member(store, &chat, "blo-b").await;
    assert_eq!((&blocked, &after), (&Head { blocks: 1, ..open.clone() }, &before));
    let (_, own) = head_and_member(store, &chat, "blo-a").await;
    assert_eq!(own, Member { is_blocking: true, member_rev: own_before.member_rev.next(), ..own_before.clone() });
    let document = store.chat(&chat, Consistency::Strong).await.unwrap().unwrap();
    assert_eq!((document.blocked_by, document.members_rev), ([user("blo-a")].into(), Rev(0)));

    let send = commit(&chat, "blo-b", &open, before.budget, None);
    let moved = head_changed(store, &chat).await;
    assert_eq!(store.commit_message(&send).await.unwrap(), CommitOutcome::Conflict(moved.clone()));
    let edit = |head: Head| {
        let rev = head.last_rev.next();
        let after = domain::message::Message { rev, public_rev: rev, ..first.message.clone() };
        let what = ChangeKind::Message { after, before: Rev(0), deletion: None };
        Change { chat: chat.clone(), head, at: START, only_for: None, what, spending: None, queue: None }
    };
    assert_eq!(store.commit_change(&edit(open)).await.unwrap(), ChangeOutcome::Conflict(moved));
    assert_eq!(store.commit_change(&edit(blocked)).await.unwrap(), ChangeOutcome::Committed);

    assert!(store.change_block(&change_of("blo-b", "blo-a", BEGIN, true)).await.unwrap());
    let (both, _) = head_and_member(store, &chat, "blo-b").await;
    assert_eq!(both.blocks, 2);
    for (blocker, other, blocks) in [("blo-a", "blo-b", 1), ("blo-b", "blo-a", 0)] {
        assert!(store.change_block(&change_of(blocker, other, END, true)).await.unwrap());
        assert!(!store.change_block(&change_of(blocker, other, END, true)).await.unwrap(), "it has ended already");
        let (head, member) = head_and_member(store, &chat, blocker).await;
        assert_eq!((head.blocks, member.is_blocking), (blocks, false));
    }
    assert!(store.chat(&chat, Consistency::Strong).await.unwrap().unwrap().blocked_by.is_empty());
    let (head, member) = head_and_member(store, &chat, "blo-b").await;
    let send = commit(&chat, "blo-b", &head, member.budget, None);
    assert_eq!(store.commit_message(&send).await.unwrap(), CommitOutcome::Committed);
}

/// While one of two users blocks the other one, no private chat of them is created. The store says which of them it is.
pub async fn block_without_a_chat_refuses_the_creation(store: impl Store) {
    let store = &store;
    let create = async |by, other| {
        let (chat, head, members) = private_chat(by, other);
        store.create_chat(&chat, &head, &members, &no_limits(&chat)).await.unwrap()
    };
    let change =
        async |blocker, blocked, kind| store.change_block(&change_of(blocker, blocked, kind, false)).await.unwrap();
    assert!(!store.change_block(&change_of("pair-a", "pair-b", BEGIN, true)).await.unwrap(), "the two have no chat");
    assert!(change("pair-a", "pair-b", BEGIN).await);
    assert_eq!(create("pair-a", "pair-b").await, Creation::Blocked { by_creator: true });
    assert_eq!(create("pair-b", "pair-a").await, Creation::Blocked { by_creator: false });
    assert!(change("pair-b", "pair-a", BEGIN).await);
    assert_eq!(create("pair-b", "pair-a").await, Creation::Blocked { by_creator: true });
    // Who reads that the block is not mutual, although it is, reads again.
    assert!(!change("pair-a", "pair-b", END).await);
    assert!(change("pair-a", "pair-b", BlockChangeKind::End { is_mutual: true }).await);
    assert_eq!(create("pair-a", "pair-b").await, Creation::Blocked { by_creator: false });
    assert!(!change("pair-b", "pair-a", BlockChangeKind::End { is_mutual: true }).await, "it no longer is");
    assert!(change("pair-b", "pair-a", END).await);
    assert!(store.position(&private_chat("pair-a", "pair-b").0.id, &user("pair-a")).await.unwrap().is_none());
    assert_eq!(create("pair-a", "pair-b").await, Creation::Created);
    // A block of nobody in the group does not concern the group.
    assert!(change("pair-a", "pair-c", BEGIN).await);
    let (group, head, members) = chat_of("pair-group", &["pair-a", "pair-c", "pair-d"].map(user), START);
    assert_eq!(store.create_chat(&group, &head, &members, &no_limits(&group)).await.unwrap(), Creation::Created);
}

/// A user's blocks are listed for them alone, and found by who is blocked.
pub async fn blocks_are_listed_and_found(store: impl Store) {
    let store = &store;
    let (lister, longest) = (user("lister"), "z".repeat(128));
    for blocked in ["list-b", &longest, "list-a"] {
        assert!(store.change_block(&change_of("lister", blocked, BEGIN, false)).await.unwrap());
    }
    assert!(store.change_block(&change_of("list-a", "list-c", BEGIN, false)).await.unwrap());
    let of = |id: &str| Block { user_id: user(id), blocked_at: START };
    assert_eq!(store.blocks(&lister).await.unwrap(), [of("list-a"), of("list-b"), of(&longest)]);
    assert!(store.blocks(&user("list-b")).await.unwrap().is_empty());
    assert_eq!(store.block(&lister, &user("list-b")).await.unwrap(), Some(of("list-b")));
    assert_eq!(store.block(&user("list-b"), &lister).await.unwrap(), None);
    let many: Vec<_> = (0..120).map(|n| user(&format!("nobody-{n}"))).collect();
    assert!(!store.is_blocked_by_any(&user("list-b"), &many).await.unwrap());
    let with_blocker: Vec<_> = many.into_iter().chain([lister.clone()]).collect();
    assert!(store.is_blocked_by_any(&user("list-b"), &with_blocker).await.unwrap());
    assert!(!store.is_blocked_by_any(&lister, &[user("list-b")]).await.unwrap(), "the other direction");
    assert!(!store.is_blocked_by_any(&user("list-b"), &[]).await.unwrap());
}

/// The number of blocks and the budget are written with the block, and only if the budget is as it was read.
pub async fn blocks_are_counted_and_paid_for(store: impl Store) {
    let store = &store;
    let change = |blocked: &str, kind, before, after| {
        let change = change_of("block-counter", blocked, kind, false);
        let block_changes = Some(Spending { before, after });
        BlockChange { limits: LimitsChange { block_changes, ..change.limits }, ..change }
    };
    let stale = change("count-a", BEGIN, Some(bucket(3)), bucket(2));
    assert!(!store.change_block(&stale).await.unwrap());
    assert!(store.blocks(&user("block-counter")).await.unwrap().is_empty());
    assert!(store.change_block(&change("count-a", BEGIN, None, bucket(9))).await.unwrap());
    assert!(store.change_block(&change("count-b", BEGIN, Some(bucket(9)), bucket(8))).await.unwrap());
    let limits = store.limits(&user("block-counter")).await.unwrap();
    assert_eq!((limits.blocked_users, limits.block_changes, limits.open_chats), (2, Some(bucket(8)), 0));
    assert!(store.change_block(&change("count-a", END, Some(bucket(8)), bucket(7))).await.unwrap());
    assert_eq!(store.limits(&user("block-counter")).await.unwrap().blocked_users, 1);
}

/// Sends of both sides race with a block. Each message is stored before the block or not at all, and each send says which.
/// Both outcomes occur.
pub async fn nothing_is_stored_after_a_block(store: impl Store) {
    let app = &crate::app(store, ());
    let (mut stored, mut refused) = (0, 0);
    for race in 0..RACES {
        let (one, other) = (format!("race-{race}-a"), format!("race-{race}-b"));
        let chat = create_private(&app.store, &one, &other).await.id;
        let send = async |by: &str, delay: usize| {
            for _ in 0..delay {
                tokio::task::yield_now().await;
            }
            app.send_message(message(&chat, by, "", "Hello")).await
        };
        let block = async {
            let command = BlockUser { caller: crate::fixtures::caller(&one), user: user(&other), block: true };
            app.block_user(command).await.unwrap();
            // From here on, nothing more may be stored.
            app.store.position(&chat, &user(&one)).await.unwrap().unwrap().0.last_seq
        };
        let sends = join_all((0..6).map(|n| send(if n % 2 == 0 { &one } else { &other }, n * race)));
        let (last_seq, sends) = join(block, sends).await;
        let (head, _) = head_and_member(&app.store, &chat, &one).await;
        assert_eq!((head.last_seq, head.blocks), (last_seq, 1), "race {race}");
        for outcome in sends {
            match outcome {
                Ok(_) => stored += 1,
                Err(ChatError::Refused(SendMessageError::Blocked)) => refused += 1,
                Err(error) => panic!("race {race}: {error}"),
            }
        }
        assert_eq!(app.store.messages(&chat, Seq(1), Seq(100)).await.unwrap().len() as u64, last_seq.0);
    }
    assert!(stored > 0 && refused > 0, "{stored} stored and {refused} refused");
    println!("{RACES} races: {stored} messages stored before the block, {refused} refused");
}
