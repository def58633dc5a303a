use crate::support::*;
use domain::chat::MAX_FRAME_BYTES;
use domain::ids::Rev;
use domain::reactions::{ReactionLimitExceeded, Reactions};
use domain::use_cases::ChangeMessageError;
use domain::use_cases::ChatError;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::fixtures::message;
use testkit::{Faults, MemoryStore};

/// One emoji more than a message can have.
const FACES: [&str; Reactions::MAX_EMOJIS + 1] = [
    "😀", "😁", "😂", "😃", "😄", "😅", "😆", "😇", "😈", "😉", "😊", "😋", "😌", "😍", "😎", "😏", "😐", "😑", "😒",
    "😓", "😔",
];

fn sorted(emojis: &[&'static str]) -> BTreeSet<&'static str> {
    emojis.iter().copied().collect()
}

#[tokio::test(start_paused = true)]
async fn reactions_are_set_replaced_and_removed() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 1).await;
    set_online(&app, &["alice", "bob-1", "bob-2", "carol"]).await;
    let recipients = ["alice", "bob-2", "carol"].map(|name| (name, "reaction.updated"));
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
        assert!(shown.get("editedAt").is_none(), "a reaction is not an edit");
        for frame in assert_pushed(&app, recipients) {
            let expected = json!({"event": "reaction.updated", "chatId": chat.as_str(), "seq": 1, "rev": rev,
                "data": {"userId": "bob", "emojis": sorted(emojis)}});
            assert_eq!(frame, expected);
        }
        let before = snapshot(&app);
        let again = react(&app, "bob-1", &chat, 1, emojis).await.unwrap();
        assert_eq!((again.message, again.pushed.posted), (reacted.message, 0));
        assert_eq!(snapshot(&app), before, "a repeat changes nothing");
    }
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn reactions_of_all_users_are_kept() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 1).await;
    for who in ["carol", "alice", "bob"] {
        react(&app, who, &chat, 1, &["👍"]).await.unwrap();
    }
    let shown = json(&react(&app, "alice", &chat, 1, &[]).await.unwrap().message);
    assert_eq!(shown["reactions"], json!([{"emoji": "👍", "count": 2, "userIds": ["bob", "carol"]}]));
    remove(&app, "bob", &chat, "bob").await.unwrap();
    assert_eq!(message_in_page(&app, "alice", &chat, 1).await["reactions"][0]["count"], 2);
}

#[tokio::test(start_paused = true)]
async fn message_has_at_most_20_different_emojis() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 1).await;
    react(&app, "alice", &chat, 1, &FACES[..20]).await.unwrap();
    set_online(&app, &["alice", "bob"]).await;
    let before = snapshot(&app);
    let limit = ReactionLimitExceeded { what: "different emojis", limit: 20 };
    assert_refused!(
        react(&app, "bob", &chat, 1, &FACES[20..]).await,
        ChatError::Refused(ChangeMessageError::TooManyReactions(over)) if over == limit
    );
    assert_refused!(
        react(&app, "alice", &chat, 1, &FACES).await,
        ChatError::Refused(ChangeMessageError::TooManyReactions(over)) if over == limit
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    react(&app, "bob", &chat, 1, &FACES[3..5]).await.unwrap();
    discard_pushes(&app, &["alice", "bob"]);
}

#[tokio::test(start_paused = true)]
async fn message_has_at_most_1000_reactions() {
    let app = app();
    let all: Vec<String> = (0..52).map(|n| format!("u{n:0>127}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all).await;
    app.send_message(message(&chat, all[0], "", &"x".repeat(20_000))).await.unwrap();
    for who in &all[..50] {
        react(&app, who, &chat, 1, &FACES[..20]).await.unwrap();
    }
    set_online(&app, &all[49..]).await;
    let before = snapshot(&app);
    assert_refused!(
        react(&app, all[50], &chat, 1, &FACES[..1]).await,
        ChatError::Refused(ChangeMessageError::TooManyReactions(ReactionLimitExceeded {
            what: "reactions",
            limit: 1000
        }))
    );
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    let fewer = react(&app, all[0], &chat, 1, &FACES[..19]).await.unwrap();
    let shown = json(&fewer.message);
    assert!(shown.to_string().len() < MAX_FRAME_BYTES, "it still fits in a frame");
    assert_eq!((&shown["reactions"][0]["count"], &shown["reactions"][0]["userIdsLimited"]), (&json!(50), &json!(true)));
    for frame in assert_pushed(&app, [all[49], all[50], all[51]].map(|name| (name, "reaction.updated"))) {
        assert!(frame.to_string().len() < 700, "the message and the other reactions are not pushed");
    }
    react(&app, all[50], &chat, 1, &FACES[..1]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn concurrent_reactions_are_all_stored() {
    let app = with_store(MemoryStore::with_faults(7, Faults::default()));
    let all: Vec<String> = (0..12).map(|n| format!("u{n:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all).await;
    send_text(&app, all[0], &chat, "Vote!").await;
    app.store.set_faults(Faults { latency_ms: 5, ..Faults::default() });
    let votes = all.iter().map(|who| react(&app, who, &chat, 1, &["👍"]));
    for vote in futures_util::future::join_all(votes).await {
        vote.unwrap();
    }
    assert_eq!(message_in_page(&app, all[0], &chat, 1).await["reactions"][0]["userIds"], json!(all));
    assert_eq!(head(&app, &chat).last_rev, Rev(12));
}
