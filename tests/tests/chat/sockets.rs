use domain::chat_user::{ChatUser, Connection, MAX_CONNECTIONS};
use domain::ids::{ConnectionId, UserId};
use domain::ports::{Env as _, Registration, Registry as _, UserStore as _};
use domain::timestamp::Timestamp;
use edge::aws::Aws;
use edge::config::AwsConfig;
use edge::env::SystemEnv;
use end_to_end::System;
use local_cloud::Template;
use realtime::RedisConnections;
use serde_json::json;
use std::time::Duration;
use store::{DynamoStore, TableNames};

#[tokio::test]
async fn frame_over_32_kb_closes_the_connection() {
    let alice = crate::system().user("alice").await;
    let mut socket = alice.socket().await;
    socket.send_text(format!("{{\"action\":\"ping\",\"id\":\"1\"}}{}", " ".repeat(32 * 1024))).await.unwrap();
    assert_eq!(u16::from(socket.wait_closed().await.unwrap().unwrap().code), 1009);
    let mut socket = alice.socket().await;
    let frame = format!("{{\"action\":\"ping\",\"id\":\"1\"}}{}", " ".repeat(31 * 1024));
    socket.send_text(frame).await.unwrap();
    assert_eq!(socket.next().await.unwrap()["ok"], true, "one that fits is served");
}

#[tokio::test]
async fn binary_frame_closes_the_connection() {
    let mut socket = crate::system().user("alice").await.socket().await;
    socket.send_binary(vec![1, 2, 3]).await.unwrap();
    assert_eq!(u16::from(socket.wait_closed().await.unwrap().unwrap().code), 1003);
}

#[tokio::test]
async fn largest_message_passes_through_both_sockets() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let (mut at_alice, mut at_bob) = (alice.socket().await, bob.socket().await);
    let content = "x".repeat(24 * 1024 - 2);
    let reply =
        at_alice.request("sendMessage", json!({"chatId": chat, "type": "text", "content": content})).await.unwrap();
    assert_eq!(reply["ok"], true, "{reply}");
    assert_eq!(at_bob.event("message.created").await.unwrap()["data"], reply["data"]["message"]);
    let page = at_bob.request("listMessages", json!({"chatId": chat})).await.unwrap();
    assert_eq!(page["data"]["messages"][0]["content"], content);
}

/// The registry of connections. Only for a system that these tests started.
pub(crate) type Registry = DynamoStore<SystemEnv, RedisConnections>;

pub(crate) async fn registry(system: &System) -> Registry {
    let config = AwsConfig {
        region: "us-east-1".to_owned(),
        dynamodb_endpoint: system.dynamodb.clone(),
        secrets_endpoint: None,
        s3_endpoint: None,
        sns_endpoint: None,
    };
    let aws = Aws::new(config);
    let credentials = aws_credential_types::Credentials::new("local", "local", None, None, "test");
    let sdk = aws
        .sdk
        .to_builder()
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .build();
    let template = Template::load(&dev::cloud::template(), &std::collections::BTreeMap::new()).unwrap();
    let chat_users = template.tables.iter().find(|table| table.logical_id == "ChatUsersTable").unwrap().name.clone();
    let none = String::new;
    let tables = TableNames {
        chats: none(),
        messages: none(),
        chat_members: none(),
        sends: none(),
        uploads: none(),
        chat_users,
        user_limits: none(),
        user_items: none(),
    };
    // The template derives the prefix from the local stack's name.
    let redis =
        system.redis.as_deref().map(|url| RedisConnections::new(realtime::parse_url(url).unwrap(), (), "local:"));
    DynamoStore::new(&sdk, system.dynamodb.as_deref(), tables, redis, SystemEnv)
}

