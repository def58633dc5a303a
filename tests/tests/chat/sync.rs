use domain::number::MAX_WHOLE_NUMBER;
use end_to_end::{User, assert_problem};
use serde_json::{Value, json};

fn seqs(messages: &Value) -> Vec<u64> {
    messages.as_array().unwrap().iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

async fn page(user: &User, chat: &str, query: &str) -> Value {
    let (status, page) = user.http.get(&format!("/chats/{chat}/messages?{query}")).await.unwrap();
    assert_eq!(status, 200, "{page}");
    page
}

#[tokio::test]
async fn fifty_missed_messages_come_in_pages_of_twenty() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    alice.send(&chat, "Message 1").await;
    // Bob has the first message and disconnects. Fifty more come.
    for n in 2..=51 {
        alice.send(&chat, &format!("Message {n}")).await;
    }
    let mut socket = bob.socket().await;
    let (mut cursor, mut held, mut rounds) = (json!({"seq": 1, "rev": 0}), Vec::new(), 0);
    loop {
        rounds += 1;
        let reply = socket.request("sync", json!({"cursors": {chat.as_str(): cursor}})).await.unwrap();
        let part = &reply["data"]["chats"][0];
        held.extend(seqs(&part["messages"]));
        cursor = part["cursor"].clone();
        assert_eq!(part["limited"] == true, reply["data"]["limited"] == true);
        if reply["data"]["limited"] == false {
            assert_eq!((&part["unreadCount"], &cursor), (&json!(51), &json!({"seq": 51, "rev": 0})));
            break;
        }
    }
    assert_eq!((rounds, held), (3, (2..=51).collect()));
    // Listing in both directions has the same messages.
    let (mut forward, mut after) = (Vec::new(), 1);
    loop {
        let page = page(&bob, &chat, &format!("after={after}&limit=20")).await;
        forward.extend(seqs(&page["messages"]));
        after = page["range"]["to"].as_u64().unwrap();
        if page["hasMoreAfter"] == false {
            break;
        }
    }
    assert_eq!(forward, (2..=51).collect::<Vec<_>>());
    let (mut backward, mut query) = (Vec::new(), "limit=20".to_owned());
    loop {
        let page = page(&bob, &chat, &query).await;
        backward.extend(seqs(&page["messages"]).into_iter().rev());
        query = format!("before={}&limit=20", page["range"]["from"]);
        if page["hasMoreBefore"] == false {
            break;
        }
    }
    assert_eq!(backward, (1..=51).rev().collect::<Vec<_>>());
    // Where only messages are left that Bob deleted for himself, there is no more.
    for seq in [1, 2, 3, 51] {
        assert_eq!(bob.http.delete(&format!("/chats/{chat}/messages/{seq}?for=me")).await.unwrap().0, 200);
    }
    for (user, query, shown, range, before, after) in [
        (&bob, "before=5&limit=1", 4, json!({"from": 1, "to": 4}), false, true),
        (&bob, "after=49&limit=1", 50, json!({"from": 50, "to": 51}), true, false),
        (&alice, "before=5&limit=1", 4, json!({"from": 4, "to": 4}), true, true),
        (&alice, "after=49&limit=1", 50, json!({"from": 50, "to": 50}), true, true),
    ] {
        let page = page(user, &chat, query).await;
        assert_eq!((seqs(&page["messages"]), &page["range"]), (vec![shown], &range), "{query}");
        assert_eq!((&page["hasMoreBefore"], &page["hasMoreAfter"]), (&json!(before), &json!(after)), "{query}");
    }
}

