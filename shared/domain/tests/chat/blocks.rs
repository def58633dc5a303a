//! Blocks: what they refuse to both sides, and what the blocked user can see of them.

use crate::support::*;
use domain::block::MAX_BLOCKED_USERS;
use domain::budget::BudgetRate;
use domain::chat::Head;
use domain::event::TypingState;
use domain::ids::{ChatId, Seq, UserId};
use domain::names::ChatName;
use domain::ports::Env as _;
use domain::use_cases::{
    BlockUser, BlockUserError, ChangeGroupError, ChangeMessageError, ChatError, CreateAttachmentError, CreateChat,
    CreateChatError, DeleteFor, InboxFilter, ListChats, NewChat, PageLimit, PageStart, SendMessageError, SendTyping,
    SendTypingError, SyncChats,
};
use futures_util::future::{join, join3};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use testkit::fixtures::{caller, message, picture, user, users};
use testkit::{Faults, MemoryStore};

fn block_of(who: &str, whom: &str, block: bool) -> BlockUser {
    BlockUser { caller: by(who), user: user(whom), block }
}

async fn block(app: &TestApp, who: &str, whom: &str) {
    assert!(app.block_user(block_of(who, whom, true)).await.unwrap().blocked);
}

async fn unblock(app: &TestApp, who: &str, whom: &str) {
    assert!(!app.block_user(block_of(who, whom, false)).await.unwrap().blocked);
}

fn new_private(by: &str, other: &str) -> CreateChat {
    CreateChat { caller: caller(by), chat: NewChat::private(&user(by), &users(&[other])).unwrap() }
}

fn new_group(by: &str, others: &[&str]) -> CreateChat {
    let name = ChatName::parse("Team").unwrap();
    CreateChat { caller: caller(by), chat: NewChat::group(&user(by), &users(others), name, None).unwrap() }
}

fn typing(who: &str, chat: &ChatId) -> SendTyping {
    SendTyping { caller: by(who), chat: chat.clone(), state: TypingState::Start }
}

async fn blocked_users(app: &TestApp, who: &str) -> Vec<UserId> {
    app.list_blocks(&by(who)).await.unwrap().blocks.into_iter().map(|block| block.user_id).collect()
}

/// Everything that `who` can read: inbox, chats, users, pages and syncs, those of a client that knows the chat and of one
/// that does not. As JSON text, so that a comparison notices each byte.
async fn everything_of(app: &TestApp, who: &str, chat: &ChatId) -> String {
    let (limit, after) = (PageLimit::new(100).unwrap(), None);
    let inbox =
        app.list_chats(ListChats { caller: caller(who), limit, filter: InboxFilter::default(), after }).await.unwrap();
    let details = app.get_chat(&caller(who), chat).await.unwrap();
    let page = app.list_messages(list(chat, who, PageStart::Latest, 100)).await.unwrap();
    let mut parts = vec![json(&inbox), json(&details), json(&page)];
    for seq in [0, 1, head(app, chat).last_seq.0] {
        let cursor = domain::use_cases::Cursor { seq: Seq(seq), rev: head(app, chat).last_rev };
        let (cursors, open) = ([(chat.clone(), cursor)].into(), BTreeSet::from([chat.clone()]));
        parts.push(json(&app.sync(SyncChats { caller: caller(who), cursors, open, connection: None }).await.unwrap()));
    }
    let nothing = SyncChats { caller: caller(who), cursors: [].into(), open: [].into(), connection: None };
    parts.push(json(&app.sync(nothing).await.unwrap()));
    for other in ["alice", "bob"] {
        parts.push(json(&app.user(&caller(who), &user(other)).await.unwrap().user));
    }
    parts.push(json(&app.list_blocks(&caller(who)).await.unwrap()));
    serde_json::to_string(&parts).unwrap()
}

