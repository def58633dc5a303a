//! The REQUEST authorizer of `$connect`, which answers with an IAM policy.
//!
//! Source: API Gateway Developer Guide, "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers".

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{
    Gateway,
    event::{self, Handshake},
    policy,
    registry::Connection,
};
use crate::{
    ids,
    lambda::Answer,
    template::{WebSocketApi, WebSocketAuthorizer},
};

/// The context for the connection's events, or the status and message of the refused handshake.
pub(super) type Verdict = Result<Map<String, Value>, (StatusCode, &'static str)>;

const UNAUTHORIZED: (StatusCode, &str) = (StatusCode::UNAUTHORIZED, "Unauthorized");
const FORBIDDEN: (StatusCode, &str) = (StatusCode::FORBIDDEN, "Forbidden");
const FAILED: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");

pub(super) async fn ask(
    gateway: &Gateway,
    authorizer: &WebSocketAuthorizer,
    connection: &Connection,
    handshake: &Handshake,
) -> Verdict {
    let request = event::authorize(&gateway.api, connection, handshake);
    let complete = authorizer
        .identity_sources
        .iter()
        .all(|source| identity(source, &gateway.api, handshake, &request).is_some_and(|value| !value.is_empty()));
    if !complete {
        return Err(UNAUTHORIZED);
    }
    let started = ids::now_millis();
    match gateway.functions.invoke(&authorizer.function, &request, gateway.limits.integration).await {
        Ok(Answer::Success(payload)) => {
            let method = request["methodArn"].as_str().unwrap_or_default();
            verdict(&payload, method, ids::now_millis().saturating_sub(started))
        }
        // The only error text with a meaning of its own.
        Ok(Answer::FunctionError { message, .. }) if message == "Unauthorized" => Err(UNAUTHORIZED),
        _ => Err(FAILED),
    }
}

fn identity<'a>(source: &str, api: &'a WebSocketApi, handshake: &'a Handshake, request: &'a Value) -> Option<&'a str> {
    let source = source.trim_start_matches('$');
    if let Some(name) = source.strip_prefix("route.request.header.") {
        handshake.header(name)
    } else if let Some(name) = source.strip_prefix("route.request.querystring.") {
        handshake.query(name)
    } else if let Some(name) = source.strip_prefix("stageVariables.") {
        api.stage_variables.get(name).map(String::as_str)
    } else {
        let path = source.strip_prefix("context.")?.split('.');
        path.fold(&request["requestContext"], |value, name| &value[name]).as_str()
    }
}

fn verdict(payload: &[u8], method: &str, latency: u64) -> Verdict {
    let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
    let principal = answer.get("principalId").and_then(Value::as_str).ok_or(FAILED)?;
    match policy::allows(&answer["policyDocument"], method) {
        Some(true) => {}
        Some(false) => return Err(FORBIDDEN),
        None => return Err(FAILED),
    }
    let mut context = Map::new();
    for (name, value) in answer.get("context").and_then(Value::as_object).into_iter().flatten() {
        // Numbers and booleans reach the functions as text. Lists and maps are not allowed.
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => return Err(FAILED),
        };
        context.insert(name.clone(), text.into());
    }
    context.insert("principalId".to_owned(), principal.into());
    context.insert("integrationLatency".to_owned(), latency.into());
    Ok(context)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(effect: &str, context: Value) -> Vec<u8> {
        json!({
            "principalId": "alice",
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"},
            ]},
            "context": context,
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn context_values_are_text() {
        let context = verdict(&answer("Allow", json!({"exp": 7, "ok": true, "name": "a"})), "arn", 5).unwrap();
        assert_eq!(
            Value::Object(context),
            json!({
                "principalId": "alice", "integrationLatency": 5, "exp": "7", "ok": "true", "name": "a",
            })
        );
    }

    #[test]
    fn denied_and_malformed_answers_refuse_the_handshake() {
        assert_eq!(verdict(&answer("Deny", json!({})), "arn", 0), Err(FORBIDDEN));
        assert_eq!(verdict(&answer("Allow", json!({"list": []})), "arn", 0), Err(FAILED));
        assert_eq!(verdict(br#"{"isAuthorized":true}"#, "arn", 0), Err(FAILED));
    }
}
