//! What the terminal says of a connection that is lost.

use client::ConnectionStatus;
use client::events::ClosingCode;

/// Why there is no connection, and what happens next. Empty while the client connects or is connected.
pub(super) fn offline_text(link: &ConnectionStatus) -> String {
    match link {
        ConnectionStatus::Offline { closing: Some(ClosingCode::TooManyConnections), retry_in, .. } => format!(
            "not connected: too many connections of yours. Close one. Next try within {} s",
            retry_in.as_secs() + 1
        ),
        ConnectionStatus::Offline { reason, .. } => format!("not connected: {reason}"),
        ConnectionStatus::Connecting | ConnectionStatus::Online => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn user_with_too_many_connections_is_told_so() {
        let offline = |closing| ConnectionStatus::Offline {
            reason: "the network failed".to_owned(),
            is_token_error: false,
            closing,
            retry_in: Duration::from_millis(42_700),
        };
        let text = offline_text(&offline(Some(ClosingCode::TooManyConnections)));
        assert_eq!(text, "not connected: too many connections of yours. Close one. Next try within 43 s");
        for closing in [None, Some(ClosingCode::TokenExpired)] {
            assert_eq!(offline_text(&offline(closing)), "not connected: the network failed");
        }
    }
}
