use crate::support::*;
use domain::chat_user::UserChange;
use domain::member_settings::SettingsChange;
use domain::patch::Patch;
use domain::use_cases::{
    ChangeGroupError, ChatError, CreateChat, CreateChatError, CreatedChat, NewChat, ProfileError, UpdateMe,
    UpdateMember,
};
use serde_json::{Value, json};
use testkit::fixtures::{caller, user, users};

const TEAM: [&str; 3] = ["alice", "bob", "carol"];

async fn get_user(app: &TestApp, who: &str, whom: &str) -> Value {
    json(&app.user(&caller(who), &user(whom)).await.unwrap().user)
}

fn stop_directory(app: &TestApp) {
    app.directory.as_ref().unwrap().set_down(true);
}

async fn create(app: &TestApp, chat: NewChat) -> Result<CreatedChat, ChatError<CreateChatError>> {
    app.create_chat(CreateChat { caller: caller("alice"), chat }).await
}

#[tokio::test(start_paused = true)]
async fn users_see_their_own_document() {
    let app = with_users(&TEAM);
    let unknown = json(&app.me(&caller("alice")).await.unwrap().user);
    assert_eq!(
        unknown,
        json!({
            "userId": "alice", "nickname": "alice", "status": "offline", "lastSeen": null, "mutedChats": [],
            "notifyOnMention": false, "profile": {"username": "alice@example.com"},
        })
    );
    let chat = private_chat(&app).await;
    app.update_member(UpdateMember { caller: caller("alice"), chat: chat.clone(), change: SettingsChange::mute(None) })
        .await
        .unwrap();
    set_online(&app, &["alice"]).await;
    let me = get_user(&app, "alice", "alice").await;
    assert_eq!((&me["status"], &me["mutedChats"]), (&json!("online"), &json!([chat.as_str()])));
    assert_eq!(me["lastSeen"], "2026-01-01T00:00:00.000Z");
}

#[tokio::test(start_paused = true)]
async fn nickname_is_pushed_to_own_other_devices() {
    let app = with_users(&TEAM);
    private_chat(&app).await;
    set_online(&app, &["alice-1", "alice-2", "bob"]).await;
    let shown = app.update_me(&nickname_update(by("alice-1"), " Ali ")).await.unwrap();
    assert_eq!((&json(&shown.user)["nickname"], shown.pushed.posted), (&json!("Ali"), 1));
    assert_eq!(json(&shown.user)["profile"]["username"], "alice@example.com");
    let [frame, _] = assert_pushed(&app, [("alice-2", "user.updated"), ("bob", "nickname.updated")]);
    assert_eq!((&frame["data"]["userId"], &frame["data"]["nickname"]), (&json!("alice"), &json!("Ali")));
    assert_eq!(get_user(&app, "bob", "alice").await["nickname"], "Ali");
}

#[tokio::test(start_paused = true)]
async fn nickname_is_taken_back_and_the_user_id_is_shown() {
    let app = with_users(&TEAM);
    private_chat(&app).await;
    set_online(&app, &["alice-1", "alice-2"]).await;
    app.update_me(&nickname_update(by("alice-1"), "Ali")).await.unwrap();
    assert_pushed(&app, [("alice-2", "user.updated")]);
    let change = UserChange { nickname: Some(Patch::Remove), ..UserChange::default() };
    let shown = app.update_me(&UpdateMe { caller: by("alice-1"), change }).await.unwrap();
    assert_eq!(json(&shown.user)["nickname"], "alice");
    let [frame] = assert_pushed(&app, [("alice-2", "user.updated")]);
    assert_eq!(frame["data"]["nickname"], "alice");
    assert_eq!(get_user(&app, "bob", "alice").await["nickname"], "alice");
}

#[tokio::test(start_paused = true)]
async fn users_who_share_a_chat_see_each_other() {
    let app = with_users(&["alice", "bob", "carol", "dave"]);
    private_chat(&app).await;
    let chat = group(&app, &["carol", "alice", "dave"]).await;
    app.update_member(UpdateMember { caller: caller("carol"), chat, change: SettingsChange::mute(None) })
        .await
        .unwrap();
    set_online(&app, &["bob", "carol"]).await;
    let bob = get_user(&app, "alice", "bob").await;
    assert_eq!((&bob["userId"], &bob["status"]), (&json!("bob"), &json!("online")));
    assert_eq!(bob["profile"], json!({"username": "bob@example.com"}));
    let carol = get_user(&app, "alice", "carol").await;
    assert_eq!((&carol["userId"], &carol["mutedChats"]), (&json!("carol"), &json!([])), "her mutes are hidden");
    assert_eq!(get_user(&app, "alice", "dave").await["status"], "offline", "nothing is stored about him");
    for (who, whom) in [("bob", "carol"), ("eve", "alice"), ("alice", "eve")] {
        assert_refused!(app.user(&caller(who), &user(whom)).await, ProfileError::NotAParticipant);
    }
    assert_pushed(&app, []);
}

#[tokio::test(start_paused = true)]
async fn users_without_a_shared_chat_are_not_shown() {
    let app = app();
    let one = group(&app, &TEAM).await;
    let other = group(&app, &TEAM).await;
    remove(&app, "alice", &one, "carol").await.unwrap();
    assert_eq!(get_user(&app, "alice", "carol").await["userId"], "carol");
    remove(&app, "carol", &other, "carol").await.unwrap();
    for (who, whom) in [("alice", "carol"), ("carol", "alice")] {
        assert_refused!(app.user(&caller(who), &user(whom)).await, ProfileError::NotAParticipant);
    }
    for chat in [&one, &other] {
        remove(&app, "bob", chat, "bob").await.unwrap();
    }
    assert_refused!(app.user(&caller("alice"), &user("bob")).await, ProfileError::NotAParticipant);
    assert!(chat_document(&app, &other).await.participants.contains(&user("bob")), "the record is no membership");
}

