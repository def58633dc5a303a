use super::*;
use crate::cache::MIN_FETCH_INTERVAL;
use crate::fakes::{ARN, Clock, Log, RecordedRequest, SecretsManager, Server, sdk_config};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use error_text::error_chain;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;

const SECRET: &str = "s3cr3t-of-the-chat";
const ROTATED: &str = "s3cr3t-of-tomorrow";

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn users<const N: usize>(ids: [&str; N]) -> Vec<UserId> {
    ids.map(user).into()
}

fn numbered_users(n: usize) -> Vec<UserId> {
    (0..n).map(|n| user(&format!("user-{n:03}"))).collect()
}

fn profile_named(username: &str) -> Profile {
    Profile { username: username.to_owned(), display_name: None, avatar_url: None }
}

/// The user ids that a request asks for.
fn ids(request: &RecordedRequest) -> Vec<String> {
    let ids = request.uri.query().unwrap().strip_prefix("ids=").unwrap().split(',');
    ids.map(|id| percent_encoding::percent_decode_str(id).decode_utf8().unwrap().into_owned()).collect()
}

/// Returns a profile for every requested user except "nobody".
fn all_profiles(request: &RecordedRequest) -> Response {
    let known_ids = ids(request).into_iter().filter(|id| id != "nobody");
    let users: Vec<_> = known_ids.map(|id| json!({"userId": id, "username": format!("name of {id}")})).collect();
    Json(json!({ "users": users })).into_response()
}

fn status(code: u16) -> Response {
    (StatusCode::from_u16(code).unwrap(), "alice@example.org").into_response()
}

/// A server that answers the n-th request with the n-th status, and later requests with profiles. Status 0 is a
/// response that does not come.
async fn server_with_statuses(statuses: &[u16]) -> Server {
    let statuses = statuses.to_vec();
    Server::start(move |request| {
        let code = statuses.get(request.n).copied();
        async move {
            match code {
                None => all_profiles(&request),
                Some(0) => {
                    tokio::time::sleep(Duration::from_secs(20)).await;
                    all_profiles(&request)
                }
                Some(code) => status(code),
            }
        }
    })
    .await
}

fn directory(server: &Server, credential: Option<Credential>) -> (AuthService<Clock>, Clock) {
    let clock = Clock::default();
    let mut directory = AuthService::new(&server.url, credential, clock.clone()).unwrap();
    // A machine that is busy with other tests must not cause time-outs.
    assert_eq!(directory.attempt_timeout, Duration::from_secs(1));
    directory.attempt_timeout = Duration::from_secs(30);
    (directory, clock)
}

async fn failure(directory: &AuthService<Clock>, users: &[UserId]) -> String {
    let answer = tokio::time::timeout(Duration::from_secs(20), directory.profiles(users)).await;
    let error = answer.unwrap().unwrap_err();
    format!("{} {error:?}", error_chain(&error))
}

