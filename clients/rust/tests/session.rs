//! What a client makes of answers that no healthy system gives, from a server that says what it is told to say.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client::draft::Draft;
use client::{Client, Error, Link, OneToken, Options, Task, Tokens, Update, Updates};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

/// Nothing takes longer, on the slowest machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);
/// In the year 2100.
const YEAR_2100: u64 = 4_102_444_800;

/// What is said to the how-manieth message that comes, on the how-manieth connection; None for nothing.
type Script = fn(connection: u32, message: u32, frame: &Value) -> Option<Value>;

/// A WebSocket API that answers messages by a script, and everything else with nothing in particular; how many
/// connections it let in.
struct Server {
    options: Options,
    connections: Arc<AtomicU32>,
}

impl Server {
    async fn start(script: Script) -> Self {
        Self::start_deaf(0, script).await
    }

    /// Answers nothing on this connection.
    async fn start_deaf(deaf: u32, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = listener.local_addr().unwrap();
        let (connections, messages) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        // The last connection over which something came.
        let latest = Arc::new(AtomicU32::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let connection = counted.fetch_add(1, Ordering::Relaxed) + 1;
                let (messages, latest) = (messages.clone(), latest.clone());
                tokio::spawn(async move {
                    let mut socket = accept_async(stream).await.unwrap();
                    while let Some(Ok(Message::Text(text))) = socket.next().await {
                        latest.fetch_max(connection, Ordering::Relaxed);
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        let mut said = Some(json!({"ok": true, "data": {}}));
                        if frame["action"] == "sendMessage" {
                            said = script(connection, messages.fetch_add(1, Ordering::Relaxed) + 1, &frame);
                        }
                        let Some(mut reply) = said.filter(|_| connection != deaf) else { continue };
                        if reply["afterNextConnection"] == true {
                            while latest.load(Ordering::Relaxed) == connection {
                                tokio::time::sleep(Duration::from_millis(10)).await;
                            }
                        }
                        reply["id"] = frame["id"].clone();
                        let _ = socket.send(Message::text(reply.to_string())).await;
                    }
                });
            }
        });
        // Nobody listens at its HTTP API.
        let options = Options::new("http://127.0.0.1:9", &format!("ws://{url}"));
        Self { options, connections }
    }

    async fn client(&self) -> (Client, Updates) {
        Client::start(self.options.clone(), Arc::new(OneToken(token(YEAR_2100)))).await.unwrap()
    }

    fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }
}

/// A token that nobody looks at closely.
fn token(exp: u64) -> String {
    format!("head.{}.signature", URL_SAFE_NO_PAD.encode(json!({"sub": "alice", "exp": exp}).to_string()))
}

/// What becomes of a message, and its name.
async fn fate(updates: &mut Updates) -> Update {
    until(updates, |update| matches!(update, Update::Sent { .. } | Update::NotSent { .. })).await
}

