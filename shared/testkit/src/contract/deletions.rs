//! What a deletion stores for unread counts: recent deletions in the head and the member item, older ones in further items.

use super::changes::{change, commit_change, head_of, send};
use super::{START, Store, create, head_and_member};
use crate::fixtures::{user, users};
use domain::change::{Change, ChangeKind};
use domain::deletions::{DeletionRecord, OlderOwnDeletions, RecentDeletions, Rewrite, SeqSet, TombstoneBlock};
use domain::ids::{ChatId, Rev, Seq};
use domain::message::{Body, Message};
use domain::ports::{ChangeOutcome, Conflict};

fn seqs(seqs: &[u64]) -> SeqSet {
    seqs.iter().copied().map(Seq).collect()
}

fn recent(above: u64, seqs_above: &[u64]) -> RecentDeletions {
    RecentDeletions { above: Seq(above), seqs: seqs(seqs_above) }
}

/// The next change of the message, with what it stores for unread counts.
async fn deletion(
    store: &impl Store,
    chat: &ChatId,
    message: &Message,
    only_for: Option<&str>,
    deletion: DeletionRecord,
) -> Change {
    let head = head_of(store, chat).await;
    let before = store.message(chat, message.seq).await.unwrap().unwrap().rev;
    let body = Body::Deleted { at: START, by: user("a"), attachment: None };
    let after = Message { rev: head.last_rev.next(), body, ..message.clone() };
    change(chat, &head, only_for, ChangeKind::Message { after, before, deletion: Some(deletion) })
}

/// Tombstones are read back from the head and from blocks. A block is replaced only if it is as it was read.
pub async fn tombstones_are_read_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "c-tombstones", &users(&["a", "b"])).await.id;
    let message = send(store, &chat, "a").await;
    let block = |number: u64, of: &[u64], rev| TombstoneBlock { number, seqs: seqs(of), rev: Rev(rev) };
    let delete = async |recent, blocks| {
        deletion(store, &chat, &message, None, DeletionRecord::Tombstone { recent, blocks }).await
    };
    commit_change(store, &delete(recent(0, &[1, 300, 70_000]), Vec::new()).await).await;
    assert_eq!(head_of(store, &chat).await.tombstones, recent(0, &[1, 300, 70_000]));
    assert!(store.tombstone_blocks(&chat, 0, 99).await.unwrap().is_empty());
    // The oldest move to two blocks.
    let moved = vec![
        Rewrite { after: block(0, &[1, 300], 2), before: None },
        Rewrite { after: block(17, &[70_000], 2), before: None },
    ];
    commit_change(store, &delete(recent(70_000, &[70_001]), moved.clone()).await).await;
    assert_eq!(head_of(store, &chat).await.tombstones, recent(70_000, &[70_001]));
    let blocks = async |from, to| store.tombstone_blocks(&chat, from, to).await.unwrap();
    assert_eq!(blocks(0, 17).await, [block(0, &[1, 300], 2), block(17, &[70_000], 2)]);
    assert_eq!(blocks(1, 99).await, [block(17, &[70_000], 2)]);
    assert_eq!(blocks(0, 16).await, [block(0, &[1, 300], 2)]);
    assert!(blocks(1, 16).await.is_empty() && blocks(18, u64::MAX >> 20).await.is_empty());
    // Neither messages nor pointers are read with them, nor those of another chat.
    assert_eq!(store.messages(&chat, Seq(1), Seq(99)).await.unwrap().len(), 1);
    assert_eq!(store.pointers(&chat, Rev(1), Rev(99), START).await.unwrap().len(), 2);
    let other = create(store, "c-tombstones-2", &users(&["a", "b"])).await.id;
    assert!(store.tombstone_blocks(&other, 0, 99).await.unwrap().is_empty());
    // A block that is not as it was read is a conflict, and nothing is stored.
    for before in [None, Some(Rev(1))] {
        let refused =
            delete(recent(70_000, &[70_002]), vec![Rewrite { after: block(0, &[1, 2, 300], 3), before }]).await;
        assert_eq!(
            store.commit_change(&refused).await.unwrap(),
            ChangeOutcome::Conflict(Conflict::Outdated),
            "{before:?}"
        );
        assert_eq!(head_of(store, &chat).await.tombstones, recent(70_000, &[70_001]));
    }
    let rewritten = vec![Rewrite { after: block(0, &[1, 2, 300], 3), before: Some(Rev(2)) }];
    commit_change(store, &delete(recent(70_000, &[70_001]), rewritten).await).await;
    assert_eq!(blocks(0, 0).await, [block(0, &[1, 2, 300], 3)]);
    // A send and other changes keep the tombstones.
    send(store, &chat, "b").await;
    let edit = ChangeKind::Message { after: Message { rev: Rev(4), ..message }, before: Rev(3), deletion: None };
    commit_change(store, &change(&chat, &head_of(store, &chat).await, None, edit)).await;
    assert_eq!(head_of(store, &chat).await.tombstones, recent(70_000, &[70_001]));
}

