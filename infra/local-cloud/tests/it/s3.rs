use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use aws_call::{HttpRequest, Service};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use axum::http::StatusCode;
use local_cloud::S3;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Answer, Cloud, send};

/// SHA-256 of `Hello`, in base64.
const DIGEST: &str = "GF+NsyJx/iX1Yab8k4suJkMG7DBO2lGAB9F2SCY4GWk=";
/// An object in the bucket of `buckets.yaml`.
const ONE: &str = "/local-files/one";

/// A client that signs with this key.
struct Client(Service);

impl Client {
    fn new(cloud: &Cloud, key: &str) -> Self {
        let credentials = Credentials::new("local", key, None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Self(Service::new(&config, "s3", Some(cloud.cloud().s3_endpoint())))
    }

    /// A presigned URL for this call, valid for an hour.
    #[allow(clippy::disallowed_methods)] // the local S3 uses the machine's clock
    async fn sign(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let hour = Duration::from_secs(3600);
        self.0.presign(method, path, headers, SystemTime::now(), hour).await.unwrap()
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &'static str) -> Answer {
        send(method, &self.sign(method, path, headers).await, headers, body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], "").await
    }

    async fn head(&self, path: &str) -> Answer {
        self.call("HEAD", path, &[("x-amz-checksum-mode", "ENABLED")], "").await
    }

    async fn put(&self, path: &str) {
        let headers = [
            ("content-type", "text/plain"),
            ("x-amz-tagging", "state=pending&a=b+c"),
            ("x-amz-checksum-sha256", DIGEST),
        ];
        assert_eq!(self.call("PUT", path, &headers, "Hello").await.status, StatusCode::OK);
    }
}

async fn start(place: S3) -> Cloud {
    Cloud::start_with("buckets.yaml", |options| options.s3 = place).await
}

