//! Events parse into commands: the sample events of this repository, and those that AWS's own crate publishes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::attachment::Media;
use domain::event::TypingState;
use domain::ids::{ChatId, ClientChatId, Rev, Seq, UserId};
use domain::timestamp::Timestamp;
use domain::use_cases::{Cursor, DeleteFor, Mute, PageLimit, PageStart};
use edge::authorizer::AuthorizeRequest;
use edge::commands::{self, ProfileCommand};
use edge::problem::{Code, Problem};
use edge::request::{Api, Origin, Request, parse_request};
use edge::socket;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A moment before the sample tokens expire.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn read(folder: &str, name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(folder).join(format!("{name}.json"))).unwrap()
}

fn sample(name: &str) -> String {
    read("../../events", name)
}

fn published(name: &str) -> String {
    read("tests/fixtures", name)
}

fn opened(event: &str) -> (Origin, Result<Request, Problem>) {
    parse_request(&lambda_http::request::from_str(event).unwrap(), NOW)
}

fn request(event: &str) -> Request {
    opened(event).1.unwrap()
}

/// The same as a frame: what an HTTP event says in path, query string and body.
fn frame(action: &str, fields: Value) -> String {
    let mut event: Value = serde_json::from_str(&sample("default-route")).unwrap();
    let mut body = fields;
    body["action"] = json!(action);
    body["id"] = json!("f-1");
    event["requestContext"]["routeKey"] = json!(action);
    event["body"] = json!(body.to_string());
    event.to_string()
}

fn pair() -> ChatId {
    ChatId::private(&UserId::parse("alice").unwrap(), &UserId::parse("bob").unwrap())
}

/// What an HTTP sample says in path, query string and body, as the fields of a frame.
fn fields(name: &str) -> Value {
    let event: Value = serde_json::from_str(&sample(name)).unwrap();
    let mut fields: Value = serde_json::from_str(event["body"].as_str().unwrap_or("{}")).unwrap();
    for text in ["pathParameters", "queryStringParameters"] {
        for (name, value) in event[text].as_object().into_iter().flatten() {
            let number = value.as_str().and_then(|text| text.parse::<u64>().ok());
            fields[name] = number.map_or_else(|| value.clone(), |number| json!(number));
        }
    }
    fields
}

/// A request over HTTP, and the same over WebSocket.
fn both(name: &str, action: &str) -> [Request; 2] {
    [request(&sample(name)), request(&frame(action, fields(name)))]
}

#[test]
fn every_route_and_its_action_parse_into_the_same_command() {
    let chat = pair();
    let [http, over_socket] = both("create-chat", "createChat").map(|each| commands::create_chat(each).unwrap());
    assert_eq!((http.chat, http.caller.user), (over_socket.chat, over_socket.caller.user));
    assert_eq!(over_socket.caller.connection.unwrap().as_str(), "XfGLwddVliACJfA=");
    assert_eq!(http.caller.connection, None);

    for send in both("send-message", "sendMessage").map(|each| commands::send_message(each).unwrap()) {
        assert_eq!((send.chat, send.content.as_str(), send.caller.user.as_str()), (chat.clone(), "Hello Bob", "alice"));
        assert_eq!(send.client_message_id.unwrap().as_str(), "m-1");
        assert!(send.reply_to.is_none() && send.mentions.is_empty());
    }
    let list = commands::list_messages(request(&sample("list-messages"))).unwrap();
    assert_eq!((list.chat, list.start), (chat.clone(), PageStart::Latest));
    assert_eq!(list.limit, PageLimit::new(50).unwrap());
    let list =
        commands::list_messages(request(&frame("listMessages", json!({"chatId": chat.as_str(), "after": 7})))).unwrap();
    assert_eq!((list.start, list.limit), (PageStart::After(Seq(7)), PageLimit::default()));
    for mark in both("mark-seen", "markSeen").map(|each| commands::mark_seen(each).unwrap()) {
        assert_eq!((mark.chat, mark.seq), (chat.clone(), Seq(1)));
    }
    for edit in both("edit-message", "editMessage").map(|each| commands::edit_message(each).unwrap()) {
        assert_eq!((edit.chat, edit.seq, edit.content.as_str()), (chat.clone(), Seq(1), "Hello again"));
        assert_eq!(edit.mentions, None);
    }
    for delete in both("delete-message", "deleteMessage").map(|each| commands::delete_message(each).unwrap()) {
        assert_eq!((delete.chat, delete.seq, delete.for_whom), (chat.clone(), Seq(1), DeleteFor::Me));
    }
    for react in both("react-to-message", "reactToMessage").map(|each| commands::react_to_message(each).unwrap()) {
        assert_eq!((react.chat, react.seq, react.emojis.len()), (chat.clone(), Seq(1), 1));
    }
    for sync in both("sync", "sync").map(|each| commands::sync(each).unwrap()) {
        assert_eq!(sync.cursors, BTreeMap::from([(chat.clone(), Cursor { seq: Seq(0), rev: Rev(0) })]));
        assert_eq!(sync.open, BTreeSet::from([chat.clone()]));
    }
    let typing = commands::typing(request(&sample("typing"))).unwrap();
    assert_eq!((typing.chat, typing.state), (chat.clone(), TypingState::Start));
    assert_eq!(commands::get_chat(request(&sample("get-chat"))).unwrap().1, chat);
    assert!(commands::ping(request(&sample("default-route"))).is_ok());
    assert!(lambda_http::request::from_str(&sample("health")).is_ok());
}

