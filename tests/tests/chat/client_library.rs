//! The guarantees of the client library, one per test.

use client::draft::Draft;
use client::events::Event;
use client::{Client, ConnectionStatus, Error, Options, StaticToken, TokenSource, Update, Updates, call};
use end_to_end::proxy::Proxy;
use end_to_end::{System, User, seed};
use futures_util::future::BoxFuture;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The longest wait, generous enough for a slow machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Waits for the first update that `wanted` accepts. Returns it with all earlier ones.
async fn until(updates: &mut Updates, mut wanted: impl FnMut(&Update) -> bool) -> Vec<Update> {
    let mut came = Vec::new();
    loop {
        let next = tokio::time::timeout(TEST_TIMEOUT, updates.next()).await;
        came.push(
            next.unwrap_or_else(|_| panic!("the update does not come: {came:?}")).expect("the client is running"),
        );
        if came.last().is_some_and(&mut wanted) {
            return came;
        }
    }
}

fn is_caught_up(update: &Update) -> bool {
    matches!(update, Update::CaughtUp)
}

/// The contents of new messages, in the order of the updates.
fn contents(updates: &[Update]) -> Vec<String> {
    let content = |update: &Update| match update {
        Update::Event(Event::MessageCreated { data, .. }) => Some(data.content.clone()),
        _ => None,
    };
    updates.iter().filter_map(content).collect()
}

async fn two(system: &System) -> (User, User, String) {
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    (alice, bob, chat)
}

#[tokio::test]
async fn messages_are_stored_once_and_in_order_over_a_bad_network() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let proxy = Proxy::start(&system.ws_url, seed()).await;
    let request_timeout = Duration::from_secs(1);
    let (client, mut updates) =
        alice.client(Options { ws_url: proxy.url.clone(), request_timeout, ..system.options() }).await;
    until(&mut updates, is_caught_up).await;
    proxy.faults().set([20, 10, 0, 5]);
    let wanted: Vec<_> = (0..20).map(|n| format!("Line {n}")).collect();
    for line in &wanted {
        client.send(&chat, Draft::text(line)).unwrap();
    }
    let mut acknowledged = 0;
    until(&mut updates, |update| {
        acknowledged += usize::from(matches!(update, Update::Sent { .. }));
        acknowledged == wanted.len()
    })
    .await;
    assert_eq!(client.unsent(), []);
    let (_, page) = bob.http.get(&format!("/chats/{chat}/messages")).await.unwrap();
    let stored: Vec<_> = page["messages"].as_array().unwrap().iter().map(|it| it["content"].clone()).collect();
    assert_eq!(stored, wanted, "{:?}", proxy.counts());
    assert!(proxy.counts().values().sum::<u64>() > 5, "the network was bad: {:?}", proxy.counts());
}

#[tokio::test]
async fn refused_message_is_reported_and_does_not_block_the_next() {
    let system = crate::system();
    let (alice, _, chat) = two(system).await;
    let (client, mut updates) = alice.client(system.options()).await;
    let refused = client.send(&chat, Draft::text("  ")).unwrap();
    // API Gateway closes the connection at a too large frame. A retry would close it again and again.
    let long = client.send(&chat, Draft::text("x".repeat(33 * 1024)));
    assert!(matches!(long, Err(Error::MessageTooLong)), "{long:?}");
    let stored = client.send(&chat, Draft::text("Hello")).unwrap();
    let came =
        until(&mut updates, |it| matches!(it, Update::Sent { client_message_id, .. } if *client_message_id == stored))
            .await;
    let problem = came.iter().find_map(|update| match update {
        Update::NotSent { unsent, error } if unsent.client_message_id == refused => error.problem(),
        _ => None,
    });
    let problem = problem.expect("the refusal comes before the next message");
    assert_eq!((problem.code.as_str(), problem.errors[0].field.as_str()), ("invalid_request", "content"));
}

