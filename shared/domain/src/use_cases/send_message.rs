//! Sends a message. The message is stored exactly once, under its seq, before the sender gets the reply.

use super::error::{ChatError, Refusal};
use super::fan_out::{Audience, PushOutcome};
use super::state::{ChatReader, ChatState};
use super::turn::{NextTry, Turn, in_turn};
use super::uploads::{UploadError, check_upload, confirm_upload};
use super::{App, Caller};
use crate::attachment::{SENT_UPLOAD_TTL, Upload};
use crate::budget::{Budget, RateLimited};
use crate::chat::{Head, MAX_DOCUMENT_BYTES};
use crate::content::{Content, MessageType};
use crate::custom::Custom;
use crate::event::Event;
use crate::ids::{AttachmentId, ChatId, ClientMessageId, Rev, SendId, Seq, UserId};
use crate::member::Member;
use crate::message::{Body, LiveBody, Message, MessageView, TooLarge, body_hash};
use crate::meter;
use crate::meter::{NotificationReport, PushReport};
use crate::ports::{
    CheckUploads, CommitMessages, CommitOutcome, Env, MessageCommit, Notify, PreviousSend, Push, ReadChats,
    ReadDeletions, ReadFormerMembers, ReadMessages, ReadUploads, ReadingOrder, Registry, SendRecord, StoreError,
    UserStore,
};
use crate::readers::Readers;
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use error_text::error_chain;
use futures_util::future::{Either, join, ready, try_join};
use std::collections::BTreeSet;
use std::time::Duration;

/// A repeat later than this after its send is not pushed again: by then, whoever missed the push has synced.
const REPEAT_PUSH_WINDOW: Duration = Duration::from_secs(60);
/// A later try of the same send uses connections that were looked up at most this long ago. Whoever connects later may
/// have synced before the commit, and so needs the push.
const MAX_AUDIENCE_AGE: Duration = Duration::from_millis(50);
/// A commit that ends later than this after the lookup of the connections needs a new lookup, for the same reason. It is
/// longer than a commit usually takes, because a lookup costs 0.5 RRU per participant; and about as long as a client
/// needs to connect and to sync.
const MAX_AUDIENCE_AGE_AT_COMMIT: Duration = Duration::from_millis(250);
/// How long a send record is kept: within this time, a send with the same client message id is a repeat.
const SEND_ID_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The request to send a message.
#[derive(Debug, Clone)]
pub struct SendMessage {
    /// The sender.
    pub caller: Caller,
    /// The chat to send to.
    pub chat: ChatId,
    /// The type; every type except text has an attachment.
    pub kind: MessageType,
    /// The text. With an attachment it is the caption, which may be empty.
    pub content: Content,
    /// The upload to attach; None exactly for a text.
    pub attachment: Option<AttachmentId>,
    /// The seq of the message that this one replies to.
    pub reply_to: Option<Seq>,
    /// The mentioned participants.
    pub mentions: BTreeSet<UserId>,
    /// What the sender's application attaches.
    pub custom: Option<Custom>,
    /// The idempotency key: a repeat with the same id and the same body stores nothing.
    pub client_message_id: Option<ClientMessageId>,
}

/// The stored message, and how the pushes and notifications ended.
#[derive(Debug)]
pub struct SendOutcome {
    /// The message as the sender sees it.
    pub message: MessageView,
    /// Whether an earlier send stored it.
    pub repeated: bool,
    /// The results of the posts.
    pub pushed: PushReport,
    /// The results of the notifications to participants whom no push reached.
    pub notified: NotificationReport,
    /// The number of retries after conflicts with other transactions.
    pub retries: u32,
}

/// A send that turned out to be a repeat.
struct Repeat {
    id: SendId,
    earlier: PreviousSend,
    /// The sender's budget.
    budget: Option<Budget>,
    /// The connections of the participants, if they were looked up already.
    audience: Option<Audience>,
}

/// How the tries of a send ended.
enum SendEnd {
    /// The message is stored.
    Committed(Box<CommittedSend>),
    /// An earlier send stored the message.
    Repeated(Repeat),
}

/// The connections of a chat's participants, and when they were looked up.
struct RecentAudience {
    audience: Audience,
    /// Which participants they are.
    members_rev: Rev,
    at: Timestamp,
}

/// A message that this send or an earlier one stored, and the recipients of its event.
struct CommittedSend {
    message: Message,
    /// The message as the sender sees it.
    view: MessageView,
    /// The message as every reader sees it.
    event: MessageView,
    repeated: bool,
    /// The users who can see the message; empty if it is not pushed again.
    readers: BTreeSet<UserId>,
    audience: Audience,
}

