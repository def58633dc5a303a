use crate::support::*;
use domain::chat::{MAX_FRAME_BYTES, MAX_PARTICIPANTS};
use domain::ids::{ChatId, Rev, Seq};
use domain::ports::ReadChats as _;
use domain::use_cases::{ChangeGroupError, ChatError, MAX_ADDED_PARTICIPANTS};
use futures_util::future::join;
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::user;
use testkit::{Faults, MemoryStore};

/// Tries every change of a group that needs an admin, as `who`.
pub(crate) async fn admin_changes(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
) -> [Result<(), ChatError<ChangeGroupError>>; 5] {
    [
        rename(app, who, chat, "Other").await.map(|_| ()),
        add(app, who, chat, &["dave"]).await.map(|_| ()),
        remove(app, who, chat, "carol").await.map(|_| ()),
        set_admin(app, who, chat, "carol", true).await.map(|_| ()),
        set_admin(app, who, chat, "alice", false).await.map(|_| ()),
    ]
}

/// The chat's last rev and its `members_rev`. Asserts that document and head agree.
pub(crate) async fn revs(app: &TestApp, chat: &ChatId) -> (u64, u64) {
    let (document, head) = (chat_document(app, chat).await, head(app, chat));
    assert_eq!(document.members_rev, head.members_rev);
    assert_eq!(usize::try_from(head.participant_count).unwrap(), document.participants.len());
    (head.last_rev.0, head.members_rev.0)
}

#[tokio::test(start_paused = true)]
async fn rename_by_an_admin_is_pushed_to_everyone() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["alice-1", "alice-2", "bob", "carol", "eve"]).await;
    let renamed = rename(&app, "alice-1", &chat, "Crew").await.unwrap();
    let shown = json(&renamed.chat);
    assert_eq!((&shown["name"], &shown["rev"], &shown["seq"]), (&json!("Crew"), &json!(1), &json!(0)));
    assert_eq!(renamed.pushed.posted, 3);
    let recipients = ["alice-2", "bob", "carol"].map(|name| (name, "chat.updated"));
    for frame in assert_pushed(&app, recipients) {
        assert_eq!(frame, json!({"event": "chat.updated", "chatId": chat.as_str(), "rev": 1, "data": shown}));
    }
    assert_eq!(chat_document(&app, &chat).await.name.unwrap().as_str(), "Crew");
}

#[tokio::test(start_paused = true)]
async fn only_admins_can_change_a_group() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    for result in admin_changes(&app, "bob", &chat).await {
        assert_refused!(result, ChatError::Refused(ChangeGroupError::NotAnAdmin));
    }
    assert_refused!(remove(&app, "bob", &chat, "alice").await, ChatError::Refused(ChangeGroupError::NotAnAdmin));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn non_participants_do_not_learn_that_a_group_exists() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    remove(&app, "alice", &chat, "dave").await.unwrap();
    let nowhere = ChatId::parse("nowhere").unwrap();
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    for (who, chat) in [("eve", &chat), ("dave", &chat), ("alice", &nowhere)] {
        for result in admin_changes(&app, who, chat).await {
            assert_refused!(result, ChatError::NotFound);
        }
        assert_refused!(remove(&app, who, chat, who).await, ChatError::NotFound);
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn private_chat_cannot_be_changed_like_a_group() {
    let app = app();
    let chat = private_chat(&app).await;
    set_online(&app, &["alice", "bob"]).await;
    let before = snapshot(&app);
    for result in admin_changes(&app, "alice", &chat).await {
        assert_refused!(result, ChatError::Refused(ChangeGroupError::NotAGroup));
    }
    for whom in ["alice", "bob"] {
        assert_refused!(remove(&app, "alice", &chat, whom).await, ChatError::Refused(ChangeGroupError::NotAGroup));
    }
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn each_change_takes_one_rev() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
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
    let document = chat_document(&app, &chat).await;
    assert_eq!((document.participants, document.admins), (ids(&["bob", "carol", "dave"]), ids(&["bob"])));
    assert_eq!(head(&app, &chat).last_seq, Seq(2), "changes take no seq");
}

#[tokio::test(start_paused = true)]
async fn change_without_effect_takes_no_rev_and_pushes_nothing() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
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
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn participants_who_are_in_the_group_are_not_added_again() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    send_text(&app, "bob", &chat, "Hello").await;
    let bob = app.store.stored_member(&chat, &user("bob"));
    set_online(&app, &["bob", "dave"]).await;
    add(&app, "alice", &chat, &["bob", "dave"]).await.unwrap();
    assert_eq!(app.store.stored_member(&chat, &user("bob")), bob);
    assert_pushed(&app, [("bob", "chat.updated"), ("dave", "chat.created")]);
}

