//! Users and their connections.

use super::{START, Store};
use crate::fixtures::{connection, custom, user};
use domain::budget::{Budget, Spending};
use domain::chat_user::{ChatUser, Connection, MAX_CONNECTIONS, UserChange};
use domain::ids::ConnectionId;
use domain::names::Nickname;
use domain::patch::Patch;
use domain::ports::Registration;
use domain::timestamp::Timestamp;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

/// A first connection, a second one, a closed one, and a dead one.
pub async fn connections_are_added_and_removed(store: impl Store) {
    let store = &store;
    let dora = user("dora");
    let of_dora = async || -> Option<(Vec<Connection>, Option<Timestamp>)> {
        let mut users = store.users(std::slice::from_ref(&dora)).await.unwrap();
        users.pop().map(|mut user| {
            user.connections.sort_by(|a, b| a.id.cmp(&b.id));
            (user.connections, user.last_seen)
        })
    };
    let later = |seconds| START.plus(Duration::from_secs(seconds));
    let id = |name: &str| ConnectionId::parse(name).unwrap();
    assert!(store.unregister(&dora, &id("never"), START).await.unwrap().is_empty());
    assert!(store.forget(&dora, &[id("never")]).await.unwrap().is_empty());
    assert_eq!(of_dora().await, None, "removing unknown connections creates no user");

    let (one, two) = (connection("L0SM9cOFvHcCIhw=", START), connection("two-==", later(3)));
    let register = async |device: &Connection, at| registered(store.register(&dora, device, &[], at).await.unwrap());
    assert_eq!(register(&one, later(1)).await, std::slice::from_ref(&one));
    assert_eq!(of_dora().await, Some((vec![one.clone()], Some(later(1)))));
    assert_eq!(register(&two, later(1)).await.len(), 2);
    assert_eq!(of_dora().await, Some((vec![one.clone(), two.clone()], Some(later(1)))));
    assert_eq!(store.forget(&dora, &[one.id.clone(), id("never")]).await.unwrap(), std::slice::from_ref(&two));
    assert_eq!(of_dora().await, Some((vec![two.clone()], Some(later(1)))));
    let both = register(&one, later(1)).await.len();
    assert_eq!((both, store.unregister(&dora, &one.id, later(1)).await.unwrap()), (2, vec![two.clone()]));
    assert!(store.unregister(&dora, &two.id, later(8)).await.unwrap().is_empty());
    assert_eq!(of_dora().await, Some((vec![], Some(later(8)))), "last_seen is the time of the last disconnect");
    assert_eq!(register(&two, later(9)).await, std::slice::from_ref(&two));
    // A repeated registration of a connection does not add a second one.
    assert_eq!(register(&two, later(9)).await, std::slice::from_ref(&two));
}

/// However many devices connect at once, no more than the maximum are registered. One more replaces others, in one
/// write that fails if one of them is gone.
pub async fn connections_are_limited(store: impl Store) {
    let store = &store;
    let dora = user("dora-limit");
    let device = |n: usize| connection(&format!("limit-{n}"), START);
    let devices: Vec<_> = (0..MAX_CONNECTIONS + 13).map(device).collect();
    let rush = join_all(devices.iter().map(|device| store.register(&dora, device, &[], START))).await;
    let mut full = 0;
    for registration in rush {
        if let Registration::Full(connections) = registration.unwrap() {
            assert_eq!(connections.len(), MAX_CONNECTIONS);
            full += 1;
        }
    }
    assert_eq!(full, 13);
    let stored = async || {
        let (_, connections) = store.connections(std::slice::from_ref(&dora)).await.unwrap().remove(0);
        connections
    };
    let before = stored().await;
    assert_eq!(before.len(), MAX_CONNECTIONS);
    // The repeat of a registration is no new connection.
    assert_eq!(registered(store.register(&dora, &before[0], &[], START).await.unwrap()).len(), MAX_CONNECTIONS);
    let (one, more) = (device(100), device(101));
    let replaced = [before[3].id.clone(), before[7].id.clone()];
    let after = registered(store.register(&dora, &one, &replaced, START).await.unwrap());
    assert_eq!(after.len(), MAX_CONNECTIONS - 1);
    assert!(after.contains(&one) && !after.iter().any(|connection| replaced.contains(&connection.id)));
    let is_full = |registration| matches!(registration, Registration::Full(connections) if connections == after);
    assert!(is_full(store.register(&dora, &more, &replaced[..1], START).await.unwrap()), "it was replaced already");
    // The repeat of a registration that replaced others finds them gone, and itself there.
    assert_eq!(registered(store.register(&dora, &one, &replaced, START).await.unwrap()).len(), MAX_CONNECTIONS - 1);
    assert_eq!(registered(store.register(&dora, &more, &[], START).await.unwrap()).len(), MAX_CONNECTIONS);
    assert_eq!(stored().await.len(), MAX_CONNECTIONS);
}

