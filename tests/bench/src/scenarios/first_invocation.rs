//! The first event of an instance, beside later ones.

use std::time::Duration;

use serde_json::json;

use crate::{
    Error, Setup, World,
    report::{Goal, Section, Table, median, millis, ms},
};

/// How many instances are measured.
const INSTANCES: usize = 20;
/// The warm CPU time is the median of this many later events of each instance.
const LATER_EVENTS: usize = 20;

/// CPU times of `send-message`.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// From exec until each instance asked for its first event.
    pub start: Vec<Duration>,
    /// Of each instance's first event.
    pub first: Vec<Duration>,
    /// Of all later events.
    pub later: Vec<Duration>,
}

/// Starts instances, and lets each send messages in a private chat.
///
/// # Errors
///
/// A stand-in or the function fails, or the system does not say how much CPU time a process uses.
pub async fn measure(setup: &Setup, instances: usize, later_events: usize) -> Result<Figures, Error> {
    let world = World::start(setup).await?;
    let chat = world.private_chat(["liam", "maria"]).await?;
    let sample = world.sample("send-message")?;
    world.set_delay();
    let unknown = || Error("this system does not say how much CPU time a process uses".to_owned());
    let mut figures = Figures::default();
    for instance in 0..instances {
        let mut send = world.instance("send-message").await?;
        let mut used = send.usage().ok_or_else(unknown)?;
        figures.start.push(used.cpu);
        for number in 0..=later_events {
            let id = format!("m-{instance}-{number}");
            let body = json!({ "type": "text", "content": "Hello Maria", "clientMessageId": id });
            let answered = send.invoke(sample.http("liam", &[("chatId", &chat)], &body)).await?;
            if answered.status() != 201 {
                return Err(Error(format!("a send was answered {}", answered.payload)));
            }
            let now = send.usage().ok_or_else(unknown)?;
            let list = if number == 0 { &mut figures.first } else { &mut figures.later };
            list.push((now - used).cpu);
            used = now;
        }
        send.stop().await;
    }
    Ok(figures)
}

/// The section of the report.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup) -> Result<Section, Error> {
    let Figures { start, first, later } = measure(setup, INSTANCES, LATER_EVENTS).await?;
    let sums: Vec<Duration> = start.iter().zip(&first).map(|(start, first)| *start + *first).collect();
    let (first, warm) = (median(&first), median(&later));
    let mut table = Table::new(&["CPU time of send-message, median", "ms"]);
    table.row(["start".to_owned(), ms(median(&start))]);
    table.row(["first event".to_owned(), ms(first)]);
    table.row(["start and first event".to_owned(), ms(median(&sums))]);
    table.row(["later event".to_owned(), ms(warm)]);
    let above = millis(first) - 2.0 * millis(warm);
    let goals = vec![Goal::at_most("first event, CPU, ms above 2 x a later one", above, 5.0, 1)];
    let text =
        format!("{INSTANCES} instances, each with a first event and {LATER_EVENTS} later ones, over HTTP without TLS.");
    Ok(Section { title: "The first event", text, tables: vec![table], goals, ..Section::default() })
}
