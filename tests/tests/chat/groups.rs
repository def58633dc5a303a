//! Groups and their messages, with live events.

use client::wire::Socket;
use end_to_end::{User, assert_problem};
use serde_json::{Value, json};

/// The body of an answer, which must have status 200.
#[track_caller]
fn ok((status, answer): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn three() -> (User, User, User) {
    let system = crate::system();
    (system.user("alice").await, system.user("bob").await, system.user("carol").await)
}

/// Asserts that no other event has arrived.
async fn is_quiet(socket: &mut Socket) {
    assert_eq!(socket.request("ping", json!({})).await.unwrap()["ok"], true);
    assert_eq!(socket.take_waiting(), Vec::<Value>::new());
}

#[tokio::test]
async fn group_changes_reach_everyone_with_their_own_floor() {
    let (alice, bob, carol) = three().await;
    let dave = crate::system().user("dave").await;
    let chat = alice.group(&[&bob, &carol]).await;
    let path = format!("/chats/{chat}");
    alice.send(&chat, "Before dave").await;
    let (mut at_bob, mut at_dave) = (bob.socket().await, dave.socket().await);

    let renamed = ok(alice.http.patch(&path, &json!({"name": "The team"})).await.unwrap());
    let event = at_bob.event("chat.updated").await.unwrap();
    assert_eq!((&event["rev"], &event["data"]), (&json!(1), &renamed["chat"]));
    assert_eq!((&event["data"]["name"], &event["data"]["floor"]), (&json!("The team"), &json!(0)));

    let add = json!({"participants": [dave.id, bob.id]});
    ok(alice.http.post(&format!("{path}/participants"), &add).await.unwrap());
    let created = at_dave.event("chat.created").await.unwrap();
    let of_dave = &created["data"];
    assert_eq!((&of_dave["seq"], &of_dave["floor"], &of_dave["rev"]), (&json!(1), &json!(1), &json!(2)));
    assert!(of_dave.get("lastMessageId").is_none(), "earlier messages are not visible: {of_dave}");
    let updated = at_bob.event("chat.updated").await.unwrap();
    assert_eq!((&updated["data"]["floor"], &updated["data"]["participantCount"]), (&json!(0), &json!(4)));
    assert_eq!(updated["data"]["lastMessageId"], json!(format!("{chat}:1")));

    // A participant who joined late sees and counts only later messages.
    for route in ["/messages", "/messages?around=1", "/messages?after=0"] {
        let page = ok(dave.http.get(&format!("{path}{route}")).await.unwrap());
        assert_eq!((&page["messages"], &page["floor"], &page["hasMoreBefore"]), (&json!([]), &json!(1), &json!(false)));
    }
    let entry = ok(dave.http.get("/chats").await.unwrap())["chats"][0].clone();
    assert!(entry.get("lastMessage").is_none(), "{entry}");
    assert_eq!((&entry["unreadCount"], &entry["chat"]["chatId"]), (&json!(0), &json!(chat)));
    let synced = ok(dave.http.post("/sync", &json!({"cursors": {chat.as_str(): {"seq": 0, "rev": 0}}})).await.unwrap());
    assert_eq!((&synced["chats"][0]["messages"], &synced["chats"][0]["changed"]), (&json!([]), &json!([])));
    for (method, route, body) in [
        (reqwest::Method::PUT, "/messages/1/reactions", Some(json!({"emojis": ["\u{1F44D}"]}))),
        (reqwest::Method::DELETE, "/messages/1?for=me", None),
    ] {
        let (_, problem) = dave.http.call(method, &format!("{path}{route}"), body.as_ref()).await.unwrap();
        assert_problem(&problem, 404, "message_not_found", None);
    }
    let reply = json!({"type": "text", "content": "What was that?", "replyTo": 1});
    let (_, problem) = dave.http.post(&format!("{path}/messages"), &reply).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("replyTo"));
    bob.send(&chat, "Welcome").await;
    assert_eq!(at_dave.event("message.created").await.unwrap()["seq"], 2);
    assert_eq!(ok(dave.http.get(&path).await.unwrap())["unreadCount"], 1);
    // Dave gets no event about a change of an earlier message.
    ok(alice.http.patch(&format!("{path}/messages/1"), &json!({"content": "Edited"})).await.unwrap());
    assert_eq!(at_bob.event("message.updated").await.unwrap()["data"]["content"], "Edited");
    is_quiet(&mut at_dave).await;
}

