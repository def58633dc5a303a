//! Chats, their members, and reads of many chats at once.

use super::{START, Store, create, head_and_member, no_limits};
use crate::fixtures::{chat_of, user, users};
use domain::chat::Head;
use domain::ids::{ChatId, Seq};
use domain::member::Member;
use domain::ports::{ChatSnapshot, Consistency, Creation, SeenOutcome};
use std::time::Duration;

/// A private chat and a group are read back with every field.
pub async fn chat_is_read_back(store: impl Store) {
    let store = &store;
    for (id, participants) in [("back-1", users(&["a", "b"])), ("back-2", users(&["c", "a", "b"]))] {
        let chat = create(store, id, &participants).await;
        let snapshot = store.snapshot(&chat.id, Some(&user("b")), None).await.unwrap();
        let (_, head, members) = chat_of(id, &participants, START);
        assert_eq!(snapshot.chat.as_ref(), Some(&chat));
        assert_eq!(snapshot.head.as_ref(), Some(&head));
        assert_eq!(snapshot.member, Some(Member::joining(user("b"), Seq(0), START)));
        assert_eq!(store.chat(&chat.id, Consistency::Strong).await.unwrap(), Some(chat.clone()));
        assert_eq!(store.position(&chat.id, &user("a")).await.unwrap().unwrap().0, head);
        let mut stored = store.members(&chat.id).await.unwrap();
        stored.sort_by(|a, b| a.user.cmp(&b.user));
        let mut members = members;
        members.sort_by(|a, b| a.user.cmp(&b.user));
        assert_eq!(stored, members);
    }
}

/// The largest group that one request can create.
pub async fn group_of_ninety_is_created_at_once(store: impl Store) {
    let store = &store;
    let ids: Vec<_> = (0..90).map(|n| user(&format!("member-{n}-{}", "x".repeat(100)))).collect();
    let chat = create(store, "ninety", &ids).await;
    assert_eq!(store.chat(&chat.id, Consistency::Strong).await.unwrap().unwrap().participants.len(), 90);
    assert_eq!(store.members(&chat.id).await.unwrap().len(), 90);
}

/// A second creation of a chat is recognized and changes nothing.
pub async fn second_creation_changes_nothing(store: impl Store) {
    let store = &store;
    let chat = create(store, "second", &users(&["a", "b"])).await;
    let (other, head, members) = chat_of("second", &users(&["a", "b", "c"]), START);
    assert_eq!(store.create_chat(&other, &head, &members, &no_limits(&other)).await.unwrap(), Creation::Exists);
    assert_eq!(store.chat(&chat.id, Consistency::Strong).await.unwrap(), Some(chat.clone()));
    assert_eq!(store.members(&chat.id).await.unwrap().len(), 2);
}

/// A missing item is None or an empty list, never an error.
pub async fn missing_items_are_none(store: impl Store) {
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

/// Heads, member items and documents of more chats than one BatchGetItem can read.
pub async fn inbox_is_read(store: impl Store) {
    let store = &store;
    let mut chats = Vec::new();
    for n in 0..120 {
        chats.push(create(store, &format!("1b0-{n:03}"), &users(&["inga", "b"])).await.id);
    }
    let elsewhere = create(store, "1b0-other", &users(&["b", "c"])).await.id;
    let inga = user("inga");
    let mut own_chats = store.chats_of(&inga).await.unwrap();
    own_chats.sort();
    assert_eq!(own_chats, chats);
    assert!(store.chats_of(&user("nobody")).await.unwrap().is_empty());
    let mut requested = chats.clone();
    requested.extend([elsewhere.clone(), ChatId::parse("nowhere").unwrap()]);
    let heads = store.heads(&requested, Consistency::Strong).await.unwrap();
    assert_eq!(heads.len(), 121);
    assert_eq!(heads[&elsewhere], Head::new(2, START));
    let members = store.memberships(&inga, &requested, Consistency::Strong).await.unwrap();
    assert_eq!(members.keys().cloned().collect::<Vec<_>>(), chats);
    assert_eq!(members[&chats[0]], Member::joining(inga, Seq(0), START));
    assert_eq!(store.chats(&requested).await.unwrap().len(), 121);
    assert!(store.heads(&[], Consistency::Eventual).await.unwrap().is_empty());
    assert!(store.chats(&[]).await.unwrap().is_empty());
}

/// A read position moves forward only. A user who is not a member has none.
pub async fn read_position_only_moves_forward(store: impl Store) {
    let store = &store;
    let chat = create(store, "seen", &users(&["a", "b"])).await.id;
    let (before, _) = head_and_member(store, &chat, "b").await;
    let at = START.plus(Duration::from_secs(9));
    assert_eq!(store.mark_seen(&chat, &user("b"), Seq(5), at).await.unwrap(), SeenOutcome::Advanced);
    let (head, moved) = head_and_member(store, &chat, "b").await;
    assert_eq!((moved.read_seq, moved.read_at), (Seq(5), Some(at)));
    assert_eq!(head, before);
    for seq in [4, 5] {
        let later = at.plus(Duration::from_secs(9));
        let outcome = store.mark_seen(&chat, &user("b"), Seq(seq), later).await.unwrap();
        assert_eq!(outcome, SeenOutcome::Unchanged(moved.clone()));
    }
    assert_eq!(store.mark_seen(&chat, &user("stranger"), Seq(5), at).await.unwrap(), SeenOutcome::NotAMember);
    assert!(store.position(&chat, &user("stranger")).await.unwrap().is_none(), "marking creates no member");
}
