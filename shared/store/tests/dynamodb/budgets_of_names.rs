//! The maximum cost of names: of users whom a chat shows, of a page of members, and of a new nickname.

use crate::budgets::{app, private, reads, within};
use domain::chat_user::UserChange;
use domain::ids::ClientChatId;
use domain::names::{ChatName, Nickname};
use domain::patch::Patch;
use domain::use_cases::{AddParticipants, CreateChat, ListMembers, ListUsers, NamedUsers, NewChat, UpdateMe};
use testkit::fixtures::{caller, user, users};

/// Without it, the ids of two tests' groups would be the same: they have the same time and the same randomness.
fn client_id(name: &str) -> Option<ClientChatId> {
    Some(ClientChatId::parse(name).unwrap())
}

#[tokio::test]
async fn names_for_a_page_of_messages_need_two_calls() {
    let (app, calls) = app().await;
    let everyone: Vec<String> = (0..60).map(|n| format!("name-{n:02}")).collect();
    let everyone: Vec<&str> = everyone.iter().map(String::as_str).collect();
    let chat =
        NewChat::group(&user("name-00"), &users(&everyone[1..]), ChatName::parse("All").unwrap(), client_id("names"))
            .unwrap();
    let created = app.create_chat(CreateChat { caller: caller("name-00"), chat }).await.unwrap();
    let chat = created.chat.chat_id().clone();
    calls.take();
    let list = |whom: &[&str]| {
        let users = NamedUsers::new(users(whom)).unwrap();
        app.list_users(ListUsers { caller: caller("name-00"), chat: chat.clone(), users })
    };
    // The member items of 50 users and of the caller, and 0.5 for each user.
    assert_eq!(list(&everyone[1..51]).await.unwrap().users.len(), 50);
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "BatchGetItem"], 0.0, 51.0 + 25.0);
    reads(&recorded[0], &["ChatMembersTable"], &[]);
    reads(&recorded[1], &[], &["ChatUsersTable"]);
    // Former members, and strangers, cost one more read each.
    assert_eq!(list(&["name-01", "name-xx", "name-yy"]).await.unwrap().users.len(), 1);
    let recorded = calls.take();
    within(&recorded, &["BatchGetItem", "BatchGetItem", "BatchGetItem"], 0.0, 4.0 + 2.0 + 0.5);
    reads(&recorded[1], &["ChatMembersTable"], &[]);
    // Nobody is read for a stranger.
    let users = NamedUsers::new(users(&["name-01"])).unwrap();
    let stranger = ListUsers { caller: caller("name-xx"), chat: chat.clone(), users };
    assert!(app.list_users(stranger).await.is_err());
    within(&calls.take(), &["BatchGetItem"], 0.0, 2.0);
}

#[tokio::test]
async fn a_page_of_members_needs_three_calls() {
    let (app, calls) = app().await;
    let everyone: Vec<String> = (0..105).map(|n| format!("page-{n:03}")).collect();
    let everyone: Vec<&str> = everyone.iter().map(String::as_str).collect();
    let chat = NewChat::group(
        &user("page-000"),
        &users(&everyone[1..90]),
        ChatName::parse("All").unwrap(),
        client_id("pages"),
    );
    let created = app.create_chat(CreateChat { caller: caller("page-000"), chat: chat.unwrap() }).await.unwrap();
    let chat = created.chat.chat_id().clone();
    let add = AddParticipants {
        caller: caller("page-000"),
        chat: chat.clone(),
        users: users(&everyone[90..]).into_iter().collect(),
    };
    app.add_participants(add).await.unwrap();
    calls.take();
    let list = |who, after| app.list_members(ListMembers { caller: caller(who), chat: chat.clone(), after });
    let page = list("page-000", None).await.unwrap();
    assert_eq!(page.members.len(), 100);
    let recorded = calls.take();
    // The caller's member item, 101 member items of some 230 bytes, and 0.5 for each of 100 users.
    within(&recorded, &["BatchGetItem", "Query", "BatchGetItem"], 0.0, 1.0 + 6.5 + 50.0);
    reads(&recorded[0], &["ChatMembersTable"], &[]);
    reads(&recorded[1], &["ChatMembersTable"], &[]);
    reads(&recorded[2], &[], &["ChatUsersTable"]);
    assert_eq!(list("page-000", page.cursor).await.unwrap().members.len(), 5);
    within(&calls.take(), &["BatchGetItem", "Query", "BatchGetItem"], 0.0, 1.0 + 1.0 + 2.5);
    assert!(list("page-xxx", None).await.is_err());
    within(&calls.take(), &["BatchGetItem"], 0.0, 1.0);
}

/// A new nickname costs what presence costs; any other change of the profile costs one write.
#[tokio::test]
async fn a_nickname_costs_one_read_unit_per_private_chat() {
    let (app, calls) = app().await;
    for n in 0..10 {
        private(&app, &calls, "nick", Box::leak(format!("nick-{n}").into_boxed_str())).await;
    }
    let nickname = Some(Patch::Set(Nickname::parse("Nick").unwrap()));
    let change = UserChange { nickname, ..UserChange::default() };
    let update = UpdateMe { caller: caller("nick"), change: change.clone() };
    app.update_me(&update).await.unwrap();
    let recorded = calls.take();
    let partners = ["Query", "BatchGetItem", "BatchGetItem"];
    within(&recorded, &[&["GetItem", "GetItem", "UpdateItem"], &partners[..]].concat(), 1.0, 2.0 + 0.5 + 10.0);
    reads(&recorded[4], &[], &["ChatsTable"]);
    reads(&recorded[5], &[], &["ChatUsersTable"]);
    assert_eq!((0..10).filter(|n| !app.push.take(&format!("nick-{n}")).is_empty()).count(), 10);
    app.update_me(&update).await.unwrap();
    within(&calls.take(), &["GetItem", "GetItem", "GetItem"], 0.0, 3.0);
    let change = UserChange { notify_on_mention: Some(true), ..change };
    app.update_me(&UpdateMe { caller: caller("nick"), change }).await.unwrap();
    within(&calls.take(), &["GetItem", "GetItem", "UpdateItem"], 1.0, 2.0);
}
