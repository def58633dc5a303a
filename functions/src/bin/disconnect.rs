//! `$disconnect`: removes the connection.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::causes::in_full;
use edge::problem::Problem;
use edge::socket::{answer, parse};
use functions::App;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::start();
    let app = &functions::app_without_push().await?;
    run(service_fn(async |event| handle(app, event).await)).await
}

async fn handle(app: &App<()>, event: LambdaEvent<ApiGatewayWebsocketProxyRequest>) -> Result<Value, Error> {
    let event = match parse(&event.payload) {
        Ok(event) => event,
        Err(problem) => return Ok(answer(problem.status())),
    };
    match app.disconnect(&event.user, &event.connection.id).await {
        Ok(()) => {
            tracing::info!("disconnected");
            Ok(answer(200))
        }
        Err(error) => {
            tracing::error!(error = in_full(&error), "the connection stays registered until it is found gone");
            Ok(answer(Problem::from(error).status()))
        }
    }
}
