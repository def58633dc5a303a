//! What happens around every request: it is opened, handled, answered, and logged in one line.

use crate::app::{App, channel};
use domain::causes::in_full;
use domain::ids::ConnectionId;
use domain::ports::{Env as _, Push};
use edge::answer::{Answer, frame, respond};
use edge::env::SystemEnv;
use edge::problem::{Code, Problem};
use edge::request::{Api, Origin, Request, open};
use futures_util::future::BoxFuture;
use lambda_http::{Body, Response, service_fn};
use lambda_runtime::Error;
use realtime::ApiGatewayPush;

/// What a handler answers, some time.
pub type Handling<'a> = BoxFuture<'a, Result<Answer, Problem>>;

/// Sets up logging, in the format and at the level that Lambda was configured with.
pub fn start() {
    lambda_http::tracing::init_default_subscriber();
}

/// What a function can close a connection with, if it serves frames.
pub trait Channel: Sync {
    /// The push channel.
    fn channel(&self) -> Option<&ApiGatewayPush>;
}

impl Channel for ApiGatewayPush {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        Some(self)
    }
}

impl Channel for () {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        None
    }
}

/// Serves requests with the use cases, once they are composed. Returns when Lambda ends the function.
///
/// # Errors
/// A variable that is missing or wrong, or the Runtime API is gone.
pub async fn serve<P: Channel + Send, D: Send + Sync>(
    app: impl Future<Output = Result<App<P, D>, Error>>,
    handle: impl for<'a> Fn(&'a App<P, D>, Request) -> Handling<'a> + Send + Sync,
) -> Result<(), Error> {
    start();
    let app = &app.await?;
    let handle = &handle;
    let one = service_fn(move |request| answer(app.push.channel(), request, move |request| handle(app, request)));
    lambda_http::run(one).await
}

/// Serves frames without a store.
///
/// # Errors
/// A variable that is missing or wrong, or the Runtime API is gone.
pub async fn serve_sockets(handle: impl Fn(Request) -> Result<Answer, Problem> + Send + Sync) -> Result<(), Error> {
    start();
    let push = &channel().await?;
    let handle = &handle;
    let one =
        service_fn(move |request| answer(Some(push), request, move |request| Box::pin(async move { handle(request) })));
    lambda_http::run(one).await
}

async fn answer<'a>(
    push: Option<&ApiGatewayPush>,
    request: lambda_http::Request,
    handle: impl FnOnce(Request) -> Handling<'a>,
) -> Result<Response<Body>, Error> {
    let started = SystemEnv.now();
    let (origin, opened) = open(&request, started);
    let result = match opened {
        Ok(request) => handle(request).await,
        Err(problem) => Err(problem),
    };
    if let (Some(push), Err(problem), Api::WebSocket { connection: Some(connection), frame_id }) =
        (push, &result, &origin.api)
        && problem.code == Code::TokenExpired
    {
        let last = frame(frame_id.as_deref(), &origin.request_id, &result).to_string();
        end(push, connection, &last).await;
    }
    log(&origin, &result, started);
    Ok(respond(&origin, &result))
}

/// Sends the last frame and closes the connection: a reply would come after the close.
async fn end(push: &ApiGatewayPush, connection: &ConnectionId, last: &str) {
    for done in [push.post(connection, last).await, push.close(connection).await] {
        if let Err(error) = done {
            tracing::warn!(error = in_full(&error), "a connection whose token expired could not be told so, or closed");
        }
    }
}

/// The one line of a request. Never a body or a token; a user only in the key of an item that is broken.
fn log(origin: &Origin, result: &Result<Answer, Problem>, started: domain::timestamp::Timestamp) {
    let ms = u64::try_from(SystemEnv.now().since(started).as_millis()).unwrap_or(u64::MAX);
    let (route, request_id) = (origin.route.as_str(), origin.request_id.as_str());
    match result {
        Ok(_) => tracing::info!(route, request_id, ms, "served"),
        Err(problem) => {
            let code = problem.code.as_str();
            let cause = problem.cause.as_ref().map(|cause| in_full(cause.as_ref()));
            if problem.status() >= 500 {
                tracing::error!(route, request_id, ms, code, cause, "not served");
            } else {
                tracing::info!(route, request_id, ms, code, "refused");
            }
        }
    }
}