/// The contents of all XML tags with this name in the answer, such as the code of an error.
fn tags<'a>(answer: &'a Answer, tag: &str) -> Vec<&'a str> {
    let body = std::str::from_utf8(&answer.body).unwrap();
    let text = |part: &'a str| part.split('<').next().unwrap_or_default();
    body.split(&format!("<{tag}>")).skip(1).map(text).collect()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn object_has_checksum_and_tags_until_it_is_deleted() {
    let cloud = start(S3::Temporary).await;
    let client = Client::new(&cloud, "local");
    client.put(ONE).await;
    let head = client.head(ONE).await;
    assert_eq!((header(&head, "content-length"), header(&head, "x-amz-checksum-sha256")), (Some("5"), Some(DIGEST)));
    let tagging = format!("{ONE}?tagging");
    let tagged = client.get(&tagging).await;
    assert_eq!((tags(&tagged, "Key"), tags(&tagged, "Value")), (vec!["state", "a"], vec!["pending", "b c"]));
    assert_eq!(client.call("DELETE", &tagging, &[], "").await.status, StatusCode::NO_CONTENT);
    let untagged = client.get(&tagging).await;
    assert_eq!((untagged.status, tags(&untagged, "Key")), (StatusCode::OK, vec![]));
    let got = client.get(ONE).await;
    assert_eq!((header(&got, "content-type"), &got.body[..]), (Some("text/plain"), &b"Hello"[..]));
    let none = client.call("DELETE", "/local-files/none?tagging", &[], "").await;
    assert_eq!(tags(&none, "Code"), ["NoSuchKey"]);
    for _ in 0..2 {
        assert_eq!(client.call("DELETE", ONE, &[], "").await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(client.head(ONE).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_put_stores_nothing() {
    let cloud = start(S3::Temporary).await;
    let client = Client::new(&cloud, "local");
    let refused = client.call("PUT", ONE, &[("x-amz-checksum-sha256", DIGEST)], "Other").await;
    assert_eq!(tags(&refused, "Code"), ["BadDigest"]);
    assert_eq!(client.head(ONE).await.status, StatusCode::NOT_FOUND);
    client.put(ONE).await;
    let refused = client.call("PUT", ONE, &[("if-none-match", "*")], "Again").await;
    assert_eq!(tags(&refused, "Code"), ["PreconditionFailed"]);
    assert_eq!(tags(&client.call("PUT", "/no-bucket/x", &[], "x").await, "Code"), ["NoSuchBucket"]);
    let outside = client.get("/local-files/../../../../etc/passwd").await;
    let code = tags(&outside, "Code")[0];
    assert!(code.starts_with("NoSuch") || code == "InternalError", "{code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_put_of_the_same_object_is_refused() {
    let cloud = start(S3::Temporary).await;
    let client = Client::new(&cloud, "local");
    let signed = client.sign("PUT", ONE, &[]).await;
    let (host, path) = signed.trim_start_matches("http://").split_once('/').unwrap();
    let mut slow = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "PUT /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 5\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body (RFC 9110, 10.1.1) when the put has started.
    let mut asked = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    slow.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    let put = async || client.call("PUT", ONE, &[], "Other").await;
    assert_eq!(tags(&put().await, "Code"), ["ConditionalRequestConflict"]);
    slow.write_all(b"Hello").await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(&client.get(ONE).await.body[..], b"Hello");
    assert_eq!(put().await.status, StatusCode::OK, "the first put is finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_requires_a_signature_and_a_local_host() {
    let cloud = start(S3::Temporary).await;
    let (good, bad) = (Client::new(&cloud, "local"), Client::new(&cloud, "another"));
    good.put(ONE).await;
    assert_eq!(tags(&bad.get(ONE).await, "Code"), ["SignatureDoesNotMatch"]);
    let url = good.sign("GET", ONE, &[]).await;
    let get = async |url: &str, headers: &[(&str, &str)]| send("GET", url, headers, "").await;
    assert_eq!(get(&url, &[]).await.status, StatusCode::OK);
    assert_eq!(get(url.split('?').next().unwrap(), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(get(&url, &[("host", "evil.example")]).await.status, StatusCode::FORBIDDEN);
    for (origin, named) in [("http://page.example", Some("http://page.example")), ("http://evil.example", None)] {
        let answer = get(&url, &[("origin", origin)]).await;
        assert_eq!((answer.status, header(&answer, "access-control-allow-origin")), (StatusCode::OK, named));
        let asks = [("origin", origin), ("access-control-request-method", "GET")];
        let preflight = send("OPTIONS", &url, &asks, "").await;
        assert_eq!(preflight.status.is_success(), named.is_some(), "{origin}");
    }
}

/// As the functions call S3. The tests above sign in the address, as clients' uploads and downloads are signed.
#[tokio::test(flavor = "multi_thread")]
async fn request_signed_in_its_headers_is_served() {
    let cloud = start(S3::Temporary).await;
    let (good, bad) = (Client::new(&cloud, "local"), Client::new(&cloud, "another"));
    good.put(ONE).await;
    let head = async |client: &Client| {
        let mut request = HttpRequest::empty();
        request.set_method("HEAD").unwrap();
        request.set_uri(ONE).unwrap();
        client.0.call("HeadObject", request).await
    };
    assert_eq!(head(&good).await.unwrap().header("content-length"), Some("5"));
    let refused = head(&bad).await.unwrap_err();
    assert_eq!(refused.as_service_error().map(|refusal| refusal.status()), Some(403));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_in_a_directory_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let place = S3::Directory(directory.path().join("deep/objects"));
    let mut cloud = start(place.clone()).await;
    Client::new(&cloud, "local").put(ONE).await;
    cloud.shutdown().await;
    let file: &Path = &directory.path().join("deep/objects/local-files/one");
    assert_eq!(std::fs::read(file).unwrap(), b"Hello");
    let cloud = start(place).await;
    let got = Client::new(&cloud, "local").get(ONE).await;
    assert_eq!(header(&got, "content-type"), Some("text/plain"));
}
