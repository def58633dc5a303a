//! The Lambda authorizer of an HTTP API: payload format 2.0, simple responses, and a cache by identity.
//!
//! Source: API Gateway Developer Guide, "Control access to HTTP APIs with AWS Lambda authorizers".

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::event::{Incoming, key};
use crate::{
    arn,
    lambda::{Answer, Functions},
    template::{HttpAuthorizer, HttpRoute},
};

/// API Gateway's timeout of an authorizer (HTTP API quotas: 10 s).
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Allowed, with the context for the route's function.
    Allowed(Value),
    Denied,
    /// The request lacks a part of the identity, so the authorizer was not invoked.
    NoIdentity,
    Failed,
}

/// The authorizer's name, and the values of its identity sources.
type CacheKey = (String, Vec<String>);

/// The cached answers of the authorizers, with the time when each expires.
#[derive(Default)]
pub(super) struct Authorizers {
    cache: Mutex<HashMap<CacheKey, (Instant, Verdict)>>,
}

impl Authorizers {
    pub(super) async fn ask(
        &self,
        functions: &Functions,
        name: &str,
        authorizer: &HttpAuthorizer,
        incoming: &Incoming,
        route: &HttpRoute,
        event: &Value,
    ) -> Verdict {
        let identity: Option<Vec<String>> =
            authorizer.identity_sources.iter().map(|source| identity(source, incoming, event)).collect();
        let Some(identity) = identity else { return Verdict::NoIdentity };
        // Without an identity there is no cache key.
        let uses_cache = !authorizer.ttl.is_zero() && !identity.is_empty();
        let cache_key = (name.to_owned(), identity.clone());
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if uses_cache {
            let now = Instant::now();
            let mut cache = cache();
            cache.retain(|_, (until, _)| *until > now);
            if let Some((_, verdict)) = cache.get(&cache_key) {
                return verdict.clone();
            }
        }
        let request = request(event, incoming, route, &identity);
        let verdict = match functions.invoke(&authorizer.function, &request, TIMEOUT).await {
            Ok(Answer::Success(payload)) => verdict(&payload),
            _ => Verdict::Failed,
        };
        if uses_cache && verdict != Verdict::Failed {
            cache().insert(cache_key, (Instant::now() + authorizer.ttl, verdict.clone()));
        }
        verdict
    }
}

/// The value of one identity source. None if it is missing or empty.
fn identity(source: &str, incoming: &Incoming, event: &Value) -> Option<String> {
    let value = if let Some(name) = source.strip_prefix("$request.header.") {
        incoming.headers.get(&name.to_ascii_lowercase()).cloned()
    } else if let Some(name) = source.strip_prefix("$request.querystring.") {
        incoming.query.get(name).cloned()
    } else if let Some(name) = source.strip_prefix("$stageVariables.") {
        event["stageVariables"][name].as_str().map(str::to_owned)
    } else {
        let path = source.strip_prefix("$context.")?.split('.');
        let value = path.fold(&event["requestContext"], |value, name| &value[name]);
        value.as_str().map(str::to_owned)
    };
    value.filter(|value| !value.is_empty())
}

/// Turns the route's event into the authorizer's event.
fn request(event: &Value, incoming: &Incoming, route: &HttpRoute, identity: &[String]) -> Value {
    let mut request = event.clone();
    if let Some(fields) = request.as_object_mut() {
        fields.remove("isBase64Encoded");
    }
    let context = &event["requestContext"];
    let (api, stage) = (&context["apiId"], &context["stage"]);
    // The ARN has the route's path, not the request's, as in `.../$default/GET/pets/{id}`.
    let path = match (&route.method, &route.path) {
        (Some(_), Some(path)) => format!("{}{path}", incoming.method),
        _ => key(route),
    };
    request["type"] = "REQUEST".into();
    request["routeArn"] =
        arn::execute_api(api.as_str().unwrap_or_default(), stage.as_str().unwrap_or_default(), &path).into();
    request["identitySource"] = if identity.is_empty() { Value::Null } else { json!(identity) };
    request
}

fn verdict(payload: &[u8]) -> Verdict {
    let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
    match answer.get("isAuthorized").and_then(Value::as_bool) {
        Some(true) => Verdict::Allowed(match answer.get("context") {
            Some(context) if context.is_object() => context.clone(),
            _ => json!({}),
        }),
        Some(false) => Verdict::Denied,
        None => Verdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_other_than_simple_responses_fail() {
        assert_eq!(verdict(br#"{"isAuthorized":true}"#), Verdict::Allowed(json!({})));
        assert_eq!(
            verdict(br#"{"isAuthorized":true,"context":{"userId":"alice"}}"#),
            Verdict::Allowed(json!({"userId": "alice"}))
        );
        assert_eq!(verdict(br#"{"isAuthorized":false}"#), Verdict::Denied);
        for malformed in ["null", "{}", r#"{"isAuthorized":"true"}"#, "not JSON", r#"{"policyDocument":{}}"#] {
            assert_eq!(verdict(malformed.as_bytes()), Verdict::Failed, "{malformed}");
        }
    }
}
