//! Telling the others that one is typing. Nothing is stored.

use super::error::{ChatError, Refusal};
use super::state::{ChatState, chat_state};
use super::{App, Caller};
use crate::event::{Event, Typing, TypingState};
use crate::ids::{ChatId, UserId};
use crate::meter::PushReport;
use crate::ports::{Env, Push, ReadChats, Registry};
use crate::retry::Retry;

/// Above this many participants nobody is told.
const MAX_PARTICIPANTS_FOR_TYPING: usize = 100;

/// Says that the caller is typing, or is no more.
#[derive(Debug, Clone)]
pub struct SendTyping {
    /// Who types.
    pub caller: Caller,
    /// In which chat.
    pub chat: ChatId,
    /// Whether they begin or stop.
    pub state: TypingState,
}

/// What was said.
#[derive(Debug)]
pub struct TypingSent {
    /// What the others are told.
    pub typing: Typing,
    /// What became of the pushes.
    pub pushed: PushReport,
}

/// Why nothing is said.
#[derive(Debug, thiserror::Error)]
pub enum SendTypingError {
    /// Nobody writes in a closed chat.
    #[error("chat closed")]
    ChatClosed,
}

impl Refusal for SendTypingError {}

impl<S: ReadChats + Registry, P: Push, E: Env> App<S, P, E> {
    /// Tells the other participants, in chats of at most 100. The caller's own devices are not told.
    ///
    /// # Errors
    /// [`ChatError`], and [`SendTypingError`].
    pub async fn send_typing(&self, command: SendTyping) -> Result<TypingSent, ChatError<SendTypingError>> {
        let SendTyping { caller, chat, state } = command;
        let found = chat_state(&self.store, &mut Retry::new(&self.env), &chat, &caller.user, None).await?;
        let ChatState { chat, .. } = found.ok_or(ChatError::NotFound)?;
        if chat.closed_at.is_some() {
            return Err(SendTypingError::ChatClosed.into());
        }
        let typing = Typing::new(caller.user.clone(), state);
        if chat.participants.len() > MAX_PARTICIPANTS_FOR_TYPING {
            return Ok(TypingSent { typing, pushed: PushReport::default() });
        }
        // In a private chat the caller is looked up too: if the other one turns out to be gone, they must hear of it.
        let is_told = |user: &UserId| *user != caller.user;
        let looked_up = chat.participants.iter().filter(|user| !chat.is_group || is_told(user));
        let audience = self.load_audience(&looked_up.cloned().collect::<Vec<UserId>>()).await;
        let event = Event::typing(chat.id, typing.clone());
        let pushed = self.push_each(&audience, None, |user| is_told(user).then(|| ((), event.clone()))).await;
        Ok(TypingSent { typing, pushed })
    }
}
