//! What users have made so far, and how many chats they are in.

use super::{START, Store, commit, create, head_and_member};
use crate::fixtures::{chat_of, user, users};
use domain::budget::{Budget, Spending};
use domain::change::{Change, ChangeKind};
use domain::chat::Chat;
use domain::ids::{Rev, Seq};
use domain::message::{Body, LiveBody};
use domain::ports::{ChangeOutcome, CommitOutcome, Conflict, Creation};
use domain::user_limits::{LimitsChange, UserLimits};
use futures_util::future::join_all;

pub(crate) fn bucket(millis: u64) -> Budget {
    Budget { millis, at: START }
}

/// Each bucket is written only as it was read, also by many at once.
pub async fn limits_are_spent_once(store: impl Store) {
    let store = &store;
    let maker = user("maker");
    assert_eq!(store.limits(&maker).await.unwrap(), UserLimits::default());
    let first = Some(Spending { before: None, after: bucket(5000) });
    let declared = LimitsChange { declared_bytes: first, ..LimitsChange::of(maker.clone()) };
    let outcomes = join_all((0..10).map(|_| store.change_limits(&declared))).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| *outcome.as_ref().unwrap()).count(), 1);
    let second = Some(Spending { before: Some(bucket(5000)), after: bucket(4000) });
    let both = LimitsChange { added_people: second, ..declared.clone() };
    assert!(!store.change_limits(&both).await.unwrap(), "neither bucket is so");
    let both = LimitsChange { declared_bytes: second, added_people: first, ..declared };
    assert!(store.change_limits(&both).await.unwrap());
    let expected =
        UserLimits { declared_bytes: Some(bucket(4000)), added_people: Some(bucket(5000)), ..UserLimits::default() };
    assert_eq!(store.limits(&maker).await.unwrap(), expected);
}

/// A new chat takes from its creator's limits in its own transaction. Closing it gives back the open chat, and nothing
/// else.
pub async fn open_chats_are_counted(store: impl Store) {
    let store = &store;
    let (one, head, members) = chat_of("counted-1", &users(&["counter", "b", "c"]), START);
    let creator = one.created_by.clone();
    let taken = |before, after| LimitsChange {
        new_chats: Some(Spending { before, after }),
        ..LimitsChange::of(creator.clone())
    };
    let first = taken(None, bucket(1000));
    assert_eq!(store.create_chat(&one, &head, &members, &first).await.unwrap(), Creation::Created);
    let (two, ..) = chat_of("counted-2", &users(&["counter", "b", "c"]), START);
    assert_eq!(store.create_chat(&two, &head, &members, &first).await.unwrap(), Creation::Conflict);
    assert!(store.chat(&two.id, domain::ports::Consistency::Strong).await.unwrap().is_none());
    assert_eq!(store.create_chat(&one, &head, &members, &first).await.unwrap(), Creation::Exists);
    let second = taken(Some(bucket(1000)), bucket(0));
    assert_eq!(store.create_chat(&two, &head, &members, &second).await.unwrap(), Creation::Created);
    let expected = UserLimits { new_chats: Some(bucket(0)), open_chats: 2, ..UserLimits::default() };
    assert_eq!(store.limits(&creator).await.unwrap(), expected);
    let after = Chat { members_rev: Rev(1), closed_at: Some(START), ..one.clone() };
    let leaves = domain::former_member::Departure::new(&members[2], None, &head, START);
    let left = Some(leaves);
    let closed_chat_of = Some(creator.clone());
    let what =
        ChangeKind::Chat { after, before: Rev(0), joined: vec![], left, limits: None, upload: None, closed_chat_of };
    let close = Change { chat: one.id, head, at: START, only_for: None, what, spending: None, queue: None };
    assert_eq!(store.commit_change(&close).await.unwrap(), ChangeOutcome::Committed);
    assert_eq!(store.commit_change(&close).await.unwrap(), ChangeOutcome::Conflict(Conflict::Outdated));
    assert_eq!(store.limits(&creator).await.unwrap(), UserLimits { open_chats: 1, ..expected });
}