#[tokio::test(start_paused = true)]
async fn neither_side_writes_to_a_blocked_chat_and_both_read_it() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    send_text(&app, "bob", &chat, "Third").await;
    send_text(&app, "bob", &chat, "Fourth").await;
    block(&app, "alice", "bob").await;
    let before = app.store.stored_messages(&chat);
    set_online(&app, &["alice-1", "bob-1"]).await;
    for (who, seq) in [("alice", 1), ("bob", 3)] {
        let sent = app.send_message(message(&chat, who, "", "Hello?")).await;
        assert_refused!(sent, ChatError::Refused(SendMessageError::Blocked));
        let edited = edit(&app, who, &chat, seq, "Edited").await;
        assert_refused!(edited, ChatError::Refused(ChangeMessageError::Blocked));
        let reacted = react(&app, who, &chat, seq, &["\u{1F44D}"]).await;
        assert_refused!(reacted, ChatError::Refused(ChangeMessageError::Blocked));
        let typed = app.send_typing(typing(who, &chat)).await;
        assert_refused!(typed, ChatError::Refused(SendTypingError::Blocked));
        let declared = app.create_attachment(picture(&chat, who)).await;
        assert_refused!(declared, ChatError::Refused(CreateAttachmentError::Blocked));
    }
    assert_eq!(app.store.stored_messages(&chat), before);
    assert_pushed(&app, []);
    // What is there stays readable, and each can still read, delete and clear it.
    for (who, own) in [("alice", 1), ("bob", 3)] {
        assert_eq!(visible_seqs(&app, who, &chat).await, [1, 2, 3, 4]);
        app.mark_seen(mark(&chat, who, 4)).await.unwrap();
        delete(&app, who, &chat, own, DeleteFor::Everyone).await.unwrap();
    }
    for who in ["alice", "bob"] {
        delete(&app, who, &chat, 2, DeleteFor::Me).await.unwrap();
        clear(&app, who, &chat).await;
        assert!(visible_seqs(&app, who, &chat).await.is_empty());
        // A chat that exists is found as before.
        assert!(!app.create_chat(new_private(who, if who == "alice" { "bob" } else { "alice" })).await.unwrap().is_new);
    }
    // The block ends, and everything goes through again.
    unblock(&app, "alice", "bob").await;
    for who in ["alice", "bob"] {
        send_text(&app, who, &chat, "Hello again").await;
        app.send_typing(typing(who, &chat)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_of_two_blocks_decides() {
    let app = app();
    let chat = private_chat(&app).await;
    block(&app, "alice", "bob").await;
    block(&app, "bob", "alice").await;
    assert_eq!(head(&app, &chat).blocks, 2);
    unblock(&app, "alice", "bob").await;
    for who in ["alice", "bob"] {
        let sent = app.send_message(message(&chat, who, "", "Hello?")).await;
        assert_refused!(sent, ChatError::Refused(SendMessageError::Blocked));
    }
    assert!(blocked_users(&app, "alice").await.is_empty());
    assert_eq!(blocked_users(&app, "bob").await, users(&["alice"]));
    unblock(&app, "bob", "alice").await;
    send_text(&app, "alice", &chat, "Hello").await;
}

#[tokio::test(start_paused = true)]
async fn the_blocked_user_sees_no_difference() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    send_text(&app, "bob", &chat, "Third").await;
    set_online(&app, &["alice-1", "alice-2", "bob-1"]).await;
    discard_pushes(&app, &["alice-1", "alice-2", "bob-1"]);
    let (before, head_before) = (everything_of(&app, "bob", &chat).await, head(&app, &chat));
    let pointers_before = pointers(&app, &chat).await;
    assert!(!everything_of(&app, "alice", &chat).await.contains("blocked\":true"));
    tokio::time::advance(Duration::from_secs(1)).await;
    block(&app, "alice-1", "bob").await;
    // Only Alice's other device gets an event.
    let [frame] = assert_pushed(&app, [("alice-2", "block.updated")]);
    assert_eq!(frame, json!({"event": "block.updated", "data": {"userId": "bob", "blocked": true}}));
    assert_eq!(everything_of(&app, "bob", &chat).await, before);
    assert_eq!(head(&app, &chat), Head { blocks: 1, ..head_before.clone() });
    assert_eq!(pointers(&app, &chat).await, pointers_before, "a block is no change of the chat");

    let own = everything_of(&app, "alice", &chat).await;
    // In the inbox, in the chat, in each sync that names the chat, and in the one that does not.
    assert_eq!(own.matches("\"blocked\":true").count(), 6, "{own}");
    // The event of the block that the other one makes is hers alone, too.
    block(&app, "bob", "alice").await;
    let [frame] = assert_pushed(&app, [("bob-1", "block.updated")]);
    assert_eq!(frame["data"]["userId"], "alice");
    assert_eq!(everything_of(&app, "alice", &chat).await, own);
    unblock(&app, "bob", "alice").await;
    let [frame] = assert_pushed(&app, [("bob-1", "block.updated")]);
    assert_eq!(frame["data"], json!({"userId": "alice", "blocked": false}));
    unblock(&app, "alice", "bob").await;
    assert_pushed(&app, [("alice-1", "block.updated"), ("alice-2", "block.updated")]);
    // Bob's own block and its end moved the number of his own view.
    let at_end = everything_of(&app, "bob", &chat).await.replace("\"memberRev\":4", "\"memberRev\":2");
    assert_eq!(at_end, before);
    assert!(!everything_of(&app, "alice", &chat).await.contains("blocked\":true"));
    assert_eq!(head(&app, &chat), head_before);
}

#[tokio::test(start_paused = true)]
async fn presence_of_the_blocked_stops_and_that_of_the_blocker_does_not() {
    let app = app();
    private_chat(&app).await;
    private_chat_of(&app, "bob", "carol").await;
    set_online(&app, &["alice-1", "carol-1"]).await;
    block(&app, "alice", "bob").await;
    discard_pushes(&app, &["alice-1"]);
    connect(&app, "bob-1").await;
    assert_pushed(&app, [("carol-1", "presence.updated")]);
    // Bob would learn of the block if Alice stopped being online for him.
    disconnect(&app, "alice-1").await;
    assert_pushed(&app, [("bob-1", "presence.updated")]);
    connect(&app, "alice-1").await;
    assert_pushed(&app, [("bob-1", "presence.updated")]);
    unblock(&app, "alice", "bob").await;
    discard_pushes(&app, &["alice-1"]);
    disconnect(&app, "bob-1").await;
    assert_pushed(&app, [("alice-1", "presence.updated"), ("carol-1", "presence.updated")]);
}

#[tokio::test(start_paused = true)]
async fn a_message_from_before_the_block_is_acknowledged_and_not_pushed_again() {
    let app = app();
    let chat = private_chat(&app).await;
    app.send_message(message(&chat, "bob", "m-1", "Hello")).await.unwrap();
    block(&app, "alice", "bob").await;
    set_online(&app, &["alice-1"]).await;
    let repeat = app.send_message(message(&chat, "bob", "m-1", "Hello")).await.unwrap();
    assert_eq!((repeat.repeated, repeat.message.seq(), repeat.pushed.posted), (true, Seq(1), 0));
    // Another process does not remember the send.
    let other = TestApp { app: domain::App { recent: Default::default(), ..app.app }, ..app };
    let repeat = other.send_message(message(&chat, "bob", "m-1", "Hello")).await.unwrap();
    assert_eq!((repeat.repeated, repeat.pushed.posted), (true, 0));
    assert_pushed(&other, []);
}

#[tokio::test(start_paused = true)]
async fn no_private_chat_begins_while_a_block_lasts() {
    let app = app();
    block(&app, "alice", "bob").await;
    let before = snapshot(&app);
    assert_refused!(
        app.create_chat(new_private("alice", "bob")).await,
        ChatError::Refused(CreateChatError::BlockedByYou)
    );
    assert_refused!(app.create_chat(new_private("bob", "alice")).await, ChatError::Refused(CreateChatError::Blocked));
    assert_ne!(snapshot(&app), before, "what was read is paid for");
    block(&app, "bob", "alice").await;
    for (who, other) in [("alice", "bob"), ("bob", "alice")] {
        let error = app.create_chat(new_private(who, other)).await.unwrap_err();
        assert!(matches!(error, ChatError::Refused(CreateChatError::BlockedByYou)), "{error:?}");
    }
    unblock(&app, "alice", "bob").await;
    assert_refused!(app.create_chat(new_private("alice", "bob")).await, ChatError::Refused(CreateChatError::Blocked));
    unblock(&app, "bob", "alice").await;
    let chat = private_chat(&app).await;
    send_text(&app, "alice", &chat, "Hello").await;
}

#[tokio::test(start_paused = true)]
async fn who_is_blocked_adds_nobody_who_blocks_them() {
    let app = app();
    block(&app, "alice", "mallory").await;
    let chat = group(&app, &["mallory", "bob", "carol"]).await;
    let before = (chat_document(&app, &chat).await, head(&app, &chat));
    for added in [&["alice"][..], &["dave", "alice", "eve"]] {
        let refused = add(&app, "mallory", &chat, added).await;
        assert_refused!(refused, ChatError::Refused(ChangeGroupError::CannotBeAdded));
    }
    assert_eq!((chat_document(&app, &chat).await, head(&app, &chat)), before, "refused whole");
    assert_refused!(
        app.create_chat(new_group("mallory", &["dave", "alice", "eve"])).await,
        ChatError::Refused(CreateChatError::CannotBeAdded)
    );
    // Others can add Alice to a group with Mallory, and Alice can add Mallory.
    set_admin(&app, "mallory", &chat, "bob", true).await.unwrap();
    add(&app, "bob", &chat, &["alice"]).await.unwrap();
    // Alice is there already: nobody new.
    add(&app, "mallory", &chat, &["alice"]).await.unwrap();
    app.create_chat(new_group("alice", &["mallory", "bob"])).await.unwrap();
    // In the group, everybody writes.
    send_text(&app, "mallory", &chat, "Hello").await;
    send_text(&app, "alice", &chat, "Hello").await;
    unblock(&app, "alice", "mallory").await;
    app.create_chat(new_group("mallory", &["dave", "alice"])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn asking_who_blocks_is_paid_for() {
    let mut app = app();
    app.settings.added_people = BudgetRate::per_hour(6, 6);
    block(&app, "alice", "mallory").await;
    let chat = group(&app, &["mallory", "bob", "carol"]).await;
    for _ in 0..4 {
        let refused = add(&app, "mallory", &chat, &["alice"]).await;
        assert_refused!(refused, ChatError::Refused(ChangeGroupError::CannotBeAdded));
    }
    let refused = add(&app, "mallory", &chat, &["alice"]).await;
    assert_refused!(refused, ChatError::Refused(ChangeGroupError::AddingTooFast(_)));
    assert_refused!(
        app.create_chat(new_private("mallory", "alice")).await,
        ChatError::Refused(CreateChatError::AddingTooFast(_))
    );
}

#[tokio::test(start_paused = true)]
async fn a_repeat_writes_nothing_and_nobody_blocks_themselves() {
    let app = app();
    let yourself = app.block_user(block_of("alice", "alice", true)).await;
    assert_refused!(yourself, ChatError::Refused(BlockUserError::Yourself));
    let before = snapshot(&app);
    unblock(&app, "alice", "bob").await;
    assert_eq!(snapshot(&app), before);
    // The Auth Service is not asked: a block works while it is down.
    let app = with_users(&["alice"]);
    app.directory.as_ref().unwrap().set_down(true);
    for whom in ["bob", "nobody-has-this-id"] {
        block(&app, "alice", whom).await;
        set_online(&app, &["alice-1"]).await;
        let before = snapshot(&app);
        block(&app, "alice", whom).await;
        assert_eq!(snapshot(&app), before);
        assert_pushed(&app, []);
        disconnect(&app, "alice-1").await;
    }
    let listed = app.list_blocks(&by("alice")).await.unwrap();
    let at = app.env.now();
    let expected = json!([{"userId": "bob", "blockedAt": at}, {"userId": "nobody-has-this-id", "blockedAt": at}]);
    assert_eq!(json(&listed)["blocks"], expected);
    assert!(blocked_users(&app, "bob").await.is_empty(), "only one's own");
}

#[tokio::test(start_paused = true)]
async fn a_user_blocks_at_most_1000_users() {
    let app = app();
    for n in 1..MAX_BLOCKED_USERS {
        block(&app, "alice", &format!("user-{n}")).await;
    }
    // Of many at once, one gets the last place.
    let last = block_of("alice", "last", true);
    let more = block_of("alice", "more", true);
    let (one, other) = join(app.block_user(last), app.block_user(more)).await;
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    assert_eq!(blocked_users(&app, "alice").await.len() as u64, MAX_BLOCKED_USERS);
    let refused = app.block_user(block_of("alice", "one-more", true)).await;
    assert_refused!(refused, ChatError::Refused(BlockUserError::TooMany { limit: 1000 }));
    // A repeat is no further block, and a place becomes free.
    block(&app, "alice", "user-1").await;
    unblock(&app, "alice", "user-1").await;
    block(&app, "alice", "one-more").await;
    let refused = app.block_user(block_of("alice", "user-1", true)).await;
    assert_refused!(refused, ChatError::Refused(BlockUserError::TooMany { .. }));
}

#[tokio::test(start_paused = true)]
async fn blocking_has_a_budget_of_its_own() {
    let mut app = app();
    app.settings.profile_changes = BudgetRate::per_minute(2, 2);
    app.update_me(&nickname_update(by("alice"), "Ali")).await.unwrap();
    block(&app, "alice", "bob").await;
    unblock(&app, "alice", "bob").await;
    let before = snapshot(&app);
    let error = app.block_user(block_of("alice", "carol", true)).await.unwrap_err();
    let ChatError::Refused(BlockUserError::RateLimited(limited)) = error else { panic!("{error:?}") };
    assert_eq!((limited.retry_after, limited.limit), (Duration::from_secs(30), 2));
    assert_eq!(snapshot(&app), before);
    app.update_me(&nickname_update(by("alice"), "Alice")).await.unwrap();
    tokio::time::advance(limited.retry_after).await;
    block(&app, "alice", "carol").await;
}

/// 1,000 races of one block with a send of each side, under conflicts, stale reads and random waits. After the answer of
/// the block, nothing more is stored, and each send says whether it was.
#[tokio::test(start_paused = true)]
async fn nothing_is_stored_after_a_block() {
    let (mut stored, mut refused) = (0, 0);
    for race in 0..1000 {
        let faults = Faults { conflict: 20, stale_chat: 30, latency_ms: 5, ..Faults::default() };
        let app = with_store(MemoryStore::with_faults(race, Faults::default()));
        let chat = private_chat(&app).await;
        app.store.set_faults(faults);
        let send = async |who: &str| {
            tokio::time::sleep(Duration::from_millis((race * 7) % 60)).await;
            app.send_message(message(&chat, who, "", "Hello")).await
        };
        let block = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            block(&app, "alice", "bob").await;
            app.store.stored_messages(&chat).len()
        };
        let (one, other, at_block) = join3(send("alice"), send("bob"), block).await;
        let at_end = app.store.stored_messages(&chat).len();
        assert_eq!(at_block, at_end, "race {race}");
        let outcomes = [one, other].map(|outcome| match outcome {
            Ok(_) => true,
            Err(ChatError::Refused(SendMessageError::Blocked)) => false,
            Err(error) => panic!("race {race}: {error}"),
        });
        assert_eq!(outcomes.iter().filter(|stored| **stored).count(), at_end, "race {race}");
        stored += at_end;
        refused += 2 - at_end;
    }
    println!("1,000 races: {stored} messages stored before the block, {refused} refused");
    assert!(stored > 200 && refused > 200, "{stored} stored, {refused} refused");
}

/// A block races with the creation of the private chat. Whichever is first: in the end the block holds, and the chat
/// takes no message.
#[tokio::test(start_paused = true)]
async fn a_block_and_a_new_chat_race() {
    let (mut created, mut refused) = (0, 0);
    for race in 0..300 {
        let faults = Faults { conflict: 20, stale_chat: 30, latency_ms: 5, ..Faults::default() };
        let app = with_store(MemoryStore::with_faults(race, faults));
        let create = async {
            tokio::time::sleep(Duration::from_millis(race % 40)).await;
            app.create_chat(new_private("bob", "alice")).await
        };
        let (outcome, ()) = join(create, async {
            tokio::time::sleep(Duration::from_millis(15)).await;
            block(&app, "alice", "bob").await;
        })
        .await;
        match outcome {
            Ok(chat) => {
                created += 1;
                let chat = chat.chat.chat_id().clone();
                let sent = app.send_message(message(&chat, "bob", "", "Hello")).await;
                assert_refused!(sent, ChatError::Refused(SendMessageError::Blocked));
                assert!(app.get_chat(&by("alice"), &chat).await.unwrap().blocked);
            }
            Err(ChatError::Refused(CreateChatError::Blocked)) => refused += 1,
            Err(error) => panic!("race {race}: {error}"),
        }
        unblock(&app, "alice", "bob").await;
        let chat = private_chat(&app).await;
        send_text(&app, "bob", &chat, "Hello").await;
    }
    assert!(created > 50 && refused > 50, "{created} created, {refused} refused");
}

/// Two devices block and unblock at random. In the end, list, head, member item and document say the same.
#[tokio::test(start_paused = true)]
async fn concurrent_changes_of_blocks_keep_all_items_in_step() {
    for seed in 0..100 {
        let faults = Faults { conflict: 30, lost_reply: 10, stale_chat: 30, latency_ms: 5, ..Faults::default() };
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = private_chat(&app).await;
        app.store.set_faults(faults);
        let play = async |who: &str, whom: &str, turn: u64| {
            for step in 0..6 {
                // A lost reply is an error, and the next request finds out.
                drop(app.block_user(block_of(who, whom, (seed + turn + step) % 3 < 2)).await);
            }
        };
        join3(play("alice", "bob", 0), play("alice", "bob", 1), play("bob", "alice", 2)).await;
        app.store.set_faults(Faults::default());
        let mut blockers = BTreeSet::new();
        for (who, whom) in [("alice", "bob"), ("bob", "alice")] {
            let listed = blocked_users(&app, who).await;
            let member = app.store.stored_member(&chat, &user(who)).unwrap();
            assert_eq!((listed == users(&[whom]), listed.len() <= 1), (member.is_blocking, true), "seed {seed}");
            let limits = domain::ports::LimitsStore::limits(&app.store, &user(who)).await.unwrap();
            assert_eq!(limits.blocked_users, listed.len() as u64, "seed {seed}");
            if member.is_blocking {
                blockers.insert(user(who));
            }
        }
        assert_eq!(head(&app, &chat).blocks as usize, blockers.len(), "seed {seed}");
        assert_eq!(chat_document(&app, &chat).await.blocked_by, blockers, "seed {seed}");
    }
}
