use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayCustomAuthorizerRequestTypeRequest, ApiGatewayWebsocketProxyRequest};
use aws_sdk_apigatewaymanagement::{
    Client,
    config::{Credentials, Region},
    primitives::Blob,
};
use axum::http::StatusCode;
use futures_util::SinkExt;
use local_cloud::Limits;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{
        CloseFrame,
        frame::{
            Frame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};

use crate::support::{Cloud, Socket};

/// Sends a message in several frames.
async fn say_in_frames(socket: &mut Socket, parts: &[String]) {
    for (index, part) in parts.iter().enumerate() {
        let kind = if index == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(part.clone().into_bytes(), OpCode::Data(kind), index + 1 == parts.len());
        // The server may have closed already. The test checks its close frame.
        if socket.stream.send(Message::Frame(frame)).await.is_err() {
            return;
        }
    }
}

async fn with_limits(adjust: impl FnOnce(&mut Limits)) -> Cloud {
    Cloud::start_with("websocket.yaml", |options| adjust(&mut options.limits)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn authorizer_allows_and_denies_handshakes() {
    let cloud = Cloud::start("websocket.yaml").await;
    let refused = async |token: &str| {
        let (status, body) =
            cloud.connect("", &[("authorization", token)]).await.err().expect("the handshake is refused");
        assert!(body["connectionId"].is_string() && body["requestId"].is_string(), "{body}");
        (status, body["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(refused("no").await, (StatusCode::FORBIDDEN, "Forbidden".into()));
    assert_eq!(refused("Unauthorized").await, (StatusCode::UNAUTHORIZED, "Unauthorized".into()));
    assert_eq!(refused("error").await, (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error".into()));
    assert_eq!(refused("malformed").await, (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error".into()));
    let mut socket = cloud.connect("?a=1&a=2", &[("authorization", "yes")]).await.unwrap();
    let event = socket.ask(r#"{"action":"echo"}"#).await;
    let authorizer = &event["requestContext"]["authorizer"];
    assert_eq!(
        (&authorizer["user"], &authorizer["level"], &authorizer["principalId"]),
        (&json!("alice"), &json!("7"), &json!("someone"))
    );

    let asked = cloud.wait_for_lines("authorizing ", 5).await;
    let request = asked.last().unwrap();
    assert!(request["methodArn"].as_str().unwrap().ends_with("/live/$connect"));
    assert_eq!(request["headers"]["Authorization"], "yes");
    assert_eq!(request["headers"]["Sec-WebSocket-Version"], "13");
    assert_eq!(request["multiValueQueryStringParameters"], json!({ "a": ["1", "2"] }));
    assert_eq!(request["queryStringParameters"], json!({ "a": "2" }));
    assert_eq!(request["requestContext"]["routeKey"], "$connect");
    assert_eq!(request["requestContext"]["connectionId"], event["requestContext"]["connectionId"]);
    let _: ApiGatewayCustomAuthorizerRequestTypeRequest = serde_json::from_value(request.clone()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_can_refuse_or_choose_a_subprotocol() {
    let cloud = Cloud::start("websocket.yaml").await;
    let (status, body) = cloud.connect("?connect=refuse", &[]).await.err().unwrap();
    assert_eq!((status, body), (StatusCode::IM_A_TEAPOT, json!("no tea")));
    let (status, body) = cloud.connect("?connect=fail", &[]).await.err().unwrap();
    assert_eq!((status, &body["message"]), (StatusCode::BAD_GATEWAY, &json!("Internal server error")));
    let socket = cloud.connect("", &[("sec-websocket-protocol", "chat.v1, bearer.token")]).await.unwrap();
    assert_eq!(socket.headers["sec-websocket-protocol"], "chat.v1");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_identity_source_is_unauthorized_without_the_authorizer() {
    let source = include_str!("../templates/websocket.yaml")
        .replace("IdentitySource: []", "IdentitySource: [route.request.header.Authorization]");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("template.yaml");
    std::fs::write(&path, source).unwrap();
    let cloud = Cloud::start_with("websocket.yaml", |options| options.template = path).await;
    assert_eq!(cloud.connect("", &[]).await.err().unwrap().0, StatusCode::UNAUTHORIZED);
    assert!(cloud.connect("", &[("authorization", "yes")]).await.is_ok());
    assert_eq!(cloud.wait_for_lines("authorizing ", 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn message_takes_its_route() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    let text = r#"{"action":"echo","n":1}"#;
    let event = socket.ask(text).await;
    let context = &event["requestContext"];
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(text), &json!(false)));
    for (key, value) in [("routeKey", "echo"), ("eventType", "MESSAGE"), ("messageDirection", "IN"), ("stage", "live")]
    {
        assert_eq!(context[key], value, "{key}");
    }
    assert!(context["messageId"].is_string() && event.get("headers").is_none());
    let id = context["connectionId"].as_str().unwrap();
    assert!(id.len() == 16 && id.ends_with('='), "{id}");
    let typed: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event.clone()).unwrap();
    assert_eq!(typed.request_context.connected_at, context["connectedAt"].as_i64().unwrap());

    // Unknown actions and texts that are not JSON take the default route, on the same connection.
    for text in [r#"{"action":"other"}"#, "hello", "[1]", r#"{"action":"$connect"}"#] {
        let other = socket.ask(text).await;
        assert_eq!(other["requestContext"]["routeKey"], "$default", "{text}");
        assert_eq!(other["body"], text);
        assert_eq!(other["requestContext"]["connectedAt"], context["connectedAt"]);
        assert_eq!(other["requestContext"]["connectionId"], id);
        assert_ne!(other["requestContext"]["requestId"], context["requestId"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_route_with_a_route_response_replies() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    socket.say(r#"{"action":"quiet"}"#).await;
    socket.say(r#"{"action":"quiet","do":"fail"}"#).await;
    // The client still gets an error frame if a route fails, and that is its first frame.
    let failed = socket.json().await;
    assert_eq!(failed["message"], "Internal server error");
    assert!(failed["connectionId"].is_string() && failed["requestId"].is_string());
    assert_eq!(socket.ask(r#"{"action":"echo"}"#).await["requestContext"]["routeKey"], "echo");
    // An answer without a body causes no reply.
    socket.say(r#"{"action":"echo","do":"nothing"}"#).await;
    socket.say(r#"{"action":"echo","do":"malformed"}"#).await;
    assert_eq!(socket.json().await["message"], "Internal server error");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_action_without_a_default_route_is_forbidden() {
    let cloud = Cloud::start("bare.yaml").await;
    assert!(cloud.cloud().websocket_url().ends_with("/default"));
    let mut socket = cloud.open().await;
    let refused = socket.ask("hello").await;
    assert_eq!(refused["message"], "Forbidden");
    let event = socket.ask(r#"{"action":"echo"}"#).await;
    assert_eq!(event["requestContext"]["connectionId"], refused["connectionId"]);
    assert_eq!(event["requestContext"].get("authorizer"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_answer_does_not_block_and_can_time_out() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    socket.say(r#"{"action":"echo","do":"hang"}"#).await;
    assert_eq!(socket.ask(r#"{"action":"echo","n":2}"#).await["requestContext"]["routeKey"], "echo");
    socket.say(r#"{"action":"short","do":"hang"}"#).await;
    assert_eq!(socket.json().await["message"], "Endpoint request timed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnect_runs_once_with_the_reason() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut polite = cloud.open().await;
    let id = polite.id().await;
    let frame = CloseFrame { code: CloseCode::Normal, reason: "bye".into() };
    polite.stream.close(Some(frame)).await.unwrap();
    let events = cloud.wait_for_lines("disconnected ", 1).await;
    let context = &events[0]["requestContext"];
    assert_eq!((&context["connectionId"], &context["eventType"]), (&json!(id), &json!("DISCONNECT")));
    assert_eq!((&context["disconnectStatusCode"], &context["disconnectReason"]), (&json!(1000), &json!("bye")));
    assert_eq!(context["authorizer"]["user"], "alice");
    let typed: ApiGatewayWebsocketProxyRequest = serde_json::from_value(events[0].clone()).unwrap();
    assert_eq!(typed.request_context.disconnect_status_code, Some(1000));

    let mut silent = cloud.open().await;
    silent.stream.close(None).await.unwrap();
    let rude = cloud.open().await;
    drop(rude);
    let events = cloud.wait_for_lines("disconnected ", 3).await;
    let mut codes: Vec<_> =
        events.iter().map(|event| event["requestContext"]["disconnectStatusCode"].as_u64().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [1000, 1005, 1006]);
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_frames_are_not_supported() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    socket.stream.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(u16::from(socket.closed().await.code), 1003);
    let events = cloud.wait_for_lines("disconnected ", 1).await;
    assert_eq!(events[0]["requestContext"]["disconnectStatusCode"], 1003);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_frame_or_message_closes_the_connection() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    // The largest allowed frame.
    let frame = format!("{:1$}", "{}", 32 * 1024);
    assert_eq!(socket.ask(&frame).await["body"].as_str().unwrap().len(), 32 * 1024);
    // One byte more, and much more, which the client still sends while the server answers.
    for size in [32 * 1024 + 1, 4 * 1024 * 1024] {
        let mut socket = cloud.open().await;
        let _ = socket.stream.send(Message::text(" ".repeat(size))).await;
        assert_eq!(u16::from(socket.closed().await.code), 1009, "{size}");
    }
    let part = " ".repeat(32 * 1024);
    let mut socket = cloud.open().await;
    say_in_frames(&mut socket, &vec![part.clone(); 4]).await;
    assert_eq!(socket.json().await["length"], 128 * 1024);
    let mut parts = vec![part; 4];
    parts.push("x".to_owned());
    say_in_frames(&mut socket, &parts).await;
    assert_eq!(u16::from(socket.closed().await.code), 1009);
    let events = cloud.wait_for_lines("disconnected ", 3).await;
    assert!(events.iter().all(|event| event["requestContext"]["disconnectStatusCode"] == 1009));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_or_old_connection_is_closed() {
    let cloud = with_limits(|limits| limits.idle = Duration::from_millis(100)).await;
    let mut socket = cloud.open().await;
    let frame = socket.closed().await;
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1001, "Going away"));
    let cloud = with_limits(|limits| limits.life = Duration::from_millis(100)).await;
    let mut socket = cloud.open().await;
    assert_eq!(u16::from(socket.closed().await.code), 1001);
    let events = cloud.wait_for_lines("disconnected ", 1).await;
    assert_eq!(events[0]["requestContext"]["disconnectReason"], "Going away");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_closes_connections_and_runs_disconnect() {
    let mut cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    let (frame, ()) = tokio::join!(socket.closed(), cloud.shutdown());
    assert_eq!(u16::from(frame.code), 1001);
    assert_eq!(cloud.wait_for_lines("disconnected ", 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn management_api_posts_describes_and_closes() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    let id = socket.id().await;
    assert_eq!(cloud.manage("POST", &id, "hello").await.status, StatusCode::OK);
    assert_eq!(socket.text().await, "hello");
    // Larger than a frame, and larger than the limit of a message.
    let long = "x".repeat(100_000);
    assert_eq!(cloud.manage("POST", &id, long.clone()).await.status, StatusCode::OK);
    assert_eq!(socket.text().await, long);
    let answer = cloud.manage("POST", &id, "x".repeat(128 * 1024 + 1)).await;
    assert_eq!(
        (answer.status, &answer.headers["x-amzn-errortype"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &"PayloadTooLargeException".parse().unwrap())
    );
    let info = cloud.manage("GET", &id, "").await.json();
    assert_eq!(info["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(cloud.manage("DELETE", &id, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(u16::from(socket.closed().await.code), 1000);
    for method in ["POST", "GET", "DELETE"] {
        let answer = cloud.manage(method, &id, "").await;
        assert_eq!(
            (answer.status, &answer.headers["x-amzn-errortype"]),
            (StatusCode::GONE, &"GoneException".parse().unwrap())
        );
    }
    assert_eq!(cloud.wait_for_lines("disconnected ", 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_is_gone_until_its_handshake_is_complete() {
    let cloud = Cloud::start("websocket.yaml").await;
    let during = async {
        let id = match &cloud.wait_for_lines("connecting ", 1).await[0] {
            Value::String(id) => id.clone(),
            other => panic!("{other}"),
        };
        (cloud.manage("POST", &id, "early").await.status, id)
    };
    let (socket, (status, id)) = tokio::join!(cloud.connect("?connect=slow", &[]), during);
    assert_eq!(status, StatusCode::GONE);
    let mut socket = socket.unwrap();
    assert_eq!(cloud.manage("POST", &id, "now").await.status, StatusCode::OK);
    assert_eq!(socket.text().await, "now");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_client_fills_its_queue() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    let id = socket.id().await;
    let body = "x".repeat(30_000);
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = cloud.manage("POST", &id, body.clone()).await;
        if answer.status != StatusCode::OK {
            refused = Some((answer.status, answer.headers["x-amzn-errortype"].clone()));
            break;
        }
    }
    assert_eq!(refused, Some((StatusCode::TOO_MANY_REQUESTS, "LimitExceededException".parse().unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_understands_the_management_api() {
    let cloud = Cloud::start("websocket.yaml").await;
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version_latest()
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(cloud.cloud().websocket_url().replacen("ws:", "http:", 1))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = Client::from_conf(config);
    let mut socket = cloud.open().await;
    let id = socket.id().await;
    client.post_to_connection().connection_id(&id).data(Blob::new("from the SDK")).send().await.unwrap();
    assert_eq!(socket.text().await, "from the SDK");
    let info = client.get_connection().connection_id(&id).send().await.unwrap();
    assert!(info.connected_at().is_some() && info.last_active_at().is_some());
    assert_eq!(info.identity().and_then(|identity| identity.source_ip()), Some("127.0.0.1"));
    client.delete_connection().connection_id(&id).send().await.unwrap();
    let error = client.post_to_connection().connection_id(&id).data(Blob::new("x")).send().await.unwrap_err();
    assert!(error.into_service_error().is_gone_exception());
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_handshakes_are_refused() {
    let cloud = Cloud::start("websocket.yaml").await;
    let url = cloud.cloud().websocket_url().replacen("ws:", "http:", 1);
    assert_eq!(crate::support::send("GET", &url, &[], "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        crate::support::send("GET", &url, &[("upgrade", "websocket")], "").await.status,
        StatusCode::BAD_REQUEST
    );
    let other = crate::support::send("GET", &url.replace("/live", "/other"), &[], "").await;
    assert_eq!((other.status, other.json()["message"].clone()), (StatusCode::FORBIDDEN, json!("Forbidden")));
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_arrive_before_a_later_close() {
    let cloud = Cloud::start("websocket.yaml").await;
    for _ in 0..20 {
        let mut socket = cloud.open().await;
        let id = socket.id().await;
        assert_eq!(cloud.manage("POST", &id, "the last word").await.status, StatusCode::OK);
        assert_eq!(cloud.manage("DELETE", &id, "").await.status, StatusCode::NO_CONTENT);
        assert_eq!(socket.text().await, "the last word");
        assert_eq!(u16::from(socket.closed().await.code), 1000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_two_messages_do_not_mix() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    let id = socket.id().await;
    let (one, other) = ("1".repeat(100_000), "2".repeat(100_000));
    for _ in 0..10 {
        let (a, b) = tokio::join!(cloud.manage("POST", &id, one.clone()), cloud.manage("POST", &id, other.clone()));
        assert_eq!((a.status, b.status), (StatusCode::OK, StatusCode::OK));
        let mut came = [socket.text().await, socket.text().await];
        came.sort();
        assert!(came == [one.clone(), other.clone()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_management_request_is_refused() {
    let cloud = Cloud::start("websocket.yaml").await;
    let mut socket = cloud.open().await;
    let url = cloud.cloud().websocket_url().replacen("ws:", "http:", 1);
    let url = format!("{url}/@connections/{}", socket.id().await.replace('=', "%3D"));
    for headers in [&[][..], &[("authorization", "Bearer token")]] {
        let answer = crate::support::send("POST", &url, headers, "hello").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.json()["message"], "Missing Authentication Token");
    }
}
