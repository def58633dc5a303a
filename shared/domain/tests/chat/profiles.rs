use crate::support::{
    TestApp, add, app, by, called, document, everything, group, ids, json, name, online, private, private_of, pushed,
    refused, remove, with_users,
};
use domain::use_cases::{
    ChangeGroupError, ChatError, CreateChat, CreateChatError, CreatedChat, Mute, MuteChat, NewChat, ProfileError,
};
use serde_json::{Value, json};
use testkit::fixtures::{caller, user, users};

const TEAM: [&str; 3] = ["alice", "bob", "carol"];

async fn user_as_shown(app: &TestApp, who: &str, whom: &str) -> Value {
    json(&app.user(&caller(who), &user(whom)).await.unwrap().user)
}

fn down(app: &TestApp) {
    app.directory.as_ref().unwrap().set_down(true);
}

async fn create(app: &TestApp, chat: NewChat) -> Result<CreatedChat, ChatError<CreateChatError>> {
    app.create_chat(CreateChat { caller: caller("alice"), chat }).await
}

#[tokio::test(start_paused = true)]
async fn everyone_sees_themselves() {
    let app = with_users(&TEAM);
    let unknown = json(&app.me(&caller("alice")).await.unwrap().user);
    assert_eq!(
        unknown,
        json!({
            "userId": "alice", "nickname": "alice", "status": "offline", "lastSeen": null, "mutedChats": [],
            "notifyOnMention": false, "profile": {"username": "alice@example.com"},
        })
    );
    let chat = private(&app).await;
    app.mute_chat(MuteChat { caller: caller("alice"), chat: chat.clone(), mute: Mute::On(None) }).await.unwrap();
    online(&app, &["alice"]).await;
    let me = user_as_shown(&app, "alice", "alice").await;
    assert_eq!((&me["status"], &me["mutedChats"]), (&json!("online"), &json!([chat.as_str()])));
    assert_eq!(me["lastSeen"], "2026-01-01T00:00:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn a_nickname_is_told_to_ones_own_other_devices() {
    let app = with_users(&TEAM);
    private(&app).await;
    online(&app, &["alice-1", "alice-2", "bob"]).await;
    let shown = app.update_me(&called(by("alice-1"), " Ali ")).await.unwrap();
    assert_eq!((&json(&shown.user)["nickname"], shown.pushed.posted), (&json!("Ali"), 1));
    assert_eq!(json(&shown.user)["profile"]["username"], "alice@example.com");
    let [frame] = pushed(&app, [("alice-2", "user.updated")]);
    assert_eq!((&frame["data"]["userId"], &frame["data"]["nickname"]), (&json!("alice"), &json!("Ali")));
    assert_eq!(user_as_shown(&app, "bob", "alice").await["nickname"], "Ali");
}

#[tokio::test(start_paused = true)]
async fn those_who_share_a_chat_see_each_other() {
    let app = with_users(&["alice", "bob", "carol", "dave"]);
    private(&app).await;
    let chat = group(&app, &["carol", "alice", "dave"]).await;
    app.mute_chat(MuteChat { caller: caller("carol"), chat, mute: Mute::On(None) }).await.unwrap();
    online(&app, &["bob", "carol"]).await;
    let bob = user_as_shown(&app, "alice", "bob").await;
    assert_eq!((&bob["userId"], &bob["status"]), (&json!("bob"), &json!("online")));
    assert_eq!(bob["profile"], json!({"username": "bob@example.com"}));
    let carol = user_as_shown(&app, "alice", "carol").await;
    assert_eq!((&carol["userId"], &carol["mutedChats"]), (&json!("carol"), &json!([])), "what she muted is her own");
    assert_eq!(user_as_shown(&app, "alice", "dave").await["status"], "offline", "of whom nothing is stored yet");
    for (who, whom) in [("bob", "carol"), ("eve", "alice"), ("alice", "eve")] {
        refused!(app.user(&caller(who), &user(whom)).await, ProfileError::NotAParticipant);
    }
    pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn who_has_left_the_last_shared_chat_is_not_shown() {
    let app = app();
    let one = group(&app, &TEAM).await;
    let other = group(&app, &TEAM).await;
    remove(&app, "alice", &one, "carol").await.unwrap();
    assert_eq!(user_as_shown(&app, "alice", "carol").await["userId"], "carol");
    remove(&app, "carol", &other, "carol").await.unwrap();
    for (who, whom) in [("alice", "carol"), ("carol", "alice")] {
        refused!(app.user(&caller(who), &user(whom)).await, ProfileError::NotAParticipant);
    }
    for chat in [&one, &other] {
        remove(&app, "bob", chat, "bob").await.unwrap();
    }
    refused!(app.user(&caller("alice"), &user("bob")).await, ProfileError::NotAParticipant);
    assert!(document(&app, &other).await.participants.contains(&user("bob")), "the record is no membership");
}

#[tokio::test(start_paused = true)]
async fn one_shared_chat_among_many_is_found() {
    let app = app();
    for n in 0..60 {
        private_of(&app, "alice", &format!("a{n}")).await;
        private_of(&app, "carol", &format!("c{n}")).await;
    }
    refused!(app.user(&caller("alice"), &user("carol")).await, ProfileError::NotAParticipant);
    group(&app, &TEAM).await;
    assert_eq!(user_as_shown(&app, "alice", "carol").await["userId"], "carol");
}

#[tokio::test(start_paused = true)]
async fn readers_go_without_profiles_while_the_auth_service_is_down() {
    let app = with_users(&TEAM);
    private(&app).await;
    online(&app, &["alice-1", "alice-2"]).await;
    down(&app);
    for whom in ["alice", "bob"] {
        assert_eq!(user_as_shown(&app, "alice", whom).await.get("profile"), None);
    }
    let renamed = app.update_me(&called(by("alice-1"), "Ali")).await.unwrap();
    assert_eq!(json(&renamed.user)["nickname"], "Ali");
    pushed(&app, [("alice-2", "user.updated")]);
    app.directory.as_ref().unwrap().set_down(false);
    assert_eq!(user_as_shown(&app, "alice", "bob").await["profile"]["username"], "bob@example.com");
}

#[tokio::test(start_paused = true)]
async fn a_chat_is_created_with_users_who_exist() {
    let app = with_users(&TEAM);
    online(&app, &["bob", "zoe"]).await;
    let before = everything(&app);
    let alice = user("alice");
    let named = users(&["bob", "zoe", "carol", "yan"]);
    let group = NewChat::group(&alice, &named, name("Team"), None).unwrap();
    refused!(create(&app, group).await, ChatError::Refused(CreateChatError::UnknownUsers(who)) if who == users(&["yan", "zoe"]));
    let private = NewChat::private(&alice, &users(&["zoe"])).unwrap();
    refused!(create(&app, private).await, ChatError::Refused(CreateChatError::UnknownUsers(who)) if who == users(&["zoe"]));
    down(&app);
    let private = NewChat::private(&alice, &users(&["bob"])).unwrap();
    refused!(create(&app, private.clone()).await, ChatError::Refused(CreateChatError::Directory(_)));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    app.directory.as_ref().unwrap().set_down(false);
    assert!(create(&app, private.clone()).await.unwrap().is_new);
    pushed(&app, [("bob", "chat.created")]);
    // One that is there is answered whoever answers.
    down(&app);
    assert!(!create(&app, private).await.unwrap().is_new);
}

#[tokio::test(start_paused = true)]
async fn users_who_exist_are_added() {
    let app = with_users(&["alice", "bob", "carol", "dave"]);
    let chat = group(&app, &TEAM).await;
    online(&app, &["bob", "dave", "zoe"]).await;
    let before = everything(&app);
    let unknown = add(&app, "alice", &chat, &["zoe", "dave", "yan"]).await;
    refused!(unknown, ChatError::Refused(ChangeGroupError::UnknownUsers(who)) if who == users(&["yan", "zoe"]));
    down(&app);
    refused!(add(&app, "alice", &chat, &["dave"]).await, ChatError::Refused(ChangeGroupError::Directory(_)));
    assert_eq!(everything(&app), before);
    pushed(&app, []);
    app.directory.as_ref().unwrap().set_down(false);
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    pushed(&app, [("bob", "chat.updated"), ("dave", "chat.created")]);
    assert_eq!(document(&app, &chat).await.participants, ids(&["alice", "bob", "carol", "dave"]));
}

#[tokio::test(start_paused = true)]
async fn who_may_not_add_learns_nothing_of_who_exists() {
    let app = with_users(&["alice", "bob", "carol", "dave"]);
    let chat = group(&app, &TEAM).await;
    let private = private(&app).await;
    let closed = group(&app, &TEAM).await;
    remove(&app, "carol", &closed, "carol").await.unwrap();
    remove(&app, "bob", &closed, "bob").await.unwrap();
    for is_down in [false, true] {
        app.directory.as_ref().unwrap().set_down(is_down);
        for whom in ["zoe", "dave"] {
            refused!(add(&app, "bob", &chat, &[whom]).await, ChatError::Refused(ChangeGroupError::NotAnAdmin));
            refused!(add(&app, "eve", &chat, &[whom]).await, ChatError::NotFound);
            refused!(add(&app, "alice", &private, &[whom]).await, ChatError::Refused(ChangeGroupError::NotAGroup));
            refused!(add(&app, "alice", &closed, &[whom]).await, ChatError::Refused(ChangeGroupError::ChatClosed));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_participant_whom_the_auth_service_forgot_stays_one() {
    let unchecked = app();
    let chat = group(&unchecked, &["alice", "bob", "zoe"]).await;
    let app = TestApp { app: unchecked.app, ..with_users(&["alice", "bob"]) };
    let same = add(&app, "alice", &chat, &["zoe", "bob"]).await.unwrap();
    assert_eq!(same.chat.unwrap().participants(), &ids(&["alice", "bob", "zoe"]));
    remove(&app, "alice", &chat, "zoe").await.unwrap();
    refused!(add(&app, "alice", &chat, &["zoe"]).await, ChatError::Refused(ChangeGroupError::UnknownUsers(_)));
}