#[tokio::test]
async fn connection_is_renewed_without_a_gap_or_offline_status() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let proxy = Proxy::start(&system.ws_url, seed()).await;
    let mut watching = bob.socket().await;
    let max_connection_age = Duration::from_secs(1);
    let options = Options { ws_url: proxy.url.clone(), max_connection_age, ..system.options() };
    let (client, mut updates) = alice.client(options).await;
    until(&mut updates, is_caught_up).await;
    watching.event("presence.updated").await.unwrap();
    let connections = proxy.accepted();
    let mut wanted = Vec::new();
    while proxy.accepted() < connections + 3 {
        let line = format!("Line {}", wanted.len());
        bob.send(&chat, &line).await;
        wanted.push(line);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(wanted.len() < 600, "the connection is renewed");
    }
    let came = until(&mut updates, |update| contents(std::slice::from_ref(update)).last() == wanted.last()).await;
    assert_eq!(contents(&came), wanted);
    let is_quiet = !came.iter().any(|update| matches!(update, Update::Connection(_) | Update::CaughtUp));
    assert!(is_quiet, "no event was missed, so the client did not sync: {came:?}");
    watching.request("ping", json!({})).await.unwrap();
    let frames = watching.take_waiting();
    let presence: Vec<_> = frames.iter().filter(|frame| frame["event"] == "presence.updated").collect();
    assert!(presence.is_empty(), "{presence:?}");
    assert_eq!(client.connection_status(), ConnectionStatus::Online);
}

/// Issues tokens that expire after a few seconds.
struct ShortTokens {
    system: &'static System,
    user: String,
    given: AtomicU32,
}

impl TokenSource for ShortTokens {
    fn token(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async {
            self.given.fetch_add(1, Ordering::Relaxed);
            Ok(self.system.token(&self.user, 4).await)
        })
    }
}

#[tokio::test]
async fn token_is_replaced_before_it_expires() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let tokens = Arc::new(ShortTokens { system, user: alice.id.clone(), given: AtomicU32::new(0) });
    let (client, mut updates) = Client::start(system.options(), tokens.clone()).await.unwrap();
    until(&mut updates, is_caught_up).await;
    // One token for the user's id, one for the first connection, and one for each later connection.
    let mut lines = 0;
    while tokens.given.load(Ordering::Relaxed) < 5 {
        client.send(&chat, Draft::text(format!("Line {lines}"))).unwrap();
        lines += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(lines < 120, "the client asks for new tokens");
    }
    let (name, mut came) = (client.send(&chat, Draft::text("The last")).unwrap(), Vec::new());
    let is_last = |it: &Update| matches!(it, Update::Sent { client_message_id, .. } if *client_message_id == name);
    came.extend(until(&mut updates, is_last).await);
    let lost = came.iter().any(|update| matches!(update, Update::Connection(ConnectionStatus::Offline { .. })));
    assert!(!lost, "{came:?}");
    let (_, page) = bob.http.get(&format!("/chats/{chat}/messages?limit=100")).await.unwrap();
    assert_eq!(page["seq"], lines + 1, "{page}");
}

/// First an expired token, then valid ones.
struct LateTokens {
    system: &'static System,
    user: String,
    given: AtomicU32,
}

impl TokenSource for LateTokens {
    fn token(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async {
            let is_first = self.given.fetch_add(1, Ordering::Relaxed) == 0;
            Ok(self.system.token(&self.user, if is_first { -3600 } else { 3600 }).await)
        })
    }
}

#[tokio::test]
async fn http_gets_a_new_token_without_a_connection() {
    let system = crate::system();
    let alice = system.user("alice").await;
    let tokens = Arc::new(LateTokens { system, user: alice.id.clone(), given: AtomicU32::new(0) });
    // No server listens there.
    let options = Options { ws_url: "ws://127.0.0.1:9".to_owned(), ..system.options() };
    let (client, _updates) = Client::start(options, tokens).await.unwrap();
    for _ in 0..2 {
        let answer = client.request(&call::get_me()).await.unwrap();
        assert_eq!(answer.user.user_id, alice.id);
    }
}

