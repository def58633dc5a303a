//! Replays a file of traces, and compares every step.

use crate::facts::{self, Facts, changes, summary};
use crate::outbox::{Clock, refusal};
use client::documents::UserId;
use client::events::Event;
use client::outbox::Outbox;
use client::{CatchUpRequest, PendingSync, State};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How much a file has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The number of traces.
    pub traces: usize,
    /// The number of steps in all of them.
    pub steps: usize,
}

/// What a trace is about.
enum Subject {
    State { state: Box<State>, now: String, syncs: Vec<PendingSync> },
    Outbox { outbox: Outbox, clock: Clock },
}

/// Replays a file.
///
/// # Errors
/// What differs first, and in which line. A kind of trace or a method that is not known is an error too.
pub fn replay(file: &str) -> Result<Replayed, String> {
    let mut replayed = Replayed::default();
    let mut subject: Option<Subject> = None;
    let mut facts = Facts::new();
    for (index, line) in file.lines().enumerate() {
        let context = |problem: String| format!("line {}: {problem}", index + 1);
        let line: Map<String, Value> = serde_json::from_str(line).map_err(|error| context(error.to_string()))?;
        if let Some(kind) = line.get("new") {
            subject = Some(begin(kind, &line).map_err(context)?);
            facts = Facts::new();
            replayed.traces += 1;
            continue;
        }
        let subject = subject.as_mut().ok_or_else(|| context("no trace has begun".to_owned()))?;
        let outcome = match subject {
            Subject::State { state, syncs, .. } => step_of_state(state, syncs, &line),
            Subject::Outbox { outbox, clock } => step_of_outbox(outbox, *clock, &line),
        };
        let (result, news) = outcome.map_err(context)?;
        let news: Vec<_> = news.iter().map(summary).collect();
        let before = facts;
        facts = match subject {
            Subject::State { state, now, .. } => facts::of_state(state, now),
            Subject::Outbox { outbox, clock } => facts::of_outbox(outbox, clock.due(outbox)),
        };
        let now = [("result", result), ("news", json!(news)), ("facts", json!(changes(&before, &facts)))];
        for (name, now) in now {
            let is_empty = matches!(&now, Value::Array(list) if list.is_empty())
                || matches!(&now, Value::Object(members) if members.is_empty());
            let (now, then) = (if is_empty { Value::Null } else { now }, line.get(name).unwrap_or(&Value::Null));
            if now != *then {
                return Err(context(format!("{}: {name} were {then}, now {now}", line["do"])));
            }
        }
        replayed.steps += 1;
    }
    Ok(replayed)
}

fn begin(kind: &Value, line: &Map<String, Value>) -> Result<Subject, String> {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind.as_str() {
        Some("state") => {
            Ok(Subject::State { state: Box::new(State::new(text("me"))), now: text("now"), syncs: Vec::new() })
        }
        Some("outbox") => Ok(Subject::Outbox { outbox: Outbox::default(), clock: Clock::new() }),
        _ => Err(format!("nobody replays a trace of {kind}")),
    }
}

/// The arguments of a step.
struct Arguments<'a>(&'a Map<String, Value>);

impl Arguments<'_> {
    fn at<T: DeserializeOwned>(&self, index: usize) -> Result<T, String> {
        let argument = self.0.get("args").and_then(|list| list.get(index)).cloned().unwrap_or_default();
        serde_json::from_value(argument).map_err(|error| format!("argument {index}: {error}"))
    }
}

type StepOutcome = Result<(Value, Vec<Event>), String>;

fn step_of_state(state: &mut State, syncs: &mut Vec<PendingSync>, line: &Map<String, Value>) -> StepOutcome {
    let arguments = Arguments(line);
    let text = |index| arguments.at::<String>(index);
    let mut result = Value::Null;
    let mut news = Vec::new();
    match line["do"].as_str().unwrap_or_default() {
        "setVisible" => state.set_visible(&arguments.at::<Vec<String>>(0)?),
        "markBehind" => state.mark_behind(),
        "markChatBehind" => state.mark_chat_behind(&text(0)?),
        "markGapsBehind" => state.mark_gaps_behind(),
        "markDisconnected" => state.mark_disconnected(),
        "nextRequest" => match state.next_request() {
            Some(CatchUpRequest::Sync(pending)) => syncs.push(pending),
            other => return Err(format!("a sync was next, now it is {other:?}")),
        },
        "startSync" => syncs.push(state.start_sync(arguments.at(0)?)),
        "applyEvent" => news = state.apply_event(arguments.at(0)?),
        "applySync" => {
            let number = line.get("sync").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            let sync = number.and_then(|number| syncs.get(number.checked_sub(1)?)).ok_or("the sync did not begin")?;
            news = state.apply_sync(sync, arguments.at(0)?);
        }
        "applyInboxPage" => {
            news = state.apply_inbox_page(arguments.at::<Option<String>>(0)?.as_deref(), arguments.at(1)?);
        }
        "applyDetails" => state.apply_details(&arguments.at(0)?),
        "applyOlderPage" => result = state.apply_older_page(&text(0)?, &arguments.at(1)?).into(),
        "applySentMessage" => news = state.apply_sent_message(arguments.at(0)?),
        "applyChangedMessage" => news = state.apply_changed_message(arguments.at(0)?),
        "applyCreatedChat" => news = state.apply_created_chat(arguments.at(0)?),
        "applyReadPosition" => result = state.apply_read_position(&arguments.at(0)?).into(),
        "applyOwnMember" => state.apply_own_member(&text(0)?, &arguments.at(1)?),
        "applyUsers" => state.apply_users(&text(0)?, &arguments.at::<Vec<UserId>>(1)?, &arguments.at(2)?),
        "applyMembers" => state.apply_members(&arguments.at(0)?),
        "applyBlock" => state.apply_block(&arguments.at(0)?),
        "applyUser" => state.apply_user(&arguments.at(0)?),
        "removeChat" => news = state.remove_chat(&text(0)?).into_iter().collect(),
        other => return Err(format!("nobody replays the step {other:?}")),
    }
    Ok((result, news))
}

fn step_of_outbox(outbox: &mut Outbox, clock: Clock, line: &Map<String, Value>) -> StepOutcome {
    let arguments = Arguments(line);
    let text = |index| arguments.at::<String>(index);
    let time = |index| arguments.at::<u64>(index);
    let result = match line["do"].as_str().unwrap_or_default() {
        "push" => refusal(&outbox.push(text(0)?, arguments.at(1)?, text(2)?)).into(),
        "pushMany" => {
            for number in 0..time(2)? {
                let pushed = outbox.push(text(0)?, arguments.at(1)?, number.to_string());
                pushed.map_err(|error| error.to_string())?;
            }
            Value::Null
        }
        "startNext" => outbox.start_next(clock.at(time(0)?)).map(|unsent| unsent.client_message_id).into(),
        "scheduleRetry" => {
            outbox.schedule_retry(&text(0)?, clock.at(time(1)?), Duration::from_millis(time(2)?));
            Value::Null
        }
        "resetInFlight" => {
            outbox.reset_in_flight();
            Value::Null
        }
        "countFailure" => outbox.count_failure(&text(0)?).into(),
        "remove" => outbox.remove(&text(0)?).map(|unsent| unsent.client_message_id).into(),
        "confirm" => outbox.confirm(&arguments.at(0)?).map(|unsent| unsent.client_message_id).into(),
        other => return Err(format!("nobody replays the step {other:?}")),
    };
    Ok((result, Vec::new()))
}
