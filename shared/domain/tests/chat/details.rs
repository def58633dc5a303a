//! The topic and the custom data of groups, and the custom data of users.

use crate::support::*;
use crate::sync::part;
use domain::custom::Custom;
use domain::ids::{ChatId, ClientChatId};
use domain::names::Topic;
use domain::patch::Patch;
use domain::use_cases::{
    ChangeGroupError, ChangedGroup, ChatError, CreateChat, CreateChatError, CreatedChat, InboxCursor, InboxFilter,
    ListChats, NewChat, PageLimit, UpdateChat, UpdateMe,
};
use serde_json::{Value, json};
use testkit::fixtures::{caller, custom, user, users};

fn topic(text: &str) -> Topic {
    Topic::parse(text).unwrap()
}

async fn describe(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    topic: Option<Patch<Topic>>,
    custom: Option<Patch<Custom>>,
) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
    app.update_chat(UpdateChat { caller: by(who), chat: chat.clone(), name: None, topic, custom, avatar: None }).await
}

async fn create(
    app: &TestApp,
    name_of_request: &str,
    details: (Option<&str>, Option<Custom>),
) -> Result<CreatedChat, ChatError<CreateChatError>> {
    let client_id = (!name_of_request.is_empty()).then(|| ClientChatId::parse(name_of_request).unwrap());
    let chat = NewChat::group(&user("alice"), &users(&["bob", "carol"]), name("Team"), client_id).unwrap();
    let chat = chat.with_details(details.0.map(topic), details.1);
    app.create_chat(CreateChat { caller: by("alice"), chat }).await
}

async fn inbox_chat(app: &TestApp, who: &str) -> Value {
    let list = ListChats {
        caller: caller(who),
        limit: PageLimit::default(),
        filter: InboxFilter::default(),
        after: None::<InboxCursor>,
    };
    json(&app.list_chats(list).await.unwrap())["chats"][0]["chat"].clone()
}

#[tokio::test(start_paused = true)]
async fn group_is_created_with_its_topic_and_custom_data() {
    let app = app();
    set_online(&app, &["bob"]).await;
    let created = create(&app, "", (Some("Friday?"), Some(custom("1")))).await.unwrap();
    let shown = json(&created.chat);
    assert_eq!((&shown["topic"], &shown["custom"]), (&json!("Friday?"), &json!({"a": "1"})));
    assert_eq!(assert_pushed(&app, [("bob", "chat.created")])[0]["data"], shown);
    assert_eq!(inbox_chat(&app, "carol").await, shown);
    let chat = group(&app, &TEAM).await;
    let without = json(&app.get_chat(&caller("bob"), &chat).await.unwrap());
    assert_eq!((without["chat"].get("topic"), without["chat"].get("custom")), (None, None));
}

#[tokio::test(start_paused = true)]
async fn repeat_of_a_creation_has_the_same_topic_and_custom_data() {
    let app = app();
    create(&app, "g-1", (Some("Friday?"), Some(custom("1")))).await.unwrap();
    assert!(!create(&app, "g-1", (Some("Friday?"), Some(custom("1")))).await.unwrap().is_new);
    for other in [
        (None, None),
        (Some("Friday?"), None),
        (None, Some(custom("1"))),
        (Some("Friday!"), Some(custom("1"))),
        (Some("Friday?"), Some(custom("2"))),
    ] {
        assert_refused!(create(&app, "g-1", other).await, ChatError::Refused(CreateChatError::IdempotencyConflict));
    }
    // The hash of a request without them is that of before they existed.
    let plain = create(&app, "g-2", (None, None)).await.unwrap();
    let hash = chat_document(&app, plain.chat.chat_id()).await.request_hash.unwrap();
    assert_eq!(hash, "f12b1e9161b1713c48a4a8760cccf62636b0e19339673f207e48f3806b3bbb13");
}

