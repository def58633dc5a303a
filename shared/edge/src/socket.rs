//! `$connect` and `$disconnect`.

use crate::problem::Problem;
use crate::request::identity;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::chat_user::Connection;
use domain::ids::{ConnectionId, UserId};
use domain::timestamp::Timestamp;
use serde_json::{Value, json};

/// The subprotocol of this API; the other that a browser offers carries its token.
pub const SUBPROTOCOL: &str = "chat.v1";

/// A connection that is being opened or was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketEvent {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub connection: Connection,
    /// Whether the client speaks [`SUBPROTOCOL`], and so must be answered it.
    pub speaks_subprotocol: bool,
}

/// Reads an event of `$connect` or `$disconnect`.
///
/// # Errors
/// [`Problem`] if the authorizer or API Gateway did not say what they always say.
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

/// The answer that lets a connection be opened. In `headers`: API Gateway takes the subprotocol from nowhere else.
pub fn accept(event: &SocketEvent) -> Value {
    let mut answer = json!({"statusCode": 200});
    if event.speaks_subprotocol {
        answer["headers"] = json!({"Sec-WebSocket-Protocol": SUBPROTOCOL});
    }
    answer
}

/// An answer that says nothing but its status, which is not 2xx: at `$connect`, it refuses the connection.
pub fn refuse(status: u16) -> Value {
    json!({"statusCode": status})
}

/// The answer to `$disconnect`, which nobody gets.
pub fn disconnect_ack() -> Value {
    json!({"statusCode": 200})
}
