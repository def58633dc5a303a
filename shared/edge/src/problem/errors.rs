//! Maps every error of every use case to a problem. No match has a catch-all.

use super::{Code, FieldError, Problem};
use domain::budget::RateLimited;
use domain::chat_user::{CONNECT_GRACE, MAX_CONNECTIONS};
use domain::content::{ContentTooLarge, MessageType};
use domain::custom::InvalidCustom;
use domain::file::ContentType;
use domain::ids::UserId;
use domain::member_settings::ListFull;
use domain::message::TooLarge;
use domain::ports::{DirectoryError, StoreError};
use domain::use_cases::{
    BlockUserError, ChangeGroupError, ChangeMessageError, ChatError, ClearChatError, ConnectError,
    CreateAttachmentError, CreateChatError, GetAttachmentError, MarkSeenError, ProfileError, SendMessageError,
    SendTypingError, UpdateMemberError, UploadError,
};
use std::convert::Infallible;
use std::time::Duration;

/// `retryAfterMs` of a busy chat. Conflicts of many writes at once are usually over within a second.
const BUSY: Duration = Duration::from_secs(1);

fn message_not_found() -> Problem {
    Problem::new(Code::MessageNotFound, "The message does not exist, was deleted, or is hidden from you.")
}

fn blank() -> Problem {
    Problem::field("content", "must not be blank")
}

fn chat_closed() -> Problem {
    Problem::new(Code::ChatClosed, "The chat is closed. It can be read, but not changed.")
}

/// The same for both sides, so that it does not say who blocks.
fn blocked() -> Problem {
    Problem::new(Code::Blocked, "One of you blocks the other one. The chat can be read, but nobody can write to it.")
}

/// Names nobody: the caller does not learn who of several users it is, or why.
fn cannot_be_added() -> Problem {
    Problem::new(Code::CannotBeAdded, "You cannot add at least one of these users. Nobody was added.")
}

fn not_an_admin() -> Problem {
    Problem::new(Code::NotAnAdmin, "Only an admin of the group can do this.")
}

fn not_a_participant() -> Problem {
    Problem::new(Code::NotAParticipant, "The user is not in the chat.")
}

/// `limit` is the size of the budget, in what the request takes from it.
fn rate_limited(RateLimited { retry_after, limit }: RateLimited, detail: &str) -> Problem {
    Problem { retry_after: Some(retry_after), limit: Some(limit), ..Problem::new(Code::RateLimited, detail) }
}

fn changing_too_fast(limited: RateLimited) -> Problem {
    rate_limited(limited, "You are changing this chat too fast. Wait, then send the request again.")
}

fn changing_yourself_too_fast(limited: RateLimited) -> Problem {
    rate_limited(
        limited,
        "You are changing your profile and your settings of chats too fast. Wait, then send the request again.",
    )
}

fn adding_too_fast(limited: RateLimited) -> Problem {
    rate_limited(limited, "You are adding people to chats too fast. Wait, then send the request again.")
}

fn in_too_many_chats(users: &[UserId], limit: u32) -> Problem {
    let reason = |user| format!("user {user} is in too many chats to be added");
    let errors = users.iter().map(|user| FieldError { field: "participants".to_owned(), reason: reason(user) });
    let Problem { detail, errors, .. } = Problem::fields(errors.collect());
    Problem { errors, limit: Some(limit.into()), ..Problem::new(Code::Conflict, detail) }
}

/// `field` has the id of the upload.
fn upload_refused(error: UploadError, field: &str) -> Problem {
    match error {
        UploadError::NotFound => {
            let detail = "You declared no attachment with this id in the last 24 hours.";
            Problem::new(Code::AttachmentNotFound, detail)
        }
        UploadError::OfAnotherChat => Problem::field(field, "was declared for another chat"),
        UploadError::OfAnotherKind(kind) => {
            Problem::field(field, format!("must be an image, but was declared with type {}", kind.as_str()))
        }
        UploadError::Sent => Problem::new(
            Code::AttachmentSent,
            "A message or a group has this attachment already. To use the file again, declare it again.",
        ),
        UploadError::NotUploaded => Problem::new(
            Code::AttachmentNotUploaded,
            "The upload is missing, or its size or SHA-256 differs from the declaration. Upload the file, then try again.",
        ),
    }
}