#[test]
fn every_route_without_an_action_parses() {
    let client = ClientChatId::parse("sample").unwrap();
    let group = ChatId::of_request(&user("alice"), &client);
    let add = commands::add_participants(request(&sample("add-participants"))).unwrap();
    assert_eq!((add.chat, add.users), (group.clone(), BTreeSet::from([user("carol")])));
    let remove = commands::remove_participant(request(&sample("remove-participant"))).unwrap();
    assert_eq!((remove.chat, remove.user), (group.clone(), user("carol")));
    let set = commands::set_admin(request(&sample("set-admin"))).unwrap();
    assert_eq!((set.chat, set.user, set.is_admin), (group.clone(), user("bob"), true));
    let unset = commands::set_admin(request(&by("set-admin", "DELETE"))).unwrap();
    assert!(!unset.is_admin);
    let rename = commands::update_chat(request(&sample("update-chat"))).unwrap();
    assert_eq!((rename.chat, rename.name.as_str()), (group.clone(), "Sample renamed"));
    assert_eq!(commands::clear_chat(request(&sample("clear-chat"))).unwrap().1, group);
    let mute = commands::mute_chat(request(&sample("mute-chat"))).unwrap();
    assert_eq!((mute.chat, mute.mute), (group, Mute::On(Some(Timestamp::from_seconds(4_070_908_800)))));
    let mut unmute: Value = serde_json::from_str(&by("mute-chat", "DELETE")).unwrap();
    unmute.as_object_mut().unwrap().remove("body");
    assert_eq!(commands::mute_chat(request(&unmute.to_string())).unwrap().mute, Mute::Off);
    let announce = commands::create_attachment(request(&sample("create-attachment"))).unwrap();
    assert_eq!((announce.chat, announce.file_name.as_str(), announce.size_bytes), (pair(), "harbour.png", 183_204));
    assert!(matches!(announce.media, Media::Image { width: 1280, height: 720, .. }));
    assert_eq!(commands::get_attachment(request(&sample("get-attachment"))).unwrap(), (user("alice"), pair(), Seq(1)));
    let inbox = commands::list_chats(request(&sample("list-chats"))).unwrap();
    assert_eq!((inbox.limit, inbox.after), (PageLimit::new(20).unwrap(), None));
    assert!(matches!(commands::profile(request(&sample("profile"))).unwrap(), ProfileCommand::Me(_)));
    let mut event: Value = serde_json::from_str(&by("profile", "PATCH")).unwrap();
    event["body"] = json!(r#"{"nickname":" Ali "}"#);
    let patched = commands::profile(request(&event.to_string())).unwrap();
    assert!(
        matches!(patched, ProfileCommand::Update(it) if it.change.nickname.as_ref().is_some_and(|name| name.as_str() == "Ali"))
    );
    let mut event: Value = serde_json::from_str(&sample("profile")).unwrap();
    event["pathParameters"] = json!({"userId": "auth0|bob"});
    refused(commands::profile(request(&event.to_string())), "userId", "is not a field");
    event["requestContext"]["routeKey"] = json!("GET /users/{userId}");
    let other = commands::profile(request(&event.to_string())).unwrap();
    assert!(matches!(other, ProfileCommand::User(_, who) if who.as_str() == "auth0|bob"));
}

/// A sample with another method.
fn by(name: &str, method: &str) -> String {
    let mut event: Value = serde_json::from_str(&sample(name)).unwrap();
    let route = event["requestContext"]["routeKey"].as_str().unwrap();
    let (_, path) = route.split_once(' ').unwrap();
    event["requestContext"]["routeKey"] = json!(format!("{method} {path}"));
    event.to_string()
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(parsed: Result<T, Problem>, field: &str, reason: &str) {
    let problem = parsed.unwrap_err();
    let named = |error: &edge::problem::FieldError| error.field == field && error.reason.contains(reason);
    assert!(problem.errors.iter().any(named), "{field}: {reason}: {problem:?}");
}

#[test]
fn what_is_wrong_is_named() {
    let chat = pair();
    let at = |fields: Value| {
        let mut fields = fields;
        fields["chatId"] = json!(chat.as_str());
        request(&frame("x", fields))
    };
    let text = |more: Value| {
        let mut fields = json!({"type": "text", "content": "Hello"});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        commands::send_message(at(fields))
    };
    let many = |count: usize| (0..count).map(|n| format!("u{n}")).collect::<Vec<_>>();
    refused(text(json!({"replyTo": -1})), "replyTo", "whole number");
    refused(text(json!({"mentions": ["ok", "not ok"]})), "mentions[1]", "1 to 128");
    refused(text(json!({"mentions": many(21)})), "mentions", "at most 20");
    assert_eq!(text(json!({"mentions": many(20), "replyTo": 3})).unwrap().reply_to, Some(Seq(3)));
    let large = text(json!({"content": "x".repeat(24 * 1024 - 1)})).unwrap_err();
    assert_eq!((large.code, large.limit), (Code::ContentTooLarge, Some(24 * 1024)));
    assert!(text(json!({"content": "x".repeat(24 * 1024 - 2)})).is_ok());
    let image = |more: Value| {
        let mut fields = json!({"type": "image", "attachmentId": "a-1"});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        commands::send_message(at(fields))
    };
    assert!(image(json!({})).unwrap().content.is_empty());
    assert_eq!(image(json!({"content": "The sea"})).unwrap().content.as_str(), "The sea");
    refused(image(json!({"attachmentId": null})), "attachmentId", "required");
    refused(image(json!({"attachmentId": "NO"})), "attachmentId", "a-z");
    refused(image(json!({"type": "video"})), "type", "text, image, file or audio");
    refused(commands::edit_message(at(json!({"content": "x"}))), "seq", "required");
    refused(commands::edit_message(at(json!({"seq": "1", "content": "x"}))), "seq", "whole number");
    refused(commands::delete_message(at(json!({"seq": 1, "for": "all"}))), "for", "me or everyone");
    refused(commands::delete_message(at(json!({"seq": 1}))), "for", "required");
    refused(commands::typing(at(json!({"state": "typing"}))), "state", "start or stop");
    refused(commands::react_to_message(at(json!({"seq": 1, "emojis": ["\u{1F44D}", "x"]}))), "emojis[1]", "one emoji");
    refused(commands::react_to_message(at(json!({"seq": 1}))), "emojis", "required");
    refused(commands::update_chat(at(json!({"name": " "}))), "name", "1 to 100");
    refused(commands::add_participants(at(json!({"participants": []}))), "participants", "at least one");
    let crowd = commands::add_participants(at(json!({"participants": many(91)}))).unwrap_err();
    assert_eq!((crowd.code, crowd.limit), (Code::TooManyParticipants, Some(90)));
    assert!(commands::add_participants(at(json!({"participants": many(90)}))).is_ok());
    refused(commands::mute_chat(at(json!({"until": "tomorrow"}))), "until", "RFC 3339");
    let plain = |fields: Value| request(&frame("x", fields));
    refused(commands::list_chats(plain(json!({"cursor": "??"}))), "cursor", "earlier page");
    refused(commands::list_chats(plain(json!({"limit": 101}))), "limit", "1 to 100");
    refused(commands::sync(plain(json!({}))), "cursors", "required");
    refused(commands::sync(plain(json!({"cursors": {"A!": {"seq": 0, "rev": 0}}}))), "cursors.A!", "a-z");
    refused(commands::sync(plain(json!({"cursors": {"c": {"seq": 0}}}))), "cursors.c", "rev");
    refused(commands::sync(plain(json!({"cursors": {"c": {"seq": 0, "rev": 0, "x": 1}}}))), "cursors.c.x", "unknown");
    refused(commands::sync(plain(json!({"cursors": {}, "open": ["c"]}))), "open", "not among the cursors");
    let cursors: serde_json::Map<_, _> = many(101).into_iter().map(|id| (id, json!({"seq": 0, "rev": 0}))).collect();
    refused(commands::sync(plain(json!({"cursors": cursors}))), "cursors", "at most 100");
    let open = many(6);
    let cursors: serde_json::Map<_, _> = open.iter().map(|id| (id.clone(), json!({"seq": 0, "rev": 0}))).collect();
    refused(commands::sync(plain(json!({"cursors": cursors, "open": open}))), "open", "at most 5");
    refused(commands::profile(request(&by("profile", "PATCH"))), "nickname", "required");
}

#[test]
fn a_connection_comes_and_goes() {
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_str(&sample("connect")).unwrap();
    let opening = socket::parse(&event).unwrap();
    assert_eq!((opening.user.as_str(), opening.connection.exp.seconds()), ("alice", 4_102_444_800));
    assert!(opening.connection.is_live(NOW) && opening.speaks_subprotocol);
    assert_eq!(socket::accept(&opening)["headers"], json!({"Sec-WebSocket-Protocol": "chat.v1"}));
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_str(&sample("disconnect")).unwrap();
    let closed = socket::parse(&event).unwrap();
    assert_eq!(closed.connection.id, opening.connection.id);
    assert!(!closed.speaks_subprotocol);
}

#[test]
fn an_authorizer_is_asked_with_a_token() {
    let request = AuthorizeRequest::parse(serde_json::from_str(&sample("authorize")).unwrap()).unwrap();
    assert!(request.token.is_some_and(|token| token.split('.').count() == 3));
}

#[test]
fn what_aws_publishes_is_understood_and_nobody_in_it_is_taken_for_a_user() {
    // Their authorizers give no userId, so nothing in them is an identity.
    for (name, connection) in [
        ("example-apigw-websocket-request", true),
        ("example-apigw-websocket-request-without-method", true),
        ("example-apigw-v2-request-lambda-authorizer", false),
    ] {
        let (origin, request) = opened(&published(name));
        assert_eq!(matches!(origin.api, Api::WebSocket { connection: Some(_), .. }), connection, "{name}");
        assert!(!origin.route.is_empty() && !origin.request_id.is_empty(), "{name}");
        assert_eq!(request.unwrap_err().code, Code::Unauthenticated, "{name}");
    }
    let event = serde_json::from_str(&published("example-apigw-websocket-request-disconnect-route")).unwrap();
    assert_eq!(socket::parse(&event).unwrap_err().code, Code::Unauthenticated);
    for name in
        ["example-apigw-v2-custom-authorizer-v2-request", "example-apigw-v2-custom-authorizer-websocket-request"]
    {
        let event = serde_json::from_str(&published(name)).unwrap();
        assert!(AuthorizeRequest::parse(event).is_ok(), "{name}");
    }
}

#[test]
fn an_identity_is_taken_from_the_authorizer_and_nowhere_else() {
    let mut event: Value = serde_json::from_str(&sample("get-chat")).unwrap();
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    event["queryStringParameters"] = json!({"userId": "alice", "exp": "4102444800"});
    event["headers"]["x-user-id"] = json!("alice");
    assert_eq!(opened(&event.to_string()).1.unwrap_err().code, Code::Unauthenticated);
    // A number is not what API Gateway makes of a context: it is not taken for one.
    let mut event: Value = serde_json::from_str(&sample("get-chat")).unwrap();
    for exp in [json!(4_102_444_800_i64), json!("soon"), json!(null)] {
        event["requestContext"]["authorizer"]["lambda"]["exp"] = exp;
        assert_eq!(opened(&event.to_string()).1.unwrap_err().code, Code::Unauthenticated);
    }
}

#[test]
fn an_expired_token_is_refused_though_the_authorizer_let_it_pass() {
    for name in ["get-chat", "default-route"] {
        let event = lambda_http::request::from_str(&sample(name)).unwrap();
        let (_, request) = parse_request(&event, Timestamp::from_seconds(4_102_444_800));
        assert_eq!(request.unwrap_err().code, Code::TokenExpired, "{name}");
    }
}

#[test]
fn a_body_in_base64_is_a_body() {
    let mut event: Value = serde_json::from_str(&sample("send-message")).unwrap();
    event["body"] = json!("eyJ0eXBlIjoidGV4dCIsImNvbnRlbnQiOiJIZWxsbyBCb2IifQ==");
    event["isBase64Encoded"] = json!(true);
    assert_eq!(commands::send_message(request(&event.to_string())).unwrap().content.as_str(), "Hello Bob");
}

#[test]
fn a_huge_body_is_not_parsed() {
    let mut event: Value = serde_json::from_str(&sample("send-message")).unwrap();
    event["body"] = json!(format!("{{\"content\":\"{}\"}}", "x".repeat(300_000)));
    let problem = opened(&event.to_string()).1.unwrap_err();
    assert_eq!(problem.errors[0].field, "body");
}
