//! Serves a client's frame: selects its route, invokes the function and sends the reply.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json, value::RawValue};
use tokio_tungstenite::tungstenite::{
    Bytes, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{Gateway, event, registry::Connection};
use crate::{
    Limits, ids,
    lambda::{Answer, InvokeError},
    template::{WebSocketApi, WebSocketRoute},
};

/// A function's answer in the format of a proxy integration.
pub(super) struct IntegrationResponse {
    pub(super) status: StatusCode,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Vec<u8>>,
}

pub(super) enum Failure {
    TimedOut,
    Failed,
}

/// Invokes a route's function with the integration's timeout.
pub(super) async fn integrate(
    gateway: &Gateway,
    route: &WebSocketRoute,
    event: &Value,
) -> Result<IntegrationResponse, Failure> {
    let limit = route.timeout.map_or(gateway.limits.integration, |own| own.min(gateway.limits.integration));
    match gateway.functions.invoke(&route.function, event, limit).await {
        Ok(Answer::Success(payload)) => parse(&payload).ok_or(Failure::Failed),
        Err(InvokeError::TimedOut(_)) => Err(Failure::TimedOut),
        Ok(Answer::FunctionError { .. }) | Err(_) => Err(Failure::Failed),
    }
}

fn parse(payload: &[u8]) -> Option<IntegrationResponse> {
    let answer: Value = serde_json::from_slice(payload).ok()?;
    let status = match answer.get("statusCode")? {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let body = match answer.get("body") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(match answer.get("isBase64Encoded").and_then(Value::as_bool) {
            Some(true) => STANDARD.decode(text).ok()?,
            _ => text.clone().into_bytes(),
        }),
        Some(_) => return None,
    };
    let headers = answer.get("headers").and_then(Value::as_object).into_iter().flatten();
    let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Some(IntegrationResponse { status: StatusCode::from_u16(status).ok()?, headers: headers.collect(), body })
}

/// Serves one text frame.
pub(super) async fn serve(gateway: Arc<Gateway>, connection: Arc<Connection>, text: String) {
    let request = ids::gateway();
    let error = |message: &str| {
        let frame = json!({ "message": message, "connectionId": connection.id, "requestId": request });
        vec![Message::text(frame.to_string())]
    };
    let Some((key, route)) = route(&gateway.api, &text) else {
        connection.send(error("Forbidden")).await;
        return;
    };
    let event = event::message(&gateway.api, &connection, key, &request, &text);
    match integrate(&gateway, route, &event).await {
        Ok(answer) if route.replies => match answer.body {
            Some(body) if body.len() > gateway.limits.message => connection.send(error("Internal server error")).await,
            Some(body) if !body.is_empty() => connection.send(frames(body, &gateway.limits)).await,
            _ => {}
        },
        Ok(_) => {}
        Err(Failure::TimedOut) => connection.send(error("Endpoint request timed out")).await,
        Err(Failure::Failed) => connection.send(error("Internal server error")).await,
    }
}

/// The route that the selection expression selects. A frame that is not JSON, or names no route, takes `$default`.
fn route<'a>(api: &'a WebSocketApi, text: &str) -> Option<(&'a str, &'a WebSocketRoute)> {
    let selected =
        api.selection.iter().try_fold(text, |object, name| member(object, name)).and_then(|value| {
            match value.as_bytes().first() {
                Some(b'"') => serde_json::from_str::<String>(value).ok(),
                Some(b'{' | b'[' | b'n') | None => None,
                Some(_) => Some(value.to_owned()),
            }
        });
    // Clients cannot select the routes that start with $, such as `$connect`.
    let chosen = selected.filter(|key| !key.starts_with('$')).and_then(|key| api.routes.get_key_value(&key));
    chosen.or_else(|| api.routes.get_key_value("$default")).map(|(key, route)| (key.as_str(), route))
}

/// The text of a member of a JSON object. Nothing else of the object is read: a [`Value`] of a client's text could
/// overflow the stack, because serde_json reads JSON in an object with a key of its own.
fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(object).ok()?;
    members.get(name).map(|value| value.get())
}

/// Splits a message into frames of the largest size that API Gateway allows.
pub(super) fn frames(body: Vec<u8>, limits: &Limits) -> Vec<Message> {
    let kind = if std::str::from_utf8(&body).is_ok() { Data::Text } else { Data::Binary };
    let body = Bytes::from(body);
    let size = limits.frame.max(1);
    let count = body.len().div_ceil(size).max(1);
    let frame = |index: usize| {
        let part = body.slice(index * size..body.len().min((index + 1) * size));
        let kind = if index == 0 { kind } else { Data::Continue };
        Message::Frame(Frame::message(part, OpCode::Data(kind), index + 1 == count))
    };
    (0..count).map(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(keys: &[&str]) -> WebSocketApi {
        let route =
            || WebSocketRoute { function: String::new(), timeout: None, selects_response: false, replies: false };
        WebSocketApi {
            logical_id: String::new(),
            id: String::new(),
            stage: String::new(),
            stage_variables: BTreeMap::new(),
            selection: vec!["action".to_owned()],
            routes: keys.iter().map(|key| ((*key).to_owned(), route())).collect(),
            authorizer: None,
        }
    }

    #[test]
    fn frames_take_the_route_that_they_name() {
        let api = api(&["$connect", "$default", "send"]);
        let key = |text| route(&api, text).map(|(key, _)| key);
        assert_eq!(key(r#"{"action":"send"}"#), Some("send"));
        for other in [r#"{"action":"else"}"#, r#"{"action":"$connect"}"#, r#"{"action":{}}"#, "[]", "hello", ""] {
            assert_eq!(key(other), Some("$default"), "{other}");
        }
    }

    #[test]
    fn unknown_action_without_a_default_has_no_route() {
        assert!(route(&api(&["send"]), "hello").is_none());
    }

    #[test]
    fn long_message_is_split_into_frames() {
        let limits = Limits { frame: 4, ..Limits::default() };
        assert_eq!(frames(b"123456789".to_vec(), &limits).len(), 3);
        assert_eq!(frames(b"1234".to_vec(), &limits).len(), 1);
        assert_eq!(frames(Vec::new(), &limits).len(), 1);
    }

    #[test]
    fn answer_without_status_is_malformed() {
        assert!(parse(b"null").is_none());
        assert!(parse(b"{}").is_none());
        assert!(parse(br#"{"statusCode":200,"body":{}}"#).is_none());
        assert_eq!(parse(br#"{"statusCode":200,"body":"hi"}"#).and_then(|answer| answer.body), Some(b"hi".to_vec()));
    }
}
