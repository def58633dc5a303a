use crate::support::{add, app, fill, group as group_of, mark, name, private_chat, remove};
use domain::ids::{ChatId, ClientChatId};
use domain::use_cases::{ChatError, CreateChat, CreateChatError, NewChat};
use serde_json::json;
use testkit::fixtures::{caller, connection, message, user, users};
use testkit::{Faults, TestEnv};

fn group(others: &[&str], client: Option<&str>) -> CreateChat {
    let client = client.map(|id| ClientChatId::parse(id).unwrap());
    let chat = NewChat::group(&user("alice"), &users(others), name("Team"), client).unwrap();
    CreateChat { caller: caller("alice"), chat }
}

#[tokio::test(start_paused = true)]
async fn two_users_have_one_private_chat() {
    let app = app();
    let create = |by: &str, other: &str| CreateChat {
        caller: caller(by),
        chat: NewChat::private(&user(by), &users(&[other])).unwrap(),
    };
    let first = app.create_chat(create("alice", "bob")).await.unwrap();
    let second = app.create_chat(create("bob", "alice")).await.unwrap();
    assert!(first.is_new && !second.is_new);
    assert_eq!(first.chat, second.chat);
    let shown = serde_json::to_value(&first.chat).unwrap();
    assert_eq!(shown["participants"], json!(["alice", "bob"]));
    assert_eq!((&shown["isGroup"], &shown["admins"]), (&json!(false), &json!([])));
    assert_eq!((&shown["seq"], &shown["rev"], &shown["floor"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!((&shown["participantCount"], shown.get("participantsLimited")), (&json!(2), None));
    assert!(shown.get("lastMessageId").is_none() && shown.get("name").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_groups_creator_is_its_admin() {
    let app = app();
    let created = app.create_chat(group(&["bob", "carol"], None)).await.unwrap();
    let shown = serde_json::to_value(&created.chat).unwrap();
    assert_eq!(shown["participants"], json!(["alice", "bob", "carol"]));
    assert_eq!(
        (&shown["isGroup"], &shown["admins"], &shown["name"]),
        (&json!(true), &json!(["alice"]), &json!("Team"))
    );
    let again = app.create_chat(group(&["bob", "carol"], None)).await.unwrap();
    assert_ne!(created.chat.chat_id(), again.chat.chat_id(), "no idempotency without a client chat id");
}

#[test]
fn invalid_participants_are_refused() {
    let alice = user("alice");
    let private = |named: &[&str]| NewChat::private(&alice, &users(named)).unwrap_err();
    let of = |named: &[&str]| NewChat::group(&alice, &users(named), name("Team"), None).unwrap_err();
    for error in [private(&[]), private(&["alice"]), private(&["bob", "carol"]), private(&["bob", "bob"])] {
        assert!(matches!(error, CreateChatError::Participants(_)), "{error:?}");
    }
    for error in [of(&[]), of(&["bob"]), of(&["alice", "bob"]), of(&["bob", "carol", "bob"])] {
        assert!(matches!(error, CreateChatError::Participants(_)), "{error:?}");
    }
    let many: Vec<_> = (0..90).map(|n| user(&format!("u{n}"))).collect();
    let error = NewChat::group(&alice, &many, name("Team"), None).unwrap_err();
    assert!(matches!(error, CreateChatError::TooManyParticipants { limit: 89 }));
    assert!(NewChat::group(&alice, &many[1..], name("Team"), None).is_ok());
    // The request may name the creator, who is always a participant.
    assert!(NewChat::private(&alice, &users(&["alice", "bob"])).is_ok());
}

#[tokio::test(start_paused = true)]
async fn repeat_with_the_client_chat_id_returns_the_same_group() {
    let app = app();
    let first = app.create_chat(group(&["bob", "carol"], Some("g-1"))).await.unwrap();
    let second = app.create_chat(group(&["carol", "bob"], Some("g-1"))).await.unwrap();
    assert!(first.is_new && !second.is_new);
    assert_eq!(first.chat, second.chat);
    let other = app.create_chat(group(&["bob", "dave"], Some("g-1"))).await.unwrap_err();
    assert!(matches!(other, ChatError::Refused(CreateChatError::IdempotencyConflict)), "{other:?}");
    remove(&app, "alice", first.chat.chat_id(), "alice").await.unwrap();
    let left = app.create_chat(group(&["bob", "carol"], Some("g-1"))).await.unwrap_err();
    assert!(matches!(left, ChatError::NotFound), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn creation_is_retried_until_the_deadline() {
    let app = app();
    app.store.set_faults(Faults { conflict: 60, ..Faults::default() });
    assert!(app.create_chat(group(&["bob", "carol"], None)).await.unwrap().is_new);
    app.store.set_faults(Faults { conflict: 100, ..Faults::default() });
    let error = app.create_chat(group(&["bob", "carol"], None)).await.unwrap_err();
    assert!(matches!(error, ChatError::Busy), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn creation_is_pushed_except_to_the_creating_connection() {
    let app = app();
    for (who, name) in [("alice", "a-1"), ("alice", "a-2"), ("bob", "b-1"), ("eve", "e-1")] {
        app.connect(&user(who), &connection(name, TestEnv::START)).await.unwrap();
    }
    let mut command =
        CreateChat { caller: caller("alice"), chat: NewChat::private(&user("alice"), &users(&["bob"])).unwrap() };
    command.caller.connection = Some(connection("a-1", TestEnv::START).id);
    let created = app.create_chat(command.clone()).await.unwrap();
    assert_eq!(created.pushed.posted, 2);
    for name in ["a-2", "b-1"] {
        let frames = app.push.take(name);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0]["event"], "chat.created");
        assert_eq!(frames[0]["data"], serde_json::to_value(&created.chat).unwrap());
    }
    assert!(app.push.take("a-1").is_empty() && app.push.take("e-1").is_empty());
    app.create_chat(command).await.unwrap();
    assert_eq!(app.push.count(), 0, "an existing chat pushes no event");
}

#[tokio::test(start_paused = true)]
async fn a_chat_shows_its_members_and_who_is_online() {
    let app = app();
    let chat = private_chat(&app).await;
    app.connect(&user("bob"), &connection("b-1", TestEnv::START)).await.unwrap();
    fill(&app, &chat, 3).await;
    let details = app.get_chat(&caller("bob"), &chat).await.unwrap();
    assert_eq!(details.unread_count, 3);
    let shown = serde_json::to_value(&details).unwrap();
    assert_eq!(shown["chat"]["lastMessageId"], json!(format!("{chat}:3")));
    let alice = &shown["members"][0];
    assert_eq!((&alice["userId"], &alice["readSeq"]), (&json!("alice"), &json!(3)));
    assert_eq!((&alice["user"]["status"], &alice["user"]["lastSeen"]), (&json!("offline"), &json!(null)));
    let bob = &shown["members"][1];
    assert_eq!((&bob["userId"], &bob["readSeq"]), (&json!("bob"), &json!(0)));
    assert_eq!((&bob["user"]["status"], &bob["user"]["nickname"]), (&json!("online"), &json!("bob")));
    assert_eq!(bob["user"]["lastSeen"], json!("2026-01-01T00:00:00.000Z"));
}

#[tokio::test(start_paused = true)]
async fn non_participants_do_not_learn_that_a_chat_exists() {
    let app = app();
    let chat = private_chat(&app).await;
    let nowhere = ChatId::parse("nowhere").unwrap();
    for (who, chat) in [("eve", &chat), ("alice", &nowhere)] {
        let error = app.get_chat(&caller(who), chat).await.unwrap_err();
        assert!(matches!(error, ChatError::NotFound), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn stale_chat_document_is_read_again() {
    let app = app();
    let chat = group_of(&app, &["alice", "bob", "dave"]).await;
    app.store.set_faults(Faults { stale_chat: 100, ..Faults::default() });
    assert!(app.get_chat(&caller("alice"), &chat).await.is_ok(), "an eventual read does not find the chat yet");
    add(&app, "alice", &chat, &["carol"]).await.unwrap();
    app.connect(&user("carol"), &connection("c-1", TestEnv::START)).await.unwrap();
    let shown = app.get_chat(&caller("alice"), &chat).await.unwrap();
    assert!(shown.chat.participants().contains(&user("carol")));
    // The recipients of a message or a receipt come from the fresh document.
    assert_eq!(app.send_message(message(&chat, "alice", "", "Hello")).await.unwrap().pushed.posted, 1);
    assert_eq!(app.mark_seen(mark(&chat, "bob", 1)).await.unwrap().pushed.posted, 1);
}
