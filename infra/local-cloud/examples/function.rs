//! A Lambda function for tests: it does what its event asks for, and answers with its input.

#![allow(clippy::disallowed_methods, reason = "what it was started with is what the tests ask it for")]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

static CALLS: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("FAIL_TO_START").is_ok() {
        return Err("this function does not start".into());
    }
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let payload = event.payload;
    if payload["type"] == "REQUEST" {
        return authorize(&payload, calls);
    }
    match payload["requestContext"]["eventType"].as_str() {
        Some("CONNECT") => connect(&payload).await,
        Some("MESSAGE") => message(payload).await,
        Some("DISCONNECT") => {
            println!("disconnected {payload}");
            Ok(json!({ "statusCode": 200 }))
        }
        _ => http(payload, &event.context.invoked_function_arn, calls).await,
    }
}

fn authorize(event: &Value, calls: usize) -> Result<Value, Error> {
    println!("authorizing {event}");
    let header = |name: &str| event["headers"][name].as_str().unwrap_or_default().to_owned();
    if event["version"] == "2.0" {
        return match header("authorization").as_str() {
            "malformed" => Ok(json!({})),
            "error" => Err("the authorizer failed".into()),
            "no" => Ok(json!({ "isAuthorized": false })),
            user => Ok(json!({ "isAuthorized": true, "context": { "user": user, "calls": calls } })),
        };
    }
    let policy = |effect: &str| {
        json!({
            "principalId": "someone",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"] }],
            },
            "context": { "user": "alice", "level": 7 },
        })
    };
    match header("Authorization").as_str() {
        "Unauthorized" => Err("Unauthorized".into()),
        "error" => Err("the authorizer failed".into()),
        "malformed" => Ok(json!({ "isAuthorized": true })),
        "no" => Ok(policy("Deny")),
        _ => Ok(policy("Allow")),
    }
}

async fn connect(event: &Value) -> Result<Value, Error> {
    match event["queryStringParameters"]["connect"].as_str() {
        Some("refuse") => Ok(json!({ "statusCode": 418, "body": "no tea" })),
        Some("fail") => Err("connect failed".into()),
        Some("slow") => {
            println!("connecting {}", event["requestContext"]["connectionId"].as_str().unwrap_or_default());
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(json!({ "statusCode": 200 }))
        }
        _ => match event["headers"]["Sec-WebSocket-Protocol"].as_str() {
            Some(_) => Ok(json!({ "statusCode": 200, "headers": { "Sec-WebSocket-Protocol": "chat.v1" } })),
            None => Ok(json!({ "statusCode": 200 })),
        },
    }
}

async fn message(event: Value) -> Result<Value, Error> {
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap_or_default()).unwrap_or_default();
    match body["do"].as_str() {
        Some("fail") => Err("the function failed".into()),
        Some("malformed") => Ok(Value::Null),
        Some("nothing") => Ok(json!({ "statusCode": 200 })),
        Some("hang") => std::future::pending().await,
        Some("long") => Ok(json!({ "statusCode": 200, "body": "x".repeat(100_000) })),
        // The whole event would be larger than API Gateway's limit.
        _ if event["body"].as_str().is_some_and(|body| body.len() > 100_000) => {
            let length = event["body"].as_str().map(str::len);
            Ok(json!({ "statusCode": 200, "body": json!({ "length": length }).to_string() }))
        }
        _ => Ok(json!({ "statusCode": 200, "body": event.to_string() })),
    }
}

async fn http(event: Value, arn: &str, calls: usize) -> Result<Value, Error> {
    match event["rawPath"].as_str().unwrap_or_default() {
        "/exit" => std::process::exit(7),
        "/fail" => Err("the function failed".into()),
        path if path.ends_with("/hang") => std::future::pending().await,
        "/large" => Ok(json!({ "statusCode": 200, "body": "x".repeat(7 * 1024 * 1024) })),
        "/print" => {
            println!("{}", event["body"].as_str().unwrap_or_default());
            Ok(json!({ "statusCode": 200 }))
        }
        "/plain" => Ok(json!({ "plain": true })),
        "/nonsense" => Ok(json!({ "statusCode": "x" })),
        path if path.ends_with("/pause") => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(json!({ "pid": std::process::id() }))
        }
        "/cookies" => Ok(json!({
            "statusCode": 201, "cookies": ["a=1", "b=2"], "headers": { "x-own": "yes", "access-control-allow-origin": "wrong" },
        })),
        _ => {
            let environment: std::collections::BTreeMap<_, _> = std::env::vars().collect();
            let arguments: Vec<_> = std::env::args().skip(1).collect();
            Ok(json!({
                "event": event, "pid": std::process::id(), "calls": calls, "arn": arn, "environment": environment,
                "arguments": arguments,
            }))
        }
    }
}
