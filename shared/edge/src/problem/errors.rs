//! Every error of every use case, as the problem that the client is told. No match has a catch-all.

use super::{Code, FieldError, Problem};
use domain::content::{ContentTooLarge, MessageType};
use domain::file::ContentType;
use domain::ids::UserId;
use domain::message::TooLarge;
use domain::ports::{DirectoryError, StoreError};
use domain::use_cases::{
    ChangeGroupError, ChangeMessageError, ClearChatError, ConnectError, CreateAttachmentError, CreateChatError,
    GetAttachmentError, GetChatError, ListMessagesError, MarkSeenError, MuteChatError, ProfileError, SendMessageError,
    SendTypingError,
};
use std::time::Duration;

/// When to try again after "busy": the conflicts of a rush are over within a second or so.
const BUSY: Duration = Duration::from_secs(1);

fn chat_not_found() -> Problem {
    Problem::new(Code::ChatNotFound, "There is no such chat, or you are not in it.")
}

fn message_not_found() -> Problem {
    Problem::new(Code::MessageNotFound, "There is no such message, you cannot see it, or it was deleted.")
}

fn blank() -> Problem {
    Problem::field("content", "must not be blank")
}

fn chat_closed() -> Problem {
    Problem::new(Code::ChatClosed, "The chat is closed: it can be read, not written to.")
}

fn not_an_admin() -> Problem {
    Problem::new(Code::NotAnAdmin, "Only an admin of the chat may do this.")
}

fn not_a_participant() -> Problem {
    Problem::new(Code::NotAParticipant, "The user is not in the chat.")
}

fn stranger_mentioned(user: &UserId) -> Problem {
    Problem::field("mentions", format!("names {user}, who is not in the chat"))
}

fn unknown_users(users: &[UserId]) -> Problem {
    Problem::fields(
        users
            .iter()
            .map(|user| FieldError { field: "participants".to_owned(), reason: format!("there is no user {user}") })
            .collect(),
    )
}

fn busy() -> Problem {
    let detail = "The chat is busy. Send the same request again in a moment.";
    Problem { retry_after: Some(BUSY), ..Problem::new(Code::Unavailable, detail) }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => {
                let detail = "The request could not be served now. It may be sent again.";
                Self { retry_after: Some(BUSY), ..Self::caused(Code::Unavailable, detail, error) }
            }
            StoreError::Refused { .. } | StoreError::Inconsistent { .. } => {
                Self::caused(Code::Internal, "The request could not be served.", error)
            }
        }
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Expired => {
                Self::new(Code::TokenExpired, "The token has expired. Get a new one and connect again.")
            }
            ConnectError::Store(error) => error.into(),
        }
    }
}

impl From<ContentTooLarge> for Problem {
    fn from(error: ContentTooLarge) -> Self {
        Self::limited(Code::ContentTooLarge, "content", error.to_string(), error.limit as u64)
    }
}

impl From<TooLarge> for Problem {
    fn from(error: TooLarge) -> Self {
        Self::limited(Code::ContentTooLarge, "content", error.to_string(), error.limit as u64)
    }
}

