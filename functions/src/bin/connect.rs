//! `$connect`: registers the connection. On lambda_runtime, as lambda_http puts the headers of a WebSocket answer only
//! where API Gateway does not look for the subprotocol.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::causes::in_full;
use domain::use_cases::ConnectError;
use edge::problem::Problem;
use edge::socket::{accept, answer, parse};
use functions::App;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::start();
    let app = &functions::app().await?;
    run(service_fn(async |event| handle(app, event).await)).await
}

async fn handle(app: &App, event: LambdaEvent<ApiGatewayWebsocketProxyRequest>) -> Result<Value, Error> {
    let event = match parse(&event.payload) {
        Ok(event) => event,
        Err(problem) => return Ok(answer(problem.status())),
    };
    match app.connect(&event.user, &event.connection).await {
        Ok(connected) => {
            tracing::info!(closed = connected.closed, "connected");
            Ok(accept(&event))
        }
        Err(ConnectError::Expired) => Ok(answer(401)),
        Err(ConnectError::Store(error)) => {
            tracing::error!(error = in_full(&error), "not connected");
            Ok(answer(Problem::from(error).status()))
        }
    }
}
