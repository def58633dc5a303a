//! Images, recordings and files, with real bytes in a bucket.

use client::draft::{Draft, NewAttachment};
use client::problem::Code;
use client::{Error, Update};
use domain::attachment::{Attachment, AttachmentLimits, DOWNLOAD_URL_TTL, UPLOAD_TTL, UPLOAD_URL_TTL};
use domain::file::ContentType;
use domain::ports::{Env as _, SignDownloads as _, SignUploads as _};
use domain::timestamp::Timestamp;
use edge::aws::Aws;
use edge::config::AwsConfig;
use edge::env::SystemEnv;
use end_to_end::files::{PNG, announcement, kinds, new_picture, put, put_with};
use end_to_end::{System, User, assert_problem};
use local_cloud::Template;
use objects::Bucket;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

async fn announce(user: &User, chat: &str, kind: &str, about: &Value, bytes: &[u8]) -> Value {
    let (status, answer) = user.http.post("/attachments", &announcement(chat, kind, about, bytes)).await.unwrap();
    assert_eq!(status, 201, "{answer}");
    answer
}

/// Declares a picture without uploading it. Returns the answer.
async fn picture(user: &User, chat: &str) -> Value {
    let [(kind, about, bytes), ..] = kinds();
    announce(user, chat, kind, &about, &bytes).await
}

/// Declares and uploads a picture. Returns the answer to the declaration.
async fn uploaded(user: &User, chat: &str) -> Value {
    let announced = picture(user, chat).await;
    assert_eq!(put(&announced, PNG).await.status(), 200);
    announced
}

fn id(announced: &Value) -> &str {
    announced["attachment"]["attachmentId"].as_str().unwrap()
}

async fn send(user: &User, chat: &str, announced: &Value) -> (u16, Value) {
    send_as(user, chat, "image", id(announced)).await
}

async fn send_as(user: &User, chat: &str, kind: &str, id: &str) -> (u16, Value) {
    let body = json!({"type": kind, "attachmentId": id});
    user.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap()
}

async fn open(user: &User, chat: &str, seq: u64) -> (u16, Value) {
    user.http.get(&format!("/chats/{chat}/messages/{seq}/attachment")).await.unwrap()
}

async fn code(response: Response) -> (StatusCode, String) {
    let (status, text) = (response.status(), response.text().await.unwrap());
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (status, code.map(|(code, _)| code.to_owned()).unwrap_or(text))
}

async fn two(system: &System) -> (User, User, String) {
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    (alice, bob, chat)
}

#[tokio::test]
async fn each_type_is_uploaded_sent_listed_and_downloaded() {
    let (alice, bob, chat) = two(crate::system()).await;
    let mut at_bob = bob.socket().await;
    for (seq, (kind, about, bytes)) in (1..).zip(kinds()) {
        let announced = announce(&alice, &chat, kind, &about, &bytes).await;
        let response = put(&announced, &bytes).await;
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        let body = json!({"type": kind, "attachmentId": id(&announced), "content": "Look", "clientMessageId": kind});
        let (status, sent) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
        assert_eq!((status, &sent["message"]["attachment"]), (201, &announced["attachment"]), "{sent}");
        let pushed = at_bob.event("message.created").await.unwrap();
        assert_eq!(pushed["data"], sent["message"]);
        let (_, page) = bob.http.get(&format!("/chats/{chat}/messages?around={seq}&limit=1")).await.unwrap();
        assert_eq!(page["messages"][0]["attachment"], announced["attachment"], "{page}");
        let (_, inbox) = bob.http.get("/chats").await.unwrap();
        assert_eq!(inbox["chats"][0]["lastMessage"]["attachment"], announced["attachment"], "{inbox}");

        for user in [&alice, &bob] {
            let (status, opened) = open(user, &chat, seq).await;
            assert_eq!((status, &opened["attachment"]), (200, &announced["attachment"]), "{opened}");
            let response = Client::new().get(opened["download"]["url"].as_str().unwrap()).send().await.unwrap();
            assert_eq!(response.status(), 200);
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            let served =
                if kind == "file" { "application/octet-stream" } else { about["contentType"].as_str().unwrap() };
            assert_eq!(header("content-type"), served);
            let disposition = header("content-disposition");
            assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
            if kind == "file" {
                assert!(disposition.ends_with("filename*=UTF-8''%C3%BCber%20uns.html"), "{disposition}");
            }
            assert_eq!(response.bytes().await.unwrap(), bytes);
        }
        // A retry with the same clientMessageId returns the same message, although the attachment is sent already.
        let (status, again) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
        assert_eq!((status, &again["message"]["seq"]), (200, &json!(seq)), "{again}");
        at_bob.event("message.created").await.unwrap();
    }
}

