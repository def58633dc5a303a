//! The order in which requests commit to one chat. A request commits at once as long as nobody else does. Requests that
//! conflict queue up, so that each commits once, after the one before it. See [`queue`](crate::queue).

use super::error::ChatError;
use crate::chat::Head;
use crate::ids::ChatId;
use crate::ports::{Conflict, Env, WriteQueue};
use crate::queue::{QueueState, Ticket};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use error_text::error_chain;
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;

/// How long the queue waits for the holder of one ticket. After that, the next one goes ahead: so a holder who died
/// delays the others by this much. Passing a turn on has the same limit, because nobody waits for it any longer.
pub(super) const MAX_TURN: Duration = Duration::from_millis(100);
/// How many dead holders in a row are waited for that long. Each further one costs [`MIN_POLL_WAIT`], so that the
/// tickets of many requests that gave up are passed soon.
const MAX_FULL_TURNS: u32 = 10;
/// The longest wait for a queue in which nothing moves. A request still has time to commit after it.
const MAX_STANDSTILL: Duration = Duration::from_secs(3);
/// About how long one commit takes once the one before it is visible. A request looks at the head again when it expects
/// its turn, so it looks more often the closer it gets. The number does not follow what was measured: if everybody
/// looked later because the queue was slow, the queue would stay slow.
const TURN: Duration = Duration::from_millis(8);
/// The shortest wait before a request looks at the head again.
const MIN_POLL_WAIT: Duration = Duration::from_millis(2);
/// A holder who finds at least this many tickets ahead reports a crowd. With fewer, taking tickets first would be
/// slower than an occasional conflict.
const CROWD: u32 = 2;

/// The turn of one request.
#[derive(Debug)]
pub(super) struct Turn {
    standing: Standing,
    ticket: Option<Ticket>,
    has_met_crowd: bool,
    has_conflicted: bool,
    has_been_outdated: bool,
    /// Whether it has been the turn of the request's ticket.
    has_been_next: bool,
    has_committed: bool,
    /// The last served ticket that this request knows of, and since when.
    served: Ticket,
    served_since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The request commits at once, unless the head shows a crowd.
    New,
    /// The request has to wait for its turn.
    Queued {
        /// Whether the head has changed since the request read it.
        is_head_outdated: bool,
    },
    /// It is the request's turn.
    Next,
}

/// What the next try is planned from.
pub(super) enum NextTry {
    /// What was read, with this head. If more may have changed, everything is read again.
    Head(Head),
    /// What was read; the turn brings a new head.
    Unchanged,
    /// Everything is read again.
    ReadAgain,
}

/// How long a holder with so many tickets ahead waits while the queue does not move. It grows with the tickets, so that
/// the first holder who is alive goes ahead, and the others see that.
fn patience(ahead: u32) -> Duration {
    let full = MAX_TURN.saturating_mul(ahead.min(MAX_FULL_TURNS));
    let further = MIN_POLL_WAIT.saturating_mul(ahead.saturating_sub(MAX_FULL_TURNS));
    full.saturating_add(further).min(MAX_STANDSTILL)
}

/// Runs a request that commits to `chat` at most once, and returns what it returns. If it leaves without a commit when
/// it is its turn, the next one does not have to wait for it.
pub(super) async fn in_turn<T>(
    store: &impl WriteQueue,
    env: &impl Env,
    chat: &ChatId,
    request: impl AsyncFnOnce(&mut Turn) -> T,
) -> T {
    let mut turn = Turn::new(env);
    let outcome = request(&mut turn).await;
    turn.pass_on(store, env, chat).await;
    outcome
}

impl Turn {
    /// The turn of a request that has just begun.
    fn new(env: &impl Env) -> Self {
        Self {
            standing: Standing::New,
            ticket: None,
            has_met_crowd: false,
            has_conflicted: false,
            has_been_outdated: false,
            has_been_next: false,
            has_committed: false,
            served: Ticket(0),
            served_since: env.now(),
        }
    }

    /// Waits until the request may commit what it has planned from `head`: at once, unless others are in the way. None
    /// if it may commit. A head if there is a later one: it is the request's turn, but the commit has to be planned
    /// again.
    pub(super) async fn wait<R>(
        &mut self,
        store: &impl WriteQueue,
        retry: &mut Retry<'_, impl Env>,
        chat: &ChatId,
        head: &Head,
    ) -> Result<Option<Head>, ChatError<R>> {
        let mut is_outdated = match self.standing {
            Standing::Next => return Ok(None),
            Standing::New if !head.is_crowded(retry.now()) => return Ok(None),
            Standing::New => false,
            Standing::Queued { is_head_outdated } => is_head_outdated,
        };
        let ticket = match self.ticket {
            Some(ticket) => ticket,
            None => {
                let Some(ticket) = self.take_ticket(store, retry, chat, head).await? else {
                    self.standing = Standing::Next;
                    return Ok(Some(store.head(chat).await?.ok_or(ChatError::NotFound)?));
                };
                ticket
            }
        };
        self.note_served(head.queue, retry.now());
        let mut latest = None;
        loop {
            let ahead = self.ahead_of(ticket);
            let patience = patience(ahead).saturating_sub(retry.now().since(self.served_since));
            if !is_outdated && patience.is_zero() {
                self.standing = Standing::Next;
                self.has_been_next = true;
                return Ok(latest);
            }
            let expected = match ahead {
                0 => Duration::ZERO,
                _ => TURN.saturating_mul(ahead.saturating_sub(1)).max(MIN_POLL_WAIT),
            };
            if !retry.pause(expected.min(patience)).await {
                return Err(ChatError::Busy);
            }
            let polled = store.head(chat).await?.ok_or(ChatError::NotFound)?;
            self.note_served(polled.queue, retry.now());
            latest = Some(polled);
            is_outdated = false;
        }
    }

