//! The maximum cost of blocks, and races of blocks and sends on the engine.

use crate::budgets::{app, private, reads, within};
use domain::use_cases::{BlockUser, CreateChat, NewChat};
use testkit::fixtures::{caller, user, users};

fn block(who: &str, whom: &str, block: bool) -> BlockUser {
    BlockUser { caller: caller(who), user: user(whom), block }
}

#[tokio::test]
async fn block_in_a_chat_is_one_transaction() {
    let (app, calls) = app().await;
    private(&app, &calls, "blocker", "blocked").await;
    app.block_user(block("blocker", "blocked", true)).await.unwrap();
    let recorded = calls.take();
    // The block itself, what the blocker may still change, head and member item; and the event to the other devices.
    let operations = ["GetItem", "GetItem", "BatchGetItem", "TransactWriteItems", "BatchGetItem"];
    within(&recorded, &operations, 10.0, 4.5);
    reads(&recorded[0], &["UserItemsTable"], &[]);
    reads(&recorded[1], &["UserLimitsTable"], &[]);
    reads(&recorded[2], &["ChatMembersTable", "MessagesTable"], &[]);
    app.block_user(block("blocker", "blocked", true)).await.unwrap();
    within(&calls.take(), &["GetItem", "GetItem"], 0.0, 2.0);
    app.block_user(block("blocker", "blocked", false)).await.unwrap();
    within(&calls.take(), &operations, 10.0, 4.5);
}

#[tokio::test]
async fn block_without_a_chat_is_one_transaction() {
    let (app, calls) = app().await;
    app.block_user(block("early-blocker", "stranger", true)).await.unwrap();
    let begin = ["GetItem", "GetItem", "BatchGetItem", "TransactWriteItems", "BatchGetItem"];
    within(&calls.take(), &begin, 8.0, 4.5);
    app.list_blocks(&caller("early-blocker")).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["Query"], 0.0, 1.0);
    reads(&recorded[0], &["UserItemsTable"], &[]);
    app.block_user(block("early-blocker", "stranger", false)).await.unwrap();
    // Also whether the other one blocks, too.
    let end = ["GetItem", "GetItem", "BatchGetItem", "GetItem", "TransactWriteItems", "BatchGetItem"];
    within(&calls.take(), &end, 8.0, 5.5);
}

#[tokio::test]
async fn a_group_is_refused_after_one_read_per_hundred_people() {
    let (app, calls) = app().await;
    app.block_user(block("group-blocker", "group-blocked", true)).await.unwrap();
    calls.take();
    let name = domain::names::ChatName::parse("Team").unwrap();
    let others = users(&["group-blocker", "group-other"]);
    let chat = NewChat::group(&user("group-blocked"), &others, name, None).unwrap();
    assert!(app.create_chat(CreateChat { caller: caller("group-blocked"), chat }).await.is_err());
    let recorded = calls.take();
    // The people are paid for.
    within(&recorded, &["GetItem", "BatchGetItem", "GetItem", "UpdateItem"], 1.0, 3.0);
    reads(&recorded[1], &[], &["UserItemsTable"]);
}
