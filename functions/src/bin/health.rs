//! `GET /health`: that the API answers, and its version. Needs no identity and touches nothing.

use functions::{Line, Log};
use lambda_http::{Error, RequestExt as _, Response, run, service_fn};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let log = functions::start()?;
    run(service_fn(async |request: lambda_http::Request| handle(log, &request))).await
}

fn handle(log: Log, request: &lambda_http::Request) -> Result<Response<String>, Error> {
    let begun = log.begin();
    let invocation = request.lambda_context_ref().map(|context| context.request_id.as_str()).unwrap_or_default();
    let body = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")});
    let response = Response::builder().header("content-type", "application/json").header("cache-control", "no-store");
    begun.end(&Line { route: "GET /health", invocation, status: 200, ..Line::default() });
    Ok(response.body(body.to_string())?)
}
