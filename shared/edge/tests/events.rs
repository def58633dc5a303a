//! Events parse into commands: the sample events of this repository, and those that AWS's own crate publishes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::ids::{ChatId, Seq, UserId};
use domain::timestamp::Timestamp;
use domain::use_cases::{PageLimit, PageStart};
use edge::authorizer::AuthorizeRequest;
use edge::commands;
use edge::problem::{Code, Problem};
use edge::request::{Api, Origin, Request, open};
use edge::socket;
use serde_json::{Value, json};
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
    open(&lambda_http::request::from_str(event).unwrap(), NOW)
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

#[test]
fn every_route_and_its_action_parse_into_the_same_command() {
    let chat = pair();
    let body = |name: &str| -> Value {
        let event: Value = serde_json::from_str(&sample(name)).unwrap();
        let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap_or("{}")).unwrap();
        if event.get("pathParameters").is_some() {
            body["chatId"] = json!(chat.as_str());
        }
        body
    };
    let http = commands::create_chat(request(&sample("create-chat"))).unwrap();
    let over_socket = commands::create_chat(request(&frame("createChat", body("create-chat")))).unwrap();
    assert_eq!((http.chat, http.caller.user), (over_socket.chat, over_socket.caller.user));
    assert_eq!(over_socket.caller.connection.unwrap().as_str(), "XfGLwddVliACJfA=");
    assert_eq!(http.caller.connection, None);

    for event in [sample("send-message"), frame("sendMessage", body("send-message"))] {
        let send = commands::send_message(request(&event)).unwrap();
        assert_eq!((send.chat, send.content.as_str(), send.caller.user.as_str()), (chat.clone(), "Hello Bob", "alice"));
        assert_eq!(send.client_message_id.unwrap().as_str(), "m-1");
    }
    let list = commands::list_messages(request(&sample("list-messages"))).unwrap();
    assert_eq!((list.chat, list.start), (chat.clone(), PageStart::Latest));
    assert_eq!(list.limit, PageLimit::new(50).unwrap());
    let list =
        commands::list_messages(request(&frame("listMessages", json!({"chatId": chat.as_str(), "after": 7})))).unwrap();
    assert_eq!((list.start, list.limit), (PageStart::After(Seq(7)), PageLimit::default()));
    for event in [sample("mark-seen"), frame("markSeen", body("mark-seen"))] {
        let mark = commands::mark_seen(request(&event)).unwrap();
        assert_eq!((mark.chat, mark.seq), (chat.clone(), Seq(1)));
    }
    assert_eq!(commands::get_chat(request(&sample("get-chat"))).unwrap().1, chat);
    assert!(commands::ping(request(&sample("default-route"))).is_ok());
    assert!(lambda_http::request::from_str(&sample("health")).is_ok());
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
        let (_, request) = open(&event, Timestamp::from_seconds(4_102_444_800));
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
