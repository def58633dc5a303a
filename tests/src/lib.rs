//! The system under test: a local cloud with the real functions, which all tests share. With LAMBDA_CHAT_HTTP_URL,
//! LAMBDA_CHAT_WS_URL and LAMBDA_CHAT_AUTH_URL, the tests use a running system instead.

// Only tests use this crate, and a test fails by a panic.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::missing_panics_doc)]
#![allow(clippy::disallowed_methods)] // the environment says which system to test

pub mod contract;
pub mod files;
pub mod proxy;
mod typed;

use client::wire::{Credential, HttpClient, Socket};
use client::{Client, Options, StaticToken, Updates};
use dev::cloud::{Cloud, Setup, served_by, workspace};
use local_cloud::{Event, Output, build_program};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::RedisServer;

/// A running system.
#[derive(Debug, Clone)]
pub struct System {
    /// The HTTP API.
    pub http_url: String,
    /// The WebSocket API.
    pub ws_url: String,
    /// The stand-in Auth Service.
    pub auth_url: String,
    /// The DynamoDB endpoint. None if these tests did not start the system.
    pub dynamodb: Option<String>,
    /// The S3 endpoint. None if these tests did not start the system.
    pub s3: Option<String>,
    /// The Redis that stores live connections. None if the table ChatUsers does.
    pub redis: Option<String>,
    logs: Arc<Mutex<Vec<String>>>,
    published: Arc<Mutex<Vec<Published>>>,
}

/// A message that was published to a topic.
#[derive(Debug, Clone)]
pub struct Published {
    /// The topic's name.
    pub topic: String,
    /// The attributes of the message.
    pub attributes: BTreeMap<String, String>,
    /// The body of the message.
    pub body: Value,
}

