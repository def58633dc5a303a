//! Some of the members of a chat.

use super::{START, Store, create};
use crate::fixtures::{user, users};
use domain::ids::{ChatId, Seq, UserId};
use domain::member::Member;

/// Of the users who are asked for, those who are in the chat.
pub async fn members_are_found_by_id(store: impl Store) {
    let store = &store;
    let chat = create(store, "among", &users(&["a", "b", "c"])).await.id;
    create(store, "among-other", &users(&["a", "d"])).await;
    let found = store.members_among(&chat, &users(&["b", "d", "a", "nobody"])).await.unwrap();
    let expected = ["a", "b"].map(|name| (user(name), Member::joining(user(name), Seq(0), START)));
    assert_eq!(found, expected.into());
    assert!(store.members_among(&chat, &[]).await.unwrap().is_empty());
    let nowhere = ChatId::parse("nowhere").unwrap();
    assert!(store.members_among(&nowhere, &users(&["a"])).await.unwrap().is_empty());
}

/// Pages of a chat with the longest ids follow one another without a gap and without another chat's members.
pub async fn members_are_read_page_by_page(store: impl Store) {
    let store = &store;
    let ids: Vec<UserId> = (10..40).map(|n| user(&format!("{n}-{}", "x".repeat(125)))).collect();
    let chat = create(store, "pages", &ids).await.id;
    create(store, "pages-other", &users(&["10-y", "20-y"])).await;
    let page = async |after: Option<&UserId>, limit| {
        let members = store.members_after(&chat, after, limit).await.unwrap();
        members.into_iter().map(|member| member.user).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 12).await, ids[..12]);
    assert_eq!(page(Some(&ids[11]), 12).await, ids[12..24]);
    assert_eq!(page(Some(&ids[23]), 12).await, ids[24..]);
    assert_eq!(page(None, 100).await, ids);
    // The member after whom a page begins may have left meanwhile.
    assert_eq!(page(Some(&user("12")), 1).await, ids[2..3]);
    assert!(page(Some(&ids[29]), 12).await.is_empty());
    let first = store.members_after(&chat, None, 1).await.unwrap();
    assert_eq!(first, [Member::joining(ids[0].clone(), Seq(0), START)]);
    assert!(store.members_after(&ChatId::parse("nowhere").unwrap(), None, 1).await.unwrap().is_empty());
}
