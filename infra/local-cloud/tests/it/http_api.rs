use aws_lambda_events::apigw::{ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest};
use axum::{body::Body, http::StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Cloud};

fn assert_refused(answer: &Answer, status: StatusCode, message: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.json(), json!({ "message": message }));
    assert!(answer.headers.contains_key("apigw-requestid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_event_of_format_2() {
    let cloud = Cloud::start("http.yaml").await;
    let headers = [
        ("X-Own", "1"),
        ("x-own", "2"),
        ("cookie", "a=1; b=2"),
        ("content-type", "application/json"),
        ("user-agent", "test"),
    ];
    let answer = cloud.request("POST", "/pets/a%20b%7C1?q=1&q=2&z=%2F", &headers, r#"{"a":1}"#).await;
    let event = answer.json()["event"].clone();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "ANY /{proxy+}");
    assert_eq!(event["rawPath"], "/pets/a b|1");
    assert_eq!(event["rawQueryString"], "q=1&q=2&z=%2F");
    assert_eq!(event["queryStringParameters"], json!({ "q": "1,2", "z": "/" }));
    assert_eq!(event["pathParameters"], json!({ "proxy": "pets/a b|1" }));
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(event["headers"]["x-own"], "1,2");
    assert_eq!(event["headers"].get("cookie"), None);
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(r#"{"a":1}"#), &json!(false)));
    let context = &event["requestContext"];
    assert_eq!(context["stage"], "$default");
    assert_eq!(context["http"]["method"], "POST");
    assert_eq!(context["http"]["userAgent"], "test");
    assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(context.get("authorizer"), None);
    assert_eq!(answer.headers["apigw-requestid"], context["requestId"].as_str().unwrap());
    // The published event struct reads the event, and keeps every field that it has.
    let typed: ApiGatewayV2httpRequest = serde_json::from_value(event.clone()).unwrap();
    let back = serde_json::to_value(typed).unwrap();
    for key in ["rawPath", "rawQueryString", "cookies", "queryStringParameters", "pathParameters", "body"] {
        assert_eq!(back[key], event[key], "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_text_is_base64() {
    let cloud = Cloud::start("http.yaml").await;
    let answer = cloud.request("POST", "/x", &[("content-type", "image/png")], vec![0xff, 0x00]).await;
    let event = answer.json()["event"].clone();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn authorizer_decides_and_its_context_reaches_the_function() {
    let cloud = Cloud::start("http.yaml").await;
    assert_refused(&cloud.get("/guarded/1").await, StatusCode::UNAUTHORIZED, "Unauthorized");
    let ask = async |token: &str| cloud.request("GET", "/guarded/1", &[("authorization", token)], Body::empty()).await;
    assert_refused(&ask("no").await, StatusCode::FORBIDDEN, "Forbidden");
    assert_refused(&ask("malformed").await, StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    assert_refused(&ask("error").await, StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let allowed = ask("alice").await.json();
    let context = &allowed["event"]["requestContext"]["authorizer"]["lambda"];
    assert_eq!(context["user"], "alice");
    assert_eq!(allowed["event"]["pathParameters"], json!({ "id": "1" }));

    let asked = cloud.wait_for_lines("authorizing ", 4).await;
    let event = asked.last().unwrap();
    assert_eq!(event["identitySource"], json!(["alice"]));
    assert_eq!(event["type"], "REQUEST");
    assert!(event["routeArn"].as_str().unwrap().ends_with("/$default/GET/guarded/{id}"), "{}", event["routeArn"]);
    assert!(event.get("body").is_none() && event.get("isBase64Encoded").is_none());
    let _: ApiGatewayV2CustomAuthorizerV2Request = serde_json::from_value(event.clone()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn authorizer_answers_are_cached_by_identity() {
    let cloud = Cloud::start("http.yaml").await;
    let calls = async |token: &str| -> Value {
        let answer = cloud.request("GET", "/guarded/1", &[("authorization", token)], Body::empty()).await;
        answer.json()["event"]["requestContext"]["authorizer"]["lambda"]["calls"].clone()
    };
    assert_eq!(
        (calls("alice").await, calls("alice").await, calls("bob").await, calls("alice").await),
        (json!(1), json!(1), json!(2), json!(1))
    );
    for _ in 0..2 {
        let refused = cloud.request("GET", "/guarded/1", &[("authorization", "no")], Body::empty()).await;
        assert_refused(&refused, StatusCode::FORBIDDEN, "Forbidden");
    }
    assert_eq!(cloud.wait_for_lines("authorizing ", 3).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_answers_errors_itself() {
    let cloud = Cloud::start("http.yaml").await;
    assert_refused(&cloud.get("/").await, StatusCode::NOT_FOUND, "Not Found");
    assert_refused(&cloud.get("/fail").await, StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    assert_refused(&cloud.get("/nonsense").await, StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    assert_refused(&cloud.get("/large").await, StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    assert_refused(&cloud.get("/short/hang").await, StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    // Larger than API Gateway's limit, and smaller than that but larger than Lambda's.
    for megabytes in [11, 7] {
        let body = "x".repeat(megabytes * 1024 * 1024);
        let answer = cloud.request("POST", "/x", &[], body).await;
        assert_refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn function_answers_become_responses() {
    let cloud = Cloud::start("http.yaml").await;
    let plain = cloud.get("/plain").await;
    assert_eq!((plain.status, plain.json()), (StatusCode::OK, json!({ "plain": true })));
    let cookies = cloud.get("/cookies").await;
    assert_eq!(cookies.status, StatusCode::CREATED);
    let set: Vec<_> = cookies.headers.get_all("set-cookie").iter().collect();
    assert_eq!(set, ["a=1", "b=2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cors_follows_the_template() {
    let cloud = Cloud::start("http.yaml").await;
    let preflight = |origin: &'static str| [("origin", origin), ("access-control-request-method", "GET")];
    let allowed = cloud.request("OPTIONS", "/guarded/1", &preflight("https://app.example"), Body::empty()).await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://app.example");
    assert_eq!(allowed.headers["access-control-allow-methods"], "GET,POST");
    assert_eq!(allowed.headers["access-control-allow-headers"], "authorization");
    assert_eq!(allowed.headers["access-control-max-age"], "600");
    let refused = cloud.request("OPTIONS", "/guarded/1", &preflight("https://other.example"), Body::empty()).await;
    assert!(!refused.headers.contains_key("access-control-allow-origin"));
    // The gateway's headers replace the function's. The gateway's own answers have them, too.
    let response = cloud.request("GET", "/cookies", &[("origin", "https://app.example")], Body::empty()).await;
    assert_eq!(response.headers["access-control-allow-origin"], "https://app.example");
    assert_eq!(response.headers["access-control-expose-headers"], "x-own");
    let unauthorized = cloud.request("GET", "/guarded/1", &[("origin", "https://app.example")], Body::empty()).await;
    assert_eq!(unauthorized.headers["access-control-allow-origin"], "https://app.example");
    assert!(!cloud.get("/cookies").await.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn implicit_api_has_the_authorizer_and_the_cors_of_globals() {
    let cloud = Cloud::start("implicit-api.yaml").await;
    for path in ["/secret", "/named"] {
        assert_refused(&cloud.get(path).await, StatusCode::UNAUTHORIZED, "Unauthorized");
        let ask = async |token: &str| cloud.request("GET", path, &[("authorization", token)], Body::empty()).await;
        assert_refused(&ask("no").await, StatusCode::FORBIDDEN, "Forbidden");
        let allowed = ask("alice").await.json();
        assert_eq!(allowed["event"]["requestContext"]["authorizer"]["lambda"]["user"], "alice");
        assert_eq!(allowed["environment"]["API"], allowed["event"]["requestContext"]["apiId"]);
    }
    let headers = [("authorization", "alice"), ("origin", "https://a.example")];
    let answer = cloud.request("GET", "/secret", &headers, Body::empty()).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "https://a.example");
}

/// API Gateway's quota: 10,240 bytes for the request's line and the values of its headers.
#[tokio::test(flavor = "multi_thread")]
async fn larger_request_head_is_refused() {
    let cloud = Cloud::start("http.yaml").await;
    let host = cloud.cloud().http_url().trim_start_matches("http://").len();
    let request = async |bytes: usize| {
        let padding = "x".repeat(bytes - "GET /x HTTP/1.1".len() - host);
        cloud.request("GET", "/x", &[("x-padding", &padding)], Body::empty()).await
    };
    assert_eq!(request(10_240).await.status, StatusCode::OK);
    let refused = request(10_241).await;
    assert_refused(&refused, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
}
