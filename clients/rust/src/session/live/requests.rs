//! The requests that were sent over the socket and have no reply yet.

use crate::Error;
use crate::problem::Problem;
use crate::state::PendingSync;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Who waits for a reply.
#[derive(Debug)]
pub(super) enum Waiter {
    /// A handle of the client.
    Handle(oneshot::Sender<Result<Value, Error>>),
    /// The outbox, with the message of this clientMessageId.
    Message(String),
    Sync(PendingSync),
    Ping,
}

struct PendingRequest {
    waiter: Waiter,
    times_out_at: Instant,
}

/// The requests that have no reply yet, by their ids.
pub(super) struct Requests {
    timeout: Duration,
    /// The number in the last id.
    last_id: u64,
    pending: BTreeMap<String, PendingRequest>,
}

impl Requests {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, last_id: 0, pending: BTreeMap::new() }
    }

    /// Adds a request that is sent now. Returns its frame: the fields, the action and a new id.
    pub(super) fn add(&mut self, action: &str, fields: Value, waiter: Waiter, now: Instant) -> Value {
        self.last_id += 1;
        let id = format!("c{}", self.last_id);
        let mut frame = fields;
        frame["action"] = json!(action);
        frame["id"] = json!(id);
        self.pending.insert(id, PendingRequest { waiter, times_out_at: now + self.timeout });
        frame
    }

    /// Removes the request that a frame replies to. None if it replies to no request that is pending. API Gateway's
    /// frame about a function that failed names no request: that request times out.
    pub(super) fn take(&mut self, reply: &Value) -> Option<Waiter> {
        let id = reply.get("id")?.as_str()?;
        self.pending.remove(id).map(|request| request.waiter)
    }

    /// Removes the requests that had their time.
    pub(super) fn take_timed_out(&mut self, now: Instant) -> Vec<Waiter> {
        self.pending
            .extract_if(.., |_, request| now >= request.times_out_at)
            .map(|(_, request)| request.waiter)
            .collect()
    }

    /// When the next request times out; None if none is pending.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.pending.values().map(|request| request.times_out_at).min()
    }

    pub(super) fn has_sync(&self) -> bool {
        self.pending.values().any(|request| matches!(request.waiter, Waiter::Sync(_)))
    }

    /// Forgets pings. They went over a connection that is no longer the present one, so their time-outs would say
    /// nothing.
    pub(super) fn forget_pings(&mut self) {
        self.pending.retain(|_, request| !matches!(request.waiter, Waiter::Ping));
    }
}

/// What a reply brings: its data, or why it is refused.
///
/// # Errors
/// [`Error::Refused`], or [`Error::Unexpected`] if the refusal is no problem document.
pub(super) fn read_reply(mut reply: Value) -> Result<Value, Error> {
    if reply["ok"] == true {
        return Ok(reply["data"].take());
    }
    let problem: Problem = parse(reply["error"].take())?;
    Err(problem.into())
}

/// Reads the data of a reply.
///
/// # Errors
/// [`Error::Unexpected`] if it is of another type.
pub(super) fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(Error::Unexpected)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    #[test]
    fn each_request_has_its_own_id_and_its_reply_is_taken_once() {
        let now = Instant::now();
        let mut requests = Requests::new(TIMEOUT);
        let first = requests.add("sendMessage", json!({"content": "Hello"}), Waiter::Message("m-1".to_owned()), now);
        assert_eq!(first, json!({"content": "Hello", "action": "sendMessage", "id": "c1"}));
        let second = requests.add("ping", json!({}), Waiter::Ping, now);
        assert_eq!(second["id"], "c2");
        assert!(matches!(requests.take(&json!({"id": "c1", "ok": true})), Some(Waiter::Message(id)) if id == "m-1"));
        assert!(requests.take(&json!({"id": "c1", "ok": true})).is_none());
        assert!(requests.take(&json!({"message": "Internal server error"})).is_none());
        assert_eq!(requests.next_timeout(), Some(now + TIMEOUT));
    }

    #[test]
    fn only_requests_without_a_reply_in_time_time_out() {
        let start = Instant::now();
        let later = start + Duration::from_secs(4);
        let mut requests = Requests::new(TIMEOUT);
        requests.add("sendMessage", json!({}), Waiter::Message("m-1".to_owned()), start);
        requests.add("ping", json!({}), Waiter::Ping, later);
        assert!(requests.take_timed_out(later).is_empty());
        let timed_out = requests.take_timed_out(start + TIMEOUT);
        assert!(matches!(timed_out.as_slice(), [Waiter::Message(_)]), "{timed_out:?}");
        assert_eq!(requests.next_timeout(), Some(later + TIMEOUT));
    }

    #[test]
    fn pings_of_a_former_connection_are_forgotten_and_other_requests_are_not() {
        let now = Instant::now();
        let mut requests = Requests::new(TIMEOUT);
        requests.add("ping", json!({}), Waiter::Ping, now);
        requests.add("sendMessage", json!({}), Waiter::Message("m-1".to_owned()), now);
        requests.forget_pings();
        let pending = requests.take_timed_out(now + TIMEOUT);
        assert!(matches!(pending.as_slice(), [Waiter::Message(_)]), "{pending:?}");
    }

    #[test]
    fn reply_is_data_or_a_problem_or_unexpected() {
        assert_eq!(read_reply(json!({"ok": true, "data": {"pong": true}})).unwrap(), json!({"pong": true}));
        let problem = json!({"type": "urn:lambda-chat:conflict", "title": "", "status": 409, "detail": "",
            "code": "conflict", "retryable": true});
        assert!(matches!(read_reply(json!({"ok": false, "error": problem})), Err(Error::Refused(_))));
        assert!(matches!(read_reply(json!({"ok": false, "error": "no problem"})), Err(Error::Unexpected(_))));
    }
}
