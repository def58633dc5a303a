//! What the handles of a client and its session have in common.

use super::{Link, Update};
use crate::Error;
use crate::call::Call;
use crate::documents::Message;
use crate::events::Event;
use crate::outbox::{Outbox, Unsent};
use crate::problem::Problem;
use crate::state::State;
use crate::token::{self, Tokens};
use crate::transfer::Transfer;
use crate::wire::HttpClient;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// A request that goes over the socket, and where its reply goes.
pub(super) struct SocketRequest {
    pub(super) action: &'static str,
    pub(super) fields: Value,
    pub(super) reply: oneshot::Sender<Result<Value, Error>>,
}

/// What a client holds, and what it has to send.
pub(super) struct Held {
    pub(super) state: State,
    pub(super) outbox: Outbox,
    pub(super) link: Link,
    pub(super) token: String,
}

/// What the handles and the session have in common.
pub(super) struct Shared {
    pub(super) http: HttpClient,
    pub(super) transfer: Transfer,
    pub(super) tokens: Arc<dyn Tokens>,
    /// How long a token may take.
    pub(super) patience: Duration,
    pub(super) held: Mutex<Held>,
    pub(super) updates: mpsc::UnboundedSender<Update>,
    /// There is something to do for the session.
    pub(super) wake: Notify,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn say(&self, update: Update) {
        // Whoever does not want to know any more is no fault.
        let _ = self.updates.send(update);
    }

    /// Changes the state, and tells what is news; whether anything is. Under one lock, so that news are told in the order of
    /// changes.
    pub(super) fn take(&self, change: impl FnOnce(&mut State) -> Vec<Event>) -> bool {
        let mut held = self.lock();
        let news = change(&mut held.state);
        let is_news = !news.is_empty();
        for event in news {
            if let Event::MessageCreated { data, .. } | Event::MessageUpdated { data, .. } = &event
                && data.sender_id == held.state.me()
                && let Some(Unsent { client_message_id, .. }) = held.outbox.told(data)
            {
                let message = Box::new(data.clone());
                self.say(Update::Sent { client_message_id, message });
            }
            self.say(Update::Event(event));
        }
        drop(held);
        self.wake.notify_one();
        is_news
    }

    /// The message of this name was acknowledged.
    pub(super) fn sent(&self, name: &str, message: Message) {
        let done = self.lock().outbox.done(name);
        if let Some(Unsent { client_message_id, .. }) = done {
            self.say(Update::Sent { client_message_id, message: Box::new(message.clone()) });
        }
        self.take(|state| state.sent(message));
    }

    /// A token that is asked for.
    pub(super) async fn new_token(&self) -> Result<String, Error> {
        token::ask(&*self.tokens, self.patience).await
    }

    pub(super) async fn http<A: DeserializeOwned>(&self, call: &Call<A>) -> Result<A, Error> {
        let token = self.lock().token.clone();
        match self.http_with(&token, call).await {
            // Its time may be over: while no connection can be had, nobody else asks for another.
            Err(error @ Error::Gateway { status: 401 | 403, .. }) => {
                let other = self.new_token().await?;
                if other == token {
                    return Err(error);
                }
                self.lock().token.clone_from(&other);
                self.http_with(&other, call).await
            }
            answer => answer,
        }
    }

    async fn http_with<A: DeserializeOwned>(&self, token: &str, call: &Call<A>) -> Result<A, Error> {
        let Some((method, path, body)) = call.as_http() else { return Err(Error::NotConnected) };
        let (status, answer) = self.http.with_token(token).call(method, &path, body.as_ref()).await?;
        if (200..300).contains(&status) {
            return serde_json::from_value(answer).map_err(Error::Unexpected);
        }
        if answer.get("code").is_some() {
            return Err(serde_json::from_value::<Problem>(answer).map_err(Error::Unexpected)?.into());
        }
        let message = answer["message"].as_str().unwrap_or_default().to_owned();
        Err(Error::Gateway { status, message })
    }
}