#[tokio::test]
async fn bucket_accepts_only_the_declared_bytes_and_headers() {
    let (alice, _, chat) = two(crate::system()).await;
    let announced = picture(&alice, &chat).await;
    let wrong_size = [PNG, b"more"].concat();
    assert_eq!(code(put(&announced, &wrong_size).await).await, (StatusCode::FORBIDDEN, "SignatureDoesNotMatch".into()));
    let mut wrong_bytes = PNG.to_vec();
    wrong_bytes[20] ^= 1;
    assert_eq!(code(put(&announced, &wrong_bytes).await).await, (StatusCode::BAD_REQUEST, "BadDigest".into()));
    for (name, value) in [
        ("content-type", "text/html"),
        ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ("x-amz-tagging", "state=kept"),
        ("if-none-match", "other"),
    ] {
        let refused = code(put_with(&announced, PNG, &[(name, value)]).await).await;
        assert_eq!(refused.0, StatusCode::FORBIDDEN, "{name}: {}", refused.1);
    }
    let (status, problem) = send(&alice, &chat, &announced).await;
    assert_eq!(status, 409);
    assert_problem(&problem, 409, "attachment_not_uploaded", None);
    // The refused uploads have changed nothing.
    assert_eq!(put(&announced, PNG).await.status(), 200);
    assert_eq!(code(put(&announced, PNG).await).await, (StatusCode::PRECONDITION_FAILED, "PreconditionFailed".into()));
    assert_eq!(send(&alice, &chat, &announced).await.0, 201);
    assert_eq!(code(put(&announced, PNG).await).await.0, StatusCode::PRECONDITION_FAILED, "nor after it was sent");
}

