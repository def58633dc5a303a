//! A connection while it lasts. [`Live`] has the loop. Its parts have the timers, and can be read alone:
//!
//! - [`Requests`]: what was sent and has no reply yet, ids, time-outs. `failed_send` says which messages are sent
//!   again.
//! - [`CatchUp`]: when to ask for what was missed.
//! - [`Heartbeat`]: when to send a ping, and when a silence is too long.
//! - [`Renewal`] and [`FormerConnection`]: the next connection, and the one before.

mod back_off;
mod catch_up;
mod failed_send;
mod heartbeat;
mod pending_reply;
mod renewal;
mod requests;

use super::connection::Connection;
use super::context::Context;
use super::{Task, Update};
use crate::documents::{Inbox, MessageAnswer, SyncAnswer};
use crate::events::Event;
use crate::problem::Code;
use crate::state::CatchUpRequest;
use crate::{Error, call};
use catch_up::{CatchUp, Step};
use futures_util::future::BoxFuture;
use heartbeat::Heartbeat;
use renewal::{FormerConnection, Renewal};
use requests::{Requests, Waiter, parse, read_reply};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

/// Why a connection is not served any more.
pub(super) enum End {
    AllHandlesDropped,
    ConnectionLost(Error),
}

/// A connection with its requests and timers.
pub(super) struct Live<'a> {
    context: &'a mut Context,
    connection: Connection,
    connected_at: Instant,
    requests: Requests,
    catch_up: CatchUp,
    heartbeat: Heartbeat,
    renewal: Renewal,
    former: FormerConnection,
}

impl<'a> Live<'a> {
    pub(super) fn new(context: &'a mut Context, connection: Connection) -> Self {
        let now = Instant::now();
        context.shared.lock().token.clone_from(&connection.token);
        let options = &context.options;
        Self {
            requests: Requests::new(options.request_timeout),
            catch_up: CatchUp::new(options, now),
            heartbeat: Heartbeat::new(options, now),
            renewal: Renewal::new(connection.renew_at),
            former: FormerConnection::none(),
            context,
            connection,
            connected_at: now,
        }
    }

    /// Whether it lasted so long that connecting again begins with the first wait.
    pub(super) fn has_lasted(&self) -> bool {
        self.connected_at.elapsed() >= self.context.options.max_wait
    }