#[tokio::test]
async fn sync_returns_missed_changes_once_in_their_latest_state() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let chat = alice.group(&[&bob, &carol]).await;
    for n in 1..=5 {
        alice.send(&chat, &format!("Message {n}")).await;
    }
    let cursors = json!({chat.as_str(): {"seq": 5, "rev": 0}});
    let message = |seq: u64| format!("/chats/{chat}/messages/{seq}");
    let ok = |answer: (u16, Value)| assert!(matches!(answer.0, 200 | 201), "{answer:?}");
    ok(alice.http.patch(&message(1), &json!({"content": "Once"})).await.unwrap());
    ok(alice.http.patch(&message(1), &json!({"content": "Twice"})).await.unwrap());
    ok(alice.http.delete(&format!("{}?for=everyone", message(2))).await.unwrap());
    ok(carol.http.put(&format!("{}/reactions", message(3)), &json!({"emojis": ["\u{1F44D}"]})).await.unwrap());
    ok(bob.http.delete(&format!("{}?for=me", message(4))).await.unwrap());
    ok(carol.http.delete(&format!("{}?for=me", message(5))).await.unwrap());
    ok(alice.http.patch(&format!("/chats/{chat}"), &json!({"name": "Renamed"})).await.unwrap());
    ok(bob.http.put(&format!("/chats/{chat}/mute"), &json!({})).await.unwrap());
    ok(bob.http.put(&format!("/chats/{chat}/seen"), &json!({"seq": 3})).await.unwrap());

    let ask = json!({"cursors": cursors, "open": [chat]});
    let (status, synced) = bob.http.post("/sync", &ask).await.unwrap();
    assert_eq!(status, 200, "{synced}");
    let part = &synced["chats"][0];
    let mut changed = part["changed"].as_array().unwrap().clone();
    changed.sort_by_key(|message| message["seq"].as_u64());
    assert_eq!(seqs(&json!(changed)), [1, 2, 3, 4], "and not what carol deleted for herself");
    assert_eq!(changed[0]["content"], "Twice");
    assert_eq!((&changed[1]["content"], &changed[1]["deletedBy"]), (&json!(""), &json!(alice.id)));
    assert_eq!(changed[2]["reactions"], json!([{"emoji": "\u{1F44D}", "count": 1, "userIds": [carol.id]}]));
    assert_eq!((&changed[3]["content"], &changed[3]["deletedFor"]), (&json!(""), &json!([bob.id])));
    assert_eq!(part["chat"]["name"], "Renamed");
    assert_eq!((&part["readSeq"], &part["unreadCount"]), (&json!(3), &json!(1)));
    assert_eq!(part["settings"]["notify"], "none");
    assert_eq!((&part["cursor"], &part["messages"]), (&json!({"seq": 5, "rev": 7}), &json!([])));
    assert_eq!(part["members"].as_array().unwrap().len(), 3);
    // The answer over WebSocket is the same, and a sync after it is empty.
    let mut socket = bob.socket().await;
    assert_eq!(socket.request("sync", ask).await.unwrap()["data"], synced);
    let (_, quiet) = bob.http.post("/sync", &json!({"cursors": {chat.as_str(): part["cursor"]}})).await.unwrap();
    assert_eq!((&quiet["chats"][0]["changed"], &quiet["limited"]), (&json!([]), &json!(false)));
    assert!(quiet["chats"][0].get("chat").is_none());
}

#[tokio::test]
async fn sync_returns_joined_and_left_chats() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let left = alice.group(&[&bob, &carol]).await;
    let joined = alice.chat_with(&bob).await;
    alice.send(&joined, "Welcome").await;
    assert_eq!(bob.http.delete(&format!("/chats/{left}/participants/{}", bob.id)).await.unwrap().0, 200);
    let bogus = "0".repeat(64);
    let cursors = json!({left.as_str(): {"seq": 0, "rev": 0}, bogus.as_str(): {"seq": 9, "rev": 9}});
    let (status, synced) = bob.http.post("/sync", &json!({"cursors": cursors})).await.unwrap();
    assert_eq!(status, 200, "{synced}");
    let mut gone = vec![bogus, left];
    gone.sort();
    assert_eq!(synced["gone"], json!(gone), "an unknown chat is reported like a left one");
    let entry = &synced["joined"][0];
    assert_eq!((&entry["chat"]["chatId"], &entry["unreadCount"]), (&json!(joined), &json!(1)));
    assert_eq!((&entry["lastMessage"]["content"], &entry["user"]["userId"]), (&json!("Welcome"), &json!(alice.id)));
    assert_eq!(synced["joined"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn cursor_of_another_history_is_reset() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let ask = |cursor: Value| json!({"cursors": {chat.as_str(): cursor}});
    for ahead in
        [json!({"seq": 1, "rev": 0}), json!({"seq": 0, "rev": 1}), json!({"seq": MAX_WHOLE_NUMBER, "rev": 7.0})]
    {
        let (status, synced) = alice.http.post("/sync", &ask(ahead)).await.unwrap();
        assert_eq!((status, &synced["chats"][0]["reset"]), (200, &json!(true)), "{synced}");
        assert_eq!(synced["chats"][0]["cursor"], json!({"seq": 0, "rev": 0}));
    }
    for wrong in [json!(-1), json!(7.5), json!(9.3e18), json!(u64::MAX)] {
        let (status, problem) = alice.http.post("/sync", &ask(json!({"seq": wrong, "rev": 0}))).await.unwrap();
        assert_eq!(status, 400, "{wrong}");
        assert_problem(&problem, 400, "invalid_request", Some(&format!("cursors.{chat}.seq")));
    }
}