#[tokio::test]
async fn attachment_is_sent_once_by_its_owner_into_its_chat() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let carol = system.user("carol").await;
    let other_chat = alice.chat_with(&carol).await;
    let announced = uploaded(&alice, &chat).await;

    let (_, problem) = send(&bob, &chat, &announced).await;
    assert_problem(&problem, 404, "attachment_not_found", None);
    let (_, problem) = send(&alice, &other_chat, &announced).await;
    assert_problem(&problem, 400, "invalid_request", Some("attachmentId"));
    let (_, problem) = send(&carol, &chat, &announced).await;
    assert_problem(&problem, 404, "chat_not_found", None);
    let (_, problem) = send_as(&alice, &chat, "audio", id(&announced)).await;
    assert_problem(&problem, 400, "invalid_request", Some("type"));
    let (_, problem) = send_as(&alice, &chat, "image", "no-such-attachment").await;
    assert_problem(&problem, 404, "attachment_not_found", None);

    let mut socket = alice.socket().await;
    let frame = json!({"chatId": chat, "type": "image", "attachmentId": id(&announced), "content": "Over the socket"});
    let sent = socket.request("sendMessage", frame.clone()).await.unwrap();
    assert_eq!(sent["data"]["message"]["attachment"], announced["attachment"], "{sent}");
    let again = socket.request("sendMessage", frame).await.unwrap();
    assert_problem(&again["error"], 409, "attachment_sent", None);
    let (_, page) = bob.http.get(&format!("/chats/{chat}/messages")).await.unwrap();
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn invalid_declarations_are_refused_before_the_upload() {
    let system = crate::system();
    let (alice, _, chat) = two(system).await;
    let eve = system.user("eve").await;
    let [(kind, about, bytes), (_, audio, _), (_, file, _)] = kinds();
    let body = announcement(&chat, kind, &about, &bytes);
    let (_, problem) = eve.http.post("/attachments", &body).await.unwrap();
    assert_problem(&problem, 404, "chat_not_found", None);
    for (kind, about, field, value, code) in [
        ("image", &about, "contentType", json!("image/svg+xml"), "invalid_request"),
        ("image", &about, "contentType", json!("text/html"), "invalid_request"),
        ("image", &about, "contentType", json!("audio/mpeg"), "invalid_request"),
        ("file", &file, "contentType", json!("text/html"), "invalid_request"),
        ("image", &about, "sizeBytes", json!(10_000_001), "content_too_large"),
        ("audio", &audio, "sizeBytes", json!(25_000_001), "content_too_large"),
        ("file", &file, "sizeBytes", json!(100_000_001), "content_too_large"),
        ("image", &about, "sizeBytes", json!(0), "invalid_request"),
        ("image", &about, "width", json!(0), "invalid_request"),
        ("image", &about, "height", json!(65_536), "invalid_request"),
        ("image", &about, "blurHash", json!("short"), "invalid_request"),
        ("image", &about, "durationMs", json!(1), "invalid_request"),
        ("audio", &audio, "durationMs", json!(0), "invalid_request"),
        ("audio", &audio, "durationMs", json!(86_400_001), "invalid_request"),
        ("audio", &audio, "width", json!(1), "invalid_request"),
        ("file", &file, "width", json!(1), "invalid_request"),
        ("file", &file, "fileName", json!("../../etc/passwd"), "invalid_request"),
        ("file", &file, "fileName", json!("gpj.\u{202E}exe"), "invalid_request"),
        ("file", &file, "sha256", json!("abc"), "invalid_request"),
        ("image", &about, "type", json!("text"), "invalid_request"),
        ("image", &about, "type", json!("video"), "invalid_request"),
    ] {
        let mut body = announcement(&chat, kind, about, &bytes);
        body[field] = value;
        let (_, problem) = alice.http.post("/attachments", &body).await.unwrap();
        assert_problem(&problem, 400, code, Some(field));
    }
    for field in ["chatId", "type", "fileName", "contentType", "sizeBytes", "sha256", "width", "height", "blurHash"] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove(field);
        let (_, problem) = alice.http.post("/attachments", &body).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
    for (body, field) in [
        (json!({"type": "image", "content": "No picture"}), "attachmentId"),
        (json!({"type": "text", "content": "A picture?", "attachmentId": "some"}), "attachmentId"),
        (json!({"type": "text", "content": " "}), "content"),
        (json!({"type": "text"}), "content"),
    ] {
        let (_, problem) = alice.http.post(&format!("/chats/{chat}/messages"), &body).await.unwrap();
        assert_problem(&problem, 400, "invalid_request", Some(field));
    }
}

