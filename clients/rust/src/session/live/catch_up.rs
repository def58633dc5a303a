//! When to ask for what was missed, one request at a time.

use super::back_off;
use super::pending_reply::PendingReply;
use crate::documents::Inbox;
use crate::session::Options;
use crate::session::shared::Shared;
use crate::state::{CatchUpRequest, State};
use crate::{Error, random};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// From so many requests in a row on, an answer that brings nothing new delays the next request.
const MAX_EAGER_REQUESTS: u32 = 10;

/// What [`CatchUp::next_step`] says to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is nothing to do now.
    Wait,
    /// Everything that was missed is there: report it.
    ReportCaughtUp,
    Send(CatchUpRequest),
}

/// A page of the inbox, and the cursor that it was asked for with.
pub(super) type InboxReply = (Option<String>, Result<Inbox, Error>);

/// The timers of catching up, and the page of the inbox that is asked for over HTTP. What is missing is in [`State`].
pub(super) struct CatchUp {
    max_gap_wait: Duration,
    request_timeout: Duration,
    /// Until then the event before a gap may come by itself. None while there is no gap.
    gap_until: Option<Instant>,
    /// Nothing is asked before this, because requests failed or brought nothing new.
    not_before: Instant,
    /// Requests since everything was there.
    requests_in_a_row: u32,
    inbox_page: PendingReply<InboxReply>,
}

impl CatchUp {
    pub(super) fn new(options: &Options, now: Instant) -> Self {
        Self {
            max_gap_wait: options.max_gap_wait,
            request_timeout: options.request_timeout,
            gap_until: None,
            not_before: now,
            requests_in_a_row: 0,
            inbox_page: PendingReply::none(),
        }
    }

    /// Starts, stops or ends the wait for the events that would close a gap. When it ends, what is missing has to be
    /// asked for; the next wait is as long as that request may take.
    pub(super) fn watch_gap(&mut self, state: &mut State, now: Instant) {
        match (state.has_gap(), self.gap_until) {
            (true, None) => self.gap_until = Some(now + random::up_to(self.max_gap_wait)),
            (true, Some(until)) if now >= until => {
                state.mark_gaps_behind();
                self.gap_until = Some(now + self.request_timeout);
            }
            (false, _) => self.gap_until = None,
            (true, Some(_)) => {}
        }
    }

    /// What to do now. `is_syncing`: a sync has no reply yet.
    pub(super) fn next_step(&mut self, state: &State, is_syncing: bool, now: Instant) -> Step {
        if is_syncing || self.inbox_page.is_pending() {
            return Step::Wait;
        }
        match state.next_request() {
            Some(_) if now < self.not_before => Step::Wait,
            Some(request) => {
                self.requests_in_a_row += 1;
                Step::Send(request)
            }
            None if self.requests_in_a_row > 0 => {
                self.requests_in_a_row = 0;
                Step::ReportCaughtUp
            }
            None => Step::Wait,
        }
    }

    /// Asks for a page of the inbox, over HTTP.
    pub(super) fn request_inbox_page(&mut self, shared: Arc<Shared>, cursor: Option<String>) {
        self.inbox_page.start(Box::pin(async move {
            let page = shared.http(&CatchUpRequest::inbox_call(cursor.as_deref())).await;
            (cursor, page)
        }));
    }

    /// Waits for the page that was asked for; for ever if none was.
    pub(super) async fn wait_inbox_page(&mut self) -> InboxReply {
        self.inbox_page.wait().await
    }

    /// An answer brought nothing new. After many in a row, the missing change is probably being stored, which takes
    /// time.
    pub(super) fn slow_down(&mut self, now: Instant) {
        if self.requests_in_a_row >= MAX_EAGER_REQUESTS {
            self.delay(Duration::ZERO, now);
        }
    }

    /// A request failed. The next one waits for the back-off, and for `retry_after`.
    pub(super) fn delay(&mut self, retry_after: Duration, now: Instant) {
        self.not_before = now + back_off::wait(self.requests_in_a_row, retry_after);
    }

    /// When to look again at a gap; None while there is no gap.
    pub(super) fn gap_until(&self) -> Option<Instant> {
        self.gap_until
    }

