//! `GET /health`: shows that the API responds, and its version. It needs no identity and no other service.

use super::run;
use crate::log::{Log, LogRecord, init_logging};
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
    let body = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")});
    let response = Response::builder().header("content-type", "application/json").header("cache-control", "no-store");
    request_log.finish(&LogRecord { route: "GET /health", invocation, status: 200, ..LogRecord::default() });
    Ok(response.body(body.to_string())?)
}
