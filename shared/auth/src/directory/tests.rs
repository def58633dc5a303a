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

fn numbered(n: usize) -> Vec<UserId> {
    (0..n).map(|n| user(&format!("user-{n:03}"))).collect()
}

fn named(username: &str) -> Profile {
    Profile { username: username.to_owned(), display_name: None, avatar_url: None }
}

/// Whom a request asks for.
fn ids(asked: &RecordedRequest) -> Vec<String> {
    let ids = asked.uri.query().unwrap().strip_prefix("ids=").unwrap().split(',');
    ids.map(|id| percent_encoding::percent_decode_str(id).decode_utf8().unwrap().into_owned()).collect()
}

/// Everybody but "nobody" is known, by a name that says who they are.
fn everybody(asked: &RecordedRequest) -> Response {
    let known = ids(asked).into_iter().filter(|id| id != "nobody");
    let users: Vec<_> = known.map(|id| json!({"userId": id, "username": format!("name of {id}")})).collect();
    Json(json!({ "users": users })).into_response()
}

fn status(code: u16) -> Response {
    (StatusCode::from_u16(code).unwrap(), "alice@example.org").into_response()
}

/// A server that answers the n-th request with the n-th of these, and whoever comes after that with everybody; 0 is an
/// answer that does not come.
async fn answering(statuses: &[u16]) -> Server {
    let statuses = statuses.to_vec();
    Server::start(move |asked| {
        let code = statuses.get(asked.n).copied();
        async move {
            match code {
                None => everybody(&asked),
                Some(0) => {
                    tokio::time::sleep(Duration::from_secs(20)).await;
                    everybody(&asked)
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
    // A machine that is busy with other tests is no Auth Service that does not answer.
    assert_eq!(directory.one_try, Duration::from_secs(1));
    directory.one_try = Duration::from_secs(30);
    (directory, clock)
}

async fn failure(directory: &AuthService<Clock>, users: &[UserId]) -> String {
    let answer = tokio::time::timeout(Duration::from_secs(20), directory.profiles(users)).await;
    let error = answer.unwrap().unwrap_err();
    format!("{} {error:?}", error_chain(&error))
}

#[tokio::test]
async fn profiles_are_merged_and_kept() {
    let server = Server::start(|asked| async move {
        let [alice, bob] = [
            json!({"userId": "alice", "username": "ally", "displayName": "Alice", "avatarUrl": "https://a.example/a.png"}),
            json!({"userId": "bob", "username": "bob", "displayName": null, "roles": ["new"]}),
        ];
        Json(json!({"users": if asked.n == 0 { [alice] } else { [bob] }, "next": 1}))
            .into_response()
    })
    .await;
    let (directory, _) = directory(&server, None);
    let alice = Profile {
        username: "ally".to_owned(),
        display_name: Some("Alice".to_owned()),
        avatar_url: Some("https://a.example/a.png".to_owned()),
    };
    let found = directory.profiles(&users(["alice", "alice"])).await.unwrap().unwrap();
    assert_eq!(found, BTreeMap::from([(user("alice"), alice.clone())]));
    let both = BTreeMap::from([(user("alice"), alice), (user("bob"), named("bob"))]);
    for _ in 0..2 {
        assert_eq!(directory.profiles(&users(["bob", "alice"])).await.unwrap().unwrap(), both);
    }
    let asked: Vec<_> = server.asked().iter().map(|asked| asked.uri.to_string()).collect();
    assert_eq!(asked, ["/users?ids=alice", "/users?ids=bob"]);
    assert_eq!(server.asked()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_profile_is_asked_for_again_after_five_minutes() {
    let server = Server::start(|asked| async move {
        Json(json!({"users": [{"userId": "alice", "username": format!("name {}", asked.n)}]})).into_response()
    })
    .await;
    let (directory, clock) = directory(&server, None);
    let mut names = Vec::new();
    for wait in [0, 299_999, 1, 0] {
        clock.pass(Duration::from_millis(wait));
        names.push(directory.profiles(&users(["alice"])).await.unwrap().unwrap()[&user("alice")].username.clone());
    }
    assert_eq!(names, ["name 0", "name 0", "name 1", "name 1"]);
}

#[tokio::test]
async fn that_somebody_does_not_exist_is_not_kept() {
    let server = answering(&[]).await;
    let (directory, _) = directory(&server, None);
    for _ in 0..2 {
        let found = directory.profiles(&users(["alice", "nobody"])).await.unwrap().unwrap();
        assert_eq!(found, BTreeMap::from([(user("alice"), named("name of alice"))]));
    }
    let asked: Vec<_> = server.asked().iter().map(ids).collect();
    assert_eq!(asked, [vec!["alice", "nobody"], vec!["nobody"]]);
}

#[tokio::test]
async fn nobody_is_asked_for_nobody() {
    let server = answering(&[]).await;
    let (directory, _) = directory(&server, None);
    assert_eq!(directory.profiles(&[]).await.unwrap(), Some(BTreeMap::new()));
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn many_are_asked_for_in_chunks_a_few_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let peak = most.clone();
    let server = Server::start(move |asked| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            everybody(&asked)
        }
    })
    .await;
    let (directory, _) = directory(&server, None);
    let found = directory.profiles(&numbered(120)).await.unwrap().unwrap();
    assert_eq!(found.len(), 120);
    assert_eq!(found[&user("user-119")], named("name of user-119"));
    let mut sizes: Vec<_> = server.asked().iter().map(|asked| ids(asked).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [20, 50, 50]);
    assert_eq!(peak.load(Ordering::SeqCst), 3);
    directory.profiles(&numbered(600)).await.unwrap();
    assert_eq!(peak.load(Ordering::SeqCst), 4);
    let all: BTreeSet<_> = server.asked().iter().flat_map(ids).collect();
    assert_eq!((server.count(), all.len()), (3 + 10, 600), "nobody is asked for twice");
}

#[tokio::test]
async fn no_address_is_long_and_every_id_arrives() {
    let server = answering(&[]).await;
    let (directory, _) = directory(&server, None);
    let long: Vec<_> = (0..60).map(|n| user(&format!("auth0|a:b@c.d_e-{n:02}{}", "|".repeat(110)))).collect();
    assert_eq!(directory.profiles(&long).await.unwrap().unwrap().len(), 60);
    let asked = server.asked();
    assert_eq!(asked.iter().map(|asked| ids(asked).len()).sum::<usize>(), 60);
    assert!(asked.iter().all(|asked| server.url.len() + asked.uri.to_string().len() < 4096));
    assert!(asked.iter().filter(|asked| ids(asked).len() == 11).count() >= 5, "as many as fit");
    assert!(asked[0].uri.to_string().starts_with("/users?ids=auth0%7Ca%3Ab%40c.d_e-"));
}

#[tokio::test]
async fn a_moments_failure_is_tried_again_once() {
    for first in [500, 502, 503, 429, 0] {
        let server = answering(&[first]).await;
        let (mut directory, clock) = directory(&server, None);
        if first == 0 {
            directory.one_try = Duration::from_millis(500);
        }
        let found = directory.profiles(&users(["alice"])).await.unwrap().unwrap();
        assert_eq!((found.len(), server.count()), (1, 2), "{first}");
        let [wait] = clock.waits()[..] else { panic!("{:?}", clock.waits()) };
        assert!(RETRY_WAIT.max.mul_f32(0.5) <= wait && wait < RETRY_WAIT.max.mul_f32(0.51), "{wait:?}");
    }
}

#[tokio::test]
async fn two_failures_are_an_error_and_so_is_one_that_will_not_pass() {
    for (statuses, tries, says) in [
        ([500, 500].as_slice(), 2, "500"),
        (&[429, 503], 2, "503"),
        (&[500, 404], 2, "404"),
        (&[400], 1, "400"),
        (&[401], 1, "401"),
        (&[403], 1, "403"),
        (&[404], 1, "404"),
        (&[304], 1, "304"),
    ] {
        let server = answering(statuses).await;
        let (directory, clock) = directory(&server, None);
        let said = failure(&directory, &users(["alice"])).await;
        assert!(said.contains(says), "{said}");
        assert!(!said.contains("alice"), "neither whom it asked for nor what was answered: {said}");
        assert_eq!((server.count(), clock.waits().len()), (tries, tries - 1), "{statuses:?}");
    }
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_asked_twice() {
    let silent = answering(&[0, 0]).await;
    let endless = Server::start(|_| async {
        let start = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from_static(b"{\"users\":"))]);
        Body::from_stream(start.chain(stream::pending())).into_response()
    })
    .await;
    for server in [silent, endless] {
        let (mut directory, _) = directory(&server, None);
        directory.one_try = Duration::from_millis(300);
        let said = failure(&directory, &users(["alice"])).await;
        assert!(said.contains("TimedOut") && !said.contains("alice"), "{said}");
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_not_made_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"users\":[]}"] {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4096]).await.unwrap();
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
        // And nobody listens any more.
    });
    let clock = Clock::default();
    let directory = AuthService::new(&url, None, clock.clone()).unwrap();
    assert_eq!(directory.profiles(&users(["alice"])).await.unwrap(), Some(BTreeMap::new()));
    server.await.unwrap();
    assert_eq!(clock.waits().len(), 1);
    let said = failure(&directory, &users(["alice"])).await;
    assert!(!said.contains("alice"), "{said}");
    assert_eq!(clock.waits().len(), 2);
}

