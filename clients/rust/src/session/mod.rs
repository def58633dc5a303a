//! A client that stays connected: it connects again when the connection is lost, asks for what it missed, and sends
//! messages again until they are acknowledged.

mod connection;
mod context;
mod live;
mod options;
mod run;
mod shared;
mod updates;

pub use options::Options;
pub use updates::{ConnectionStatus, Task, Update, Updates};

use crate::call::{self, Call, PagePosition};
use crate::documents::{
    Attachment, BlockState, Chat, ChatDetails, ChatId, ChatUser, Custom, MembersPage, Message, MessageAnswer,
    OwnMember, OwnMemberAnswer, ReadPosition, RemovalAnswer, Seq, UserAnswer, UserId,
};
use crate::draft::{Draft, NewAttachment, NewChat, SettingsChange};
use crate::events::TypingState;
use crate::outbox::{Outbox, UnsentMessage};
use crate::state::{ChatState, State};
use crate::token::{self, Claims, TokenSource};
use crate::transfer::{Transfer, sha256};
use crate::wire::{ClientError, HttpClient};
use crate::{Error, random};
use context::Context;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{ClientData, Shared, SocketRequest};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_tungstenite::tungstenite::Bytes;

/// API Gateway closes a connection over a longer frame.
const MAX_FRAME_BYTES: usize = 32 * 1024;
/// What the action and the id add to the fields of a frame, at most.
const MAX_ENVELOPE_BYTES: usize = 128;

/// Whether API Gateway accepts a frame with these fields.
fn fits_into_frame(fields: &Value) -> bool {
    fields.to_string().len() + MAX_ENVELOPE_BYTES <= MAX_FRAME_BYTES
}

