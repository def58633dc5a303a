use crate::support::*;
use crate::sync::{at, sync};
use domain::budget::BudgetRate;
use domain::ids::{ChatId, Seq};
use domain::member_settings::{
    ListFull, MAX_PINNED_CHATS, MemberSettings, Notifications, NotificationsChange, SettingsChange,
};
use domain::ports::ReadListedChats as _;
use domain::timestamp::Timestamp;
use domain::use_cases::{
    ArchivedFilter, ChatError, InboxFilter, ListChats, MarkSeenOutcome, PageLimit, PinnedFilter, UpdateMember,
    UpdateMemberError, UpdatedMember,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::fixtures::{caller, user};
use testkit::{Faults, TestEnv};

type Updated = Result<UpdatedMember, ChatError<UpdateMemberError>>;

async fn update(app: &TestApp, who: &str, chat: &ChatId, change: SettingsChange) -> Updated {
    app.update_member(UpdateMember { caller: by(who), chat: chat.clone(), change }).await
}

fn notify(notifications: Notifications) -> SettingsChange {
    SettingsChange { notifications: Some(NotificationsChange::Set(notifications)), ..SettingsChange::default() }
}

fn pin(pinned: bool) -> SettingsChange {
    SettingsChange { pinned: Some(pinned), ..SettingsChange::default() }
}

fn archive(archived: bool) -> SettingsChange {
    SettingsChange { archived: Some(archived), ..SettingsChange::default() }
}

fn unread(marked: bool) -> SettingsChange {
    SettingsChange { marked_unread: Some(marked), ..SettingsChange::default() }
}

fn after(seconds: u64) -> Timestamp {
    TestEnv::START.plus(Duration::from_secs(seconds))
}

async fn see(app: &TestApp, who: &str, chat: &ChatId, seq: u64) -> MarkSeenOutcome {
    app.mark_seen(mark(chat, who, seq)).await.unwrap()
}

/// What the inbox lists with this filter.
async fn listed(app: &TestApp, who: &str, archived: ArchivedFilter, pinned: Option<PinnedFilter>) -> Vec<String> {
    let list = ListChats {
        caller: caller(who),
        limit: PageLimit::default(),
        filter: InboxFilter { archived, pinned },
        after: None,
    };
    let inbox = app.list_chats(list).await.unwrap();
    inbox.chats.iter().map(|entry| entry.chat.chat_id().to_string()).collect()
}

async fn inbox(app: &TestApp, who: &str) -> Vec<String> {
    listed(app, who, ArchivedFilter::Without, None).await
}

/// The view of a chat in a sync.
async fn synced(app: &TestApp, who: &str, chat: &ChatId) -> Value {
    let head = head(app, chat);
    let cursors = [(chat.clone(), at(head.last_seq.0, head.last_rev.0))].into();
    sync(app, who, &cursors, &[]).await["chats"][0]["settings"].clone()
}

#[tokio::test(start_paused = true)]
async fn view_is_in_the_answer_the_event_the_inbox_and_the_sync() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 3).await;
    set_online(&app, &["alice-1", "alice-2", "bob"]).await;
    let change = SettingsChange {
        pinned: Some(true),
        archived: Some(true),
        marked_unread: Some(true),
        ..notify(Notifications::Muted(Some(after(60))))
    };
    let updated = update(&app, "alice-1", &chat, change).await.unwrap();
    let rev = app.store.stored_member(&chat, &user("alice")).unwrap().member_rev;
    let view = json!({"memberRev": rev, "notify": "none", "muteUntil": "2026-01-01T00:01:00.000Z", "pinned": true,
        "archivedSeq": 3, "markedUnread": true});
    assert_eq!(json(&updated.member), json!({"readSeq": 3, "unreadCount": 0, "settings": view}));
    let [frame] = assert_pushed(&app, [("alice-2", "member.updated")]);
    assert_eq!(
        (&frame["chatId"], &frame["data"]),
        (&json!(chat.as_str()), &json!({"readSeq": 3, "unreadCount": 0, "settings": view}))
    );
    assert_eq!((frame.get("seq"), frame.get("rev")), (None, None));
    assert_eq!(synced(&app, "alice", &chat).await, view);
    let archived = ListChats {
        caller: caller("alice"),
        limit: PageLimit::default(),
        filter: InboxFilter { archived: ArchivedFilter::Only, pinned: None },
        after: None,
    };
    assert_eq!(json(&app.list_chats(archived).await.unwrap().chats[0])["settings"], view);
    // Each value alone keeps the others.
    for (change, name) in [
        (unread(false), "markedUnread"),
        (pin(false), "pinned"),
        (archive(false), "archivedSeq"),
        (notify(Notifications::All), "muteUntil"),
    ] {
        update(&app, "alice-1", &chat, change).await.unwrap();
        let [frame] = assert_pushed(&app, [("alice-2", "member.updated")]);
        assert_eq!(frame["data"]["settings"].get(name), None);
    }
    let rev = app.store.stored_member(&chat, &user("alice")).unwrap().member_rev;
    assert_eq!(synced(&app, "alice", &chat).await, json!({"memberRev": rev, "notify": "all"}));
}