#[tokio::test]
async fn group_always_keeps_an_admin() {
    let (alice, bob, carol) = three().await;
    let chat = alice.group(&[&bob, &carol]).await;
    let path = format!("/chats/{chat}");
    let admin = |user: &User| format!("{path}/admins/{}", user.id);
    let (_, problem) = alice.http.delete(&admin(&alice)).await.unwrap();
    assert_problem(&problem, 409, "conflict", None);
    let (_, problem) = alice.http.put(&format!("{path}/admins/nobody"), &json!({})).await.unwrap();
    assert_problem(&problem, 404, "not_a_participant", None);
    let (_, problem) = alice.http.delete(&format!("{path}/participants/nobody")).await.unwrap();
    assert_problem(&problem, 404, "not_a_participant", None);
    let set = ok(alice.http.put(&admin(&carol), &json!({})).await.unwrap());
    assert_eq!((&set["chat"]["admins"], &set["chat"]["rev"]), (&json!([alice.id, carol.id]), &json!(1)));
    let again = ok(alice.http.put(&admin(&carol), &json!({})).await.unwrap());
    assert_eq!(again, set, "what is so already is no change");
    ok(carol.http.delete(&admin(&carol)).await.unwrap());
    // The last admin leaves: the participant who joined first becomes an admin.
    let left = ok(alice.http.delete(&format!("{path}/participants/{}", alice.id)).await.unwrap());
    assert_eq!(left, json!({"left": true}));
    let details = ok(bob.http.get(&path).await.unwrap());
    assert_eq!((&details["chat"]["admins"], &details["chat"]["rev"]), (&json!([bob.id]), &json!(3)));
    assert_eq!(details["chat"]["participants"], json!([bob.id, carol.id]));
    // Nobody can be removed from a group of two, but both can leave it, which closes it.
    let (_, problem) = bob.http.delete(&format!("{path}/participants/{}", carol.id)).await.unwrap();
    assert_problem(&problem, 409, "conflict", None);
    let mut at_carol = carol.socket().await;
    carol.send(&chat, "Are you leaving?").await;
    ok(bob.http.delete(&format!("{path}/participants/{}", bob.id)).await.unwrap());
    let closed = at_carol.event("chat.updated").await.unwrap();
    assert!(closed["data"]["closedAt"].is_string(), "{closed}");
    assert_eq!(closed["data"]["participants"], json!([bob.id, carol.id]), "the record keeps both");
    assert_eq!(ok(carol.http.get(&format!("{path}/messages")).await.unwrap())["messages"].as_array().unwrap().len(), 1);
    for (method, route, body) in [
        (reqwest::Method::POST, "/messages", json!({"type": "text", "content": "Hello?"})),
        (reqwest::Method::PATCH, "/messages/1", json!({"content": "Hello?"})),
        (reqwest::Method::PUT, "/messages/1/reactions", json!({"emojis": ["\u{1F44D}"]})),
        (reqwest::Method::PATCH, "", json!({"name": "Mine"})),
        (reqwest::Method::POST, "/participants", json!({"participants": [bob.id]})),
    ] {
        let (_, problem) = carol.http.call(method, &format!("{path}{route}"), Some(&body)).await.unwrap();
        assert_problem(&problem, 409, "chat_closed", None);
    }
    assert_eq!(bob.http.get(&path).await.unwrap().0, 404);
}

