use edge::commands::ACTIONS;
use end_to_end::{User, assert_problem};
use local_cloud::Template;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

async fn two() -> (User, String) {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    (alice, chat)
}

#[tokio::test]
async fn invalid_messages_are_refused_with_the_field_on_both_apis() {
    let (alice, chat) = two().await;
    let mut socket = alice.socket().await;
    let cases = [
        (json!({"type": "text"}), "content", "invalid_request"),
        (json!({"content": "x"}), "type", "invalid_request"),
        (json!({"type": "text", "content": "  "}), "content", "invalid_request"),
        (json!({"type": "text", "content": 7}), "content", "invalid_request"),
        (json!({"type": "text", "content": "x".repeat(25_000)}), "content", "content_too_large"),
        (json!({"type": "image", "content": "x"}), "attachmentId", "invalid_request"),
        (json!({"type": "video", "content": "x"}), "type", "invalid_request"),
        (json!({"type": "text", "content": "x", "sender": "bob"}), "sender", "invalid_request"),
        (json!({"type": "text", "content": "x", "senderId": "bob"}), "senderId", "invalid_request"),
        (
            json!({"type": "text", "content": "x", "clientMessageId": "x".repeat(65)}),
            "clientMessageId",
            "invalid_request",
        ),
        (json!({"type": "text", "content": "x", "clientMessageId": ""}), "clientMessageId", "invalid_request"),
    ];
    for (body, field, code) in cases {
        let (status, problem) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
        assert_eq!(status, 400, "{problem}");
        assert_problem(&problem, 400, code, Some(field));
        let mut frame = body;
        frame["chatId"] = json!(chat);
        let reply = socket.request("sendMessage", frame).await.unwrap();
        assert_eq!(reply["ok"], false);
        assert_problem(&reply["error"], 400, code, Some(field));
        assert_eq!(reply["error"]["limit"], if code == "content_too_large" { json!(24 * 1024) } else { Value::Null });
    }
    let (_, page) = alice.http.get(&format!("/chats/{chat}/messages")).await.unwrap();
    assert_eq!(page["seq"], 0, "nothing was stored");
}

#[tokio::test]
async fn every_invalid_field_is_named() {
    let (alice, chat) = two().await;
    let body = json!({"type": 5, "content": 7, "clientMessageId": 9, "extra": true});
    let (_, problem) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
    for field in ["type", "content", "clientMessageId", "extra"] {
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
}

/// Texts that nobody can see: of default-ignorable and control characters, and U+2800.
const INVISIBLE: [&str; 14] = [
    "\u{200b}",
    "\u{200d}",
    "\u{2060}",
    "\u{feff}",
    "\u{ad}",
    "\u{2800}",
    "\u{3164}",
    "\u{115f}",
    "\u{180e}",
    "\u{fe0f}",
    "\u{202e}",
    "\0",
    "\u{7}",
    "\u{e0020}",
];

#[tokio::test]
async fn text_that_nobody_can_see_is_refused() {
    let (alice, chat) = two().await;
    let mut socket = alice.socket().await;
    alice.send(&chat, "Hello").await;
    let messages = format!("/chats/{chat}/messages");
    for invisible in INVISIBLE {
        for content in [invisible.to_owned(), format!(" \n{invisible} {invisible}\n")] {
            let body = json!({"type": "text", "content": content});
            let (_, problem) = alice.http.post(&messages, &body).await.unwrap();
            assert_problem(&problem, 400, "invalid_request", Some("content"));
            let (_, problem) = alice.http.patch(&format!("{messages}/1"), &json!({"content": content})).await.unwrap();
            assert_problem(&problem, 400, "invalid_request", Some("content"));
        }
        let frame = json!({"chatId": chat, "type": "text", "content": invisible});
        let reply = socket.request("sendMessage", frame).await.unwrap();
        assert_problem(&reply["error"], 400, "invalid_request", Some("content"));
    }
    let visible = [
        "a",
        "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        "\u{915}\u{94d}\u{200d}\u{937}",
        "\u{2764}\u{fe0f}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "\u{645}\u{631}\u{62d}\u{628}\u{627}",
        "e\u{301}",
        "\u{2026}",
        "1",
        "\u{1f1eb}\u{1f1f7}",
    ];
    for content in visible {
        let (status, sent) = alice.http.post(&messages, &json!({"type": "text", "content": content})).await.unwrap();
        assert_eq!((status, &sent["message"]["content"]), (201, &json!(content)));
    }
    let (_, page) = alice.http.get(&messages).await.unwrap();
    assert_eq!(page["seq"], 1 + visible.len());
    assert_eq!(page["messages"][0]["content"], "Hello");
}

#[tokio::test]
async fn names_that_nobody_can_see_or_that_turn_the_line_are_refused() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let group = alice.group(&[&bob, &carol]).await;
    let turning = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain(['\u{2028}', '\u{2029}', '\u{7}']);
    let turning = turning.map(|c| format!("Alice{c}eviL"));
    let file = |name: &str| {
        json!({"chatId": group, "type": "file", "fileName": name, "contentType": "text/plain", "sizeBytes": 1,
            "sha256": "0".repeat(64)})
    };
    for name in INVISIBLE.map(str::to_owned).into_iter().chain(turning) {
        for (method, path, body, field) in [
            (Method::PATCH, "/me".to_owned(), json!({"nickname": name}), "nickname"),
            (Method::PATCH, format!("/chats/{group}"), json!({"name": name}), "name"),
            (Method::POST, "/attachments".to_owned(), file(&name), "fileName"),
            (
                Method::POST,
                "/chats".to_owned(),
                json!({"participants": [bob.id, carol.id], "isGroup": true, "name": name}),
                "name",
            ),
        ] {
            let (_, problem) = alice.http.call(method, &path, Some(&body)).await.unwrap();
            assert_problem(&problem, 400, "invalid_request", Some(field));
        }
    }
    for name in [
        "Zo\u{eb}",
        "\u{5de}\u{5d9}\u{5db}\u{5dc}",
        "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}",
        "\u{ae40}\u{bbfc}\u{c900}",
        "O'Brien",
        "\u{1f469}\u{200d}\u{1f4bb} Ada",
        "\u{200f}Ada\u{200e}",
    ] {
        let (status, me) = alice.http.patch("/me", &json!({"nickname": name})).await.unwrap();
        assert_eq!((status, &me["user"]["nickname"]), (200, &json!(name)));
        let (status, renamed) = alice.http.patch(&format!("/chats/{group}"), &json!({"name": name})).await.unwrap();
        assert_eq!((status, &renamed["chat"]["name"]), (200, &json!(name)));
    }
}

