use crate::support::{
    TestApp, add, app, by, clear, closed, delete, edit, everything, filled, forget, group, head, ids, json, mark,
    online, pointers, private, pushed, react, refused, remove, say, set_admin, shown_in_page, visible, with_store,
};
use domain::chat::MAX_FRAME_BYTES;
use domain::content::Content;
use domain::ids::{ChatId, Rev, Seq};
use domain::message::{Body, EDIT_WINDOW};
use domain::reactions::{Reactions, TooMany};
use domain::use_cases::{ChangeMessageError, ChangedMessage, DeleteFor, EditMessage, SendMessage};
use futures_util::future::join;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::fixtures::{message, text, user};
use testkit::{Faults, MemoryStore};

const TEAM: [&str; 3] = ["alice", "bob", "carol"];
/// One more than a message takes.
const FACES: [&str; Reactions::MOST_EMOJIS + 1] = [
    "😀", "😁", "😂", "😃", "😄", "😅", "😆", "😇", "😈", "😉", "😊", "😋", "😌", "😍", "😎", "😏", "😐", "😑", "😒",
    "😓", "😔",
];

/// Everything that changes a message, by `who`.
async fn all_changes(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    seq: u64,
) -> [Result<ChangedMessage, ChangeMessageError>; 4] {
    [
        edit(app, who, chat, seq, "Other").await,
        react(app, who, chat, seq, &["👍"]).await,
        delete(app, who, chat, seq, DeleteFor::Everyone).await,
        delete(app, who, chat, seq, DeleteFor::Me).await,
    ]
}

async fn mentioning(
    app: &TestApp,
    chat: &ChatId,
    content: &str,
    whom: &[&str],
) -> Result<ChangedMessage, ChangeMessageError> {
    let mentions = Some(ids(whom));
    let edit = EditMessage { caller: by("alice"), chat: chat.clone(), seq: Seq(1), content: text(content), mentions };
    app.edit_message(edit).await
}

fn stored(app: &TestApp, chat: &ChatId) -> String {
    format!("{:?}", app.store.stored_messages(chat))
}

// --- editing ------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn an_edit_is_told_to_everyone_who_can_see_the_message() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    app.mark_seen(mark(&chat, "bob", 1)).await.unwrap();
    online(&app, &["alice-1", "alice-2", "bob", "carol", "eve"]).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let edited = edit(&app, "alice-1", &chat, 1, "Better").await.unwrap();
    let shown = json(&edited.message);
    assert_eq!(
        shown,
        json!({
            "messageId": format!("{chat}:1"), "chatId": chat.as_str(), "seq": 1, "senderId": "alice", "type": "text",
            "content": "Better", "seenBy": ["alice", "bob"], "deletedFor": [], "rev": 1,
            "createdAt": "2026-01-01T00:00:00.000Z", "editedAt": "2026-01-01T00:01:00.000Z",
        })
    );
    assert_eq!(edited.pushed.posted, 3);
    for frame in pushed(&app, ["alice-2", "bob", "carol"].map(|name| (name, "message.updated"))) {
        let expected = json!({"event": "message.updated", "chatId": chat.as_str(), "seq": 1, "rev": 1, "data": shown});
        assert_eq!(frame, expected);
    }
    assert_eq!(shown_in_page(&app, "carol", &chat, 1).await, shown);
    assert_eq!(head(&app, &chat).last_rev, Rev(1));
    assert_eq!(pointers(&app, &chat).await, [(1, 1, None)]);
    assert!(!stored(&app, &chat).contains("Message 1"), "what it said before is gone");
}

