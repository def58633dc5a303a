//! The maximum cost of each operation, call by call, and which reads are strong. The local engine is always consistent,
//! so only these tests notice a missing ConsistentRead.

use crate::support::{Call, Calls};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::former_member::MAX_PAST_READERS;
use domain::ids::{ChatId, ClientChatId, Seq};
use domain::names::ChatName;
use domain::recent::Recent;
use domain::use_cases::{
    CreateChat, DeleteFor, DeleteMessage, ListMessages, MarkSeenCommand, NewChat, PageLimit, PageStart,
};
use store::DynamoStore;
use testkit::fixtures::{caller, connection, message, user, users};
use testkit::{TestApp, TestEnv};

pub(crate) type Chatting = TestApp<DynamoStore<TestEnv>>;

pub(crate) async fn app() -> (Chatting, Calls) {
    let (store, calls) = crate::support::store().await;
    (testkit::app(store, ()), calls)
}

/// Creates a private chat of two users. Each user has one connection.
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
    let actual: Vec<_> = calls.iter().map(|call| call.operation).collect();
    assert_eq!(actual, operations, "{calls:#?}");
    assert!(calls.iter().all(|call| call.asks_capacity), "{calls:#?}");
    let written: f64 = calls.iter().map(|call| call.write_units).sum();
    let read: f64 = calls.iter().map(|call| call.read_units).sum();
    assert!(written <= write_units && read <= read_units, "{written} WRU, {read} RRU: {calls:#?}");
    // DynamoDB also bills a refused transaction. The local engine does not report its cost.
    assert!(written > 0.0 || write_units == 0.0, "the engine counts writes");
    assert!(read > 0.0 || read_units == 0.0, "the engine counts reads");
}

/// Asserts which tables a call read strongly and which eventually, by the ends of their names.
#[track_caller]
pub(crate) fn reads(call: &Call, strong: &[&str], eventual: &[&str]) {
    let table_suffixes =
        |tables: &[String]| tables.iter().map(|table| table.rsplit('-').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(table_suffixes(&call.strong), strong);
    assert_eq!(table_suffixes(&call.eventual), eventual);
}

#[tokio::test]
async fn private_chat_is_created_in_one_transaction() {
    let (app, calls) = app().await;
    let chat = NewChat::private(&user("create-a"), &users(&["create-b"])).unwrap();
    app.create_chat(CreateChat { caller: caller("create-a"), chat }).await.unwrap();
    let recorded = calls.take();
    // Whether the chat exists, how many chats the other user is in, and what the creator may still make.
    let reads_before = ["BatchGetItem", "GetItem", "Query"];
    // The transaction also looks for a block.
    within(&recorded, &[&reads_before[..], &["TransactWriteItems", "BatchGetItem"]].concat(), 14.0, 5.0);
    reads(&recorded[1], &["UserLimitsTable"], &[]);
}

#[tokio::test]
async fn send_commits_after_two_round_trips() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "send-a", "send-b").await;
    let sent = app.send_message(message(&chat, "send-a", "m-1", "Hello")).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 3.5);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &["ChatsTable"]);
    reads(&recorded[2], &[], &["ChatUsersTable"]);
    assert_eq!((sent.pushed.posted, sent.retries), (2, 0));
    // Without a client message id, no send record is written.
    app.send_message(message(&chat, "send-a", "", "Hello")).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 6.0, 3.5);
}

#[tokio::test]
async fn notification_settings_are_read_only_if_a_recipient_is_offline() {
    let (app, calls) = app().await;
    app.push.set_notifying();
    let chat = private(&app, &calls, "notify-a", "notify-b").await;
    let send = ["BatchGetItem", "TransactWriteItems", "BatchGetItem"];
    app.send_message(message(&chat, "notify-a", "m-1", "Hello")).await.unwrap();
    within(&calls.take(), &send, 8.0, 3.5);
    app.push.set_gone("notify-b");
    app.send_message(message(&chat, "notify-a", "m-2", "Hello")).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &[&send[..], &["BatchGetItem", "Query"]].concat(), 8.0, 5.5);
    reads(&recorded[3], &[], &["ChatUsersTable"]);
    reads(&recorded[4], &["ChatMembersTable"], &[]);
    assert_eq!(app.push.take_batches().len(), 1);
}

