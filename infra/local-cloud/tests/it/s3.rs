use std::path::Path;

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata,
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::ChecksumMode,
};
use axum::{body::Body, http::StatusCode};
use local_cloud::S3;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Cloud, send};

const BUCKET: &str = "local-files";
/// SHA-256 of `Hello`, in base64.
const DIGEST: &str = "GF+NsyJx/iX1Yab8k4suJkMG7DBO2lGAB9F2SCY4GWk=";

fn client(cloud: &Cloud, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", secret, None, None, "test"))
        .endpoint_url(cloud.cloud().s3_endpoint())
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

async fn start(place: S3) -> Cloud {
    Cloud::start_with("buckets.yaml", |options| options.s3 = place).await
}

async fn put(client: &Client, key: &str) {
    let call = client.put_object().bucket(BUCKET).key(key).content_type("text/plain").tagging("state=pending&a=b+c");
    call.checksum_sha256(DIGEST).body(ByteStream::from_static(b"Hello")).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_kept_with_its_checksum_and_tags_until_it_is_removed() {
    let cloud = start(S3::Temporary).await;
    let client = client(&cloud, "local");
    put(&client, "one").await;
    let head =
        client.head_object().bucket(BUCKET).key("one").checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert_eq!((head.content_length(), head.checksum_sha256()), (Some(5), Some(DIGEST)));
    let tags = async || {
        let tags = client.get_object_tagging().bucket(BUCKET).key("one").send().await.unwrap();
        tags.tag_set().iter().map(|tag| format!("{}={}", tag.key(), tag.value())).collect::<Vec<_>>()
    };
    assert_eq!(tags().await, ["state=pending", "a=b c"]);
    client.delete_object_tagging().bucket(BUCKET).key("one").send().await.unwrap();
    assert_eq!(tags().await, Vec::<String>::new());
    let got = client.get_object().bucket(BUCKET).key("one").send().await.unwrap();
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.body.collect().await.unwrap().into_bytes().as_ref(), b"Hello");
    let untagged = client.delete_object_tagging().bucket(BUCKET).key("none").send().await.unwrap_err();
    assert_eq!(untagged.code(), Some("NoSuchKey"));
    for _ in 0..2 {
        client.delete_object().bucket(BUCKET).key("one").send().await.unwrap();
    }
    let gone = client.head_object().bucket(BUCKET).key("one").send().await.unwrap_err();
    assert!(gone.as_service_error().is_some_and(|error| error.is_not_found()), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_nothing() {
    let cloud = start(S3::Temporary).await;
    let client = client(&cloud, "local");
    let call = client.put_object().bucket(BUCKET).key("bad").checksum_sha256(DIGEST);
    let refused = call.body(ByteStream::from_static(b"Other")).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("BadDigest"));
    assert!(client.head_object().bucket(BUCKET).key("bad").send().await.is_err());
    put(&client, "bad").await;
    let call = client.put_object().bucket(BUCKET).key("bad").if_none_match("*");
    let refused = call.body(ByteStream::from_static(b"Again")).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("PreconditionFailed"));
    let nowhere = client.put_object().bucket("no-bucket").key("x").body(ByteStream::from_static(b"x"));
    assert_eq!(nowhere.send().await.unwrap_err().code(), Some("NoSuchBucket"));
    let outside = client.get_object().bucket(BUCKET).key("../../../../etc/passwd").send().await.unwrap_err();
    assert!(outside.code().is_some_and(|code| code.starts_with("NoSuch") || code == "InternalError"), "{outside:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_object_is_being_put_another_put_of_it_is_refused() {
    let cloud = start(S3::Temporary).await;
    let client = client(&cloud, "local");
    let hour = PresigningConfig::expires_in(Duration::from_secs(3600)).unwrap();
    let signed = client.put_object().bucket(BUCKET).key("one").presigned(hour).await.unwrap();
    let (host, path) = signed.uri().trim_start_matches("http://").split_once('/').unwrap();
    let mut slow = TcpStream::connect(host).await.unwrap();
    let head = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 5\r\nconnection: close\r\n\r\nHel");
    slow.write_all(head.as_bytes()).await.unwrap();
    let put = async || {
        let call = client.put_object().bucket(BUCKET).key("one").body(ByteStream::from_static(b"Other"));
        call.send().await.err().and_then(|error| error.code().map(str::to_owned))
    };
    // It may come before the first one has begun.
    let refused = async {
        while put().await.as_deref() != Some("ConditionalRequestConflict") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), refused).await.expect("it is refused");
    slow.write_all(b"lo").await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let got = client.get_object().bucket(BUCKET).key("one").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes().as_ref(), b"Hello");
    assert_eq!(put().await, None, "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_signed_and_for_this_machine_is_served() {
    let cloud = start(S3::Temporary).await;
    let (good, bad) = (client(&cloud, "local"), client(&cloud, "another"));
    put(&good, "one").await;
    let refused = bad.get_object().bucket(BUCKET).key("one").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
    let hour = PresigningConfig::expires_in(Duration::from_secs(3600)).unwrap();
    let url = good.get_object().bucket(BUCKET).key("one").presigned(hour).await.unwrap().uri().to_owned();
    let get = async |url: &str, headers: &[(&str, &str)]| send("GET", url, headers, Body::empty()).await;
    assert_eq!(get(&url, &[]).await.status, StatusCode::OK);
    assert_eq!(get(url.split('?').next().unwrap(), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(get(&url, &[("host", "evil.example")]).await.status, StatusCode::FORBIDDEN);
    for (origin, named) in [("http://page.example", Some("http://page.example")), ("http://evil.example", None)] {
        let answer = get(&url, &[("origin", origin)]).await;
        let allowed = answer.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_eq!((answer.status, allowed), (StatusCode::OK, named));
        let asks = [("origin", origin), ("access-control-request-method", "GET")];
        let preflight = send("OPTIONS", &url, &asks, Body::empty()).await;
        assert_eq!(preflight.status.is_success(), named.is_some(), "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_outlives_the_cloud() {
    let directory = tempfile::tempdir().unwrap();
    let place = S3::Directory(directory.path().join("deep/objects"));
    let mut cloud = start(place.clone()).await;
    put(&client(&cloud, "local"), "one").await;
    cloud.shutdown().await;
    let file: &Path = &directory.path().join("deep/objects").join(BUCKET).join("one");
    assert_eq!(std::fs::read(file).unwrap(), b"Hello");
    let cloud = start(place).await;
    let got = client(&cloud, "local").get_object().bucket(BUCKET).key("one").send().await.unwrap();
    assert_eq!(got.content_type(), Some("text/plain"));
}
