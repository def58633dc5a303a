//! A client that stays connected: it connects again when the connection is lost, asks for what it missed, and repeats
//! what was not acknowledged.

mod connection;
mod context;
mod live;
mod options;
mod run;
mod shared;
mod updates;

pub use options::Options;
pub use updates::{Link, Task, Update, Updates};

use crate::call::{self, Call, PageOf};
use crate::documents::{
    Attachment, Chat, ChatDetails, ChatId, ChatUser, Message, MessageAnswer, Mute, ReadPosition, RemovalAnswer, Seq,
};
use crate::draft::{Draft, NewAttachment, NewChat};
use crate::events::TypingState;
use crate::outbox::{Outbox, Unsent};
use crate::state::State;
use crate::token::{self, Claims, Tokens};
use crate::transfer::{Transfer, sha256};
use crate::wire::{ClientError, HttpClient};
use crate::{Error, random};
use context::Context;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{Held, Shared, SocketRequest};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_tungstenite::tungstenite::Bytes;

/// Whether a frame with these fields is one that API Gateway takes: 32 KB of text.
fn fits(fields: &Value) -> bool {
    /// For the action and the id.
    const ENVELOPE_BYTES: usize = 128;
    fields.to_string().len() + ENVELOPE_BYTES <= 32 * 1024
}