#[tokio::test]
async fn repeated_send_reads_the_message_and_its_readers() {
    let (mut app, calls) = app().await;
    let chat = private(&app, &calls, "repeat-a", "repeat-b").await;
    app.send_message(message(&chat, "repeat-a", "m-1", "Hello")).await.unwrap();
    calls.take();
    assert!(app.send_message(message(&chat, "repeat-a", "m-1", "Hello")).await.unwrap().repeated);
    // The first repeat is pushed, which one write notes.
    let recorded = calls.take();
    let answer = ["BatchGetItem", "GetItem", "GetItem", "Query"];
    within(&recorded, &[&answer[..], &["UpdateItem", "BatchGetItem"]].concat(), 1.0, 6.5);
    reads(&recorded[1], &["SendsTable"], &[]);
    reads(&recorded[2], &["MessagesTable"], &[]);
    reads(&recorded[3], &["ChatMembersTable"], &[]);
    // Any further repeat is a read, like a GET.
    assert!(app.send_message(message(&chat, "repeat-a", "m-1", "Hello")).await.unwrap().repeated);
    within(&calls.take(), &answer, 0.0, 5.5);
    // A repeat with another body is refused: by a transaction, and then, in a process that knows the send, by a read.
    let other = async |app: &Chatting| app.send_message(message(&chat, "repeat-a", "m-1", "Goodbye")).await;
    app.recent = domain::recent::Recent::default();
    assert!(other(&app).await.is_err());
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 0.0, 3.5);
    assert!(other(&app).await.is_err());
    within(&calls.take(), &["BatchGetItem", "GetItem"], 0.0, 3.5);
    // A process that does not know the send finds out by a transaction that is refused, once.
    app.recent = domain::recent::Recent::default();
    for operations in [&["BatchGetItem", "TransactWriteItems", "BatchGetItem", "GetItem", "Query"][..], &answer] {
        assert!(app.send_message(message(&chat, "repeat-a", "m-1", "Hello")).await.unwrap().repeated);
        within(&calls.take(), operations, 0.0, 5.5);
    }
}

#[tokio::test]
async fn cost_of_a_page_depends_on_its_size() {
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
    let recorded = calls.take();
    // 50 messages of this size are less than 12 KB.
    within(&recorded, &["BatchGetItem", "Query", "Query"], 0.0, 3.0 + 3.0);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &[]);
    for query in &recorded[1..] {
        assert_eq!((query.strong.len(), query.eventual.len()), (1, 0));
    }
}

#[tokio::test]
async fn a_page_reads_beyond_its_ends_only_where_messages_are_hidden() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "beside-a", "beside-b").await;
    for n in 0..52 {
        let mut next = message(&chat, "beside-a", "", &format!("Message {n}"));
        next.caller = caller(if n % 2 == 0 { "beside-a" } else { "beside-b" });
        app.send_message(next).await.unwrap();
    }
    let delete = async |seq| {
        let caller = caller("beside-b");
        let delete = DeleteMessage { caller, chat: chat.clone(), seq: Seq(seq), for_whom: DeleteFor::Me };
        app.delete_message(delete).await.unwrap();
        calls.take();
    };
    let list = async |start, limit| {
        let limit = PageLimit::new(limit).unwrap();
        let list = ListMessages { caller: caller("beside-b"), chat: chat.clone(), start, limit };
        let page = app.list_messages(list).await.unwrap();
        (page.has_more_before, page.has_more_after, calls.take())
    };
    calls.take();
    let usual = ["BatchGetItem", "Query", "Query"];
    // No change yet, so nobody deleted anything: a page without a range reads no message.
    let (before, after, recorded) = list(PageStart::After(Seq(52)), 50).await;
    assert_eq!((before, after), (true, false));
    within(&recorded, &["BatchGetItem"], 0.0, 2.0);
    // With a change, one message more is read on each side, in the same call.
    delete(30).await;
    let (before, after, recorded) = list(PageStart::Before(Seq(52)), 50).await;
    assert_eq!((before, after), (true, true));
    within(&recorded, &usual, 0.0, 3.0 + 3.0);
    let (before, after, recorded) = list(PageStart::After(Seq(52)), 50).await;
    assert_eq!((before, after), (true, false));
    within(&recorded, &["BatchGetItem", "Query"], 0.0, 2.0 + 1.0);
    // The message before the page is hidden: one call more looks at the messages before it.
    delete(40).await;
    let (before, after, recorded) = list(PageStart::Before(Seq(52)), 11).await;
    assert_eq!((before, after), (true, true));
    within(&recorded, &[&usual[..], &["Query"]].concat(), 0.0, 2.0 + 1.0 + 1.0 + 3.0);
    reads(&recorded[3], &["MessagesTable"], &[]);
    // The same on both sides, at the same time.
    delete(52).await;
    delete(51).await;
    let (before, after, recorded) = list(PageStart::Around(Seq(46)), 10).await;
    assert_eq!((before, after), (true, false));
    within(&recorded, &[&usual[..], &["Query", "Query"]].concat(), 0.0, 2.0 + 1.0 + 1.0 + 3.0 + 1.0);
}

