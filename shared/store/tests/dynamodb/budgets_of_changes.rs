//! The maximum cost of changes of messages and groups, of the inbox, and of sync.

use crate::budgets::{Chatting, app, private, reads, within};
use crate::support::Calls;
use domain::change::{Change, ChangeKind};
use domain::deletions::{DeletionRecord, OlderOwnDeletions, RecentDeletions, Rewrite, TombstoneBlock};
use domain::event::TypingState;
use domain::ids::{ChatId, ClientChatId, Rev, Seq};
use domain::message::Message;
use domain::names::ChatName;
use domain::ports::{ChangeOutcome, CommitChanges as _, ReadChats as _, ReadMessages as _};
use domain::ports::{CountMemberships as _, ReadInbox as _};
use domain::reactions::Emoji;
use domain::use_cases::{
    AddParticipants, CountAll, CountUnread, CreateChat, Cursor, DeleteFor, DeleteMessage, EditMessage, InboxFilter,
    ListChats, MarkSeenCommand, NewChat, PageLimit, ReactToMessage, RemoveParticipant, SendTyping, SyncChats,
    UpdateChat,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::TestEnv;
use testkit::fixtures::{caller, message, text, user, users};

const CHANGE: [&str; 4] = ["BatchGetItem", "Query", "TransactWriteItems", "BatchGetItem"];

/// The number of groups that [`group`] has made.
static GROUPS: AtomicU64 = AtomicU64::new(0);

pub(crate) async fn group(app: &Chatting, calls: &Calls, names: &[&str; 3]) -> ChatId {
    // Ids from time and randomness would be the same in tests that make a group in the same millisecond of their clocks.
    let client_id = ClientChatId::parse(format!("team-{}", GROUPS.fetch_add(1, Ordering::Relaxed))).ok();
    let name = ChatName::parse("Team").unwrap();
    let chat = NewChat::group(&user(names[0]), &users(&names[1..]), name, client_id).unwrap();
    let created = app.create_chat(CreateChat { caller: caller(names[0]), chat }).await.unwrap();
    calls.take();
    created.chat.chat_id().clone()
}

#[tokio::test]
async fn message_change_reads_the_chat_and_writes_four_items() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "edit-a", "edit-b").await;
    app.send_message(message(&chat, "edit-a", "", "Hello")).await.unwrap();
    calls.take();
    let (by, seq) = (caller("edit-a"), Seq(1));
    let content = Some(text("Hello again"));
    let edit = EditMessage { caller: by.clone(), chat: chat.clone(), seq, content, mentions: None, custom: None };
    app.edit_message(edit).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &CHANGE, 8.0, 4.5);
    reads(&recorded[0], &["MessagesTable"], &["ChatsTable"]);
    reads(&recorded[1], &["ChatMembersTable"], &[]);
    reads(&recorded[3], &[], &["ChatUsersTable"]);
    let emojis = BTreeSet::from([Emoji::parse("\u{1F44D}").unwrap()]);
    let react = ReactToMessage { caller: caller("edit-b"), chat: chat.clone(), seq, emojis };
    app.react_to_message(react.clone()).await.unwrap();
    within(&calls.take(), &CHANGE, 8.0, 4.5);
    // A repeated reaction changes nothing: it is read but not written.
    app.react_to_message(react).await.unwrap();
    within(&calls.take(), &CHANGE[..2], 0.0, 3.5);
    let delete = |for_whom| DeleteMessage { caller: by.clone(), chat: chat.clone(), seq, for_whom };
    app.delete_message(delete(DeleteFor::Everyone)).await.unwrap();
    within(&calls.take(), &CHANGE, 8.0, 4.5);
    // Deleting for oneself does not need the other participants.
    app.delete_message(delete(DeleteFor::Me)).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 4.0);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &["ChatsTable"]);
}