#[tokio::test]
async fn only_a_dead_connection_is_removed() {
    // This test reads the tables, so the tests must have started the system.
    let system = crate::start(|_| {});
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    let mut at_bob = bob.socket().await;
    let registry = registry(&system).await;
    let user = UserId::parse(bob.id.clone()).unwrap();
    let minute = Duration::from_secs(60);
    let ghost = Connection {
        id: ConnectionId::parse("Gh0stConnection=").unwrap(),
        connected_at: Timestamp::from_millis(SystemEnv.now().millis() - 60_000),
        exp: SystemEnv.now().plus(minute),
    };
    let registration = registry.register(&user, &ghost, &[], SystemEnv.now()).await.unwrap();
    assert!(matches!(registration, Registration::Registered(connections) if connections.len() == 2));
    let sent = alice.send(&chat, "Hello").await;
    assert_eq!(at_bob.event("message.created").await.unwrap()["data"], sent);
    let left = registry.users(std::slice::from_ref(&user)).await.unwrap().remove(0);
    assert_eq!(left.connections.len(), 1);
    assert_ne!(left.connections[0].id, ghost.id);
    // A connection that its client closes is removed at once, and lastSeen is set.
    at_bob.close().await.unwrap();
    let gone = wait_for_connections(&registry, &user, 0).await;
    assert!(gone.last_seen > left.last_seen);
}

/// The last frame of the oldest of too many connections says why it is closed. 30 s are waited for in no test: the
/// registry is told that the connections are older.
#[tokio::test]
async fn oldest_of_too_many_connections_is_told_why_it_is_closed() {
    let system = crate::start(|_| {});
    let alice = system.user("alice").await;
    let mut oldest = alice.socket().await;
    let registry = registry(&system).await;
    let user = UserId::parse(alice.id.clone()).unwrap();
    let aged = |id: ConnectionId, seconds: i64| Connection {
        id,
        connected_at: Timestamp::from_millis(SystemEnv.now().millis() - seconds * 1000),
        exp: SystemEnv.now().plus(Duration::from_secs(600)),
    };
    let id = registry.users(std::slice::from_ref(&user)).await.unwrap().remove(0).connections.remove(0).id;
    registry.unregister(&user, &id, SystemEnv.now()).await.unwrap();
    registry.register(&user, &aged(id, 120), &[], SystemEnv.now()).await.unwrap();
    for n in 2..=MAX_CONNECTIONS {
        let ghost = ConnectionId::parse(format!("Gh0st{n}=")).unwrap();
        registry.register(&user, &aged(ghost, 60), &[], SystemEnv.now()).await.unwrap();
    }
    let mut next = alice.socket().await;
    let close = oldest.wait_closed().await.unwrap().unwrap();
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1000, ""), "the close itself says nothing");
    let frames = oldest.take_waiting();
    let [last] = frames.as_slice() else { panic!("{frames:?}") };
    assert_eq!(last["event"], "connection.closing");
    assert_eq!(
        (&last["data"]["code"], &last["data"]["retryable"], &last["data"]["retryAfterMs"]),
        (&json!("too_many_connections"), &json!(true), &json!(30_000))
    );
    assert_eq!(next.request("ping", json!({})).await.unwrap()["ok"], true);
}

#[tokio::test]
async fn connections_end_at_their_limits_and_are_removed() {
    let system = crate::start(|setup| setup.limits.idle = Duration::from_millis(600));
    let alice = system.user("alice").await;
    let mut socket = alice.socket().await;
    assert_eq!(u16::from(socket.wait_closed().await.unwrap().unwrap().code), 1001);
    let (registry, user) = (registry(&system).await, UserId::parse(alice.id).unwrap());
    wait_for_connections(&registry, &user, 0).await;
}

/// Waits until the user has this many connections: a closed one is removed a moment after the close. Returns the user.
pub(crate) async fn wait_for_connections(registry: &Registry, user: &UserId, count: usize) -> ChatUser {
    for _ in 0..200 {
        let stored = registry.users(std::slice::from_ref(user)).await.unwrap().remove(0);
        if stored.connections.len() == count {
            return stored;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the user does not have {count} connections");
}
