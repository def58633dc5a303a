//! `$disconnect`: removes the connection.

use edge::problem::Problem;
use edge::socket::{SocketEvent, farewell};
use functions::App;
use lambda_runtime::Error;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve_connections(|app, event| Box::pin(handle(app, event))).await
}

async fn handle(app: &App, event: SocketEvent) -> Result<Value, Problem> {
    app.disconnect(&event.user, &event.connection.id).await?;
    Ok(farewell())
}