#[tokio::test]
async fn only_users_who_see_the_message_can_download() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let (dave, eve) = (system.user("dave").await, system.user("eve").await);
    let chat = alice.group(&[&bob, &carol]).await;
    let announced = uploaded(&alice, &chat).await;
    assert_eq!(send(&alice, &chat, &announced).await.0, 201);
    alice.send(&chat, "A text").await;
    let (status, _) =
        alice.http.post(&format!("/chats/{chat}/participants"), &json!({"participants": [dave.id]})).await.unwrap();
    assert_eq!(status, 200);

    let (_, problem) = open(&eve, &chat, 1).await;
    assert_problem(&problem, 404, "chat_not_found", None);
    let (_, problem) = open(&dave, &chat, 1).await;
    assert_problem(&problem, 404, "message_not_found", None);
    let (_, problem) = open(&bob, &chat, 2).await;
    assert_problem(&problem, 404, "attachment_not_found", None);
    // Refused: no signature, another object's signature, and a request that the URL does not sign.
    let (_, opened) = open(&bob, &chat, 1).await;
    let url = opened["download"]["url"].as_str().unwrap();
    let get = async |url: &str| code(Client::new().get(url).send().await.unwrap()).await;
    assert_eq!(get(url.split('?').next().unwrap()).await, (StatusCode::FORBIDDEN, "AccessDenied".into()));
    assert_eq!(get(&url.replace(id(&announced), "another")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(get(&url.replace("image%2Fpng", "text%2Fhtml")).await.0, StatusCode::FORBIDDEN);
    let deleted = Client::new().delete(url).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::FORBIDDEN);

    // First deleted for one user, then for everyone: then even an older URL does not work.
    assert_eq!(bob.http.delete(&format!("/chats/{chat}/messages/1?for=me")).await.unwrap().0, 200);
    let (_, problem) = open(&bob, &chat, 1).await;
    assert_problem(&problem, 404, "message_not_found", None);
    assert_eq!(Client::new().get(url).send().await.unwrap().status(), 200);
    let (status, deleted) = alice.http.delete(&format!("/chats/{chat}/messages/1?for=everyone")).await.unwrap();
    assert_eq!((status, deleted["message"].get("attachment")), (200, None), "{deleted}");
    let (_, problem) = open(&carol, &chat, 1).await;
    assert_problem(&problem, 404, "message_not_found", None);
    // 403 on AWS: the signer may not list, so S3 does not reveal that the object is missing.
    assert_eq!(get(url).await, (StatusCode::NOT_FOUND, "NoSuchKey".into()));
}

/// The bucket, with the functions' credentials. Only for a system that these tests started.
fn bucket(system: &System) -> Bucket {
    let endpoint = Some(system.s3.clone().expect("these tests started the system"));
    let config = AwsConfig {
        region: "us-east-1".to_owned(),
        dynamodb_endpoint: None,
        secrets_endpoint: None,
        s3_endpoint: endpoint.clone(),
        sns_endpoint: None,
    };
    let credentials = aws_credential_types::Credentials::new("local", "local", None, None, "test");
    let sdk = Aws::new(config)
        .sdk
        .to_builder()
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .build();
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    let [bucket] = template.buckets.as_slice() else { panic!("one bucket") };
    Bucket::new(&sdk, endpoint.as_deref(), &bucket.name)
}

#[tokio::test]
async fn presigned_url_works_until_it_expires() {
    let system = crate::system();
    let (alice, _, chat) = two(system).await;
    let (bucket, before) = (bucket(system), SystemEnv.now());
    let announced = picture(&alice, &chat).await;
    let attachment: Attachment = serde_json::from_value(announced["attachment"].clone()).unwrap();
    let ago = |seconds: u64| Timestamp::from_seconds(before.seconds() - i64::try_from(seconds).unwrap());
    let put_at = async |seconds: u64| {
        let signed = bucket.sign_upload(&attachment, ago(seconds)).await.unwrap();
        let headers: BTreeMap<_, _> = signed.headers.into_iter().collect();
        put(&json!({"upload": {"url": signed.url, "headers": headers}}), PNG).await
    };
    assert_eq!(code(put_at(UPLOAD_URL_TTL.as_secs() + 2).await).await, (StatusCode::FORBIDDEN, "AccessDenied".into()));
    assert_eq!(put_at(UPLOAD_URL_TTL.as_secs() - 60).await.status(), 200);
    let get_at = async |seconds: u64| {
        let url = bucket.sign_download(&attachment, ago(seconds)).await.unwrap();
        Client::new().get(url).send().await.unwrap()
    };
    let hour = DOWNLOAD_URL_TTL.as_secs();
    assert_eq!(code(get_at(hour + 2).await).await, (StatusCode::FORBIDDEN, "AccessDenied".into()));
    assert_eq!(get_at(hour - 60).await.bytes().await.unwrap(), PNG);
    // The answer says how long the URL works.
    send(&alice, &chat, &announced).await;
    let (_, opened) = open(&alice, &chat, 1).await;
    let after = SystemEnv.now();
    for (until, life) in [
        (&announced["upload"]["expiresAt"], UPLOAD_URL_TTL),
        (&announced["expiresAt"], UPLOAD_TTL),
        (&opened["download"]["expiresAt"], DOWNLOAD_URL_TTL),
    ] {
        let until = Timestamp::parse(until.as_str().unwrap()).unwrap();
        assert!((before.plus(life)..=after.plus(life)).contains(&until), "{until:?}");
    }
}

