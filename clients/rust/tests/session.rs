//! How a client handles replies that a healthy system never sends. The server follows a script.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client::draft::Draft;
use client::events::ClosingCode;
use client::{Client, ConnectionStatus, Error, Options, StaticToken, Task, TokenSource, Update, Updates};
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// No wait of a test takes longer, even on a slow machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The `exp` of a token that is valid until the year 2100.
const YEAR_2100: u64 = 4_102_444_800;

/// The reply to the n-th `sendMessage`, and the number of its connection; None for no reply. Both numbers begin with 1.
/// After an event `connection.closing`, and instead of `{"close": true}`, the server closes the connection.
type Script = fn(connection: u32, message: u32, frame: &Value) -> Option<Value>;

/// A WebSocket server that replies to `sendMessage` by a script, and to every other action with empty data.
struct Server {
    options: Options,
    /// How many connections it has accepted.
    connections: Arc<AtomicU32>,
}

impl Server {
    async fn start(script: Script) -> Self {
        Self::start_with_mute_connection(0, script).await
    }

    /// Like [`start`](Self::start), but replies to nothing over this connection.
    async fn start_with_mute_connection(mute_connection: u32, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = listener.local_addr().unwrap();
        let (connections, messages) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        // The latest connection that received a frame.
        let latest = Arc::new(AtomicU32::new(0));
        let connection_count = connections.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let connection = connection_count.fetch_add(1, Ordering::Relaxed) + 1;
                let (messages, latest) = (messages.clone(), latest.clone());
                tokio::spawn(async move {
                    let mut socket = accept_async(stream).await.unwrap();
                    while let Some(Ok(Message::Text(text))) = socket.next().await {
                        latest.fetch_max(connection, Ordering::Relaxed);
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        let mut reply = Some(json!({"ok": true, "data": {}}));
                        if frame["action"] == "sendMessage" {
                            reply = script(connection, messages.fetch_add(1, Ordering::Relaxed) + 1, &frame);
                        }
                        let Some(mut reply) = reply.filter(|_| connection != mute_connection) else { continue };
                        if reply["afterNextConnection"] == true {
                            while latest.load(Ordering::Relaxed) == connection {
                                tokio::time::sleep(Duration::from_millis(10)).await;
                            }
                        }
                        if reply["close"] == true || reply["event"] == "connection.closing" {
                            close(&mut socket, &reply).await;
                            return;
                        }
                        reply["id"] = frame["id"].clone();
                        let _ = socket.send(Message::text(reply.to_string())).await;
                    }
                });
            }
        });
        // Nothing listens at the HTTP URL.
        let options = Options::new("http://127.0.0.1:9", &format!("ws://{url}"));
        Self { options, connections }
    }

    async fn client(&self) -> (Client, Updates) {
        Client::start(self.options.clone(), Arc::new(StaticToken(token(YEAR_2100)))).await.unwrap()
    }

    fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Posts an event, if it is one, and closes the connection as API Gateway does: with 1000 and no reason. Returns when the
/// client has closed it too.
async fn close(socket: &mut WebSocketStream<TcpStream>, event: &Value) {
    if event.get("event").is_some() {
        let _ = socket.send(Message::text(event.to_string())).await;
    }
    let _ = socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await;
    while let Some(Ok(_)) = socket.next().await {}
}

/// The event before the system closes a connection.
fn closing(code: &str, retry_after_ms: Option<u64>) -> Option<Value> {
    let mut event =
        json!({"event": "connection.closing", "data": {"code": code, "retryable": true, "detail": "The reason."}});
    if let Some(millis) = retry_after_ms {
        event["data"]["retryAfterMs"] = json!(millis);
    }
    Some(event)
}

/// A token whose signature is not valid: this server does not check it.
fn token(exp: u64) -> String {
    format!("head.{}.signature", URL_SAFE_NO_PAD.encode(json!({"sub": "alice", "exp": exp}).to_string()))
}

/// Waits until a message is stored or given up.
async fn send_result(updates: &mut Updates) -> Update {
    until(updates, |update| matches!(update, Update::Sent { .. } | Update::NotSent { .. })).await
}