#[tokio::test]
async fn profiles_are_merged_and_cached() {
    let server = Server::start(|request| async move {
        let [alice, bob] = [
            json!({"userId": "alice", "username": "ally", "displayName": "Alice", "avatarUrl": "https://a.example/a.png"}),
            json!({"userId": "bob", "username": "bob", "displayName": null, "roles": ["new"]}),
        ];
        Json(json!({"users": if request.n == 0 { [alice] } else { [bob] }, "next": 1}))
            .into_response()
    })
    .await;
    let (directory, _) = directory(&server, None);
    let alice = Profile {
        username: "ally".to_owned(),
        display_name: Some("Alice".to_owned()),
        avatar_url: Some("https://a.example/a.png".to_owned()),
    };
    let profiles = directory.profiles(&users(["alice", "alice"])).await.unwrap().unwrap();
    assert_eq!(profiles, BTreeMap::from([(user("alice"), alice.clone())]));
    let both = BTreeMap::from([(user("alice"), alice), (user("bob"), profile_named("bob"))]);
    for _ in 0..2 {
        assert_eq!(directory.profiles(&users(["bob", "alice"])).await.unwrap().unwrap(), both);
    }
    let uris: Vec<_> = server.requests().iter().map(|request| request.uri.to_string()).collect();
    assert_eq!(uris, ["/users?ids=alice", "/users?ids=bob"]);
    assert_eq!(server.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn profile_is_requested_again_after_five_minutes() {
    let server = Server::start(|request| async move {
        Json(json!({"users": [{"userId": "alice", "username": format!("name {}", request.n)}]})).into_response()
    })
    .await;
    let (directory, clock) = directory(&server, None);
    let mut names = Vec::new();
    for wait in [0, 299_999, 1, 0] {
        clock.advance(Duration::from_millis(wait));
        names.push(directory.profiles(&users(["alice"])).await.unwrap().unwrap()[&user("alice")].username.clone());
    }
    assert_eq!(names, ["name 0", "name 0", "name 1", "name 1"]);
}

#[tokio::test]
async fn absence_of_a_user_is_not_cached() {
    let server = server_with_statuses(&[]).await;
    let (directory, _) = directory(&server, None);
    for _ in 0..2 {
        let profiles = directory.profiles(&users(["alice", "nobody"])).await.unwrap().unwrap();
        assert_eq!(profiles, BTreeMap::from([(user("alice"), profile_named("name of alice"))]));
    }
    let requested_ids: Vec<_> = server.requests().iter().map(ids).collect();
    assert_eq!(requested_ids, [vec!["alice", "nobody"], vec!["nobody"]]);
}

#[tokio::test]
async fn empty_lookup_sends_no_request() {
    let server = server_with_statuses(&[]).await;
    let (directory, _) = directory(&server, None);
    assert_eq!(directory.profiles(&[]).await.unwrap(), Some(BTreeMap::new()));
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn large_lookup_is_split_into_few_concurrent_requests() {
    let (current, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let shared_peak = peak.clone();
    let server = Server::start(move |request| {
        let (current, peak) = (current.clone(), shared_peak.clone());
        async move {
            peak.fetch_max(current.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            current.fetch_sub(1, Ordering::SeqCst);
            all_profiles(&request)
        }
    })
    .await;
    let (directory, _) = directory(&server, None);
    let profiles = directory.profiles(&numbered_users(120)).await.unwrap().unwrap();
    assert_eq!(profiles.len(), 120);
    assert_eq!(profiles[&user("user-119")], profile_named("name of user-119"));
    let mut sizes: Vec<_> = server.requests().iter().map(|request| ids(request).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [20, 50, 50]);
    assert_eq!(peak.load(Ordering::SeqCst), 3);
    directory.profiles(&numbered_users(600)).await.unwrap();
    assert_eq!(peak.load(Ordering::SeqCst), 4);
    let all: BTreeSet<_> = server.requests().iter().flat_map(ids).collect();
    assert_eq!((server.count(), all.len()), (3 + 10, 600), "no user is requested twice");
}

#[tokio::test]
async fn urls_are_short_and_contain_every_id() {
    let server = server_with_statuses(&[]).await;
    let (directory, _) = directory(&server, None);
    let long: Vec<_> = (0..60).map(|n| user(&format!("auth0|a:b@c.d_e-{n:02}{}", "|".repeat(110)))).collect();
    assert_eq!(directory.profiles(&long).await.unwrap().unwrap().len(), 60);
    let requests = server.requests();
    assert_eq!(requests.iter().map(|request| ids(request).len()).sum::<usize>(), 60);
    assert!(requests.iter().all(|request| server.url.len() + request.uri.to_string().len() < 4096));
    assert!(requests.iter().filter(|request| ids(request).len() == 11).count() >= 5, "as many ids as fit into a URL");
    assert!(requests[0].uri.to_string().starts_with("/users?ids=auth0%7Ca%3Ab%40c.d_e-"));
}

#[tokio::test]
async fn transient_error_is_retried_once() {
    for first in [500, 502, 503, 429, 0] {
        let server = server_with_statuses(&[first]).await;
        let (mut directory, clock) = directory(&server, None);
        if first == 0 {
            directory.attempt_timeout = Duration::from_millis(500);
        }
        let profiles = directory.profiles(&users(["alice"])).await.unwrap().unwrap();
        assert_eq!((profiles.len(), server.count()), (1, 2), "{first}");
        let [wait] = clock.waits()[..] else { panic!("{:?}", clock.waits()) };
        assert!(RETRY_WAIT.max.mul_f32(0.5) <= wait && wait < RETRY_WAIT.max.mul_f32(0.51), "{wait:?}");
    }
}

#[tokio::test]
async fn second_transient_error_and_permanent_error_fail_the_lookup() {
    for (statuses, attempts, status) in [
        ([500, 500].as_slice(), 2, "500"),
        (&[429, 503], 2, "503"),
        (&[500, 404], 2, "404"),
        (&[400], 1, "400"),
        (&[401], 1, "401"),
        (&[403], 1, "403"),
        (&[404], 1, "404"),
        (&[304], 1, "304"),
    ] {
        let server = server_with_statuses(statuses).await;
        let (directory, clock) = directory(&server, None);
        let error_text = failure(&directory, &users(["alice"])).await;
        assert!(error_text.contains(status), "{error_text}");
        assert!(!error_text.contains("alice"), "the error contains neither user ids nor the response: {error_text}");
        assert_eq!((server.count(), clock.waits().len()), (attempts, attempts - 1), "{statuses:?}");
    }
}

#[tokio::test]
async fn time_out_is_retried_once() {
    let silent = server_with_statuses(&[0, 0]).await;
    let endless = Server::start(|_| async {
        let start = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from_static(b"{\"users\":"))]);
        Body::from_stream(start.chain(stream::pending())).into_response()
    })
    .await;
    for server in [silent, endless] {
        let (mut directory, _) = directory(&server, None);
        directory.attempt_timeout = Duration::from_millis(300);
        let error_text = failure(&directory, &users(["alice"])).await;
        assert!(error_text.contains("TimedOut") && !error_text.contains("alice"), "{error_text}");
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn broken_or_refused_connection_is_retried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"users\":[]}"] {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4096]).await.unwrap();
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
        // From here on, connections are refused.
    });
    let clock = Clock::default();
    let directory = AuthService::new(&url, None, clock.clone()).unwrap();
    assert_eq!(directory.profiles(&users(["alice"])).await.unwrap(), Some(BTreeMap::new()));
    server.await.unwrap();
    assert_eq!(clock.waits().len(), 1);
    let error_text = failure(&directory, &users(["alice"])).await;
    assert!(!error_text.contains("alice"), "{error_text}");
    assert_eq!(clock.waits().len(), 2);
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let other = Arc::new(server_with_statuses(&[]).await);
    let there = other.clone();
    let server = Server::start(move |request| {
        let there = format!("{}{}", there.url, request.uri);
        async move { (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, there)]).into_response() }
    })
    .await;
    let (directory, _) = directory(&server, None);
    assert!(failure(&directory, &users(["alice"])).await.contains("307"));
    assert_eq!((server.count(), other.count()), (1, 0));
}