/// A deletion of a message that somebody has not read is written with the head or the member item, at the same cost.
#[tokio::test]
async fn deletion_of_an_unread_message_costs_as_much() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "unread-a", "unread-b").await;
    for name in ["1", "2", "3"] {
        app.send_message(message(&chat, "unread-a", name, "Hello")).await.unwrap();
    }
    calls.take();
    let delete =
        |who, seq, for_whom| DeleteMessage { caller: caller(who), chat: chat.clone(), seq: Seq(seq), for_whom };
    app.delete_message(delete("unread-b", 1, DeleteFor::Me)).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 4.0);
    app.delete_message(delete("unread-a", 2, DeleteFor::Everyone)).await.unwrap();
    within(&calls.take(), &CHANGE, 8.0, 4.5);
    let mark = MarkSeenCommand { caller: caller("unread-b"), chat: chat.clone(), seq: Seq(0) };
    assert_eq!(app.mark_seen(mark.clone()).await.unwrap().unread_count, 1);
    within(&calls.take(), &["BatchGetItem"], 0.0, 2.0);
    // Once older deletions are elsewhere, who is behind them pays for them: 1 RRU each.
    let (head, member) = app.store.position(&chat, &user("unread-b")).await.unwrap().unwrap();
    let stored = app.store.message(&chat, Seq(2)).await.unwrap().unwrap();
    let (rev, recent) = (head.last_rev.next(), RecentDeletions { above: Seq(2), ..RecentDeletions::default() });
    let block = TombstoneBlock { number: 0, seqs: [Seq(2)].into_iter().collect(), rev };
    let tombstone =
        DeletionRecord::Tombstone { recent: recent.clone(), blocks: vec![Rewrite { after: block, before: None }] };
    let what = ChangeKind::Message { before: stored.rev, after: Message { rev, ..stored }, deletion: Some(tombstone) };
    let change =
        Change { chat: chat.clone(), head, at: TestEnv::START, only_for: None, what, spending: None, queue: None };
    assert_eq!(app.store.commit_change(&change).await.unwrap(), ChangeOutcome::Committed);
    calls.take();
    assert_eq!(app.mark_seen(mark.clone()).await.unwrap().unread_count, 1);
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "Query"], 0.0, 3.0);
    reads(&recorded[1], &["MessagesTable"], &[]);
    // A further deletion in the block also reads and writes the block.
    app.delete_message(delete("unread-a", 1, DeleteFor::Everyone)).await.unwrap();
    let change_of_block = ["BatchGetItem", "Query", "Query", "TransactWriteItems", "BatchGetItem"];
    within(&calls.take(), &change_of_block, 10.0, 5.5);
    let (head, _) = app.store.position(&chat, &user("unread-b")).await.unwrap().unwrap();
    let stored = app.store.message(&chat, Seq(1)).await.unwrap().unwrap();
    let rev = head.last_rev.next();
    let older = OlderOwnDeletions { seqs: [Seq(1)].into_iter().collect(), rev };
    let older = Some(Rewrite { after: older, before: None });
    let own = DeletionRecord::Own { before: member.own_deletions, recent: recent.clone(), older };
    let what = ChangeKind::Message { before: stored.rev, after: Message { rev, ..stored }, deletion: Some(own) };
    let only_for = Some(user("unread-b"));
    let change = Change { chat: chat.clone(), head, at: TestEnv::START, only_for, what, spending: None, queue: None };
    assert_eq!(app.store.commit_change(&change).await.unwrap(), ChangeOutcome::Committed);
    calls.take();
    assert_eq!(app.mark_seen(mark.clone()).await.unwrap().unread_count, 1);
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "Query", "GetItem"], 0.0, 4.0);
    reads(&recorded[2], &["ChatMembersTable"], &[]);
    // Who is not that far behind does not.
    app.mark_seen(MarkSeenCommand { seq: Seq(2), ..mark.clone() }).await.unwrap();
    calls.take();
    assert_eq!(app.mark_seen(mark).await.unwrap().unread_count, 1);
    within(&calls.take(), &["BatchGetItem"], 0.0, 2.0);
}

