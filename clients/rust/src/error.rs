//! What goes wrong between a client and the system.

use crate::problem::Problem;
use crate::wire::ClientError;
use tokio_tungstenite::tungstenite::http::StatusCode;

/// Why something was not done, or is not known to have been done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused it.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// API Gateway answered in the place of the system.
    #[error("API Gateway answered {status}: {message}")]
    Gateway {
        /// The status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// The conversation broke off.
    #[error(transparent)]
    Wire(#[from] ClientError),
    /// There is no connection now.
    #[error("there is no connection")]
    NotConnected,
    /// No answer came in time.
    #[error("no answer came")]
    NoAnswer,
    /// What came is not what docs/openapi.yaml or docs/asyncapi.yaml say.
    #[error("the answer is none that this client knows")]
    Unexpected(#[source] serde_json::Error),
    /// There is no token, or it is none.
    #[error("the token: {0}")]
    Token(String),
    /// The bucket refused an attachment's bytes, or to give them.
    #[error("the bucket answered {status}: {message}")]
    Bucket {
        /// The status: 403 for a signature whose time is over, or that is for something else.
        status: reqwest::StatusCode,
        /// What it says, in XML.
        message: String,
    },
    /// The bytes are not those that were announced.
    #[error("the bytes are not those that were announced")]
    Damaged,
    /// A message is too long for a frame.
    #[error("the message is too long")]
    TooLong,
    /// Another message waits under this name.
    #[error("a message of this clientMessageId waits to be sent already")]
    NameInUse,
    /// Too many messages wait to be sent.
    #[error("{} messages wait to be sent already", crate::outbox::MAX_OUTBOX_MESSAGES)]
    OutboxFull,
}

impl Error {
    /// What the system refused with, if it did.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// The token was not accepted: another may be.
    pub fn is_of_token(&self) -> bool {
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
