use crate::support::{
    TestApp, add, app, clear, closed, delete, document, edit, everything, filled, forget, group, head, ids, json, list,
    mark, online, pointers, private, pushed, react, refused, remove, rename, say, set_admin, shown_in_page, visible,
    with_store,
};
use domain::chat::{MAX_FRAME_BYTES, MOST_PARTICIPANTS};
use domain::ids::{ChatId, Rev, Seq};
use domain::member::BudgetRate;
use domain::ports::{ReadChats as _, ReadInbox as _};
use domain::use_cases::{
    ChangeGroupError, ChangeMessageError, DeleteFor, GetChatError, ListMessagesError, MOST_ADDED, MarkSeenError,
    PageStart, SendMessage, SendMessageError,
};
use domain::{App, Settings};
use futures_util::future::{join, join_all};
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::{caller, message, user};
use testkit::{Faults, MemoryStore};

const TEAM: [&str; 3] = ["alice", "bob", "carol"];

/// Every change of a group that asks for an admin, by `who`.
async fn admins_work(app: &TestApp, who: &str, chat: &ChatId) -> [Result<(), ChangeGroupError>; 5] {
    [
        rename(app, who, chat, "Other").await.map(|_| ()),
        add(app, who, chat, &["dave"]).await.map(|_| ()),
        remove(app, who, chat, "carol").await.map(|_| ()),
        set_admin(app, who, chat, "carol", true).await.map(|_| ()),
        set_admin(app, who, chat, "alice", false).await.map(|_| ()),
    ]
}

/// The chat's last rev, and the membersRev of its document and its head, which are the same.
async fn revs(app: &TestApp, chat: &ChatId) -> (u64, u64) {
    let (document, head) = (document(app, chat).await, head(app, chat));
    assert_eq!(document.members_rev, head.members_rev);
    assert_eq!(usize::try_from(head.participant_count).unwrap(), document.participants.len());
    (head.last_rev.0, head.members_rev.0)
}