#[tokio::test]
async fn mark_seen_is_one_write_for_any_number_of_messages() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "seen-a", "seen-b").await;
    for _ in 0..9 {
        app.send_message(message(&chat, "seen-a", "", "Hello")).await.unwrap();
    }
    calls.take();
    let mark = |seq| MarkSeenCommand { caller: caller("seen-b"), chat: chat.clone(), seq: Seq(seq) };
    let seen = app.mark_seen(mark(9)).await.unwrap();
    assert_eq!(seen.pushed.posted, 2);
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "UpdateItem", "GetItem", "BatchGetItem"], 1.0, 3.5);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &[]);
    reads(&recorded[2], &[], &["ChatsTable"]);
    // A lower position is not written, and no event is sent.
    app.mark_seen(mark(3)).await.unwrap();
    within(&calls.take(), &["BatchGetItem"], 0.0, 2.0);
}

#[tokio::test]
async fn get_chat_needs_three_calls() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "get-a", "get-b").await;
    app.get_chat(&caller("get-a"), &chat).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "Query", "BatchGetItem"], 0.0, 4.5);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &["ChatsTable"]);
    reads(&recorded[1], &["ChatMembersTable"], &[]);
}

/// Connect costs two writes, disconnect one. The first and the last device also cost presence events.
#[tokio::test]
async fn presence_costs_one_read_unit_per_private_chat() {
    let (app, calls) = app().await;
    let (zoe, first, second) = (user("zoe"), connection("z-1", TestEnv::START), connection("z-2", TestEnv::START));
    // Without a private chat, nobody gets an event. The first connection ever needs one more write.
    app.connect(&zoe, &first).await.unwrap();
    within(&calls.take(), &["UpdateItem", "UpdateItem", "PutItem", "Query"], 3.0, 0.5);
    app.connect(&zoe, &second).await.unwrap();
    within(&calls.take(), &["UpdateItem", "PutItem"], 2.0, 0.0);
    app.disconnect(&zoe, &second.id).await.unwrap();
    within(&calls.take(), &["UpdateItem"], 1.0, 0.0);

    let partners: Vec<String> = (0..10).map(|n| format!("zoe-{n}")).collect();
    for partner in &partners {
        app.connect(&user(partner), &connection(partner, TestEnv::START)).await.unwrap();
        let chat = NewChat::private(&zoe, &users(&[partner])).unwrap();
        app.create_chat(CreateChat { caller: caller("zoe"), chat }).await.unwrap();
    }
    // Groups are recognized by their ids and cost only their keys.
    for client_id in [None, Some("g-1"), Some("g-2")] {
        let client = client_id.map(|name| ClientChatId::parse(name).unwrap());
        let chat = NewChat::group(&zoe, &users(&["zoe-1", "zoe-2"]), ChatName::parse("All").unwrap(), client).unwrap();
        app.create_chat(CreateChat { caller: caller("zoe"), chat }).await.unwrap();
    }
    calls.take();
    let disconnected = app.disconnect(&zoe, &first.id).await.unwrap();
    assert_eq!(disconnected.pushed.posted, 10);
    let recorded = calls.take();
    within(&recorded, &["UpdateItem", "Query", "BatchGetItem", "BatchGetItem"], 1.0, 0.5 + 10.0);
    reads(&recorded[2], &[], &["ChatsTable"]);
    reads(&recorded[3], &[], &["ChatUsersTable"]);
    let connected = app.connect(&zoe, &first).await.unwrap();
    assert_eq!(connected.pushed.posted, 10);
    within(&calls.take(), &["UpdateItem", "PutItem", "Query", "BatchGetItem", "BatchGetItem"], 2.0, 0.5 + 10.0);
}

