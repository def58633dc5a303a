//! `GET` and `HEAD /health`: show that the API responds, and its version. They need no identity and no other service.

use super::run;
use crate::log::{Log, LogRecord, init_logging};
use lambda_http::http::Method;
use lambda_http::{Error, RequestExt as _, Response, service_fn};
use serde_json::json;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve())
}

async fn serve() -> Result<(), Error> {
    let log = init_logging()?;
    lambda_http::run(service_fn(async |request: lambda_http::Request| handle(log, &request))).await
}

fn handle(log: Log, request: &lambda_http::Request) -> Result<Response<String>, Error> {
    let request_log = log.start();
    let invocation = request.lambda_context_ref().map(|context| context.request_id.as_str()).unwrap_or_default();
    let route = if request.method() == Method::HEAD { "HEAD /health" } else { "GET /health" };
    request_log.finish(&LogRecord { route, invocation, status: 200, ..LogRecord::default() });
    respond(request.method())
}

/// The response; without a body to HEAD, because it is not certain that an HTTP API removes one.
fn respond(method: &Method) -> Result<Response<String>, Error> {
    let body = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}).to_string();
    let response = Response::builder().header("content-type", "application/json").header("cache-control", "no-store");
    Ok(response.body(if method == Method::HEAD { String::new() } else { body })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_to_head_is_that_to_get_without_the_body() {
        let (get, head) = (respond(&Method::GET).unwrap(), respond(&Method::HEAD).unwrap());
        assert_eq!((get.status(), get.headers()), (head.status(), head.headers()));
        assert_eq!((get.body().contains("\"ok\""), head.body().as_str()), (true, ""));
    }
}
