use crate::support::*;
use domain::chat::MAX_PARTICIPANTS;
use domain::chat_user::{Profile, UserChange};
use domain::ids::{ChatId, UserId};
use domain::member_settings::SettingsChange;
use domain::patch::Patch;
use domain::text::Invalid;
use domain::use_cases::{
    ChatError, InboxFilter, ListChats, ListMembers, ListUsers, MAX_NAMED_USERS, MembersCursor, NamedUsers, PageLimit,
    PageStart, UpdateMe, UpdateMember,
};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::fixtures::{caller, user, users};

fn ask(who: &str, chat: &ChatId, whom: &[&str]) -> ListUsers {
    ListUsers { caller: caller(who), chat: chat.clone(), users: NamedUsers::new(users(whom)).unwrap() }
}

/// The users whom the chat shows to `who`, of those asked for.
async fn named(app: &TestApp, who: &str, chat: &ChatId, whom: &[&str]) -> Vec<Value> {
    let listed = json(&app.list_users(ask(who, chat, whom)).await.unwrap());
    listed["users"].as_array().unwrap().clone()
}

fn user_ids(users: &[Value]) -> Vec<&str> {
    users.iter().map(|user| user["userId"].as_str().unwrap()).collect()
}

/// A page of the members: their ids, and the cursor.
async fn page(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    after: Option<MembersCursor>,
) -> (Vec<UserId>, Option<MembersCursor>) {
    let page = app.list_members(ListMembers { caller: caller(who), chat: chat.clone(), after }).await.unwrap();
    (page.members.into_iter().map(|member| member.user_id).collect(), page.cursor)
}

/// A group of these many users: `u000`, `u001` and so on.
async fn large_group(app: &TestApp, count: usize) -> (ChatId, Vec<String>) {
    let all: Vec<String> = (0..count).map(|n| format!("u{n:03}")).collect();
    let ids: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(app, &ids[..ids.len().min(90)]).await;
    for more in ids.get(90..).unwrap_or_default().chunks(90) {
        add(app, ids[0], &chat, more).await.unwrap();
    }
    (chat, all)
}

#[test]
fn at_most_50_different_users_are_named() {
    let many = |count: usize| (0..count).map(|n| user(&format!("u{n}"))).collect::<Vec<_>>();
    assert!(NamedUsers::new(many(1)).is_ok() && NamedUsers::new(many(MAX_NAMED_USERS)).is_ok());
    for wrong in [Vec::new(), many(MAX_NAMED_USERS + 1)] {
        assert_eq!(NamedUsers::new(wrong), Err(Invalid::because("must name 1 to 50 users")));
    }
    assert_eq!(NamedUsers::new(users(&["bob", "eve", "bob"])), Err(Invalid::because("names bob twice")));
}

#[tokio::test(start_paused = true)]
async fn members_are_named_with_status_and_profile() {
    let app = with_users(&["alice", "bob", "carol"]);
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["bob"]).await;
    app.update_me(&nickname_update(caller("bob"), "Bobby")).await.unwrap();
    app.update_member(UpdateMember { caller: caller("bob"), chat: chat.clone(), change: SettingsChange::mute(None) })
        .await
        .unwrap();
    let shown = named(&app, "alice", &chat, &["carol", "bob"]).await;
    assert_eq!(user_ids(&shown), ["bob", "carol"], "sorted");
    let seen = "2026-01-01T00:00:00.000Z";
    assert_eq!(
        shown[0],
        json!({"userId": "bob", "nickname": "Bobby", "status": "online", "lastSeen": seen, "mutedChats": [],
            "profile": {"username": "bob@example.com"}}),
        "his mutes are hidden"
    );
    assert_eq!((&shown[1]["nickname"], &shown[1]["status"]), (&json!("carol"), &json!("offline")), "nothing is stored");
    // Only oneself, which is one key and not two. The mutes are only in the answers about the own user.
    let own = &named(&app, "bob", &chat, &["bob"]).await[0];
    assert_eq!((&own["notifyOnMention"], &own["mutedChats"]), (&json!(false), &json!([])));
    app.directory.as_ref().unwrap().set_down(true);
    let shown = named(&app, "alice", &chat, &["bob"]).await;
    assert_eq!((&shown[0]["nickname"], shown[0].get("profile")), (&json!("Bobby"), None));
}