#[tokio::test(start_paused = true)]
async fn last_admin_cannot_be_unset() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &TEAM).await;
    let before = snapshot(&app);
    assert_refused!(
        set_admin(&app, "alice", &chat, "alice", false).await,
        ChatError::Refused(ChangeGroupError::LastAdmin)
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    set_admin(&app, "alice", &chat, "bob", true).await.unwrap();
    set_admin(&app, "alice", &chat, "alice", false).await.unwrap();
    assert_eq!(chat_document(&app, &chat).await.admins, ids(&["bob"]));
    assert_refused!(set_admin(&app, "bob", &chat, "bob", false).await, ChatError::Refused(ChangeGroupError::LastAdmin));
}

#[tokio::test(start_paused = true)]
async fn concurrent_unsetting_leaves_one_admin() {
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
        assert!(matches!(refusal, ChatError::Refused(ChangeGroupError::NotAnAdmin)), "{refusal:?}");
        assert_eq!(chat_document(&app, &chat).await.admins.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn first_joined_participant_replaces_the_last_admin() {
    // By the seq at which they joined: bob and carol joined later than zoe.
    let app = app();
    let chat = group(&app, &["alice", "yan", "zoe"]).await;
    send_text(&app, "alice", &chat, "Hello").await;
    add(&app, "alice", &chat, &["bob", "carol"]).await.unwrap();
    remove(&app, "alice", &chat, "yan").await.unwrap();
    set_online(&app, &["bob", "zoe"]).await;
    let before = revs(&app, &chat).await.0;
    remove(&app, "alice", &chat, "alice").await.unwrap();
    assert_eq!(chat_document(&app, &chat).await.admins, ids(&["zoe"]));
    assert_eq!(revs(&app, &chat).await, (before + 1, before + 1), "in the same change");
    for frame in assert_pushed(&app, [("bob", "chat.updated"), ("zoe", "chat.updated")]) {
        assert_eq!(frame["data"]["admins"], json!(["zoe"]));
    }
    // By time, if the seq is the same.
    let chat = group(&app, &["alice", "x", "y"]).await;
    for late in ["zoe", "bob"] {
        tokio::time::advance(Duration::from_secs(1)).await;
        add(&app, "alice", &chat, &[late]).await.unwrap();
    }
    for early in ["x", "y", "alice"] {
        remove(&app, "alice", &chat, early).await.unwrap();
    }
    assert_eq!(chat_document(&app, &chat).await.admins, ids(&["zoe"]));
    // By id, if the time is the same too.
    let chat = group(&app, &["alice", "zoe", "bob"]).await;
    remove(&app, "alice", &chat, "alice").await.unwrap();
    assert_eq!(chat_document(&app, &chat).await.admins, ids(&["bob"]));
}

#[tokio::test(start_paused = true)]
async fn participant_who_leaves_concurrently_does_not_become_admin() {
    for seed in 0..100 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
        app.store.set_faults(Faults { latency_ms: 20, conflict: 20, stale_chat: 30, ..Faults::default() });
        let (alice, bob) = join(remove(&app, "alice", &chat, "alice"), remove(&app, "bob", &chat, "bob")).await;
        assert!(alice.is_ok() && bob.is_ok());
        app.store.set_faults(Faults::default());
        let document = chat_document(&app, &chat).await;
        assert_eq!((document.participants, document.admins), (ids(&["carol", "dave"]), ids(&["carol"])), "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_becomes_admin_while_another_admin_stays() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    set_admin(&app, "alice", &chat, "dave", true).await.unwrap();
    remove(&app, "alice", &chat, "alice").await.unwrap();
    assert_eq!(chat_document(&app, &chat).await.admins, ids(&["dave"]));
}

#[tokio::test(start_paused = true)]
async fn group_has_at_most_1000_participants_and_90_are_added_at_once() {
    let app = app();
    let all: Vec<String> = (0..MAX_PARTICIPANTS).map(|n| format!("u{n:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all[..90]).await;
    for (rev, ninety) in (1_u64..).zip(all[90..990].chunks(MAX_ADDED_PARTICIPANTS)) {
        assert_eq!(add(&app, all[0], &chat, ninety).await.unwrap().chat.unwrap().rev(), Rev(rev));
    }
    let more: Vec<_> = all[989..].iter().copied().chain(["eve"]).collect();
    let before = snapshot(&app);
    assert_refused!(
        add(&app, all[0], &chat, &more).await,
        ChatError::Refused(ChangeGroupError::TooManyParticipants { limit: MAX_PARTICIPANTS })
    );
    assert_eq!(snapshot(&app), before, "all or nothing");
    set_online(&app, &[all[5], all[995]]).await;
    let full = add(&app, all[0], &chat, &all[980..]).await.unwrap().chat.unwrap();
    assert_eq!(json(&full)["participantCount"], 1000);
    for frame in assert_pushed(&app, [(all[5], "chat.updated"), (all[995], "chat.created")]) {
        assert_eq!(frame["data"], json(&full), "every event fits in a frame");
        assert_eq!(frame["data"].get("participantsLimited"), None, "short ids fit");
    }
    assert_eq!(app.store.members(&chat).await.unwrap().len(), MAX_PARTICIPANTS);
    assert_refused!(
        add(&app, all[0], &chat, &["eve"]).await,
        ChatError::Refused(ChangeGroupError::TooManyParticipants { .. })
    );
    add(&app, all[0], &chat, &all[..5]).await.unwrap();
    remove(&app, all[0], &chat, all[999]).await.unwrap();
    add(&app, all[0], &chat, &["eve"]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn participants_of_a_large_group_are_cut_to_fit_in_a_frame() {
    let app = app();
    let all: Vec<String> = (0..250).map(|n| format!("u{n:0>127}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all[..90]).await;
    for some in all[90..].chunks(MAX_ADDED_PARTICIPANTS) {
        add(&app, all[0], &chat, some).await.unwrap();
    }
    set_online(&app, &all[249..]).await;
    let renamed = rename(&app, all[0], &chat, "Crew").await.unwrap();
    let [frame] = assert_pushed(&app, [(all[249], "chat.updated")]);
    assert!((MAX_FRAME_BYTES - 2048..=MAX_FRAME_BYTES).contains(&frame.to_string().len()));
    assert_eq!(frame["data"], json(&renamed.chat));
    let data = &frame["data"];
    assert_eq!((&data["participantsLimited"], &data["participantCount"]), (&json!(true), &json!(250)));
    assert_eq!(data["admins"], json!([all[0]]));
}

#[tokio::test(start_paused = true)]
async fn group_event_has_the_floor_of_its_recipient() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    fill(&app, &chat, 2).await;
    clear(&app, "carol", &chat).await;
    let all = ["alice", "bob", "carol", "dave"];
    set_online(&app, &all).await;
    let answer = rename(&app, "alice", &chat, "Crew").await.unwrap();
    let frames = assert_pushed(&app, all.map(|name| (name, "chat.updated")));
    assert_eq!(frames[0]["data"], json(&answer.chat));
    let last = json!(format!("{chat}:4"));
    let of = |frame: &serde_json::Value| (frame["data"]["floor"].clone(), frame["data"].get("lastMessageId").cloned());
    assert_eq!(of(&frames[0]), (json!(0), Some(last.clone())));
    assert_eq!(of(&frames[1]), (json!(0), Some(last.clone())));
    assert_eq!(of(&frames[2]), (json!(4), None), "not even the id of a message that they cannot see");
    assert_eq!(of(&frames[3]), (json!(2), Some(last)));
}

#[tokio::test(start_paused = true)]
async fn group_change_is_retried_until_the_deadline() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.store.set_faults(Faults { conflict: 80, ..Faults::default() });
    let renamed = rename(&app, "alice", &chat, "Crew").await.unwrap();
    assert!(renamed.retries > 0);
    assert_eq!(revs(&app, &chat).await, (1, 1));
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    assert_refused!(rename(&app, "alice", &chat, "Other").await, ChatError::Busy);
    assert_eq!(revs(&app, &chat).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn repeat_after_a_lost_reply_changes_nothing_more() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.store.set_faults(Faults { lost_reply: 100, ..Faults::default() });
    assert_refused!(add(&app, "alice", &chat, &["dave"]).await, ChatError::Store(_));
    app.store.set_faults(Faults::default());
    let again = add(&app, "alice", &chat, &["dave"]).await.unwrap().chat.unwrap();
    assert!(again.participants().contains(&user("dave")));
    assert_eq!(revs(&app, &chat).await, (1, 1));
}
