//! What happens around every request: it is opened, handled, answered, and logged in one line.

use crate::app::{App, app, channel};
use crate::log::{Log, LogRecord, start};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::error_chain::error_chain;
use domain::ids::ConnectionId;
use domain::ports::Push;
use edge::answer::{Answer, frame, respond};
use edge::problem::{Code, Problem};
use edge::request::{Api, Request, parse_request};
use edge::socket::{SocketEvent, parse, refuse};
use futures_util::future::BoxFuture;
use lambda_http::{Body, Response, service_fn};
use lambda_runtime::{Error, LambdaEvent};
use realtime::{ApiGatewayPush, PushAndNotify};
use serde_json::Value;

/// What a handler answers, some time.
pub(crate) type HandlerFuture<'a> = BoxFuture<'a, Result<Answer, Problem>>;

/// What a function can close a connection with, if it serves frames.
pub(crate) trait Channel: Sync {
    /// The push channel.
    fn channel(&self) -> Option<&ApiGatewayPush>;
}

impl Channel for ApiGatewayPush {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        Some(self)
    }
}

impl Channel for PushAndNotify {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        Some(self.push())
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
pub(crate) async fn serve<P: Channel + Send, D: Send + Sync, O: Send + Sync>(
    app: impl Future<Output = Result<App<P, D, O>, Error>>,
    handle: impl for<'a> Fn(&'a App<P, D, O>, Request) -> HandlerFuture<'a> + Send + Sync,
) -> Result<(), Error> {
    let log = start()?;
    let app = &app.await?;
    let handle = &handle;
    let one = service_fn(move |request| answer(log, app.push.channel(), request, move |request| handle(app, request)));
    lambda_http::run(one).await
}

/// Serves frames without a store.
///
/// # Errors
/// A variable that is missing or wrong, or the Runtime API is gone.
pub(crate) async fn serve_sockets(
    handle: impl Fn(Request) -> Result<Answer, Problem> + Send + Sync,
) -> Result<(), Error> {
    let log = start()?;
    let push = &channel().await?;
    let handle = &handle;
    let one = service_fn(move |request| {
        answer(log, Some(push), request, move |request| Box::pin(async move { handle(request) }))
    });
    lambda_http::run(one).await
}

/// What a handler of `$connect` or `$disconnect` answers, some time.
pub(crate) type SocketHandlerFuture<'a> = BoxFuture<'a, Result<Value, Problem>>;

/// Serves `$connect` or `$disconnect`. On lambda_runtime, as lambda_http puts the headers of a WebSocket answer only where
/// API Gateway does not look for the subprotocol.
///
/// # Errors
/// A variable that is missing or wrong, or the Runtime API is gone.
pub(crate) async fn serve_connections(
    handle: impl for<'a> Fn(&'a App, SocketEvent) -> SocketHandlerFuture<'a>,
) -> Result<(), Error> {
    let log = start()?;
    let app = &app().await?;
    let handle = &handle;
    let one = async |event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| -> Result<Value, Error> {
        let begun = log.start();
        let parsed = parse(&event.payload);
        let user = parsed.as_ref().ok().map(|event| event.user.clone());
        let result = match parsed {
            Ok(event) => handle(app, event).await,
            Err(problem) => Err(problem),
        };
        let context = &event.payload.request_context;
        let (route, request_id) = (context.route_key.as_deref(), context.request_id.as_deref());
        let line = LogRecord {
            route: route.unwrap_or_default(),
            request_id: request_id.unwrap_or_default(),
            invocation: &event.context.request_id,
            user: user.as_ref(),
            ..outcome_line(request_id.unwrap_or_default(), &result, |_| 200)
        };
        begun.finish(&line);
        Ok(result.unwrap_or_else(|problem| refuse(problem.status())))
    };
    lambda_runtime::run(lambda_runtime::service_fn(one)).await
}

async fn answer<'a>(
    log: Log,
    push: Option<&ApiGatewayPush>,
    request: lambda_http::Request,
    handle: impl FnOnce(Request) -> HandlerFuture<'a>,
) -> Result<Response<Body>, Error> {
    let begun = log.start();
    let (origin, opened) = parse_request(&request, begun.started());
    let result = match opened {
        Ok(request) => handle(request).await,
        Err(problem) => Err(problem),
    };
    if let (Some(push), Err(problem), Api::WebSocket { connection: Some(connection), frame_id }) =
        (push, &result, &origin.api)
        && problem.code == Code::TokenExpired
    {
        let last = frame(frame_id.as_deref(), &origin.request_id, &result).to_string();
        close_after(push, connection, &last).await;
    }
    let line = LogRecord {
        route: &origin.route,
        request_id: &origin.request_id,
        invocation: &origin.invocation,
        user: origin.user.as_ref(),
        chat: origin.chat.as_ref(),
        ..outcome_line(&origin.request_id, &result, Answer::status)
    };
    begun.finish(&line);
    Ok(respond(&origin, &result))
}

/// Sends the last frame and closes the connection: a reply would come after the close.
async fn close_after(push: &ApiGatewayPush, connection: &ConnectionId, last: &str) {
    for done in [push.post(connection, last).await, push.close(connection).await] {
        if let Err(error) = done {
            tracing::warn!(
                error = error_chain(&error),
                "a connection whose token expired could not be outcome_line so, or closed"
            );
        }
    }
}

/// How a request was answered. What the client is not outcome_line of a failure is logged here.
fn outcome_line<T>(
    request_id: &str,
    result: &Result<T, Problem>,
    status: impl FnOnce(&T) -> u16,
) -> LogRecord<'static> {
    let problem = match result {
        Ok(answer) => return LogRecord { status: status(answer), ..LogRecord::default() },
        Err(problem) => problem,
    };
    if problem.status() >= 500 {
        let cause = problem.cause.as_ref().map(|cause| error_chain(cause.as_ref()));
        tracing::error!(request_id, code = problem.code.as_str(), cause, "not served");
    }
    LogRecord { status: problem.status(), code: Some(problem.code.as_str()), ..LogRecord::default() }
}
