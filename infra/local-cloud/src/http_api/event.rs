//! The event of an HTTP API's function: payload format 2.0.
//!
//! Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs".

use std::{collections::BTreeMap, net::SocketAddr};

use axum::{
    body::Bytes,
    http::{HeaderMap, Version, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::routing::Parameters;
use crate::{
    arn, ids,
    template::{HttpApi, HttpRoute},
};

/// The parts of a request that the events of the route and of its authorizer share.
pub(super) struct Incoming {
    pub(super) method: String,
    /// Percent-decoded, as in API Gateway's events.
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) query: BTreeMap<String, String>,
    raw_query: String,
    cookies: Vec<String>,
    context: Value,
}

impl Incoming {
    pub(super) fn new(api: &HttpApi, parts: &Parts, client: SocketAddr, id: &str) -> Self {
        let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        let mut headers = joined(&parts.headers);
        let cookies = headers.remove("cookie").map(|cookies| cookies.split("; ").map(str::to_owned).collect());
        let source_ip = client.ip().to_string();
        let host = headers.get("host").cloned().unwrap_or_else(|| "localhost".to_owned());
        headers.insert("x-amzn-trace-id".to_owned(), ids::trace());
        let forwarded = headers.get("x-forwarded-for").map(|before| format!("{before}, {source_ip}"));
        headers.insert("x-forwarded-for".to_owned(), forwarded.unwrap_or_else(|| source_ip.clone()));
        headers.insert("x-forwarded-port".to_owned(), host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned());
        headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
        let now = ids::now_millis();
        let domain = host.split(':').next().unwrap_or_default();
        let context = json!({
            "accountId": arn::ACCOUNT,
            "apiId": api.id,
            "domainName": host,
            "domainPrefix": domain.split('.').next().unwrap_or_default(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": match parts.version { Version::HTTP_2 => "HTTP/2.0", Version::HTTP_10 => "HTTP/1.0", _ => "HTTP/1.1" },
                "sourceIp": source_ip,
                "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
            },
            "requestId": id,
            "stage": api.stage,
            "time": ids::common_log_time(now),
            "timeEpoch": now,
        });
        Self {
            method: parts.method.as_str().to_owned(),
            path,
            query: query(&raw_query),
            raw_query,
            cookies: cookies.unwrap_or_default(),
            headers,
            context,
        }
    }

    /// The event without its body.
    pub(super) fn event(&self, api: &HttpApi, route: &HttpRoute, parameters: &Parameters) -> Value {
        let key = key(route);
        let mut event = json!({
            "version": "2.0",
            "routeKey": key,
            "rawPath": self.path,
            "rawQueryString": self.raw_query,
            "headers": self.headers,
            "requestContext": self.context,
            "isBase64Encoded": false,
        });
        event["requestContext"]["routeKey"] = key.into();
        if !self.cookies.is_empty() {
            event["cookies"] = json!(self.cookies);
        }
        if !self.query.is_empty() {
            event["queryStringParameters"] = json!(self.query);
        }
        if !parameters.is_empty() {
            event["pathParameters"] = json!(parameters);
        }
        if !api.stage_variables.is_empty() {
            event["stageVariables"] = json!(api.stage_variables);
        }
        event
    }

    /// Adds the body to the event: text unchanged, everything else in base64.
    pub(super) fn put_body(&self, event: &mut Value, body: &Bytes) {
        if body.is_empty() {
            return;
        }
        let text = std::str::from_utf8(body).ok().filter(|_| is_text(self.headers.get(header::CONTENT_TYPE.as_str())));
        event["isBase64Encoded"] = text.is_none().into();
        event["body"] = text.map_or_else(|| STANDARD.encode(body), str::to_owned).into();
    }
}

pub(super) fn key(route: &HttpRoute) -> String {
    match (&route.method, &route.path) {
        (Some(method), Some(path)) => format!("{method} {path}"),
        _ => "$default".to_owned(),
    }
}

/// The headers by lower-case name. Several values of one name are joined by commas.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|all: &mut String| {
                all.push_str(if name == header::COOKIE { "; " } else { "," });
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
}

fn query(raw: &str) -> BTreeMap<String, String> {
    let mut query = BTreeMap::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let value = decode(value);
        query
            .entry(decode(name))
            .and_modify(|all: &mut String| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert(value);
    }
    query
}

fn is_text(content_type: Option<&String>) -> bool {
    let Some(content_type) = content_type else { return true };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || ["application/json", "application/xml", "application/javascript"].contains(&essence.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_query_parameters_are_joined() {
        let parameters = query("a=1&a=2&b=x+y%2Fz&c");
        let expected = [("a", "1,2"), ("b", "x y/z"), ("c", "")];
        assert_eq!(parameters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn json_is_text_and_a_form_is_not() {
        assert!(is_text(Some(&"application/problem+json; charset=utf-8".to_owned())));
        assert!(is_text(Some(&"Text/Plain".to_owned())));
        assert!(!is_text(Some(&"application/x-www-form-urlencoded".to_owned())));
        assert!(!is_text(Some(&"image/png".to_owned())));
    }
}
