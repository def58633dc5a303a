//! A connection while it lasts: what is sent over it, and what becomes of what comes.

use super::connection::Connection;
use super::run::{End, Session};
use super::shared::Ask;
use super::{Task, Update};
use crate::documents::{Inbox, MessageAnswer, SyncAnswer};
use crate::events::Event;
use crate::problem::{Code, Problem};
use crate::state::{Asked, Question};
use crate::{Error, call, random};
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

/// The first wait before something is asked or sent again is up to this; the next ones up to twice as long each.
const MAX_FIRST_WAIT: Duration = Duration::from_millis(200);
const MAX_WAIT: Duration = Duration::from_secs(10);
/// How often a message is tried over which the server fails, or says what cannot be read: nothing says that it will not
/// the next time.
const MAX_SERVER_FAILURES: u32 = 5;

/// A request that has no reply yet.
struct Pending {
    what: What,
    /// Until then it has time.
    until: Instant,
}

/// Who waits for the reply.
enum What {
    Handle(oneshot::Sender<Result<Value, Error>>),
    /// The message of this name.
    Message(String),
    Sync(Asked),
    Ping,
}

/// An answer from elsewhere than the socket.
type Answering<T> = Option<BoxFuture<'static, T>>;

/// A connection, and what is under way on it.
pub(super) struct Live<'a> {
    session: &'a mut Session,
    current: Connection,
    /// The one before, until the replies that it owes came or it is given up.
    former: Option<(Connection, Instant)>,
    renewal: Answering<Result<Connection, Error>>,
    /// When to try to renew.
    renew_at: Instant,
    renewals: u32,
    listing: Answering<(Option<String>, Result<Inbox, Error>)>,
    pending: BTreeMap<String, Pending>,
    requests: u64,
    heard: Instant,
    spoke: Instant,
    since: Instant,
    /// Until then what an event waits for may come by itself.
    gap_until: Option<Instant>,
    /// Nothing is asked before this, as answers did not come or brought nothing new.
    ask_at: Instant,
    /// Questions in a row.
    questions: u32,
}

impl<'a> Live<'a> {
    pub(super) fn new(session: &'a mut Session, current: Connection) -> Self {
        let now = Instant::now();
        session.shared.lock().token.clone_from(&current.token);
        Self {
            session,
            renew_at: current.renew_at,
            current,
            former: None,
            renewal: None,
            renewals: 0,
            listing: None,
            pending: BTreeMap::new(),
            requests: 0,
            heard: now,
            spoke: now,
            since: now,
            gap_until: None,
            ask_at: now,
            questions: 0,
        }
    }

    /// It lasted so long that what follows it is not another try of the same.
    pub(super) fn has_lasted(&self) -> bool {
        self.since.elapsed() >= self.session.options.longest_wait
    }

    /// Until it is lost, or nobody wants it any more.
    pub(super) async fn serve(&mut self) -> End {
        loop {
            let until = match self.work() {
                Ok(until) => until,
                Err(error) => return End::Lost(error),
            };
            let shared = self.session.shared.clone();
            let done = tokio::select! {
                frame = self.current.next() => match frame {
                    Ok(frame) => self.frame(frame),
                    Err(error) => Err(error.into()),
                },
                frame = next_of(&mut self.former) => {
                    match frame {
                        // That its token is over there is why there is another.
                        Some(frame) => drop(self.frame(frame)),
                        None => self.former = None,
                    }
                    Ok(())
                }
                renewed = answer(&mut self.renewal) => { self.renewed(renewed); Ok(()) }
                (cursor, page) = answer(&mut self.listing) => { self.listed(cursor.as_deref(), page); Ok(()) }
                ask = self.session.asked.recv() => match ask {
                    Some(ask) => self.ask(ask),
                    None => return End::Over,
                },
                () = shared.wake.notified() => Ok(()),
                () = sleep_until(until) => Ok(()),
            };
            if let Err(error) = done {
                return End::Lost(error);
            }
        }
    }

    /// Does what is due; when to look again at the latest.
    fn work(&mut self) -> Result<Instant, Error> {
        let now = Instant::now();
        self.give_up(now)?;
        self.send_messages(now)?;
        self.question(now)?;
        if self.renewal.is_none() && now >= self.renew_at {
            self.renewal = Some(self.session.connecting());
        }
        // It is left late: it may owe replies, and events to whom was looked up before the new one was known.
        if self.former.as_ref().is_some_and(|(_, until)| now >= *until) {
            self.former = None;
        }
        let options = &self.session.options;
        if now >= self.spoke + options.heartbeat {
            self.ping()?;
        }
        let mut held = self.session.shared.lock();
        let options = &self.session.options;
        let is_watched = !held.state.opened().is_empty();
        if is_watched && now >= self.heard + options.silence && !held.state.is_behind() {
            // The last event before a silence can be lost without a trace.
            held.state.missed();
            self.heard = now;
            self.session.shared.wake.notify_one();
        }
        let silence = (is_watched && !held.state.is_behind()).then_some(self.heard + options.silence);
        let asks = (held.state.is_behind() && self.listing.is_none()).then_some(self.ask_at);
        let due = held.outbox.due().map(Instant::from_std);
        let pending = self.pending.values().map(|pending| pending.until).min();
        let renew = self.renewal.is_none().then_some(self.renew_at);
        let former = self.former.as_ref().map(|(_, until)| *until);
        let heartbeat = Some(self.spoke + options.heartbeat);
        let all = [silence, asks.filter(|at| *at > now), due, pending, renew, former, heartbeat, self.gap_until];
        Ok(all.into_iter().flatten().min().unwrap_or(now + options.heartbeat))
    }