    /// Takes a ticket. None if that failed: since the ticket only paces, the request waits as after any conflict and
    /// tries without one.
    async fn take_ticket<R>(
        &mut self,
        store: &impl WriteQueue,
        retry: &mut Retry<'_, impl Env>,
        chat: &ChatId,
        head: &Head,
    ) -> Result<Option<Ticket>, ChatError<R>> {
        match store.take_ticket(chat, head.queue.served, retry.now()).await {
            Ok(ticket) => {
                self.ticket = Some(ticket);
                self.served_since = retry.now();
                self.has_met_crowd = head.queue.ahead_of(ticket) >= CROWD;
                Ok(Some(ticket))
            }
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "a request tries to commit without a ticket");
                if retry.again().await { Ok(None) } else { Err(ChatError::Busy) }
            }
        }
    }

    fn note_served(&mut self, queue: QueueState, now: Timestamp) {
        if queue.served > self.served {
            (self.served, self.served_since) = (queue.served, now);
        }
    }

    /// What a commit on `head` writes of the queue into the head; None if the queue stays as it is. A request without a
    /// ticket only ends a crowd of long ago. Otherwise its own commit would make that look like a crowd of now.
    pub(super) fn queue_after(&self, head: &Head, now: Timestamp) -> Option<QueueState> {
        let is_over = head.queue.is_crowded && !head.is_crowded(now);
        match self.ticket {
            Some(ticket) => {
                let served = ticket.max(head.queue.served);
                Some(QueueState { served, is_crowded: self.has_met_crowd })
            }
            None => is_over.then_some(QueueState { is_crowded: false, ..head.queue }),
        }
    }

    /// Notes that the request has committed, and so has served its ticket.
    pub(super) fn note_commit(&mut self) {
        self.has_committed = true;
    }

    /// Passes the turn on if the request leaves without a commit. A request that gives up while others are ahead of it
    /// does not: its ticket would also serve theirs. A failure costs the next one [`MAX_TURN`], and nothing else.
    async fn pass_on(self, store: &impl WriteQueue, env: &impl Env, chat: &ChatId) {
        let Some(ticket) = self.ticket.filter(|_| !self.has_committed) else { return };
        if !self.has_been_next && self.ahead_of(ticket) > 0 {
            return;
        }
        match select(pin!(store.pass_on(chat, ticket)), pin!(env.sleep(MAX_TURN))).await {
            Either::Left((Ok(()), _)) => {}
            Either::Left((Err(error), _)) => {
                tracing::warn!(error = error_chain(&error), "a request did not pass its turn on");
            }
            Either::Right(((), _)) => tracing::warn!("a request did not pass its turn on in time"),
        }
    }

    /// How many tickets come before `ticket`, as far as this request knows.
    fn ahead_of(&self, ticket: Ticket) -> u32 {
        QueueState { served: self.served, is_crowded: false }.ahead_of(ticket)
    }

    /// Notes that a commit conflicted with another transaction, and returns what the next try is planned from.
    pub(super) async fn after<R>(
        &mut self,
        retry: &mut Retry<'_, impl Env>,
        conflict: Conflict,
    ) -> Result<NextTry, ChatError<R>> {
        let is_first = !std::mem::replace(&mut self.has_conflicted, true);
        self.has_met_crowd |= self.ticket.is_some();
        let (has_time, next) = match conflict {
            Conflict::HeadChanged(head) => {
                self.note_served(head.queue, retry.now());
                // Two requests that meet by chance need no queue: the second one has the head that it needs.
                let may_try_again = is_first && self.ticket.is_none() && !head.is_crowded(retry.now());
                self.standing =
                    if may_try_again { Standing::Next } else { Standing::Queued { is_head_outdated: false } };
                (retry.again_at_once(), NextTry::Head(head))
            }
            Conflict::InProgress => {
                self.standing = Standing::Queued { is_head_outdated: true };
                // Taking the ticket is wait enough. Who has one is next: it only waits for that transaction to end.
                let has_time = match self.ticket {
                    None => retry.again_at_once(),
                    Some(_) => retry.again_within(TURN).await,
                };
                (has_time, NextTry::Unchanged)
            }
            Conflict::Outdated => {
                self.standing = if self.ticket.is_some() { Standing::Next } else { Standing::New };
                // A ticket holder keeps the others waiting, and has waited itself: so its state may just be old.
                let is_first = !std::mem::replace(&mut self.has_been_outdated, true);
                let has_time =
                    if is_first && self.ticket.is_some() { retry.again_at_once() } else { retry.again().await };
                (has_time, NextTry::ReadAgain)
            }
        };
        if has_time { Ok(next) } else { Err(ChatError::Busy) }
    }
}