fn stranger_mentioned(user: &UserId) -> Problem {
    Problem::field("mentions", format!("{user} is not in the chat"))
}

fn unknown_users(users: &[UserId]) -> Problem {
    Problem::fields(
        users
            .iter()
            .map(|user| FieldError { field: "participants".to_owned(), reason: format!("user {user} does not exist") })
            .collect(),
    )
}

impl<R: Into<Problem>> From<ChatError<R>> for Problem {
    fn from(error: ChatError<R>) -> Self {
        match error {
            ChatError::NotFound => Self::new(Code::ChatNotFound, "The chat does not exist, or you are not in it."),
            ChatError::Busy => {
                let detail = "Other requests are changing the same data. Send the same request again in a moment.";
                Self { retry_after: Some(BUSY), ..Self::new(Code::Unavailable, detail) }
            }
            ChatError::Store(error) => error.into(),
            ChatError::Refused(refusal) => refusal.into(),
        }
    }
}

/// For use cases that have no errors of their own.
impl From<Infallible> for Problem {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => {
                let detail = "The request could not be served now. Send it again in a moment.";
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
                Self::new(Code::TokenExpired, "The token has expired. Get a new token and connect again.")
            }
            ConnectError::TooManyConnections => {
                let detail = "You have too many connections, and all of them are new. Connect again in a moment.";
                let limit = Some(MAX_CONNECTIONS as u64);
                Self { limit, retry_after: Some(CONNECT_GRACE), ..Self::new(Code::RateLimited, detail) }
            }
            ConnectError::Busy => ChatError::<Infallible>::Busy.into(),
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
        let field = if error.is_custom { "custom" } else { "content" };
        Self::limited(Code::ContentTooLarge, field, error.to_string(), error.limit as u64)
    }
}

impl From<InvalidCustom> for Problem {
    fn from(error: InvalidCustom) -> Self {
        match error {
            InvalidCustom::TooLarge { limit } => {
                Self::limited(Code::ContentTooLarge, "custom", error.to_string(), limit as u64)
            }
            InvalidCustom::NotAnObject | InvalidCustom::TooDeep | InvalidCustom::Number => {
                Self::field("custom", error.to_string())
            }
        }
    }
}

impl From<SendMessageError> for Problem {
    fn from(error: SendMessageError) -> Self {
        match error {
            SendMessageError::ChatClosed => chat_closed(),
            SendMessageError::Blocked => blocked(),
            SendMessageError::IdempotencyConflict => {
                Self::new(Code::IdempotencyConflict, "This clientMessageId was used for a different message.")
            }
            SendMessageError::InvalidReplyTo => Self::field("replyTo", "must be the seq of a message that you can see"),
            SendMessageError::UnknownMention(user) => stranger_mentioned(&user),
            SendMessageError::Blank => blank(),
            SendMessageError::TooLarge(error) => error.into(),
            SendMessageError::Kind(MessageType::Text) => {
                Self::field("attachmentId", "is allowed with the types image, file and audio, not with text")
            }
            SendMessageError::Kind(kind) => {
                Self::field("attachmentId", format!("is required with type {}", kind.as_str()))
            }
            SendMessageError::Upload(UploadError::OfAnotherKind(kind)) => Self::field(
                "type",
                format!("must be {}, the type with which the attachment was declared", kind.as_str()),
            ),
            SendMessageError::Upload(error) => upload_refused(error, "attachmentId"),
            SendMessageError::RateLimited(limited) => {
                rate_limited(limited, "You are sending too fast in this chat. Wait, then send again.")
            }
        }
    }
}

