//! Sending a message: stored exactly once, at its place, before it is acknowledged.

use super::error::{ChatError, Refusal};
use super::fan_out::{Audience, PushOutcome};
use super::state::{ChatState, chat_state};
use super::{App, Caller};
use crate::attachment::{Attachment, Upload};
use crate::chat::{Head, MAX_DOCUMENT_BYTES};
use crate::content::{Content, MessageType};
use crate::event::Event;
use crate::ids::{AttachmentId, ChatId, ClientMessageId, Rev, SendId, Seq, UserId};
use crate::member::Member;
use crate::message::{Body, LiveBody, Message, MessageView, TooLarge, body_hash};
use crate::meter;
use crate::meter::{NotificationReport, PushReport};
use crate::ports::{
    CheckUploads, CommitMessages, CommitOutcome, Env, MessageCommit, Notify, PreviousSend, Push, ReadChats,
    ReadMessages, ReadUploads, Registry, SendRecord, StoreError, StoredObject, UserStore,
};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use futures_util::future::{join, try_join};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a named send is remembered.
const SEND_ID_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Sends a message.
#[derive(Debug, Clone)]
pub struct SendMessage {
    /// Who sends.
    pub caller: Caller,
    /// Into which chat.
    pub chat: ChatId,
    /// What kind of message.
    pub kind: MessageType,
    /// What it says; of an attachment the caption, which may be empty.
    pub content: Content,
    /// The upload that it carries: of every kind but text.
    pub attachment: Option<AttachmentId>,
    /// The message that it replies to.
    pub reply_to: Option<Seq>,
    /// Participants whom it mentions.
    pub mentions: BTreeSet<UserId>,
    /// The client's name for it. Sending the same again under the same name changes nothing.
    pub client_message_id: Option<ClientMessageId>,
}

/// A message that is stored.
#[derive(Debug)]
pub struct SendOutcome {
    /// As its sender is shown it.
    pub message: MessageView,
    /// Whether it was there before this call.
    pub repeated: bool,
    /// What became of the pushes.
    pub pushed: PushReport,
    /// What became of the notifications of those whom no push reached.
    pub notified: NotificationReport,
    /// How often other transactions were in the way.
    pub retries: u32,
}

/// A message that is stored, now or before, and who is told.
struct CommittedSend {
    message: Message,
    /// As its sender is shown it.
    view: MessageView,
    /// As everyone who can see it is shown it.
    event: MessageView,
    repeated: bool,
    /// Everyone who can see it.
    readers: BTreeSet<UserId>,
    audience: Audience,
}

/// Why a message is not stored.
#[derive(Debug, thiserror::Error)]
pub enum SendMessageError {
    /// The chat takes no more messages.
    #[error("chat closed")]
    ChatClosed,
    /// The client's name for the message was used for one that says something else.
    #[error("the client message id was used for another message")]
    IdempotencyConflict,
    /// The sender cannot see the message that it replies to.
    #[error("replies to a message that is not visible")]
    ReplyTo,
    /// Somebody is mentioned who is not in the chat.
    #[error("mentions somebody else")]
    Mention(UserId),
    /// A text without anything to read.
    #[error("blank")]
    Blank,
    /// The text and those it mentions do not fit a frame together.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The kind asks for an attachment, and none is named; or the other way round.
    #[error("an attachment and its kind belong together")]
    Kind(MessageType),
    /// There is no such upload, its time is over, or it is somebody else's: which of them is not told.
    #[error("attachment not found")]
    AttachmentNotFound,
    /// The upload was made for another chat.
    #[error("an attachment for another chat")]
    AttachmentOfAnotherChat,
    /// The upload is of another kind.
    #[error("an attachment of another kind")]
    AttachmentOfAnotherKind(MessageType),
    /// A message carries it already.
    #[error("the attachment was sent")]
    AttachmentSent,
    /// Nothing was uploaded, or something else than was declared.
    #[error("the attachment was not uploaded")]
    AttachmentNotUploaded,
    /// The sender is too fast.
    #[error("rate limited")]
    RateLimited {
        /// When there is room for one message.
        retry_after: Duration,
    },
}

impl Refusal for SendMessageError {}