async fn until(updates: &mut Updates, wanted: impl Fn(&Update) -> bool) -> Update {
    let next = async {
        loop {
            let next = updates.next().await.expect("the client still runs");
            if wanted(&next) {
                return next;
            }
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, next).await.expect("the update comes in time")
}

fn stored(frame: &Value) -> Option<Value> {
    let message = json!({
        "messageId": "chat:1", "chatId": frame["chatId"], "seq": 1, "rev": 1, "senderId": "alice", "type": "text",
        "content": frame["content"], "deletedFor": [], "mentions": [], "reactions": [], "seenBy": [], "createdAt": "2026-11-24T12:00:00.000Z",
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
async fn message_is_sent_again_after_500() {
    let server = Server::start(|_, nth, frame| if nth < 3 { refused(500, "internal") } else { stored(frame) }).await;
    let (client, mut updates) = server.client().await;
    let id = client.send("chat", Draft::text("Hello")).unwrap();
    let result = send_result(&mut updates).await;
    assert!(matches!(&result, Update::Sent { client_message_id, .. } if *client_message_id == id), "{result:?}");
}

#[tokio::test]
async fn message_is_given_up_after_five_times_500() {
    let server = Server::start(|_, _, _| refused(500, "internal")).await;
    let (client, mut updates) = server.client().await;
    let id = client.send("chat", Draft::text("Hello")).unwrap();
    let result = send_result(&mut updates).await;
    let Update::NotSent { unsent, error } = result else { panic!("{result:?}") };
    let status = error.problem().map(|problem| problem.status);
    assert_eq!((unsent.client_message_id, unsent.tries, status), (id, 5, Some(500)));
}

#[tokio::test]
async fn time_outs_do_not_count_as_server_failures() {
    let script: Script = |_, nth, frame| match nth {
        1..=5 => None,
        6 => refused(500, "internal"),
        _ => stored(frame),
    };
    let mut server = Server::start(script).await;
    server.options.request_timeout = Duration::from_millis(100);
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    let result = send_result(&mut updates).await;
    assert!(matches!(result, Update::Sent { .. }), "{result:?}");
}

#[tokio::test]
async fn message_is_given_up_after_five_unreadable_replies() {
    let server = Server::start(|_, _, _| Some(json!({"ok": true, "data": {"message": "not a message"}}))).await;
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    let result = send_result(&mut updates).await;
    let Update::NotSent { unsent, error } = result else { panic!("{result:?}") };
    assert!(matches!(*error, Error::Unexpected(_)), "{error:?}");
    assert_eq!(unsent.tries, 5);
    assert!(client.unsent().is_empty());
}

#[tokio::test]
async fn failed_catch_up_is_reported() {
    let server = Server::start(|_, _, frame| stored(frame)).await;
    let (_client, mut updates) = server.client().await;
    let update = until(&mut updates, |update| matches!(update, Update::Failed { .. })).await;
    let Update::Failed { task, error } = update else { unreachable!() };
    assert_eq!(task, Task::CatchUp);
    assert!(matches!(*error, Error::Wire(_)), "nothing listens at the HTTP URL: {error:?}");
}

#[tokio::test]
async fn unreadable_reply_does_not_end_the_connection() {
    let script: Script = |_, nth, frame| match nth {
        1 => Some(json!({"ok": true, "data": {"message": "not a message"}})),
        2 => Some(json!({"ok": false, "error": "not a message"})),
        _ => stored(frame),
    };
    let server = Server::start(script).await;
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    let result = send_result(&mut updates).await;
    assert!(matches!(result, Update::Sent { .. }), "{result:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn token_expired_over_the_former_connection_does_not_end_the_present_one() {
    let script: Script = |connection, _, frame| match connection {
        1 => refused(401, "token_expired").map(|mut reply| {
            reply["afterNextConnection"] = json!(true);
            reply
        }),
        _ => stored(frame),
    };
    let mut server = Server::start(script).await;
    server.options.max_connection_age = Duration::from_secs(1);
    // So the client sends a ping over the next connection.
    server.options.ping_after = Duration::from_millis(50);
    let (client, mut updates) = server.client().await;
    client.send("chat", Draft::text("Hello")).unwrap();
    until(&mut updates, is_sent_without_disconnect).await;
}

#[tokio::test]
async fn ping_without_a_reply_over_the_former_connection_does_not_end_the_present_one() {
    let mut server = Server::start_with_mute_connection(1, |_, _, frame| stored(frame)).await;
    server.options.max_connection_age = Duration::from_secs(1);
    server.options.ping_after = Duration::from_millis(800);
    server.options.request_timeout = Duration::from_secs(3);
    let (client, mut updates) = server.client().await;
    // The ping over the first connection would have timed out by then.
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.send("chat", Draft::text("Hello")).unwrap();
    until(&mut updates, is_sent_without_disconnect).await;
}

/// Whether the update is that a message is stored. Fails if the connection was lost before.
fn is_sent_without_disconnect(update: &Update) -> bool {
    assert!(!matches!(update, Update::Connection(ConnectionStatus::Offline { .. })), "{update:?}");
    matches!(update, Update::Sent { .. })
}

#[tokio::test]
async fn reply_acknowledges_its_message_even_with_another_client_message_id() {
    let script: Script = |_, _, frame| {
        stored(frame).map(|mut reply| {
            reply["data"]["message"]["clientMessageId"] = json!("another");
            reply
        })
    };
    let server = Server::start(script).await;
    let (client, mut updates) = server.client().await;
    let id = client.send("chat", Draft::text("Hello")).unwrap();
    let result = send_result(&mut updates).await;
    assert!(matches!(&result, Update::Sent { client_message_id, .. } if *client_message_id == id), "{result:?}");
    assert!(client.unsent().is_empty());
}

#[tokio::test]
async fn clock_that_is_ahead_does_not_renew_in_a_loop() {
    let server = Server::start(|_, _, frame| stored(frame)).await;
    let (_client, mut updates) =
        Client::start(server.options.clone(), Arc::new(StaticToken(token(1_000_000_000)))).await.unwrap();
    until(&mut updates, |update| matches!(update, Update::Connection(ConnectionStatus::Online))).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.connections(), 1);
}

/// A token source whose n-th call never returns.
struct HangingTokens {
    n: u32,
    calls: AtomicU32,
}

impl HangingTokens {
    fn at_call(n: u32) -> Arc<Self> {
        Arc::new(Self { n, calls: AtomicU32::new(0) })
    }
}

impl TokenSource for HangingTokens {
    fn token(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async {
            if self.calls.fetch_add(1, Ordering::Relaxed) + 1 == self.n {
                std::future::pending::<()>().await;
            }
            Ok(token(YEAR_2100))
        })
    }
}

/// Counts the tokens that it gives.
#[derive(Default)]
struct CountedTokens(AtomicU32);

impl TokenSource for CountedTokens {
    fn token(&self) -> BoxFuture<'_, Result<String, Error>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(token(YEAR_2100)) })
    }
}

/// Sends a message to a server that closes the first connection over it. Returns the status of the lost connection. The
/// message arrives over the second one.
async fn send_over_second_connection(server: &Server, tokens: Arc<CountedTokens>) -> ConnectionStatus {
    let (client, mut updates) = Client::start(server.options.clone(), tokens).await.unwrap();
    client.send("chat", Draft::text("Hello")).unwrap();
    let is_offline = |update: &Update| matches!(update, Update::Connection(ConnectionStatus::Offline { .. }));
    let Update::Connection(status) = until(&mut updates, is_offline).await else { unreachable!() };
    let result = send_result(&mut updates).await;
    assert!(matches!(result, Update::Sent { .. }), "{result:?}");
    assert_eq!(server.connections(), 2);
    status
}

#[tokio::test]
async fn expired_token_is_replaced_and_the_client_connects_again() {
    let server = Server::start(|connection, _, frame| match connection {
        1 => closing("token_expired", None),
        _ => stored(frame),
    })
    .await;
    let tokens = Arc::new(CountedTokens::default());
    let status = send_over_second_connection(&server, tokens.clone()).await;
    assert_eq!(tokens.0.load(Ordering::Relaxed), 3, "one at the start, and one for each connection");
    let ConnectionStatus::Offline { reason, closing, retry_in, .. } = status else { unreachable!() };
    assert_eq!(
        (reason.as_str(), closing),
        ("the system closed the connection: The reason.", Some(ClosingCode::TokenExpired))
    );
    assert!(retry_in <= server.options.max_first_wait, "{retry_in:?}");
}

#[tokio::test]
async fn client_that_was_one_too_many_tells_the_application_and_waits_as_it_is_told() {
    let mut server = Server::start(|connection, _, frame| match connection {
        1 => closing("too_many_connections", Some(200)),
        _ => stored(frame),
    })
    .await;
    (server.options.max_first_wait, server.options.max_wait) = (Duration::ZERO, Duration::from_millis(100));
    let status = send_over_second_connection(&server, Arc::default()).await;
    let ConnectionStatus::Offline { closing, is_token_error, retry_in, .. } = status else { unreachable!() };
    assert_eq!((closing, is_token_error), (Some(ClosingCode::TooManyConnections), false));
    let wait = Duration::from_millis(200)..=Duration::from_millis(300);
    assert!(wait.contains(&retry_in), "the next try waits {retry_in:?}");
}

#[tokio::test]
async fn close_with_1000_is_not_final() {
    let server = Server::start(|connection, _, frame| match connection {
        1 => Some(json!({"close": true})),
        _ => stored(frame),
    })
    .await;
    let status = send_over_second_connection(&server, Arc::default()).await;
    assert!(matches!(status, ConnectionStatus::Offline { closing: None, .. }), "{status:?}");
}

/// A user with as many connections as are allowed: to open the next connection closes the present one.
#[tokio::test]
async fn connection_that_its_own_renewal_closes_is_replaced_without_a_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap();
    let (reply, replied) = oneshot::channel();
    tokio::spawn(async move {
        let mut first = accept_async(listener.accept().await.unwrap().0).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        // The handshake of the second connection is complete when the first one is closed.
        close(&mut first, &closing("too_many_connections", Some(600_000)).unwrap()).await;
        let mut second = accept_async(stream).await.unwrap();
        let _ = reply.send(second.next().await.is_some());
        while let Some(Ok(_)) = second.next().await {}
    });
    let mut options = Options::new("http://127.0.0.1:9", &format!("ws://{url}"));
    // The second connection must not be renewed, too, before the updates are read.
    options.max_connection_age = Duration::from_secs(2);
    options.ping_after = Duration::from_millis(100);
    let (_client, mut updates) = Client::start(options, Arc::new(StaticToken(token(YEAR_2100)))).await.unwrap();
    let was_used = tokio::time::timeout(TEST_TIMEOUT, replied).await.expect("the second connection is used in time");
    assert!(was_used.unwrap());
    while let Ok(Some(update)) = tokio::time::timeout(Duration::ZERO, updates.next()).await {
        assert!(!matches!(update, Update::Connection(ConnectionStatus::Offline { .. })), "{update:?}");
    }
}

#[tokio::test]
async fn token_that_does_not_come_is_requested_again() {
    let mut server = Server::start(|_, _, frame| stored(frame)).await;
    server.options.request_timeout = Duration::from_millis(200);
    let first = Client::start(server.options.clone(), HangingTokens::at_call(1)).await;
    assert!(matches!(first, Err(Error::NoAnswer)), "the start does not wait for ever");
    let (_client, mut updates) = Client::start(server.options.clone(), HangingTokens::at_call(2)).await.unwrap();
    until(&mut updates, |update| {
        matches!(update, Update::Connection(ConnectionStatus::Offline { is_token_error: false, .. }))
    })
    .await;
    until(&mut updates, |update| matches!(update, Update::Connection(ConnectionStatus::Online))).await;
}

#[tokio::test]
async fn failed_renewal_is_reported_and_tried_again() {
    let mut server = Server::start(|_, _, frame| stored(frame)).await;
    server.options.request_timeout = Duration::from_millis(200);
    server.options.max_connection_age = Duration::from_millis(200);
    let (_client, mut updates) = Client::start(server.options.clone(), HangingTokens::at_call(3)).await.unwrap();
    let is_of_renewal = |update: &Update| matches!(update, Update::Failed { task: Task::Renew, .. });
    until(&mut updates, is_of_renewal).await;
    let connections = server.connections();
    let renewed = async {
        while server.connections() == connections {
            let update = tokio::time::timeout(Duration::from_millis(50), updates.next()).await;
            assert!(!matches!(update, Ok(Some(Update::Connection(_)))), "the present connection goes on: {update:?}");
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, renewed).await.expect("the renewal is tried again");
}
