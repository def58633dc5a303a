//! The maximum cost of a member's own view of a chat, and that sends and marks pay nothing for it.

use crate::budgets::{app, private, reads, within};
use crate::support::Call;
use domain::ids::{ClientChatId, Seq};
use domain::member_settings::{Notifications, NotificationsChange, SettingsChange};
use domain::names::ChatName;
use domain::ports::ReadChats as _;
use domain::use_cases::{CreateChat, MarkSeenCommand, NewChat, RemoveParticipant, UpdateMember};
use testkit::fixtures::{caller, message, user, users};

#[tokio::test]
async fn changes_of_a_view_are_cheap_and_cost_sends_and_marks_nothing() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "view-a", "view-b").await;
    let who = "view-b";
    let update = async |change| {
        let outcome = app.update_member(UpdateMember { caller: caller(who), chat: chat.clone(), change }).await;
        assert!(outcome.is_ok(), "{outcome:?}");
        calls.take()
    };
    // The budget costs 1, the member item 2, its entry in the index 1, the list 2.
    let with_list = ["BatchGetItem", "GetItem", "GetItem", "UpdateItem", "TransactWriteItems"];
    let without = ["BatchGetItem", "GetItem", "UpdateItem", "TransactWriteItems"];
    let pin = SettingsChange { pinned: Some(true), ..SettingsChange::default() };
    let archive = SettingsChange { archived: Some(true), ..SettingsChange::default() };
    for change in [SettingsChange::mute(None), pin, SettingsChange::unmute()] {
        let recorded = update(change).await;
        within(&recorded, &with_list, 6.0, 4.0);
        reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &[]);
        reads(&recorded[1], &["UserItemsTable"], &[]);
        reads(&recorded[2], &["ChatUsersTable"], &[]);
    }
    let mentions = NotificationsChange::Set(Notifications::Mentions);
    for change in [archive, SettingsChange { notifications: Some(mentions), ..SettingsChange::default() }] {
        within(&update(change).await, &without, 4.0, 3.0);
    }
    let unread = SettingsChange { marked_unread: Some(true), ..SettingsChange::default() };
    within(&update(unread).await, &without, 3.0, 3.0);
    within(&update(unread).await, &["BatchGetItem"], 0.0, 2.0);
    // The mark is taken back without a write of its own, or by one write if nothing else is to be written. Neither is
    // an entry in the index written, although the chat is pinned and archived.
    let seen = |seq| MarkSeenCommand { caller: caller(who), chat: chat.clone(), seq: Seq(seq) };
    app.mark_seen(seen(0)).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "UpdateItem", "BatchGetItem"], 1.0, 2.5);
    update(unread).await;
    app.send_message(message(&chat, "view-a", "", "Hello")).await.unwrap();
    calls.take();
    app.mark_seen(seen(1)).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "UpdateItem", "GetItem", "BatchGetItem"], 1.0, 3.5);
    update(unread).await;
    app.send_message(message(&chat, who, "m-1", "Hello")).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 3.5);
    assert!(!app.store.position(&chat, &user(who)).await.unwrap().unwrap().1.is_marked_unread);
}

/// Who leaves a chat that they muted or pinned costs one more write than others.
#[tokio::test]
async fn leaving_a_pinned_chat_writes_the_list() {
    let (app, calls) = app().await;
    let id = ClientChatId::parse("pinned").unwrap();
    let others = users(&["pin-a", "pin-b", "pin-c"]);
    let chat = NewChat::group(&user("pin-d"), &others, ChatName::parse("Pinned").unwrap(), Some(id)).unwrap();
    let chat = app.create_chat(CreateChat { caller: caller("pin-d"), chat }).await.unwrap().chat.chat_id().clone();
    let pin = SettingsChange { pinned: Some(true), ..SettingsChange::default() };
    app.update_member(UpdateMember { caller: caller("pin-a"), chat: chat.clone(), change: pin }).await.unwrap();
    calls.take();
    let leave = |who: &str| RemoveParticipant { caller: caller(who), chat: chat.clone(), user: user(who) };
    app.remove_participant(leave("pin-b")).await.unwrap();
    let without = calls.take();
    app.remove_participant(leave("pin-a")).await.unwrap();
    let with = calls.take();
    let written = |recorded: &[Call]| recorded.iter().map(|call| call.write_units).sum::<f64>();
    assert!(written(&with) - written(&without) <= 2.0 + 1.0, "{with:?}");
}