#[tokio::test(start_paused = true)]
async fn only_its_sender_edits_a_message() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    say(&app, "bob", &chat, "Hello").await;
    online(&app, &TEAM).await;
    let before = everything(&app);
    for who in ["alice", "carol"] {
        refused!(edit(&app, who, &chat, 1, "Other").await, ChangeMessageError::NotTheSender);
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_edited_within_fifteen_minutes() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    assert_eq!(EDIT_WINDOW.as_secs(), 15 * 60);
    tokio::time::advance(EDIT_WINDOW).await;
    edit(&app, "alice", &chat, 1, "Just in time").await.unwrap();
    tokio::time::advance(Duration::from_millis(1)).await;
    online(&app, &["alice", "bob"]).await;
    let before = everything(&app);
    refused!(edit(&app, "alice", &chat, 1, "Too late").await, ChangeMessageError::EditWindowOver);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn the_same_edit_again_is_no_other_edit_whenever_it_comes() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    let first = edit(&app, "alice", &chat, 1, "Better").await.unwrap();
    online(&app, &["alice", "bob"]).await;
    let before = everything(&app);
    for minutes in [0, 1, 60] {
        tokio::time::advance(Duration::from_secs(minutes * 60)).await;
        let again = edit(&app, "alice", &chat, 1, "Better").await.unwrap();
        assert_eq!((again.message, again.pushed.posted), (first.message.clone(), 0));
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn an_edit_keeps_what_it_does_not_name() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    filled(&app, &chat, 1).await;
    let sent = SendMessage {
        reply_to: Some(Seq(1)),
        mentions: ids(&["bob", "dave"]),
        ..message(&chat, "alice", "m-1", "Hello")
    };
    app.send_message(sent).await.unwrap();
    react(&app, "bob", &chat, 2, &["👍"]).await.unwrap();
    remove(&app, "dave", &chat, "dave").await.unwrap();
    let edited = json(&edit(&app, "alice", &chat, 2, "Better").await.unwrap().message);
    assert_eq!((&edited["content"], &edited["replyTo"]), (&json!("Better"), &json!(1)));
    assert_eq!((&edited["mentions"], &edited["clientMessageId"]), (&json!(["bob", "dave"]), &json!("m-1")));
    assert_eq!(edited["reactions"], json!([{"emoji": "👍", "count": 1, "userIds": ["bob"]}]));
}

#[tokio::test(start_paused = true)]
async fn an_edit_mentions_participants_and_no_more_than_fits() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    online(&app, &["bob"]).await;
    let edited = mentioning(&app, &chat, "Better", &["bob", "carol"]).await.unwrap();
    assert_eq!(json(&edited.message)["mentions"], json!(["bob", "carol"]));
    assert_eq!(pushed(&app, [("bob", "message.updated")])[0]["data"], json(&edited.message));
    let before = everything(&app);
    refused!(mentioning(&app, &chat, "Hello eve", &["bob", "eve"]).await, ChangeMessageError::Mention(who) if who == user("eve"));
    let full = "x".repeat(Content::MAX_JSON_BYTES - 2);
    refused!(mentioning(&app, &chat, &full, &["bob"]).await, ChangeMessageError::TooLarge);
    refused!(edit(&app, "alice", &chat, 1, &full).await, ChangeMessageError::TooLarge);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    assert!(json(&mentioning(&app, &chat, &full, &[]).await.unwrap().message).get("mentions").is_none());
}

