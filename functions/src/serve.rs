//! What happens around every request: it is opened, handled, answered, and logged in one line.

use crate::app::{App, app, channel};
use crate::log::{Line, Log, start};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::causes::in_full;
use domain::ids::ConnectionId;
use domain::ports::Push;
use edge::answer::{Answer, frame, respond};
use edge::problem::{Code, Problem};
use edge::request::{Api, Request, open};
use edge::socket::{SocketEvent, parse, refuse};
use futures_util::future::BoxFuture;
use lambda_http::{Body, Response, service_fn};
use lambda_runtime::{Error, LambdaEvent};
use realtime::{ApiGatewayPush, PushAndNotify};
use serde_json::Value;

/// What a handler answers, some time.
pub(crate) type Handling<'a> = BoxFuture<'a, Result<Answer, Problem>>;

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
    handle: impl for<'a> Fn(&'a App<P, D, O>, Request) -> Handling<'a> + Send + Sync,
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
pub(crate) type Noting<'a> = BoxFuture<'a, Result<Value, Problem>>;

/// Serves `$connect` or `$disconnect`. On lambda_runtime, as lambda_http puts the headers of a WebSocket answer only where
/// API Gateway does not look for the subprotocol.
///
/// # Errors
/// A variable that is missing or wrong, or the Runtime API is gone.
pub(crate) async fn serve_connections(
    handle: impl for<'a> Fn(&'a App, SocketEvent) -> Noting<'a>,
) -> Result<(), Error> {
    let log = start()?;
    let app = &app().await?;
    let handle = &handle;
    let one = async |event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| -> Result<Value, Error> {
        let begun = log.begin();
        let parsed = parse(&event.payload);
        let user = parsed.as_ref().ok().map(|event| event.user.clone());
        let result = match parsed {
            Ok(event) => handle(app, event).await,
            Err(problem) => Err(problem),
        };
        let context = &event.payload.request_context;
        let (route, request_id) = (context.route_key.as_deref(), context.request_id.as_deref());
        let line = Line {
            route: route.unwrap_or_default(),
            request_id: request_id.unwrap_or_default(),
            invocation: &event.context.request_id,
            user: user.as_ref(),
            ..told(request_id.unwrap_or_default(), &result, |_| 200)
        };
        begun.end(&line);
        Ok(result.unwrap_or_else(|problem| refuse(problem.status())))
    };
    lambda_runtime::run(lambda_runtime::service_fn(one)).await
}

async fn answer<'a>(
    log: Log,
    push: Option<&ApiGatewayPush>,
    request: lambda_http::Request,
    handle: impl FnOnce(Request) -> Handling<'a>,
) -> Result<Response<Body>, Error> {
    let begun = log.begin();
    let (origin, opened) = open(&request, begun.started());
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
    let line = Line {
        route: &origin.route,
        request_id: &origin.request_id,
        invocation: &origin.invocation,
        user: origin.user.as_ref(),
        chat: origin.chat.as_ref(),
        ..told(&origin.request_id, &result, Answer::status)
    };
    begun.end(&line);
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

/// How a request was answered. What the client is not told of a failure is logged here.
fn told<T>(request_id: &str, result: &Result<T, Problem>, status: impl FnOnce(&T) -> u16) -> Line<'static> {
    let problem = match result {
        Ok(answer) => return Line { status: status(answer), ..Line::default() },
        Err(problem) => problem,
    };
    if problem.status() >= 500 {
        let cause = problem.cause.as_ref().map(|cause| in_full(cause.as_ref()));
        tracing::error!(request_id, code = problem.code.as_str(), cause, "not served");
    }
    Line { status: problem.status(), code: Some(problem.code.as_str()), ..Line::default() }
}