#[tokio::test]
async fn reply_also_reads_the_original_message() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "reply-a", "reply-b").await;
    app.send_message(message(&chat, "reply-a", "", "Hello")).await.unwrap();
    calls.take();
    let mut reply = message(&chat, "reply-b", "m-1", "Hello to you");
    reply.reply_to = Some(Seq(1));
    app.send_message(reply).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 8.0, 4.5);
}

#[tokio::test]
async fn group_change_is_one_transaction() {
    let (app, calls) = app().await;
    let chat = group(&app, &calls, &["group-a", "group-b", "group-c"]).await;
    let by = caller("group-a");
    let name = Some(ChatName::parse("Others").unwrap());
    let rename = UpdateChat { caller: by.clone(), chat: chat.clone(), name, topic: None, custom: None, avatar: None };
    app.update_chat(rename).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &CHANGE, 8.0, 4.0);
    reads(&recorded[0], &["MessagesTable"], &["ChatsTable"]);
    reads(&recorded[1], &["ChatMembersTable"], &[]);
    let add = AddParticipants { caller: by.clone(), chat: chat.clone(), users: [user("group-d")].into() };
    app.add_participants(add).await.unwrap();
    // What the caller may still add, whether the new participant blocks them, and how many chats that one is in.
    let recorded = calls.take();
    let limits = ["GetItem", "BatchGetItem", "Query"];
    within(&recorded, &[&CHANGE[..2], &limits, &CHANGE[2..]].concat(), 13.0, 6.5);
    reads(&recorded[2], &["UserLimitsTable"], &[]);
    reads(&recorded[3], &[], &["UserItemsTable"]);
    reads(&recorded[4], &[], &["ChatMembersTable"]);
    // What is kept of who leaves costs 3: an item, and its key in byUser.
    let remove = RemoveParticipant { caller: by.clone(), chat: chat.clone(), user: user("group-d") };
    app.remove_participant(remove.clone()).await.unwrap();
    within(&calls.take(), &CHANGE, 14.0, 4.5);
    // The second time, the stay before is read. As something was read, the index of former readers has it now.
    let add = AddParticipants { caller: by, chat: chat.clone(), users: [user("group-d")].into() };
    app.add_participants(add).await.unwrap();
    app.send_message(message(&chat, "group-d", "", "Hello")).await.unwrap();
    calls.take();
    app.remove_participant(remove).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &[&CHANGE[..2], &["BatchGetItem"], &CHANGE[2..]].concat(), 14.0, 5.5);
    reads(&recorded[2], &["ChatMembersTable"], &[]);
}

#[tokio::test]
async fn changes_of_the_callers_own_state_are_cheap() {
    let (app, calls) = app().await;
    let chat = private(&app, &calls, "own-a", "own-b").await;
    app.send_message(message(&chat, "own-a", "", "Hello")).await.unwrap();
    calls.take();
    app.clear_chat(&caller("own-b"), &chat).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "TransactWriteItems", "BatchGetItem"], 6.0, 3.0);
    reads(&recorded[0], &["ChatMembersTable", "MessagesTable"], &["ChatsTable"]);
    app.clear_chat(&caller("own-b"), &chat).await.unwrap();
    within(&calls.take(), &["BatchGetItem"], 0.0, 2.5);
    let start = SendTyping { caller: caller("own-a"), chat: chat.clone(), state: TypingState::Start };
    app.send_typing(start).await.unwrap();
    within(&calls.take(), &["BatchGetItem", "BatchGetItem"], 0.0, 3.5);
    app.user(&caller("own-a"), &user("own-b")).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "BatchGetItem"], 0.0, 1.5);
    reads(&recorded[0], &["ChatMembersTable"], &[]);
    app.me(&caller("own-a")).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["GetItem", "GetItem"], 0.0, 2.0);
}

