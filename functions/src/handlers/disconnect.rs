//! `$disconnect`: removes the connection.

use super::run;
use crate::app::App;
use crate::serve::serve_connections;
use edge::problem::Problem;
use edge::socket::{SocketEvent, disconnect_ack};
use serde_json::Value;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve_connections(|app, event| Box::pin(handle(app, event))))
}

async fn handle(app: &App, event: SocketEvent) -> Result<Value, Problem> {
    app.disconnect(&event.user, &event.connection.id).await?;
    Ok(disconnect_ack())
}