#[tokio::test(start_paused = true)]
async fn others_are_left_out_whether_or_not_they_exist() {
    let app = with_users(&["alice", "bob", "carol", "dave", "eve"]);
    let chat = group(&app, &TEAM).await;
    // Eve exists, is online, and shares another chat with alice.
    private_chat_of(&app, "alice", "eve").await;
    set_online(&app, &["eve"]).await;
    let answer = async |who| json(&app.list_users(ask(who, &chat, &["eve", "bob", "no-such-user"])).await.unwrap());
    let only_bob = json(&app.list_users(ask("alice", &chat, &["bob"])).await.unwrap());
    assert_eq!(answer("alice").await, only_bob);
    for whom in ["eve", "no-such-user"] {
        let none = json(&app.list_users(ask("alice", &chat, &[whom])).await.unwrap());
        assert_eq!(none, json!({"users": []}));
    }
}

/// Dave leaves before message 3, and erin after it without having written or read.
#[tokio::test(start_paused = true)]
async fn former_members_are_named_to_those_who_can_see_what_they_did() {
    let app = with_users(&["alice", "bob", "carol", "dave", "erin"]);
    let chat = group(&app, &["alice", "bob", "dave", "erin"]).await;
    send_text(&app, "dave", &chat, "I was here").await;
    send_text(&app, "bob", &chat, "Bye, dave").await;
    remove(&app, "dave", &chat, "dave").await.unwrap();
    send_text(&app, "bob", &chat, "He is gone").await;
    let whom = ["dave", "erin", "eve", "no-such-user"];
    let shown = named(&app, "alice", &chat, &whom).await;
    assert_eq!(user_ids(&shown), ["dave", "erin"]);
    assert_eq!(shown[0]["profile"]["username"], "dave@example.com");
    // Carol sees nothing of what was before she joined. Dave is left out like the stranger and the unknown user.
    add(&app, "alice", &chat, &["carol"]).await.unwrap();
    assert_eq!(user_ids(&named(&app, "carol", &chat, &whom).await), ["erin"]);
    remove(&app, "alice", &chat, "erin").await.unwrap();
    for whom in ["dave", "erin", "eve", "no-such-user"] {
        let answer = json(&app.list_users(ask("carol", &chat, &[whom])).await.unwrap());
        assert_eq!(answer, json!({"users": []}), "{whom}");
    }
    assert_eq!(user_ids(&named(&app, "bob", &chat, &whom).await), ["dave", "erin"]);
    // Who clears the history sees nothing of them any more.
    clear(&app, "bob", &chat).await;
    assert_eq!(user_ids(&named(&app, "bob", &chat, &whom).await), [""; 0]);
    // A later stay counts too.
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    send_text(&app, "dave", &chat, "Back again").await;
    remove(&app, "alice", &chat, "dave").await.unwrap();
    assert_eq!(user_ids(&named(&app, "carol", &chat, &whom).await), ["dave"]);
}