    /// When the next request may be sent, if a delay is what it waits for.
    pub(super) fn delayed_until(&self, state: &State, now: Instant) -> Option<Instant> {
        let is_delayed = state.is_behind() && !self.inbox_page.is_pending() && self.not_before > now;
        is_delayed.then_some(self.not_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Chat, InboxEntry, Settings};
    use crate::events::Event;
    use serde_json::json;

    fn catch_up(now: Instant) -> CatchUp {
        CatchUp::new(&Options::new("http://host", "ws://host"), now)
    }

    fn empty_page() -> Inbox {
        Inbox { chats: Vec::new(), cursor: None }
    }

    fn chat() -> Chat {
        serde_json::from_value(json!({"chatId": "c", "isGroup": false, "participants": ["alice", "bob"],
            "participantCount": 2, "admins": [], "createdBy": "bob", "createdAt": "2026-11-24T08:00:00.000Z", "seq": 1,
            "rev": 0, "floor": 0}))
        .unwrap()
    }

    /// A state that holds a chat up to seq 1 and gets its message 3.
    fn state_with_gap() -> State {
        let mut state = State::new("alice");
        let entry = InboxEntry {
            chat: chat(),
            last_message: None,
            read_seq: 1,
            unread_count: 0,
            settings: Settings::default(),
            blocked: false,
            user: None,
        };
        state.apply_inbox_page(None, Inbox { chats: vec![entry], cursor: None });
        let message = json!({"messageId": "c:3", "chatId": "c", "seq": 3, "senderId": "bob", "type": "text",
            "content": "", "seenBy": [], "deletedFor": [], "createdAt": "2026-11-24T08:00:00.000Z", "rev": 0});
        state.apply_event(Event::message_created(serde_json::from_value(message).unwrap()));
        state
    }

    #[test]
    fn one_request_at_a_time_until_caught_up_is_reported_once() {
        let now = Instant::now();
        let (mut catch_up, mut state) = (catch_up(now), State::new("alice"));
        assert_eq!(catch_up.next_step(&state, true, now), Step::Wait);
        assert_eq!(catch_up.next_step(&state, false, now), Step::Send(CatchUpRequest::Inbox(None)));
        state.apply_inbox_page(None, empty_page());
        assert_eq!(catch_up.next_step(&state, false, now), Step::ReportCaughtUp);
        assert_eq!(catch_up.next_step(&state, false, now), Step::Wait);
    }

    #[test]
    fn failed_request_delays_the_next_one() {
        let now = Instant::now();
        let (mut catch_up, state) = (catch_up(now), State::new("alice"));
        catch_up.next_step(&state, false, now);
        catch_up.delay(Duration::from_secs(1), now);
        let delayed_until = catch_up.delayed_until(&state, now).unwrap();
        assert!(delayed_until >= now + Duration::from_secs(1));
        assert_eq!(catch_up.next_step(&state, false, now), Step::Wait);
        assert!(matches!(catch_up.next_step(&state, false, delayed_until), Step::Send(_)));
    }

    #[test]
    fn only_many_answers_in_a_row_without_news_delay_the_next_request() {
        let now = Instant::now();
        let (mut catch_up, state) = (catch_up(now), State::new("alice"));
        for _ in 1..MAX_EAGER_REQUESTS {
            catch_up.next_step(&state, false, now);
            catch_up.slow_down(now);
        }
        assert_eq!(catch_up.not_before, now);
        catch_up.next_step(&state, false, now);
        catch_up.slow_down(now);
        assert!(catch_up.not_before > now);
    }

    #[test]
    fn gap_that_stays_open_is_asked_for() {
        let now = Instant::now();
        let (mut catch_up, mut state) = (catch_up(now), state_with_gap());
        catch_up.watch_gap(&mut state, now);
        let until = catch_up.gap_until().unwrap();
        assert!(until <= now + Duration::from_millis(300));
        assert!(!state.is_behind());
        catch_up.watch_gap(&mut state, until);
        assert!(state.is_behind());
        assert_eq!(catch_up.gap_until(), Some(until + Duration::from_secs(10)));
    }

    #[test]
    fn gap_that_closes_is_forgotten() {
        let now = Instant::now();
        let mut catch_up = catch_up(now);
        catch_up.watch_gap(&mut state_with_gap(), now);
        catch_up.watch_gap(&mut State::new("alice"), now);
        assert_eq!(catch_up.gap_until(), None);
    }
}