#[tokio::test]
async fn inbox_of_500_chats_reads_all_heads_once() {
    let (app, calls) = app().await;
    let owner = "inbox-500";
    for n in 0..500 {
        let other = format!("other-{n:03}");
        let chat = NewChat::private(&user(owner), &[user(&other)]).unwrap();
        let chat = app.create_chat(CreateChat { caller: caller(owner), chat }).await.unwrap().chat.chat_id().clone();
        app.send_message(message(&chat, &other, "", &format!("Message {n}"))).await.unwrap();
    }
    calls.take();
    let list = |after| ListChats {
        caller: caller(owner),
        limit: PageLimit::new(20).unwrap(),
        filter: InboxFilter::default(),
        after,
    };
    let mut page = app.list_chats(list(None)).await.unwrap();
    let recorded = calls.take();
    let shown = page.chats.len();
    assert_eq!(shown, 20);
    let heads = ["BatchGetItem"; 5];
    let operations = [&["Query"][..], &heads, &["BatchGetItem"; 4]].concat();
    // The index has 500 keys of some 80 bytes. Half a read unit reads 4 KB.
    let index = 0.5 * (500.0_f64 * 90.0 / 4096.0).ceil();
    within(&recorded, &operations, 0.0, index + 0.5 * 500.0 + 3.0 * 20.0);
    assert!(recorded.iter().all(|call| call.asks_capacity));
    reads(&recorded[0], &[], &["ChatMembersTable"]);
    for call in &recorded[1..6] {
        reads(call, &[], &["MessagesTable"]);
    }
    reads(&recorded[6], &[], &["ChatsTable"]);
    reads(&recorded[7], &["ChatMembersTable"], &[]);
    reads(&recorded[8], &["MessagesTable"], &[]);
    reads(&recorded[9], &[], &["ChatUsersTable"]);
    // A later page reads the index, and the heads of its own chats alone. The pages list all 500 chats, each once, newest first.
    let mut entries = Vec::new();
    loop {
        entries.extend(page.chats.iter().map(|entry| serde_json::to_value(entry).unwrap()));
        let Some(cursor) = page.cursor else { break };
        calls.take();
        page = app.list_chats(list(Some(cursor))).await.unwrap();
        within(&calls.take(), &[&["Query"][..], &["BatchGetItem"; 5]].concat(), 0.0, index + 3.5 * 20.0);
    }
    let contents: Vec<_> =
        entries.iter().map(|entry| entry["lastMessage"]["content"].as_str().unwrap().to_owned()).collect();
    let expected: BTreeSet<_> = (0..500).map(|n| format!("Message {n}")).collect();
    assert_eq!((contents.len(), contents.iter().cloned().collect::<BTreeSet<_>>()), (500, expected));
    let times: Vec<_> = entries.iter().map(|entry| entry["lastMessage"]["createdAt"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one >= next));
    assert!(entries.iter().all(|entry| entry["unreadCount"] == 1 && entry["settings"]["notify"] == "all"));
}

/// Who left since the cursor is read by key: their pointer names them.
#[tokio::test]
async fn sync_reads_only_those_who_left_since_the_cursor() {
    let (mut app, calls) = app().await;
    app.env = TestEnv::new(2);
    let chat = group(&app, &calls, &["away-a", "away-b", "away-c"]).await;
    app.send_message(message(&chat, "away-b", "", "Hello")).await.unwrap();
    app.remove_participant(RemoveParticipant { caller: caller("away-b"), chat: chat.clone(), user: user("away-b") })
        .await
        .unwrap();
    let sync = async |rev| {
        let cursors = BTreeMap::from([(chat.clone(), Cursor { seq: Seq(1), rev: Rev(rev) })]);
        calls.take();
        let sync = SyncChats { caller: caller("away-a"), cursors, open: BTreeSet::new(), connection: None };
        (app.sync(sync).await.unwrap(), calls.take())
    };
    let (synced, recorded) = sync(0).await;
    assert_eq!(synced.chats[0].members.as_ref().unwrap().len(), 1);
    let start = ["BatchGetItem", "Query", "BatchGetItem"];
    let operations = [&start[..], &["Query", "Query", "GetItem", "BatchGetItem"]].concat();
    within(&recorded, &operations, 0.0, 2.0 + 0.5 + 4.0);
    reads(&recorded[6], &["ChatMembersTable"], &[]);
    let (_, recorded) = sync(1).await;
    within(&recorded, &start, 0.0, 2.0 + 0.5);
}

