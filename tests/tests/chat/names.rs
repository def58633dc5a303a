//! Names for what is on the screen: users of a chat, pages of members, and new nicknames.

use client::events::Event;
use client::{Client, Update};
use end_to_end::{System, User, assert_problem};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest wait, generous enough for a slow machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A group of the user and 101 others.
async fn large_group(system: &System, owner: &User) -> (String, Vec<User>) {
    let mut others = Vec::new();
    for n in 0..101 {
        others.push(system.user(&format!("m{n:03}")).await);
    }
    let chat = owner.group(&others.iter().take(80).collect::<Vec<_>>()).await;
    let more: Vec<_> = others[80..].iter().map(|user| &user.id).collect();
    let path = format!("/chats/{chat}/participants");
    let (status, answer) = owner.http.post(&path, &json!({"participants": more})).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    (chat, others)
}

/// The route or action of each request about a chat, as the functions log them.
fn requests(system: &System, chat: &str) -> Vec<String> {
    let route = |line: String| {
        let (_, rest) = line.split_once(" route=")?;
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        Some(quoted.or_else(|| rest.split_once(' '))?.0.to_owned())
    };
    let of_chat = |line: &String| line.contains(&format!(" chatId={chat} "));
    system.logs().into_iter().filter(of_chat).filter_map(route).collect()
}

#[tokio::test]
async fn a_large_group_is_shown_with_names_after_two_requests() {
    let system = crate::system();
    let alice = system.user("alice").await;
    let (chat, others) = large_group(system, &alice).await;
    for writer in &others[..30] {
        writer.send(&chat, "Hello").await;
    }
    let (status, _) = others[7].http.patch("/me", &json!({"nickname": "Seven"})).await.unwrap();
    assert_eq!(status, 200);
    let reader = &others[100];
    let (client, mut updates) = reader.client(system.options()).await;
    while !matches!(tokio::time::timeout(TEST_TIMEOUT, updates.next()).await.unwrap(), Some(Update::CaughtUp)) {}
    let before = requests(system, &chat).len();
    client.load_older(&chat, 50).await.unwrap();
    assert!(client.load_people(&chat).await.unwrap());
    assert!(!client.load_people(&chat).await.unwrap(), "nobody is left to ask for");
    if system.dynamodb.is_some() {
        // A line is logged a moment after the answer.
        let mut routes = requests(system, &chat).split_off(before);
        while !routes.contains(&"GET /users".to_owned()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            routes = requests(system, &chat).split_off(before);
        }
        routes.sort();
        assert_eq!(routes, ["GET /users", "listMessages"]);
    }
    let name = |client: &Client, user: &User| client.read(|state| state.person(&user.id).unwrap().nickname.clone());
    for (n, writer) in others[..30].iter().enumerate() {
        assert_eq!(name(&client, writer), if n == 7 { "Seven" } else { writer.id.as_str() });
    }
}

#[tokio::test]
async fn members_of_a_large_group_come_page_by_page() {
    let system = crate::system();
    let alice = system.user("alice").await;
    let (chat, others) = large_group(system, &alice).await;
    let path = format!("/chats/{chat}");
    let (_, details) = alice.http.get(&path).await.unwrap();
    assert_eq!(details["membersLimited"], true);
    assert_eq!(details["chat"]["participants"].as_array().unwrap().len(), 102, "the ids are whole");
    assert!(details["members"].as_array().unwrap().iter().all(|member| member.get("user").is_none()));
    let (client, _updates) = alice.client(system.options()).await;
    let first = client.load_members(&chat, None).await.unwrap();
    let second = client.load_members(&chat, first.cursor.as_deref()).await.unwrap();
    assert_eq!((first.members.len(), second.members.len(), second.cursor), (100, 2, None));
    let mut ids: Vec<&str> = others.iter().map(|user| user.id.as_str()).chain([alice.id.as_str()]).collect();
    ids.sort_unstable();
    let members = first.members.iter().chain(&second.members);
    assert_eq!(members.clone().map(|member| member.user_id.as_str()).collect::<Vec<_>>(), ids);
    for member in members {
        let user = member.user.as_ref().unwrap();
        assert_eq!((&user.user_id, user.profile.is_some()), (&member.user_id, true), "{user:?}");
        assert!(client.read(|state| state.person(&user.user_id).is_some()));
    }
    let (_, problem) = alice.http.get(&format!("{path}/members?cursor=%21")).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("cursor"));
}

#[tokio::test]
async fn strangers_are_left_out_like_users_who_do_not_exist() {
    let system = crate::system();
    let (alice, bob, eve) = (system.user("alice").await, system.user("bob").await, system.user("eve").await);
    let chat = alice.chat_with(&bob).await;
    alice.chat_with(&eve).await;
    let ask = async |ids: &str| alice.http.get(&format!("/users?chat={chat}&ids={ids}")).await.unwrap();
    let (status, only_bob) = ask(&bob.id).await;
    assert_eq!((status, &only_bob["users"][0]["profile"]["username"]), (200, &json!(bob.id)), "{only_bob}");
    let (status, answer) = ask(&format!("{},no-such-user,{}", eve.id, bob.id)).await;
    assert_eq!((status, answer), (200, only_bob));
    let (_, problem) = ask(&format!("{0},{0}", bob.id)).await;
    assert_problem(&problem, 400, "invalid_request", Some("ids"));
    let many: Vec<String> = (0..51).map(|n| format!("u{n}")).collect();
    let (_, problem) = ask(&many.join(",")).await;
    assert_problem(&problem, 400, "invalid_request", Some("ids"));
    let (status, none) = ask(&many[1..].join(",")).await;
    assert_eq!((status, none), (200, json!({"users": []})));
    let (_, problem) = alice.http.get("/users?ids=bob").await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("chat"));
}

#[tokio::test]
async fn a_new_nickname_reaches_partners_and_nobody_else() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    alice.chat_with(&bob).await;
    bob.group(&[&alice, &carol]).await;
    let (client, mut updates) = alice.client(system.options()).await;
    while !matches!(tokio::time::timeout(TEST_TIMEOUT, updates.next()).await.unwrap(), Some(Update::CaughtUp)) {}
    let (mut at_bob, mut at_carol) = (bob.socket().await, carol.socket().await);
    let (status, answer) = bob.http.patch("/me", &json!({"nickname": "Bobby"})).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    loop {
        match tokio::time::timeout(TEST_TIMEOUT, updates.next()).await.unwrap() {
            Some(Update::Event(Event::NicknameUpdated { data })) => {
                assert_eq!((data.user_id.as_str(), data.nickname.as_str()), (bob.id.as_str(), "Bobby"));
                break;
            }
            Some(_) => {}
            None => panic!("the client ended"),
        }
    }
    assert_eq!(client.read(|state| state.person(&bob.id).unwrap().nickname.clone()), "Bobby");
    assert_eq!(at_bob.event("user.updated").await.unwrap()["data"]["nickname"], "Bobby");
    for socket in [&mut at_bob, &mut at_carol] {
        assert_eq!(socket.request("ping", json!({})).await.unwrap()["ok"], true);
        let named = |frame: &Value| frame["event"] == "nickname.updated";
        assert!(!socket.take_waiting().iter().any(named));
    }
}