#[tokio::test]
async fn oversized_response_is_an_error() {
    for (bytes, fits) in [(256 * 1024, true), (256 * 1024 + 1, false)] {
        let server = Server::start(move |_| async move {
            let mut body = br#"{"users":[{"userId":"alice","username":"alice"}]}"#.to_vec();
            body.resize(bytes, b' ');
            // The body is sent in pieces, so that there is no Content-Length.
            let pieces: Vec<_> = body.chunks(10_000).map(Bytes::copy_from_slice).collect();
            Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::convert::Infallible>))).into_response()
        })
        .await;
        let (directory, _) = directory(&server, None);
        let answer = directory.profiles(&users(["alice"])).await;
        assert_eq!((answer.is_ok(), server.count()), (fits, 1), "{answer:?}");
    }
}

#[tokio::test]
async fn error_of_malformed_response_does_not_quote_it() {
    for body in [r#"{"users":"s3cr3t"}"#, r#"{"s3cr3t":[]}"#, r#"["s3cr3t"]"#, "s3cr3t", "", r#"{"users":["s3cr3t""#] {
        let server = Server::start(move |_| async move { body.into_response() }).await;
        let (directory, _) = directory(&server, None);
        let error_text = failure(&directory, &users(["alice"])).await;
        assert!(!error_text.contains("s3cr3t"), "{error_text}");
        assert_eq!(server.count(), 1, "{body}");
    }
}

#[tokio::test]
async fn broken_entries_are_skipped_with_one_warning() {
    let server = Server::start(|_| async {
        let users = json!([
            {"username": "s3cr3t"},
            {"userId": "s3cr3t space", "username": "s3cr3t"},
            {"userId": 7, "username": "s3cr3t"},
            {"userId": "carol", "displayName": "s3cr3t"},
            {"userId": "carol", "username": ""},
            {"userId": "carol", "username": ["s3cr3t"]},
            "s3cr3t",
            null,
            {"userId": "mallory", "username": "not asked for"},
            {"userId": "alice", "username": "alice"},
        ]);
        Json(json!({ "users": users })).into_response()
    })
    .await;
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let (directory, _) = directory(&server, None);
    let profiles = directory.profiles(&users(["alice", "carol"])).await.unwrap().unwrap();
    assert_eq!(profiles, BTreeMap::from([(user("alice"), profile_named("alice"))]));
    let warnings: Vec<_> = log.text().lines().filter(|line| line.starts_with("WARN")).map(str::to_owned).collect();
    assert_eq!(warnings, ["WARN message=the Auth Service returned entries that are not valid users skipped=8"]);
    directory.profiles(&users(["mallory"])).await.unwrap();
    assert_eq!(server.count(), 2, "a profile that was not requested is not cached");
}

