//! Members' views of their chats, and the list of a user's muted and pinned chats.

use super::{START, Store, commit, create, head_and_member};
use crate::fixtures::{user, users};
use domain::change::{Change, ChangeKind};
use domain::chat::Chat;
use domain::chat_user::Mutes;
use domain::former_member::Departure;
use domain::ids::{ChatId, MemberRev, Rev, Seq};
use domain::member::Member;
use domain::member_settings::{ListedChats, MemberSettings, Notifications};
use domain::ports::{ChangeOutcome, CommitOutcome, Conflict, SeenOutcome, SettingsCommit};
use domain::timestamp::Timestamp;
use std::time::Duration;

fn later(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// A commit of these settings, with the list that follows from `listed`.
fn settings_commit(chat: &Chat, before: &Member, settings: MemberSettings, listed: &ListedChats) -> SettingsCommit {
    let after = Member { settings, member_rev: before.member_rev.next(), ..before.clone() };
    let listed = (!settings.is_listed_like(&before.settings)).then(|| listed.with(&chat.id, &settings, START).unwrap());
    SettingsCommit { chat: chat.id.clone(), before: before.clone(), after, listed }
}

fn muted(until: Option<Timestamp>) -> MemberSettings {
    MemberSettings { notifications: Notifications::Muted(until), ..MemberSettings::default() }
}

async fn indexed(store: &impl Store, who: &str, chat: &ChatId) -> MemberSettings {
    let indexed = store.indexed_chats(&user(who)).await.unwrap();
    indexed.into_iter().find(|(id, _)| id == chat).unwrap().1
}

/// Each form of the settings, in the member item, in the index, and in the list.
pub async fn settings_are_stored_with_their_list(store: impl Store) {
    let store = &store;
    let chat = create(store, "c-settings", &users(&["set-a", "set-b"])).await;
    let who = user("set-a");
    assert_eq!(store.listed_chats(&who).await.unwrap(), ListedChats::default());
    let pinned = MemberSettings { is_pinned: true, archived_seq: Some(Seq(0)), ..MemberSettings::default() };
    let mentions = MemberSettings { notifications: Notifications::Mentions, ..MemberSettings::default() };
    let all = MemberSettings { is_pinned: true, archived_seq: Some(Seq(7)), ..muted(Some(later(60))) };
    for (settings, mutes, is_pinned) in [
        (muted(None), Mutes::from([(chat.id.clone(), None)]), false),
        (all, Mutes::from([(chat.id.clone(), Some(later(60)))]), true),
        (mentions, Mutes::new(), false),
        (pinned, Mutes::new(), true),
        (MemberSettings::default(), Mutes::new(), false),
    ] {
        let (_, before) = head_and_member(store, &chat.id, "set-a").await;
        let listed = store.listed_chats(&who).await.unwrap();
        let change = settings_commit(&chat, &before, settings, &listed);
        assert!(store.commit_settings(&change).await.unwrap(), "{settings:?}");
        let (_, stored) = head_and_member(store, &chat.id, "set-a").await;
        assert_eq!(stored, change.after);
        assert_eq!(indexed(store, "set-a", &chat.id).await, settings);
        let after = store.listed_chats(&who).await.unwrap();
        assert_eq!((after.mutes, after.pinned.contains(&chat.id)), (mutes, is_pinned), "{settings:?}");
    }
    let (_, other) = head_and_member(store, &chat.id, "set-b").await;
    assert_eq!((other.settings, other.member_rev), (MemberSettings::default(), MemberRev(1)));
    assert_eq!(store.listed_chats(&user("set-b")).await.unwrap(), ListedChats::default());
}

/// A commit on an earlier member item or on an earlier list changes neither of both.
pub async fn outdated_settings_are_refused(store: impl Store) {
    let store = &store;
    let chat = create(store, "c-settings-late", &users(&["late-a", "late-b"])).await;
    let other = create(store, "c-settings-late-2", &users(&["late-a", "late-b"])).await;
    let who = user("late-a");
    let none = ListedChats::default();
    let (_, first) = head_and_member(store, &chat.id, "late-a").await;
    let (_, second) = head_and_member(store, &other.id, "late-a").await;
    let mute = settings_commit(&chat, &first, muted(None), &none);
    assert!(store.commit_settings(&mute).await.unwrap());
    assert!(!store.commit_settings(&mute).await.unwrap(), "the member item changed since");
    let late = settings_commit(&other, &second, muted(None), &none);
    assert!(!store.commit_settings(&late).await.unwrap(), "the list changed since");
    let (_, unchanged) = head_and_member(store, &other.id, "late-a").await;
    assert_eq!(unchanged, second);
    let listed = store.listed_chats(&who).await.unwrap();
    assert_eq!(listed.mutes, Mutes::from([(chat.id.clone(), None)]));
    assert!(store.commit_settings(&settings_commit(&other, &second, muted(None), &listed)).await.unwrap());
    // Who left and joined again has another item, although it may have the same number.
    let (_, now) = head_and_member(store, &chat.id, "late-a").await;
    let earlier = Member { joined_at: later(9), ..now };
    let archived = MemberSettings { archived_seq: Some(Seq(0)), ..earlier.settings };
    assert!(!store.commit_settings(&settings_commit(&chat, &earlier, archived, &none)).await.unwrap());
    let nobody = Member::joining(user("late-c"), Seq(0), START);
    assert!(!store.commit_settings(&settings_commit(&chat, &nobody, archived, &none)).await.unwrap());
}

/// A send, a higher read position, a clear and [`unmark`](domain::ports::MarkSeen::unmark) take the mark back.
pub async fn marks_are_taken_back(store: impl Store) {
    let store = &store;
    let chat = create(store, "c-marks", &users(&["mark-a", "mark-b"])).await;
    let who = user("mark-a");
    let mark = async || {
        let (head, before) = head_and_member(store, &chat.id, "mark-a").await;
        let after = Member { is_marked_unread: true, member_rev: before.member_rev.next(), ..before.clone() };
        let change = SettingsCommit { chat: chat.id.clone(), before, after, listed: None };
        assert!(store.commit_settings(&change).await.unwrap());
        let (_, marked) = head_and_member(store, &chat.id, "mark-a").await;
        assert_eq!(marked, change.after);
        (head, marked)
    };
    let is_marked = async || head_and_member(store, &chat.id, "mark-a").await.1.is_marked_unread;

    let (_, marked) = mark().await;
    let unmarked = Member { is_marked_unread: false, member_rev: marked.member_rev.next(), ..marked };
    for _ in 0..2 {
        assert_eq!(store.unmark(&chat.id, &who).await.unwrap(), SeenOutcome::Unchanged(unmarked.clone()));
    }
    assert_eq!(store.unmark(&chat.id, &user("mark-c")).await.unwrap(), SeenOutcome::NotAMember);

    let (head, marked) = mark().await;
    let sent = store.commit_message(&commit(&chat.id, "mark-a", &head, marked.budget, None)).await.unwrap();
    assert_eq!((sent, is_marked().await), (CommitOutcome::Committed, false));

    let (head, _) = mark().await;
    let (_, other) = head_and_member(store, &chat.id, "mark-b").await;
    let sent = store.commit_message(&commit(&chat.id, "mark-b", &head, other.budget, None)).await.unwrap();
    assert_eq!((sent, is_marked().await), (CommitOutcome::Committed, true), "a message of another member");
    assert_eq!(store.mark_seen(&chat.id, &who, Seq(2), START).await.unwrap(), SeenOutcome::Advanced);
    assert!(!is_marked().await);

    let (head, marked) = mark().await;
    let seen = store.mark_seen(&chat.id, &who, Seq(2), START).await.unwrap();
    assert_eq!(seen, SeenOutcome::Unchanged(marked.clone()), "the position does not move");
    let cleared = Member { cleared_seq: Seq(2), is_marked_unread: false, ..marked };
    let what = ChangeKind::Cleared(cleared);
    let clear = Change {
        chat: chat.id.clone(),
        head,
        at: START,
        only_for: Some(who.clone()),
        what,
        spending: None,
        queue: None,
    };
    assert_eq!(store.commit_change(&clear).await.unwrap(), ChangeOutcome::Committed);
    assert!(!is_marked().await);
}

/// Who leaves has no settings any more, and their list has one chat less. Both are one transaction.
pub async fn leaving_unlists_the_chat(store: impl Store) {
    let store = &store;
    let names = ["leave-a", "leave-b", "leave-c", "leave-d"];
    let chat = create(store, "c-leave-listed", &users(&names)).await;
    let (_, member) = head_and_member(store, &chat.id, "leave-a").await;
    let settings = MemberSettings { is_pinned: true, ..muted(None) };
    let listed = settings_commit(&chat, &member, settings, &ListedChats::default());
    assert!(store.commit_settings(&listed).await.unwrap());
    let leave = async |who: &str, settings: MemberSettings| {
        let (head, member) = head_and_member(store, &chat.id, who).await;
        let after = Chat { members_rev: Rev(1), ..chat.clone() };
        let left = Some(Departure::new(&Member { settings, ..member }, None, &head, START));
        let what = ChangeKind::Chat {
            after,
            before: Rev(0),
            joined: vec![],
            left,
            limits: None,
            upload: None,
            closed_chat_of: None,
        };
        let change =
            Change { chat: chat.id.clone(), head, at: START, only_for: None, what, spending: None, queue: None };
        store.commit_change(&change).await.unwrap()
    };
    for outdated in [MemberSettings::default(), muted(None)] {
        assert_eq!(leave("leave-a", outdated).await, ChangeOutcome::Conflict(Conflict::Outdated), "{outdated:?}");
    }
    assert_eq!(leave("leave-b", settings).await, ChangeOutcome::Conflict(Conflict::Outdated), "they set nothing");
    assert!(store.listed_chats(&user("leave-a")).await.unwrap().pinned.contains(&chat.id));
    assert_eq!(leave("leave-a", settings).await, ChangeOutcome::Committed);
    let list = store.listed_chats(&user("leave-a")).await.unwrap();
    assert_eq!(list, ListedChats { rev: 2, ..ListedChats::default() });
}