impl From<SendMessageError> for Problem {
    fn from(error: SendMessageError) -> Self {
        match error {
            SendMessageError::ChatNotFound => chat_not_found(),
            SendMessageError::ChatClosed => chat_closed(),
            SendMessageError::IdempotencyConflict => Self::new(
                Code::IdempotencyConflict,
                "This clientMessageId was used for a message that says something else.",
            ),
            SendMessageError::ReplyTo => Self::field("replyTo", "names no message that you can see"),
            SendMessageError::Mention(user) => stranger_mentioned(&user),
            SendMessageError::Blank => blank(),
            SendMessageError::TooLarge(error) => error.into(),
            SendMessageError::Kind(MessageType::Text) => {
                Self::field("attachmentId", "goes with the types image, file and audio, not with text")
            }
            SendMessageError::Kind(kind) => {
                Self::field("attachmentId", format!("is required, as type is {}", kind.as_str()))
            }
            SendMessageError::AttachmentNotFound => {
                let detail = "You attachment_created no such attachment, or more than a day ago.";
                Self::new(Code::AttachmentNotFound, detail)
            }
            SendMessageError::AttachmentOfAnotherChat => {
                Self::field("attachmentId", "was attachment_created for another chat")
            }
            SendMessageError::AttachmentOfAnotherKind(kind) => Self::field(
                "type",
                format!("must be {}, as which the attachment was attachment_created", kind.as_str()),
            ),
            SendMessageError::AttachmentSent => Self::new(
                Code::AttachmentSent,
                "A message carries this attachment already. To send the file again, announce it again.",
            ),
            SendMessageError::AttachmentNotUploaded => Self::new(
                Code::AttachmentNotUploaded,
                "The bytes are not there, or not those that were attachment_created. Upload them, then send.",
            ),
            SendMessageError::RateLimited { retry_after } => {
                let detail = "You send too fast into this chat.";
                Self { retry_after: Some(retry_after), ..Self::new(Code::RateLimited, detail) }
            }
            SendMessageError::Busy => busy(),
            SendMessageError::Store(error) => error.into(),
        }
    }
}

impl From<CreateAttachmentError> for Problem {
    fn from(error: CreateAttachmentError) -> Self {
        match error {
            CreateAttachmentError::ChatNotFound => chat_not_found(),
            CreateAttachmentError::ChatClosed => chat_closed(),
            CreateAttachmentError::ContentType { allowed } => {
                // Which are taken may be too long for a reason.
                let allowed: Vec<_> = allowed.iter().map(ContentType::as_str).collect();
                let detail = format!("contentType: must be one of {}", allowed.join(", "));
                Self { detail, ..Self::field("contentType", "is not taken for this type of attachment") }
            }
            CreateAttachmentError::TooLarge { limit } => {
                Self::limited(Code::ContentTooLarge, "sizeBytes", format!("must be at most {limit}"), limit)
            }
            CreateAttachmentError::Store(error) => error.into(),
        }
    }
}

impl From<GetAttachmentError> for Problem {
    fn from(error: GetAttachmentError) -> Self {
        match error {
            GetAttachmentError::ChatNotFound => chat_not_found(),
            GetAttachmentError::MessageNotFound => message_not_found(),
            GetAttachmentError::AttachmentNotFound => {
                Self::new(Code::AttachmentNotFound, "The message carries no attachment.")
            }
            GetAttachmentError::Store(error) => error.into(),
        }
    }
}

impl From<CreateChatError> for Problem {
    fn from(error: CreateChatError) -> Self {
        match error {
            CreateChatError::Participants(reason) => Self::field("participants", reason),
            CreateChatError::TooManyParticipants { limit } => {
                Self::too_many_participants(format!("must name at most {limit} other users"), limit)
            }
            CreateChatError::UnknownUsers(users) => unknown_users(&users),
            CreateChatError::Directory(error) => error.into(),
            CreateChatError::IdempotencyConflict => Self::new(
                Code::IdempotencyConflict,
                "This clientChatId was used for a group that was asked for differently.",
            ),
            CreateChatError::ChatNotFound => chat_not_found(),
            CreateChatError::Busy => busy(),
            CreateChatError::Store(error) => error.into(),
        }
    }
}

impl From<GetChatError> for Problem {
    fn from(error: GetChatError) -> Self {
        match error {
            GetChatError::ChatNotFound => chat_not_found(),
            GetChatError::Store(error) => error.into(),
        }
    }
}

impl From<ListMessagesError> for Problem {
    fn from(error: ListMessagesError) -> Self {
        match error {
            ListMessagesError::ChatNotFound => chat_not_found(),
            ListMessagesError::Store(error) => error.into(),
        }
    }
}