// --- what cannot be changed ---------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_not_shown_is_not_changed() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 4).await;
    clear(&app, "alice", &chat).await;
    filled(&app, &chat, 2).await;
    delete(&app, "alice", &chat, 5, DeleteFor::Me).await.unwrap();
    online(&app, &TEAM).await;
    let before = everything(&app);
    // The head's place, one that was cleared, one that is not there yet, one that is not there at all.
    for seq in [0, 1, 4, 7, u64::MAX] {
        for result in all_changes(&app, "alice", &chat, seq).await {
            refused!(result, ChangeMessageError::MessageNotFound);
        }
    }
    // What she deleted for herself, she can only delete so again.
    let [edited, reacted, deleted, again] = all_changes(&app, "alice", &chat, 5).await;
    for result in [edited, reacted, deleted] {
        refused!(result, ChangeMessageError::MessageNotFound);
    }
    assert_eq!(json(&again.unwrap().message)["deletedFor"], json!(["alice"]));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_in_a_chat_changes_nothing_in_it() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    say(&app, "dave", &chat, "Hello").await;
    remove(&app, "dave", &chat, "dave").await.unwrap();
    online(&app, &TEAM).await;
    let before = everything(&app);
    let nowhere = ChatId::parse("nowhere").unwrap();
    for (who, chat) in [("eve", &chat), ("dave", &chat), ("alice", &nowhere)] {
        for seq in [1, 9] {
            for result in all_changes(&app, who, chat, seq).await {
                refused!(result, ChangeMessageError::ChatNotFound);
            }
        }
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

// --- deleting for everyone ----------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_tombstone_keeps_its_place_and_nothing_of_what_it_said() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    let sent =
        SendMessage { reply_to: Some(Seq(1)), mentions: ids(&["bob"]), ..message(&chat, "alice", "m-1", "A secret") };
    app.send_message(sent).await.unwrap();
    react(&app, "bob", &chat, 2, &["👍"]).await.unwrap();
    edit(&app, "alice", &chat, 2, "A worse secret").await.unwrap();
    app.mark_seen(mark(&chat, "bob", 2)).await.unwrap();
    online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    tokio::time::advance(Duration::from_secs(24 * 60 * 60)).await;
    online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    let deleted = delete(&app, "alice-1", &chat, 2, DeleteFor::Everyone).await.unwrap();
    let shown = json(&deleted.message);
    assert_eq!(
        shown,
        json!({
            "messageId": format!("{chat}:2"), "chatId": chat.as_str(), "seq": 2, "senderId": "alice", "type": "text",
            "content": "", "seenBy": ["alice", "bob"], "deletedFor": [], "rev": 3, "clientMessageId": "m-1",
            "createdAt": "2026-01-01T00:00:00.000Z", "deletedAt": "2026-01-02T00:00:00.000Z", "deletedBy": "alice",
        })
    );
    for frame in pushed(&app, ["alice-2", "bob", "carol"].map(|name| (name, "message.updated"))) {
        assert_eq!((&frame["seq"], &frame["rev"], &frame["data"]), (&json!(2), &json!(3), &shown));
    }
    assert_eq!(visible(&app, "carol", &chat).await, [1, 2], "its place is kept");
    assert_eq!(shown_in_page(&app, "bob", &chat, 2).await, shown);
    let stored = stored(&app, &chat);
    for gone in ["secret", "👍"] {
        assert!(!stored.contains(gone), "{gone}: {stored}");
    }
    assert_eq!(pointers(&app, &chat).await.last(), Some(&(3, 2, None)));
}

#[tokio::test(start_paused = true)]
async fn its_sender_and_admins_delete_for_everyone_and_nobody_else() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    for _ in 0..3 {
        say(&app, "bob", &chat, "Hello").await;
    }
    online(&app, &TEAM).await;
    let before = everything(&app);
    refused!(delete(&app, "carol", &chat, 1, DeleteFor::Everyone).await, ChangeMessageError::NotAnAdmin);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    for (seq, who) in [(1, "alice"), (2, "bob")] {
        let deleted = delete(&app, who, &chat, seq, DeleteFor::Everyone).await.unwrap();
        assert_eq!(
            (&json(&deleted.message)["deletedBy"], &json(&deleted.message)["senderId"]),
            (&json!(who), &json!("bob"))
        );
        for frame in pushed(&app, TEAM.map(|name| (name, "message.updated"))) {
            assert_eq!(frame["data"]["deletedBy"], who);
        }
    }
    set_admin(&app, "alice", &chat, "carol", true).await.unwrap();
    set_admin(&app, "alice", &chat, "alice", false).await.unwrap();
    refused!(delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await, ChangeMessageError::NotAnAdmin);
    delete(&app, "carol", &chat, 3, DeleteFor::Everyone).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn in_a_private_chat_each_deletes_their_own_for_everyone() {
    let app = app();
    let chat = private(&app).await;
    say(&app, "bob", &chat, "Hello").await;
    online(&app, &["alice", "bob"]).await;
    refused!(delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await, ChangeMessageError::NotAnAdmin);
    pushed(&app, []);
    delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await.unwrap();
    pushed(&app, [("alice", "message.updated"), ("bob", "message.updated")]);
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_does_not_change() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    say(&app, "bob", &chat, "Hello").await;
    delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await.unwrap();
    online(&app, &TEAM).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let before = everything(&app);
    for who in ["bob", "alice"] {
        let again = delete(&app, who, &chat, 1, DeleteFor::Everyone).await.unwrap();
        assert_eq!((&json(&again.message)["deletedBy"], again.pushed.posted), (&json!("bob"), 0), "twice is once");
        refused!(react(&app, who, &chat, 1, &["👍"]).await, ChangeMessageError::MessageNotFound);
    }
    refused!(edit(&app, "bob", &chat, 1, "Hello").await, ChangeMessageError::MessageNotFound);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap();
    assert!(visible(&app, "carol", &chat).await.is_empty(), "even a tombstone is deleted for oneself");
}