#[tokio::test]
async fn last_two_participants_leave_concurrently() {
    let (alice, bob, carol) = three().await;
    let chat = alice.group(&[&bob, &carol]).await;
    let leave = async |user: &User| user.http.delete(&format!("/chats/{chat}/participants/{}", user.id)).await.unwrap();
    ok(leave(&carol).await);
    let (one, other) = tokio::join!(leave(&alice), leave(&bob));
    assert_eq!((ok(one), ok(other)), (json!({"left": true}), json!({"left": true})));
    for user in [&alice, &bob] {
        assert_eq!(user.http.get(&format!("/chats/{chat}")).await.unwrap().0, 404);
        assert_eq!(ok(user.http.get("/chats").await.unwrap())["chats"], json!([]));
    }
}

#[tokio::test]
async fn returning_participant_starts_with_a_new_history() {
    let (alice, bob, carol) = three().await;
    let dave = crate::system().user("dave").await;
    let chat = alice.group(&[&bob, &carol, &dave]).await;
    let path = format!("/chats/{chat}");
    let named = json!({"type": "text", "content": "My secret", "clientMessageId": "m-1"});
    assert_eq!(bob.http.post(&format!("{path}/messages"), &named).await.unwrap().0, 201);
    ok(carol.http.put(&format!("{path}/messages/1/reactions"), &json!({"emojis": ["\u{1F44D}"]})).await.unwrap());
    ok(alice.http.delete(&format!("{path}/participants/{}", bob.id)).await.unwrap());
    alice.send(&chat, "While bob is away").await;
    let (_, problem) = bob.http.post(&format!("{path}/messages"), &named).await.unwrap();
    assert_problem(&problem, 404, "chat_not_found", None);
    ok(alice.http.post(&format!("{path}/participants"), &json!({"participants": [bob.id]})).await.unwrap());
    let details = ok(bob.http.get(&path).await.unwrap());
    assert_eq!((&details["chat"]["floor"], &details["unreadCount"]), (&json!(2), &json!(0)));
    // A retry of bob's earlier message stores nothing, and does not show later changes of it.
    let repeat = ok(bob.http.post(&format!("{path}/messages"), &named).await.unwrap());
    assert_eq!((&repeat["message"]["seq"], &repeat["message"]["content"]), (&json!(1), &json!("")));
    assert!(repeat["message"].get("reactions").is_none());
    alice.send(&chat, "Welcome back").await;
    let page = ok(bob.http.get(&format!("{path}/messages")).await.unwrap());
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
    assert_eq!(ok(bob.http.get(&path).await.unwrap())["unreadCount"], 1);
}

