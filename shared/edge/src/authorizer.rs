//! The requests of both APIs' authorizers, and their answers.
//!
//! An HTTP API sends payload format 2.0 and takes a simple response
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>), a WebSocket API a
//! REQUEST event and takes an IAM policy
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>).

use domain::ids::UserId;
use domain::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How a browser, which cannot set headers, offers its token: as a subprotocol.
const TOKEN_SUBPROTOCOL: &str = "bearer.";

/// A request to authorize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    api: Api,
    /// The token, if there is one.
    pub token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Api {
    Http,
    WebSocket { method_arn: String },
}

/// The event is of neither API.
#[derive(Debug, thiserror::Error)]
pub enum NotAnAuthorizerEvent {
    /// It is not shaped like one.
    #[error("the event is not shaped like an authorizer's")]
    Shape(#[from] serde_json::Error),
    /// Neither of the two.
    #[error(
        "the event is neither an HTTP API's (version 2.0, routeArn) nor a WebSocket API's (methodArn, connectionId)"
    )]
    Neither,
}

impl AuthorizeRequest {
    /// Reads the event of either API.
    ///
    /// # Errors
    /// [`NotAnAuthorizerEvent`].
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
                let offered = || header("sec-websocket-protocol").and_then(offered_token);
                Ok(Self { api: Api::WebSocket { method_arn }, token: bearer.or_else(offered) })
            }
            _ => Err(NotAnAuthorizerEvent::Neither),
        }
    }

    /// The answer that lets the request pass, for this user, until `exp`. The context reaches functions as strings.
    pub fn allow(&self, user: &UserId, exp: Timestamp) -> Value {
        let context = json!({"userId": user.as_str(), "exp": exp.seconds().to_string()});
        match &self.api {
            Api::Http => json!({"isAuthorized": true, "context": context}),
            Api::WebSocket { method_arn } => policy(user.as_str(), "Allow", method_arn, context),
        }
    }

    /// The answer that refuses the request: 403.
    pub fn deny(&self) -> Value {
        match &self.api {
            Api::Http => json!({"isAuthorized": false}),
            Api::WebSocket { method_arn } => policy("anonymous", "Deny", method_arn, json!({})),
        }
    }
}

/// A policy for every route of the API's stage: the answer at `$connect` holds for the connection's life.
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

/// `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/$connect` without its route, and with a wildcard in its place.
fn stage_of(method_arn: &str) -> String {
    match method_arn.split('/').collect::<Vec<_>>().as_slice() {
        [api, stage, ..] => format!("{api}/{stage}/*"),
        _ => method_arn.to_owned(),
    }
}

/// The token of an `Authorization: Bearer` header; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<String> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn offered_token(protocols: &str) -> Option<String> {
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
    fn a_browser_offers_its_token_as_a_subprotocol() {
        assert_eq!(
            websocket(json!({"Sec-WebSocket-Protocol": "chat.v1, bearer.a.b.c"})).token.as_deref(),
            Some("a.b.c")
        );
        assert_eq!(websocket(json!({"authorization": "bearer a.b.c"})).token.as_deref(), Some("a.b.c"));
        assert_eq!(websocket(json!({"Authorization": "Basic eA=="})).token, None);
        assert_eq!(websocket(Value::Null).token, None);
    }

    #[test]
    fn a_policy_is_for_the_stage() {
        let user = UserId::parse("alice").unwrap();
        let answer = websocket(json!({})).allow(&user, Timestamp::from_seconds(1_800_000_000));
        let statement = &answer["policyDocument"]["Statement"][0];
        assert_eq!(statement["Resource"], "arn:aws:execute-api:eu-central-1:123456789012:abc/live/*");
        assert_eq!(answer["context"], json!({"userId": "alice", "exp": "1800000000"}));
    }

    #[test]
    fn what_is_neither_is_not_authorized() {
        for event in [json!({}), json!({"version": "1.0", "routeArn": "x"}), json!({"methodArn": "x"}), json!([])] {
            assert!(AuthorizeRequest::parse(event).is_err());
        }
    }
}