#[tokio::test(start_paused = true)]
async fn an_edit_and_a_reaction_never_bring_back_what_is_deleted() {
    let mut late = 0;
    for seed in 0..200 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        say(&app, "bob", &chat, "A secret").await;
        online(&app, &["carol"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 20, ..Faults::default() });
        let changes = join(edit(&app, "bob", &chat, 1, "Another secret"), react(&app, "carol", &chat, 1, &["👍"]));
        let ((edited, reacted), deleted) = join(changes, delete(&app, "alice", &chat, 1, DeleteFor::Everyone)).await;
        let deleted = json(&deleted.unwrap().message)["rev"].as_u64().unwrap();
        for result in [edited, reacted] {
            match result {
                Ok(changed) => assert!(changed.message.rev().0 < deleted, "{seed}"),
                Err(ChangeMessageError::MessageNotFound) => late += 1,
                Err(error) => panic!("{seed}: {error:?}"),
            }
        }
        let stored = app.store.stored_messages(&chat);
        assert!(matches!(stored[0].body, Body::Deleted { .. }), "{seed}: {stored:?}");
        assert!(!format!("{stored:?}").contains("secret"), "{seed}");
        assert_eq!(pointers(&app, &chat).await.len() as u64, head(&app, &chat).last_rev.0);
        let mut told = app.push.take("carol");
        told.sort_by_key(|frame| frame["rev"].as_u64());
        assert_eq!(told.last().unwrap()["data"]["deletedBy"], "alice", "{seed}: by rev it is the last word");
    }
    assert!((50..350).contains(&late), "both orders occur: {late}");
}

// --- deleting for oneself -----------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn what_one_deletes_for_oneself_the_others_keep_and_are_not_told() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let deleted = delete(&app, "bob-1", &chat, 1, DeleteFor::Me).await.unwrap();
    let shown = json(&deleted.message);
    assert_eq!(
        shown,
        json!({
            "messageId": format!("{chat}:1"), "chatId": chat.as_str(), "seq": 1, "senderId": "alice", "type": "text",
            "content": "", "seenBy": [], "deletedFor": ["bob"], "rev": 1, "createdAt": "2026-01-01T00:00:00.000Z",
        })
    );
    let [frame] = pushed(&app, [("bob-2", "message.updated")]);
    assert_eq!((&frame["seq"], &frame["rev"], &frame["data"]), (&json!(1), &json!(1), &shown));
    assert_eq!(pointers(&app, &chat).await, [(1, 1, Some(user("bob")))]);
    assert_eq!(visible(&app, "bob", &chat).await, [2]);
    for who in ["alice", "carol"] {
        assert_eq!(visible(&app, who, &chat).await, [1, 2]);
        let seen = shown_in_page(&app, who, &chat, 1).await;
        assert_eq!((&seen["content"], &seen["deletedFor"], &seen["rev"]), (&json!("Message 1"), &json!([]), &json!(0)));
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_for_oneself_twice_is_once() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    let first = delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    online(&app, &["alice", "bob-1", "bob-2"]).await;
    let before = everything(&app);
    let again = delete(&app, "bob-1", &chat, 1, DeleteFor::Me).await.unwrap();
    assert_eq!((again.message, again.pushed.posted), (first.message, 0));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn whom_a_message_is_deleted_for_is_nobody_elses_business() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    online(&app, &["carol"]).await;
    let second = json(&delete(&app, "carol", &chat, 1, DeleteFor::Me).await.unwrap().message);
    assert_eq!(second["deletedFor"], json!(["carol"]));
    assert_eq!(pushed(&app, [("carol", "message.updated")])[0]["data"], second);
    online(&app, &["alice-1", "alice-2", "bob"]).await;
    for changed in [
        react(&app, "alice-1", &chat, 1, &["👍"]).await,
        edit(&app, "alice-1", &chat, 1, "Other").await,
        delete(&app, "alice-1", &chat, 1, DeleteFor::Everyone).await,
    ] {
        assert_eq!(json(&changed.unwrap().message)["deletedFor"], json!([]));
    }
    let frames: Vec<Value> = app.push.take("alice-2");
    assert_eq!(frames.len(), 3);
    assert!(frames.iter().all(|frame| frame["data"]["deletedFor"] == json!([])));
    pushed(&app, []);
    assert_eq!(app.store.stored_messages(&chat)[0].deleted_for, ids(&["bob", "carol"]), "as the model has it");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_not_told_to_those_who_deleted_or_cleared_the_message() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    filled(&app, &chat, 1).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    clear(&app, "carol", &chat).await;
    online(&app, &["alice", "bob", "carol", "dave"]).await;
    let told = [("alice", "message.updated"), ("dave", "message.updated")];
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    pushed(&app, told);
    react(&app, "dave", &chat, 1, &["👍"]).await.unwrap();
    pushed(&app, told);
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    pushed(&app, told);
}