#[tokio::test]
async fn nickname_null_takes_the_nickname_back() {
    let alice = crate::system().user("alice").await;
    let mut socket = alice.socket().await;
    for (change, shown) in [
        (json!({"nickname": "Ally"}), "Ally"),
        (json!({"notifyOnMention": true}), "Ally"),
        (json!({"nickname": null}), alice.id.as_str()),
    ] {
        let (status, me) = alice.http.patch("/me", &change).await.unwrap();
        assert_eq!((status, &me["user"]["nickname"]), (200, &json!(shown)));
        assert_eq!(socket.event("user.updated").await.unwrap()["data"]["nickname"], shown);
    }
    let (_, me) = alice.http.get("/me").await.unwrap();
    assert_eq!((&me["user"]["nickname"], &me["user"]["notifyOnMention"]), (&json!(alice.id), &json!(true)));
    // Elsewhere null counts as absent.
    let (_, problem) = alice.http.patch("/me", &json!({"notifyOnMention": null})).await.unwrap();
    assert_problem(&problem, 400, "invalid_request", Some("nickname"));
}

#[tokio::test]
async fn number_in_a_path_has_one_form_and_in_json_one_value() {
    let (alice, chat) = two().await;
    for n in 1..=7 {
        alice.send(&chat, &format!("{n}")).await;
    }
    let like = json!({"emojis": ["\u{1F44D}"]});
    for (seq, status) in
        [("+1", 400), ("01", 400), ("1.0", 400), ("1e0", 400), ("%201", 400), ("18446744073709551615", 400), ("1", 200)]
    {
        let at = format!("/chats/{chat}/messages/{seq}");
        for (method, path, body) in [
            (Method::PUT, format!("{at}/reactions"), &like),
            (Method::PATCH, at.clone(), &json!({"content": "Better"})),
            (Method::DELETE, format!("{at}?for=me"), &Value::Null),
        ] {
            let body = Some(body).filter(|body| !body.is_null());
            let (got, answer) = alice.http.call(method.clone(), &path, body).await.unwrap();
            assert_eq!(got, status, "{method} {path}: {answer}");
            if status == 400 {
                assert_problem(&answer, 400, "invalid_request", Some("seq"));
            }
        }
    }
    for (query, field) in
        [("limit=%2B1", "limit"), ("limit=01", "limit"), ("before=%2B3", "before"), ("after=03", "after")]
    {
        let (_, problem) = alice.http.get(&format!("/chats/{chat}/messages?{query}")).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    let mut socket = alice.socket().await;
    for (seq, status) in
        [(json!(1.0), 200), (json!(7.0), 200), (json!(7.5), 400), (json!(9.3e18), 400), (json!(u64::MAX), 400)]
    {
        let (got, answer) = alice.http.put(&format!("/chats/{chat}/seen"), &json!({"seq": seq})).await.unwrap();
        assert_eq!(got, status, "{seq}: {answer}");
        let page = socket.request("listMessages", json!({"chatId": chat, "after": seq})).await.unwrap();
        assert_eq!(page["ok"], status == 200, "{seq}: {page}");
        if status == 400 {
            assert_problem(&answer, 400, "invalid_request", Some("seq"));
            assert_problem(&page["error"], 400, "invalid_request", Some("after"));
        }
    }
    let reply = json!({"type": "text", "content": "Yes", "replyTo": 7.0});
    let (status, sent) = alice.http.post(&format!("/chats/{chat}/messages"), &reply).await.unwrap();
    assert_eq!((status, &sent["message"]["replyTo"]), (201, &json!(7)));
}

#[tokio::test]
async fn user_whom_no_path_can_name_is_no_participant() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let group = alice.group(&[&bob, &carol]).await;
    for id in [".", ".."] {
        let (_, problem) = alice.http.post("/chats", &json!({"participants": [id], "isGroup": false})).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", Some("participants[0]"));
        let body = json!({"participants": [id]});
        let (_, problem) = alice.http.post(&format!("/chats/{group}/participants"), &body).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", Some("participants[0]"));
    }
}

