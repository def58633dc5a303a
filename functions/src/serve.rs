//! The steps around each request: parse, handle, respond, and write one log line.

use crate::app::{ApiGatewayPush, App, Dependencies, PushAndNotify};
use crate::log::{LogRecord, RequestLog, init_logging};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::event::ClosingCode;
use domain::use_cases::close_connection;
use edge::answer::{Answer, frame, respond};
use edge::env::SystemEnv;
use edge::problem::{Code, Problem};
use edge::request::{Api, Origin, Request, parse_request};
use edge::socket::{SocketEvent, parse, refuse};
use error_text::error_chain;
use futures_util::future::BoxFuture;
use lambda_http::{Body, IntoResponse, Response, service_fn};
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use std::future::ready;

/// What a handler returns.
pub(crate) type HandlerFuture<'a> = BoxFuture<'a, Result<Answer, Problem>>;

/// The dependencies of a handler: the use cases, alone or with one other dependency.
pub(crate) trait Context: Send + Sync {
    /// The push channel; None in a function that serves no WebSocket frames.
    fn channel(&self) -> Option<&ApiGatewayPush>;
}

impl Context for App {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        Some(&self.push)
    }
}

impl Context for App<PushAndNotify> {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        Some(self.push.push())
    }
}

impl Context for App<()> {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        None
    }
}

impl<A: Context, T: Send + Sync> Context for (A, T) {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        self.0.channel()
    }
}

impl Context for ApiGatewayPush {
    fn channel(&self) -> Option<&ApiGatewayPush> {
        Some(self)
    }
}

/// Builds the context and serves requests with it. Returns when Lambda ends the function.
///
/// # Errors
/// An environment variable is missing or wrong, or the Runtime API does not answer any more.
pub(crate) async fn serve<C: Context>(
    build: impl AsyncFnOnce(&Dependencies) -> Result<C, Error>,
    handle: impl for<'a> Fn(&'a C, Request) -> HandlerFuture<'a> + Send + Sync,
) -> Result<(), Error> {
    let log = init_logging()?;
    let context = &build(&Dependencies::from_env()?).await?;
    let handle = &handle;
    let service = service_fn(move |request| async move {
        let log = log.start();
        let (origin, parsed) = parse_request(&request, log.started());
        let result = match parsed {
            Ok(request) => handle(context, request).await,
            Err(problem) => Err(problem),
        };
        if let Some(channel) = context.channel() {
            close_if_expired(channel, &origin, &result).await;
        }
        finish(log, &origin, &result);
        Ok::<_, Error>(Utf8Response(respond(&origin, &result)))
    });
    lambda_http::run(service).await
}

/// A response whose body is UTF-8. From any other response, lambda_http would decode the body by the charset of its
/// content type, and so link the tables of all charsets of the web into every function: 150 KB.
struct Utf8Response(Response<Body>);

impl IntoResponse for Utf8Response {
    fn into_response(self) -> BoxFuture<'static, Response<Body>> {
        Box::pin(ready(self.0))
    }
}

/// What a handler of `$connect` or `$disconnect` returns.
pub(crate) type SocketHandlerFuture<'a> = BoxFuture<'a, Result<Value, Problem>>;

/// Serves `$connect` or `$disconnect`. It uses lambda_runtime, because lambda_http puts the headers of a WebSocket
/// response only into fields where API Gateway does not look for the subprotocol.
///
/// # Errors
/// An environment variable is missing or wrong, or the Runtime API does not answer any more.
pub(crate) async fn serve_connections(
    handle: impl for<'a> Fn(&'a App, SocketEvent) -> SocketHandlerFuture<'a>,
) -> Result<(), Error> {
    let log = init_logging()?;
    let app = &Dependencies::from_env()?.app().await?;
    let handle = &handle;
    let service = async |event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| -> Result<Value, Error> {
        let log = log.start();
        let parsed = parse(&event.payload);
        let user = parsed.as_ref().ok().map(|event| event.user.clone());
        let result = match parsed {
            Ok(event) => handle(app, event).await,
            Err(problem) => Err(problem),
        };
        let context = &event.payload.request_context;
        let (route, request_id) = (context.route_key.as_deref(), context.request_id.as_deref());
        let record = LogRecord {
            route: route.unwrap_or_default(),
            request_id: request_id.unwrap_or_default(),
            invocation: &event.context.request_id,
            user: user.as_ref(),
            ..outcome(request_id.unwrap_or_default(), &result, |_| 200)
        };
        log.finish(&record);
        Ok(result.unwrap_or_else(|problem| refuse(problem.status())))
    };
    lambda_runtime::run(lambda_runtime::service_fn(service)).await
}

/// Closes the connection of a frame whose token has expired. The reply is posted over the push channel before the close,
/// because the function's own response would arrive after it.
async fn close_if_expired(channel: &ApiGatewayPush, origin: &Origin, result: &Result<Answer, Problem>) {
    if let (Err(problem), Api::WebSocket { connection: Some(connection), frame_id }) = (result, &origin.api)
        && problem.code == Code::TokenExpired
    {
        let reply = frame(frame_id.as_deref(), &origin.request_id, result).to_string();
        close_connection(channel, &SystemEnv, connection, Some(&reply), ClosingCode::TokenExpired).await;
    }
}

/// Writes the log line of the request.
fn finish(log: RequestLog, origin: &Origin, result: &Result<Answer, Problem>) {
    log.finish(&LogRecord {
        route: &origin.route,
        request_id: &origin.request_id,
        invocation: &origin.invocation,
        user: origin.user.as_ref(),
        chat: origin.chat.as_ref(),
        ..outcome(&origin.request_id, result, Answer::status)
    });
}

/// The fields of the log line that depend on the result. If the status is 500 or above, this also logs the cause, which
/// the client does not get.
fn outcome<T>(request_id: &str, result: &Result<T, Problem>, status: impl FnOnce(&T) -> u16) -> LogRecord<'static> {
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
