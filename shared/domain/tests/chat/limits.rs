//! What one user may do to others, bounded.

use crate::support::*;
use domain::budget::{BudgetRate, RateLimited};
use domain::chat_user::UserChange;
use domain::event::TypingState;
use domain::ids::ClientChatId;
use domain::member_settings::SettingsChange;
use domain::names::Nickname;
use domain::patch::Patch;
use domain::ports::LimitsStore as _;
use domain::recent::{PRESENCE_RATE, RECEIPT_RATE, Recent};
use domain::use_cases::{
    ChangeGroupError, ChangeMessageError, ChatError, ClearChatError, CreateAttachment, CreateAttachmentError,
    CreateChat, CreateChatError, DeleteFor, NewChat, ProfileError, SendTyping, Settings, UpdateMe, UpdateMember,
    UpdateMemberError,
};
use std::time::Duration;
use testkit::fixtures::{caller, message, picture, user, users};

const SLOW: BudgetRate = BudgetRate::per_hour(3, 1);

fn limited(settings: impl FnOnce(&mut Settings)) -> TestApp {
    let mut app = app();
    settings(&mut app.settings);
    app
}

/// Each edit changes what a repeat would show. No repeat is pushed, however often an edit is.
#[tokio::test(start_paused = true)]
async fn edit_and_repeat_push_only_the_edits() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["bob"]).await;
    let first = message(&chat, "alice", "m-1", "Hello");
    app.send_message(first.clone()).await.unwrap();
    for n in 0..10 {
        edit(&app, "alice", &chat, 1, &format!("Hello {n}")).await.unwrap();
        let again = app.send_message(first.clone()).await.unwrap();
        assert!(again.repeated && again.pushed.posted == 0);
        assert_eq!(again.message.content(), format!("Hello {n}"), "the message as it is now");
    }
    let events: Vec<_> = app.push.take("bob").iter().map(|frame| frame["event"].clone()).collect();
    assert_eq!(events.iter().filter(|event| *event == "message.created").count(), 1);
    assert_eq!(events.len(), 11);
}

/// A process that does not remember the send finds the record of the push in the store.
#[tokio::test(start_paused = true)]
async fn repeat_is_pushed_once_across_processes() {
    let mut app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["bob"]).await;
    let first = message(&chat, "alice", "m-1", "Hello");
    app.send_message(first.clone()).await.unwrap();
    let mut pushed = 0;
    for _ in 0..20 {
        app.recent = Recent::default();
        pushed += app.send_message(first.clone()).await.unwrap().pushed.posted;
    }
    assert_eq!(pushed, 1);
}