#[tokio::test]
async fn event_lost_before_a_silence_is_recovered_for_an_open_chat() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let proxy = Proxy::start(&system.ws_url, seed()).await;
    // Without pings, the client finds the loss only because of the silence.
    let ping_after = Duration::from_secs(3600);
    let options = Options { ws_url: proxy.url.clone(), ping_after, ..system.options() };
    let (client, mut updates) = alice.client(options).await;
    until(&mut updates, is_caught_up).await;
    client.set_visible(std::slice::from_ref(&chat)).await.unwrap();
    proxy.faults().set([100, 0, 0, 0]);
    bob.send(&chat, "Are you there?").await;
    while !proxy.counts().contains_key("lost") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    proxy.faults().set([0; 4]);
    let came = until(&mut updates, |update| !contents(std::slice::from_ref(update)).is_empty()).await;
    assert_eq!(contents(&came), ["Are you there?"]);
    assert_eq!(client.read(|state| state.unread(&chat)), 1);
}

#[tokio::test]
async fn overtaken_event_is_awaited_without_a_request() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let proxy = Proxy::start(&system.ws_url, seed()).await;
    let options = Options { ws_url: proxy.url.clone(), max_gap_wait: TEST_TIMEOUT, ..system.options() };
    let (client, mut updates) = alice.client(options).await;
    until(&mut updates, is_caught_up).await;
    proxy.faults().set([0, 100, 0, 0]);
    for line in ["One", "Two"] {
        bob.send(&chat, line).await;
    }
    let came = until(&mut updates, |update| contents(std::slice::from_ref(update)) == ["Two"]).await;
    assert_eq!(contents(&came), ["One", "Two"], "{:?}", proxy.counts());
    assert!(!came.iter().any(is_caught_up), "{came:?}");
    drop(client);
}

#[tokio::test]
async fn rejected_token_is_reported() {
    let system = crate::system();
    let alice = system.user("alice").await;
    let mut forged = alice.token.clone();
    forged.truncate(forged.len() - 8);
    forged.push_str("AAAAAAAA");
    let (_client, mut updates) = Client::start(system.options(), Arc::new(StaticToken(forged))).await.unwrap();
    let came =
        until(&mut updates, |update| matches!(update, Update::Connection(ConnectionStatus::Offline { .. }))).await;
    let Some(Update::Connection(ConnectionStatus::Offline { reason, is_token_error, .. })) = came.last() else {
        panic!("{came:?}")
    };
    assert!(*is_token_error && reason.contains("403"), "{reason}");
    let none = Client::start(system.options(), Arc::new(StaticToken("no token".to_owned()))).await;
    assert!(none.is_err_and(|error| error.is_token_error()));
}

#[tokio::test]
async fn both_devices_of_a_user_have_the_same_state() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let (desk, mut at_desk) = alice.client(system.options()).await;
    let (phone, mut on_phone) = alice.client(system.options()).await;
    until(&mut at_desk, is_caught_up).await;
    until(&mut on_phone, is_caught_up).await;
    let sent = desk.send(&chat, Draft::text("Hello")).unwrap();
    let came = until(&mut at_desk, |update| matches!(update, Update::Event(Event::MessageCreated { .. }))).await;
    assert!(came.iter().any(|it| matches!(it, Update::Sent { client_message_id, .. } if *client_message_id == sent)));
    desk.edit(&chat, 1, "Hello Bob").await.unwrap();
    desk.react(&chat, 1, &["\u{1F44D}".to_owned()]).await.unwrap();
    bob.send(&chat, "Hello Alice").await;
    desk.mark_seen(&chat, 2).await.unwrap();
    until(&mut on_phone, |update| matches!(update, Update::Event(Event::ReceiptUpdated { .. }))).await;
    let form = |client: &Client| {
        client.read(|state| {
            let held = state.chat(&chat).unwrap();
            (json!(held.messages().collect::<Vec<_>>()), held.seq(), held.rev(), state.unread(&chat))
        })
    };
    let at_phone = form(&phone);
    assert_eq!((at_phone.1, at_phone.2, at_phone.3), (2, 2, 0));
    let seen: Vec<_> = at_phone.0.as_array().unwrap().iter().map(|it| it["content"].clone()).collect();
    assert_eq!(seen, ["Hello Bob", "Hello Alice"]);
    until(&mut at_desk, |update| contents(std::slice::from_ref(update)) == ["Hello Alice"]).await;
    assert_eq!(form(&desk), at_phone);
}