    /// Gives up what has had its time. A connection that answers not even a ping is none.
    fn give_up(&mut self, now: Instant) -> Result<(), Error> {
        let late: Vec<_> =
            self.pending.iter().filter(|(_, pending)| now >= pending.until).map(|(id, _)| id.clone()).collect();
        for id in late {
            match self.pending.remove(&id).map(|pending| pending.what) {
                Some(What::Ping) => return Err(Error::NoAnswer),
                Some(what) => self.undone(what, Error::NoAnswer),
                None => {}
            }
            // Is anybody there?
            self.spoke = now.checked_sub(self.session.options.heartbeat).unwrap_or(now);
        }
        Ok(())
    }

    fn send_messages(&mut self, now: Instant) -> Result<(), Error> {
        loop {
            let Some(unsent) = self.session.shared.lock().outbox.next(now.into_std()) else { return Ok(()) };
            let call = call::send_message(&unsent.chat, &unsent.draft, &unsent.client_message_id);
            if let Some((action, fields)) = call.as_frame() {
                self.request(action, fields, What::Message(unsent.client_message_id))?;
            }
        }
    }

    /// Asks for what was missed, one question at a time.
    fn question(&mut self, now: Instant) -> Result<(), Error> {
        let question = {
            let mut held = self.session.shared.lock();
            match (held.state.has_gap(), self.gap_until) {
                (true, None) => self.gap_until = Some(now + random::up_to(self.session.options.gap)),
                (true, Some(until)) if now >= until => {
                    held.state.missed_what_is_waited_for();
                    self.gap_until = Some(now + self.session.options.request);
                }
                (false, _) => self.gap_until = None,
                (true, Some(_)) => {}
            }
            let is_asking =
                self.listing.is_some() || self.pending.values().any(|pending| matches!(pending.what, What::Sync(_)));
            let question = held.state.question();
            if is_asking || (question.is_some() && now < self.ask_at) {
                return Ok(());
            }
            question
        };
        match question {
            None => {
                if self.questions > 0 {
                    self.questions = 0;
                    self.session.shared.say(Update::CaughtUp);
                }
                Ok(())
            }
            Some(Question::Inbox(cursor)) => {
                self.questions += 1;
                let shared = self.session.shared.clone();
                self.listing = Some(Box::pin(async move {
                    let page = shared.http(&Question::inbox(cursor.as_deref())).await;
                    (cursor, page)
                }));
                Ok(())
            }
            Some(Question::Sync(asked)) => {
                self.questions += 1;
                match Question::sync(&asked).as_frame() {
                    Some((action, fields)) => self.request(action, fields, What::Sync(asked)),
                    None => Ok(()),
                }
            }
        }
    }

    fn ping(&mut self) -> Result<(), Error> {
        match call::ping().as_frame() {
            Some((action, fields)) => self.request(action, fields, What::Ping),
            None => Ok(()),
        }
    }

    fn ask(&mut self, ask: Ask) -> Result<(), Error> {
        self.request(ask.action, ask.fields, What::Handle(ask.reply))
    }

    fn request(&mut self, action: &str, mut frame: Value, what: What) -> Result<(), Error> {
        self.requests += 1;
        let id = format!("c{}", self.requests);
        frame["action"] = json!(action);
        frame["id"] = json!(id);
        let now = Instant::now();
        self.spoke = now;
        self.pending.insert(id, Pending { what, until: now + self.session.options.request });
        self.current.send(&frame)
    }

    /// An event, a reply, or what API Gateway says of a request that failed, which names none: that one runs out of time.
    fn frame(&mut self, frame: Value) -> Result<(), Error> {
        self.heard = Instant::now();
        if frame.get("event").is_some() {
            // One of a later server is none of this client's.
            if let Ok(event) = serde_json::from_value::<Event>(frame) {
                self.session.shared.take(|state| state.event(event));
            }
            return Ok(());
        }
        let pending = frame.get("id").and_then(Value::as_str).and_then(|id| self.pending.remove(id));
        match pending {
            Some(Pending { what, .. }) => self.reply(what, frame),
            None => Ok(()),
        }
    }