#[tokio::test]
async fn edits_reactions_and_deletions_are_pushed() {
    let (alice, bob, carol) = three().await;
    let chat = alice.group(&[&bob, &carol]).await;
    let (mut at_alice, mut at_bob, mut second) = (alice.socket().await, bob.socket().await, bob.socket().await);
    alice.send(&chat, "First").await;
    at_alice.event("message.created").await.unwrap();
    let say = json!({"chatId": chat, "type": "text", "content": "Bob?", "replyTo": 1, "mentions": [bob.id]});
    let sent = at_alice.request("sendMessage", say).await.unwrap()["data"]["message"].clone();
    assert_eq!((&sent["replyTo"], &sent["mentions"], &sent["rev"]), (&json!(1), &json!([bob.id]), &json!(0)));
    let stranger = json!({"chatId": chat, "type": "text", "content": "x", "mentions": ["nobody"]});
    let refused = at_alice.request("sendMessage", stranger).await.unwrap();
    assert_problem(&refused["error"], 400, "invalid_request", Some("mentions"));

    let edit = json!({"chatId": chat, "seq": 2, "content": "Bob, are you there?"});
    let edited = at_alice.request("editMessage", edit).await.unwrap()["data"]["message"].clone();
    assert_eq!(
        (&edited["content"], &edited["rev"], &edited["replyTo"]),
        (&json!("Bob, are you there?"), &json!(1), &json!(1))
    );
    assert!(edited["editedAt"].is_string());
    for socket in [&mut at_bob, &mut second] {
        let event = socket.event("message.updated").await.unwrap();
        assert_eq!(event, json!({"event": "message.updated", "chatId": chat, "seq": 2, "rev": 1, "data": edited}));
    }
    let react = json!({"chatId": chat, "seq": 2, "emojis": ["\u{2764}", "\u{1F44D}"]});
    let reacted = at_bob.request("reactToMessage", react).await.unwrap()["data"]["message"].clone();
    assert_eq!(reacted["reactions"].as_array().unwrap().len(), 2);
    for socket in [&mut at_alice, &mut second] {
        let data = json!({"userId": bob.id, "emojis": ["\u{2764}\u{FE0F}", "\u{1F44D}"]});
        let event = socket.event("reaction.updated").await.unwrap();
        assert_eq!(event, json!({"event": "reaction.updated", "chatId": chat, "seq": 2, "rev": 2, "data": data}));
    }

    // For oneself: only the user's own other devices get the event.
    let hide = json!({"chatId": chat, "seq": 1, "for": "me"});
    let hidden = at_bob.request("deleteMessage", hide.clone()).await.unwrap()["data"]["message"].clone();
    assert_eq!((&hidden["deletedFor"], &hidden["content"]), (&json!([bob.id]), &json!("")));
    assert_eq!(second.event("message.updated").await.unwrap()["data"], hidden);
    assert_eq!(at_bob.request("deleteMessage", hide).await.unwrap()["data"]["message"], hidden, "twice is once");
    is_quiet(&mut at_alice).await;
    let path = format!("/chats/{chat}/messages");
    let of_alice = ok(alice.http.get(&path).await.unwrap());
    assert_eq!(
        (of_alice["messages"][0]["deletedFor"].clone(), of_alice["messages"].as_array().unwrap().len()),
        (json!([]), 2)
    );
    let of_bob = ok(bob.http.get(&path).await.unwrap());
    assert_eq!((of_bob["messages"].as_array().unwrap().len(), &of_bob["range"]["from"]), (1, &json!(1)));

    // For everyone: a tombstone replaces the message.
    let delete = json!({"chatId": chat, "seq": 2, "for": "everyone"});
    let tombstone = at_alice.request("deleteMessage", delete).await.unwrap()["data"]["message"].clone();
    assert_eq!(
        (&tombstone["content"], &tombstone["deletedBy"], &tombstone["seq"]),
        (&json!(""), &json!(alice.id), &json!(2))
    );
    for gone in ["reactions", "mentions", "replyTo", "editedAt"] {
        assert!(tombstone.get(gone).is_none(), "{gone}: {tombstone}");
    }
    assert_eq!(at_bob.event("message.updated").await.unwrap()["data"], tombstone);
    for (action, more) in [("editMessage", json!({"content": "x"})), ("reactToMessage", json!({"emojis": []}))] {
        let mut fields = json!({"chatId": chat, "seq": 2});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = at_alice.request(action, fields).await.unwrap();
        assert_problem(&reply["error"], 404, "message_not_found", None);
    }
    // A deleted message does not count as unread.
    let total = ok(carol.http.get("/me/unread").await.unwrap());
    assert_eq!(total, json!({"unreadTotal": 1, "chatsWithUnread": 1, "isExact": true}));
    ok(carol.http.put(&format!("/chats/{chat}/mute"), &json!({})).await.unwrap());
    assert_eq!(ok(carol.http.get("/me/unread?all=false").await.unwrap())["unreadTotal"], 0);
    assert_eq!(ok(carol.http.get("/me/unread?all=true").await.unwrap())["unreadTotal"], 1);
    let (status, problem) = carol.http.get("/me/unread?all=yes").await.unwrap();
    assert_eq!(status, 400);
    assert_problem(&problem, 400, "invalid_request", Some("all"));
    assert_eq!(ok(carol.http.get(&format!("/chats/{chat}")).await.unwrap())["unreadCount"], 1);
    let cleared = ok(carol.http.delete(&path).await.unwrap());
    assert_eq!((&cleared["chat"]["floor"], &cleared["chat"]["rev"]), (&json!(2), &json!(5)));
    assert_eq!(ok(carol.http.get(&format!("/chats/{chat}")).await.unwrap())["unreadCount"], 0);
    assert_eq!(ok(carol.http.get(&path).await.unwrap())["messages"], json!([]));
    assert_eq!(ok(alice.http.get(&path).await.unwrap())["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn edit_concurrent_with_a_deletion_loses() {
    let (alice, bob, carol) = three().await;
    let chat = alice.group(&[&bob, &carol]).await;
    for seq in 1..=5 {
        alice.send(&chat, "Secret").await;
        let path = format!("/chats/{chat}/messages/{seq}");
        let (edit, delete) = (json!({"content": "Another secret"}), format!("{path}?for=everyone"));
        let (edited, deleted) = tokio::join!(alice.http.patch(&path, &edit), alice.http.delete(&delete));
        assert_eq!(deleted.unwrap().0, 200);
        assert!(matches!(edited.unwrap().0, 200 | 404));
        let page = ok(bob.http.get(&format!("/chats/{chat}/messages")).await.unwrap());
        assert_eq!(page["messages"][seq - 1]["content"], "");
        assert!(!page.to_string().contains("secret") && !page.to_string().contains("Secret"));
    }
}

#[tokio::test]
async fn send_concurrent_with_the_senders_removal_comes_before_it_or_fails() {
    let (alice, bob, carol) = three().await;
    let chat = alice.group(&[&bob, &carol]).await;
    let path = format!("/chats/{chat}");
    for round in 0..5 {
        let text = json!({"type": "text", "content": format!("Round {round}")});
        let (messages, member) = (format!("{path}/messages"), format!("{path}/participants/{}", bob.id));
        let (sent, removed) = tokio::join!(bob.http.post(&messages, &text), alice.http.delete(&member));
        let (status, answer) = sent.unwrap();
        let after = ok(removed.unwrap())["chat"]["seq"].as_u64().unwrap();
        match status {
            201 => {
                // A concurrent send does not make the removal fail.
                let seq = answer["message"]["seq"].as_u64().unwrap();
                assert!(seq <= after + 1, "{answer}");
                let page = ok(alice.http.get(&messages).await.unwrap());
                assert_eq!(
                    page["messages"].as_array().unwrap().last().unwrap()["content"],
                    json!(format!("Round {round}"))
                );
            }
            _ => assert_problem(&answer, 404, "chat_not_found", None),
        }
        let (_, problem) = bob.http.post(&messages, &text).await.unwrap();
        assert_problem(&problem, 404, "chat_not_found", None);
        ok(alice.http.post(&format!("{path}/participants"), &json!({"participants": [bob.id]})).await.unwrap());
    }
}

#[tokio::test]
async fn user_has_nickname_profile_and_mutes() {
    let (alice, bob, carol) = three().await;
    let chat = alice.chat_with(&bob).await;
    let mut at_bob = bob.socket().await;
    let me = ok(bob.http.patch("/me", &json!({"nickname": " Bobby \u{1F44B} "})).await.unwrap());
    assert_eq!((&me["user"]["nickname"], &me["user"]["status"]), (&json!("Bobby \u{1F44B}"), &json!("online")));
    assert_eq!(at_bob.event("user.updated").await.unwrap()["data"]["nickname"], "Bobby \u{1F44B}");
    let (_, problem) = bob.http.patch("/me", &json!({"nickname": "x".repeat(51)})).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("nickname"));
    let muted =
        ok(bob.http.put(&format!("/chats/{chat}/mute"), &json!({"until": "2099-01-01T00:00:00+01:00"})).await.unwrap());
    assert_eq!(muted, json!({"chatId": chat, "muted": true, "mutedUntil": "2098-12-31T23:00:00.000Z"}));
    let event = at_bob.event("member.updated").await.unwrap();
    assert_eq!((&event["chatId"], &event["data"]["settings"]["notify"]), (&json!(chat), &json!("none")));
    let (_, problem) =
        bob.http.put(&format!("/chats/{chat}/mute"), &json!({"until": "2020-01-01T00:00:00Z"})).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("until"));
    let own = ok(bob.http.get("/me").await.unwrap());
    assert_eq!(own["user"]["mutedChats"], json!([chat]));
    let seen = ok(alice.http.get(&format!("/users/{}", bob.id)).await.unwrap());
    assert_eq!((&seen["user"]["nickname"], &seen["user"]["mutedChats"]), (&json!("Bobby \u{1F44B}"), &json!([])));
    assert_eq!(seen["user"]["profile"]["username"], json!(bob.id));
    let entry = ok(alice.http.get("/chats").await.unwrap())["chats"][0].clone();
    assert_eq!((&entry["user"], &entry["settings"]["notify"]), (&seen["user"], &json!("all")));
    let (_, problem) = carol.http.get(&format!("/users/{}", bob.id)).await.unwrap();
    assert_problem(&problem, 404, "not_a_participant", None);
    let unmuted = ok(bob.http.delete(&format!("/chats/{chat}/mute")).await.unwrap());
    assert_eq!(unmuted, json!({"chatId": chat, "muted": false}));
    let (status, problem) =
        alice.http.post("/chats", &json!({"participants": ["nobody"], "isGroup": false})).await.unwrap();
    assert_eq!(status, 400);
    assert_problem(&problem, 400, "invalid_request", Some("participants"));
    assert!(problem["detail"].as_str().unwrap().contains("nobody"));
}

