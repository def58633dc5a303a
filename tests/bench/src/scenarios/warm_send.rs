//! A send in a private chat by an instance that has served before: calls, capacity, round trips and CPU time.

use std::time::Duration;

use serde_json::json;

use crate::{
    Counts, Error, Setup, Usage, World,
    report::{Goal, Section, Table, median, millis, ms, per},
    usage,
};

/// How many sends the CPU time is the mean of.
pub const SENDS: usize = 200;
/// How many sends come before, so that the instance and the engine are warm.
const WARM_UP: usize = 20;

/// What one send takes.
#[derive(Clone, Debug)]
pub struct Figures {
    /// How many sends were measured.
    pub sends: u64,
    /// The calls and the capacity of all of them.
    pub counts: Counts,
    /// The calls that waited for each other until the commit, in the last send.
    pub round_trips: u64,
    /// From handing out the event until the answer.
    pub latencies: Vec<Duration>,
    /// Of the function's process, for all sends. None if the system does not say.
    pub usage: Option<Usage>,
    /// Of the stand-in for DynamoDB, for all sends.
    pub dynamodb_usage: Option<Usage>,
    /// The most memory that the process used, in bytes.
    pub peak_memory: Option<u64>,
}

/// Sends `sends` messages in a private chat of two users who are not connected.
///
/// # Errors
///
/// A stand-in or the function fails, or a send is not answered 201.
pub async fn measure(setup: &Setup, sends: usize) -> Result<Figures, Error> {
    let world = World::start(setup).await?;
    let chat = world.private_chat(["liam", "maria"]).await?;
    let (mut send, sample) = (world.instance("send-message").await?, world.sample("send-message")?);
    let event = |number: usize| {
        let body = json!({ "type": "text", "content": "Hello Maria", "clientMessageId": format!("m-{number}") });
        sample.http("liam", &[("chatId", &chat)], &body)
    };
    world.set_delay();
    for number in 0..WARM_UP.min(sends) {
        send.invoke(event(number)).await?;
    }
    let (before, usage, dynamodb_usage) = (world.dynamodb().counts(), send.usage(), world.dynamodb().usage());
    let mut latencies = Vec::with_capacity(sends);
    for number in 0..sends {
        world.dynamodb().start_chain();
        let answered = send.invoke(event(WARM_UP + number)).await?;
        if answered.status() != 201 {
            return Err(Error(format!("a send was answered {}", answered.payload)));
        }
        latencies.push(answered.took);
    }
    Ok(Figures {
        sends: sends as u64,
        counts: world.dynamodb().counts().since(&before),
        round_trips: world.dynamodb().round_trips_to_commit(),
        latencies,
        usage: usage::between(usage, send.usage()),
        dynamodb_usage: usage::between(dynamodb_usage, world.dynamodb().usage()),
        peak_memory: send.peak_memory(),
    })
}

/// The section of the report.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup) -> Result<Section, Error> {
    let figures = measure(setup, SENDS).await?;
    let Figures { sends, counts, round_trips, latencies, usage, dynamodb_usage, peak_memory } = &figures;
    let per_send = |sum: f64| format!("{:.2}", per(sum, *sends));
    let cpu_ms = |usage: &Option<Usage>| usage.map_or(f64::NAN, |usage| per(millis(usage.cpu), *sends));
    let mut table = Table::new(&["figure", "per send"]);
    for (operation, count) in &counts.calls {
        #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
        table.row([format!("calls of {operation}"), per_send(*count as f64)]);
    }
    table.row(["read units".to_owned(), per_send(counts.read_units)]);
    table.row(["write units".to_owned(), per_send(counts.write_units)]);
    table.row(["round trips until the commit".to_owned(), round_trips.to_string()]);
    table.row(["time of a call, mean, ms".to_owned(), format!("{:.2}", per(millis(counts.call_time), counts.total()))]);
    table.row(["time, median, ms".to_owned(), ms(median(latencies))]);
    table.row(["CPU time, ms".to_owned(), format!("{:.2}", cpu_ms(usage))]);
    let waited = usage.map_or(f64::NAN, |usage| per(millis(usage.waited), *sends));
    table.row(["time of waiting for a core, ms".to_owned(), format!("{waited:.2}")]);
    table.row(["CPU time of the stand-in for DynamoDB, ms".to_owned(), format!("{:.2}", cpu_ms(dynamodb_usage))]);
    let peak = peak_memory.map_or("unknown".to_owned(), |bytes| format!("{}", bytes / (1024 * 1024)));
    table.row(["peak memory of the process, MB".to_owned(), peak]);
    #[allow(clippy::cast_precision_loss, reason = "a handful")]
    let goals = vec![
        Goal::at_most("warm send, CPU, ms", cpu_ms(usage), 1.0, 2),
        Goal::at_most("send, 1:1, round trips until the commit", *round_trips as f64, 2.0, 0),
        Goal::at_most("send, 1:1, write units", per(counts.write_units, *sends), 8.0, 2),
        Goal::at_most("send, 1:1, read units", per(counts.read_units, *sends), 3.5, 2),
    ];
    let text = format!(
        "{sends} sends, one after the other, in a private chat of two users who are not connected. A call to DynamoDB \
         takes {} ms besides the engine's own time.",
        setup.delay.as_millis()
    );
    Ok(Section { title: "A warm send", text, tables: vec![table], goals, ..Section::default() })
}