#[tokio::test(start_paused = true)]
async fn admin_changes_topic_and_custom_data_and_everyone_sees_it() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["alice-1", "alice-2", "bob"]).await;
    let set = (Some(Patch::Set(topic("Friday?"))), Some(Patch::Set(custom("1"))));
    let shown = json(&describe(&app, "alice-1", &chat, set.0.clone(), set.1.clone()).await.unwrap().chat);
    assert_eq!((&shown["name"], &shown["topic"]), (&json!("Team"), &json!("Friday?")));
    assert_eq!((&shown["custom"], &shown["rev"]), (&json!({"a": "1"}), &json!(1)));
    for frame in assert_pushed(&app, [("alice-2", "chat.updated"), ("bob", "chat.updated")]) {
        assert_eq!(frame["data"], shown);
    }
    assert_eq!(inbox_chat(&app, "carol").await, shown);
    assert_eq!(part(&app, "carol", &chat, 0, 0).await["chat"], shown);
    // The same again changes nothing.
    let before = snapshot(&app);
    let again = describe(&app, "alice-1", &chat, set.0, set.1).await.unwrap();
    assert_eq!((json(&again.chat), snapshot(&app)), (shown, before));
    assert_pushed(&app, []);
    // What is not named stays.
    let shown = json(&rename(&app, "alice-1", &chat, "Others").await.unwrap().chat);
    assert_eq!((&shown["topic"], &shown["custom"]), (&json!("Friday?"), &json!({"a": "1"})));
    let shown = json(&describe(&app, "alice-1", &chat, Some(Patch::Remove), None).await.unwrap().chat);
    assert_eq!((&shown["name"], shown.get("topic")), (&json!("Others"), None));
    assert_eq!(shown["custom"], json!({"a": "1"}));
    let shown = json(&describe(&app, "alice-1", &chat, None, Some(Patch::Remove)).await.unwrap().chat);
    assert_eq!(shown.get("custom"), None);
}

#[tokio::test(start_paused = true)]
async fn only_admins_of_a_group_change_its_topic_and_custom_data() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let private = private_chat(&app).await;
    let before = snapshot(&app);
    let change = async |who, chat| describe(&app, who, chat, Some(Patch::Set(topic("Mine"))), None).await;
    assert_refused!(change("bob", &chat).await, ChatError::Refused(ChangeGroupError::NotAnAdmin));
    assert_refused!(change("eve", &chat).await, ChatError::NotFound);
    assert_refused!(change("alice", &private).await, ChatError::Refused(ChangeGroupError::NotAGroup));
    assert_eq!(snapshot(&app), before);
}

/// An inbox shows the topic and the custom data whole, and still some participants.
#[tokio::test(start_paused = true)]
async fn largest_details_do_not_push_the_participants_out_of_an_inbox() {
    let app = app();
    let everyone: Vec<_> = (0..80).map(|n| user(&format!("{n:x>100}"))).collect();
    let chat = group_of(&app, &everyone).await;
    let who = everyone[0].as_str();
    let count = async || inbox_chat(&app, who).await["participants"].as_array().unwrap().len();
    let before = count().await;
    let largest = custom(&"x".repeat(2040));
    let update = UpdateChat {
        caller: caller(who),
        chat,
        name: None,
        topic: Some(Patch::Set(topic(&"\u{1F44B}".repeat(500)))),
        custom: Some(Patch::Set(largest)),
        avatar: None,
    };
    app.update_chat(update).await.unwrap();
    let shown = inbox_chat(&app, who).await;
    assert_eq!(shown["topic"].as_str().unwrap().chars().count(), 500);
    assert_eq!(shown["custom"].to_string().len(), Custom::MAX_BYTES);
    // The longer names of the two fields take the place of one participant at most.
    assert!(before > 10 && count().await + 1 >= before);
}

#[tokio::test(start_paused = true)]
async fn custom_data_of_a_user_is_seen_by_who_shares_a_chat() {
    let app = app();
    private_chat(&app).await;
    set_online(&app, &["alice-1", "alice-2", "bob"]).await;
    let update = |custom: Option<Patch<Custom>>| {
        let change = domain::chat_user::UserChange { custom, ..Default::default() };
        UpdateMe { caller: by("alice-1"), change }
    };
    let shown = json(&app.update_me(&update(Some(Patch::Set(custom("1"))))).await.unwrap().user);
    assert_eq!((&shown["custom"], &shown["nickname"]), (&json!({"a": "1"}), &json!("alice")));
    assert_eq!(assert_pushed(&app, [("alice-2", "user.updated")])[0]["data"]["custom"], json!({"a": "1"}));
    let before = snapshot(&app);
    app.update_me(&update(Some(Patch::Set(custom("1"))))).await.unwrap();
    assert_eq!(snapshot(&app), before, "the same again changes nothing");
    assert_eq!(json(&app.user(&caller("bob"), &user("alice")).await.unwrap().user)["custom"], json!({"a": "1"}));
    app.update_me(&nickname_update(by("alice-1"), "Ali")).await.unwrap();
    let shown = json(&app.me(&caller("alice")).await.unwrap().user);
    assert_eq!((&shown["custom"], &shown["nickname"]), (&json!({"a": "1"}), &json!("Ali")));
    app.update_me(&update(Some(Patch::Remove))).await.unwrap();
    assert_eq!(json(&app.me(&caller("alice")).await.unwrap().user).get("custom"), None);
}