#[tokio::test]
async fn forms_of_an_emoji_are_stored_as_one() {
    let (alice, chat) = two().await;
    alice.send(&chat, "Hello").await;
    for (form, stored) in [
        ("\u{1F44D}\u{FE0F}", "\u{1F44D}"),
        ("\u{1F44D}\u{1F3FD}\u{FE0F}", "\u{1F44D}\u{1F3FD}"),
        ("\u{261D}\u{FE0F}\u{1F3FD}", "\u{261D}\u{1F3FD}"),
    ] {
        let (status, answer) = alice
            .http
            .put(&format!("/chats/{chat}/messages/1/reactions"), &json!({"emojis": [form, stored]}))
            .await
            .unwrap();
        assert_eq!((status, answer["message"]["reactions"].as_array().map(Vec::len)), (200, Some(1)), "{answer}");
        assert_eq!(answer["message"]["reactions"][0]["emoji"], stored);
    }
}

#[tokio::test]
async fn wrong_fields_are_named_at_once() {
    let (alice, chat) = two().await;
    let image = json!({"chatId": chat, "type": "image", "fileName": "a.svg", "contentType": "image/svg+xml",
        "sizeBytes": 1_000_000_000, "sha256": "0".repeat(64), "width": 1, "height": 1});
    let (_, problem) = alice.http.post("/attachments", &image).await.unwrap();
    for field in ["contentType", "sizeBytes", "blurHash"] {
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    let text = json!({"type": "text", "content": "x".repeat(25_000), "replyTo": -1});
    let (_, problem) = alice.http.post(&format!("/chats/{chat}/messages"), &text).await.unwrap();
    for field in ["content", "replyTo"] {
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    let group = json!({"participants": ["bob"], "isGroup": true, "name": ""});
    let (_, problem) = alice.http.post("/chats", &group).await.unwrap();
    for field in ["participants", "name"] {
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
}

#[tokio::test]
async fn body_that_is_not_json_is_refused() {
    let (alice, chat) = two().await;
    for body in ["{", "nonsense", "[]", "\"text\"", "{\"type\":\"text\",}"] {
        let (status, problem) =
            alice.http.raw(Method::POST, &format!("/chats/{chat}/messages"), Some(body.to_owned())).await.unwrap();
        assert_eq!(status, 400, "{problem}");
        assert_problem(&problem, 400, "invalid_request", Some("body"));
    }
    let mut socket = alice.socket().await;
    for frame in ["{", "nonsense", "[]"] {
        socket.send_text(frame.to_owned()).await.unwrap();
        let reply = socket.next().await.unwrap();
        assert_eq!(reply["ok"], false);
        assert_problem(&reply["error"], 400, "invalid_request", Some("body"));
    }
}

#[tokio::test]
async fn unknown_action_is_answered_with_the_known_actions() {
    let (alice, _) = two().await;
    let mut socket = alice.socket().await;
    let reply = socket.request("sendMassage", json!({})).await.unwrap();
    assert_problem(&reply["error"], 400, "invalid_request", Some("action"));
    let detail = reply["error"]["detail"].as_str().unwrap();
    for action in ["createChat", "sendMessage", "listMessages", "markSeen", "ping"] {
        assert!(detail.contains(action), "{detail}");
    }
    socket.send_text("{\"id\":\"7\"}".to_owned()).await.unwrap();
    let reply = socket.next().await.unwrap();
    assert_eq!(reply["id"], "7");
    assert_problem(&reply["error"], 400, "invalid_request", Some("action"));
    socket.send_text("{\"action\":\"ping\",\"id\":7}".to_owned()).await.unwrap();
    assert_problem(&socket.next().await.unwrap()["error"], 400, "invalid_request", Some("id"));
}

#[tokio::test]
async fn invalid_pages_and_marks_are_refused_with_the_field() {
    let (alice, chat) = two().await;
    for (query, field) in [
        ("limit=-1", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("before=-2", "before"),
        ("after=1.5", "after"),
        ("before=1&after=2", "before"),
        ("from=2", "from"),
    ] {
        let (status, problem) = alice.http.get(&format!("/chats/{chat}/messages?{query}")).await.unwrap();
        assert_eq!(status, 400, "{query}: {problem}");
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    alice.send(&chat, "Hello").await;
    for (body, field) in [
        (json!({}), "seq"),
        (json!({"seq": -1}), "seq"),
        (json!({"seq": "1"}), "seq"),
        (json!({"seq": 2}), "seq"),
        (json!({"seq": 1, "chatId": "other"}), "chatId"),
    ] {
        let (status, problem) = alice.http.put(&format!("/chats/{chat}/seen"), &body).await.unwrap();
        assert_eq!(status, 400, "{body}: {problem}");
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    let mut socket = alice.socket().await;
    let reply = socket.request("listMessages", json!({"chatId": chat, "limit": -1})).await.unwrap();
    assert_problem(&reply["error"], 400, "invalid_request", Some("limit"));
}

#[tokio::test]
async fn invalid_chats_are_refused_with_the_field() {
    let (alice, _) = two().await;
    let many: Vec<_> = (0..90).map(|n| format!("u-{n}")).collect();
    let cases = [
        (json!({"isGroup": false}), "participants", "invalid_request"),
        (json!({"participants": ["bob"]}), "isGroup", "invalid_request"),
        (json!({"participants": [], "isGroup": false}), "participants", "invalid_request"),
        (json!({"participants": [alice.id], "isGroup": false}), "participants", "invalid_request"),
        (json!({"participants": ["bob", "carol"], "isGroup": false}), "participants", "invalid_request"),
        (
            json!({"participants": ["bob", "not a user"], "isGroup": true, "name": "x"}),
            "participants[1]",
            "invalid_request",
        ),
        (
            json!({"participants": ["bob", "carol", "@all"], "isGroup": true, "name": "x"}),
            "participants[2]",
            "invalid_request",
        ),
        (json!({"participants": ["gone:5f2a"], "isGroup": false}), "participants[0]", "invalid_request"),
        (json!({"participants": ["bob"], "isGroup": true, "name": "x"}), "participants", "invalid_request"),
        (json!({"participants": ["bob", "carol"], "isGroup": true}), "name", "invalid_request"),
        (json!({"participants": ["bob", "carol"], "isGroup": true, "name": ""}), "name", "invalid_request"),
        (json!({"participants": ["bob"], "isGroup": false, "name": "x"}), "name", "invalid_request"),
        (json!({"participants": many, "isGroup": true, "name": "x"}), "participants", "too_many_participants"),
        (json!({"participants": "bob", "isGroup": false}), "participants", "invalid_request"),
    ];
    for (body, field, code) in cases {
        let (status, problem) = alice.http.post("/chats", &body).await.unwrap();
        assert_eq!(status, 400, "{body}: {problem}");
        assert_problem(&problem, 400, code, Some(field));
    }
}

#[test]
fn known_actions_are_those_of_the_template() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    let routes = template.websocket_api.unwrap().routes.into_keys().filter(|key| !key.starts_with('$'));
    assert_eq!(routes.collect::<BTreeSet<_>>(), ACTIONS.map(str::to_owned).into());
}