// --- reacting -----------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn reactions_are_set_replaced_and_taken_back() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let told = ["alice", "bob-2", "carol"].map(|name| (name, "message.updated"));
    let steps: [(&[&str], Value); 4] = [
        (
            &["👍", "🎉"],
            json!([{"emoji": "🎉", "count": 1, "userIds": ["bob"]}, {"emoji": "👍", "count": 1, "userIds": ["bob"]}]),
        ),
        (&["👍"], json!([{"emoji": "👍", "count": 1, "userIds": ["bob"]}])),
        (&["🎉"], json!([{"emoji": "🎉", "count": 1, "userIds": ["bob"]}])),
        (&[], Value::Null),
    ];
    for (rev, (emojis, expected)) in (1_u64..).zip(steps) {
        let reacted = react(&app, "bob-1", &chat, 1, emojis).await.unwrap();
        let shown = json(&reacted.message);
        assert_eq!((&shown["reactions"], &shown["rev"]), (&expected, &json!(rev)));
        assert!(shown.get("editedAt").is_none(), "a reaction is no edit");
        for frame in pushed(&app, told) {
            assert_eq!((&frame["rev"], &frame["data"]), (&json!(rev), &shown));
        }
        let before = everything(&app);
        let again = react(&app, "bob-1", &chat, 1, emojis).await.unwrap();
        assert_eq!((again.message, again.pushed.posted), (reacted.message, 0));
        assert_eq!(everything(&app), before, "what is so already is no change");
    }
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn everyones_reactions_stand_side_by_side() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    for who in ["carol", "alice", "bob"] {
        react(&app, who, &chat, 1, &["👍"]).await.unwrap();
    }
    let shown = json(&react(&app, "alice", &chat, 1, &[]).await.unwrap().message);
    assert_eq!(shown["reactions"], json!([{"emoji": "👍", "count": 2, "userIds": ["bob", "carol"]}]));
    remove(&app, "bob", &chat, "bob").await.unwrap();
    assert_eq!(shown_in_page(&app, "alice", &chat, 1).await["reactions"][0]["count"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_message_takes_twenty_different_emojis() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    react(&app, "alice", &chat, 1, &FACES[..20]).await.unwrap();
    online(&app, &["alice", "bob"]).await;
    let before = everything(&app);
    let limit = TooMany { what: "different emojis", limit: 20 };
    refused!(react(&app, "bob", &chat, 1, &FACES[20..]).await, ChangeMessageError::TooManyReactions(over) if over == limit);
    refused!(react(&app, "alice", &chat, 1, &FACES).await, ChangeMessageError::TooManyReactions(over) if over == limit);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    react(&app, "bob", &chat, 1, &FACES[3..5]).await.unwrap();
    forget(&app, &["alice", "bob"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_takes_a_thousand_reactions() {
    let app = app();
    let all: Vec<String> = (0..52).map(|n| format!("u{n:0>127}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all).await;
    app.send_message(message(&chat, all[0], "", &"x".repeat(20_000))).await.unwrap();
    for who in &all[..50] {
        react(&app, who, &chat, 1, &FACES[..20]).await.unwrap();
    }
    online(&app, &all[49..]).await;
    let before = everything(&app);
    refused!(
        react(&app, all[50], &chat, 1, &FACES[..1]).await,
        ChangeMessageError::TooManyReactions(TooMany { what: "reactions", limit: 1000 })
    );
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    let fewer = react(&app, all[0], &chat, 1, &FACES[..19]).await.unwrap();
    let shown = json(&fewer.message);
    assert!(shown.to_string().len() < MAX_FRAME_BYTES, "and still fits a frame");
    assert_eq!((&shown["reactions"][0]["count"], &shown["reactions"][0]["userIdsLimited"]), (&json!(50), &json!(true)));
    for frame in pushed(&app, [all[49], all[50], all[51]].map(|name| (name, "message.updated"))) {
        assert!(frame.to_string().len() <= MAX_FRAME_BYTES);
        assert_eq!(frame["data"], shown);
    }
    react(&app, all[50], &chat, 1, &FACES[..1]).await.unwrap();
}

// --- in general ---------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn each_change_takes_the_next_rev_of_its_chat() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 3).await;
    let revs = [
        edit(&app, "alice", &chat, 2, "Other").await,
        react(&app, "bob", &chat, 1, &["👍"]).await,
        delete(&app, "carol", &chat, 2, DeleteFor::Me).await,
        delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await,
    ]
    .map(|changed| changed.unwrap().message.rev().0);
    assert_eq!(revs, [1, 2, 3, 4]);
    let carol = Some(user("carol"));
    assert_eq!(pointers(&app, &chat).await, [(1, 2, None), (2, 1, None), (3, 2, carol), (4, 3, None)]);
    let head = head(&app, &chat);
    assert_eq!((head.last_seq, head.last_rev, head.members_rev), (Seq(3), Rev(4), Rev(0)));
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let after = edit(&app, "alice", &chat, 2, "More").await.unwrap();
    assert_eq!(after.message.rev(), Rev(6));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_message_is_tried_again_and_not_for_ever() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    app.store.set_faults(Faults { conflict: 80, ..Faults::default() });
    assert!(edit(&app, "alice", &chat, 1, "Other").await.unwrap().retries > 0);
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    refused!(edit(&app, "alice", &chat, 1, "More").await, ChangeMessageError::Busy);
    assert_eq!(head(&app, &chat).last_rev, Rev(1));
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_reply_was_lost_is_so_already_when_it_is_repeated() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 1).await;
    for rev in 1..=4 {
        let change = async || match rev {
            1 => edit(&app, "alice", &chat, 1, "Other").await,
            2 => react(&app, "alice", &chat, 1, &["👍"]).await,
            3 => delete(&app, "bob", &chat, 1, DeleteFor::Me).await,
            _ => delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await,
        };
        app.store.set_faults(Faults { lost_reply: 100, ..Faults::default() });
        refused!(change().await, ChangeMessageError::Store(_));
        app.store.set_faults(Faults::default());
        assert_eq!(change().await.unwrap().message.rev(), Rev(rev));
        assert_eq!(head(&app, &chat).last_rev, Rev(rev));
    }
}

#[tokio::test(start_paused = true)]
async fn reactions_of_many_at_once_are_all_kept() {
    let app = with_store(MemoryStore::with_faults(7, Faults::default()));
    let all: Vec<String> = (0..12).map(|n| format!("u{n:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all).await;
    say(&app, all[0], &chat, "Vote!").await;
    app.store.set_faults(Faults { latency_ms: 5, ..Faults::default() });
    let votes = all.iter().map(|who| react(&app, who, &chat, 1, &["👍"]));
    for vote in futures_util::future::join_all(votes).await {
        vote.unwrap();
    }
    assert_eq!(shown_in_page(&app, all[0], &chat, 1).await["reactions"][0]["userIds"], json!(all));
    assert_eq!(head(&app, &chat).last_rev, Rev(12));
}

#[tokio::test(start_paused = true)]
async fn who_has_left_is_not_told_of_changes() {
    let app = app();
    let chat = closed(&app).await;
    online(&app, &["alice", "bob", "carol"]).await;
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    pushed(&app, [("alice", "message.updated")]);
}
