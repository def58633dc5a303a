use crate::support::{
    TEAM, TestApp, add, app, clear, document, everything, filled, group, head, ids, json, online, pointers, private,
    pushed, refused, remove, rename, say, set_admin, with_store,
};
use domain::chat::{MAX_FRAME_BYTES, MAX_PARTICIPANTS};
use domain::ids::{ChatId, Rev, Seq};
use domain::ports::ReadChats as _;
use domain::use_cases::{ChangeGroupError, ChatError, MAX_ADDED_PARTICIPANTS};
use futures_util::future::join;
use serde_json::json;
use std::time::Duration;
use testkit::fixtures::user;
use testkit::{Faults, MemoryStore};

/// Every change of a group that asks for an admin, by `who`.
pub(crate) async fn admins_work(
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

/// The chat's last rev, and the membersRev of its document and its head, which are the same.
pub(crate) async fn revs(app: &TestApp, chat: &ChatId) -> (u64, u64) {
    let (document, head) = (document(app, chat).await, head(app, chat));
    assert_eq!(document.members_rev, head.members_rev);
    assert_eq!(usize::try_from(head.participant_count).unwrap(), document.participants.len());
    (head.last_rev.0, head.members_rev.0)
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
        refused!(result, ChatError::Refused(ChangeGroupError::NotAnAdmin));
    }
    refused!(remove(&app, "bob", &chat, "alice").await, ChatError::Refused(ChangeGroupError::NotAnAdmin));
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
            refused!(result, ChatError::NotFound);
        }
        refused!(remove(&app, who, chat, who).await, ChatError::NotFound);
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
        refused!(result, ChatError::Refused(ChangeGroupError::NotAGroup));
    }
    for whom in ["alice", "bob"] {
        refused!(remove(&app, "alice", &chat, whom).await, ChatError::Refused(ChangeGroupError::NotAGroup));
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
    refused!(set_admin(&app, "alice", &chat, "alice", false).await, ChatError::Refused(ChangeGroupError::LastAdmin));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    set_admin(&app, "alice", &chat, "bob", true).await.unwrap();
    set_admin(&app, "alice", &chat, "alice", false).await.unwrap();
    assert_eq!(document(&app, &chat).await.admins, ids(&["bob"]));
    refused!(set_admin(&app, "bob", &chat, "bob", false).await, ChatError::Refused(ChangeGroupError::LastAdmin));
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
        assert!(matches!(refusal, ChatError::Refused(ChangeGroupError::NotAnAdmin)), "{refusal:?}");
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
async fn a_group_holds_a_thousand_and_ninety_come_at_once() {
    let app = app();
    let all: Vec<String> = (0..MAX_PARTICIPANTS).map(|n| format!("u{n:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all[..90]).await;
    for (rev, ninety) in (1_u64..).zip(all[90..990].chunks(MAX_ADDED_PARTICIPANTS)) {
        assert_eq!(add(&app, all[0], &chat, ninety).await.unwrap().chat.unwrap().rev(), Rev(rev));
    }
    let more: Vec<_> = all[989..].iter().copied().chain(["eve"]).collect();
    let before = everything(&app);
    refused!(
        add(&app, all[0], &chat, &more).await,
        ChatError::Refused(ChangeGroupError::TooManyParticipants { limit: MAX_PARTICIPANTS })
    );
    assert_eq!(everything(&app), before, "all or nothing");
    online(&app, &[all[5], all[995]]).await;
    let full = add(&app, all[0], &chat, &all[980..]).await.unwrap().chat.unwrap();
    assert_eq!(json(&full)["participantCount"], 1000);
    for frame in pushed(&app, [(all[5], "chat.updated"), (all[995], "chat.created")]) {
        assert_eq!(frame["data"], json(&full), "none is larger than a frame");
        assert_eq!(frame["data"].get("participantsLimited"), None, "short ids fit");
    }
    assert_eq!(app.store.members(&chat).await.unwrap().len(), MAX_PARTICIPANTS);
    refused!(
        add(&app, all[0], &chat, &["eve"]).await,
        ChatError::Refused(ChangeGroupError::TooManyParticipants { .. })
    );
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
    for some in all[90..].chunks(MAX_ADDED_PARTICIPANTS) {
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
async fn a_change_of_a_group_is_tried_again_and_not_for_ever() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.store.set_faults(Faults { conflict: 80, ..Faults::default() });
    let renamed = rename(&app, "alice", &chat, "Crew").await.unwrap();
    assert!(renamed.retries > 0);
    assert_eq!(revs(&app, &chat).await, (1, 1));
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    refused!(rename(&app, "alice", &chat, "Other").await, ChatError::Busy);
    assert_eq!(revs(&app, &chat).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_reply_was_lost_is_so_already_when_it_is_repeated() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    app.store.set_faults(Faults { lost_reply: 100, ..Faults::default() });
    refused!(add(&app, "alice", &chat, &["dave"]).await, ChatError::Store(_));
    app.store.set_faults(Faults::default());
    let again = add(&app, "alice", &chat, &["dave"]).await.unwrap().chat.unwrap();
    assert!(again.participants().contains(&user("dave")));
    assert_eq!(revs(&app, &chat).await, (1, 1));
}
