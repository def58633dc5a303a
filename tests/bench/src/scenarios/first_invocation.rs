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

/// Starts instances, and lets each send messages in a private chat, over TLS if `with_tls`.
///
/// # Errors
///
/// A stand-in or the function fails, or the system does not say how much CPU time a process uses.
pub async fn measure(setup: &Setup, with_tls: bool, instances: usize, later_events: usize) -> Result<Figures, Error> {
    let world = if with_tls { World::start_with_tls(setup).await? } else { World::start(setup).await? };
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
    let mut table =
        Table::new(&["send-message, CPU, median", "start, ms", "first event, ms", "both, ms", "a later event, ms"]);
    let mut goals = Vec::new();
    for with_tls in [false, true] {
        let Figures { start, first, later } = measure(setup, with_tls, INSTANCES, LATER_EVENTS).await?;
        let sums: Vec<Duration> = start.iter().zip(&first).map(|(start, first)| *start + *first).collect();
        let (first, warm) = (median(&first), median(&later));
        let protocol = if with_tls { "with TLS" } else { "without TLS" };
        table.row([
            protocol.to_owned(),
            ms(median(&start)),
            ms(first),
            ms(median(&sums)),
            format!("{:.2}", millis(warm)),
        ]);
        if with_tls {
            let above = millis(first) - 2.0 * millis(warm);
            goals.push(Goal::at_most("first event with TLS, CPU, ms above 2 x a later one", above, 5.0, 1));
        }
    }
    let text = format!(
        "{INSTANCES} instances, each with a first event and {LATER_EVENTS} later ones. With TLS, the stand-ins for DynamoDB \
         and `@connections` have a certificate of this run, and the functions trust only its root, by `SSL_CERT_FILE`."
    );
    Ok(Section { title: "The first event", text, tables: vec![table], goals, ..Section::default() })
}