async fn until(updates: &mut Updates, wanted: impl Fn(&Update) -> bool) -> Update {
    let next = async {
        loop {
            let next = updates.next().await.expect("the client goes on");
            if wanted(&next) {
                return next;
            }
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, next).await.expect("it comes")
}

fn stored(frame: &Value) -> Option<Value> {
    let message = json!({
        "messageId": "chat:1", "deletedFor": [], "chatId": frame["chatId"], "seq": 1, "rev": 1, "senderId": "alice", "type": "text", "content": frame["content"],
        "mentions": [], "reactions": [], "seenBy": [], "createdAt": "2026-11-24T12:00:00.000Z",
        "clientMessageId": frame["clientMessageId"],
    });
    Some(json!({"ok": true, "data": {"message": message}}))
}

fn refused(status: u16, code: &str) -> Option<Value> {
    let problem = json!({
        "type": format!("urn:lambda-chat:{code}"), "title": code, "status": status, "detail": "", "code": code,
        "retryable": false,
    });
    Some(json!({"ok": false, "error": problem}))
}

#[tokio::test]
async fn what_the_server_fails_over_is_tried_again_as_it_may_be_stored() {
    let server = Server::start(|_, nth, frame| if nth < 3 { refused(500, "internal") } else { stored(frame) }).await;
    let (client, mut updates) = server.client().await;
    let name = client.send("chat", Draft::text("Hello")).unwrap();
    let fate = fate(&mut updates).await;
    assert!(matches!(&fate, Update::Sent { client_message_id, .. } if *client_message_id == name), "{fate:?}");
}

#[tokio::test]
async fn what_the_server_fails_over_always_is_given_up() {
    let server = Server::start(|_, _, _| refused(500, "internal")).await;
    let (client, mut updates) = server.client().await;
    let name = client.send("chat", Draft::text("Hello")).unwrap();
    let fate = fate(&mut updates).await;
    let Update::NotSent { unsent, error } = fate else { panic!("{fate:?}") };
    let status = error.problem().map(|problem| problem.status);
    assert_eq!((unsent.client_message_id, unsent.tries, status), (name, 5, Some(500)));
}

#[tokio::test]
async fn what_is_not_answered_is_no_failure_of_the_server() {
    let script: Script = |_, nth, frame| match nth {
        1..=5 => None,
        6 => refused(500, "internal"),
        _ => stored(frame),
    };
    let mut server = Server::start(script).await;
    server.options.request = Duration::from_millis(100);
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    let fate = fate(&mut updates).await;
    assert!(matches!(fate, Update::Sent { .. }), "{fate:?}");
}

#[tokio::test]
async fn what_is_answered_with_something_else_always_is_given_up() {
    let server = Server::start(|_, _, _| Some(json!({"ok": true, "data": {"message": "of another time"}}))).await;
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    let fate = fate(&mut updates).await;
    let Update::NotSent { unsent, error } = fate else { panic!("{fate:?}") };
    assert!(matches!(*error, Error::Unexpected(_)), "{error:?}");
    assert_eq!(unsent.tries, 5);
    assert!(client.unsent().is_empty());
}

#[tokio::test]
async fn that_what_was_missed_cannot_be_asked_for_is_told() {
    let server = Server::start(|_, _, frame| stored(frame)).await;
    let (_client, mut updates) = server.client().await;
    let told = until(&mut updates, |update| matches!(update, Update::Failed { .. })).await;
    let Update::Failed { task, error } = told else { unreachable!() };
    assert_eq!(task, Task::CatchUp);
    assert!(matches!(*error, Error::Wire(_)), "nobody listens there: {error:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_does_not_end_the_connection() {
    let script: Script = |_, nth, frame| match nth {
        1 => Some(json!({"ok": true, "data": {"message": "of another time"}})),
        2 => Some(json!({"ok": false, "error": "of another time"})),
        _ => stored(frame),
    };
    let server = Server::start(script).await;
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    let fate = fate(&mut updates).await;
    assert!(matches!(fate, Update::Sent { .. }), "{fate:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_token_whose_time_is_over_on_the_former_connection_does_not_end_the_current_one() {
    let script: Script = |connection, _, frame| match connection {
        1 => refused(401, "token_expired").map(|mut reply| {
            reply["afterNextConnection"] = json!(true);
            reply
        }),
        _ => stored(frame),
    };
    let mut server = Server::start(script).await;
    server.options.life = Duration::from_secs(1);
    // It says something over the next connection.
    server.options.heartbeat = Duration::from_millis(50);
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    until(&mut updates, is_sent_without_a_break).await;
}

#[tokio::test]
async fn what_the_former_connection_does_not_answer_does_not_end_the_current_one() {
    let mut server = Server::start_deaf(1, |_, _, frame| stored(frame)).await;
    server.options.life = Duration::from_secs(1);
    server.options.heartbeat = Duration::from_millis(800);
    server.options.request = Duration::from_secs(3);
    let (client, mut updates) = server.client().await;
    // The ping has had its time by then.
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.send("chat", Draft::text("Hello")).unwrap();
    until(&mut updates, is_sent_without_a_break).await;
}

/// Whether a message is sent; the connection is not lost before.
fn is_sent_without_a_break(update: &Update) -> bool {
    assert!(!matches!(update, Update::Connection(Link::Offline { .. })), "{update:?}");
    matches!(update, Update::Sent { .. })
}

#[tokio::test]
async fn what_is_acknowledged_is_sent_whatever_the_message_says_of_its_name() {
    let script: Script = |_, _, frame| {
        stored(frame).map(|mut reply| {
            reply["data"]["message"]["clientMessageId"] = json!("another");
            reply
        })
    };
    let server = Server::start(script).await;
    let (client, mut updates) = server.client().await;
    let name = client.send("chat", Draft::text("Hello")).unwrap();
    let fate = fate(&mut updates).await;
    assert!(matches!(&fate, Update::Sent { client_message_id, .. } if *client_message_id == name), "{fate:?}");
    assert!(client.unsent().is_empty());
}

#[tokio::test]
async fn a_clock_that_is_ahead_does_not_renew_all_the_time() {
    let server = Server::start(|_, _, frame| stored(frame)).await;
    let (_client, mut updates) =
        Client::start(server.options.clone(), Arc::new(OneToken(token(1_000_000_000)))).await.unwrap();
    until(&mut updates, |update| matches!(update, Update::Connection(Link::Online))).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.connections(), 1);
}

/// Gives no token the how-manieth time that it is asked.
struct Hanging {
    at: u32,
    asked: AtomicU32,
}

impl Hanging {
    fn at(at: u32) -> Arc<Self> {
        Arc::new(Self { at, asked: AtomicU32::new(0) })
    }
}

impl Tokens for Hanging {
    fn token(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async {
            if self.asked.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
                std::future::pending::<()>().await;
            }
            Ok(token(YEAR_2100))
        })
    }
}

#[tokio::test]
async fn a_token_that_does_not_come_is_asked_for_again() {
    let mut server = Server::start(|_, _, frame| stored(frame)).await;
    server.options.request = Duration::from_millis(200);
    let first = Client::start(server.options.clone(), Hanging::at(1)).await;
    assert!(matches!(first, Err(Error::NoAnswer)), "nor is it waited for before anything begins");
    let (_client, mut updates) = Client::start(server.options.clone(), Hanging::at(2)).await.unwrap();
    until(&mut updates, |update| matches!(update, Update::Connection(Link::Offline { is_of_token: false, .. }))).await;
    until(&mut updates, |update| matches!(update, Update::Connection(Link::Online))).await;
}

#[tokio::test]
async fn that_a_connection_cannot_be_renewed_is_told_and_tried_again() {
    let mut server = Server::start(|_, _, frame| stored(frame)).await;
    server.options.request = Duration::from_millis(200);
    server.options.life = Duration::from_millis(200);
    let (_client, mut updates) = Client::start(server.options.clone(), Hanging::at(3)).await.unwrap();
    let is_of_renewal = |update: &Update| matches!(update, Update::Failed { task: Task::Renew, .. });
    until(&mut updates, is_of_renewal).await;
    let connections = server.connections();
    let renewed = async {
        while server.connections() == connections {
            let update = tokio::time::timeout(Duration::from_millis(50), updates.next()).await;
            assert!(!matches!(update, Ok(Some(Update::Connection(_)))), "the current one goes on: {update:?}");
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, renewed).await.expect("it is tried again");
}
