//! Live connections in a real redis-server: cases that the contract suite of the stores does not cover.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use domain::chat_user::Connection;
use domain::ids::UserId;
use domain::ports::{ConnectionStore as _, StoreError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use realtime::{AddressError, Password, PasswordError, RedisConnections, parse_url};
use redis::{Client, TlsCertificates};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use testkit::fixtures::{connection, user};
use testkit::{RedisServer, TestEnv};
use tokio::time::Instant;

fn connections(server: &RedisServer) -> RedisConnections {
    RedisConnections::new(parse_url(&server.url()).unwrap(), (), "test:")
}

fn device() -> Connection {
    connection("device", TestEnv::START)
}

fn alice() -> [UserId; 1] {
    [user("alice")]
}

/// A password that a test can change.
struct ChangeablePassword(Mutex<&'static str>);

impl Password for &ChangeablePassword {
    async fn password(&self) -> Result<Option<String>, PasswordError> {
        Ok(Some(self.0.lock().unwrap().to_string()))
    }
}

#[test]
fn url_with_a_password_is_refused() {
    assert!(parse_url("redis://127.0.0.1:6379").is_ok() && parse_url("rediss://chat@cache.example.com:6379").is_ok());
    assert!(matches!(parse_url("redis://:s3cr3t@127.0.0.1"), Err(AddressError::Password)));
    let error = parse_url("redis://user:s3cr3t@127.0.0.1").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    assert!(matches!(parse_url("http://127.0.0.1"), Err(AddressError::NoAddress(_))));
}

/// An operator may let the functions' user call only the commands that the documents list.
#[tokio::test]
async fn documented_commands_are_enough() {
    let documents = include_str!("../../../docs/OPERATIONS.md");
    let list = documents.split("- **Commands:** ").nth(1).unwrap().split('.').next().unwrap();
    let allowed: Vec<String> =
        list.split(',').map(|command| format!("+{}", command.split_whitespace().collect::<String>())).collect();
    let server = RedisServer::start();
    let rules = format!("ACL SETUSER functions on nopass ~test:* -@all {}", allowed.join(" "));
    let answer = server.command(&rules);
    assert!(answer.starts_with("+OK"), "{answer}: {rules}");
    let url = server.url().replace("redis://", "redis://functions@");
    let connections = RedisConnections::new(parse_url(&url).unwrap(), Any, "test:");
    connections.warm().await;
    assert_eq!(connections.add(&alice()[0], &device(), &[]).await.unwrap(), [device()]);
    let other = connection("other", TestEnv::START);
    assert_eq!(connections.add(&alice()[0], &other, &[device().id]).await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(connections.of(&alice()).await.unwrap().len(), 1);
    connections.remembers_since(TestEnv::START).await.unwrap();
    assert!(connections.remove(&alice()[0], &[other.id]).await.unwrap().is_empty());
}

/// Any password: the user of the test above has none.
struct Any;

impl Password for Any {
    async fn password(&self) -> Result<Option<String>, PasswordError> {
        Ok(Some("any".to_owned()))
    }
}

#[tokio::test]
async fn key_expires_with_its_last_connection() {
    let server = RedisServer::start();
    let connections = connections(&server);
    connections.add(&alice()[0], &device(), &[]).await.unwrap();
    let answer = server.command("TTL test:connections:alice");
    let seconds: u64 = answer.trim().trim_start_matches(':').parse().unwrap();
    assert!((7100..=7200).contains(&seconds), "{answer}");
    connections.remove(&alice()[0], &[device().id]).await.unwrap();
    assert!(server.command("EXISTS test:connections:alice").starts_with(":0"));
}

#[tokio::test]
async fn connections_of_many_users_are_read_in_one_round_trip() {
    let server = RedisServer::start();
    let connections = connections(&server);
    let users: Vec<UserId> = (0..100).map(|n| user(&format!("u{n}"))).collect();
    for user in &users {
        connections.add(user, &device(), &[]).await.unwrap();
    }
    let reads = || {
        let info = server.command("INFO stats");
        let line = info.lines().find_map(|line| line.strip_prefix("total_reads_processed:")).unwrap().trim().to_owned();
        line.parse::<u64>().unwrap()
    };
    let (first, second) = (reads(), reads());
    assert_eq!(connections.of(&users).await.unwrap().len(), 100);
    // Subtracts the cost of INFO itself.
    assert_eq!(reads() - second, second - first + 1);
}

#[tokio::test]
async fn closed_connection_is_opened_again() {
    let server = RedisServer::start();
    let connections = connections(&server);
    connections.add(&alice()[0], &device(), &[]).await.unwrap();
    for _ in 0..3 {
        assert!(server.command("CLIENT KILL TYPE normal").contains(':'));
        assert_eq!(connections.of(&alice()).await.unwrap(), [(alice()[0].clone(), vec![device()])]);
    }
}

#[tokio::test]
async fn calls_fail_while_redis_is_down_and_work_after_its_restart() {
    let mut server = RedisServer::start();
    let connections = connections(&server);
    connections.add(&alice()[0], &device(), &[]).await.unwrap();
    server.kill();
    for _ in 0..3 {
        let error = connections.of(&alice()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
    server.restart();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(connections.of(&alice()).await.unwrap().is_empty(), "the data is lost");
    assert_eq!(connections.add(&alice()[0], &device(), &[]).await.unwrap(), [device()]);
}

#[tokio::test]
async fn remembers_since_changes_only_after_data_loss() {
    let mut server = RedisServer::start();
    let connections = connections(&server);
    let later = |seconds| TestEnv::START.plus(Duration::from_secs(seconds));
    assert_eq!(connections.remembers_since(later(1)).await.unwrap(), later(1));
    assert_eq!(connections.remembers_since(later(2)).await.unwrap(), later(1));
    server.kill();
    server.restart();
    assert_eq!(connections.remembers_since(later(3)).await.unwrap(), later(3));
}

#[tokio::test]
async fn hanging_redis_delays_a_request_by_one_time_out() {
    let server = RedisServer::start();
    let connections = connections(&server);
    connections.add(&alice()[0], &device(), &[]).await.unwrap();
    server.command("CLIENT PAUSE 600000 ALL");
    // From here on, tokio's time advances only while all tasks wait. So the durations are simulated, not measured.
    tokio::time::pause();
    let before = Instant::now();
    assert!(connections.of(&alice()).await.is_err());
    let waited = before.elapsed();
    assert!((250..300).contains(&waited.as_millis()), "{waited:?}");
    // Many calls in one request wait no longer than one call.
    for _ in 0..50 {
        assert!(connections.remove(&alice()[0], &[device().id]).await.is_err());
    }
    assert_eq!(before.elapsed(), waited);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(connections.of(&alice()).await.is_err());
    assert!(before.elapsed() >= waited + Duration::from_millis(1250), "a call after a second waits for Redis again");
}

#[tokio::test]
async fn password_is_read_again_after_a_refusal() {
    let server = RedisServer::with_arguments(|port| {
        ["--port", &port.to_string(), "--requirepass", "old"].map(str::to_owned).to_vec()
    });
    let password = ChangeablePassword(Mutex::new("wrong"));
    let connections = RedisConnections::new(parse_url(&server.url()).unwrap(), &password, "test:");
    let error = connections.of(&alice()).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    *password.0.lock().unwrap() = "old";
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(connections.add(&alice()[0], &device(), &[]).await.unwrap(), [device()]);
    // Without a password, calls fail.
    assert!(RedisConnections::new(parse_url(&server.url()).unwrap(), (), "test:").of(&alice()).await.is_err());
}

#[tokio::test]
async fn rotated_password_is_read_again() {
    let server = RedisServer::with_arguments(|port| {
        ["--port", &port.to_string(), "--requirepass", "old"].map(str::to_owned).to_vec()
    });
    let password = ChangeablePassword(Mutex::new("old"));
    let connections = RedisConnections::new(parse_url(&server.url()).unwrap(), &password, "test:");
    connections.add(&alice()[0], &device(), &[]).await.unwrap();
    server.command("AUTH old\r\nCONFIG SET requirepass new\r\nCLIENT KILL TYPE normal SKIPME no");
    *password.0.lock().unwrap() = "new";
    // The cached password is refused and is not used again.
    assert!(matches!(connections.of(&alice()).await.unwrap_err(), StoreError::Refused { .. }));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(connections.of(&alice()).await.unwrap().len(), 1);
}

/// This happens when a node fails over: nothing shows that the connection is dead.
#[tokio::test]
async fn silent_connection_is_not_used_again() {
    let server = RedisServer::start();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let (silence, silent) = tokio::sync::watch::channel(false);
    let port = server.port();
    tokio::spawn(async move {
        for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut silent = silent.clone();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                    _ = silent.wait_for(|silent| *silent && is_first) => {}
                }
                std::future::pending::<()>().await;
            });
        }
    });
    let connections = RedisConnections::new(parse_url(&url).unwrap(), (), "test:");
    connections.add(&alice()[0], &device(), &[]).await.unwrap();
    silence.send(true).unwrap();
    assert!(connections.of(&alice()).await.is_err());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(connections.of(&alice()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn tls_requires_a_certificate_of_a_known_authority() {
    let directory = tempfile::tempdir().unwrap();
    let authority = certificates(directory.path());
    let file = |name: &str| directory.path().join(name).display().to_string();
    let server = RedisServer::with_arguments(|port| {
        let port = port.to_string();
        let files =
            ["--tls-key-file", &file("key.pem"), "--tls-cert-file", &file("certificate.pem")].map(str::to_owned);
        let trust = ["--tls-ca-cert-file", &file("authority.pem"), "--tls-auth-clients", "no"].map(str::to_owned);
        let rest = ["--port", "0", "--tls-port", &port, "--requirepass", "s3cr3t"].map(str::to_owned);
        [files.to_vec(), trust.to_vec(), rest.to_vec()].concat()
    });
    let url = format!("rediss://localhost:{}", server.port());
    assert!(parse_url(&url).is_ok());
    let client_trusting = |root: Option<String>| {
        let root_cert = root.map(String::into_bytes);
        Client::build_with_tls(url.as_str(), TlsCertificates { client_tls: None, root_cert }).unwrap()
    };
    let password = ChangeablePassword(Mutex::new("s3cr3t"));
    let connections = RedisConnections::new(client_trusting(Some(authority)), &password, "test:");
    connections.warm().await;
    assert_eq!(connections.add(&alice()[0], &device(), &[]).await.unwrap(), [device()]);
    // This client does not know the authority that signed the certificate.
    assert!(RedisConnections::new(client_trusting(None), &password, "test:").of(&alice()).await.is_err());
}

/// Writes a server's certificate and key. Returns the certificate of the authority that signed it.
fn certificates(directory: &Path) -> String {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let signed = server.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    let files = [("key.pem", key.serialize_pem()), ("certificate.pem", signed.pem()), ("authority.pem", root.clone())];
    for (name, text) in files {
        std::fs::write(directory.join(name), text).unwrap();
    }
    root
}