#[tokio::test]
async fn long_names_and_unsafe_avatar_urls_are_dropped() {
    let (name, too_long) = ("ü".repeat(256), "ü".repeat(257));
    let url = format!("https://a.example/{}", "x".repeat(2048 - 18));
    let entry = |user: &str, username: &str, display: Value, avatar: &str| json!({"userId": user, "username": username, "displayName": display, "avatarUrl": avatar});
    let entries = vec![
        entry("longest", &name, json!(name), &url),
        entry("too-long", &too_long, json!(too_long), &format!("{url}x")),
        entry("empty", "e", json!(""), ""),
        entry("number", "n", json!(7), "http://127.0.0.1:3000/a.png"),
        entry("clear", "c", json!(["x"]), "http://a.example/a.png"),
        entry("script", "s", Value::Null, "javascript:alert(1)"),
        entry("space", "s", Value::Null, " https://a.example/a.png"),
        entry("none", "n", Value::Null, "https://"),
        entry("ftp", "f", Value::Null, "ftp://localhost/a.png"),
    ];
    let answer = json!({ "users": entries });
    let server = Server::start(move |_| {
        let answer = answer.clone();
        async move { Json(answer).into_response() }
    })
    .await;
    let (directory, _) = directory(&server, None);
    let requested = users(["longest", "too-long", "empty", "number", "clear", "script", "space", "none", "ftp"]);
    let profiles = directory.profiles(&requested).await.unwrap().unwrap();
    assert_eq!(profiles.len(), requested.len());
    let longest = Profile { username: name.clone(), display_name: Some(name.clone()), avatar_url: Some(url) };
    assert_eq!(profiles[&user("longest")], longest);
    assert_eq!(profiles[&user("too-long")], profile_named(&name));
    let local = Profile { avatar_url: Some("http://127.0.0.1:3000/a.png".to_owned()), ..profile_named("n") };
    assert_eq!(profiles[&user("number")], local);
    assert_eq!(profiles[&user("empty")], profile_named("e"));
    for user in users(["clear", "script", "space", "none", "ftp"]) {
        assert_eq!((&profiles[&user].display_name, &profiles[&user].avatar_url), (&None, &None), "{user}");
    }
}