impl From<MarkSeenError> for Problem {
    fn from(error: MarkSeenError) -> Self {
        match error {
            MarkSeenError::ChatNotFound => chat_not_found(),
            MarkSeenError::Busy => busy(),
            MarkSeenError::PastTheEnd { last } => Self::field("seq", format!("is past the last message, {last}")),
            MarkSeenError::Store(error) => error.into(),
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        let detail = "Whether these users exist cannot be looked up now. The request may be sent again.";
        Self { retry_after: Some(BUSY), ..Self::caused(Code::AuthServiceUnavailable, detail, error) }
    }
}

impl From<ChangeGroupError> for Problem {
    fn from(error: ChangeGroupError) -> Self {
        match error {
            ChangeGroupError::ChatNotFound => chat_not_found(),
            ChangeGroupError::NotAGroup => Self::new(
                Code::Conflict,
                "A private chat stays as it is: it can be cleared and muted, not changed or left.",
            ),
            ChangeGroupError::ChatClosed => chat_closed(),
            ChangeGroupError::NotAnAdmin => not_an_admin(),
            ChangeGroupError::NotAParticipant => not_a_participant(),
            ChangeGroupError::LastAdmin => {
                Self::new(Code::Conflict, "The user is the last admin, and a group has one.")
            }
            ChangeGroupError::LastTwo => {
                Self::new(Code::Conflict, "Nobody is removed from a group of two: leave it, or stay.")
            }
            ChangeGroupError::TooManyParticipants { limit } => {
                Self::too_many_participants(format!("would make the group larger than {limit}"), limit)
            }
            ChangeGroupError::UnknownUsers(users) => unknown_users(&users),
            ChangeGroupError::Directory(error) => error.into(),
            ChangeGroupError::Busy => busy(),
            ChangeGroupError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeMessageError> for Problem {
    fn from(error: ChangeMessageError) -> Self {
        match error {
            ChangeMessageError::ChatNotFound => chat_not_found(),
            ChangeMessageError::MessageNotFound => message_not_found(),
            ChangeMessageError::ChatClosed => chat_closed(),
            ChangeMessageError::NotTheSender => Self::new(Code::NotTheSender, "Only its sender can edit a message."),
            ChangeMessageError::NotAnAdmin => {
                Self::new(Code::NotAnAdmin, "Only its sender or an admin can delete a message for everyone.")
            }
            ChangeMessageError::EditWindowOver => {
                Self::new(Code::EditWindowOver, "A message can be edited for 15 minutes.")
            }
            ChangeMessageError::Mention(user) => stranger_mentioned(&user),
            ChangeMessageError::Blank => blank(),
            ChangeMessageError::TooLarge(error) => error.into(),
            ChangeMessageError::TooManyReactions(passed) => {
                let reason = format!("the message has {} {} already", passed.limit, passed.what);
                Self::limited(Code::Conflict, "emojis", reason, passed.limit as u64)
            }
            ChangeMessageError::Busy => busy(),
            ChangeMessageError::Store(error) => error.into(),
        }
    }
}

impl From<ClearChatError> for Problem {
    fn from(error: ClearChatError) -> Self {
        match error {
            ClearChatError::ChatNotFound => chat_not_found(),
            ClearChatError::Busy => busy(),
            ClearChatError::Store(error) => error.into(),
        }
    }
}

impl From<SendTypingError> for Problem {
    fn from(error: SendTypingError) -> Self {
        match error {
            SendTypingError::ChatNotFound => chat_not_found(),
            SendTypingError::ChatClosed => chat_closed(),
            SendTypingError::Store(error) => error.into(),
        }
    }
}

impl From<MuteChatError> for Problem {
    fn from(error: MuteChatError) -> Self {
        match error {
            MuteChatError::ChatNotFound => chat_not_found(),
            MuteChatError::Ended => Self::field("until", "must be in the future"),
            MuteChatError::ReactionLimitExceeded { limit } => {
                let reason = format!("you have muted {limit} chats, which is the most");
                Self::limited(Code::Conflict, "chatId", reason, limit as u64)
            }
            MuteChatError::Busy => busy(),
            MuteChatError::Store(error) => error.into(),
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::NotAParticipant => {
                Self::new(Code::NotAParticipant, "There is no such user, or you share no chat with them.")
            }
            ProfileError::Store(error) => error.into(),
        }
    }
}
