//! Pushes that a participant is typing. Nothing is stored.

use super::error::{ChatError, Refusal};
use super::state::{ChatReader, ChatState};
use super::{App, Caller};
use crate::event::{Event, Typing, TypingState};
use crate::ids::{ChatId, UserId};
use crate::meter::PushReport;
use crate::ports::{Env, Push, ReadChats, Registry};
use crate::retry::Retry;

/// Above this many participants, no event is pushed.
const MAX_PARTICIPANTS_FOR_TYPING: usize = 100;

/// The request to push that the caller starts or stops typing.
#[derive(Debug, Clone)]
pub struct SendTyping {
    /// The participant who types.
    pub caller: Caller,
    /// The chat that they type in.
    pub chat: ChatId,
    /// Whether they start or stop.
    pub state: TypingState,
}

/// The pushed state.
#[derive(Debug)]
pub struct TypingSent {
    /// The data of the event.
    pub typing: Typing,
    /// The results of the posts.
    pub pushed: PushReport,
}

/// Why no event is pushed.
#[derive(Debug, thiserror::Error)]
pub enum SendTypingError {
    /// The chat is closed: it takes no more messages.
    #[error("chat closed")]
    ChatClosed,
    /// One of the two participants of the private chat blocks the other one.
    #[error("blocked")]
    Blocked,
}

impl Refusal for SendTypingError {}

impl<S: ReadChats + Registry, P: Push, E: Env> App<S, P, E> {
    /// Pushes the event to the other participants of a chat of at most 100. The caller's own devices get none. What this
    /// process pushed just now is not pushed again.
    ///
    /// # Errors
    /// [`ChatError`] and [`SendTypingError`].
    pub async fn send_typing(&self, command: SendTyping) -> Result<TypingSent, ChatError<SendTypingError>> {
        let SendTyping { caller, chat, state } = command;
        let typing = Typing::new(caller.user.clone(), state);
        // Who typed a moment ago was a participant then, so nothing needs to be read.
        if self.recent.is_typing_known(&chat, &caller.user, state, self.env.now()) {
            return Ok(TypingSent { typing, pushed: PushReport::default() });
        }
        let state_of_chat =
            ChatReader::new(&self.store, &mut Retry::new(&self.env), &chat).state(&caller.user, None).await?;
        let ChatState { chat, head, .. } = state_of_chat.ok_or(ChatError::NotFound)?;
        if chat.closed_at.is_some() {
            return Err(SendTypingError::ChatClosed.into());
        }
        if head.is_blocked() {
            return Err(SendTypingError::Blocked.into());
        }
        self.recent.note_typing(&chat.id, &caller.user, state, self.env.now());
        if chat.participants.len() > MAX_PARTICIPANTS_FOR_TYPING {
            return Ok(TypingSent { typing, pushed: PushReport::default() });
        }
        // In a private chat, also load the caller's connections: if the peer turns out to be offline, the caller gets
        // that event.
        let is_recipient = |user: &UserId| *user != caller.user;
        let users = chat.participants.iter().filter(|user| !chat.is_group || is_recipient(user));
        let audience = self.load_audience(&users.cloned().collect::<Vec<UserId>>()).await;
        let event = Event::typing(chat.id, typing.clone());
        let pushed = self.push_each(&audience, None, |user| is_recipient(user).then(|| ((), event.clone()))).await;
        Ok(TypingSent { typing, pushed })
    }
}
