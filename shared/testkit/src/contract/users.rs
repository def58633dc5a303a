//! Users and their connections.

use super::{START, Store};
use crate::fixtures::{connection, user};
use domain::chat_user::{ChatUser, Connection, Mutes, UserChange};
use domain::ids::{ChatId, ConnectionId};
use domain::names::Nickname;
use domain::timestamp::Timestamp;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

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
    assert!(store.unregister(&dora, &id("never"), START).await.unwrap().is_empty());
    assert!(store.forget(&dora, &[id("never")]).await.unwrap().is_empty());
    assert_eq!(of_dora().await, None, "what was never there leaves nothing");

    let (one, two) = (connection("L0SM9cOFvHcCIhw=", START), connection("two-==", later(3)));
    assert_eq!(store.register(&dora, &one, later(1)).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(of_dora().await, Some((vec![one.clone()], Some(later(1)))));
    assert_eq!(store.register(&dora, &two, later(1)).await.unwrap().len(), 2);
    assert_eq!(of_dora().await, Some((vec![one.clone(), two.clone()], Some(later(1)))));
    assert_eq!(store.forget(&dora, &[one.id.clone(), id("never")]).await.unwrap(), std::slice::from_ref(&two));
    assert_eq!(of_dora().await, Some((vec![two.clone()], Some(later(1)))));
    let both = store.register(&dora, &one, later(1)).await.unwrap().len();
    assert_eq!((both, store.unregister(&dora, &one.id, later(1)).await.unwrap()), (2, vec![two.clone()]));
    assert!(store.unregister(&dora, &two.id, later(8)).await.unwrap().is_empty());
    assert_eq!(of_dora().await, Some((vec![], Some(later(8)))), "the last went at this time");
    assert_eq!(store.register(&dora, &two, later(9)).await.unwrap(), std::slice::from_ref(&two));
    // The same connection again is the same one.
    assert_eq!(store.register(&dora, &two, later(9)).await.unwrap(), [two]);
}

/// Exactly one of many devices that come at once is the first, and exactly one of many that go is the last.
pub async fn one_device_is_the_first_and_one_is_the_last(store: impl Store) {
    let store = &store;
    let dora = user("dora-rush");
    let devices: Vec<_> = (0..12).map(|n| connection(&format!("rush-{n}"), START)).collect();
    let coming = devices.iter().map(|device| store.register(&dora, device, START));
    let first = join_all(coming).await.into_iter().filter(|found| found.as_ref().unwrap().len() == 1).count();
    assert_eq!(first, 1);
    let going = devices.iter().map(|device| store.unregister(&dora, &device.id, START));
    let last = join_all(going).await.into_iter().filter(|left| left.as_ref().unwrap().is_empty()).count();
    assert_eq!(last, 1);
}

/// Whatever came since the registry remembers is there, or was removed: it is not noted again.
pub async fn a_connection_that_was_removed_is_not_noted_again(store: impl Store) {
    let store = &store;
    let dora = user("dora-again");
    let (first, second) = (connection("again-1", START), connection("again-2", START.plus(Duration::from_secs(9))));
    // The first question is when it begins to remember.
    assert_eq!(store.reregister(&dora, &first, START).await.unwrap(), None);
    store.register(&dora, &second, START).await.unwrap();
    store.unregister(&dora, &second.id, START).await.unwrap();
    assert_eq!(store.reregister(&dora, &second, START).await.unwrap(), None);
    let left = store.connections(std::slice::from_ref(&dora)).await.unwrap();
    assert!(left.iter().all(|(_, connections)| connections.is_empty()), "{left:?}");
}

/// More than one BatchGetItem holds (100).
pub async fn many_users_are_looked_up_at_once(store: impl Store) {
    let store = &store;
    let everyone: Vec<_> = (0..230).map(|n| user(&format!("crowd-{n}"))).collect();
    for user in everyone.iter().step_by(2) {
        store.register(user, &connection(&format!("c-{user}"), START), START).await.unwrap();
    }
    let known: BTreeSet<_> = everyone.iter().step_by(2).cloned().collect();
    let found = store.users(&everyone).await.unwrap();
    assert_eq!(found.len(), 115);
    assert_eq!(found.into_iter().map(|user| user.id).collect::<BTreeSet<_>>(), known);
    let found = store.connections(&everyone).await.unwrap();
    let connected: Vec<_> = found.into_iter().filter(|(_, connections)| !connections.is_empty()).collect();
    assert_eq!(connected.len(), 115);
    for (user, connections) in connected {
        assert_eq!(connections, [connection(&format!("c-{user}"), START)]);
    }
    assert!(store.connections(&[]).await.unwrap().is_empty());
}

/// For who has never connected as for who has.
pub async fn a_user_keeps_a_nickname_and_mutes(store: impl Store) {
    let store = &store;
    let name = |text: &str| Nickname::parse(text).unwrap();
    let (nina, olga) = (user("nina"), user("olga"));
    assert_eq!(store.user(&nina).await.unwrap(), None);
    let called = |text: &str| UserChange { nickname: Some(name(text)), ..UserChange::default() };
    let found = store.change_user(&nina, &called("Nina \u{1F44B}")).await.unwrap();
    assert_eq!(found, ChatUser { nickname: Some(name("Nina \u{1F44B}")), ..ChatUser::unknown(nina.clone()) });
    store.register(&nina, &connection("n", START), START).await.unwrap();
    let found = store.change_user(&nina, &called("N")).await.unwrap();
    assert_eq!((found.nickname.as_ref(), found.connections.len()), (Some(&name("N")), 1));
    assert_eq!(store.user(&nina).await.unwrap(), Some(found.clone()));
    let mentions = |wants| UserChange { notify_on_mention: Some(wants), ..UserChange::default() };
    let found = store.change_user(&nina, &mentions(true)).await.unwrap();
    assert_eq!((found.nickname.as_ref(), found.notify_on_mention), (Some(&name("N")), true));
    let [known] = store.preferences(&[nina.clone(), user("nobody")]).await.unwrap().try_into().unwrap();
    assert_eq!((&known.id, &known.nickname, known.notify_on_mention), (&nina, &Some(name("N")), true));
    let both = UserChange { nickname: Some(name("Nina")), notify_on_mention: Some(false) };
    let found = store.change_user(&nina, &both).await.unwrap();
    assert_eq!((found.nickname.as_ref(), found.notify_on_mention), (Some(&name("Nina")), false));

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
