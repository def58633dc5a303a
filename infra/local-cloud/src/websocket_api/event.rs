//! The events of a WebSocket API: for the authorizer, `$connect`, messages and `$disconnect`.
//!
//! Sources: API Gateway Developer Guide, "Set up a WebSocket API integration request" and "Create an API Gateway
//! REQUEST Lambda authorizer function"; the fixtures of `aws_lambda_events`.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Uri, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::registry::Connection;
use crate::{arn, ids, template::WebSocketApi};

type Multi = BTreeMap<String, Vec<String>>;

/// The headers and the query of a handshake.
pub(super) struct Handshake {
    headers: Multi,
    query: Multi,
}

impl Handshake {
    pub(super) fn new(headers: &HeaderMap, uri: &Uri, connection: &Connection) -> Self {
        let mut all = Multi::new();
        for (name, value) in headers {
            if name != header::CONNECTION && name != header::UPGRADE {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                all.entry(capitalize(name.as_str())).or_default().push(value);
            }
        }
        let port = connection.domain.rsplit_once(':').map_or("80", |(_, port)| port);
        for (name, value) in [
            ("X-Amzn-Trace-Id", ids::trace().as_str()),
            ("X-Forwarded-For", &connection.source_ip),
            ("X-Forwarded-Port", port),
            ("X-Forwarded-Proto", "http"),
        ] {
            all.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        let mut query = Multi::new();
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
            query.entry(decode(name)).or_default().push(decode(value));
        }
        Self { headers: all, query }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        header.and_then(|(_, values)| values.last()).map(String::as_str)
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).and_then(|values| values.last()).map(String::as_str)
    }

    /// Adds headers and query to an event. The map of single values has the last value of a repeated name.
    fn add_to(&self, event: &mut Value) {
        let single = |multi: &Multi| -> BTreeMap<String, String> {
            let last = |(name, values): (&String, &Vec<String>)| Some((name.clone(), values.last()?.clone()));
            multi.iter().filter_map(last).collect()
        };
        event["headers"] = json!(single(&self.headers));
        event["multiValueHeaders"] = json!(self.headers);
        if !self.query.is_empty() {
            event["queryStringParameters"] = json!(single(&self.query));
            event["multiValueQueryStringParameters"] = json!(self.query);
        }
    }
}

/// The authorizer's event.
pub(super) fn authorize(api: &WebSocketApi, connection: &Connection, handshake: &Handshake) -> Value {
    let mut event = base(api, connection, "$connect", "CONNECT", &ids::gateway());
    handshake.add_to(&mut event);
    event["type"] = "REQUEST".into();
    event["methodArn"] = arn::execute_api(&api.id, &api.stage, "$connect").into();
    event
}

pub(super) fn connect(api: &WebSocketApi, connection: &Connection, handshake: &Handshake, request: &str) -> Value {
    let mut event = base(api, connection, "$connect", "CONNECT", request);
    handshake.add_to(&mut event);
    event["isBase64Encoded"] = false.into();
    event
}

pub(super) fn message(api: &WebSocketApi, connection: &Connection, route: &str, request: &str, body: &str) -> Value {
    let mut event = base(api, connection, route, "MESSAGE", request);
    event["requestContext"]["messageId"] = ids::gateway().into();
    event["body"] = body.into();
    event["isBase64Encoded"] = false.into();
    event
}

pub(super) fn disconnect(api: &WebSocketApi, connection: &Connection, code: u16, reason: &str) -> Value {
    let mut event = base(api, connection, "$disconnect", "DISCONNECT", &ids::gateway());
    event["requestContext"]["disconnectStatusCode"] = code.into();
    event["requestContext"]["disconnectReason"] = reason.into();
    let headers = [("Host", connection.domain.as_str()), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")];
    event["headers"] = json!(BTreeMap::from(headers));
    event["multiValueHeaders"] = json!(BTreeMap::from(headers.map(|(name, value)| (name, [value]))));
    event["isBase64Encoded"] = false.into();
    event
}

fn base(api: &WebSocketApi, connection: &Connection, route: &str, kind: &str, request: &str) -> Value {
    let now = ids::now_millis();
    let mut identity = Map::new();
    if let Some(user_agent) = &connection.user_agent {
        identity.insert("userAgent".to_owned(), user_agent.clone().into());
    }
    identity.insert("sourceIp".to_owned(), connection.source_ip.clone().into());
    let mut event = json!({
        "requestContext": {
            "apiId": api.id,
            "connectedAt": connection.connected_at,
            "connectionId": connection.id,
            "domainName": connection.domain,
            "eventType": kind,
            "extendedRequestId": request,
            "identity": identity,
            "messageDirection": "IN",
            "requestId": request,
            "requestTime": ids::common_log_time(now),
            "requestTimeEpoch": now,
            "routeKey": route,
            "stage": api.stage,
        },
    });
    if !connection.authorizer.is_empty() {
        event["requestContext"]["authorizer"] = Value::Object(connection.authorizer.clone());
    }
    if !api.stage_variables.is_empty() {
        event["stageVariables"] = json!(api.stage_variables);
    }
    event
}

/// A header name in API Gateway's spelling. hyper has lower-case names.
fn capitalize(name: &str) -> String {
    let words = name.split('-').map(|word| match word {
        "websocket" => "WebSocket".to_owned(),
        _ => {
            let mut letters = word.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            first + letters.as_str()
        }
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn header_names_have_the_spelling_of_api_gateway() {
        assert_eq!(super::capitalize("sec-websocket-protocol"), "Sec-WebSocket-Protocol");
        assert_eq!(super::capitalize("authorization"), "Authorization");
        assert_eq!(super::capitalize("x-amzn-trace-id"), "X-Amzn-Trace-Id");
    }
}