/// Why a message is refused.
#[derive(Debug, thiserror::Error)]
pub enum SendMessageError {
    /// The chat is closed: it takes no more messages.
    #[error("chat closed")]
    ChatClosed,
    /// One of the two participants of the private chat blocks the other one.
    #[error("blocked")]
    Blocked,
    /// An earlier send with the same client message id had another body.
    #[error("the client message id was used for another message")]
    IdempotencyConflict,
    /// The message that `reply_to` names does not exist, or the sender cannot see it.
    #[error("replies to a message that is not visible")]
    InvalidReplyTo,
    /// This mentioned user is not in the chat.
    #[error("mentions a user who is not in the chat")]
    UnknownMention(UserId),
    /// The text is blank, and there is no attachment.
    #[error("the text is blank")]
    Blank,
    /// The text, the mentions and the custom data together do not fit in a frame.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A text has an attachment, or a message of this other type has none.
    #[error("the message type and the attachment do not match")]
    Kind(MessageType),
    /// The upload cannot be attached.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The sender sends too fast.
    #[error(transparent)]
    RateLimited(RateLimited),
}

impl Refusal for SendMessageError {}

impl<S, P, E> App<S, P, E>
where
    S: ReadChats
        + ReadDeletions
        + ReadFormerMembers
        + ReadMessages
        + ReadUploads
        + CommitMessages
        + Registry
        + UserStore,
    P: Push + Notify,
    E: Env,
{
    /// Commits a message, pushes it, and notifies the participants whom no push reached. The commit and the lookup of
    /// connections run concurrently.
    ///
    /// # Errors
    /// [`ChatError`] and [`SendMessageError`]. After an error nothing is stored, except that a store that did not
    /// answer may have committed. A repeat with the same client message id finds out.
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
        let SendMessage { content, mentions, custom, attachment, .. } = &command;
        LiveBody::fits(content, mentions, custom.as_ref(), attachment.is_some()).map_err(SendMessageError::TooLarge)?;
        let mut retry = Retry::new(&self.env);
        let request = async |turn: &mut Turn| self.commit_in_turn(turn, &mut retry, bucket, &command).await;
        let (end, head) = in_turn(&self.store, &self.env, &command.chat, request).await?;
        let committed = match end {
            SendEnd::Committed(committed) => *committed,
            SendEnd::Repeated(repeat) => self.repeat(&command, repeat, &head).await?,
        };
        let CommittedSend { message, view, event, repeated, readers, audience } = committed;
        let event = Event::message_created(event);
        let PushOutcome { report: pushed, reached } =
            self.push_event(&audience, command.caller.connection.as_ref(), &event).await;
        let sender = &command.caller.user;
        let unreached = readers.into_iter().filter(|user| user != sender && !reached.contains(user)).collect();
        let notified = self.notify(&message, &head, &unreached).await;
        Ok(SendOutcome { message: view, repeated, pushed, notified, retries: retry.count() })
    }

    /// Commits the message, unless it is a repeat. Also returns the head that the last try was planned from.
    async fn commit_in_turn(
        &self,
        turn: &mut Turn,
        retry: &mut Retry<'_, E>,
        bucket: &impl CheckUploads,
        command: &SendMessage,
    ) -> Result<(SendEnd, Head), ChatError<SendMessageError>> {
        let sender = &command.caller.user;
        let send_id = command.client_message_id.as_ref().map(|id| SendId::new(&command.chat, sender, id));
        let mut is_confirmed = false;
        let is_reply = command.reply_to.is_some();
        // What the next try does not have to read again.
        let (mut kept, mut looked_up) = (None, None);
        loop {
            let (state, upload) = match kept.take() {
                Some(kept) => kept,
                None => {
                    // Seq 0 is the head, not a message.
                    let replied_to = command.reply_to.filter(|seq| *seq > Seq(0));
                    let state = ChatReader::new(&self.store, retry, &command.chat).state(sender, replied_to);
                    let (state, upload) = try_join(state, self.upload_of(command)).await?;
                    (state.ok_or(ChatError::NotFound)?, upload)
                }
            };
            let budget = state.member.budget;
            // A repeat that this process knows costs no transaction.
            if let Some(id) = send_id.as_ref().filter(|id| self.recent.has_send(id))
                && let Some(earlier) = self.store.earlier_send(id, self.env.now()).await?
            {
                let repeat = Repeat { id: id.clone(), earlier, budget, audience: None };
                return Ok((SendEnd::Repeated(repeat), state.head));
            }
            let mut commit = self.plan_commit(command, &state, upload.as_ref());
            if let (Ok(_), Some(upload), false) = (&commit, &upload, is_confirmed) {
                is_confirmed = confirm_upload(bucket, &upload.attachment).await?;
                if !is_confirmed {
                    commit = Err(UploadError::NotUploaded.into());
                }
            }
            let commit = match commit {
                Ok(commit) => commit,
                Err(refusal) => {
                    let Some(id) = send_id else { return Err(refusal.into()) };
                    let earlier = self.store.earlier_send(&id, self.env.now()).await?.ok_or(refusal)?;
                    return Ok((SendEnd::Repeated(Repeat { id, earlier, budget, audience: None }), state.head));
                }
            };
            if let Some(head) = turn.wait(&self.store, retry, &command.chat, &state.head).await? {
                kept = state.at_head(head, is_reply).map(|state| (state, upload));
                continue;
            }
            let commit = MessageCommit { queue: turn.queue_after(&state.head, self.env.now()), ..commit };
            let audience = match looked_up.take().filter(|audience| self.is_current(audience, &state)) {
                Some(audience) => Either::Left(ready(audience)),
                None => Either::Right(self.look_up(&state)),
            };
            let committing = async { (self.store.commit_message(&commit).await, self.env.now()) };
            let ((outcome, committed_at), audience) = join(committing, audience).await;
            match outcome? {
                CommitOutcome::Committed => {
                    turn.note_commit();
                    meter::count_message();
                    if let Some(id) = send_id {
                        self.recent.note_send(id);
                    }
                    let view = MessageView::new(&commit.message, Readers::default());
                    let (message, event) = (commit.message, view.clone());
                    let audience = self.audience_at_commit(audience, &state, committed_at).await;
                    let readers = state.chat.participants;
                    let committed = CommittedSend { message, view, event, repeated: false, readers, audience };
                    return Ok((SendEnd::Committed(Box::new(committed)), state.head));
                }
                CommitOutcome::Repeated(earlier) => {
                    // Only a send with a record can be a repeat.
                    let Some(id) = send_id else { return Err(ChatError::Busy) };
                    let repeat = Repeat { id, earlier, budget, audience: Some(audience.audience) };
                    return Ok((SendEnd::Repeated(repeat), state.head));
                }
                CommitOutcome::NotAMember => return Err(ChatError::NotFound),
                CommitOutcome::Conflict(conflict) => {
                    looked_up = Some(audience);
                    kept = match turn.after(retry, conflict).await? {
                        NextTry::Head(head) => state.at_head(head, is_reply).map(|state| (state, upload)),
                        NextTry::Unchanged => Some((state, upload)),
                        NextTry::ReadAgain => None,
                    };
                }
            }
        }
    }

    /// Looks up the connections of the participants.
    async fn look_up(&self, ChatState { chat, .. }: &ChatState) -> RecentAudience {
        let at = self.env.now();
        let participants: Vec<UserId> = chat.participants.iter().cloned().collect();
        RecentAudience { audience: self.load_audience(&participants).await, members_rev: chat.members_rev, at }
    }

    /// Whether connections that were looked up are those of the participants, and recent.
    fn is_current(&self, audience: &RecentAudience, state: &ChatState) -> bool {
        audience.members_rev == state.chat.members_rev && self.env.now().since(audience.at) <= MAX_AUDIENCE_AGE
    }

    /// The connections that get a message which was committed at `at`. If they were looked up long before that, they are
    /// looked up again; if that fails, the earlier ones are better than none.
    async fn audience_at_commit(&self, looked_up: RecentAudience, state: &ChatState, at: Timestamp) -> Audience {
        if at.since(looked_up.at) <= MAX_AUDIENCE_AGE_AT_COMMIT {
            return looked_up.audience;
        }
        let audience = self.look_up(state).await.audience;
        if audience.is_complete() { audience } else { looked_up.audience }
    }

    /// Answers with the message that the earlier send stored, as the sender sees it now. It is pushed to the
    /// participants who see it only if [`Self::may_push_again`].
    async fn repeat(
        &self,
        command: &SendMessage,
        Repeat { id, earlier, budget, audience }: Repeat,
        head: &Head,
    ) -> Result<CommittedSend, ChatError<SendMessageError>> {
        self.recent.note_send(id.clone());
        if earlier.body_hash != command_hash(command) {
            return Err(SendMessageError::IdempotencyConflict.into());
        }
        let stored = self.store.message(&command.chat, earlier.seq).await?;
        let message = stored.ok_or_else(|| missing_message(&command.chat, earlier.seq))?;
        let members = self.store.members(&command.chat).await?;
        let order = ReadingOrder::LeastFirst;
        let past = self.former_readers(&command.chat, head, &members, message.seq, order).await?;
        let readers = Readers::new(&members, &past);
        // The sender may have left and come back, cleared the chat, or deleted the message.
        let sender = &command.caller.user;
        let floor = members.iter().find(|member| &member.user == sender).map(Member::floor).unwrap_or_default();
        let mut view = MessageView::of(&message, readers, sender, floor);
        view.limit(MAX_DOCUMENT_BYTES);
        let mut event = MessageView::new(&message, readers);
        event.limit(MAX_DOCUMENT_BYTES);
        let is_unchanged = message.rev == Rev(0) && message.is_visible_to(sender, floor);
        let may_push = !earlier.is_pushed_again && is_unchanged;
        if !may_push || !self.may_push_again(&id, budget, head, message.created_at).await {
            let (readers, audience) = (BTreeSet::new(), Audience::default());
            return Ok(CommittedSend { message, view, event, repeated: true, readers, audience });
        }
        // Users who joined or cleared the chat since cannot see it, nor can users who deleted it for themselves.
        let can_see = |member: &Member| message.is_visible_to(&member.user, member.floor());
        let readers: BTreeSet<UserId> =
            members.iter().filter(|member| can_see(member)).map(|member| member.user.clone()).collect();
        let mut audience = match audience {
            Some(audience) => audience,
            None => self.load_audience(&readers.iter().cloned().collect::<Vec<_>>()).await,
        };
        audience.retain(|user| readers.contains(user));
        Ok(CommittedSend { message, view, event, repeated: true, readers, audience })
    }

    /// Whether a repeat is pushed: its first try may have died before it pushed. Once at the most, soon after the send,
    /// and only for a sender who may send now.
    async fn may_push_again(&self, id: &SendId, budget: Option<Budget>, head: &Head, sent_at: Timestamp) -> bool {
        let now = self.env.now();
        if head.is_blocked()
            || now.since(sent_at) >= REPEAT_PUSH_WINDOW
            || self.settings.sending.spend(budget, 1, now).is_err()
        {
            return false;
        }
        self.store.claim_second_push(id).await.unwrap_or_else(|error| {
            tracing::warn!(error = error_chain(&error), "a repeated send was not pushed again");
            false
        })
    }

    /// The upload that the command names; None if it names none, or if the sender did not declare it.
    async fn upload_of(&self, command: &SendMessage) -> Result<Option<Upload>, StoreError> {
        match &command.attachment {
            Some(id) => self.load_upload(id, &command.caller.user).await,
            None => Ok(None),
        }
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
        if state.head.is_blocked() {
            return Err(SendMessageError::Blocked);
        }
        let sender = &command.caller.user;
        let can_see = |message: &Message| message.is_visible_to(sender, state.member.floor());
        if command.reply_to.is_some() && !state.message.as_ref().is_some_and(can_see) {
            return Err(SendMessageError::InvalidReplyTo);
        }
        if let Some(outsider) = command.mentions.difference(&state.chat.participants).next() {
            return Err(SendMessageError::UnknownMention(outsider.clone()));
        }
        if command.attachment.is_some() {
            check_upload(upload, &command.chat, command.kind)?;
        }
        let now = self.env.now();
        let spending =
            self.settings.sending.spend(state.member.budget, 1, now).map_err(SendMessageError::RateLimited)?;
        // The clocks of two functions may differ. `created_at` never goes backwards, so that it agrees with the order
        // of the log.
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
                    custom: command.custom.clone(),
                    ..LiveBody::new(command.content.clone())
                }),
            },
            // The commit fails if the participants changed since the read. So the event goes to exactly the
            // participants at the time of the commit.
            head: Head { members_rev: state.chat.members_rev, ..state.head.clone() },
            spending,
            send: command.client_message_id.as_ref().map(|id| send_record(command, id, now)),
            upload: upload.map(|upload| (upload.attachment.id.clone(), now.plus(SENT_UPLOAD_TTL))),
            queue: None,
        })
    }
}

fn send_record(command: &SendMessage, id: &ClientMessageId, now: Timestamp) -> SendRecord {
    SendRecord {
        id: SendId::new(&command.chat, &command.caller.user, id),
        body_hash: command_hash(command),
        expires_at: now.plus(SEND_ID_TTL),
    }
}

fn command_hash(SendMessage { kind, content, attachment, reply_to, mentions, custom, .. }: &SendMessage) -> String {
    body_hash(*kind, content, attachment.as_ref(), *reply_to, mentions, custom.as_ref())
}

fn missing_message(chat: &ChatId, seq: Seq) -> StoreError {
    StoreError::Inconsistent {
        table: "Messages",
        key: format!("{chat}:{seq}"),
        attribute: "the item is missing, but its send record exists".to_owned(),
    }
}