#[tokio::test(start_paused = true)]
async fn nobody_else_learns_of_a_view() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    set_online(&app, &["bob"]).await;
    let seen_by_bob = async || {
        let details = json(&app.get_chat(&caller("bob"), &chat).await.unwrap());
        let user = json(&app.user(&caller("bob"), &user("alice")).await.unwrap().user);
        json!([details, user, synced(&app, "bob", &chat).await, inbox(&app, "bob").await])
    };
    let before = seen_by_bob().await;
    let change = SettingsChange {
        pinned: Some(true),
        archived: Some(true),
        marked_unread: Some(true),
        ..notify(Notifications::Muted(None))
    };
    update(&app, "alice", &chat, change).await.unwrap();
    assert_pushed(&app, []);
    assert_eq!(seen_by_bob().await, before);
    for word in ["pinned", "archived", "markedUnread", "memberRev"] {
        assert!(!before[0].to_string().contains(word), "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_change_changes_nothing() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    set_online(&app, &["alice"]).await;
    for change in [pin(false), archive(false), unread(false), notify(Notifications::All)] {
        let before = snapshot(&app);
        update(&app, "alice", &chat, change).await.unwrap();
        assert_eq!(snapshot(&app), before, "{change:?}");
    }
    for change in [pin(true), archive(true), unread(true), notify(Notifications::Mentions)] {
        update(&app, "alice", &chat, change).await.unwrap();
        assert_pushed(&app, [("alice", "member.updated")]);
        let before = snapshot(&app);
        update(&app, "alice", &chat, change).await.unwrap();
        assert_eq!(snapshot(&app), before, "{change:?}");
    }
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn only_participants_have_a_view() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    update(&app, "carol", &chat, pin(true)).await.unwrap();
    remove(&app, "carol", &chat, "carol").await.unwrap();
    let nowhere = ChatId::parse("nowhere").unwrap();
    let before = snapshot(&app);
    for (who, chat) in [("eve", &chat), ("carol", &chat), ("alice", &nowhere)] {
        for change in [pin(true), archive(true), unread(true), notify(Notifications::Mentions)] {
            assert_refused!(update(&app, who, chat, change).await, ChatError::NotFound);
        }
    }
    assert_eq!(snapshot(&app), before);
    // Who joins again begins with nothing, and the pin of before does not count any more.
    assert!(app.store.listed_chats(&user("carol")).await.unwrap().pinned.is_empty());
    add(&app, "alice", &chat, &["carol"]).await.unwrap();
    assert_eq!(synced(&app, "carol", &chat).await, json!({"memberRev": 1, "notify": "all"}));
    // The last participant of a closed group still has a view.
    let closed = closed_group(&app).await;
    let left = app.store.stored_member(&closed, &user("alice")).map_or("bob", |_| "alice");
    assert!(update(&app, left, &closed, pin(true)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn at_most_20_chats_are_pinned_also_by_requests_at_the_same_time() {
    let app = app();
    let mut chats = Vec::new();
    for n in 0..MAX_PINNED_CHATS + 4 {
        chats.push(private_chat_of(&app, "alice", &format!("u{n}")).await);
    }
    for chat in &chats[..MAX_PINNED_CHATS - 2] {
        update(&app, "alice", chat, pin(true)).await.unwrap();
    }
    app.store.set_faults(Faults { latency_ms: 5, conflict: 20, ..Faults::default() });
    let rush = join_all(chats[MAX_PINNED_CHATS - 2..].iter().map(|chat| update(&app, "alice", chat, pin(true)))).await;
    app.store.set_faults(Faults::default());
    let refused = rush
        .iter()
        .filter(|result| matches!(result, Err(ChatError::Refused(UpdateMemberError::ListFull(ListFull::Pinned)))));
    assert_eq!((refused.count(), rush.iter().filter(|result| result.is_ok()).count()), (4, 2), "{rush:?}");
    let pinned = app.store.listed_chats(&user("alice")).await.unwrap().pinned;
    assert_eq!(pinned.len(), MAX_PINNED_CHATS);
    assert_eq!(listed(&app, "alice", ArchivedFilter::Any, Some(PinnedFilter::Only)).await.len(), MAX_PINNED_CHATS);
    // Other changes of a pinned chat need no room.
    let (some, other) = (pinned.iter().next().unwrap(), chats.iter().find(|chat| !pinned.contains(*chat)).unwrap());
    update(&app, "alice", some, SettingsChange::mute(None)).await.unwrap();
    update(&app, "alice", some, pin(false)).await.unwrap();
    update(&app, "alice", other, pin(true)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_share_the_budget_of_profile_changes() {
    let mut app = app();
    app.settings.profile_changes = BudgetRate::per_minute(3, 10);
    let chat = private_chat(&app).await;
    app.update_me(&nickname_update(caller("alice"), "Ali")).await.unwrap();
    update(&app, "alice", &chat, pin(true)).await.unwrap();
    update(&app, "alice", &chat, archive(true)).await.unwrap();
    let before = snapshot(&app);
    let refused = |result: Updated| matches!(result, Err(ChatError::Refused(UpdateMemberError::RateLimited(_))));
    assert!(refused(update(&app, "alice", &chat, unread(true)).await));
    assert_eq!(snapshot(&app), before);
    assert!(update(&app, "alice", &chat, archive(true)).await.is_ok(), "what changes nothing takes nothing");
    tokio::time::advance(Duration::from_secs(6)).await;
    assert!(update(&app, "alice", &chat, unread(true)).await.is_ok());
    assert!(refused(update(&app, "alice", &chat, unread(false)).await));
}

/// A send of the same member may come in between: the change is based on their item.
#[tokio::test(start_paused = true)]
async fn changes_and_sends_at_the_same_time_are_all_stored() {
    let app = app();
    let chat = private_chat(&app).await;
    app.store.set_faults(Faults { latency_ms: 5, conflict: 20, ..Faults::default() });
    let sends = join_all((0..5).map(|n| {
        let (app, chat) = (&app, &chat);
        async move { send_text(app, "alice", chat, &format!("Message {n}")).await }
    }));
    let changes = join_all([pin(true), notify(Notifications::Mentions)].map(|change| {
        let (app, chat) = (&app, &chat);
        async move { update(app, "alice", chat, change).await.unwrap() }
    }));
    futures_util::future::join(sends, changes).await;
    let member = app.store.stored_member(&chat, &user("alice")).unwrap();
    assert_eq!((member.settings.is_pinned, member.settings.notifications), (true, Notifications::Mentions));
    assert_eq!(member.read_seq, Seq(5));
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    assert_refused!(update(&app, "alice", &chat, pin(false)).await, ChatError::Busy);
}

#[tokio::test(start_paused = true)]
async fn archived_chat_comes_back_with_a_message_unless_it_is_muted() {
    let app = app();
    let (chat, other) = (private_chat(&app).await, private_chat_of(&app, "alice", "carol").await);
    fill(&app, &chat, 2).await;
    let id = chat.to_string();
    update(&app, "alice", &chat, archive(true)).await.unwrap();
    assert_eq!(inbox(&app, "alice").await, [other.to_string()]);
    assert_eq!(listed(&app, "alice", ArchivedFilter::Only, None).await, std::slice::from_ref(&id));
    assert_eq!(listed(&app, "alice", ArchivedFilter::Any, None).await.len(), 2);
    send_text(&app, "bob", &chat, "Hello").await;
    assert!(inbox(&app, "alice").await.contains(&id));
    assert!(listed(&app, "alice", ArchivedFilter::Only, None).await.is_empty());
    assert_eq!(synced(&app, "alice", &chat).await.get("archivedSeq"), None);
    // That it came back stays so, whatever else changes.
    update(&app, "alice", &chat, SettingsChange::mute(Some(after(60)))).await.unwrap();
    assert!(inbox(&app, "alice").await.contains(&id));
    update(&app, "alice", &chat, archive(true)).await.unwrap();
    send_text(&app, "bob", &chat, "Hello").await;
    assert!(!inbox(&app, "alice").await.contains(&id), "it is muted");
    assert_eq!(listed(&app, "alice", ArchivedFilter::Only, None).await, std::slice::from_ref(&id));
    assert_eq!(synced(&app, "alice", &chat).await["archivedSeq"], 3);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(inbox(&app, "alice").await.contains(&id), "the mute has ended");
}

#[tokio::test(start_paused = true)]
async fn mark_as_unread_is_taken_back_by_reading_and_by_sending() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 3).await;
    see(&app, "bob", &chat, 2).await;
    let is_marked = || app.store.stored_member(&chat, &user("bob")).unwrap().is_marked_unread;
    update(&app, "bob", &chat, unread(true)).await.unwrap();
    set_online(&app, &["alice", "bob-1", "bob-2"]).await;
    // A message of somebody else, and a read position that others move, leave the mark.
    send_text(&app, "alice", &chat, "Hello").await;
    see(&app, "alice", &chat, 4).await;
    assert!(is_marked());
    discard_pushes(&app, &["alice", "bob-1", "bob-2"]);
    // To a position that is lower or the same: the position stays.
    for seq in [0, 1, 2] {
        update(&app, "bob", &chat, unread(true)).await.unwrap();
        discard_pushes(&app, &["bob-1", "bob-2"]);
        let mut seen = mark(&chat, "bob", seq);
        seen.caller = by("bob-1");
        let outcome = app.mark_seen(seen).await.unwrap();
        assert_eq!((outcome.read_seq, outcome.unread_count), (Seq(2), 2));
        let rev = app.store.stored_member(&chat, &user("bob")).unwrap().member_rev;
        let view = json!({"memberRev": rev, "notify": "all"});
        assert_eq!(json(&outcome)["settings"], view);
        let [frame] = assert_pushed(&app, [("bob-2", "member.updated")]);
        assert_eq!(frame["data"], json!({"readSeq": 2, "unreadCount": 2, "settings": view}));
        assert!(!is_marked());
    }
    let again = see(&app, "bob", &chat, 2).await;
    assert_eq!(json(&again).get("settings"), None);
    assert_pushed(&app, []);
    // To a higher position: one event, the receipt.
    update(&app, "bob", &chat, unread(true)).await.unwrap();
    discard_pushes(&app, &["bob-1", "bob-2"]);
    see(&app, "bob", &chat, 3).await;
    assert_pushed(&app, [("alice", "receipt.updated"), ("bob-1", "receipt.updated"), ("bob-2", "receipt.updated")]);
    assert!(!is_marked());
    update(&app, "bob", &chat, unread(true)).await.unwrap();
    send_text(&app, "bob", &chat, "Hello").await;
    assert!(!is_marked());
    update(&app, "bob", &chat, unread(true)).await.unwrap();
    clear(&app, "bob", &chat).await;
    assert!(!is_marked());
    let member = app.store.stored_member(&chat, &user("bob")).unwrap();
    assert_eq!((member.read_seq, member.settings), (Seq(5), MemberSettings::default()), "the position never goes back");
}

#[tokio::test(start_paused = true)]
async fn mark_is_taken_back_in_spite_of_conflicts() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    update(&app, "alice", &chat, unread(true)).await.unwrap();
    app.store.set_faults(Faults { conflict: 60, ..Faults::default() });
    see(&app, "alice", &chat, 1).await;
    assert!(!app.store.stored_member(&chat, &user("alice")).unwrap().is_marked_unread);
}

#[tokio::test(start_paused = true)]
async fn pinned_chats_come_first() {
    let app = app();
    let mut chats = Vec::new();
    for other in ["bob", "carol", "dave", "erin"] {
        tokio::time::advance(Duration::from_secs(1)).await;
        chats.push(private_chat_of(&app, "alice", other).await);
    }
    let [bob, carol, dave, erin] = [0, 1, 2, 3].map(|n: usize| chats[n].to_string());
    for chat in [&chats[0], &chats[2]] {
        update(&app, "alice", chat, pin(true)).await.unwrap();
    }
    assert_eq!(inbox(&app, "alice").await, [&dave, &bob, &erin, &carol].map(Clone::clone));
    assert_eq!(
        listed(&app, "alice", ArchivedFilter::Any, Some(PinnedFilter::Only)).await,
        [&dave, &bob].map(Clone::clone)
    );
    assert_eq!(
        listed(&app, "alice", ArchivedFilter::Any, Some(PinnedFilter::Without)).await,
        [&erin, &carol].map(Clone::clone)
    );
    // Pinned and archived do not depend on each other.
    update(&app, "alice", &chats[0], archive(true)).await.unwrap();
    assert_eq!(inbox(&app, "alice").await, [&dave, &erin, &carol].map(Clone::clone));
    assert_eq!(listed(&app, "alice", ArchivedFilter::Only, Some(PinnedFilter::Only)).await, std::slice::from_ref(&bob));
    assert!(listed(&app, "alice", ArchivedFilter::Only, Some(PinnedFilter::Without)).await.is_empty());
    send_text(&app, "bob", &chats[0], "Hello").await;
    assert_eq!(inbox(&app, "alice").await[0], bob, "it is still pinned when it comes back");
}