/// With more than a hundred private chats, the most recently active ones must be found.
#[tokio::test]
async fn presence_is_pushed_to_at_most_100_partners() {
    let (mut app, calls) = app().await;
    let star = user("star");
    for n in 0..120 {
        let chat = NewChat::private(&star, &users(&[&format!("fan-{n}")])).unwrap();
        app.create_chat(CreateChat { caller: caller("star"), chat }).await.unwrap();
    }
    calls.take();
    // Another process, which does not know who is offline.
    app.recent = Recent::default();
    app.connect(&star, &connection("star-1", TestEnv::START)).await.unwrap();
    let recorded = calls.take();
    let writes = ["UpdateItem", "UpdateItem", "PutItem"];
    let operations = [&writes[..], &["Query", "BatchGetItem", "BatchGetItem", "BatchGetItem", "BatchGetItem"]].concat();
    // The keys of 120 chats, 0.5 for each head, and 1 for each of a hundred chats and partners.
    within(&recorded, &operations, 3.0, 3.0 + 60.0 + 100.0);
    assert_eq!(recorded[4..6].iter().filter(|call| call.eventual[0].ends_with("MessagesTable")).count(), 2);
}

/// Only the first event of a process looks up everybody. Later ones also read who opened a connection since.
#[tokio::test]
async fn who_is_offline_costs_a_large_group_nothing_after_the_first_event() {
    let (mut app, calls) = app().await;
    let names: Vec<String> = (0..80).map(|n| format!("throng-{n}")).collect();
    let others: Vec<&str> = names.iter().skip(1).map(String::as_str).collect();
    let chat = NewChat::group(&user("throng-0"), &users(&others), ChatName::parse("All").unwrap(), None).unwrap();
    let chat = app.create_chat(CreateChat { caller: caller("throng-0"), chat }).await.unwrap().chat.chat_id().clone();
    for name in &others[..10] {
        app.connect(&user(name), &connection(name, TestEnv::START)).await.unwrap();
    }
    app.recent = Recent::default();
    calls.take();
    let send = async |name| app.send_message(message(&chat, "throng-0", name, "Hello")).await.unwrap().pushed.posted;
    assert_eq!(send("m-1").await, 10);
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 3.0 + 40.0);
    assert_eq!(send("m-2").await, 10);
    let recorded = calls.take();
    // The test begins where a partition of the log does, so both of the two last partitions are read.
    let operations = ["BatchGetItem", "TransactWriteItems", "Query", "Query", "BatchGetItem"];
    within(&recorded, &operations, 8.0, 3.0 + 2.0 + 5.0);
    reads(&recorded[2], &["UserItemsTable"], &[]);
}

#[tokio::test]
async fn connections_in_redis_cost_a_write_only_for_the_first_and_the_last() {
    let (store, calls) = crate::support::store_with_redis().await;
    let app = testkit::app(store, ());
    let (zoe, first, second) =
        (user("redis-zoe"), connection("z-1", TestEnv::START), connection("z-2", TestEnv::START));
    app.connect(&zoe, &first).await.unwrap();
    within(&calls.take(), &["UpdateItem", "Query"], 1.0, 0.5);
    app.connect(&zoe, &second).await.unwrap();
    app.disconnect(&zoe, &first.id).await.unwrap();
    within(&calls.take(), &[], 0.0, 0.0);
    app.disconnect(&zoe, &second.id).await.unwrap();
    within(&calls.take(), &["UpdateItem", "Query"], 1.0, 0.5);
    // The connections to push to are not read from a table.
    let chat = NewChat::private(&zoe, &users(&["redis-max"])).unwrap();
    let created = app.create_chat(CreateChat { caller: caller("redis-zoe"), chat }).await.unwrap();
    calls.take();
    app.connect(&zoe, &first).await.unwrap();
    calls.take();
    let sent = app.send_message(message(created.chat.chat_id(), "redis-max", "m-1", "Hello")).await.unwrap();
    assert_eq!(sent.pushed.posted, 1);
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems"], 8.0, 2.5);
}

