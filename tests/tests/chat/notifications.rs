//! Offline users are notified through a topic.

use end_to_end::{Published, System, User};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A system with a topic and these environment variables.
fn system_with_topic(environment: &'static [(&'static str, &'static str)]) -> System {
    crate::start(|setup| {
        let topic = "arn:aws:sns:us-east-1:123456789012:to-devices";
        setup.parameters.insert("NotificationsTopicArn".to_owned(), topic.to_owned());
        setup.environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    })
}

/// The notifications by user. Each user may have only one.
fn by_user(published: Vec<Published>) -> BTreeMap<String, Published> {
    let count = published.len();
    let by_user: BTreeMap<_, _> = published.into_iter().map(|it| (it.attributes["userId"].clone(), it)).collect();
    assert_eq!(by_user.len(), count);
    by_user
}

fn users(published: &BTreeMap<String, Published>) -> Vec<&str> {
    published.keys().map(|id| id.split('-').next().unwrap()).collect()
}

async fn mentions(alice: &User, chat: &str, whom: &[&User]) -> Value {
    let ids: Vec<_> = whom.iter().map(|user| &user.id).collect();
    let body = json!({"type": "text", "content": "Look here", "mentions": ids});
    let (status, answer) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
    assert_eq!(status, 201, "{answer}");
    answer
}

#[tokio::test]
async fn offline_users_are_notified_unless_they_muted_the_chat() {
    let system = system_with_topic(&[]);
    let (alice, bob, carol, dave) =
        (system.user("alice").await, system.user("bob").await, system.user("carol").await, system.user("dave").await);
    alice.http.patch("/me", &json!({"nickname": "Ally"})).await.unwrap();
    let chat = alice.group(&[&bob, &carol, &dave]).await;
    let mut online = bob.socket().await;
    let (status, _) = carol.http.put(&format!("/chats/{chat}/mute"), &json!({})).await.unwrap();
    assert_eq!(status, 200);

    let sent = alice.send(&chat, "Ready at ten?").await;
    assert_eq!(online.event("message.created").await.unwrap()["data"], sent);
    let published = by_user(system.take_published());
    assert_eq!(users(&published), ["dave"], "bob is online, carol muted it");
    let Published { topic, attributes, body } = &published[&dave.id];
    assert_eq!((topic.as_str(), &attributes["chatId"]), ("to-devices", &chat));
    assert_eq!(
        *body,
        json!({
            "event": "message.created", "chatId": chat, "seq": 1, "senderId": alice.id, "nickname": "Ally",
            "preview": "Ready at ten?", "unreadCount": 1,
        })
    );

    // A mention notifies despite the mute, if the user has chosen that.
    mentions(&alice, &chat, &[&carol, &bob]).await;
    assert_eq!(users(&by_user(system.take_published())), ["dave"]);
    let (status, me) = carol.http.patch("/me", &json!({"notifyOnMention": true})).await.unwrap();
    assert_eq!((status, &me["user"]["notifyOnMention"]), (200, &json!(true)));
    mentions(&alice, &chat, &[&carol, &bob]).await;
    let published = by_user(system.take_published());
    assert_eq!(users(&published), ["carol", "dave"]);
    assert_eq!(published[&carol.id].body["unreadCount"], 3);

    // Bob's connection is lost without a close frame: the registry may still have it, but the push gets 410.
    drop(online);
    alice.send(&chat, "Are you there?").await;
    assert_eq!(users(&by_user(system.take_published())), ["bob", "dave"]);
}

#[tokio::test]
async fn unreachable_topic_does_not_fail_a_message() {
    let system = system_with_topic(&[("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:9")]);
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let chat = alice.group(&[&bob, &carol]).await;
    let mut online = bob.socket().await;
    let sent = alice.send(&chat, "Hello").await;
    assert_eq!(online.event("message.created").await.unwrap()["data"], sent);
    let counted = |line: &String| line.contains("NotificationsFailed=1") && line.contains("MessagesCommitted=1");
    let logged = |line: &String| line.contains("users were not notified");
    for _ in 0..100 {
        let logs = system.logs();
        if logs.iter().any(counted) && logs.iter().any(logged) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the failure is not counted and logged: {:?}", system.logs());
}

#[tokio::test]
async fn invalid_profile_changes_are_refused_with_the_field() {
    let alice = crate::system().user("alice").await;
    for (body, field) in [
        (json!({}), "nickname"),
        (json!({"notifyOnMention": "yes"}), "notifyOnMention"),
        (json!({"nickname": "", "notifyOnMention": true}), "nickname"),
    ] {
        let (status, answer) = alice.http.patch("/me", &body).await.unwrap();
        assert_eq!((status, &answer["errors"][0]["field"]), (400, &json!(field)), "{body}: {answer}");
    }
}