/// A user's former chats are behind the range that an inbox and a count of memberships ask for.
#[tokio::test]
async fn chats_that_a_user_left_cost_their_inbox_nothing() {
    let (mut app, calls) = app().await;
    // Other ids of groups than in other tests.
    app.env = TestEnv::new(1);
    for n in 0..50 {
        let names = ["left-a".to_owned(), "left-b".to_owned(), format!("left-{n}")];
        let names = names.each_ref().map(String::as_str);
        let chat = group(&app, &calls, &names).await;
        app.remove_participant(RemoveParticipant { caller: caller("left-b"), chat, user: user("left-b") })
            .await
            .unwrap();
    }
    calls.take();
    // A read of their keys would be 0.5 for each 4 KB, some 40 of them.
    assert!(app.store.chats_of(&user("left-b")).await.unwrap().is_empty());
    assert_eq!(app.store.membership_count(&user("left-b"), 100).await.unwrap(), 0);
    for call in calls.take() {
        within(&[call], &["Query"], 0.0, 0.5);
    }
}

#[tokio::test]
async fn sync_without_changes_reads_two_items_per_chat() {
    let (app, calls) = app().await;
    let mut cursors = BTreeMap::new();
    for n in 0..10 {
        let other: &'static str = Box::leak(format!("quiet-{n}").into_boxed_str());
        let chat = private(&app, &calls, "quiet", other).await;
        app.send_message(message(&chat, "quiet", "", "Hello")).await.unwrap();
        cursors.insert(chat, Cursor { seq: Seq(1), rev: Rev(0) });
    }
    calls.take();
    // The unread messages of all chats: half of it for each of the two items, which are read eventually.
    let count = CountUnread { caller: caller("quiet"), all: CountAll::No };
    assert!(app.count_unread(count).await.unwrap().is_exact);
    let recorded = calls.take();
    within(&recorded, &["Query", "BatchGetItem", "BatchGetItem"], 0.0, 10.0 + 0.5);
    reads(&recorded[1], &[], &["MessagesTable"]);
    reads(&recorded[2], &[], &["ChatMembersTable"]);
    let sync = |cursors| SyncChats { caller: caller("quiet"), cursors, open: BTreeSet::new(), connection: None };
    app.sync(sync(cursors.clone())).await.unwrap();
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "Query", "BatchGetItem"], 0.0, 2.0 * 10.0 + 0.5);
    reads(&recorded[0], &["MessagesTable"], &[]);
    reads(&recorded[2], &["ChatMembersTable"], &[]);
    // A chat with new messages costs its messages and members. After a change, also the pointers and the changed
    // messages.
    let (chat, cursor) = cursors.iter_mut().next().unwrap();
    cursor.seq = Seq(0);
    let chat = chat.clone();
    app.sync(sync(cursors.clone())).await.unwrap();
    let recorded = calls.take();
    let operations = ["BatchGetItem", "Query", "BatchGetItem", "Query", "Query"];
    within(&recorded, &operations, 0.0, 2.0 * 10.0 + 0.5 + 2.0);
    let edit = EditMessage {
        caller: caller("quiet"),
        chat: chat.clone(),
        seq: Seq(1),
        content: Some(text("x")),
        mentions: None,
        custom: None,
    };
    app.edit_message(edit).await.unwrap();
    cursors.insert(chat, Cursor { seq: Seq(1), rev: Rev(0) });
    calls.take();
    app.sync(sync(cursors)).await.unwrap();
    let recorded = calls.take();
    let operations = ["BatchGetItem", "Query", "BatchGetItem", "Query", "Query", "BatchGetItem"];
    within(&recorded, &operations, 0.0, 2.0 * 10.0 + 0.5 + 3.0);
    reads(&recorded[3], &["MessagesTable"], &[]);
    reads(&recorded[5], &["MessagesTable"], &[]);
}