#[tokio::test]
async fn second_page_of_a_query_is_a_strong_read_too() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "large-a", "large-b").await;
    for _ in 0..45 {
        app.send_message(message(&chat, "large-a", "", &"x".repeat(24_000))).await.unwrap();
    }
    calls.take();
    let list = ListMessages { caller: caller("large-b"), chat, start: PageStart::Latest, limit: PageLimit::default() };
    app.list_messages(list).await.unwrap();
    let queries: Vec<_> = calls.take().into_iter().filter(|call| call.operation == "Query").collect();
    assert_eq!(queries.len(), 3, "one query of members, two pages of messages with 1 MB each");
    assert!(queries.iter().all(|query| query.strong.len() == 1 && query.asks_capacity));
}

/// Former members cost a page nothing where they had read nothing of it, and at most 101 of their items elsewhere.
#[tokio::test]
async fn ten_thousand_former_members_cost_a_page_only_what_it_shows() {
    const FORMER: u64 = 10_000;
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "past-a", "past-b").await;
    for _ in 0..4 {
        app.send_message(message(&chat, "past-a", "", "Hello")).await.unwrap();
    }
    let list = async |start| {
        let list = ListMessages { caller: caller("past-b"), chat: chat.clone(), start, limit: PageLimit::default() };
        calls.take();
        let page = app.list_messages(list).await.unwrap();
        (page, calls.take())
    };
    let (_, before) = list(PageStart::After(Seq(2))).await;
    // All of them have read up to the second message.
    let (client, tables) = crate::support::unrecorded_client().await;
    let attribute = |value: &str| AttributeValue::S(value.to_owned());
    let number = |value: u64| AttributeValue::N(value.to_string());
    let writes = (0..FORMER).map(|n| {
        let period = [("joinedSeq", 0), ("joinedAt", 0), ("leftSeq", 2), ("leftAt", 0), ("readSeq", 2)];
        let period = period.map(|(name, value)| (name.to_owned(), number(value)));
        let periods = AttributeValue::L(vec![AttributeValue::M(period.into())]);
        let put = PutRequest::builder()
            .item("chatId", attribute(&format!("past:{chat}")))
            .item("userId", attribute(&format!("former-{n:05}")))
            .item("periods", periods)
            .item("pastReadSeq", number(2))
            .item("rev", number(1))
            .item("v", number(1));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    });
    let writes: Vec<_> = writes.collect();
    for chunk in writes.chunks(25) {
        let call = client.batch_write_item().request_items(&tables.chat_members, chunk.to_vec());
        call.send().await.unwrap();
    }
    let head = client
        .update_item()
        .table_name(&tables.messages)
        .key("chatId", attribute(chat.as_str()))
        .key("seq", number(0))
        .update_expression("SET pastReadSeq = :read")
        .expression_attribute_values(":read", number(2));
    head.send().await.unwrap();

    let (page, after) = list(PageStart::After(Seq(2))).await;
    assert_eq!(page.messages.len(), 2);
    assert!(page.messages.iter().all(|message| !message.is_seen_by_limited()));
    assert_eq!(after, before, "not even a call more");
    let (page, recorded) = list(PageStart::Before(Seq(3))).await;
    assert_eq!(page.messages[0].seen_by().len(), 1 + MAX_PAST_READERS);
    assert!(page.messages.iter().all(domain::message::MessageView::is_seen_by_limited));
    let operations: Vec<_> = recorded.iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["BatchGetItem", "Query", "Query", "Query"]);
    reads(&recorded[3], &["ChatMembersTable"], &[]);
    // 101 items of some 200 bytes.
    within(&recorded[3..], &["Query"], 0.0, 6.0);
}