#[tokio::test(start_paused = true)]
async fn one_shared_chat_among_many_is_found() {
    let app = app();
    for n in 0..60 {
        private_chat_of(&app, "alice", &format!("a{n}")).await;
        private_chat_of(&app, "carol", &format!("c{n}")).await;
    }
    assert_refused!(app.user(&caller("alice"), &user("carol")).await, ProfileError::NotAParticipant);
    group(&app, &TEAM).await;
    assert_eq!(get_user(&app, "alice", "carol").await["userId"], "carol");
}

#[tokio::test(start_paused = true)]
async fn users_are_shown_without_profiles_while_the_auth_service_is_down() {
    let app = with_users(&TEAM);
    private_chat(&app).await;
    set_online(&app, &["alice-1", "alice-2"]).await;
    stop_directory(&app);
    for whom in ["alice", "bob"] {
        assert_eq!(get_user(&app, "alice", whom).await.get("profile"), None);
    }
    let renamed = app.update_me(&nickname_update(by("alice-1"), "Ali")).await.unwrap();
    assert_eq!(json(&renamed.user)["nickname"], "Ali");
    assert_pushed(&app, [("alice-2", "user.updated")]);
    app.directory.as_ref().unwrap().set_down(false);
    assert_eq!(get_user(&app, "alice", "bob").await["profile"]["username"], "bob@example.com");
}

#[tokio::test(start_paused = true)]
async fn chat_is_created_only_with_existing_users() {
    let app = with_users(&TEAM);
    set_online(&app, &["bob", "zoe"]).await;
    let before = snapshot(&app);
    let alice = user("alice");
    let named = users(&["bob", "zoe", "carol", "yan"]);
    let group = NewChat::group(&alice, &named, name("Team"), None).unwrap();
    assert_refused!(
        create(&app, group).await,
        ChatError::Refused(CreateChatError::UnknownUsers(who)) if who == users(&["yan", "zoe"])
    );
    let private = NewChat::private(&alice, &users(&["zoe"])).unwrap();
    assert_refused!(
        create(&app, private).await,
        ChatError::Refused(CreateChatError::UnknownUsers(who)) if who == users(&["zoe"])
    );
    stop_directory(&app);
    let private = NewChat::private(&alice, &users(&["bob"])).unwrap();
    assert_refused!(create(&app, private.clone()).await, ChatError::Refused(CreateChatError::Directory(_)));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    app.directory.as_ref().unwrap().set_down(false);
    assert!(create(&app, private.clone()).await.unwrap().is_new);
    assert_pushed(&app, [("bob", "chat.created")]);
    // An existing chat is returned even if the Auth Service does not answer.
    stop_directory(&app);
    assert!(!create(&app, private).await.unwrap().is_new);
}

#[tokio::test(start_paused = true)]
async fn only_existing_users_are_added() {
    let app = with_users(&["alice", "bob", "carol", "dave"]);
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["bob", "dave", "zoe"]).await;
    let before = snapshot(&app);
    let unknown = add(&app, "alice", &chat, &["zoe", "dave", "yan"]).await;
    assert_refused!(unknown, ChatError::Refused(ChangeGroupError::UnknownUsers(who)) if who == users(&["yan", "zoe"]));
    stop_directory(&app);
    assert_refused!(add(&app, "alice", &chat, &["dave"]).await, ChatError::Refused(ChangeGroupError::Directory(_)));
    assert_eq!(snapshot(&app), before);
    assert_pushed(&app, []);
    app.directory.as_ref().unwrap().set_down(false);
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    assert_pushed(&app, [("bob", "chat.updated"), ("dave", "chat.created")]);
    assert_eq!(chat_document(&app, &chat).await.participants, ids(&["alice", "bob", "carol", "dave"]));
}

#[tokio::test(start_paused = true)]
async fn non_admins_do_not_learn_which_users_exist() {
    let app = with_users(&["alice", "bob", "carol", "dave"]);
    let chat = group(&app, &TEAM).await;
    let private = private_chat(&app).await;
    let closed = group(&app, &TEAM).await;
    remove(&app, "carol", &closed, "carol").await.unwrap();
    remove(&app, "bob", &closed, "bob").await.unwrap();
    for is_down in [false, true] {
        app.directory.as_ref().unwrap().set_down(is_down);
        for whom in ["zoe", "dave"] {
            assert_refused!(add(&app, "bob", &chat, &[whom]).await, ChatError::Refused(ChangeGroupError::NotAnAdmin));
            assert_refused!(add(&app, "eve", &chat, &[whom]).await, ChatError::NotFound);
            assert_refused!(
                add(&app, "alice", &private, &[whom]).await,
                ChatError::Refused(ChangeGroupError::NotAGroup)
            );
            assert_refused!(
                add(&app, "alice", &closed, &[whom]).await,
                ChatError::Refused(ChangeGroupError::ChatClosed)
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn participant_unknown_to_the_auth_service_stays() {
    let unchecked = app();
    let chat = group(&unchecked, &["alice", "bob", "zoe"]).await;
    let app = TestApp { app: unchecked.app, ..with_users(&["alice", "bob"]) };
    let same = add(&app, "alice", &chat, &["zoe", "bob"]).await.unwrap();
    assert_eq!(same.chat.unwrap().participants(), &ids(&["alice", "bob", "zoe"]));
    remove(&app, "alice", &chat, "zoe").await.unwrap();
    assert_refused!(add(&app, "alice", &chat, &["zoe"]).await, ChatError::Refused(ChangeGroupError::UnknownUsers(_)));
}
