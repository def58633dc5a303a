//! Functions in a running `cargo lambda watch`, which serves Lambda's Invoke API under the names of the programs.

use std::collections::{BTreeMap, HashMap};

use axum::{
    body::{Body, Bytes},
    http::{Request, Uri, header, uri::Scheme},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::{Answer, InvokeError, PAYLOAD_LIMIT};
use crate::{Error, functions_build, template::Function};

pub(super) struct Remote {
    base: String,
    /// The names of the programs by logical id.
    names: HashMap<String, String>,
    client: Client<HttpConnector, Body>,
}

/// The name under which `cargo lambda watch` serves the function.
fn name(function: &Function) -> &str {
    function.binary().unwrap_or(&function.name)
}

impl Remote {
    pub(super) fn new(url: &str, functions: &BTreeMap<String, Function>) -> Result<Self, Error> {
        let base = url.trim_end_matches('/').to_owned();
        let valid = base.parse::<Uri>().is_ok_and(|uri| uri.scheme() == Some(&Scheme::HTTP) && uri.host().is_some());
        if !valid {
            return Err(Error::LambdaEndpoint { url: url.to_owned() });
        }
        let all: Vec<&Function> = functions.values().collect();
        functions_build::check_names(&all, |function| Some(name(function)), &base)?;
        let names = all.into_iter().map(|function| (function.logical_id.clone(), name(function).to_owned()));
        Ok(Self { names: names.collect(), base, client: Client::builder(TokioExecutor::new()).build_http() })
    }

    pub(super) async fn invoke(&self, function: &str, payload: Bytes) -> Result<Answer, InvokeError> {
        let name = self.names.get(function).map_or(function, String::as_str);
        let url = format!("{}/2015-03-31/functions/{name}/invocations", self.base);
        let unavailable = |what: &dyn std::fmt::Display| InvokeError::Unavailable(format!("{url}: {what}"));
        let request = Request::post(&url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(payload))
            .map_err(|error| unavailable(&error))?;
        let response = self.client.request(request).await.map_err(|error| {
            // hyper's own text is only "client error (Connect)". Its source has the reason.
            match std::error::Error::source(&error) {
                Some(source) => unavailable(&source),
                None => unavailable(&error),
            }
        })?;
        let (parts, body) = response.into_parts();
        let body =
            axum::body::to_bytes(Body::new(body), 2 * PAYLOAD_LIMIT).await.map_err(|error| unavailable(&error))?;
        if parts.headers.contains_key("x-amz-function-error") {
            return Ok(Answer::error(&body));
        }
        if parts.status.is_success() {
            Ok(Answer::Success(body))
        } else {
            Err(unavailable(&format!("{} {}", parts.status, String::from_utf8_lossy(&body))))
        }
    }
}
