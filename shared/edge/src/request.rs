//! A request, whichever of the two APIs it came over. Who asks is what API Gateway's authorizer said, and nothing else.

use crate::fields::Fields;
use crate::problem::{Code, Problem};
use aws_lambda_events::apigw::ApiGatewayRequestAuthorizer;
use domain::chat_user::Connection;
use domain::ids::{ChatId, ConnectionId, UserId};
use domain::timestamp::Timestamp;
use domain::use_cases::Caller;
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;
use serde_json::{Map, Value};

/// More than any request needs: a body over this is not parsed.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// The longest id that a client gives to a frame.
const MAX_FRAME_ID_CHARS: usize = 64;

/// Where a request came from, and so where its answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The route, for the log: `POST /chats` or `createChat`.
    pub route: String,
    /// Lambda's or API Gateway's name for the request, for the log and for whoever reports an error.
    pub request_id: String,
    /// Lambda's name for the invocation.
    pub invocation: String,
    /// Which of the two APIs.
    pub api: Api,
    /// Who asked, if the authorizer said so.
    pub user: Option<UserId>,
    /// The chat that the request names, if it names one.
    pub chat: Option<ChatId>,
}

/// Which of the two APIs a request came over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    /// The HTTP API.
    Http,
    /// The WebSocket API.
    WebSocket {
        /// Over which connection; None if API Gateway did not say, which it always does.
        connection: Option<ConnectionId>,
        /// The id that the client gave to the frame; the reply carries it.
        frame_id: Option<String>,
    },
}

/// A request of somebody whom the authorizer knows.
#[derive(Debug)]
pub struct Request {
    /// Who.
    pub caller: Caller,
    /// The connection that a frame came over.
    pub connection: Option<Connection>,
    /// The action of a frame.
    pub action: Option<String>,
    /// The route, `PATCH /me` or an action's name: for a function that serves several.
    pub route: String,
    pub(crate) fields: Fields,
}

/// Opens a request: where it came from is known in any case, what it says only if it is well-formed and its caller's
/// token has not expired.
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
            let opened = caller(&context.authorizer, connection, now).and_then(|(caller, exp)| {
                let connected_at = Timestamp::from_millis(context.connected_at);
                let connection = caller.connection.clone().map(|id| Connection { id, connected_at, exp });
                let request = frame_request(caller, origin.route.clone(), frame?, frame_id.is_err())?;
                Ok(Request { connection, ..request })
            });
            (origin, opened)
        }
        Some(RequestContext::ApiGatewayV2(context)) => {
            let authorizer = context.authorizer.clone().unwrap_or_default();
            let origin = Origin {
                route: context.route_key.clone().unwrap_or_default(),
                request_id: context.request_id.clone().unwrap_or_else(|| invocation.clone()),
                invocation,
                api: Api::Http,
                user: identity(&authorizer).ok().map(|(user, _)| user),
                chat: request.path_parameters().first("chatId").and_then(chat),
            };
            let opened = caller(&authorizer, None, now)
                .and_then(|(caller, _)| http_request(caller, origin.route.clone(), request));
            (origin, opened)
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

/// The chat of this id, if it can be one.
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
    wrong_id: bool,
) -> Result<Request, Problem> {
    frame.remove("id");
    let action = match frame.remove("action") {
        Some(Value::String(action)) => Some(action),
        _ => None,
    };
    let mut fields = Fields::new(frame, []);
    if wrong_id {
        fields.wrong("id", format!("must be a string of 1 to {MAX_FRAME_ID_CHARS} characters"));
    }
    Ok(Request { caller, connection: None, action, route, fields })
}

/// What stands where a frame's id should.
struct MissingFrameId;

/// The id of a frame, if it has one.
fn frame_id(frame: &Map<String, Value>) -> Result<Option<String>, MissingFrameId> {
    match frame.get("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if (1..=MAX_FRAME_ID_CHARS).contains(&id.chars().count()) => Ok(Some(id.clone())),
        Some(_) => Err(MissingFrameId),
    }
}

/// The body as a JSON object; no body is one without fields.
fn body(request: &lambda_http::Request) -> Result<Map<String, Value>, Problem> {
    let bytes: &[u8] = request.body().as_ref();
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Problem::field("body", format!("must be at most {MAX_BODY_BYTES} bytes")));
    }
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::field("body", "must be a JSON object")),
        Err(error) => Err(Problem::field("body", format!("is no JSON: {error}"))),
    }
}

/// The user whom the authorizer named, while their token is good, and until when it is.
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

/// What the authorizer said: its context reaches functions as strings.
pub(crate) fn identity(authorizer: &ApiGatewayRequestAuthorizer) -> Result<(UserId, Timestamp), Problem> {
    let text = |name: &str| authorizer.fields.get(name).and_then(Value::as_str);
    let user = text("userId").and_then(|id| UserId::parse(id).ok());
    let exp = text("exp").and_then(|exp| exp.parse().ok()).map(Timestamp::from_seconds);
    user.zip(exp).ok_or_else(|| Problem::new(Code::Unauthenticated, "The request came without an identity."))
}