#[tokio::test(start_paused = true)]
async fn late_repeat_is_answered_and_not_pushed() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["bob"]).await;
    for (seconds, posted) in [(59, 1), (60, 0)] {
        let sent = message(&chat, "alice", &format!("m-{seconds}"), "Hello");
        app.send_message(sent.clone()).await.unwrap();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        let again = app.send_message(sent).await.unwrap();
        assert_eq!((again.repeated, again.pushed.posted), (true, posted), "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn repeat_with_an_empty_send_budget_is_not_pushed() {
    let app = limited(|settings| settings.sending = BudgetRate::per_second(2, 1));
    let chat = private_chat(&app).await;
    set_online(&app, &["bob"]).await;
    let sent = message(&chat, "alice", "m-1", "Hello");
    app.send_message(sent.clone()).await.unwrap();
    send_text(&app, "alice", &chat, "Again").await;
    assert_eq!(app.send_message(sent.clone()).await.unwrap().pushed.posted, 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(app.send_message(sent.clone()).await.unwrap().pushed.posted, 1);
    // The repeat takes nothing.
    send_text(&app, "alice", &chat, "And again").await;
}

/// Every kind of change takes from the one bucket of its member in its chat. What changes nothing takes nothing.
#[tokio::test(start_paused = true)]
async fn changes_have_a_budget() {
    let app = limited(|settings| settings.changes = SLOW);
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    fill(&app, &chat, 3).await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    react(&app, "alice", &chat, 1, &["👍"]).await.unwrap();
    react(&app, "alice", &chat, 1, &["👍"]).await.unwrap();
    delete(&app, "alice", &chat, 2, DeleteFor::Me).await.unwrap();
    let wait = Duration::from_secs(60 * 60);
    let message_refused = |error| {
        let ChatError::Refused(ChangeMessageError::RateLimited(RateLimited { retry_after, limit })) = error else {
            panic!("{error:?}")
        };
        assert_eq!((retry_after, limit), (wait, 3));
    };
    let group_refused = |error| {
        assert!(matches!(error, ChatError::Refused(ChangeGroupError::RateLimited(RateLimited { .. }))), "{error:?}");
    };
    let before = snapshot(&app);
    message_refused(edit(&app, "alice", &chat, 1, "More").await.unwrap_err());
    message_refused(react(&app, "alice", &chat, 1, &[]).await.unwrap_err());
    message_refused(delete(&app, "alice", &chat, 1, DeleteFor::Me).await.unwrap_err());
    message_refused(delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap_err());
    group_refused(rename(&app, "alice", &chat, "Crew").await.unwrap_err());
    group_refused(add(&app, "alice", &chat, &["eve"]).await.unwrap_err());
    group_refused(remove(&app, "alice", &chat, "bob").await.unwrap_err());
    group_refused(set_admin(&app, "alice", &chat, "bob", true).await.unwrap_err());
    assert_refused!(app.clear_chat(&caller("alice"), &chat).await, ChatError::Refused(ClearChatError(_)));
    assert_eq!(snapshot(&app), before);
    // Nothing changes, so nothing is refused. And others have their own.
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    send_text(&app, "alice", &chat, "Messages have another budget").await;
    react(&app, "bob", &chat, 1, &["👍"]).await.unwrap();
    // Whoever has no budget left can still leave.
    remove(&app, "alice", &chat, "alice").await.unwrap();
}

/// More people than the bucket holds need a full bucket, and leave it empty for as long as they take to earn.
#[tokio::test(start_paused = true)]
async fn adding_people_takes_one_change_each() {
    let app = limited(|settings| settings.changes = BudgetRate::per_second(3, 1));
    let chat = group(&app, &TEAM).await;
    add(&app, "alice", &chat, &["d", "e", "f", "g", "h"]).await.unwrap();
    let error = add(&app, "alice", &chat, &["i"]).await.unwrap_err();
    let ChatError::Refused(ChangeGroupError::RateLimited(limited)) = error else { panic!("{error:?}") };
    assert_eq!(limited.retry_after, Duration::from_secs(3));
    // Those who are in the group already do not count.
    add(&app, "alice", &chat, &["d", "e"]).await.unwrap();
    tokio::time::advance(limited.retry_after).await;
    add(&app, "alice", &chat, &["d", "i"]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn new_membership_begins_with_a_few_messages_and_changes() {
    let app = limited(|settings| {
        *settings = Settings {
            sending: BudgetRate::per_hour(50, 1),
            changes: BudgetRate::per_hour(30, 1),
            ..Settings::default()
        };
    });
    let chat = group(&app, &TEAM).await;
    let all_sent = async |who: &str| {
        let mut sent = 0;
        while app.send_message(message(&chat, who, "", "Hello")).await.is_ok() {
            sent += 1;
        }
        sent
    };
    assert_eq!(all_sent("bob").await, 5);
    // Leaving and coming back, or another group, earns no more than that.
    for _ in 0..2 {
        remove(&app, "bob", &chat, "bob").await.unwrap();
        add(&app, "alice", &chat, &["bob"]).await.unwrap();
        assert_eq!(all_sent("bob").await, 5);
    }
    let mut names = 0;
    while rename(&app, "alice", &chat, &format!("Name {names}")).await.is_ok() {
        names += 1;
    }
    assert_eq!(names, 3, "5, without the two who were added");
}

#[tokio::test(start_paused = true)]
async fn own_changes_have_a_budget_of_ten_a_minute() {
    let app = limited(|settings| settings.profile_changes = Settings::default().profile_changes);
    let chat = private_chat(&app).await;
    let nickname = async |text: &str| {
        let change = UserChange { nickname: Some(Patch::Set(Nickname::parse(text).unwrap())), ..UserChange::default() };
        app.update_me(&UpdateMe { caller: caller("bob"), change }).await
    };
    for n in 0..5 {
        nickname(&format!("Bob {n}")).await.unwrap();
        nickname(&format!("Bob {n}")).await.unwrap();
        let mute = if n % 2 == 0 { SettingsChange::mute(None) } else { SettingsChange::unmute() };
        app.update_member(UpdateMember { caller: caller("bob"), chat: chat.clone(), change: mute }).await.unwrap();
    }
    let error = nickname("Bob").await.unwrap_err();
    let ProfileError::RateLimited(limited) = error else { panic!("{error:?}") };
    assert_eq!((limited.retry_after, limited.limit), (Duration::from_secs(6), 10));
    let unmute = UpdateMember { caller: caller("bob"), chat: chat.clone(), change: SettingsChange::unmute() };
    assert_refused!(app.update_member(unmute).await, ChatError::Refused(UpdateMemberError::RateLimited(_)));
    // A request that changes nothing is answered.
    nickname("Bob 4").await.unwrap();
    tokio::time::advance(limited.retry_after).await;
    nickname("Bob").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn typing_is_pushed_at_most_once_a_second() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["bob"]).await;
    let typing = async |state| {
        let sent = app.send_typing(SendTyping { caller: caller("alice"), chat: chat.clone(), state }).await.unwrap();
        sent.pushed.posted
    };
    let (start, stop) = (TypingState::Start, TypingState::Stop);
    assert_eq!([typing(start).await, typing(start).await, typing(stop).await, typing(stop).await], [1, 0, 1, 0]);
    let mut pushed = 0;
    for _ in 0..30 {
        pushed += typing(start).await + typing(stop).await;
    }
    assert_eq!(pushed, 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!([typing(start).await, typing(start).await, typing(stop).await], [1, 0, 1]);
}

fn new_group(by: &str, others: &[&str]) -> CreateChat {
    let name = domain::names::ChatName::parse("Team").unwrap();
    CreateChat { caller: caller(by), chat: NewChat::group(&user(by), &users(others), name, None).unwrap() }
}

fn new_private(by: &str, other: &str) -> CreateChat {
    CreateChat { caller: caller(by), chat: NewChat::private(&user(by), &users(&[other])).unwrap() }
}

#[tokio::test(start_paused = true)]
async fn making_chats_has_a_budget() {
    let app = limited(|settings| settings.new_chats = SLOW);
    for other in ["bob", "carol"] {
        app.create_chat(new_private("alice", other)).await.unwrap();
    }
    app.create_chat(new_group("alice", &["bob", "carol"])).await.unwrap();
    let before = snapshot(&app);
    for refused in [new_private("alice", "dave"), new_group("alice", &["bob", "carol"])] {
        let error = app.create_chat(refused).await.unwrap_err();
        let ChatError::Refused(CreateChatError::CreatingTooFast(limited)) = error else { panic!("{error:?}") };
        assert_eq!((limited.retry_after, limited.limit), (Duration::from_secs(60 * 60), 3));
    }
    assert_eq!(snapshot(&app), before);
    // A chat that exists is found, and others can make chats with her.
    assert!(!app.create_chat(new_private("alice", "bob")).await.unwrap().is_new);
    app.create_chat(new_private("dave", "alice")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn adding_people_has_a_budget_across_chats() {
    let app = limited(|settings| settings.added_people = BudgetRate::per_hour(5, 5));
    let chat = app.create_chat(new_group("alice", &["bob", "carol"])).await.unwrap().chat.chat_id().clone();
    app.create_chat(new_private("alice", "dave")).await.unwrap();
    add(&app, "alice", &chat, &["dave", "bob"]).await.unwrap();
    let error = add(&app, "alice", &chat, &["eve", "frank"]).await.unwrap_err();
    let ChatError::Refused(ChangeGroupError::AddingTooFast(limited)) = error else { panic!("{error:?}") };
    assert_eq!((limited.retry_after, limited.limit), (Duration::from_secs(12 * 60), 5));
    assert_refused!(
        app.create_chat(new_group("alice", &["bob", "carol"])).await,
        ChatError::Refused(CreateChatError::AddingTooFast(_))
    );
    add(&app, "alice", &chat, &["eve"]).await.unwrap();
    let limits = app.store.limits(&user("alice")).await.unwrap();
    assert_eq!(limits.added_people.unwrap().millis, 0);
}

/// People are taken with the change: not twice after a conflict, and not if they are not added.
#[tokio::test(start_paused = true)]
async fn people_are_taken_from_the_budget_once() {
    let app = limited(|settings| settings.added_people = BudgetRate::per_hour(50, 1));
    let chat = app.create_chat(new_group("alice", &["bob", "carol"])).await.unwrap().chat.chat_id().clone();
    app.store.set_faults(testkit::Faults { conflict: 60, latency_ms: 2, ..testkit::Faults::default() });
    let added: Vec<String> = (0..20).map(|n| format!("friend-{n}")).collect();
    for friend in &added {
        add(&app, "alice", &chat, &[friend]).await.unwrap();
    }
    app.store.set_faults(testkit::Faults::default());
    let held = async || app.store.limits(&user("alice")).await.unwrap().added_people.unwrap().millis / 1000;
    assert_eq!(held().await, 50 - 22);
    app.store.set_faults(testkit::Faults { conflict: 100, ..testkit::Faults::default() });
    assert_refused!(add(&app, "alice", &chat, &["late"]).await, ChatError::Busy);
    app.store.set_faults(testkit::Faults::default());
    assert_eq!(held().await, 50 - 22);
}

/// Whoever left a group cannot make another one under its clientChatId, and asking again takes nothing.
#[tokio::test(start_paused = true)]
async fn group_that_was_left_is_not_found_under_its_client_chat_id() {
    let app = app();
    let named = || {
        let (name, id) = (domain::names::ChatName::parse("Team").unwrap(), ClientChatId::parse("g").unwrap());
        let chat = NewChat::group(&user("alice"), &users(&["bob", "carol"]), name, Some(id)).unwrap();
        CreateChat { caller: caller("alice"), chat }
    };
    let chat = app.create_chat(named()).await.unwrap().chat.chat_id().clone();
    remove(&app, "alice", &chat, "alice").await.unwrap();
    let before = snapshot(&app);
    assert_refused!(app.create_chat(named()).await, ChatError::NotFound);
    assert_eq!(snapshot(&app), before);
}

/// Another process may have pushed the start that this stop ends.
#[tokio::test(start_paused = true)]
async fn later_stop_is_pushed_even_if_this_process_saw_no_start() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["bob"]).await;
    let stop = || SendTyping { caller: caller("alice"), chat: chat.clone(), state: TypingState::Stop };
    assert_eq!(app.send_typing(stop()).await.unwrap().pushed.posted, 1);
    assert_eq!(app.send_typing(stop()).await.unwrap().pushed.posted, 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(app.send_typing(stop()).await.unwrap().pushed.posted, 1);
}

/// A read position always moves. The others get so many events of it, and no more.
#[tokio::test(start_paused = true)]
async fn receipts_are_pushed_at_a_bounded_rate() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 60).await;
    set_online(&app, &["alice"]).await;
    for seq in 1..=50 {
        assert_eq!(app.mark_seen(mark(&chat, "bob", seq)).await.unwrap().read_seq.0, seq);
    }
    assert_eq!(app.push.take("alice").len() as u64, RECEIPT_RATE.burst);
    tokio::time::advance(Duration::from_secs(1)).await;
    app.mark_seen(mark(&chat, "bob", 60)).await.unwrap();
    assert_eq!(app.push.take("alice").len(), 1);
}

/// A user whose device connects and disconnects all the time does not make the partners' devices busy.
#[tokio::test(start_paused = true)]
async fn presence_is_pushed_at_a_bounded_rate() {
    let app = app();
    private_chat(&app).await;
    set_online(&app, &["alice"]).await;
    for _ in 0..30 {
        connect(&app, "bob-1").await;
        disconnect(&app, "bob-1").await;
    }
    assert_eq!(app.push.take("alice").len() as u64, PRESENCE_RATE.burst);
    tokio::time::advance(Duration::from_secs(6)).await;
    connect(&app, "bob-1").await;
    assert_eq!(app.push.take("alice").len(), 1);
}

/// The declaration of a small file is not for nothing.
#[tokio::test(start_paused = true)]
async fn small_attachment_takes_a_minimum_of_bytes() {
    let app = limited(|settings| settings.declared_bytes = BudgetRate::per_hour(600_000, 1));
    let chat = private_chat(&app).await;
    app.create_attachment(picture(&chat, "alice")).await.unwrap();
    app.create_attachment(picture(&chat, "alice")).await.unwrap();
    let refused = app.create_attachment(picture(&chat, "alice")).await;
    assert_refused!(refused, ChatError::Refused(CreateAttachmentError::DeclaringTooFast(_)));
}

/// A closed group gives its place back. A private chat never closes.
#[tokio::test(start_paused = true)]
async fn open_chats_have_a_limit() {
    let app = limited(|settings| settings.max_open_chats = 2);
    let chat = app.create_chat(new_group("alice", &["bob", "carol"])).await.unwrap().chat.chat_id().clone();
    app.create_chat(new_private("alice", "bob")).await.unwrap();
    let refused = async || {
        assert_refused!(
            app.create_chat(new_private("alice", "frank")).await,
            ChatError::Refused(CreateChatError::TooManyOpenChats { limit: 2 })
        );
    };
    refused().await;
    app.create_chat(new_private("carol", "alice")).await.unwrap();
    remove(&app, "alice", &chat, "alice").await.unwrap();
    refused().await;
    for who in ["bob", "carol"] {
        remove(&app, who, &chat, who).await.unwrap();
    }
    app.create_chat(new_private("alice", "dave")).await.unwrap();
    refused().await;
}

/// Others cannot put a user into any number of chats. But nobody is shut out by that: the user can still make chats.
#[tokio::test(start_paused = true)]
async fn memberships_have_a_limit_for_others() {
    let app = limited(|settings| settings.max_memberships = 3);
    for _ in 0..3 {
        app.create_chat(new_group("eve", &["bob", "frank"])).await.unwrap();
    }
    let chat = app.create_chat(new_group("alice", &["carol", "dave"])).await.unwrap().chat.chat_id().clone();
    let error = add(&app, "alice", &chat, &["bob", "grace"]).await.unwrap_err();
    let ChatError::Refused(ChangeGroupError::UsersInTooManyChats { users, limit: 3 }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(users, [user("bob")]);
    // The count is paid for: two people here, and two at the creation.
    let held = async || app.store.limits(&user("alice")).await.unwrap();
    assert_eq!(held().await.added_people.unwrap().millis % 1_000_000, 1_000_000 - 4000);
    assert_refused!(
        app.create_chat(new_private("alice", "bob")).await,
        ChatError::Refused(CreateChatError::UsersInTooManyChats { .. })
    );
    assert_eq!((held().await.open_chats, held().await.added_people.unwrap().millis % 1_000_000), (1, 1_000_000 - 5000));
    app.create_chat(new_private("bob", "alice")).await.unwrap();
    app.create_chat(new_group("bob", &["alice", "carol"])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn declared_bytes_have_a_budget() {
    let app = limited(|settings| settings.declared_bytes = BudgetRate::per_hour(3_000_000, 3_600_000));
    let chat = private_chat(&app).await;
    let megabyte = |who| CreateAttachment { size_bytes: 1_000_000, ..picture(&chat, who) };
    for _ in 0..3 {
        app.create_attachment(megabyte("alice")).await.unwrap();
    }
    let error = app.create_attachment(megabyte("alice")).await.unwrap_err();
    let ChatError::Refused(CreateAttachmentError::DeclaringTooFast(limited)) = error else { panic!("{error:?}") };
    // A thousand bytes are earned in a second.
    assert_eq!((limited.retry_after, limited.limit), (Duration::from_secs(1000), 3_000_000));
    app.create_attachment(megabyte("bob")).await.unwrap();
    tokio::time::advance(limited.retry_after).await;
    app.create_attachment(megabyte("alice")).await.unwrap();
}

/// Ten requests at once take from one bucket, and none takes what another one took.
#[tokio::test(start_paused = true)]
async fn concurrent_requests_share_a_budget() {
    let app = limited(|settings| settings.new_chats = SLOW);
    app.store.set_faults(testkit::Faults { latency_ms: 5, ..testkit::Faults::default() });
    let creations =
        (0..10).map(|n| app.create_chat(new_private("alice", ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"][n])));
    let created = futures_util::future::join_all(creations).await.into_iter().filter(Result::is_ok).count();
    assert_eq!((created, app.store.limits(&user("alice")).await.unwrap().open_chats), (3, 3));
    assert!(matches!(
        app.create_chat(new_private("alice", "z")).await,
        Err(ChatError::Refused(CreateChatError::CreatingTooFast(_)))
    ));
}
