//! Why a request failed.

use crate::events::{Closing, ClosingCode};
use crate::problem::{Code, Problem};
use crate::wire::ClientError;
use std::time::Duration;
use tokio_tungstenite::tungstenite::http::StatusCode;

/// Why a request failed. After [`Wire`](Self::Wire), [`NoAnswer`](Self::NoAnswer), [`NotConnected`](Self::NotConnected)
/// and [`Unexpected`](Self::Unexpected) it may have been executed all the same.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused the request.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// API Gateway refused the request before it reached the system, for example because of the token.
    #[error("API Gateway answered {status}: {message}")]
    Gateway {
        /// The HTTP status.
        status: u16,
        /// API Gateway's message; empty if it sent none.
        message: String,
    },
    /// The network failed, or the WebSocket handshake was refused.
    #[error(transparent)]
    Wire(#[from] ClientError),
    /// The system closed the WebSocket connection, and said why.
    #[error("the system closed the connection: {}", .0.detail)]
    Closing(Box<Closing>),
    /// There is no WebSocket connection, or it was lost before the reply.
    #[error("there is no connection")]
    NotConnected,
    /// The time-out passed before an answer came.
    #[error("no answer came in time")]
    NoAnswer,
    /// The answer is not what docs/openapi.yaml or docs/asyncapi.yaml describe.
    #[error("the answer cannot be read: it is not of the expected type")]
    Unexpected(#[source] serde_json::Error),
    /// The token source failed, or its token is no JWT.
    #[error("the token: {0}")]
    Token(String),
    /// The bucket refused the upload or the download of an attachment.
    #[error("the bucket answered {status}: {message}")]
    Bucket {
        /// The HTTP status. 403: the presigned URL has expired, or is for another request.
        status: reqwest::StatusCode,
        /// The bucket's answer, in XML.
        message: String,
    },
    /// The downloaded bytes have another size or SHA-256 than the attachment.
    #[error("the downloaded bytes are not those of the attachment: size or SHA-256 differs")]
    DamagedAttachment,
    /// The message does not fit into a WebSocket frame of 32 KB.
    #[error("the message is too long for a frame of 32 KB")]
    MessageTooLong,
    /// Another message with this clientMessageId waits to be sent.
    #[error("a message with this clientMessageId waits to be sent already")]
    DuplicateMessageId,
    /// [`MAX_OUTBOX_MESSAGES`](crate::outbox::MAX_OUTBOX_MESSAGES) messages wait to be sent.
    #[error("{} messages wait to be sent already", crate::outbox::MAX_OUTBOX_MESSAGES)]
    OutboxFull,
}

impl Error {
    /// The problem that the system answered with; None for every other error.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// How long the server asks to wait before a retry; zero if it gives no time.
    pub(crate) fn retry_after(&self) -> Duration {
        self.problem().and_then(Problem::retry_after).unwrap_or_default()
    }

    /// Why the system closed the connection; None if it did not, or did not say why.
    pub(crate) fn closing_code(&self) -> Option<ClosingCode> {
        match self {
            Self::Closing(closing) => Some(closing.code.clone()),
            // The reply to a request says it first.
            Self::Refused(problem) if problem.code == Code::TokenExpired => Some(ClosingCode::TokenExpired),
            _ => None,
        }
    }

    /// Whether there was no token, or the handshake refused it (401, 403): another token may help.
    pub fn is_token_error(&self) -> bool {
        match self {
            Self::Token(_) => true,
            Self::Wire(ClientError::Refused(status)) => {
                matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            }
            _ => false,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}
