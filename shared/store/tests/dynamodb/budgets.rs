//! What each operation may cost, call by call, and which reads are strong. The engine is always consistent, so that a
//! missing ConsistentRead would show nowhere else.

use crate::support::{Call, Calls};
use domain::ids::{ChatId, Seq};
use domain::use_cases::{CreateChat, ListMessages, MarkSeenCommand, NewChat, PageLimit, PageStart};
use domain::{App, Settings};
use store::DynamoStore;
use testkit::fixtures::{caller, connection, message, user, users};
use testkit::{RecordingPush, TestEnv};

pub(crate) type Chatting = App<DynamoStore<TestEnv>, RecordingPush, TestEnv>;

pub(crate) async fn app() -> (Chatting, Calls) {
    let (store, calls) = crate::support::store().await;
    (
        App {
            store,
            push: RecordingPush::default(),
            env: TestEnv::default(),
            settings: Settings::default(),
            directory: (),
        },
        calls,
    )
}

/// A private chat of two users of this test's own, who have each connected once.
pub(crate) async fn private(app: &Chatting, calls: &Calls, one: &'static str, other: &'static str) -> ChatId {
    for name in [one, other] {
        app.connect(&user(name), &connection(name, TestEnv::START)).await.unwrap();
    }
    let chat = NewChat::private(&user(one), &users(&[other])).unwrap();
    let created = app.create_chat(CreateChat { caller: caller(one), chat }).await.unwrap();
    calls.take();
    created.chat.chat_id().clone()
}

/// Asserts the operations in order, that each asked for its capacity, and that the sums are within the budget.
#[track_caller]
pub(crate) fn within(calls: &[Call], operations: &[&str], write_units: f64, read_units: f64) {
    let made: Vec<_> = calls.iter().map(|call| call.operation).collect();
    assert_eq!(made, operations, "{calls:#?}");
    assert!(calls.iter().all(|call| call.asks_capacity), "{calls:#?}");
    let written: f64 = calls.iter().map(|call| call.write_units).sum();
    let read: f64 = calls.iter().map(|call| call.read_units).sum();
    assert!(written <= write_units && read <= read_units, "{written} WRU, {read} RRU: {calls:#?}");
    // DynamoDB bills a refused transaction too; the engine does not say how much.
    assert!(written > 0.0 || write_units == 0.0, "the engine counts writes");
    assert!(read > 0.0 || read_units == 0.0, "the engine counts reads");
}

/// Asserts which tables a call read strongly and which not, by the ends of their names.
#[track_caller]
pub(crate) fn reads(call: &Call, strong: &[&str], eventual: &[&str]) {
    let end =
        |tables: &[String]| tables.iter().map(|table| table.rsplit('-').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(end(&call.strong), strong);
    assert_eq!(end(&call.eventual), eventual);
}

#[tokio::test]
async fn creating_a_private_chat_is_one_transaction() {
    let (app, calls) = app().await;
    let chat = NewChat::private(&user("create-a"), &users(&["create-b"])).unwrap();
    app.create_chat(CreateChat { caller: caller("create-a"), chat }).await.unwrap();
    within(&calls.take(), &["TransactWriteItems", "BatchGetItem"], 10.0, 1.0);
}

#[tokio::test]
async fn a_send_is_two_round_trips_to_the_commit() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "send-a", "send-b").await;
    let sent = app.send_message(message(&chat, "send-a", "m-1", "Hello")).await.unwrap();
    let made = calls.take();
    within(&made, &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 3.5);
    reads(&made[0], &["ChatMembersTable", "MessagesTable"], &["ChatsTable"]);
    reads(&made[2], &[], &["ChatUsersTable"]);
    assert_eq!((sent.pushed.posted, sent.retries), (2, 0));
    // Without a name there is nothing to remember.
    app.send_message(message(&chat, "send-a", "", "Hello")).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 6.0, 3.5);
}

#[tokio::test]
async fn a_repeat_reads_the_message_and_who_has_seen_it() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "repeat-a", "repeat-b").await;
    app.send_message(message(&chat, "repeat-a", "m-1", "Hello")).await.unwrap();
    calls.take();
    assert!(app.send_message(message(&chat, "repeat-a", "m-1", "Hello")).await.unwrap().repeated);
    let made = calls.take();
    let operations = ["BatchGetItem", "TransactWriteItems", "BatchGetItem", "GetItem", "Query"];
    within(&made, &operations, 0.0, 5.5);
    reads(&made[3], &["MessagesTable"], &[]);
    reads(&made[4], &["ChatMembersTable"], &[]);
}