/// A change takes from the caller's change budget in its own transaction. The send budget is another bucket.
pub async fn change_budget_is_spent_with_the_change(store: impl Store) {
    let store = &store;
    let chat = create(store, "change-budget", &users(&["a", "b"])).await.id;
    let (head, _) = head_and_member(store, &chat, "a").await;
    let sent = commit(&chat, "a", &head, None, None);
    assert_eq!(store.commit_message(&sent).await.unwrap(), CommitOutcome::Committed);
    let (head, _) = head_and_member(store, &chat, "b").await;
    let edit = |head: &domain::chat::Head, spender: &str, before| {
        let rev = head.last_rev.next();
        let after = domain::message::Message {
            rev,
            public_rev: rev,
            body: Body::Live(LiveBody::new(crate::fixtures::text("Edited"))),
            ..sent.message.clone()
        };
        let what = ChangeKind::Message { after, before: head.last_rev, deletion: None };
        let spending = Some((user(spender), Spending { before, after: bucket(2000) }));
        Change { chat: chat.clone(), head: head.clone(), at: START, only_for: None, what, spending, queue: None }
    };
    assert_eq!(
        store.commit_change(&edit(&head, "b", Some(bucket(1)))).await.unwrap(),
        ChangeOutcome::Conflict(Conflict::Outdated)
    );
    assert_eq!(
        store.commit_change(&edit(&head, "ghost", None)).await.unwrap(),
        ChangeOutcome::Conflict(Conflict::Outdated)
    );
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap().unwrap().rev, Rev(0));
    assert_eq!(store.commit_change(&edit(&head, "b", None)).await.unwrap(), ChangeOutcome::Committed);
    let (head, member) = head_and_member(store, &chat, "b").await;
    assert_eq!((member.change_budget, member.budget), (Some(bucket(2000)), None));
    assert_eq!(
        store.commit_change(&edit(&head, "b", None)).await.unwrap(),
        ChangeOutcome::Conflict(Conflict::Outdated)
    );
    assert_eq!(store.commit_change(&edit(&head, "b", Some(bucket(2000)))).await.unwrap(), ChangeOutcome::Committed);
}

/// Adding people takes from the limits of who adds them, in the transaction of the change.
pub async fn people_are_paid_for_with_the_change(store: impl Store) {
    let store = &store;
    let document = create(store, "paid-for", &users(&["adder", "b", "c"])).await;
    let (head, _) = head_and_member(store, &document.id, "adder").await;
    let add = |before, after| {
        let document = Chat { members_rev: Rev(1), ..document.clone() };
        let joined = vec![domain::member::Member::joining(user("d"), Seq(0), START)];
        let spending = Some(Spending { before, after });
        let limits = Some(LimitsChange { added_people: spending, ..LimitsChange::of(user("adder")) });
        let what = ChangeKind::Chat {
            after: document,
            before: Rev(0),
            joined,
            left: None,
            limits,
            upload: None,
            closed_chat_of: None,
        };
        Change {
            chat: head_chat(&what),
            head: head.clone(),
            at: START,
            only_for: None,
            what,
            spending: None,
            queue: None,
        }
    };
    let stale = add(Some(bucket(7)), bucket(6));
    assert_eq!(store.commit_change(&stale).await.unwrap(), ChangeOutcome::Conflict(Conflict::Outdated));
    assert_eq!(store.members(&document.id).await.unwrap().len(), 3);
    assert_eq!(store.commit_change(&add(None, bucket(6))).await.unwrap(), ChangeOutcome::Committed);
    assert_eq!(store.members(&document.id).await.unwrap().len(), 4);
    let expected = UserLimits { added_people: Some(bucket(6)), ..UserLimits::default() };
    assert_eq!(store.limits(&user("adder")).await.unwrap(), expected);
    // The change itself fails, so nothing is taken.
    assert_eq!(
        store.commit_change(&add(Some(bucket(6)), bucket(5))).await.unwrap(),
        ChangeOutcome::Conflict(Conflict::Outdated)
    );
    assert_eq!(store.limits(&user("adder")).await.unwrap(), expected);
}

fn head_chat(what: &ChangeKind) -> domain::ids::ChatId {
    let ChangeKind::Chat { after, .. } = what else { unreachable!("a change of a group") };
    after.id.clone()
}

/// Memberships are counted, but not beyond the maximum.
pub async fn memberships_are_counted(store: impl Store) {
    let store = &store;
    let popular = user("popular");
    assert_eq!(store.membership_count(&popular, 9).await.unwrap(), 0);
    for n in 0..7 {
        create(store, &format!("c0-{n}"), &users(&["popular", "b"])).await;
    }
    assert_eq!(store.membership_count(&popular, 9).await.unwrap(), 7);
    assert_eq!(store.membership_count(&popular, 7).await.unwrap(), 7);
    assert_eq!(store.membership_count(&popular, 3).await.unwrap(), 3);
}