#[tokio::test]
async fn an_answer_leads_nowhere_else() {
    let other = Arc::new(answering(&[]).await);
    let there = other.clone();
    let server = Server::start(move |asked| {
        let there = format!("{}{}", there.url, asked.uri);
        async move { (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, there)]).into_response() }
    })
    .await;
    let (directory, _) = directory(&server, None);
    assert!(failure(&directory, &users(["alice"])).await.contains("307"));
    assert_eq!((server.count(), other.count()), (1, 0));
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_limit() {
    for (bytes, fits) in [(256 * 1024, true), (256 * 1024 + 1, false)] {
        let server = Server::start(move |_| async move {
            let mut body = br#"{"users":[{"userId":"alice","username":"alice"}]}"#.to_vec();
            body.resize(bytes, b' ');
            // In pieces, so that its length is not said beforehand.
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
async fn what_is_no_list_of_users_is_an_error_that_does_not_repeat_it() {
    for body in [r#"{"users":"s3cr3t"}"#, r#"{"s3cr3t":[]}"#, r#"["s3cr3t"]"#, "s3cr3t", "", r#"{"users":["s3cr3t""#] {
        let server = Server::start(move |_| async move { body.into_response() }).await;
        let (directory, _) = directory(&server, None);
        let said = failure(&directory, &users(["alice"])).await;
        assert!(!said.contains("s3cr3t"), "{said}");
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
    let found = directory.profiles(&users(["alice", "carol"])).await.unwrap().unwrap();
    assert_eq!(found, BTreeMap::from([(user("alice"), named("alice"))]));
    let warnings: Vec<_> = log.text().lines().filter(|line| line.starts_with("WARN")).map(str::to_owned).collect();
    assert_eq!(warnings, ["WARN message=the Auth Service answered what is no user skipped=8"]);
    directory.profiles(&users(["mallory"])).await.unwrap();
    assert_eq!(server.count(), 2, "who was not asked for is not kept");
}

#[tokio::test]
async fn what_is_too_long_or_leads_to_anywhere_is_left_away() {
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
    let asked = users(["longest", "too-long", "empty", "number", "clear", "script", "space", "none", "ftp"]);
    let found = directory.profiles(&asked).await.unwrap().unwrap();
    assert_eq!(found.len(), asked.len());
    let longest = Profile { username: name.clone(), display_name: Some(name.clone()), avatar_url: Some(url) };
    assert_eq!(found[&user("longest")], longest);
    assert_eq!(found[&user("too-long")], named(&name));
    let local = Profile { avatar_url: Some("http://127.0.0.1:3000/a.png".to_owned()), ..named("n") };
    assert_eq!(found[&user("number")], local);
    assert_eq!(found[&user("empty")], named("e"));
    for user in users(["clear", "script", "space", "none", "ftp"]) {
        assert_eq!((&found[&user].display_name, &found[&user].avatar_url), (&None, &None), "{user}");
    }
}

#[tokio::test]
async fn one_chunk_that_fails_fails_the_call_and_the_others_stay_known() {
    let release = Arc::new(Notify::new());
    let released = release.clone();
    let server = Server::start(move |asked| {
        let released = released.clone();
        async move {
            if ids(&asked).iter().any(|id| id == "user-055") {
                released.notified().await;
                return status(404);
            }
            everybody(&asked)
        }
    })
    .await;
    let (directory, _) = directory(&server, None);
    let everyone = numbered(60);
    let (answer, ()) = tokio::join!(directory.profiles(&everyone), async {
        for _ in 0..10_000 {
            if directory.kept.len() < 50 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        release.notify_one();
    });
    assert!(error_chain(&answer.unwrap_err()).contains("404"));
    assert_eq!(directory.profiles(&everyone[..50]).await.unwrap().unwrap().len(), 50);
    assert_eq!(server.count(), 2);
}

/// An Auth Service that wants this token, and a Secrets Manager that has that one.
async fn guarded(wants: &'static str, has: &str) -> (Server, SecretsManager, Credential) {
    let server = Server::start(move |asked| async move {
        let wants = format!("Bearer {wants}");
        if asked.header("authorization") == Some(wants.as_str()) { everybody(&asked) } else { status(401) }
    })
    .await;
    let manager = SecretsManager::start(json!({ "SecretString": has })).await;
    let credential = Credential::new(&sdk_config(), Some(manager.endpoint()), ARN);
    (server, manager, credential)
}

#[tokio::test]
async fn the_credential_is_read_when_it_is_needed_once_and_sent() {
    let (server, manager, credential) = guarded(SECRET, SECRET).await;
    let (directory, _) = directory(&server, Some(credential));
    assert_eq!(manager.count(), 0);
    let (everyone, others) = (numbered(120), users(["alice", "bob"]));
    let (one, two) = tokio::join!(directory.profiles(&everyone), directory.profiles(&others));
    assert_eq!((one.unwrap().unwrap().len(), two.unwrap().unwrap().len()), (120, 2));
    assert_eq!((manager.count(), server.count()), (1, 4));
    assert!(server.asked().iter().all(|asked| !asked.uri.to_string().contains(SECRET)));
}

#[tokio::test]
async fn a_rotated_credential_is_read_again_once_for_everybody() {
    let (server, manager, credential) = guarded(ROTATED, SECRET).await;
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let (directory, clock) = directory(&server, Some(credential));
    let mut said = failure(&directory, &users(["alice"])).await;
    assert!(said.contains("401"), "{said}");
    assert_eq!(manager.count(), 1, "what was read a moment ago is not read again");

    clock.pass(Duration::from_secs(5));
    let before = server.count();
    said += &failure(&directory, &users(["alice"])).await;
    assert_eq!((manager.count(), server.count()), (2, before + 1), "the same again is not sent again");

    manager.set(json!({ "SecretString": ROTATED }));
    clock.pass(Duration::from_millis(4999));
    said += &failure(&directory, &users(["alice"])).await;
    assert_eq!(manager.count(), 2, "not within five seconds");

    clock.pass(Duration::from_millis(1));
    let before = server.count();
    assert_eq!(directory.profiles(&numbered(120)).await.unwrap().unwrap().len(), 120);
    assert_eq!((manager.count(), server.count()), (3, before + 2 * 3), "each is sent again, the secret read once");
    assert!(clock.waits().is_empty(), "a refusal is no failure that passes");

    said += &format!("{directory:?} {:?}", directory.credential);
    for secret in [SECRET, ROTATED] {
        assert!(!said.contains(secret) && !log.text().contains(secret));
    }
    assert!(!log.text().is_empty());
}

#[tokio::test]
async fn a_credential_that_cannot_be_read_is_an_error_until_it_can() {
    let (server, manager, credential) = guarded(SECRET, "").await;
    let (directory, clock) = directory(&server, Some(credential));
    manager.set(Value::Null);
    let said = failure(&directory, &users(["alice"])).await;
    assert!(said.contains("ResourceNotFoundException"), "{said}");
    assert_eq!(server.count(), 0);
    manager.set(json!({ "SecretString": SECRET }));
    let asked = manager.count();
    assert!(failure(&directory, &users(["alice"])).await.contains("a moment ago"));
    assert_eq!((manager.count(), server.count()), (asked, 0), "nobody waits again for what failed a moment ago");
    clock.pass(MIN_FETCH_INTERVAL);
    assert!(directory.profiles(&users(["alice"])).await.is_ok());

    // While Secrets Manager is down, the Auth Service's refusal is what is said, and what was known is kept.
    manager.set(Value::Null);
    clock.pass(PROFILE_TTL);
    let before = manager.count();
    let credential = directory.credential.as_ref().unwrap();
    let token = credential.token(clock.now()).await.unwrap();
    assert_eq!(credential.replacement(&token, clock.now()).await, None);
    assert_eq!(credential.token(clock.now()).await.unwrap(), token);
    assert_eq!(manager.count(), before + 1);
}

#[test]
fn the_address_is_private_and_nothing_but_an_address() {
    let users = |url| AuthService::new(url, None, Clock::default()).map(|made| made.users.to_string());
    for (url, asked) in [
        ("https://auth.example", "https://auth.example/users"),
        ("https://auth.example/", "https://auth.example/users"),
        ("https://auth.example/api/v1/", "https://auth.example/api/v1/users"),
        ("http://127.0.0.1:3002", "http://127.0.0.1:3002/users"),
        ("http://localhost:3002", "http://localhost:3002/users"),
    ] {
        assert_eq!(users(url).unwrap(), asked);
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