#[tokio::test]
async fn typing_reaches_only_the_other_participants() {
    let (alice, bob, carol) = three().await;
    let eve = crate::system().user("eve").await;
    let chat = alice.group(&[&bob, &carol]).await;
    let (mut at_alice, mut phone, mut at_bob) = (alice.socket().await, alice.socket().await, bob.socket().await);
    let (mut at_carol, mut at_eve) = (carol.socket().await, eve.socket().await);
    let say = |state: &str| json!({"chatId": chat, "state": state});
    let reply = at_alice.request("typing", say("start")).await.unwrap();
    assert_eq!(reply["data"], json!({"userId": alice.id, "state": "start", "timeoutMs": 6000}));
    for socket in [&mut at_bob, &mut at_carol] {
        let event = socket.event("typing").await.unwrap();
        assert_eq!(event, json!({"event": "typing", "chatId": chat, "data": reply["data"]}));
    }
    at_alice.request("typing", say("stop")).await.unwrap();
    let stopped = json!({"userId": alice.id, "state": "stop"});
    for socket in [&mut at_bob, &mut at_carol] {
        assert_eq!(socket.event("typing").await.unwrap()["data"], stopped);
    }
    for socket in [&mut at_alice, &mut phone, &mut at_eve] {
        is_quiet(socket).await;
    }
    // Typing is not stored.
    assert_eq!(ok(bob.http.get(&format!("/chats/{chat}")).await.unwrap())["chat"]["rev"], 0);
    ok(alice.http.delete(&format!("/chats/{chat}/participants/{}", carol.id)).await.unwrap());
    at_carol.event("chat.left").await.unwrap();
    at_bob.request("typing", say("start")).await.unwrap();
    at_alice.event("typing").await.unwrap();
    is_quiet(&mut at_carol).await;
    let refused = at_carol.request("typing", say("start")).await.unwrap();
    assert_problem(&refused["error"], 404, "chat_not_found", None);
}