/// A client of one user. Its clones are the same client, which ends when the last one is dropped.
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
    /// Starts a client, which connects at once and lists the inbox. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// There is no token, or it is no JWT. That the system does not accept it is an [`Update::Connection`].
    pub async fn start(options: Options, tokens: Arc<dyn Tokens>) -> Result<(Self, Updates), Error> {
        let token = token::ask(&*tokens, options.request).await?;
        let me = Claims::of(&token)?.sub;
        let http = HttpClient::new(&options.http_url, None)?;
        let transfer = Transfer::new().map_err(ClientError::from)?;
        let (updates, told) = mpsc::unbounded_channel();
        let (state, outbox, link) = (State::new(me), Outbox::default(), Link::Connecting);
        let held = Mutex::new(Held { state, outbox, link, token });
        let patience = options.request;
        let shared = Arc::new(Shared { http, transfer, tokens, patience, held, updates, wake: Notify::new() });
        let (socket_requests, receiver) = mpsc::channel(16);
        let context = Context { shared: shared.clone(), socket_requests: receiver, options };
        tokio::spawn(run::run(context));
        Ok((Self { shared, socket_requests }, Updates(told)))
    }

    /// Looks at what the client holds. Not for long: nothing is taken meanwhile.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.lock().state)
    }

    /// What was not acknowledged yet.
    pub fn unsent(&self) -> Vec<Unsent> {
        self.shared.lock().outbox.waiting().cloned().collect()
    }

    /// Whether there is a connection.
    pub fn link(&self) -> Link {
        self.shared.lock().link.clone()
    }

    /// Asks, over the socket if there is one and the request is an action, else over HTTP. Where the socket breaks off,
    /// it is asked again over HTTP: every request may be repeated. What the answer says is not taken into the state.
    ///
    /// # Errors
    /// It is refused, or not answered.
    pub async fn ask<A: DeserializeOwned>(&self, call: &Call<A>) -> Result<A, Error> {
        if let Some((action, fields)) = call.as_frame()
            && self.link() == Link::Online
            && fits(&fields)
        {
            match self.over_socket(action, fields).await {
                Err(Error::NotConnected | Error::NoAnswer) if call.as_http().is_some() => {}
                answer => return serde_json::from_value(answer?).map_err(Error::Unexpected),
            }
        }
        self.shared.http(call).await
    }

    async fn over_socket(&self, action: &'static str, fields: Value) -> Result<Value, Error> {
        let (reply, replied) = oneshot::channel();
        let request = SocketRequest { action, fields, reply };
        self.socket_requests.send(request).await.map_err(|_ended| Error::NotConnected)?;
        replied.await.unwrap_or(Err(Error::NotConnected))
    }

    /// Announces an attachment and uploads its bytes; then it can be sent, once, within a day:
    /// [`Draft::attachment`].
    ///
    /// # Errors
    /// It is refused, or the bytes do not get into the bucket.
    pub async fn upload(&self, chat: &str, new: &NewAttachment, bytes: impl Into<Bytes>) -> Result<Attachment, Error> {
        let bytes = bytes.into();
        let call = call::create_attachment(chat, new, bytes.len(), &sha256(&bytes));
        let announced = self.ask(&call).await?;
        self.shared.transfer.put(&announced.upload, &bytes).await?;
        Ok(announced.attachment)
    }

    /// What a message carries, and its bytes.
    ///
    /// # Errors
    /// It is refused, or the bytes do not come, or [`Error::Damaged`].
    pub async fn download(&self, chat: &str, seq: Seq) -> Result<(Attachment, Vec<u8>), Error> {
        let opened = self.ask(&call::get_attachment(chat, seq)).await?;
        let Attachment { size_bytes, sha256, .. } = &opened.attachment;
        let bytes = self.shared.transfer.get(&opened.download, *size_bytes, sha256).await?;
        Ok((opened.attachment, bytes))
    }

    /// Sends a message: now, or when there is a connection. It is repeated under its name until it is stored or refused,
    /// which an [`Update`] tells. The name.
    ///
    /// # Errors
    /// [`Error::OutboxFull`], or [`Error::TooLong`] if it fits no frame.
    pub fn send(&self, chat: &str, draft: Draft) -> Result<String, Error> {
        self.send_as(chat, draft, random::name())
    }

    /// The same under a name of the caller's: 1 to 64 printable ASCII characters, no spaces.
    ///
    /// # Errors
    /// The same; [`Error::NameInUse`] if another message waits under this name.
    pub fn send_as(&self, chat: &str, draft: Draft, client_message_id: String) -> Result<String, Error> {
        let frame = call::send_message(chat, &draft, &client_message_id).as_frame();
        if !frame.is_some_and(|(_, fields)| fits(&fields)) {
            return Err(Error::TooLong);
        }
        self.shared.lock().outbox.push(chat.to_owned(), draft, client_message_id.clone())?;
        self.shared.wake.notify_one();
        Ok(client_message_id)
    }

    /// Makes a chat, or finds the one that is there.
    ///
    /// # Errors
    /// See [`ask`](Self::ask); so with all that follow.
    pub async fn create_chat(&self, new: &NewChat) -> Result<Chat, Error> {
        // Asked twice, as when the first answer is lost, a group without a name would be made twice.
        let mut new = new.clone();
        if new.is_group {
            new.client_chat_id.get_or_insert_with(random::name);
        }
        let chat = self.ask(&call::create_chat(&new)).await?.chat;
        self.shared.take(|state| state.made(chat.clone()));
        Ok(chat)
    }

    /// These chats are on the screen: the read positions of everybody in them are asked for, and a long silence is not
    /// believed.
    pub async fn open(&self, chats: &[ChatId]) -> Result<(), Error> {
        let before = self.read(|state| state.opened().to_vec());
        self.shared.lock().state.open(chats);
        for chat in chats.iter().filter(|chat| !before.contains(chat)) {
            self.details(chat).await?;
        }
        Ok(())
    }

    /// A chat and its members.
    pub async fn details(&self, chat: &str) -> Result<ChatDetails, Error> {
        let details = self.ask(&call::get_chat(chat)).await?;
        self.shared.take(|state| {
            state.detailed(&details);
            Vec::new()
        });
        Ok(details)
    }

    /// Older messages of a chat than those that are held, at most so many. Whether there may be more.
    pub async fn older(&self, chat: &str, limit: u32) -> Result<bool, Error> {
        let oldest = |state: &State| state.chat(chat).filter(|held| held.has_older()).map(crate::Held::oldest);
        let Some(oldest) = self.read(oldest) else { return Ok(false) };
        let page = self.ask(&call::list_messages(chat, PageOf::Before(oldest), limit)).await?;
        self.shared.take(|state| {
            state.older(chat, &page);
            Vec::new()
        });
        Ok(self.read(|state| state.chat(chat).is_some_and(crate::Held::has_older)))
    }

    /// This user has read up to a place.
    pub async fn mark_seen(&self, chat: &str, seq: Seq) -> Result<ReadPosition, Error> {
        let position = self.ask(&call::mark_seen(chat, seq)).await?;
        self.shared.take(|state| {
            state.seen(&position);
            Vec::new()
        });
        Ok(position)
    }

    /// Edits a message.
    pub async fn edit(&self, chat: &str, seq: Seq, content: &str) -> Result<Message, Error> {
        self.change(chat, &call::edit_message(chat, seq, content, None)).await
    }

    /// Deletes a message for everyone, or for this user alone.
    pub async fn delete(&self, chat: &str, seq: Seq, for_everyone: bool) -> Result<Message, Error> {
        self.change(chat, &call::delete_message(chat, seq, for_everyone)).await
    }

    /// Sets this user's reactions to a message.
    pub async fn react(&self, chat: &str, seq: Seq, emojis: &[String]) -> Result<Message, Error> {
        self.change(chat, &call::react_to_message(chat, seq, emojis)).await
    }

    async fn change(&self, chat: &str, call: &Call<MessageAnswer>) -> Result<Message, Error> {
        match self.ask(call).await {
            Ok(MessageAnswer { message }) => {
                self.shared.take(|state| state.changed(message.clone()));
                Ok(message)
            }
            Err(error) => {
                // It may have been made all the same, and what tells of it be lost too.
                if error.problem().is_none_or(|problem| problem.status >= 500) {
                    self.shared.take(|state| {
                        state.missed_in(chat);
                        Vec::new()
                    });
                }
                Err(error)
            }
        }
    }

    /// Removes somebody from a group; this user, by leaving.
    pub async fn remove(&self, chat: &str, user: &str) -> Result<RemovalAnswer, Error> {
        let answer = self.ask(&call::remove_participant(chat, user)).await?;
        if matches!(answer, RemovalAnswer::Left { .. }) {
            self.shared.take(|state| state.gone(&chat.to_owned()).into_iter().collect());
        }
        Ok(answer)
    }

    /// Mutes a chat, or ends that.
    pub async fn mute(&self, chat: &str, muted: bool) -> Result<Mute, Error> {
        let call = if muted { call::mute_chat(chat, None) } else { call::unmute_chat(chat) };
        let mute = self.ask(&call).await?;
        self.shared.take(|state| {
            state.muted(&mute);
            Vec::new()
        });
        Ok(mute)
    }

    /// What this user calls themselves.
    pub async fn rename_me(&self, nickname: &str) -> Result<ChatUser, Error> {
        let user = self.ask(&call::update_me(Some(nickname), None)).await?.user;
        self.shared.take(|state| {
            state.met(&user);
            Vec::new()
        });
        Ok(user)
    }

    /// Somebody who shares a chat with this user, or this user.
    pub async fn meet(&self, user: &str) -> Result<ChatUser, Error> {
        let is_me = self.read(|state| state.me() == user);
        let call = if is_me { call::get_me() } else { call::get_user(user) };
        let user = self.ask(&call).await?.user;
        self.shared.take(|state| {
            state.met(&user);
            Vec::new()
        });
        Ok(user)
    }

    /// This user types, or stopped: a hint, which may be lost. Say so at most once in 3 s.
    pub async fn typing(&self, chat: &str, state: TypingState) -> Result<(), Error> {
        self.ask(&call::typing(chat, state)).await.map(drop)
    }
}