#[tokio::test]
async fn failed_chunk_fails_the_lookup_but_other_chunks_are_cached() {
    let release = Arc::new(Notify::new());
    let released = release.clone();
    let server = Server::start(move |request| {
        let released = released.clone();
        async move {
            if ids(&request).iter().any(|id| id == "user-055") {
                released.notified().await;
                return status(404);
            }
            all_profiles(&request)
        }
    })
    .await;
    let (directory, _) = directory(&server, None);
    let everyone = numbered_users(60);
    let (answer, ()) = tokio::join!(directory.profiles(&everyone), async {
        for _ in 0..10_000 {
            if directory.cache.len() < 50 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        release.notify_one();
    });
    assert!(error_chain(&answer.unwrap_err()).contains("404"));
    assert_eq!(directory.profiles(&everyone[..50]).await.unwrap().unwrap().len(), 50);
    assert_eq!(server.count(), 2);
}

/// An Auth Service that accepts only the token `accepted`, and a Secrets Manager that contains `stored`.
async fn with_credential(accepted: &'static str, stored: &str) -> (Server, SecretsManager, Credential) {
    let server = Server::start(move |request| async move {
        let accepted = format!("Bearer {accepted}");
        if request.header("authorization") == Some(accepted.as_str()) { all_profiles(&request) } else { status(401) }
    })
    .await;
    let manager = SecretsManager::start(json!({ "SecretString": stored })).await;
    let credential = Credential::new(&sdk_config(), Some(manager.endpoint()), ARN);
    (server, manager, credential)
}

#[tokio::test]
async fn credential_is_read_once_when_first_needed() {
    let (server, manager, credential) = with_credential(SECRET, SECRET).await;
    let (directory, _) = directory(&server, Some(credential));
    assert_eq!(manager.count(), 0);
    let (everyone, others) = (numbered_users(120), users(["alice", "bob"]));
    let (one, two) = tokio::join!(directory.profiles(&everyone), directory.profiles(&others));
    assert_eq!((one.unwrap().unwrap().len(), two.unwrap().unwrap().len()), (120, 2));
    assert_eq!((manager.count(), server.count()), (1, 4));
    assert!(server.requests().iter().all(|request| !request.uri.to_string().contains(SECRET)));
}

#[tokio::test]
async fn rotated_credential_is_read_once_for_all_requests() {
    let (server, manager, credential) = with_credential(ROTATED, SECRET).await;
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let (directory, clock) = directory(&server, Some(credential));
    let mut error_text = failure(&directory, &users(["alice"])).await;
    assert!(error_text.contains("401"), "{error_text}");
    assert_eq!(manager.count(), 1, "the secret is not read again within a moment");

    clock.advance(Duration::from_secs(5));
    let before = server.count();
    error_text += &failure(&directory, &users(["alice"])).await;
    assert_eq!((manager.count(), server.count()), (2, before + 1), "an unchanged token is not sent again");

    manager.set(json!({ "SecretString": ROTATED }));
    clock.advance(Duration::from_millis(4999));
    error_text += &failure(&directory, &users(["alice"])).await;
    assert_eq!(manager.count(), 2, "the secret is not read again within five seconds");

    clock.advance(Duration::from_millis(1));
    let before = server.count();
    assert_eq!(directory.profiles(&numbered_users(120)).await.unwrap().unwrap().len(), 120);
    assert_eq!(
        (manager.count(), server.count()),
        (3, before + 2 * 3),
        "each request is sent again, but the secret is read once"
    );
    assert!(clock.waits().is_empty(), "a refusal is not a transient error");

    error_text += &format!("{directory:?} {:?}", directory.credential);
    for secret in [SECRET, ROTATED] {
        assert!(!error_text.contains(secret) && !log.text().contains(secret));
    }
    assert!(!log.text().is_empty());
}

#[tokio::test]
async fn lookup_fails_while_the_credential_cannot_be_read() {
    let (server, manager, credential) = with_credential(SECRET, "").await;
    let (directory, clock) = directory(&server, Some(credential));
    manager.set(Value::Null);
    let error_text = failure(&directory, &users(["alice"])).await;
    assert!(error_text.contains("ResourceNotFoundException"), "{error_text}");
    assert_eq!(server.count(), 0);
    manager.set(json!({ "SecretString": SECRET }));
    let reads = manager.count();
    assert!(failure(&directory, &users(["alice"])).await.contains("a moment ago"));
    assert_eq!((manager.count(), server.count()), (reads, 0), "the secret is not read again within a moment");
    clock.advance(MIN_FETCH_INTERVAL);
    assert!(directory.profiles(&users(["alice"])).await.is_ok());

    // While Secrets Manager is unavailable, the error is the Auth Service's refusal, and the old token stays cached.
    manager.set(Value::Null);
    clock.advance(PROFILE_TTL);
    let before = manager.count();
    let credential = directory.credential.as_ref().unwrap();
    let token = credential.token(clock.now()).await.unwrap();
    assert_eq!(credential.replacement(&token, clock.now()).await, None);
    assert_eq!(credential.token(clock.now()).await.unwrap(), token);
    assert_eq!(manager.count(), before + 1);
}

#[test]
fn url_must_be_private_without_password_query_or_fragment() {
    let users = |url| AuthService::new(url, None, Clock::default()).map(|service| service.users.to_string());
    for (url, endpoint) in [
        ("https://auth.example", "https://auth.example/users"),
        ("https://auth.example/", "https://auth.example/users"),
        ("https://auth.example/api/v1/", "https://auth.example/api/v1/users"),
        ("http://127.0.0.1:3002", "http://127.0.0.1:3002/users"),
        ("http://localhost:3002", "http://localhost:3002/users"),
    ] {
        assert_eq!(users(url).unwrap(), endpoint);
    }
    for bad in [
        "http://auth.example",
        "http://127.0.0.1.evil.example/",
        "ftp://localhost",
        "auth.example",
        "",
        "https://me:s3cr3t@auth.example",
        "https://auth.example?key=s3cr3t",
        "https://auth.example#s3cr3t",
    ] {
        let error = users(bad).unwrap_err();
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
}