    /// Takes the next connection out, if it is being opened: it goes on when this one is lost.
    pub(super) fn take_connecting(&mut self) -> Option<BoxFuture<'static, Result<Connection, Error>>> {
        self.renewal.take_connecting()
    }

    /// Serves the connection until it is lost, or all handles are dropped.
    pub(super) async fn serve(&mut self) -> End {
        loop {
            let wake_at = match self.do_due_work() {
                Ok(wake_at) => wake_at,
                Err(error) => return End::ConnectionLost(error),
            };
            let shared = self.context.shared.clone();
            let result = tokio::select! {
                frame = self.connection.next() => match frame {
                    Ok(frame) => self.receive(frame),
                    Err(error) => Err(error.into()),
                },
                frame = self.former.next() => {
                    if let Some(frame) = frame {
                        // If the system closes it, there is a new connection already.
                        drop(self.receive(frame));
                    }
                    Ok(())
                }
                connected = self.renewal.wait() => { self.finish_renewal(connected); Ok(()) }
                (cursor, page) = self.catch_up.wait_inbox_page() => {
                    self.receive_inbox_page(cursor.as_deref(), page);
                    Ok(())
                }
                request = self.context.socket_requests.recv() => match request {
                    Some(request) => self.send_request(request.action, request.fields, Waiter::Handle(request.reply)),
                    None => return End::AllHandlesDropped,
                },
                () = shared.wake.notified() => Ok(()),
                () = sleep_until(wake_at) => Ok(()),
            };
            if let Err(error) = result {
                return End::ConnectionLost(error);
            }
        }
    }

    /// Does what is due. Returns when something else is due at the latest.
    ///
    /// # Errors
    /// The connection is lost.
    fn do_due_work(&mut self) -> Result<Instant, Error> {
        let now = Instant::now();
        self.give_up_timed_out(now)?;
        self.send_messages(now)?;
        self.catch_up(now)?;
        self.renewal.start_if_due(now, || self.context.connect());
        self.former.close_if_due(now);
        if self.heartbeat.is_ping_due(now)
            && let Some((action, fields)) = call::ping().as_frame()
        {
            self.send_request(action, fields, Waiter::Ping)?;
        }
        let mut data = self.context.shared.lock();
        let is_watched = !data.state.visible().is_empty();
        if is_watched && self.heartbeat.is_silent(now) && !data.state.is_behind() {
            // The last event before a silence can be lost without a trace.
            data.state.mark_behind();
            self.heartbeat.restart_silence(now);
            self.context.shared.wake.notify_one();
        }
        let silent_at = (is_watched && !data.state.is_behind()).then_some(self.heartbeat.silent_at());
        let timers = [
            silent_at,
            self.catch_up.delayed_until(&data.state, now),
            self.catch_up.gap_until(),
            data.outbox.next_due().map(Instant::from_std),
            self.requests.next_timeout(),
            self.renewal.due_at(),
            self.former.close_at(),
        ];
        Ok(timers.into_iter().flatten().fold(self.heartbeat.ping_at(), Instant::min))
    }

    /// Gives up the requests that timed out.
    ///
    /// # Errors
    /// A ping timed out: the connection is lost.
    fn give_up_timed_out(&mut self, now: Instant) -> Result<(), Error> {
        for waiter in self.requests.take_timed_out(now) {
            if matches!(waiter, Waiter::Ping) {
                return Err(Error::NoAnswer);
            }
            self.fail(waiter, Error::NoAnswer);
            self.heartbeat.ping_soon(now);
        }
        Ok(())
    }

    fn send_messages(&mut self, now: Instant) -> Result<(), Error> {
        loop {
            let Some(unsent) = self.context.shared.lock().outbox.start_next(now.into_std()) else { return Ok(()) };
            let call = call::send_message(&unsent.chat, &unsent.draft, &unsent.client_message_id);
            if let Some((action, fields)) = call.as_frame() {
                self.send_request(action, fields, Waiter::Message(unsent.client_message_id))?;
            }
        }
    }

    fn catch_up(&mut self, now: Instant) -> Result<(), Error> {
        let step = {
            let state = &mut self.context.shared.lock().state;
            self.catch_up.watch_gap(state, now);
            self.catch_up.next_step(state, self.requests.has_sync(), now)
        };
        match step {
            Step::Wait => {}
            Step::ReportCaughtUp => self.context.shared.report(Update::CaughtUp),
            Step::Send(CatchUpRequest::Inbox(cursor)) => {
                self.catch_up.request_inbox_page(self.context.shared.clone(), cursor);
            }
            Step::Send(CatchUpRequest::Sync(sync)) => {
                if let Some((action, fields)) = CatchUpRequest::sync_call(&sync).as_frame() {
                    self.send_request(action, fields, Waiter::Sync(sync))?;
                }
            }
        }
        Ok(())
    }

    fn send_request(&mut self, action: &str, fields: Value, waiter: Waiter) -> Result<(), Error> {
        let now = Instant::now();
        self.heartbeat.restart_ping(now);
        let frame = self.requests.add(action, fields, waiter, now);
        self.connection.send(&frame)
    }

    /// Takes a frame: an event, a reply, or API Gateway's frame about a function that failed.
    ///
    /// # Errors
    /// The system closes the connection that the frame came over.
    fn receive(&mut self, frame: Value) -> Result<(), Error> {
        self.heartbeat.restart_silence(Instant::now());
        if frame.get("event").is_some() {
            match serde_json::from_value::<Event>(frame) {
                Ok(Event::ConnectionClosing { data }) => return Err(Error::Closing(Box::new(data))),
                Ok(event) => drop(self.context.shared.update_state(|state| state.apply_event(event))),
                // A later server may have events that this client does not know: it ignores them.
                Err(_) => {}
            }
            return Ok(());
        }
        match self.requests.take(&frame) {
            Some(waiter) => self.receive_reply(waiter, frame),
            None => Ok(()),
        }
    }

    /// Passes a reply to its waiter.
    ///
    /// # Errors
    /// The token of the connection has expired.
    fn receive_reply(&mut self, waiter: Waiter, reply: Value) -> Result<(), Error> {
        match read_reply(reply) {
            Ok(data) => self.receive_data(waiter, data),
            Err(Error::Refused(problem)) if problem.code == Code::TokenExpired => {
                // The request is sent again over another connection, with another token.
                self.fail(waiter, Error::NotConnected);
                return Err(Error::Refused(problem));
            }
            Err(error) => self.fail(waiter, error),
        }
        Ok(())
    }

    fn receive_data(&mut self, waiter: Waiter, data: Value) {
        match waiter {
            Waiter::Handle(reply) => drop(reply.send(Ok(data))),
            Waiter::Message(ref client_message_id) => match parse::<MessageAnswer>(data) {
                Ok(answer) => self.context.shared.acknowledge(client_message_id, answer.message),
                Err(error) => self.fail(waiter, error),
            },
            Waiter::Sync(ref sync) => match parse::<SyncAnswer>(data) {
                Ok(answer) => {
                    if !self.context.shared.update_state(|state| state.apply_sync(sync, answer)) {
                        self.catch_up.slow_down(Instant::now());
                    }
                }
                Err(error) => self.fail(waiter, error),
            },
            Waiter::Ping => {}
        }
    }

    /// Handles a request that failed, or whose reply cannot be read.
    fn fail(&mut self, waiter: Waiter, error: Error) {
        match waiter {
            Waiter::Handle(reply) => drop(reply.send(Err(error))),
            Waiter::Message(client_message_id) => self.fail_send(&client_message_id, error),
            Waiter::Sync(_) => self.fail_catch_up(error),
            Waiter::Ping => {}
        }
    }

    fn fail_send(&self, client_message_id: &str, error: Error) {
        let mut data = self.context.shared.lock();
        let now = Instant::now().into_std();
        if let Some(unsent) = failed_send::retry_or_give_up(&mut data.outbox, client_message_id, &error, now) {
            let (unsent, error) = (Box::new(unsent), Box::new(error));
            self.context.shared.report(Update::NotSent { unsent, error });
        }
    }

    fn fail_catch_up(&mut self, error: Error) {
        self.catch_up.delay(error.retry_after(), Instant::now());
        self.report_failure(Task::CatchUp, error);
    }

    fn report_failure(&self, task: Task, error: Error) {
        // A missing connection is reported by Update::Connection.
        if !matches!(error, Error::NotConnected) {
            self.context.shared.report(Update::Failed { task, error: Box::new(error) });
        }
    }

    fn receive_inbox_page(&mut self, cursor: Option<&str>, page: Result<Inbox, Error>) {
        match page {
            Ok(page) => {
                self.context.shared.update_state(|state| state.apply_inbox_page(cursor, page));
            }
            Err(error) => self.fail_catch_up(error),
        }
    }

    /// Goes over to the new connection: later requests are sent there, and the former connection still brings replies.
    /// If there is no new connection, the present one goes on.
    fn finish_renewal(&mut self, connected: Result<Connection, Error>) {
        let now = Instant::now();
        let options = &self.context.options;
        match connected {
            Ok(connection) => {
                self.context.shared.lock().token.clone_from(&connection.token);
                self.renewal.succeed(connection.renew_at);
                let former = std::mem::replace(&mut self.connection, connection);
                self.requests.forget_pings();
                self.former.keep(former, now + options.request_timeout);
            }
            Err(error) => {
                self.renewal.fail(now, options);
                self.report_failure(Task::Renew, error);
            }
        }
    }
}