impl<S, P, E> App<S, P, E>
where
    S: ReadChats + ReadMessages + ReadUploads + CommitMessages + Registry + UserStore,
    P: Push + Notify,
    E: Env,
{
    /// Commits a message and pushes it, and notifies those whom no push reached. Whom to push to is looked up beside the
    /// commit.
    ///
    /// # Errors
    /// [`ChatError`], and [`SendMessageError`]; then nothing is stored, unless the store failed to answer: a repeat under the same
    /// client message id finds out.
    pub async fn send_message(
        &self,
        bucket: &impl CheckUploads,
        command: SendMessage,
    ) -> Result<SendOutcome, ChatError<SendMessageError>> {
        if (command.kind == MessageType::Text) != command.attachment.is_none() {
            return Err(SendMessageError::Kind(command.kind).into());
        }
        if command.content.is_empty() && command.attachment.is_none() {
            return Err(SendMessageError::Blank.into());
        }
        LiveBody::fits(&command.content, &command.mentions, command.attachment.is_some())
            .map_err(SendMessageError::TooLarge)?;
        let sender = &command.caller.user;
        let mut retry = Retry::new(&self.env);
        let mut kept = false;
        let sent = loop {
            // Nothing is at place 0, which is the head's.
            let place = command.reply_to.filter(|seq| *seq > Seq(0));
            let state = chat_state(&self.store, &mut retry, &command.chat, sender, place);
            let (state, upload) = try_join(state, self.named_upload(&command)).await?;
            let state = state.ok_or(ChatError::NotFound)?;
            let mut commit = self.plan_commit(&command, &state, upload.as_ref());
            if let (Ok(_), Some(upload), false) = (&commit, &upload, kept) {
                kept = confirm_upload(bucket, &upload.attachment).await?;
                if !kept {
                    commit = Err(SendMessageError::AttachmentNotUploaded);
                }
            }
            let readers = state.chat.participants;
            let participants: Vec<UserId> = readers.iter().cloned().collect();
            let commit = match commit {
                Ok(commit) => commit,
                Err(refusal) => break self.repeat_or(refusal, &command, &participants).await?,
            };
            let (outcome, audience) = join(self.store.commit_message(&commit), self.load_audience(&participants)).await;
            match outcome? {
                CommitOutcome::Committed => {
                    meter::message_committed();
                    let view = MessageView::new(&commit.message, &[]);
                    let (message, event) = (commit.message, view.clone());
                    break CommittedSend { message, view, event, repeated: false, readers, audience };
                }
                CommitOutcome::Repeated(earlier) => break self.repeat(&command, earlier, audience).await?,
                CommitOutcome::NotAMember => return Err(ChatError::NotFound),
                CommitOutcome::Conflict if retry.again().await => {}
                CommitOutcome::Conflict => return Err(ChatError::Busy),
            }
        };
        let CommittedSend { message, view, event, repeated, readers, audience } = sent;
        // A repeat is pushed and notified of again: its first try may have died before it could.
        let event = Event::message_created(event);
        let PushOutcome { report: pushed, reached } =
            self.push_event(&audience, command.caller.connection.as_ref(), &event).await;
        let away = readers.into_iter().filter(|user| user != sender && !reached.contains(user)).collect();
        let notified = self.notify(&message, &away).await;
        Ok(SendOutcome { message: view, repeated, pushed, notified, retries: retry.count() })
    }

    /// The message that an earlier send of this name made, and who of the audience may see it now.
    async fn repeat(
        &self,
        command: &SendMessage,
        earlier: PreviousSend,
        mut audience: Audience,
    ) -> Result<CommittedSend, ChatError<SendMessageError>> {
        if earlier.body_hash != hash_of(command) {
            return Err(SendMessageError::IdempotencyConflict.into());
        }
        let found = self.store.message(&command.chat, earlier.seq).await?;
        let message = found.ok_or_else(|| missing(&command.chat, earlier.seq))?;
        let members = self.store.members(&command.chat).await?;
        // Those who joined or cleared since are not shown it, nor those who deleted it for themselves.
        let sees = |member: &Member| message.is_visible_to(&member.user, member.floor());
        let readers: BTreeSet<UserId> =
            members.iter().filter(|member| sees(member)).map(|member| member.user.clone()).collect();
        audience.retain(|user| readers.contains(user));
        // Nor is the sender, whose own send it was, if they left and came back, or cleared or deleted it.
        let sender = &command.caller.user;
        let floor = members.iter().find(|member| &member.user == sender).map(Member::floor);
        let mut view = MessageView::of(&message, &members, sender, floor.unwrap_or_default());
        view.limit(MAX_DOCUMENT_BYTES);
        let mut event = MessageView::new(&message, &members);
        event.limit(MAX_DOCUMENT_BYTES);
        Ok(CommittedSend { message, view, event, repeated: true, readers, audience })
    }

    /// A message that would be refused now may have been stored before: then its repeat is answered all the same.
    async fn repeat_or(
        &self,
        refusal: SendMessageError,
        command: &SendMessage,
        participants: &[UserId],
    ) -> Result<CommittedSend, ChatError<SendMessageError>> {
        let Some(name) = &command.client_message_id else { return Err(refusal.into()) };
        let id = SendId::new(&command.chat, &command.caller.user, name);
        let earlier = self.store.earlier_send(&id, self.env.now()).await?.ok_or(refusal)?;
        self.repeat(command, earlier, self.load_audience(participants).await).await
    }

    /// The upload that is named, if one is and its sender may send it.
    async fn named_upload(&self, command: &SendMessage) -> Result<Option<Upload>, StoreError> {
        let Some(id) = &command.attachment else { return Ok(None) };
        let found = self.store.upload(id, self.env.now()).await?;
        Ok(found.filter(|upload| upload.owner == command.caller.user))
    }

    fn plan_commit(
        &self,
        command: &SendMessage,
        state: &ChatState,
        upload: Option<&Upload>,
    ) -> Result<MessageCommit, SendMessageError> {
        if state.chat.closed_at.is_some() {
            return Err(SendMessageError::ChatClosed);
        }
        let sender = &command.caller.user;
        let sees = |message: &Message| message.is_visible_to(sender, state.member.floor());
        if command.reply_to.is_some() && !state.message.as_ref().is_some_and(sees) {
            return Err(SendMessageError::ReplyTo);
        }
        if let Some(stranger) = command.mentions.difference(&state.chat.participants).next() {
            return Err(SendMessageError::Mention(stranger.clone()));
        }
        if command.attachment.is_some() {
            let upload = upload.ok_or(SendMessageError::AttachmentNotFound)?;
            let kind = upload.attachment.media.kind();
            if upload.chat != command.chat {
                return Err(SendMessageError::AttachmentOfAnotherChat);
            } else if kind != command.kind {
                return Err(SendMessageError::AttachmentOfAnotherKind(kind));
            } else if upload.sent_as.is_some() {
                return Err(SendMessageError::AttachmentSent);
            }
        }
        let now = self.env.now();
        let budget_after = self
            .settings
            .sending
            .take(state.member.budget, now)
            .map_err(|retry_after| SendMessageError::RateLimited { retry_after })?;
        // The clocks of two functions may differ: a log whose times went backwards would read as out of order.
        let created_at = state.head.last_message_at.map_or(now, |last| last.max(now));
        Ok(MessageCommit {
            message: Message {
                chat: command.chat.clone(),
                seq: state.head.last_seq.next(),
                sender: command.caller.user.clone(),
                kind: command.kind,
                created_at,
                client_message_id: command.client_message_id.clone(),
                deleted_for: BTreeSet::new(),
                rev: Rev(0),
                public_rev: Rev(0),
                body: Body::Live(LiveBody {
                    attachment: upload.map(|upload| upload.attachment.clone()),
                    reply_to: command.reply_to,
                    mentions: command.mentions.clone(),
                    ..LiveBody::new(command.content.clone())
                }),
            },
            // The transaction is conditioned on the members that were read, so that who is pushed to are those
            // who were in the chat when it was committed.
            head: Head { members_rev: state.chat.members_rev, ..state.head },
            budget_before: state.member.budget,
            budget_after,
            send: command.client_message_id.as_ref().map(|id| record(command, id, now)),
            upload: upload.map(|upload| (upload.attachment.id.clone(), now.plus(SEND_ID_TTL))),
        })
    }
}