impl From<CreateAttachmentError> for Problem {
    fn from(error: CreateAttachmentError) -> Self {
        match error {
            CreateAttachmentError::ChatClosed => chat_closed(),
            CreateAttachmentError::Blocked => blocked(),
            CreateAttachmentError::ContentType { allowed } => {
                // The list of allowed types may be too long for a reason, so it goes into the detail.
                let allowed: Vec<_> = allowed.iter().map(ContentType::as_str).collect();
                let detail = format!("contentType: must be one of {}", allowed.join(", "));
                Self { detail, ..Self::field("contentType", "is not allowed for this type of attachment") }
            }
            CreateAttachmentError::DeclaringTooFast(limited) => {
                rate_limited(limited, "You are declaring too many bytes. Wait, then declare the attachment again.")
            }
            CreateAttachmentError::TooLarge { limit } => {
                Self::limited(Code::ContentTooLarge, "sizeBytes", format!("must be at most {limit}"), limit)
            }
        }
    }
}

impl From<GetAttachmentError> for Problem {
    fn from(error: GetAttachmentError) -> Self {
        match error {
            GetAttachmentError::MessageNotFound => message_not_found(),
            GetAttachmentError::AttachmentNotFound => {
                Self::new(Code::AttachmentNotFound, "The message has no attachment.")
            }
            GetAttachmentError::AvatarNotFound => Self::new(Code::AttachmentNotFound, "The chat has no avatar."),
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
            CreateChatError::UsersInTooManyChats { users, limit } => in_too_many_chats(&users, limit),
            CreateChatError::Blocked => {
                Self::new(Code::Blocked, "The user blocks you, so you cannot begin a private chat with them.")
            }
            CreateChatError::BlockedByYou => {
                Self::new(Code::BlockedByYou, "You block the user. End the block to begin a private chat with them.")
            }
            CreateChatError::CannotBeAdded => cannot_be_added(),
            CreateChatError::TooManyOpenChats { limit } => {
                let reason = format!("you have made {limit} chats that are not closed, the maximum");
                Self::limited(Code::Conflict, "body", reason, limit)
            }
            CreateChatError::CreatingTooFast(limited) => {
                rate_limited(limited, "You are making chats too fast. Wait, then send the request again.")
            }
            CreateChatError::AddingTooFast(limited) => adding_too_fast(limited),
            CreateChatError::Directory(error) => error.into(),
            CreateChatError::IdempotencyConflict => {
                Self::new(Code::IdempotencyConflict, "This clientChatId was used for a group with other fields.")
            }
        }
    }
}

