use crate::support::*;
use domain::ids::{ChatId, Rev, Seq};
use domain::use_cases::{ChatError, PageStart};
use futures_util::future::join;
use serde_json::json;
use testkit::fixtures::{caller, user};
use testkit::{Faults, MemoryStore};

const TEAM: [&str; 3] = ["alice", "bob", "carol"];

#[tokio::test(start_paused = true)]
async fn cleared_history_is_hidden_from_the_caller_only() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    set_online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let cleared = clear(&app, "bob-1", &chat).await;
    let shown = json(&cleared.chat);
    assert_eq!((&shown["floor"], &shown["seq"], &shown["rev"]), (&json!(3), &json!(3), &json!(1)));
    assert_eq!(shown.get("lastMessageId"), None);
    let [frame] = assert_pushed(&app, [("bob-2", "chat.updated")]);
    assert_eq!(frame, json!({"event": "chat.updated", "chatId": chat.as_str(), "rev": 1, "data": shown}));
    assert_eq!(pointers(&app, &chat).await, [(1, 0, Some(user("bob")))]);

    assert!(visible_seqs(&app, "bob", &chat).await.is_empty());
    let details = json(&app.get_chat(&caller("bob"), &chat).await.unwrap());
    assert_eq!((&details["unreadCount"], &details["members"][1]["readSeq"]), (&json!(0), &json!(0)));
    for who in ["alice", "carol"] {
        assert_eq!(visible_seqs(&app, who, &chat).await, [1, 2, 3]);
    }
    assert_eq!(app.get_chat(&caller("carol"), &chat).await.unwrap().unread_count, 3);
    assert_eq!(message_in_page(&app, "alice", &chat, 3).await["seenBy"], json!(["alice"]), "clearing is not reading");
}

#[tokio::test(start_paused = true)]
async fn clearing_changes_only_own_state() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    let messages = app.store.stored_messages(&chat);
    let before = head(&app, &chat);
    clear(&app, "bob", &chat).await;
    let after = head(&app, &chat);
    assert_eq!(app.store.stored_messages(&chat), messages);
    assert_eq!((after.last_rev, after.members_rev, after.activity()), (Rev(1), Rev(0), before.activity()));
}

#[tokio::test(start_paused = true)]
async fn clearing_twice_changes_nothing() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["bob-1", "bob-2", "dave-1", "dave-2"]).await;
    let empty = snapshot(&app);
    assert_eq!(json(&clear(&app, "bob-1", &chat).await.chat)["floor"], 0);
    assert_eq!(snapshot(&app), empty);
    fill(&app, &chat, 2).await;
    clear(&app, "bob", &chat).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    for name in ["bob-1", "bob-2", "dave-1", "dave-2"] {
        app.push.take(name);
    }
    let before = snapshot(&app);
    for device in ["bob-1", "dave-1"] {
        let again = clear(&app, device, &chat).await;
        assert_eq!((&json(&again.chat)["floor"], again.pushed.posted), (&json!(2), 0));
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn messages_after_clearing_are_seen_and_counted() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    clear(&app, "bob", &chat).await;
    set_online(&app, &["bob"]).await;
    fill(&app, &chat, 2).await;
    assert_eq!(app.push.take("bob").len(), 2);
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [3, 4]);
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 2);
    app.mark_seen(mark(&chat, "bob", 3)).await.unwrap();
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 1);
    let second = clear(&app, "bob", &chat).await;
    assert_eq!(json(&second.chat)["floor"], 4);
    assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 0);
}

#[tokio::test(start_paused = true)]
async fn non_participants_cannot_clear() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    let before = snapshot(&app);
    for (who, chat) in [("eve", chat), ("alice", ChatId::parse("nowhere").unwrap())] {
        assert_refused!(app.clear_chat(&caller(who), &chat).await, ChatError::NotFound);
    }
    assert_eq!(snapshot(&app), before);
}

#[tokio::test(start_paused = true)]
async fn message_sent_during_clearing_is_not_lost() {
    for seed in 0..100 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = private_chat(&app).await;
        fill(&app, &chat, 2).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 20, ..Faults::default() });
        let sends = async {
            for n in 0..3 {
                send_text(&app, "alice", &chat, &format!("New {n}")).await;
            }
        };
        let (cleared, ()) = join(clear(&app, "bob", &chat), sends).await;
        app.store.set_faults(Faults::default());
        let floor = json(&cleared.chat)["floor"].as_u64().unwrap();
        assert_eq!(app.store.stored_member(&chat, &user("bob")).unwrap().floor().seq(), Seq(floor));
        let page = app.list_messages(list(&chat, "bob", PageStart::Latest, 50)).await.unwrap();
        let shown: Vec<_> = page.messages.iter().map(|message| message.seq().0).collect();
        assert_eq!(shown, (floor + 1..=5).collect::<Vec<_>>(), "{seed}");
        assert_eq!(app.get_chat(&caller("bob"), &chat).await.unwrap().unread_count, 5 - floor, "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn clearing_is_retried_until_the_deadline() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    app.store.set_faults(Faults { conflict: 80, ..Faults::default() });
    clear(&app, "bob", &chat).await;
    fill(&app, &chat, 1).await;
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    assert_refused!(app.clear_chat(&caller("bob"), &chat).await, ChatError::Busy);
    assert_eq!(head(&app, &chat).last_rev, Rev(1));
}

#[tokio::test(start_paused = true)]
async fn edit_of_a_cleared_message_is_not_pushed() {
    let mut cleared_first = 0;
    for seed in 0..300 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = private_chat(&app).await;
        fill(&app, &chat, 1).await;
        set_online(&app, &["alice", "bob"]).await;
        app.store.set_faults(Faults { latency_ms: 20, ..Faults::default() });
        let (_, edited) = join(clear(&app, "bob", &chat), edit(&app, "alice", &chat, 1, "Secret")).await;
        if edited.unwrap().message.rev() == Rev(2) {
            cleared_first += 1;
            let frames = app.push.take("bob");
            assert!(frames.iter().all(|frame| frame["event"] != "message.updated"), "seed {seed}: {frames:?}");
        }
    }
    assert!(cleared_first > 20, "{cleared_first}");
}
