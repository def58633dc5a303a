//! What the handles of a client share with its background task.

use super::{ConnectionStatus, Update};
use crate::Error;
use crate::call::Call;
use crate::documents::Message;
use crate::events::Event;
use crate::outbox::{Outbox, UnsentMessage};
use crate::problem::Problem;
use crate::state::State;
use crate::token::{self, TokenSource};
use crate::transfer::Transfer;
use crate::wire::HttpClient;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// A request to send over the socket, and where its reply goes.
pub(super) struct SocketRequest {
    pub(super) action: &'static str,
    pub(super) fields: Value,
    pub(super) reply: oneshot::Sender<Result<Value, Error>>,
}

/// What a client holds and has to send. One lock guards it.
pub(super) struct ClientData {
    pub(super) state: State,
    pub(super) outbox: Outbox,
    pub(super) status: ConnectionStatus,
    /// The newest token.
    pub(super) token: String,
}

/// What the handles of a client share with its background task.
pub(super) struct Shared {
    pub(super) http: HttpClient,
    pub(super) transfer: Transfer,
    pub(super) tokens: Arc<dyn TokenSource>,
    pub(super) token_timeout: Duration,
    pub(super) data: Mutex<ClientData>,
    pub(super) updates: mpsc::UnboundedSender<Update>,
    /// Wakes the background task: there is something to send or to ask.
    pub(super) wake: Notify,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, ClientData> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self, update: Update) {
        // The application may have dropped the receiver.
        let _ = self.updates.send(update);
    }

    /// Changes the state, and reports the events that result. Returns whether there are any. One lock is held all the
    /// time, so events are reported in the order of the changes.
    pub(super) fn update_state(&self, change: impl FnOnce(&mut State) -> Vec<Event>) -> bool {
        let mut data = self.lock();
        let events = change(&mut data.state);
        let has_events = !events.is_empty();
        for event in events {
            if let Event::MessageCreated { data: message, .. } | Event::MessageUpdated { data: message, .. } = &event
                && message.sender_id == data.state.me()
                && let Some(UnsentMessage { client_message_id, .. }) = data.outbox.confirm(message)
            {
                let message = Box::new(message.clone());
                self.report(Update::Sent { client_message_id, message });
            }
            self.report(Update::Event(event));
        }
        drop(data);
        self.wake.notify_one();
        has_events
    }

    /// Handles the acknowledgement of a message.
    pub(super) fn acknowledge(&self, client_message_id: &str, message: Message) {
        let removed = self.lock().outbox.remove(client_message_id);
        if let Some(UnsentMessage { client_message_id, .. }) = removed {
            self.report(Update::Sent { client_message_id, message: Box::new(message.clone()) });
        }
        self.update_state(|state| state.apply_sent_message(message));
    }

    pub(super) async fn new_token(&self) -> Result<String, Error> {
        token::fetch(&*self.tokens, self.token_timeout).await
    }

    /// Sends a request over HTTP. If the token is refused, sends it once more with a new one.
    pub(super) async fn http<A: DeserializeOwned>(&self, call: &Call<A>) -> Result<A, Error> {
        let token = self.lock().token.clone();
        match self.http_with(&token, call).await {
            // The token may have expired: without a connection, nothing else gets a new one.
            Err(error @ Error::Gateway { status: 401 | 403, .. }) => {
                let new_token = self.new_token().await?;
                if new_token == token {
                    return Err(error);
                }
                self.lock().token.clone_from(&new_token);
                self.http_with(&new_token, call).await
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
