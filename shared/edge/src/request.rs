//! A request of either API. The caller's identity comes only from API Gateway's authorizer.

use crate::fields::Fields;
use crate::json;
use crate::problem::{Code, Problem};
use aws_lambda_events::apigw::ApiGatewayRequestAuthorizer;
use domain::chat_user::Connection;
use domain::ids::{ChatId, ConnectionId, UserId};
use domain::timestamp::Timestamp;
use domain::use_cases::Caller;
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;
use serde_json::{Map, Value};

/// A larger body is not parsed. No request needs so many bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// The maximum length of a frame's id.
const MAX_FRAME_ID_CHARS: usize = 64;

/// The origin of a request, which is also the destination of the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The route, for the log: for example `POST /chats` or `createChat`.
    pub route: String,
    /// API Gateway's id of the request, or Lambda's if there is none. It is in the log and in 5xx responses.
    pub request_id: String,
    /// Lambda's id of the invocation.
    pub invocation: String,
    /// The API that the request came over.
    pub api: Api,
    /// The caller; None if the authorizer gave no identity.
    pub user: Option<UserId>,
    /// The chat that the request names, if any.
    pub chat: Option<ChatId>,
}

/// The API that a request came over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    /// The HTTP API.
    Http,
    /// The WebSocket API.
    WebSocket {
        /// The connection of the frame; None if API Gateway did not send it, which does not happen.
        connection: Option<ConnectionId>,
        /// The id of the frame, if the client set one. The response repeats it.
        frame_id: Option<String>,
    },
}

/// A request of an authenticated caller.
#[derive(Debug)]
pub struct Request {
    /// The user who sends the request.
    pub caller: Caller,
    /// The connection of a frame; None over HTTP.
    pub connection: Option<Connection>,
    /// The action of a frame; None over HTTP, or if the frame has none.
    pub action: Option<String>,
    /// The route, such as `PATCH /me`, or the name of the action. A function that serves several routes needs it.
    pub route: String,
    pub(crate) fields: Fields,
}

/// Parses a request. The origin is always known. The request itself is an error if it is not well-formed or if the
/// token of the caller has expired.
pub fn parse_request(request: &lambda_http::Request, now: Timestamp) -> (Origin, Result<Request, Problem>) {
    let invocation = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    match request.request_context_ref() {
        Some(RequestContext::WebSocket(context)) => {
            let frame = body(request);
            let frame_id = frame.as_ref().map_or(Ok(None), frame_id);
            let connection = context.connection_id.as_deref().and_then(|id| ConnectionId::parse(id).ok());
            let origin = Origin {
                route: context.route_key.clone().unwrap_or_default(),
                request_id: context.request_id.clone().unwrap_or_else(|| invocation.clone()),
                invocation,
                api: Api::WebSocket {
                    connection: connection.clone(),
                    frame_id: frame_id.as_ref().ok().cloned().flatten(),
                },
                user: identity(&context.authorizer).ok().map(|(user, _)| user),
                chat: frame.as_ref().ok().and_then(|frame| chat(frame.get("chatId")?.as_str()?)),
            };
            let request = caller(&context.authorizer, connection, now).and_then(|(caller, exp)| {
                let connected_at = Timestamp::from_millis(context.connected_at);
                let connection = caller.connection.clone().map(|id| Connection { id, connected_at, exp });
                let request = frame_request(caller, origin.route.clone(), frame?, frame_id.is_err())?;
                Ok(Request { connection, ..request })
            });
            (origin, request)
        }
        Some(RequestContext::ApiGatewayV2(context)) => {
            let authorizer = context.authorizer.clone().unwrap_or_default();
            let origin = Origin {
                route: context.route_key.clone().unwrap_or_default(),
                request_id: context.request_id.clone().unwrap_or_else(|| invocation.clone()),
                invocation,
                api: Api::Http,
                user: identity(&authorizer).ok().map(|(user, _)| user),
                chat: named_chat(request),
            };
            let request = caller(&authorizer, None, now)
                .and_then(|(caller, _)| http_request(caller, origin.route.clone(), request));
            (origin, request)
        }
        _ => {
            let origin = Origin {
                route: String::new(),
                request_id: invocation.clone(),
                invocation,
                api: Api::Http,
                user: None,
                chat: None,
            };
            (origin, Err(Problem::new(Code::Unauthenticated, "The request did not come through API Gateway.")))
        }
    }
}

/// The chat that the path names, or else the query string.
fn named_chat(request: &lambda_http::Request) -> Option<ChatId> {
    let (path, query) = (request.path_parameters(), request.query_string_parameters());
    path.first("chatId").or_else(|| query.first("chat")).and_then(chat)
}

/// The chat id in this text; None if it is not valid.
fn chat(id: &str) -> Option<ChatId> {
    ChatId::parse(id).ok()
}

fn http_request(caller: Caller, route: String, request: &lambda_http::Request) -> Result<Request, Problem> {
    let (path, query) = (request.path_parameters(), request.query_string_parameters());
    let text = path.iter().chain(query.iter()).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Request { caller, connection: None, action: None, route, fields: Fields::new(body(request)?, text) })
}

fn frame_request(
    caller: Caller,
    route: String,
    mut frame: Map<String, Value>,
    is_id_wrong: bool,
) -> Result<Request, Problem> {
    frame.remove("id");
    let action = match frame.remove("action") {
        Some(Value::String(action)) => Some(action),
        _ => None,
    };
    let mut fields = Fields::new(frame, []);
    if is_id_wrong {
        fields.wrong("id", format!("must be a string of 1 to {MAX_FRAME_ID_CHARS} characters"));
    }
    Ok(Request { caller, connection: None, action, route, fields })
}

/// The frame has an id that is not valid.
struct InvalidFrameId;

/// The id of a frame; None if it has none.
fn frame_id(frame: &Map<String, Value>) -> Result<Option<String>, InvalidFrameId> {
    match frame.get("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if (1..=MAX_FRAME_ID_CHARS).contains(&id.chars().count()) => Ok(Some(id.clone())),
        Some(_) => Err(InvalidFrameId),
    }
}

/// The body as a JSON object. An empty body counts as an object without fields.
fn body(request: &lambda_http::Request) -> Result<Map<String, Value>, Problem> {
    let bytes: &[u8] = request.body().as_ref();
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Problem::field("body", format!("must be at most {MAX_BODY_BYTES} bytes")));
    }
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match json::parse(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::field("body", "must be a JSON object")),
        Err(error) => Err(Problem::field("body", format!("is not valid JSON: {error}"))),
    }
}

/// The user whom the authorizer identified, and when the token expires. Fails if it has already expired.
fn caller(
    authorizer: &ApiGatewayRequestAuthorizer,
    connection: Option<ConnectionId>,
    now: Timestamp,
) -> Result<(Caller, Timestamp), Problem> {
    let (user, exp) = identity(authorizer)?;
    if exp <= now {
        return Err(Problem::new(Code::TokenExpired, "The token has expired. Get a new token and connect again."));
    }
    Ok((Caller { user, connection }, exp))
}

/// The user and the expiry that the authorizer sent. Functions get its context as strings.
pub(crate) fn identity(authorizer: &ApiGatewayRequestAuthorizer) -> Result<(UserId, Timestamp), Problem> {
    let text = |name: &str| authorizer.fields.get(name).and_then(Value::as_str);
    let user = text("userId").and_then(|id| UserId::parse(id).ok());
    let exp = text("exp").and_then(|exp| exp.parse().ok()).map(Timestamp::from_seconds);
    user.zip(exp).ok_or_else(|| Problem::new(Code::Unauthenticated, "The request came without an identity."))
}
