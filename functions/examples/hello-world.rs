//! The smallest possible function. docs/adr/0001-starting-fast.md compares the other functions with it.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().without_time().init();
    run(service_fn(async |_: LambdaEvent<Value>| Ok::<_, Error>(json!("Hello, world")))).await
}