impl From<MarkSeenError> for Problem {
    fn from(error: MarkSeenError) -> Self {
        match error {
            MarkSeenError::SeqTooHigh { last } => {
                Self::field("seq", format!("must be at most {last}, the seq of the last message"))
            }
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        let detail = "The users could not be looked up now. Send the request again in a moment.";
        Self { retry_after: Some(BUSY), ..Self::caused(Code::AuthServiceUnavailable, detail, error) }
    }
}

impl From<ChangeGroupError> for Problem {
    fn from(error: ChangeGroupError) -> Self {
        match error {
            ChangeGroupError::NotAGroup => Self::new(
                Code::Conflict,
                "This is a private chat. It can be cleared and muted, but not changed or left.",
            ),
            ChangeGroupError::ChatClosed => chat_closed(),
            ChangeGroupError::NotAnAdmin => not_an_admin(),
            ChangeGroupError::NotAParticipant => not_a_participant(),
            ChangeGroupError::LastAdmin => {
                Self::new(Code::Conflict, "The user is the last admin. Make somebody else an admin first.")
            }
            ChangeGroupError::LastTwo => {
                Self::new(Code::Conflict, "The group has two participants, so nobody can be removed. You can leave it.")
            }
            ChangeGroupError::TooManyParticipants { limit } => {
                Self::too_many_participants(format!("the group would have more than {limit} participants"), limit)
            }
            ChangeGroupError::UnknownUsers(users) => unknown_users(&users),
            ChangeGroupError::UsersInTooManyChats { users, limit } => in_too_many_chats(&users, limit),
            ChangeGroupError::CannotBeAdded => cannot_be_added(),
            ChangeGroupError::RateLimited(limited) => changing_too_fast(limited),
            ChangeGroupError::AddingTooFast(limited) => adding_too_fast(limited),
            ChangeGroupError::Avatar(error) => upload_refused(error, "avatar"),
            ChangeGroupError::Directory(error) => error.into(),
        }
    }
}

impl From<ChangeMessageError> for Problem {
    fn from(error: ChangeMessageError) -> Self {
        match error {
            ChangeMessageError::MessageNotFound => message_not_found(),
            ChangeMessageError::ChatClosed => chat_closed(),
            ChangeMessageError::Blocked => blocked(),
            ChangeMessageError::NotTheSender => Self::new(Code::NotTheSender, "Only the sender can edit a message."),
            ChangeMessageError::NotAnAdmin => {
                Self::new(Code::NotAnAdmin, "Only the sender or an admin can delete a message for everyone.")
            }
            ChangeMessageError::EditWindowOver => {
                Self::new(Code::EditWindowOver, "A message can be edited for 15 minutes after it was sent.")
            }
            ChangeMessageError::UnknownMention(user) => stranger_mentioned(&user),
            ChangeMessageError::Blank => blank(),
            ChangeMessageError::TooLarge(error) => error.into(),
            ChangeMessageError::RateLimited(limited) => changing_too_fast(limited),
            ChangeMessageError::TooManyUnreadDeletions => Self::new(
                Code::Conflict,
                "You have deleted too many messages of this chat that you have not read. Mark it as seen, or clear it.",
            ),
            ChangeMessageError::TooManyReactions(passed) => {
                let reason = format!("the message already has {} {}", passed.limit, passed.what);
                Self::limited(Code::Conflict, "emojis", reason, passed.limit as u64)
            }
        }
    }
}

impl From<ClearChatError> for Problem {
    fn from(ClearChatError(limited): ClearChatError) -> Self {
        changing_too_fast(limited)
    }
}

impl From<SendTypingError> for Problem {
    fn from(error: SendTypingError) -> Self {
        match error {
            SendTypingError::ChatClosed => chat_closed(),
            SendTypingError::Blocked => blocked(),
        }
    }
}

impl From<UpdateMemberError> for Problem {
    fn from(error: UpdateMemberError) -> Self {
        match error {
            // The edge has checked it, so the time has passed since.
            UpdateMemberError::EndInPast => Self::field("muteUntil", error.to_string()),
            UpdateMemberError::RateLimited(limited) => changing_yourself_too_fast(limited),
            UpdateMemberError::ListFull(full) => {
                let what = match full {
                    ListFull::Muted => "muted",
                    ListFull::Pinned => "pinned",
                };
                let reason = format!("you have {what} {} chats, the maximum", full.limit());
                Self::limited(Code::Conflict, "chatId", reason, full.limit() as u64)
            }
        }
    }
}

impl From<BlockUserError> for Problem {
    fn from(error: BlockUserError) -> Self {
        match error {
            BlockUserError::Yourself => Self::field("userId", "must be another user: nobody blocks themselves"),
            BlockUserError::RateLimited(limited) => {
                rate_limited(limited, "You are changing your blocks too fast. Wait, then send the request again.")
            }
            BlockUserError::TooMany { limit } => {
                Self::limited(Code::Conflict, "userId", format!("you block {limit} users, the maximum"), limit)
            }
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::NotAParticipant => {
                Self::new(Code::NotAParticipant, "The user does not exist, or you share no chat with them.")
            }
            ProfileError::RateLimited(limited) => changing_yourself_too_fast(limited),
            ProfileError::Busy => ChatError::<Infallible>::Busy.into(),
            ProfileError::Store(error) => error.into(),
        }
    }
}
