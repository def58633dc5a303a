//! Closes a connection on behalf of the system, and says why in its last frame.

use super::fan_out::{encode_event, within_post_timeout};
use crate::chat_user::Connection;
use crate::event::{ClosingCode, Event};
use crate::ids::ConnectionId;
use crate::ports::{Env, Push, PushError};
use crate::timestamp::Timestamp;
use error_text::error_chain;

/// Posts the last frames of a connection, then closes it. The last frames are `reply`, if there is one, and the event
/// `connection.closing`. Each of the calls has the time limit of a post, and is made also if the one before it failed.
/// A failure is logged.
///
/// It needs no store, so it is not a method of `App`: the function that answers `ping` has none.
pub async fn close_connection<P: Push, E: Env>(
    push: &P,
    env: &E,
    connection: &ConnectionId,
    reply: Option<&str>,
    code: ClosingCode,
) {
    let event = encode_event(&Event::connection_closing(code));
    for frame in reply.into_iter().chain(event.as_deref()) {
        warn_about(within_post_timeout(env, push.post(connection, frame)).await);
    }
    warn_about(within_post_timeout(env, push.close(connection)).await);
}

/// Why a registered connection is closed that is dead or surplus at `now`. API Gateway has already closed one that is
/// dead because of its age.
pub(super) fn closing_code(connection: &Connection, now: Timestamp) -> ClosingCode {
    if connection.is_live(now) { ClosingCode::TooManyConnections } else { ClosingCode::TokenExpired }
}

fn warn_about(result: Result<(), PushError>) {
    match result {
        // The client was faster.
        Ok(()) | Err(PushError::Gone) => {}
        Err(error) => {
            tracing::warn!(error = error_chain(&error), "a connection could not be closed, or not be told why");
        }
    }
}