#[tokio::test]
async fn page_of_an_allowed_origin_uploads_and_downloads() {
    let (alice, _, chat) = two(crate::system()).await;
    let announced = picture(&alice, &chat).await;
    let url = announced["upload"]["url"].as_str().unwrap();
    let names: Vec<_> = announced["upload"]["headers"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-tagging"]);
    let preflight = async |origin: &str, method: &str, headers: &str| {
        let request = Client::new().request(Method::OPTIONS, url).header("origin", origin);
        let request = request.header("access-control-request-method", method);
        request.header("access-control-request-headers", headers).send().await.unwrap()
    };
    let page = "http://localhost:5173";
    let allowed = preflight(page, "PUT", &names.join(",")).await;
    assert!(allowed.status().is_success());
    assert_eq!(allowed.headers()["access-control-allow-origin"], page);
    for (origin, method, headers) in
        [("https://evil.example", "PUT", "content-type"), (page, "DELETE", ""), (page, "PUT", "x-amz-acl")]
    {
        assert_eq!(preflight(origin, method, headers).await.status(), StatusCode::FORBIDDEN, "{origin} {method}");
    }
    assert_eq!(put(&announced, PNG).await.status(), 200);
    send(&alice, &chat, &announced).await;
    let (_, opened) = open(&alice, &chat, 1).await;
    let get = Client::new().get(opened["download"]["url"].as_str().unwrap()).header("origin", page);
    assert_eq!(get.send().await.unwrap().headers()["access-control-allow-origin"], page);
}

#[tokio::test]
async fn client_library_uploads_sends_and_downloads() {
    let system = crate::system();
    let (alice, bob, chat) = two(system).await;
    let (client, mut updates) = alice.client(system.options()).await;
    let new = new_picture();
    let attachment = client.upload(&chat, &new, PNG).await.unwrap();
    let name = client.send(&chat, Draft::attachment(&attachment, "A pixel")).unwrap();
    let message = loop {
        match tokio::time::timeout(Duration::from_secs(60), updates.next()).await.unwrap().unwrap() {
            Update::Sent { client_message_id, message } if client_message_id == name => break message,
            Update::NotSent { error, .. } => panic!("{error}"),
            _ => {}
        }
    };
    assert_eq!((message.attachment.as_ref(), message.content.as_str()), (Some(&attachment), "A pixel"));
    let (other, _updates) = bob.client(system.options()).await;
    let (opened, bytes) = other.download(&chat, 1).await.unwrap();
    assert_eq!((opened, &bytes[..]), (attachment, PNG));
    let too_large = NewAttachment { content_type: "image/svg+xml".to_owned(), ..new };
    let refused = client.upload(&chat, &too_large, PNG).await;
    assert!(matches!(&refused, Err(Error::Refused(problem)) if problem.code == Code::InvalidRequest), "{refused:?}");
}

#[test]
fn template_and_code_have_the_same_limits() {
    let template = Template::load(&dev::cloud::template(), &BTreeMap::new()).unwrap();
    let environment = &template.functions["CreateAttachmentFunction"].environment;
    let AttachmentLimits { image, audio, file } = AttachmentLimits::default();
    for (name, limit) in [("IMAGE", image), ("AUDIO", audio), ("FILE", file)] {
        assert_eq!(environment[&format!("ATTACHMENT_{name}_MAX_BYTES")], limit.max_bytes.to_string());
        let types: Vec<_> = limit.content_types.iter().map(ContentType::as_str).collect();
        assert_eq!(environment[&format!("ATTACHMENT_{name}_TYPES")], types.join(","));
    }
}

#[tokio::test]
async fn limits_come_from_the_environment() {
    let system = crate::start(|setup| {
        let parameters = [("AttachmentImageMaxBytes", "66"), ("AttachmentImageTypes", "image/png,image/avif")];
        setup.parameters.extend(parameters.map(|(name, value)| (name.to_owned(), value.to_owned())));
    });
    let (alice, _, chat) = two(&system).await;
    let [(kind, about, bytes), ..] = kinds();
    let (_, problem) = alice.http.post("/attachments", &announcement(&chat, kind, &about, &bytes)).await.unwrap();
    assert_eq!((bytes.len() > 66, &problem["limit"]), (true, &json!(66)), "{problem}");
    for (content_type, status) in [("image/avif", 201), ("image/jpeg", 400)] {
        let mut body = announcement(&chat, kind, &about, b"x");
        body["contentType"] = json!(content_type);
        assert_eq!(alice.http.post("/attachments", &body).await.unwrap().0, status, "{content_type}");
    }
}

#[tokio::test]
async fn avatar_of_a_group_is_set_opened_and_replaced() {
    let system = crate::system();
    let (alice, bob, carol) = (system.user("alice").await, system.user("bob").await, system.user("carol").await);
    let chat = alice.group(&[&bob, &carol]).await;
    let mut socket = bob.socket().await;
    let path = format!("/chats/{chat}");
    let [(kind, about, bytes), ..] = kinds();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (_, announced) = alice.http.post("/attachments", &announcement(&chat, kind, &about, &bytes)).await.unwrap();
        let id = announced["attachment"]["attachmentId"].as_str().unwrap().to_owned();
        let (_, problem) = alice.http.patch(&path, &json!({"avatar": id})).await.unwrap();
        assert_problem(&problem, 409, "attachment_not_uploaded", None);
        assert_eq!(put(&announced, &bytes).await.status(), 200);
        let (status, changed) = alice.http.patch(&path, &json!({"avatar": id})).await.unwrap();
        assert_eq!((status, &changed["chat"]["avatar"]), (200, &announced["attachment"]), "{changed}");
        assert_eq!(socket.event("chat.updated").await.unwrap()["data"]["avatar"], announced["attachment"]);
        ids.push(id);
    }
    let (status, opened) = bob.http.get(&format!("{path}/avatar")).await.unwrap();
    assert_eq!((status, &opened["attachment"]["attachmentId"]), (200, &json!(ids[1])), "{opened}");
    let url = opened["download"]["url"].as_str().unwrap();
    assert_eq!(reqwest::get(url).await.unwrap().bytes().await.unwrap(), bytes);
    let (_, problem) = alice.http.patch(&path, &json!({"avatar": ids[0]})).await.unwrap();
    assert_problem(&problem, 409, "attachment_sent", None);
    let (_, problem) = bob.http.patch(&path, &json!({"avatar": null})).await.unwrap();
    assert_problem(&problem, 403, "not_an_admin", None);
    let (status, changed) = alice.http.patch(&path, &json!({"avatar": null})).await.unwrap();
    assert_eq!((status, changed["chat"].get("avatar")), (200, None));
    assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "the bucket has no file");
    let (_, problem) = bob.http.get(&format!("{path}/avatar")).await.unwrap();
    assert_problem(&problem, 404, "attachment_not_found", None);
}
