//! `$connect` and `$disconnect`.

use crate::problem::Problem;
use crate::request::identity;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::chat_user::Connection;
use domain::ids::{ConnectionId, UserId};
use domain::timestamp::Timestamp;
use serde_json::{Value, json};

/// The subprotocol of this API. A browser offers a second one, which carries its token.
pub const SUBPROTOCOL: &str = "chat.v1";

/// The event of a connection that opens or has closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketEvent {
    /// The user of the connection.
    pub user: UserId,
    /// The connection that opens or has closed.
    pub connection: Connection,
    /// Whether the client offers [`SUBPROTOCOL`]. The response must name it then.
    pub speaks_subprotocol: bool,
}

/// Parses an event of `$connect` or `$disconnect`.
///
/// # Errors
/// [`Problem`] if the identity or the connection id is missing.
pub fn parse(event: &ApiGatewayWebsocketProxyRequest) -> Result<SocketEvent, Problem> {
    let context = &event.request_context;
    let (user, exp) = identity(&context.authorizer)?;
    let id = context.connection_id.as_deref().unwrap_or_default();
    let id = ConnectionId::parse(id).map_err(|invalid| Problem::field("connectionId", invalid.to_string()))?;
    let offered = event.headers.get_all("sec-websocket-protocol").iter().filter_map(|value| value.to_str().ok());
    let speaks_subprotocol = offered.flat_map(|list| list.split(',')).any(|name| name.trim() == SUBPROTOCOL);
    let connection = Connection { id, connected_at: Timestamp::from_millis(context.connected_at), exp };
    Ok(SocketEvent { user, connection, speaks_subprotocol })
}

/// The response that accepts a connection. The subprotocol must be in `headers`: API Gateway reads it from no other
/// field.
pub fn accept(event: &SocketEvent) -> Value {
    let mut answer = json!({"statusCode": 200});
    if event.speaks_subprotocol {
        answer["headers"] = json!({"Sec-WebSocket-Protocol": SUBPROTOCOL});
    }
    answer
}

/// A response with only a status, which is not 2xx. At `$connect`, it refuses the connection.
pub fn refuse(status: u16) -> Value {
    json!({"statusCode": status})
}

/// The response to `$disconnect`. No client gets it.
pub fn disconnect_ack() -> Value {
    json!({"statusCode": 200})
}