/// Own deletions are read back from the member item and from one further item, which is no chat of the user.
pub async fn own_deletions_are_read_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "c-own", &users(&["a", "deleter"])).await.id;
    let message = send(store, &chat, "a").await;
    let own = |before: RecentDeletions, recent, older| DeletionRecord::Own { before, recent, older };
    let delete = async |record| deletion(store, &chat, &message, Some("deleter"), record).await;
    let member = async || head_and_member(store, &chat, "deleter").await.1;
    let none = RecentDeletions::default();
    let one = recent(0, &[1]);
    commit_change(store, &delete(own(none.clone(), one.clone(), None)).await).await;
    assert_eq!(member().await.own_deletions, one);
    assert_eq!(store.older_own_deletions(&chat, &user("deleter")).await.unwrap(), None);
    assert_eq!(head_and_member(store, &chat, "a").await.1.own_deletions, none, "those of one member alone");
    // The member item is not as it was read.
    let refused = delete(own(none, recent(0, &[2]), None)).await;
    assert_eq!(store.commit_change(&refused).await.unwrap(), ChangeOutcome::Conflict(Conflict::Outdated));
    let older =
        |of: &[u64], rev, before| Some(Rewrite { after: OlderOwnDeletions { seqs: seqs(of), rev: Rev(rev) }, before });
    commit_change(store, &delete(own(one.clone(), recent(1, &[2]), older(&[1], 2, None))).await).await;
    assert_eq!(member().await.own_deletions, recent(1, &[2]));
    // The further item is not as it was read.
    for before in [None, Some(Rev(1))] {
        let refused = delete(own(recent(1, &[2]), recent(2, &[3]), older(&[1, 2], 3, before))).await;
        assert_eq!(
            store.commit_change(&refused).await.unwrap(),
            ChangeOutcome::Conflict(Conflict::Outdated),
            "{before:?}"
        );
        assert_eq!(member().await.own_deletions, recent(1, &[2]));
    }
    commit_change(store, &delete(own(recent(1, &[2]), recent(2, &[3]), older(&[1, 2], 3, Some(Rev(2))))).await).await;
    let stored = store.older_own_deletions(&chat, &user("deleter")).await.unwrap();
    assert_eq!(stored, Some(OlderOwnDeletions { seqs: seqs(&[1, 2]), rev: Rev(3) }));
    assert_eq!(store.older_own_deletions(&chat, &user("a")).await.unwrap(), None);
    // A read position keeps them.
    store.mark_seen(&chat, &user("deleter"), Seq(1), START).await.unwrap();
    assert_eq!(member().await.own_deletions, recent(2, &[3]));
    assert_eq!(store.chats_of(&user("deleter")).await.unwrap(), std::slice::from_ref(&chat));
    assert_eq!(store.membership_count(&user("deleter"), 9).await.unwrap(), 1);
    assert_eq!(store.members(&chat).await.unwrap().len(), 2);
}
