//! What is kept of former members.

use super::{START, Store, create, head_and_member};
use crate::fixtures::{user, users};
use domain::change::{Change, ChangeKind};
use domain::chat::Chat;
use domain::former_member::{Departure, FormerMember};
use domain::ids::{ChatId, Seq};
use domain::member::Member;
use domain::ports::{ChangeOutcome, Conflict, Consistency, ReadingOrder, SeenOutcome};

async fn change(store: &impl Store, chat: &ChatId, joined: Vec<Member>, left: Option<Departure>) -> ChangeOutcome {
    let head = store.snapshot(chat, None, None).await.unwrap().head.unwrap();
    let document = store.chat(chat, Consistency::Strong).await.unwrap().unwrap();
    let after = Chat { members_rev: head.last_rev.next(), ..document };
    let what = ChangeKind::Chat {
        after,
        before: head.members_rev,
        joined,
        left,
        limits: None,
        upload: None,
        closed_chat_of: None,
    };
    let change = Change { chat: chat.clone(), head, at: START, only_for: None, what, spending: None, queue: None };
    store.commit_change(&change).await.unwrap()
}

/// The member reads up to `seq` and leaves. Returns what is kept of them.
async fn read_and_leave(store: &impl Store, chat: &ChatId, who: &str, seq: u64) -> FormerMember {
    if seq > 0 {
        assert_eq!(store.mark_seen(chat, &user(who), Seq(seq), START).await.unwrap(), SeenOutcome::Advanced);
    }
    let (head, member) = head_and_member(store, chat, who).await;
    let earlier = store.former_members(chat, &[user(who)]).await.unwrap().pop();
    let left = Departure::new(&member, earlier, &head, START);
    assert_eq!(change(store, chat, vec![], Some(left.clone())).await, ChangeOutcome::Committed);
    left.former
}

async fn join(store: &impl Store, chat: &ChatId, who: &str, seq: u64) {
    let joined = vec![Member::joining(user(who), Seq(seq), START)];
    assert_eq!(change(store, chat, joined, None).await, ChangeOutcome::Committed);
}

/// Who leaves is kept, with every stay. A departure is refused if the member has read more since, or if what is kept of
/// them is not what was read.
pub async fn former_members_are_kept(store: impl Store) {
    let store = &store;
    let chat = create(store, "past", &users(&["a", "b", "c"])).await.id;
    assert!(store.former_members(&chat, &users(&["a", "b"])).await.unwrap().is_empty());
    let (head, member) = head_and_member(store, &chat, "b").await;
    assert_eq!(head.past_read_seq, None);
    let outdated = Departure::new(&member, None, &head, START);
    assert_eq!(store.mark_seen(&chat, &user("b"), Seq(5), START).await.unwrap(), SeenOutcome::Advanced);
    assert_eq!(
        change(store, &chat, vec![], Some(outdated)).await,
        ChangeOutcome::Conflict(Conflict::Outdated),
        "they have read more"
    );
    let first = read_and_leave(store, &chat, "b", 6).await;
    assert_eq!(store.former_members(&chat, &users(&["b"])).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!((first.periods.len(), first.past_read_seq()), (1, Some(Seq(6))));
    let read_up_to = async || head_and_member(store, &chat, "a").await.0.past_read_seq;
    assert_eq!(read_up_to().await, Some(Seq(6)));
    // Back again, and nothing was read this time.
    join(store, &chat, "b", 9).await;
    let (head, member) = head_and_member(store, &chat, "b").await;
    let forgetful = Departure::new(&member, None, &head, START);
    assert_eq!(
        change(store, &chat, vec![], Some(forgetful)).await,
        ChangeOutcome::Conflict(Conflict::Outdated),
        "a stay is missing"
    );
    let second = read_and_leave(store, &chat, "b", 0).await;
    assert_eq!((second.periods.len(), second.past_read_seq()), (2, Some(Seq(6))));
    assert_eq!(store.former_members(&chat, &users(&["a", "b", "c"])).await.unwrap(), [second]);
    assert_eq!(read_up_to().await, Some(Seq(6)), "it never goes back");
    read_and_leave(store, &chat, "c", 0).await;
    assert_eq!(read_up_to().await, Some(Seq(6)));
    let elsewhere = create(store, "past-other", &users(&["a", "b", "c"])).await.id;
    read_and_leave(store, &elsewhere, "c", 0).await;
    assert_eq!(head_and_member(store, &elsewhere, "a").await.0.past_read_seq, Some(Seq(0)), "nothing was read");
    assert!(store.former_members(&elsewhere, &users(&["b"])).await.unwrap().is_empty());
}

/// Former members are found by how far they have read, those who have read least first. Who has read nothing is not
/// found.
pub async fn former_members_are_found_by_what_they_read(store: impl Store) {
    let store = &store;
    let chat = create(store, "readers", &users(&["a", "b", "c", "d", "e"])).await.id;
    for (who, read) in [("d", 30), ("b", 10), ("e", 0), ("c", 20)] {
        read_and_leave(store, &chat, who, read).await;
    }
    let ordered = async |from, order, max| {
        let readers = store.former_readers(&chat, Seq(from), order, max).await.unwrap();
        readers.into_iter().map(|former| former.user.to_string()).collect::<Vec<_>>()
    };
    let found = async |from, max| ordered(from, ReadingOrder::LeastFirst, max).await;
    assert_eq!(found(1, 9).await, ["b", "c", "d"]);
    assert_eq!(found(10, 9).await, ["b", "c", "d"]);
    assert_eq!(found(11, 9).await, ["c", "d"]);
    assert_eq!(found(11, 1).await, ["c"]);
    assert!(found(31, 9).await.is_empty());
    assert_eq!(ordered(11, ReadingOrder::MostFirst, 9).await, ["d", "c"]);
    assert_eq!(ordered(1, ReadingOrder::MostFirst, 1).await, ["d"]);
    // One of them comes back, reads on and leaves: they are found by the last stay.
    join(store, &chat, "b", 40).await;
    assert_eq!(found(31, 9).await, [""; 0]);
    let former = read_and_leave(store, &chat, "b", 41).await;
    assert_eq!(found(31, 9).await, ["b"]);
    assert_eq!(store.former_readers(&chat, Seq(31), ReadingOrder::LeastFirst, 9).await.unwrap(), [former]);
    let empty = create(store, "readers-0", &users(&["a", "b"])).await.id;
    assert!(store.former_readers(&empty, Seq(1), ReadingOrder::LeastFirst, 9).await.unwrap().is_empty());
}

/// What is kept of a former member is neither one of their chats nor one of the chat's members.
pub async fn former_members_are_not_in_the_inbox(store: impl Store) {
    let store = &store;
    let (stays, leaves) = ("0-stays", "1-leaves");
    for id in [stays, leaves] {
        create(store, id, &users(&["gone", "past-b", "past-c"])).await;
    }
    let left = ChatId::parse(leaves).unwrap();
    read_and_leave(store, &left, "gone", 3).await;
    let chats = store.chats_of(&user("gone")).await.unwrap();
    assert_eq!(chats, [ChatId::parse(stays).unwrap()]);
    assert_eq!(store.membership_count(&user("gone"), 9).await.unwrap(), 1);
    let members: Vec<_> = store.members(&left).await.unwrap().into_iter().map(|member| member.user).collect();
    assert_eq!(members, users(&["past-b", "past-c"]));
}
