//! Checks that need no time measurement: calls, capacity, round trips, posts, answers, instructions and allocations. They
//! hold for debug programs on a busy machine, too. If you make a send cheaper, change these numbers.

use std::time::Duration;

use crate::{
    Error, Setup,
    report::{Goal, per},
    scenarios::{
        fan_out,
        hot_chat::{self, Until},
        recipients, warm_send, work,
    },
};

/// How many recipients a large group has. Ten of them are connected.
const LARGE: usize = 100;
/// A read of the log of openings, which may be in two partitions, instead of 90 lookups.
const MAX_LARGE_READ_UNITS: f64 = 3.0 + 2.0 + 5.0 + 0.5;
/// Of a hot chat: how many senders there are, and what each sends.
const SENDERS: usize = 5;
const SENDS_OF_EACH: usize = 4;
/// How many transactions a message may take then: the committed one, and on a busy machine two that were cancelled. More
/// means that senders get into each other's way again and again, and do not queue up.
const MAX_TRANSACTIONS_PER_MESSAGE: f64 = 3.0;
/// How many users without a shared chat are connected in the comparison.
const STRANGERS: usize = 60;

/// What send-message did when these numbers were last written, as a debug program. A failed check names the constant: if
/// the change is meant, write the measured number here.
const START_INSTRUCTIONS: f64 = 12_700_000.0;
const START_ALLOCATIONS: f64 = 2_016.0;
const SEND_INSTRUCTIONS: f64 = 7_800_000.0;
const SEND_ALLOCATIONS: f64 = 1_838.0;
/// How far a figure may be from that, as a share: compilers and C libraries differ, and a send's polls vary by 1 %.
const TOLERANCE: f64 = 0.1;

/// Measures counts alone. A goal that is not met is a failed check.
///
/// # Errors
///
/// A stand-in or a function fails.
#[allow(clippy::cast_precision_loss, reason = "counts of calls")]
pub async fn checks(setup: &Setup) -> Result<Vec<Goal>, Error> {
    let mut checks = Vec::new();

    let send = warm_send::measure(setup, 5).await?;
    let per_send = |count: u64| per(count as f64, send.sends);
    checks.push(Goal::exactly("send, 1:1, calls", per_send(send.counts.total()), 3.0));
    checks.push(Goal::exactly("send, 1:1, transactions", per_send(send.counts.transactions()), 1.0));
    checks.push(Goal::exactly("send, 1:1, write units", per(send.counts.write_units, send.sends), 8.0));
    checks.push(Goal::exactly("send, 1:1, read units", per(send.counts.read_units, send.sends), 3.5));
    checks.push(Goal::exactly("send, 1:1, round trips until the commit", send.round_trips as f64, 2.0));

    let hot = hot_chat::measure(setup, SENDERS, 1, Until::Sends(SENDS_OF_EACH)).await?;
    let sends = (SENDERS * SENDS_OF_EACH) as f64;
    checks.push(Goal::exactly("hot chat, 5 senders, answers 201", hot.committed() as f64, sends));
    let transactions = hot.transactions_per_message();
    let figure = "hot chat, 5 senders, transactions per message";
    checks.push(Goal::at_most(figure, transactions, MAX_TRANSACTIONS_PER_MESSAGE, 2));

    let fan_out = fan_out::measure(setup, 10, Duration::ZERO, 2).await?;
    checks.push(Goal::exactly("message to 10 connections, posts", fan_out.posts_per_message as f64, 10.0));

    let alone = recipients::measure(setup, 10, 0, 2).await?;
    let among = recipients::measure(setup, 10, STRANGERS, 2).await?;
    checks.push(Goal::exactly("send to 10 recipients, read units", alone.read_units(), 8.0));
    let large = recipients::measure(setup, LARGE, 0, 2).await?;
    let figure = "send to 100 recipients, 10 of them connected, read units";
    checks.push(Goal::at_most(figure, large.read_units(), MAX_LARGE_READ_UNITS, 1));
    let more = |figure: &str, among: f64, alone: f64| {
        Goal::exactly(format!("{figure} of sends to 10 recipients, more if others are connected"), among - alone, 0.0)
    };
    checks.push(more("calls", among.counts.total() as f64, alone.counts.total() as f64));
    checks.push(more("read units", among.counts.read_units, alone.counts.read_units));
    checks.push(more("write units", among.counts.write_units, alone.counts.write_units));
    checks.push(more("posts", among.posts as f64, alone.posts as f64));

    if let Some(work) = work::measure(setup).await? {
        let mut check = |figure: &str, constant: &str, count: u64, written: f64| {
            checks.push(Goal::about(format!("{figure} ({constant})"), count as f64, written, TOLERANCE));
        };
        let (start, send) = (work.start, work.warm_send);
        check("start, instructions", "START_INSTRUCTIONS", start.instructions, START_INSTRUCTIONS);
        check("start, allocations", "START_ALLOCATIONS", start.allocations, START_ALLOCATIONS);
        check("warm send, instructions", "SEND_INSTRUCTIONS", send.instructions, SEND_INSTRUCTIONS);
        check("warm send, allocations", "SEND_ALLOCATIONS", send.allocations, SEND_ALLOCATIONS);
    } else {
        eprintln!(
            "warning: valgrind is not installed, so instructions and allocations are not checked: \
             apt-get install valgrind"
        );
    }
    Ok(checks)
}