    fn reply(&mut self, what: What, mut reply: Value) -> Result<(), Error> {
        let is_ok = reply["ok"] == true;
        let said = reply[if is_ok { "data" } else { "error" }].take();
        if is_ok {
            match what {
                What::Handle(waiting) => drop(waiting.send(Ok(said))),
                What::Message(ref name) => match parse::<MessageAnswer>(said) {
                    Ok(answer) => self.session.shared.sent(name, answer.message),
                    Err(error) => self.undone(what, error),
                },
                What::Sync(ref asked) => match parse::<SyncAnswer>(said) {
                    Ok(answer) => {
                        if !self.session.shared.take(|state| state.synced(asked, answer)) {
                            self.brought_nothing();
                        }
                    }
                    Err(error) => self.undone(what, error),
                },
                What::Ping => {}
            }
            return Ok(());
        }
        let problem: Problem = match parse(said) {
            Ok(problem) => problem,
            Err(error) => {
                self.undone(what, error);
                return Ok(());
            }
        };
        if problem.code == Code::TokenExpired {
            // Another connection, with another token, and what was asked is asked again there.
            self.undone(what, Error::NotConnected);
            return Err(problem.into());
        }
        self.undone(what, problem.into());
        Ok(())
    }

    /// A request was not answered with what was asked for.
    fn undone(&mut self, what: What, error: Error) {
        match what {
            What::Handle(waiting) => drop(waiting.send(Err(error))),
            What::Message(name) => self.not_sent(&name, error),
            What::Sync(_) => self.not_caught_up(error),
            What::Ping => {}
        }
    }

    /// A message was not acknowledged: it is sent again, unless that would be no use.
    fn not_sent(&self, name: &str, error: Error) {
        let mut held = self.session.shared.lock();
        let may_be_stored = match &error {
            Error::Refused(problem) if problem.retryable => true,
            // The server failed before or after it stored the message: its repeat is answered with what is stored.
            Error::Refused(problem) => problem.status >= 500 && held.outbox.failed(name) < MAX_SERVER_FAILURES,
            Error::Unexpected(_) => held.outbox.failed(name) < MAX_SERVER_FAILURES,
            _ => true,
        };
        if may_be_stored {
            let wait = random::before_try(held.outbox.tries(name), MAX_FIRST_WAIT, MAX_WAIT) + retry_after(&error);
            held.outbox.again(name, Instant::now().into_std(), wait);
        } else if let Some(unsent) = held.outbox.done(name) {
            let (unsent, error) = (Box::new(unsent), Box::new(error));
            self.session.shared.say(Update::NotSent { unsent, error });
        }
    }

    fn not_caught_up(&mut self, error: Error) {
        self.ask_later(retry_after(&error));
        self.failed(Task::CatchUp, error);
    }

    fn failed(&self, task: Task, error: Error) {
        // That there is no connection is told as that.
        if !matches!(error, Error::NotConnected) {
            self.session.shared.say(Update::Failed { task, error: Box::new(error) });
        }
    }

    fn listed(&mut self, cursor: Option<&str>, page: Result<Inbox, Error>) {
        self.listing = None;
        match page {
            Ok(page) => {
                self.session.shared.take(|state| state.listed(cursor, page));
            }
            Err(error) => self.not_caught_up(error),
        }
    }

    /// An answer told nothing new. Many in a row are about something that is just being stored, and take their time.
    fn brought_nothing(&mut self) {
        if self.questions >= 10 {
            self.ask_later(Duration::ZERO);
        }
    }

    fn ask_later(&mut self, after: Duration) {
        let wait = random::before_try(self.questions, MAX_FIRST_WAIT, MAX_WAIT);
        self.ask_at = Instant::now() + wait + after;
    }

    /// There is a new connection: what is asked from now on goes over it. The former one still owes replies.
    fn renewed(&mut self, renewed: Result<Connection, Error>) {
        self.renewal = None;
        let now = Instant::now();
        match renewed {
            Ok(connection) => {
                self.session.shared.lock().token.clone_from(&connection.token);
                self.renew_at = connection.renew_at;
                self.renewals = 0;
                let former = std::mem::replace(&mut self.current, connection);
                // That nobody is there says nothing of the current one.
                self.pending.retain(|_, pending| !matches!(pending.what, What::Ping));
                self.former = Some((former, now + self.session.options.request));
            }
            // The current one is still there.
            Err(error) => {
                let options = &self.session.options;
                self.renew_at = now + random::before_try(self.renewals, options.first_wait, options.longest_wait);
                self.renewals = self.renewals.saturating_add(1);
                self.failed(Task::Renew, error);
            }
        }
    }
}

/// How long the system asks to wait.
fn retry_after(error: &Error) -> Duration {
    error.problem().and_then(Problem::retry_after).unwrap_or_default()
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(Error::Unexpected)
}

/// The answer, once it is there.
async fn answer<T>(waiting: &mut Answering<T>) -> T {
    match waiting {
        Some(answer) => answer.await,
        None => std::future::pending().await,
    }
}

/// The next frame of the former connection; None if it has ended.
async fn next_of(former: &mut Option<(Connection, Instant)>) -> Option<Value> {
    match former {
        Some((connection, _)) => connection.next().await.ok(),
        None => std::future::pending().await,
    }
}