#[tokio::test(start_paused = true)]
async fn only_participants_ask_for_the_users_of_a_chat() {
    let app = with_users(&TEAM);
    let chat = group(&app, &TEAM).await;
    let nowhere = ChatId::parse("nowhere").unwrap();
    let list = |who, chat: &ChatId| ListMembers { caller: caller(who), chat: chat.clone(), after: None };
    for (who, chat) in [("eve", &chat), ("alice", &nowhere)] {
        assert_refused!(app.list_users(ask(who, chat, &["bob"])).await, ChatError::NotFound);
        assert_refused!(app.list_users(ask(who, chat, &[who])).await, ChatError::NotFound);
        assert_refused!(app.list_members(list(who, chat)).await, ChatError::NotFound);
    }
    remove(&app, "alice", &chat, "bob").await.unwrap();
    assert_refused!(app.list_users(ask("bob", &chat, &["alice"])).await, ChatError::NotFound);
    assert_refused!(app.list_members(list("bob", &chat)).await, ChatError::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_members_has_what_the_chat_shows_of_them() {
    let app = with_users(&TEAM);
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    set_online(&app, &["bob"]).await;
    let details = json(&app.get_chat(&caller("alice"), &chat).await.unwrap());
    let listed = app.list_members(ListMembers { caller: caller("alice"), chat: chat.clone(), after: None }).await;
    let listed = json(&listed.unwrap());
    assert_eq!(listed, json!({"members": details["members"]}), "and no cursor");
    assert_eq!(listed["members"][1]["user"]["profile"]["username"], "bob@example.com");
    assert_eq!(listed["members"][0]["readSeq"], 3);
    assert_eq!(details.get("membersLimited"), None);
}

#[tokio::test(start_paused = true)]
async fn members_of_more_than_100_come_page_by_page() {
    let app = app();
    let (chat, all) = large_group(&app, 100).await;
    let details = app.get_chat(&caller("u000"), &chat).await.unwrap();
    assert!(!details.members_limited && details.members.iter().all(|member| member.user.is_some()));
    let (members, cursor) = page(&app, "u000", &chat, None).await;
    assert_eq!((members.len(), cursor), (100, None), "100 fit on one page");

    add(&app, "u000", &chat, &["u100"]).await.unwrap();
    let details = app.get_chat(&caller("u000"), &chat).await.unwrap();
    assert_eq!((details.members_limited, details.members.len()), (true, 101));
    assert!(details.members.iter().all(|member| member.user.is_none()));
    assert_eq!(details.chat.participants().len(), 101, "the ids stay whole");
    let (members, cursor) = page(&app, "u000", &chat, None).await;
    assert_eq!(members, users(&all.iter().map(String::as_str).collect::<Vec<_>>()));
    let text = json(&cursor.clone().unwrap());
    assert_eq!(serde_json::from_value::<MembersCursor>(text).ok(), cursor, "a client can send it back");
    assert_eq!(page(&app, "u000", &chat, cursor.clone()).await, (users(&["u100"]), None));
    // Meanwhile one joins before the cursor, one joins after it, and the one of the cursor leaves.
    add(&app, "u000", &chat, &["u0990", "u101"]).await.unwrap();
    remove(&app, "u000", &chat, "u099").await.unwrap();
    assert_eq!(page(&app, "u000", &chat, cursor).await, (users(&["u0990", "u100", "u101"]), None));
}

#[test]
fn a_cursor_is_that_of_an_earlier_page() {
    for wrong in ["", "??", "dTAwMA==", "//", "Lg", "/w"] {
        let cursor = MembersCursor::try_from(wrong.to_owned());
        assert_eq!(cursor, Err(Invalid::because("must be a cursor of an earlier page")), "{wrong}");
    }
    assert!(MembersCursor::try_from("dTAwMA".to_owned()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_nickname_reaches_the_partners_of_private_chats() {
    let app = app();
    private_chat(&app).await;
    private_chat_of(&app, "bob", "dave").await;
    // Carol shares only a group with bob, eve shares no chat with him, and dave is offline.
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["alice-1", "alice-2", "bob-1", "bob-2", "carol-1", "eve-1"]).await;
    app.update_me(&nickname_update(by("bob-1"), "Bobby")).await.unwrap();
    let at = "2026-01-01T00:00:00.000Z";
    let [own, one, other] = assert_pushed(
        &app,
        [("bob-2", "user.updated"), ("alice-1", "nickname.updated"), ("alice-2", "nickname.updated")],
    );
    assert_eq!(own["data"]["nickname"], "Bobby");
    for frame in [one, other] {
        let data = json!({"userId": "bob", "nickname": "Bobby", "at": at});
        assert_eq!(frame, json!({"event": "nickname.updated", "data": data}), "and no mutes and settings");
    }
    // Carol sees it when she asks.
    assert_eq!(named(&app, "carol", &chat, &["bob"]).await[0]["nickname"], "Bobby");
    // The same nickname again, and another setting, are no news for the partners.
    app.update_me(&nickname_update(by("bob-1"), "Bobby")).await.unwrap();
    assert_pushed(&app, []);
    let change = UserChange { notify_on_mention: Some(true), ..UserChange::default() };
    app.update_me(&UpdateMe { caller: by("bob-1"), change }).await.unwrap();
    assert_pushed(&app, [("bob-2", "user.updated")]);
    // Taken back: they see the id.
    let change = UserChange { nickname: Some(Patch::Remove), ..UserChange::default() };
    tokio::time::advance(Duration::from_secs(5)).await;
    app.update_me(&UpdateMe { caller: caller("bob"), change }).await.unwrap();
    app.push.take("bob-1");
    app.push.take("bob-2");
    app.push.take("alice-2");
    let [frame] = assert_pushed(&app, [("alice-1", "nickname.updated")]);
    let data = json!({"userId": "bob", "nickname": "bob", "at": "2026-01-01T00:00:05.000Z"});
    assert_eq!(frame["data"], data);
}

#[tokio::test(start_paused = true)]
async fn a_nickname_does_not_wait_for_a_hanging_partner() {
    let app = app();
    private_chat(&app).await;
    set_online(&app, &["alice-1", "bob-1"]).await;
    app.push.set_silent("alice-1");
    let before = tokio::time::Instant::now();
    let changed = app.update_me(&nickname_update(caller("bob"), "Bobby")).await.unwrap();
    assert_eq!((before.elapsed().as_secs(), changed.pushed.posted), (1, 1));
}

/// What a client with an empty cache does to show a chat: it lists the last page, then asks for everybody on it.
#[tokio::test(start_paused = true)]
async fn the_last_page_of_a_group_of_1000_needs_two_requests_to_be_shown_with_names() {
    let app = app();
    let (chat, all) = large_group(&app, MAX_PARTICIPANTS).await;
    for writer in &all[500..550] {
        app.update_me(&nickname_update(caller(writer), &format!("Nick {writer}"))).await.unwrap();
        send_text(&app, writer, &chat, "Hello").await;
    }
    // The inbox says that there is the chat.
    let inbox =
        ListChats { caller: caller("u007"), limit: PageLimit::default(), filter: InboxFilter::default(), after: None };
    let inbox = json(&app.list_chats(inbox).await.unwrap());
    let mut state = client::State::new("u007");
    state.apply_inbox_page(None, serde_json::from_value(inbox).unwrap());

    let mut requests = 0;
    let page = json(&app.list_messages(list(&chat, "u007", PageStart::Latest, 50)).await.unwrap());
    requests += 1;
    assert!(state.apply_older_page(chat.as_str(), &serde_json::from_value(page).unwrap()));
    loop {
        let unknown = state.unknown_people(chat.as_str());
        if unknown.is_empty() {
            break;
        }
        let whom: Vec<&str> = unknown.iter().map(String::as_str).collect();
        let answer = json(&app.list_users(ask("u007", &chat, &whom)).await.unwrap());
        requests += 1;
        state.apply_users(chat.as_str(), &unknown, &serde_json::from_value(answer).unwrap());
    }
    assert_eq!(requests, 2);
    let held = state.chat(chat.as_str()).unwrap();
    let names = held.messages().map(|message| state.person(&message.sender_id).unwrap().nickname.clone());
    assert_eq!(names.collect::<Vec<_>>(), all[500..550].iter().map(|id| format!("Nick {id}")).collect::<Vec<_>>());
}

/// The longest names that the Auth Service may give.
#[tokio::test(start_paused = true)]
async fn the_largest_page_of_members_fits_into_an_answer() {
    /// Lambda's limit on an answer.
    const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;
    let app = TestApp { directory: Some(AuthService::default()), ..app() };
    let all: Vec<String> = (0..100).map(|n| format!("u{n:03}")).collect();
    for id in &all {
        let profile = Profile {
            username: "\u{1F469}".repeat(256),
            display_name: Some("\u{1F469}".repeat(256)),
            avatar_url: Some(format!("https://{}", "\u{1F469}".repeat(2040))),
        };
        app.directory.as_ref().unwrap().add(profile, id);
        let emoji = "\u{1F469}\u{1F3FF}\u{200D}\u{2764}\u{FE0F}\u{200D}\u{1F48B}\u{200D}\u{1F469}\u{1F3FF}";
        app.update_me(&nickname_update(caller(id), &emoji.repeat(50))).await.unwrap();
    }
    let (chat, _) = large_group(&app, 100).await;
    let page = app.list_members(ListMembers { caller: caller(&all[0]), chat, after: None }).await.unwrap();
    let bytes = json(&page).to_string().len();
    assert!(page.members.len() == 100 && (1_000_000..MAX_ANSWER_BYTES).contains(&bytes), "{bytes}");
}
