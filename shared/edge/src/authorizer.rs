//! Events and responses of the authorizers of both APIs.
//!
//! An HTTP API sends payload format 2.0 and expects a simple response
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>). A WebSocket API
//! sends a REQUEST event and expects an IAM policy
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>).

use domain::ids::UserId;
use domain::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The prefix of the subprotocol with which a browser sends its token. A browser cannot set headers.
const TOKEN_SUBPROTOCOL: &str = "bearer.";

/// A request that asks whether a caller may use the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    api: Api,
    /// The bearer token; None if the request has none.
    pub token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Api {
    Http,
    WebSocket { method_arn: String },
}

/// The event is not from an authorizer of either API.
#[derive(Debug, thiserror::Error)]
pub enum NotAnAuthorizerEvent {
    /// The event does not have the shape of an authorizer event.
    #[error("the event does not have the fields of an authorizer event")]
    Shape(#[from] serde_json::Error),
    /// The fields that identify one of the APIs are missing.
    #[error(
        "the event is neither from an HTTP API (version 2.0, routeArn) nor a WebSocket API (methodArn, connectionId)"
    )]
    Neither,
}

impl AuthorizeRequest {
    /// Parses the event of either API.
    ///
    /// # Errors
    /// [`NotAnAuthorizerEvent`] if neither API sends such an event.
    pub fn parse(event: Value) -> Result<Self, NotAnAuthorizerEvent> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Event {
            version: Option<String>,
            route_arn: Option<String>,
            method_arn: Option<String>,
            headers: Option<HashMap<String, String>>,
            #[serde(default)]
            request_context: Context,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "camelCase")]
        struct Context {
            connection_id: Option<String>,
        }
        let event: Event = serde_json::from_value(event)?;
        let headers = event.headers.unwrap_or_default();
        let header = |name: &str| {
            headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        let bearer = header("authorization").and_then(bearer);
        match (event.version.as_deref(), event.route_arn, event.method_arn, event.request_context.connection_id) {
            (Some("2.0"), Some(_), _, _) => Ok(Self { api: Api::Http, token: bearer }),
            (_, None, Some(method_arn), Some(_)) => {
                let subprotocol_token = || header("sec-websocket-protocol").and_then(token_of_subprotocol);
                Ok(Self { api: Api::WebSocket { method_arn }, token: bearer.or_else(subprotocol_token) })
            }
            _ => Err(NotAnAuthorizerEvent::Neither),
        }
    }

    /// The response that allows the request for this user until `exp`. The functions get the context as strings.
    pub fn allow(&self, user: &UserId, exp: Timestamp) -> Value {
        let context = json!({"userId": user.as_str(), "exp": exp.seconds().to_string()});
        match &self.api {
            Api::Http => json!({"isAuthorized": true, "context": context}),
            Api::WebSocket { method_arn } => policy(user.as_str(), "Allow", method_arn, context),
        }
    }

    /// The response that denies the request. The client gets 403.
    pub fn deny(&self) -> Value {
        match &self.api {
            Api::Http => json!({"isAuthorized": false}),
            Api::WebSocket { method_arn } => policy("anonymous", "Deny", method_arn, json!({})),
        }
    }
}

/// A policy for every route of the API's stage, because the response at `$connect` is valid for the life of the
/// connection.
fn policy(principal: &str, effect: &str, method_arn: &str, context: Value) -> Value {
    json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": stage_of(method_arn)}],
        },
        "context": context,
    })
}

/// Replaces the route in `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/$connect` with a wildcard.
fn stage_of(method_arn: &str) -> String {
    match method_arn.split('/').collect::<Vec<_>>().as_slice() {
        [api, stage, ..] => format!("{api}/{stage}/*"),
        _ => method_arn.to_owned(),
    }
}

/// The token of an `Authorization: Bearer` header. The case of the scheme does not matter (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<String> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn token_of_subprotocol(protocols: &str) -> Option<String> {
    protocols.split(',').find_map(|name| name.trim().strip_prefix(TOKEN_SUBPROTOCOL)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn websocket(headers: Value) -> AuthorizeRequest {
        let event = json!({
            "type": "REQUEST", "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abc/live/$connect",
            "headers": headers, "requestContext": {"connectionId": "c1"},
        });
        AuthorizeRequest::parse(event).unwrap()
    }

    #[test]
    fn token_is_read_from_subprotocol_or_bearer_header() {
        assert_eq!(
            websocket(json!({"Sec-WebSocket-Protocol": "chat.v1, bearer.a.b.c"})).token.as_deref(),
            Some("a.b.c")
        );
        assert_eq!(websocket(json!({"authorization": "bearer a.b.c"})).token.as_deref(), Some("a.b.c"));
        assert_eq!(websocket(json!({"Authorization": "Basic eA=="})).token, None);
        assert_eq!(websocket(Value::Null).token, None);
    }

    #[test]
    fn policy_covers_all_routes_of_the_stage() {
        let user = UserId::parse("alice").unwrap();
        let answer = websocket(json!({})).allow(&user, Timestamp::from_seconds(1_800_000_000));
        let statement = &answer["policyDocument"]["Statement"][0];
        assert_eq!(statement["Resource"], "arn:aws:execute-api:eu-central-1:123456789012:abc/live/*");
        assert_eq!(answer["context"], json!({"userId": "alice", "exp": "1800000000"}));
    }

    #[test]
    fn other_events_are_rejected() {
        for event in [json!({}), json!({"version": "1.0", "routeArn": "x"}), json!({"methodArn": "x"}), json!([])] {
            assert!(AuthorizeRequest::parse(event).is_err());
        }
    }
}