fn record(command: &SendMessage, id: &ClientMessageId, now: Timestamp) -> SendRecord {
    SendRecord {
        id: SendId::new(&command.chat, &command.caller.user, id),
        body_hash: hash_of(command),
        expires_at: now.plus(SEND_ID_TTL),
    }
}

fn hash_of(SendMessage { kind, content, attachment, reply_to, mentions, .. }: &SendMessage) -> String {
    body_hash(*kind, content, attachment.as_ref(), *reply_to, mentions)
}

fn missing(chat: &ChatId, seq: Seq) -> StoreError {
    StoreError::Inconsistent {
        table: "Messages",
        key: format!("{chat}:{seq}"),
        attribute: "the item is missing, but its send is remembered".to_owned(),
    }
}

/// Makes sure that an upload is there, as it was declared, and that it stays; false if it is not there. If the commit
/// fails afterwards, the object stays without a message, which is better than a message without its object.
async fn confirm_upload(bucket: &impl CheckUploads, declared: &Attachment) -> Result<bool, StoreError> {
    let found = bucket.uploaded(&declared.id).await?;
    let is_as_declared =
        |it: &StoredObject| it.size_bytes == declared.size_bytes && it.sha256.as_ref() == Some(&declared.sha256);
    Ok(found.as_ref().is_some_and(is_as_declared) && bucket.keep(&declared.id).await?)
}
