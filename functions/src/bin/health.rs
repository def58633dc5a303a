//! `GET /health`: that the API answers, and its version. Needs no identity and touches nothing.

use functions::{Line, Log};
use lambda_http::{Error, Response, run, service_fn};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let log = functions::start()?;
    run(service_fn(async |_request: lambda_http::Request| handle(log))).await
}

fn handle(log: Log) -> Result<Response<String>, Error> {
    let started = log.begin();
    let body = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")});
    let response = Response::builder().header("content-type", "application/json").header("cache-control", "no-store");
    log.end(started, &Line { route: "GET /health", status: 200, ..Line::default() });
    Ok(response.body(body.to_string())?)
}