/// The user's connections after a registration that succeeded.
fn registered(registration: Registration) -> Vec<Connection> {
    match registration {
        Registration::Registered(connections) => connections,
        Registration::Full(connections) => panic!("{} connections are too many", connections.len()),
    }
}

/// If many devices connect at once, exactly one is the first. If they all disconnect, exactly one is the last.
pub async fn exactly_one_device_is_first_and_one_is_last(store: impl Store) {
    let store = &store;
    let dora = user("dora-rush");
    let devices: Vec<_> = (0..12).map(|n| connection(&format!("rush-{n}"), START)).collect();
    let connects = devices.iter().map(|device| store.register(&dora, device, &[], START));
    let registrations = join_all(connects).await.into_iter().map(|registration| registered(registration.unwrap()));
    let first = registrations.filter(|connections| connections.len() == 1).count();
    assert_eq!(first, 1);
    let disconnects = devices.iter().map(|device| store.unregister(&dora, &device.id, START));
    let last =
        join_all(disconnects).await.into_iter().filter(|remaining| remaining.as_ref().unwrap().is_empty()).count();
    assert_eq!(last, 1);
}

/// A connection that opened after the registry's data begins is either there or was removed. It is not registered
/// again.
pub async fn removed_connection_is_not_registered_again(store: impl Store) {
    let store = &store;
    let dora = user("dora-again");
    let (first, second) = (connection("again-1", START), connection("again-2", START.plus(Duration::from_secs(9))));
    // The first call sets the time since which the registry has data.
    assert_eq!(store.reregister(&dora, &first, START).await.unwrap(), None);
    store.register(&dora, &second, &[], START).await.unwrap();
    store.unregister(&dora, &second.id, START).await.unwrap();
    assert_eq!(store.reregister(&dora, &second, START).await.unwrap(), None);
    let remaining = store.connections(std::slice::from_ref(&dora)).await.unwrap();
    assert!(remaining.iter().all(|(_, connections)| connections.is_empty()), "{remaining:?}");
}

/// More users than one BatchGetItem can read (100).
pub async fn many_users_are_read_at_once(store: impl Store) {
    let store = &store;
    let everyone: Vec<_> = (0..230).map(|n| user(&format!("crowd-{n}"))).collect();
    for user in everyone.iter().step_by(2) {
        store.register(user, &connection(&format!("c-{user}"), START), &[], START).await.unwrap();
    }
    let connected_ids: BTreeSet<_> = everyone.iter().step_by(2).cloned().collect();
    let stored = store.users(&everyone).await.unwrap();
    assert_eq!(stored.len(), 115);
    assert_eq!(stored.into_iter().map(|user| user.id).collect::<BTreeSet<_>>(), connected_ids);
    let all_connections = store.connections(&everyone).await.unwrap();
    let connected: Vec<_> = all_connections.into_iter().filter(|(_, connections)| !connections.is_empty()).collect();
    assert_eq!(connected.len(), 115);
    for (user, connections) in connected {
        assert_eq!(connections, [connection(&format!("c-{user}"), START)]);
    }
    assert!(store.connections(&[]).await.unwrap().is_empty());
}