#[tokio::test]
async fn a_page_costs_its_size() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "list-a", "list-b").await;
    for n in 0..50 {
        let mut next = message(&chat, "list-a", "", &format!("Message {n}"));
        next.caller = caller(if n % 2 == 0 { "list-a" } else { "list-b" });
        app.send_message(next).await.unwrap();
    }
    calls.take();
    let list = ListMessages { caller: caller("list-b"), chat, start: PageStart::Latest, limit: PageLimit::default() };
    let page = app.list_messages(list).await.unwrap();
    assert_eq!(page.messages.len(), 50);
    let made = calls.take();
    // 50 messages of this size are less than 12 KB.
    within(&made, &["BatchGetItem", "Query", "Query"], 0.0, 3.0 + 3.0);
    reads(&made[0], &["ChatMembersTable", "MessagesTable"], &[]);
    for query in &made[1..] {
        assert_eq!((query.strong.len(), query.eventual.len()), (1, 0));
    }
}

#[tokio::test]
async fn marking_any_number_as_seen_is_one_write() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "seen-a", "seen-b").await;
    for _ in 0..9 {
        app.send_message(message(&chat, "seen-a", "", "Hello")).await.unwrap();
    }
    calls.take();
    let mark = |seq| MarkSeenCommand { caller: caller("seen-b"), chat: chat.clone(), seq: Seq(seq) };
    let seen = app.mark_seen(mark(9)).await.unwrap();
    assert_eq!(seen.pushed.posted, 2);
    let made = calls.take();
    within(&made, &["BatchGetItem", "UpdateItem", "GetItem", "BatchGetItem"], 1.0, 3.5);
    reads(&made[0], &["ChatMembersTable", "MessagesTable"], &[]);
    reads(&made[2], &[], &["ChatsTable"]);
    // Backward, there is nothing to write and nobody to tell.
    app.mark_seen(mark(3)).await.unwrap();
    within(&calls.take(), &["BatchGetItem"], 0.0, 2.0);
}

#[tokio::test]
async fn a_chat_is_shown_from_three_calls() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "get-a", "get-b").await;
    app.get_chat(&caller("get-a"), &chat).await.unwrap();
    let made = calls.take();
    within(&made, &["BatchGetItem", "Query", "BatchGetItem"], 0.0, 4.5);
    reads(&made[0], &["ChatMembersTable", "MessagesTable"], &["ChatsTable"]);
    reads(&made[1], &["ChatMembersTable"], &[]);
}

#[tokio::test]
async fn connecting_and_disconnecting_are_one_write_each() {
    let (app, calls) = app().await;
    let (zoe, first, second) = (user("zoe"), connection("z-1", TestEnv::START), connection("z-2", TestEnv::START));
    app.connect(&zoe, &first).await.unwrap();
    within(&calls.take(), &["UpdateItem", "UpdateItem"], 2.0, 0.0);
    app.connect(&zoe, &second).await.unwrap();
    within(&calls.take(), &["UpdateItem"], 1.0, 0.0);
    app.disconnect(&zoe, &first.id).await.unwrap();
    within(&calls.take(), &["UpdateItem"], 1.0, 0.0);
}

#[tokio::test]
async fn the_page_of_a_larger_answer_is_a_strong_read_too() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "large-a", "large-b").await;
    for _ in 0..45 {
        app.send_message(message(&chat, "large-a", "", &"x".repeat(24_000))).await.unwrap();
    }
    calls.take();
    let list = ListMessages { caller: caller("large-b"), chat, start: PageStart::Latest, limit: PageLimit::default() };
    app.list_messages(list).await.unwrap();
    let queries: Vec<_> = calls.take().into_iter().filter(|call| call.operation == "Query").collect();
    assert_eq!(queries.len(), 3, "one of members, two of messages: 1 MB is one answer");
    assert!(queries.iter().all(|query| query.strong.len() == 1 && query.asks_capacity));
}