/// The executable `lambda-chat`, which contains every function. If `cargo test` has built it already, cargo only
/// returns its path.
static LAMBDA_CHAT: LazyLock<PathBuf> = LazyLock::new(|| {
    let output: Output = Arc::new(|event| match event {
        Event::BuildOutput(line) if line.contains("error") => eprintln!("{line}"),
        _ => {}
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(build_program(&workspace(), "lambda-chat", &output)).expect("lambda-chat builds")
});

static SHARED: LazyLock<System> = LazyLock::new(|| match running() {
    Some(system) => system,
    None => System::start(|_| {}),
});

/// The Redis of the tests on Redis, and the system that uses it.
static REDIS: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);
static SHARED_ON_REDIS: LazyLock<System> = LazyLock::new(|| System::start_on(&REDIS, |_| {}));

fn running() -> Option<System> {
    let url = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    Some(System {
        http_url: url("LAMBDA_CHAT_HTTP_URL")?,
        ws_url: url("LAMBDA_CHAT_WS_URL")?,
        auth_url: url("LAMBDA_CHAT_AUTH_URL")?,
        dynamodb: None,
        s3: None,
        redis: None,
        logs: Arc::default(),
        published: Arc::default(),
    })
}

/// The seed of a test with random operations. Set LAMBDA_CHAT_SEED to repeat a failed run. Otherwise, it is a new one.
pub fn seed() -> u64 {
    let given = std::env::var("LAMBDA_CHAT_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

impl System {
    /// The system that all tests share.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// The system that the tests on Redis share.
    pub fn shared_on_redis() -> &'static Self {
        &SHARED_ON_REDIS
    }

    /// A separate local cloud for a test, with live connections in the shared Redis.
    pub fn start_on_redis(change: impl FnOnce(&mut Setup) + Send + 'static) -> Self {
        Self::start_on(&REDIS, change)
    }

    /// A separate local cloud for a test, with live connections in this Redis.
    pub fn start_on(redis: &RedisServer, change: impl FnOnce(&mut Setup) + Send + 'static) -> Self {
        let url = redis.url();
        let system = Self::start(move |setup| {
            setup.parameters.insert("RealtimeRedisUrl".to_owned(), url);
            change(setup);
        });
        Self { redis: Some(redis.url()), ..system }
    }

    /// A separate local cloud for a test, with another set-up than the shared one. It ends with the test program.
    pub fn start(change: impl FnOnce(&mut Setup) + Send + 'static) -> Self {
        client::wire::watch(contract::check);
        let (send, started) = mpsc::channel();
        // A separate runtime, because a test's runtime ends with the test.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let logs = Arc::new(Mutex::new(Vec::new()));
            let log = logs.clone();
            let published = Arc::new(Mutex::new(Vec::new()));
            let publish = published.clone();
            let output = Arc::new(move |event: Event| match event {
                Event::Log { .. } => log.lock().unwrap().push(event.to_string()),
                Event::InvocationFailed { .. } | Event::Warning(_) => {
                    eprintln!("{event}");
                    log.lock().unwrap().push(event.to_string());
                }
                Event::Published { topic, attributes, message } => {
                    let body = serde_json::from_str(&message).unwrap();
                    publish.lock().unwrap().push(Published { topic, attributes, body });
                }
                _ => {}
            });
            let mut setup = Setup::new(served_by(&*LAMBDA_CHAT), output);
            // So that a test can begin at once. The tests of the limits set their own.
            setup.environment.insert("NEW_MEMBER_BURST".to_owned(), "1000".to_owned());
            change(&mut setup);
            let cloud = runtime.block_on(Cloud::start(setup)).expect("the local cloud starts");
            let system = Self {
                http_url: cloud.local.http_url().to_owned(),
                ws_url: cloud.local.websocket_url().to_owned(),
                auth_url: cloud.auth.url(),
                dynamodb: Some(cloud.local.dynamodb_endpoint().to_owned()),
                s3: Some(cloud.local.s3_endpoint().to_owned()),
                redis: None,
                logs,
                published,
            };
            send.send(system).expect("the test waits");
            runtime.block_on(std::future::pending::<()>());
        });
        started.recv().expect("the local cloud starts")
    }

    /// A new user. The id is this name with a unique number.
    pub async fn user(&self, name: &str) -> User {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let id = format!("{name}-{since:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let token = self.token(&id, 3600).await;
        User { http: HttpClient::new(&self.http_url, Some(&token)).unwrap(), ws_url: self.ws_url.clone(), id, token }
    }

    /// A token of this user that expires in `seconds`. If negative, it has expired already.
    pub async fn token(&self, user: &str, seconds: i64) -> String {
        let auth = HttpClient::new(&self.auth_url, None).unwrap();
        let (_, answer) = auth.post("/token", &json!({"userId": user, "expiresInSeconds": seconds})).await.unwrap();
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Options of the client library for this system, with short timeouts.
    pub fn options(&self) -> Options {
        let mut options = Options::new(&self.http_url, &self.ws_url);
        options.request_timeout = Duration::from_secs(3);
        options.ping_after = Duration::from_secs(1);
        options.sync_after = Duration::from_secs(2);
        options.max_gap_wait = Duration::from_millis(100);
        options.max_first_wait = Duration::from_millis(50);
        options.max_wait = Duration::from_millis(500);
        options
    }

    /// The messages that were published since the last call.
    pub fn take_published(&self) -> Vec<Published> {
        std::mem::take(&mut self.published.lock().unwrap())
    }

    /// All log lines of the functions so far.
    pub fn logs(&self) -> Vec<String> {
        self.logs.lock().unwrap().clone()
    }
}

/// A user with a token.
#[derive(Debug, Clone)]
pub struct User {
    /// The user's id.
    pub id: String,
    /// The user's token.
    pub token: String,
    /// A client of the HTTP API with the user's token.
    pub http: HttpClient,
    ws_url: String,
}

impl User {
    /// Connects by WebSocket.
    pub async fn socket(&self) -> Socket {
        Socket::connect(&self.ws_url, Credential::Header(&self.token)).await.unwrap()
    }

    /// Starts the client library.
    pub async fn client(&self, options: Options) -> (Client, Updates) {
        Client::start(options, Arc::new(StaticToken(self.token.clone()))).await.unwrap()
    }

    /// Creates the private chat with another user over HTTP. Returns its id.
    pub async fn chat_with(&self, other: &Self) -> String {
        let (status, body) =
            self.http.post("/chats", &json!({"participants": [other.id], "isGroup": false})).await.unwrap();
        assert_eq!(status, 201, "{body}");
        body["chat"]["chatId"].as_str().unwrap().to_owned()
    }

    /// Creates a group with others over HTTP. Returns its id.
    pub async fn group(&self, others: &[&Self]) -> String {
        let others: Vec<_> = others.iter().map(|other| &other.id).collect();
        let body = json!({"participants": others, "isGroup": true, "name": "A group"});
        let (status, body) = self.http.post("/chats", &body).await.unwrap();
        assert_eq!(status, 201, "{body}");
        body["chat"]["chatId"].as_str().unwrap().to_owned()
    }

    /// Sends a text over HTTP. Returns the stored message.
    pub async fn send(&self, chat: &str, content: &str) -> Value {
        let body = json!({"type": "text", "content": content});
        let (status, body) = self.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
        assert_eq!(status, 201, "{body}");
        body["message"].clone()
    }
}

/// Asserts that an answer is this problem, with an error for this field if it is set.
#[track_caller]
pub fn assert_problem(problem: &Value, status: u16, code: &str, field: Option<&str>) {
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{problem}");
    assert_eq!(problem["type"], format!("urn:lambda-chat:problem:{code}"));
    for member in ["title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
    }
    assert!(problem["retryable"].is_boolean());
    let named: Vec<_> = problem["errors"].as_array().into_iter().flatten().map(|error| &error["field"]).collect();
    match field {
        Some(field) => assert!(named.contains(&&json!(field)), "{field}: {problem}"),
        None => assert!(named.is_empty(), "{problem}"),
    }
}