/// A client of one user. It stays connected, holds the user's chats in a [`State`], and sends messages until they are
/// stored. Clones are handles of the same client. It ends when the last one is dropped.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    socket_requests: mpsc::Sender<SocketRequest>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// Starts a client. It connects and lists the inbox in the background. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// There is no token, or it is no JWT. If the system refuses the token, an [`Update::Connection`] says so.
    pub async fn start(options: Options, tokens: Arc<dyn TokenSource>) -> Result<(Self, Updates), Error> {
        let token = token::fetch(&*tokens, options.request_timeout).await?;
        let me = Claims::of(&token)?.sub;
        let http = HttpClient::new(&options.http_url, None)?;
        let transfer = Transfer::new().map_err(ClientError::from)?;
        let (updates, updates_receiver) = mpsc::unbounded_channel();
        let (state, outbox, status) = (State::new(me), Outbox::default(), ConnectionStatus::Connecting);
        let data = Mutex::new(ClientData { state, outbox, status, token });
        let token_timeout = options.request_timeout;
        let shared = Arc::new(Shared { http, transfer, tokens, token_timeout, data, updates, wake: Notify::new() });
        let (socket_requests, receiver) = mpsc::channel(16);
        let context = Context { shared: shared.clone(), socket_requests: receiver, options };
        tokio::spawn(run::run(context));
        Ok((Self { shared, socket_requests }, Updates(updates_receiver)))
    }

    /// Reads what the client holds. Keep `look` short: the client does nothing else meanwhile.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.lock().state)
    }

    /// The messages that are not acknowledged yet, in the order in which they were sent.
    pub fn unsent(&self) -> Vec<UnsentMessage> {
        self.shared.lock().outbox.waiting().cloned().collect()
    }

    /// Whether the client is connected now.
    pub fn connection_status(&self) -> ConnectionStatus {
        self.shared.lock().status.clone()
    }

    /// Sends a request and waits for the answer. It goes over the socket if there is a connection and the request is an
    /// action. Else it goes over HTTP, also if the connection is lost before the reply: every request may be repeated.
    /// The answer does not change the [`State`].
    ///
    /// # Errors
    /// The request is refused, or no answer came.
    pub async fn request<A: DeserializeOwned>(&self, call: &Call<A>) -> Result<A, Error> {
        if let Some((action, fields)) = call.as_frame()
            && self.connection_status() == ConnectionStatus::Online
            && fits_into_frame(&fields)
        {
            match self.request_over_socket(action, fields).await {
                Err(Error::NotConnected | Error::NoAnswer) if call.as_http().is_some() => {}
                answer => return serde_json::from_value(answer?).map_err(Error::Unexpected),
            }
        }
        self.shared.http(call).await
    }

    async fn request_over_socket(&self, action: &'static str, fields: Value) -> Result<Value, Error> {
        let (reply, receiver) = oneshot::channel();
        let request = SocketRequest { action, fields, reply };
        self.socket_requests.send(request).await.map_err(|_ended| Error::NotConnected)?;
        receiver.await.unwrap_or(Err(Error::NotConnected))
    }

    /// Creates an attachment and uploads its bytes. Then send it in a message, once, within a day:
    /// [`Draft::attachment`].
    ///
    /// # Errors
    /// The attachment is refused, or the upload fails.
    pub async fn upload(&self, chat: &str, new: &NewAttachment, bytes: impl Into<Bytes>) -> Result<Attachment, Error> {
        let bytes = bytes.into();
        let call = call::create_attachment(chat, new, bytes.len(), &sha256(&bytes));
        let answer = self.request(&call).await?;
        self.shared.transfer.put(&answer.upload, &bytes).await?;
        Ok(answer.attachment)
    }

    /// Downloads the attachment of a message: its description and its bytes.
    ///
    /// # Errors
    /// The request is refused, the download fails, or [`Error::DamagedAttachment`].
    pub async fn download(&self, chat: &str, seq: Seq) -> Result<(Attachment, Vec<u8>), Error> {
        let answer = self.request(&call::get_attachment(chat, seq)).await?;
        let Attachment { size_bytes, sha256, .. } = &answer.attachment;
        let bytes = self.shared.transfer.get(&answer.download, *size_bytes, sha256).await?;
        Ok((answer.attachment, bytes))
    }

    /// Sends a message, now or as soon as there is a connection. Returns its new clientMessageId at once. The client
    /// repeats the message under this id until it is stored or refused. [`Update::Sent`] or [`Update::NotSent`] reports
    /// which.
    ///
    /// # Errors
    /// [`Error::OutboxFull`], or [`Error::MessageTooLong`] if it does not fit into a frame.
    pub fn send(&self, chat: &str, draft: Draft) -> Result<String, Error> {
        self.send_with_id(chat, draft, random::id())
    }

    /// Like [`send`](Self::send), under an id of the caller's: 1 to 64 printable ASCII characters, no spaces.
    ///
    /// # Errors
    /// Those of [`send`](Self::send), and [`Error::DuplicateMessageId`] if another message waits under this id.
    pub fn send_with_id(&self, chat: &str, draft: Draft, client_message_id: String) -> Result<String, Error> {
        let frame = call::send_message(chat, &draft, &client_message_id).as_frame();
        if !frame.is_some_and(|(_, fields)| fits_into_frame(&fields)) {
            return Err(Error::MessageTooLong);
        }
        self.shared.lock().outbox.push(chat.to_owned(), draft, client_message_id.clone())?;
        self.shared.wake.notify_one();
        Ok(client_message_id)
    }

    /// Creates a chat, or finds it if it exists.
    ///
    /// # Errors
    /// See [`request`](Self::request), here and in the methods that follow.
    pub async fn create_chat(&self, new: &NewChat) -> Result<Chat, Error> {
        // A request without an answer is repeated. Without an id, the repeat would create a second group.
        let mut new = new.clone();
        if new.is_group {
            new.client_chat_id.get_or_insert_with(random::id);
        }
        let chat = self.request(&call::create_chat(&new)).await?.chat;
        self.shared.update_state(|state| state.apply_created_chat(chat.clone()));
        Ok(chat)
    }

    /// Says which chats are on the screen, at most [`MAX_VISIBLE_CHATS`](crate::MAX_VISIBLE_CHATS). The client loads
    /// the members of those that were not on it before. While a chat is on the screen, the client syncs after a long
    /// silence.
    pub async fn set_visible(&self, chats: &[ChatId]) -> Result<(), Error> {
        let before = self.read(|state| state.visible().to_vec());
        self.shared.lock().state.set_visible(chats);
        for chat in chats.iter().filter(|chat| !before.contains(chat)) {
            self.load_details(chat).await?;
        }
        Ok(())
    }

    /// Loads a chat and its members.
    pub async fn load_details(&self, chat: &str) -> Result<ChatDetails, Error> {
        let details = self.request(&call::get_chat(chat)).await?;
        self.shared.update_state(|state| {
            state.apply_details(&details);
            Vec::new()
        });
        Ok(details)
    }

    /// Loads users whom a chat shows to this user: its members, and former members who can have done something that this
    /// user sees. The answer leaves out everybody else. `users`: 1 to [`MAX_NAMED_USERS`](crate::MAX_NAMED_USERS) different
    /// ids.
    pub async fn load_users(&self, chat: &str, users: &[UserId]) -> Result<Vec<ChatUser>, Error> {
        let answer = self.request(&call::list_users(chat, users)).await?;
        self.shared.update_state(|state| {
            state.apply_users(chat, users, &answer);
            Vec::new()
        });
        Ok(answer.users)
    }

    /// Loads who appears in the messages that the client holds of a chat, and is not known: with one request for a page
    /// of messages. In a chat of at most 100 participants, [`load_details`](Self::load_details) loads all of them.
    /// Returns whether it asked for anybody.
    pub async fn load_people(&self, chat: &str) -> Result<bool, Error> {
        let users = self.read(|state| state.unknown_people(chat));
        if users.is_empty() {
            return Ok(false);
        }
        self.load_users(chat, &users).await?;
        Ok(true)
    }

    /// Loads a page of the members of a chat with their users. `cursor` is that of the page before; None for the first
    /// page.
    pub async fn load_members(&self, chat: &str, cursor: Option<&str>) -> Result<MembersPage, Error> {
        let page = self.request(&call::list_members(chat, cursor)).await?;
        self.shared.update_state(|state| {
            state.apply_members(&page);
            Vec::new()
        });
        Ok(page)
    }

    /// Loads at most `limit` messages that are older than those that the client holds. Returns whether there may be
    /// more.
    pub async fn load_older(&self, chat: &str, limit: u32) -> Result<bool, Error> {
        let oldest_seq = |state: &State| state.chat(chat).filter(|chat| chat.has_older()).map(ChatState::oldest_seq);
        let Some(oldest_seq) = self.read(oldest_seq) else { return Ok(false) };
        let page = self.request(&call::list_messages(chat, PagePosition::Before(oldest_seq), limit)).await?;
        self.shared.update_state(|state| {
            state.apply_older_page(chat, &page);
            Vec::new()
        });
        Ok(self.read(|state| state.chat(chat).is_some_and(ChatState::has_older)))
    }

    /// Marks a chat as read up to `seq`. The read position never goes back.
    pub async fn mark_seen(&self, chat: &str, seq: Seq) -> Result<ReadPosition, Error> {
        let position = self.request(&call::mark_seen(chat, seq)).await?;
        self.shared.update_state(|state| {
            state.apply_read_position(&position);
            Vec::new()
        });
        Ok(position)
    }

    /// Replaces the content of an own message. Its mentions stay.
    pub async fn edit(&self, chat: &str, seq: Seq, content: &str) -> Result<Message, Error> {
        self.change(chat, &call::edit_message(chat, seq, content, None)).await
    }

    /// Replaces the custom data of an own message, and keeps its content; None removes it.
    pub async fn set_message_custom(&self, chat: &str, seq: Seq, custom: Option<&Custom>) -> Result<Message, Error> {
        self.change(chat, &call::set_message_custom(chat, seq, custom)).await
    }

    /// Deletes a message for everyone, or for this user alone.
    pub async fn delete(&self, chat: &str, seq: Seq, for_everyone: bool) -> Result<Message, Error> {
        self.change(chat, &call::delete_message(chat, seq, for_everyone)).await
    }

    /// Replaces all of this user's reactions to a message. No emojis: removes them.
    pub async fn react(&self, chat: &str, seq: Seq, emojis: &[String]) -> Result<Message, Error> {
        self.change(chat, &call::react_to_message(chat, seq, emojis)).await
    }

    async fn change(&self, chat: &str, call: &Call<MessageAnswer>) -> Result<Message, Error> {
        match self.request(call).await {
            Ok(MessageAnswer { message }) => {
                self.shared.update_state(|state| state.apply_changed_message(message.clone()));
                Ok(message)
            }
            Err(error) => {
                // The change may be stored all the same, and its event be lost.
                if error.problem().is_none_or(|problem| problem.status >= 500) {
                    self.shared.update_state(|state| {
                        state.mark_chat_behind(chat);
                        Vec::new()
                    });
                }
                Err(error)
            }
        }
    }

    /// Removes a user from a group. If it is this user, they leave the group.
    pub async fn remove_participant(&self, chat: &str, user: &str) -> Result<RemovalAnswer, Error> {
        let answer = self.request(&call::remove_participant(chat, user)).await?;
        if matches!(answer, RemovalAnswer::Left { .. }) {
            self.shared.update_state(|state| state.remove_chat(&chat.to_owned()).into_iter().collect());
        }
        Ok(answer)
    }

    /// Changes this user's view of a chat: what notifies, pinned, archived, marked as unread.
    pub async fn update_member(&self, chat: &str, change: &SettingsChange) -> Result<OwnMember, Error> {
        let OwnMemberAnswer { chat_id, member } = self.request(&call::update_member(chat, change)).await?;
        self.shared.update_state(|state| {
            state.apply_own_member(&chat_id, &member);
            Vec::new()
        });
        Ok(member)
    }

    /// Blocks a user, or ends the block.
    pub async fn set_blocked(&self, user: &str, blocked: bool) -> Result<BlockState, Error> {
        let block = self.request(&if blocked { call::block_user(user) } else { call::unblock_user(user) }).await?;
        self.shared.update_state(|state| {
            state.apply_block(&block);
            Vec::new()
        });
        Ok(block)
    }

    /// Changes the nickname of this user. None takes it back: their id is shown again.
    pub async fn set_nickname(&self, nickname: Option<&str>) -> Result<ChatUser, Error> {
        self.request_user(&call::set_nickname(nickname)).await
    }

    /// Loads a user: this user, or one who shares a chat with this user.
    pub async fn load_user(&self, user: &str) -> Result<ChatUser, Error> {
        let is_me = self.read(|state| state.me() == user);
        self.request_user(&if is_me { call::get_me() } else { call::get_user(user) }).await
    }

    async fn request_user(&self, call: &Call<UserAnswer>) -> Result<ChatUser, Error> {
        let user = self.request(call).await?.user;
        self.shared.update_state(|state| {
            state.apply_user(&user);
            Vec::new()
        });
        Ok(user)
    }

    /// Tells the other participants that this user types, or stopped. The event may be lost. Send at most one start in
    /// 3 s.
    pub async fn send_typing(&self, chat: &str, state: TypingState) -> Result<(), Error> {
        self.request(&call::typing(chat, state)).await.map(drop)
    }
}