async fn chat_ids(app: &TestApp, who: &str) -> Vec<ChatId> {
    app.store.chats_of(&user(who)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_admin_renames_a_group_and_everyone_is_told() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    online(&app, &["alice-1", "alice-2", "bob", "carol", "eve"]).await;
    let renamed = rename(&app, "alice-1", &chat, "Crew").await.unwrap();
    let shown = json(&renamed.chat);
    assert_eq!((&shown["name"], &shown["rev"], &shown["seq"]), (&json!("Crew"), &json!(1), &json!(0)));
    assert_eq!(renamed.pushed.posted, 3);
    let told = ["alice-2", "bob", "carol"].map(|name| (name, "chat.updated"));
    for frame in pushed(&app, told) {
        assert_eq!(frame, json!({"event": "chat.updated", "chatId": chat.as_str(), "rev": 1, "data": shown}));
    }
    assert_eq!(document(&app, &chat).await.name.unwrap().as_str(), "Crew");
}

#[tokio::test(start_paused = true)]
async fn only_an_admin_changes_a_group() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    online(&app, &TEAM).await;
    let before = everything(&app);
    for result in admins_work(&app, "bob", &chat).await {
        refused!(result, ChangeGroupError::NotAnAdmin);
    }
    refused!(remove(&app, "bob", &chat, "alice").await, ChangeGroupError::NotAnAdmin);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_in_a_group_is_not_told_that_it_exists() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    remove(&app, "alice", &chat, "dave").await.unwrap();
    let nowhere = ChatId::parse("nowhere").unwrap();
    online(&app, &TEAM).await;
    let before = everything(&app);
    for (who, chat) in [("eve", &chat), ("dave", &chat), ("alice", &nowhere)] {
        for result in admins_work(&app, who, chat).await {
            refused!(result, ChangeGroupError::ChatNotFound);
        }
        refused!(remove(&app, who, chat, who).await, ChangeGroupError::ChatNotFound);
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn a_private_chat_is_no_group() {
    let app = app();
    let chat = private(&app).await;
    online(&app, &["alice", "bob"]).await;
    let before = everything(&app);
    for result in admins_work(&app, "alice", &chat).await {
        refused!(result, ChangeGroupError::NotAGroup);
    }
    for whom in ["alice", "bob"] {
        refused!(remove(&app, "alice", &chat, whom).await, ChangeGroupError::NotAGroup);
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn each_change_takes_one_rev() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    assert_eq!(revs(&app, &chat).await, (0, 0));
    let changes = [
        rename(&app, "alice", &chat, "Crew").await,
        add(&app, "alice", &chat, &["dave", "eve"]).await,
        set_admin(&app, "alice", &chat, "bob", true).await,
        set_admin(&app, "bob", &chat, "alice", false).await,
        remove(&app, "bob", &chat, "alice").await,
        remove(&app, "eve", &chat, "eve").await,
    ];
    for (rev, changed) in (1_u64..).zip(changes) {
        if let Some(chat) = changed.unwrap().chat {
            assert_eq!(chat.rev(), Rev(rev));
        }
    }
    assert_eq!(revs(&app, &chat).await, (6, 6));
    assert_eq!(pointers(&app, &chat).await, (1..=6).map(|rev| (rev, 0, None)).collect::<Vec<_>>());
    let document = document(&app, &chat).await;
    assert_eq!((document.participants, document.admins), (ids(&["bob", "carol", "dave"]), ids(&["bob"])));
    assert_eq!(head(&app, &chat).last_seq, Seq(2), "and no place in the log");
}

#[tokio::test(start_paused = true)]
async fn what_is_so_already_takes_no_rev_and_tells_nobody() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    online(&app, &TEAM).await;
    let before = everything(&app);
    let same = [
        rename(&app, "alice", &chat, "Team").await,
        add(&app, "alice", &chat, &["bob", "alice"]).await,
        add(&app, "alice", &chat, &[]).await,
        set_admin(&app, "alice", &chat, "alice", true).await,
        set_admin(&app, "alice", &chat, "bob", false).await,
    ];
    for unchanged in same {
        let unchanged = unchanged.unwrap();
        assert_eq!((unchanged.chat.unwrap().rev(), unchanged.pushed.posted), (Rev(0), 0));
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn only_those_who_are_new_are_added() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    say(&app, "bob", &chat, "Hello").await;
    let bob = app.store.stored_member(&chat, &user("bob"));
    online(&app, &["bob", "dave"]).await;
    add(&app, "alice", &chat, &["bob", "dave"]).await.unwrap();
    assert_eq!(app.store.stored_member(&chat, &user("bob")), bob);
    pushed(&app, [("bob", "chat.updated"), ("dave", "chat.created")]);
}

#[tokio::test(start_paused = true)]
async fn the_last_admin_stays_one() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    online(&app, &TEAM).await;
    let before = everything(&app);
    refused!(set_admin(&app, "alice", &chat, "alice", false).await, ChangeGroupError::LastAdmin);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    set_admin(&app, "alice", &chat, "bob", true).await.unwrap();
    set_admin(&app, "alice", &chat, "alice", false).await.unwrap();
    assert_eq!(document(&app, &chat).await.admins, ids(&["bob"]));
    refused!(set_admin(&app, "bob", &chat, "bob", false).await, ChangeGroupError::LastAdmin);
}

#[tokio::test(start_paused = true)]
async fn two_admins_who_unset_each_other_at_once_leave_one() {
    for seed in 0..50 {
        let app = with_store(MemoryStore::with_faults(seed, Faults { latency_ms: 20, ..Faults::default() }));
        let chat = group(&app, &TEAM).await;
        set_admin(&app, "alice", &chat, "bob", true).await.unwrap();
        let (one, other) =
            join(set_admin(&app, "alice", &chat, "bob", false), set_admin(&app, "bob", &chat, "alice", false)).await;
        let refusal = match (one, other) {
            (Ok(_), Err(refusal)) | (Err(refusal), Ok(_)) => refusal,
            both => panic!("{both:?}"),
        };
        assert!(matches!(refusal, ChangeGroupError::NotAnAdmin), "{refusal:?}");
        assert_eq!(document(&app, &chat).await.admins.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_last_admin_leaves_the_longest_standing_becomes_one() {
    // By the place in the log where they joined: bob and carol came later than zoe.
    let app = app();
    let chat = group(&app, &["alice", "yan", "zoe"]).await;
    say(&app, "alice", &chat, "Hello").await;
    add(&app, "alice", &chat, &["bob", "carol"]).await.unwrap();
    remove(&app, "alice", &chat, "yan").await.unwrap();
    online(&app, &["bob", "zoe"]).await;
    let before = revs(&app, &chat).await.0;
    remove(&app, "alice", &chat, "alice").await.unwrap();
    assert_eq!(document(&app, &chat).await.admins, ids(&["zoe"]));
    assert_eq!(revs(&app, &chat).await, (before + 1, before + 1), "in the same change");
    for frame in pushed(&app, [("bob", "chat.updated"), ("zoe", "chat.updated")]) {
        assert_eq!(frame["data"]["admins"], json!(["zoe"]));
    }
    // By the time, where the place is the same.
    let chat = group(&app, &["alice", "x", "y"]).await;
    for late in ["zoe", "bob"] {
        tokio::time::advance(Duration::from_secs(1)).await;
        add(&app, "alice", &chat, &[late]).await.unwrap();
    }
    for early in ["x", "y", "alice"] {
        remove(&app, "alice", &chat, early).await.unwrap();
    }
    assert_eq!(document(&app, &chat).await.admins, ids(&["zoe"]));
    // By the id, where the time is the same too.
    let chat = group(&app, &["alice", "zoe", "bob"]).await;
    remove(&app, "alice", &chat, "alice").await.unwrap();
    assert_eq!(document(&app, &chat).await.admins, ids(&["bob"]));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_at_once_with_the_last_admin_does_not_become_one() {
    for seed in 0..100 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 20, stale_chat: 30, ..Faults::default() });
        let (alice, bob) = join(remove(&app, "alice", &chat, "alice"), remove(&app, "bob", &chat, "bob")).await;
        assert!(alice.is_ok() && bob.is_ok());
        app.store.set_faults(Faults::default());
        let document = document(&app, &chat).await;
        assert_eq!((document.participants, document.admins), (ids(&["carol", "dave"]), ids(&["carol"])), "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_there_is_another_admin_nobody_becomes_one() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    set_admin(&app, "alice", &chat, "dave", true).await.unwrap();
    remove(&app, "alice", &chat, "alice").await.unwrap();
    assert_eq!(document(&app, &chat).await.admins, ids(&["dave"]));
}

#[tokio::test(start_paused = true)]
async fn removing_somebody_who_is_not_there_changes_nothing() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    online(&app, &TEAM).await;
    let before = everything(&app);
    refused!(remove(&app, "alice", &chat, "eve").await, ChangeGroupError::NotAParticipant);
    refused!(set_admin(&app, "alice", &chat, "eve", true).await, ChangeGroupError::NotAParticipant);
    refused!(set_admin(&app, "alice", &chat, "eve", false).await, ChangeGroupError::NotAParticipant);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_removed_from_a_group_of_two() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    online(&app, &TEAM).await;
    let before = everything(&app);
    refused!(remove(&app, "alice", &chat, "bob").await, ChangeGroupError::LastTwo);
    refused!(remove(&app, "alice", &chat, "carol").await, ChangeGroupError::NotAParticipant);
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn when_one_of_the_last_two_leaves_the_group_is_closed() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 3).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let left = remove(&app, "bob-1", &chat, "bob").await.unwrap();
    assert!(left.chat.is_none());
    let [of_alice, of_bob] = pushed(&app, [("alice", "chat.updated"), ("bob-2", "chat.left")]);
    assert_eq!(of_bob["data"], json!({"by": "bob"}));
    assert_eq!((&of_alice["rev"], &of_bob["rev"]), (&json!(2), &json!(2)));
    assert_eq!(of_alice["data"]["closedAt"], "2026-01-01T00:00:05.000Z");
    assert_eq!(of_alice["data"]["participants"], json!(["alice", "bob"]), "who talked to whom stays on record");
    assert_eq!(revs(&app, &chat).await, (2, 2));
    assert_eq!(document(&app, &chat).await.participants, ids(&["alice", "bob"]));
    assert!(app.store.stored_member(&chat, &user("bob")).is_none());
    assert!(chat_ids(&app, "bob").await.is_empty());
    refused!(app.get_chat(&caller("bob"), &chat).await, GetChatError::ChatNotFound);
    refused!(app.list_messages(list(&chat, "bob", PageStart::Latest, 50)).await, ListMessagesError::ChatNotFound);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_left_in_a_closed_group_reads_and_tidies_and_does_nothing_else() {
    let app = app();
    let chat = closed(&app).await;
    online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    let before = everything(&app);
    for result in admins_work(&app, "alice", &chat).await {
        refused!(result, ChangeGroupError::ChatClosed);
    }
    refused!(remove(&app, "alice", &chat, "bob").await, ChangeGroupError::ChatClosed);
    refused!(app.send_message(message(&chat, "alice", "m", "Hello")).await, SendMessageError::ChatClosed);
    refused!(edit(&app, "alice", &chat, 1, "Other").await, ChangeMessageError::ChatClosed);
    refused!(react(&app, "alice", &chat, 1, &["👍"]).await, ChangeMessageError::ChatClosed);
    assert_eq!(everything(&app), before);
    pushed(&app, []);

    assert_eq!(visible(&app, "alice", &chat).await, [1, 2, 3]);
    assert_eq!(app.get_chat(&caller("alice"), &chat).await.unwrap().members.len(), 1);
    delete(&app, "alice-1", &chat, 1, DeleteFor::Everyone).await.unwrap();
    pushed(&app, [("alice-2", "message.updated")]);
    delete(&app, "alice-1", &chat, 2, DeleteFor::Me).await.unwrap();
    pushed(&app, [("alice-2", "message.updated")]);
    assert_eq!(visible(&app, "alice", &chat).await, [1, 3]);
    clear(&app, "alice-1", &chat).await;
    pushed(&app, [("alice-2", "chat.updated")]);
    assert!(visible(&app, "alice", &chat).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn in_a_closed_group_only_ones_own_devices_hear_what_is_read() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 3).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    remove(&app, "alice", &chat, "alice").await.unwrap();
    online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let seen = app.mark_seen(mark(&chat, "bob-1", 2)).await.unwrap();
    assert_eq!((seen.read_seq, seen.unread_count), (Seq(2), 1));
    pushed(&app, [("bob-2", "receipt.updated")]);
    refused!(app.mark_seen(mark(&chat, "alice", 1)).await, MarkSeenError::ChatNotFound);
}

#[tokio::test(start_paused = true)]
async fn then_the_second_leaves_too() {
    let app = app();
    let chat = closed(&app).await;
    online(&app, &["alice-1", "alice-2", "bob", "carol"]).await;
    let rev = head(&app, &chat).last_rev;
    let left = remove(&app, "alice-1", &chat, "alice").await.unwrap();
    assert!(left.chat.is_none());
    let [frame] = pushed(&app, [("alice-2", "chat.left")]);
    assert_eq!((&frame["rev"], &frame["data"]["by"]), (&json!(rev.0 + 1), &json!("alice")));
    assert_eq!(document(&app, &chat).await.participants, ids(&["alice", "bob"]));
    assert!(app.store.members(&chat).await.unwrap().is_empty());
    refused!(remove(&app, "alice", &chat, "alice").await, ChangeGroupError::ChatNotFound);
    refused!(app.send_message(message(&chat, "alice", "", "Hello")).await, SendMessageError::ChatNotFound);
}

#[tokio::test(start_paused = true)]
async fn the_last_two_leave_at_once() {
    for seed in 0..100 {
        let faults = Faults { latency_ms: 20, conflict: 20, stale_chat: 30, ..Faults::default() };
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        remove(&app, "alice", &chat, "carol").await.unwrap();
        online(&app, &["alice", "bob"]).await;
        app.store.set_faults(faults);
        let (alice, bob) = join(remove(&app, "alice", &chat, "alice"), remove(&app, "bob", &chat, "bob")).await;
        assert!(alice.unwrap().chat.is_none() && bob.unwrap().chat.is_none());
        app.store.set_faults(Faults::default());
        let document = document(&app, &chat).await;
        assert_eq!((document.participants, document.closed_at.is_some()), (ids(&["alice", "bob"]), true));
        assert!(app.store.members(&chat).await.unwrap().is_empty());
        assert_eq!(revs(&app, &chat).await, (3, 3), "a change each");
        let mut frames = [app.push.take("alice"), app.push.take("bob")].concat();
        frames.retain(|frame| frame["event"] == "chat.left");
        let left: Vec<_> = frames.iter().map(|frame| frame["data"]["by"].as_str().unwrap()).collect();
        assert_eq!(left, ["alice", "bob"], "each is told of their own");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_holds_a_thousand_and_ninety_come_at_once() {
    let app = app();
    let all: Vec<String> = (0..MOST_PARTICIPANTS).map(|n| format!("u{n:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all[..90]).await;
    for (rev, ninety) in (1_u64..).zip(all[90..990].chunks(MOST_ADDED)) {
        assert_eq!(add(&app, all[0], &chat, ninety).await.unwrap().chat.unwrap().rev(), Rev(rev));
    }
    let more: Vec<_> = all[989..].iter().copied().chain(["eve"]).collect();
    let before = everything(&app);
    refused!(add(&app, all[0], &chat, &more).await, ChangeGroupError::TooManyParticipants { limit: MOST_PARTICIPANTS });
    assert_eq!(everything(&app), before, "all or nothing");
    online(&app, &[all[5], all[995]]).await;
    let full = add(&app, all[0], &chat, &all[980..]).await.unwrap().chat.unwrap();
    assert_eq!(json(&full)["participantCount"], 1000);
    for frame in pushed(&app, [(all[5], "chat.updated"), (all[995], "chat.created")]) {
        assert_eq!(frame["data"], json(&full), "none is larger than a frame");
        assert_eq!(frame["data"].get("participantsLimited"), None, "short ids fit");
    }
    assert_eq!(app.store.members(&chat).await.unwrap().len(), MOST_PARTICIPANTS);
    refused!(add(&app, all[0], &chat, &["eve"]).await, ChangeGroupError::TooManyParticipants { .. });
    add(&app, all[0], &chat, &all[..5]).await.unwrap();
    remove(&app, all[0], &chat, all[999]).await.unwrap();
    add(&app, all[0], &chat, &["eve"]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_group_that_does_not_fit_a_frame_is_told_without_some_of_its_participants() {
    let app = app();
    let all: Vec<String> = (0..250).map(|n| format!("u{n:0>127}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all[..90]).await;
    for some in all[90..].chunks(MOST_ADDED) {
        add(&app, all[0], &chat, some).await.unwrap();
    }
    online(&app, &all[249..]).await;
    let renamed = rename(&app, all[0], &chat, "Crew").await.unwrap();
    let [frame] = pushed(&app, [(all[249], "chat.updated")]);
    assert!((MAX_FRAME_BYTES - 2048..=MAX_FRAME_BYTES).contains(&frame.to_string().len()));
    assert_eq!(frame["data"], json(&renamed.chat));
    let data = &frame["data"];
    assert_eq!((&data["participantsLimited"], &data["participantCount"]), (&json!(true), &json!(250)));
    assert_eq!(data["admins"], json!([all[0]]));
}

#[tokio::test(start_paused = true)]
async fn who_is_added_sees_and_counts_what_comes_after() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 4).await;
    online(&app, &["dave-1", "dave-2"]).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let created = pushed(&app, [("dave-1", "chat.created"), ("dave-2", "chat.created")]);
    for frame in &created {
        let chat = &frame["data"];
        assert_eq!((&chat["floor"], &chat["seq"], &chat["rev"]), (&json!(4), &json!(4), &json!(1)));
        assert_eq!(chat.get("lastMessageId"), None);
    }
    assert!(visible(&app, "dave", &chat).await.is_empty());
    let details = json(&app.get_chat(&caller("dave"), &chat).await.unwrap());
    assert_eq!(details["unreadCount"], 0);
    assert_eq!(details["members"][3]["joinedSeq"], 4);
    filled(&app, &chat, 2).await;
    assert_eq!(app.push.take("dave-1").len() + app.push.take("dave-2").len(), 4);
    assert_eq!(visible(&app, "dave", &chat).await, [5, 6]);
    assert_eq!(app.get_chat(&caller("dave"), &chat).await.unwrap().unread_count, 2);
    app.mark_seen(mark(&chat, "dave", 6)).await.unwrap();
    assert_eq!(shown_in_page(&app, "alice", &chat, 4).await["seenBy"], json!(["alice"]));
    assert_eq!(shown_in_page(&app, "alice", &chat, 5).await["seenBy"], json!(["alice", "dave"]));
    assert_eq!(visible(&app, "bob", &chat).await, [1, 2, 3, 4, 5, 6], "the others as before");
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_does_nothing_to_what_came_before() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    set_admin(&app, "alice", &chat, "dave", true).await.unwrap();
    online(&app, &["alice", "bob", "carol", "dave"]).await;
    let before = everything(&app);
    let reply = SendMessage { reply_to: Some(Seq(2)), ..message(&chat, "dave", "", "Re") };
    refused!(app.send_message(reply).await, SendMessageError::ReplyTo);
    refused!(edit(&app, "dave", &chat, 2, "Other").await, ChangeMessageError::MessageNotFound);
    refused!(react(&app, "dave", &chat, 2, &["👍"]).await, ChangeMessageError::MessageNotFound);
    for for_whom in [DeleteFor::Me, DeleteFor::Everyone] {
        refused!(delete(&app, "dave", &chat, 2, for_whom).await, ChangeMessageError::MessageNotFound);
    }
    assert_eq!(everything(&app), before);
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_is_not_told_of_changes_of_what_came_before() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 3).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    online(&app, &["bob", "carol", "dave"]).await;
    let both = [("bob", "message.updated"), ("carol", "message.updated")];
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    pushed(&app, both);
    react(&app, "alice", &chat, 2, &["👍"]).await.unwrap();
    pushed(&app, both);
    delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await.unwrap();
    pushed(&app, both);
    say(&app, "alice", &chat, "New").await;
    forget(&app, &["bob", "carol", "dave"]);
    edit(&app, "alice", &chat, 4, "Newer").await.unwrap();
    pushed(&app, [both[0], both[1], ("dave", "message.updated")]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_starts_anew() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let first = message(&chat, "bob", "m-1", "A secret");
    app.send_message(first.clone()).await.unwrap();
    app.mark_seen(mark(&chat, "carol", 1)).await.unwrap();
    remove(&app, "alice", &chat, "bob").await.unwrap();
    refused!(app.send_message(first.clone()).await, SendMessageError::ChatNotFound);
    filled(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["bob"]).await.unwrap();
    assert!(visible(&app, "bob", &chat).await.is_empty());
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 0);
    filled(&app, &chat, 1).await;
    assert_eq!(visible(&app, "bob", &chat).await, [4]);
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 1);
    refused!(edit(&app, "bob", &chat, 1, "Other").await, ChangeMessageError::MessageNotFound);

    online(&app, &["alice", "bob", "carol"]).await;
    let again = app.send_message(first).await.unwrap();
    let shown = json(&again.message);
    assert!(again.repeated);
    assert_eq!((&shown["seq"], &shown["content"], &shown["seenBy"]), (&json!(1), &json!(""), &json!([])));
    assert_eq!(app.store.stored_messages(&chat).len(), 4);
    for frame in pushed(&app, [("alice", "message.created"), ("carol", "message.created")]) {
        assert_eq!(frame["data"]["content"], "A secret", "those who could see it are told again");
    }
}

#[tokio::test(start_paused = true)]
async fn everyone_is_told_of_a_group_with_their_own_floor() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    filled(&app, &chat, 2).await;
    clear(&app, "carol", &chat).await;
    let who = ["alice", "bob", "carol", "dave"];
    online(&app, &who).await;
    let answer = rename(&app, "alice", &chat, "Crew").await.unwrap();
    let frames = pushed(&app, who.map(|name| (name, "chat.updated")));
    assert_eq!(frames[0]["data"], json(&answer.chat));
    let last = json!(format!("{chat}:4"));
    let of = |frame: &serde_json::Value| (frame["data"]["floor"].clone(), frame["data"].get("lastMessageId").cloned());
    assert_eq!(of(&frames[0]), (json!(0), Some(last.clone())));
    assert_eq!(of(&frames[1]), (json!(0), Some(last.clone())));
    assert_eq!(of(&frames[2]), (json!(4), None), "not even the name of what they do not see");
    assert_eq!(of(&frames[3]), (json!(2), Some(last)));
}

#[tokio::test(start_paused = true)]
async fn who_is_removed_is_told_by_whom_and_the_others_who_is_left() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    online(&app, &["alice-1", "alice-2", "bob", "carol-1", "carol-2", "dave-1", "dave-2"]).await;
    let removed = remove(&app, "alice-1", &chat, "carol").await.unwrap();
    assert_eq!(json(&removed.chat)["participants"], json!(["alice", "bob", "dave"]));
    let frames = pushed(
        &app,
        [
            ("carol-1", "chat.left"),
            ("carol-2", "chat.left"),
            ("alice-2", "chat.updated"),
            ("bob", "chat.updated"),
            ("dave-1", "chat.updated"),
            ("dave-2", "chat.updated"),
        ],
    );
    for frame in &frames[..2] {
        let expected = json!({"event": "chat.left", "chatId": chat.as_str(), "rev": 1, "data": {"by": "alice"}});
        assert_eq!(frame, &expected);
    }
    for frame in &frames[2..] {
        assert_eq!(frame["data"], json(&removed.chat));
    }
    let left = remove(&app, "dave-1", &chat, "dave").await.unwrap();
    assert!(left.chat.is_none());
    let frames = pushed(
        &app,
        [("dave-2", "chat.left"), ("alice-1", "chat.updated"), ("alice-2", "chat.updated"), ("bob", "chat.updated")],
    );
    assert_eq!(frames[0]["data"], json!({"by": "dave"}));
}

#[tokio::test(start_paused = true)]
async fn who_is_removed_gets_no_more_pushes() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    filled(&app, &chat, 2).await;
    remove(&app, "alice", &chat, "carol").await.unwrap();
    // What an eventual read shows is the group as it was.
    app.store.set_faults(Faults { stale_chat: 100, ..Faults::default() });
    online(&app, &["bob", "carol"]).await;
    say(&app, "alice", &chat, "Without carol").await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    react(&app, "alice", &chat, 2, &["👍"]).await.unwrap();
    app.mark_seen(mark(&chat, "dave", 3)).await.unwrap();
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    rename(&app, "alice", &chat, "Crew").await.unwrap();
    let events: Vec<_> = app.push.take("bob").iter().map(|frame| frame["event"].clone()).collect();
    assert_eq!(
        events,
        ["message.created", "message.updated", "message.updated", "receipt.updated", "message.updated", "chat.updated"]
    );
    assert_eq!(app.push.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_stored_before_its_senders_removal_or_not_at_all() {
    let mut stored = 0;
    for seed in 0..200 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        online(&app, &["bob", "carol"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 20, stale_chat: 30, ..Faults::default() });
        let of_bob = || app.store.stored_messages(&chat).iter().filter(|sent| sent.sender == user("bob")).count();
        let removal = async {
            tokio::time::sleep(Duration::from_millis(seed % 40)).await;
            remove(&app, "alice", &chat, "bob").await.unwrap();
            of_bob()
        };
        let send = app.send_message(message(&chat, "bob", "m-1", "Hello"));
        let (when_removed, sent) = join(removal, send).await;
        match sent {
            Ok(_) => assert_eq!(when_removed, 1, "{seed}: acknowledged, so stored, and before the removal"),
            Err(SendMessageError::ChatNotFound) => assert_eq!(when_removed, 0, "{seed}"),
            Err(error) => panic!("{seed}: {error:?}"),
        }
        assert_eq!(of_bob(), when_removed, "{seed}: nothing of his after the removal");
        stored += when_removed;
        // He is told of his own message if it is stored, and of nothing else but his removal.
        let told: Vec<_> = app.push.take("bob").iter().map(|frame| frame["event"].clone()).collect();
        assert_eq!(told.len(), 1 + when_removed, "{seed}: {told:?}");
    }
    assert!((20..180).contains(&stored), "both orders occur: {stored}");
}

#[tokio::test(start_paused = true)]
async fn who_is_added_amid_sends_sees_exactly_what_was_committed_after() {
    let mut floors = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let sending = BudgetRate { burst: 1000, per_second: 1000 };
        let store = MemoryStore::with_faults(seed, Faults::default());
        let app = App { settings: Settings { sending }, ..with_store(store) };
        let chat = group(&app, &TEAM).await;
        online(&app, &["dave"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 10, stale_chat: 30, ..Faults::default() });
        let sends = TEAM.map(|who| {
            let (app, chat) = (&app, &chat);
            async move {
                for n in 0..3 {
                    say(app, who, chat, &format!("{who} {n}")).await;
                }
            }
        });
        let adding = async {
            tokio::time::sleep(Duration::from_millis(seed * 3)).await;
            add(&app, "alice", &chat, &["dave"]).await.unwrap();
        };
        join(join_all(sends), adding).await;
        app.store.set_faults(Faults::default());
        let joined = app.store.stored_member(&chat, &user("dave")).unwrap().joined_seq.0;
        floors.insert(joined);
        let after: Vec<_> = (joined + 1..=9).collect();
        assert_eq!(visible(&app, "dave", &chat).await, after, "{seed}");
        assert_eq!(app.get_chat(&caller("dave"), &chat).await.unwrap().unread_count, after.len() as u64);
        let (mut told, mut floor) = (Vec::new(), None);
        for frame in app.push.take("dave") {
            match frame["event"].as_str().unwrap() {
                "message.created" => told.push(frame["seq"].as_u64().unwrap()),
                "chat.created" => floor = frame["data"]["floor"].as_u64(),
                other => panic!("{other}"),
            }
        }
        told.sort_unstable();
        assert_eq!((told, floor), (after, Some(joined)), "{seed}: and is told of exactly that");
    }
    assert!(floors.len() > 5, "before, between and after: {floors:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_group_is_tried_again_and_not_for_ever() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.store.set_faults(Faults { conflict: 80, ..Faults::default() });
    let renamed = rename(&app, "alice", &chat, "Crew").await.unwrap();
    assert!(renamed.retries > 0);
    assert_eq!(revs(&app, &chat).await, (1, 1));
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    refused!(rename(&app, "alice", &chat, "Other").await, ChangeGroupError::Busy);
    assert_eq!(revs(&app, &chat).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_reply_was_lost_is_so_already_when_it_is_repeated() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.store.set_faults(Faults { lost_reply: 100, ..Faults::default() });
    refused!(add(&app, "alice", &chat, &["dave"]).await, ChangeGroupError::Store(_));
    app.store.set_faults(Faults::default());
    let again = add(&app, "alice", &chat, &["dave"]).await.unwrap().chat.unwrap();
    assert!(again.participants().contains(&user("dave")));
    assert_eq!(revs(&app, &chat).await, (1, 1));
}