/// The nickname and the notifications of mentions.
pub async fn nickname_is_stored(store: impl Store) {
    let store = &store;
    let name = |text: &str| Nickname::parse(text).unwrap();
    let nina = user("nina");
    assert_eq!(store.user(&nina).await.unwrap(), None);
    let change_to = |text: &str| UserChange { nickname: Some(Patch::Set(name(text))), ..UserChange::default() };
    let bucket = |millis| Budget { millis, at: START };
    let spent = Spending { before: None, after: bucket(9000) };
    // Each change after the first is based on the bucket that the first one left, and leaves it as it is.
    let same = Spending { before: Some(bucket(9000)), after: bucket(9000) };
    let change = async |user, change: &UserChange, spending| store.change_user(user, change, spending).await.unwrap();
    assert_eq!(store.own_document(&nina).await.unwrap(), ChatUser::unknown(nina.clone()));
    let stored = change(&nina, &change_to("Nina \u{1F44B}"), spent).await.unwrap();
    assert_eq!(change(&nina, &change_to("Late"), spent).await, None, "the bucket changed since");
    let change_budget = Some(bucket(9000));
    let expected =
        ChatUser { nickname: Some(name("Nina \u{1F44B}")), change_budget, ..ChatUser::unknown(nina.clone()) };
    assert_eq!(stored, expected);
    assert_eq!(store.own_document(&nina).await.unwrap(), expected);
    store.register(&nina, &connection("n", START), &[], START).await.unwrap();
    let stored = change(&nina, &change_to("N"), same).await.unwrap();
    assert_eq!((stored.nickname.as_ref(), stored.connections.len()), (Some(&name("N")), 1));
    assert_eq!(store.user(&nina).await.unwrap(), Some(stored.clone()));
    let mentions = |wants| UserChange { notify_on_mention: Some(wants), ..UserChange::default() };
    let stored = change(&nina, &mentions(true), same).await.unwrap();
    assert_eq!((stored.nickname.as_ref(), stored.notify_on_mention), (Some(&name("N")), true));
    let [preferences] = store.preferences(&[nina.clone(), user("nobody")]).await.unwrap().try_into().unwrap();
    assert_eq!(
        (&preferences.id, &preferences.nickname, preferences.notify_on_mention),
        (&nina, &Some(name("N")), true)
    );
    let both = UserChange {
        nickname: Some(Patch::Set(name("Nina"))),
        notify_on_mention: Some(false),
        ..UserChange::default()
    };
    let stored = change(&nina, &both, same).await.unwrap();
    assert_eq!((stored.nickname.as_ref(), stored.notify_on_mention), (Some(&name("Nina")), false));
    let remove = UserChange { nickname: Some(Patch::Remove), ..UserChange::default() };
    let stored = change(&nina, &remove, same).await.unwrap();
    assert_eq!((stored.nickname.as_ref(), stored.connections.len()), (None, 1));
    assert_eq!(store.user(&nina).await.unwrap(), Some(stored.clone()));
    assert_eq!(change(&nina, &remove, same).await.unwrap(), stored, "she has no nickname already");
    // A change without a value only takes from the budget.
    let paid =
        change(&nina, &UserChange::default(), Spending { before: Some(bucket(9000)), after: bucket(8000) }).await;
    assert_eq!(paid, Some(ChatUser { change_budget: Some(bucket(8000)), ..stored }));
    change(&nina, &UserChange::default(), Spending { before: Some(bucket(8000)), after: bucket(9000) }).await.unwrap();
    change(&nina, &change_to("N"), same).await.unwrap();
    let both = UserChange { notify_on_mention: Some(true), ..remove.clone() };
    let stored = change(&nina, &both, same).await.unwrap();
    assert_eq!((stored.nickname.as_ref(), stored.notify_on_mention), (None, true));
    let mut custom_too = UserChange { custom: Some(Patch::Set(custom("\u{0}\u{1F44B}"))), ..change_to("Nina") };
    let stored = change(&nina, &custom_too, same).await.unwrap();
    assert_eq!(
        (stored.nickname.as_ref(), stored.custom.as_ref()),
        (Some(&name("Nina")), Some(&custom("\u{0}\u{1F44B}")))
    );
    assert_eq!(store.users(std::slice::from_ref(&nina)).await.unwrap(), std::slice::from_ref(&stored));
    let stored = change(&nina, &mentions(false), same).await.unwrap();
    assert_eq!(stored.custom, Some(custom("\u{0}\u{1F44B}")), "it stays");
    (custom_too.nickname, custom_too.custom) = (Some(Patch::Remove), Some(Patch::Remove));
    let stored = change(&nina, &custom_too, same).await.unwrap();
    assert_eq!((stored.nickname, stored.custom), (None, None));
    change(&nina, &UserChange { notify_on_mention: Some(true), ..UserChange::default() }, same).await.unwrap();
    let unknown = user("nick-of-nobody");
    let stored = change(&unknown, &remove, spent).await.unwrap();
    assert_eq!(stored, ChatUser { change_budget: Some(bucket(9000)), ..ChatUser::unknown(unknown) });
}

/// The log of openings is read by time, across its partitions, and up to a number.
pub async fn openings_are_read_by_time(store: impl Store) {
    // No other case opens connections in this hour.
    let start = Timestamp::from_seconds(START.seconds() / 600 * 600 - 24 * 3600);
    let at = |seconds: u64| start.plus(Duration::from_secs(seconds));
    let log = [(598, "opens-1"), (599, "opens-2"), (599, "opens-2"), (600, "opens-1"), (1250, "opens-3")];
    for (seconds, name) in log {
        store.log_opening(&user(name), at(seconds)).await.unwrap();
    }
    let openings = async |since, now, max| {
        let users = store.openings(at(since), at(now), max).await.unwrap();
        users.map(|users| users.iter().map(|user| user.as_str().to_owned()).collect::<BTreeSet<String>>())
    };
    if openings(0, 1300, 9).await.is_none() {
        // Connections are in a store without such a log.
        return;
    }
    let named = |numbers: &[u8]| Some(numbers.iter().map(|number| format!("opens-{number}")).collect());
    assert_eq!(openings(0, 597, 9).await, named(&[]));
    assert_eq!(openings(598, 598, 9).await, named(&[1]));
    assert_eq!(openings(599, 600, 9).await, named(&[1, 2]));
    assert_eq!(openings(0, 1300, 9).await, named(&[1, 2, 3]));
    assert_eq!(openings(601, 1300, 9).await, named(&[3]));
    assert_eq!(openings(1251, 1300, 9).await, named(&[]));
    assert_eq!((openings(598, 600, 2).await, openings(1200, 1300, 0).await), (None, None));
    assert_eq!(openings(600, 1250, 2).await, named(&[1, 3]));
}
