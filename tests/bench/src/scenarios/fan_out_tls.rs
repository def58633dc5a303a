//! A message to many connections over TLS, by an instance that has served nothing before: how many TLS connections its
//! first fan-outs open, and what they cost.

use std::time::Duration;

use serde_json::json;

use crate::{
    Error, Setup, World, bare_client,
    report::{Section, Table, median, millis, ms},
    usage, users,
};

/// How many instances are measured.
const INSTANCES: usize = 5;
/// The messages of each instance.
const MESSAGES: usize = 3;
/// How long each post takes.
const POST_DELAY: Duration = Duration::from_millis(5);
/// How long the function waits for a connection: `CONNECT_TIMEOUT` of shared/edge/src/connector.rs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What the n-th message of each instance took.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// From handing out the event until the answer.
    pub times: Vec<Duration>,
    /// CPU time of the process. Empty if the system does not say.
    pub cpu: Vec<Duration>,
    /// The connections to `@connections` that it opened.
    pub opened: Vec<u64>,
    /// The posts that arrived.
    pub posts: Vec<u64>,
}

/// Lets new instances send messages to a group whose `recipients` other participants (at most 999) have one connection
/// each. Returns the figures by message, the first one first.
///
/// # Errors
///
/// A stand-in or a function fails, or a send is not answered 201.
pub async fn measure(setup: &Setup, recipients: usize) -> Result<Vec<Figures>, Error> {
    let world = World::start_with_tls(setup).await?;
    let others = users("reader", recipients);
    let chat = world.group(&std::iter::once("liam".to_owned()).chain(others.clone()).collect::<Vec<_>>()).await?;
    world.connect(&others).await?;
    world.connections().set_delay(POST_DELAY);
    let sample = world.sample("send-message")?;
    let mut figures = vec![Figures::default(); MESSAGES];
    for instance in 0..INSTANCES {
        let mut send = world.instance("send-message").await?;
        for (number, figures) in figures.iter_mut().enumerate() {
            let id = format!("m-{instance}-{number}");
            let body = json!({ "type": "text", "content": "x".repeat(200), "clientMessageId": id });
            let before = (send.usage(), world.connections().posts(), world.connections().opened());
            let answered = send.invoke(sample.http("liam", &[("chatId", &chat)], &body)).await?;
            if answered.status() != 201 {
                return Err(Error(format!("a send was answered {}", answered.payload)));
            }
            figures.times.push(answered.took);
            figures.cpu.extend(usage::between(before.0, send.usage()).map(|usage| usage.cpu));
            figures.posts.push(world.connections().posts() - before.1);
            figures.opened.push(world.connections().opened() - before.2);
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
    let mut table = Table::new(&[
        "connections",
        "message of the instance",
        "TLS connections opened, median",
        "most",
        "message, median, ms",
        "CPU, median, ms",
        "posts that arrived, least",
    ]);
    for recipients in [100, 999] {
        for (number, figures) in measure(setup, recipients).await?.into_iter().enumerate() {
            let mut opened = figures.opened;
            opened.sort_unstable();
            let of_opened = |place: usize| opened.get(place).copied().unwrap_or_default().to_string();
            table.row([
                recipients.to_string(),
                (number + 1).to_string(),
                of_opened(opened.len() / 2),
                of_opened(opened.len().saturating_sub(1)),
                ms(median(&figures.times)),
                if figures.cpu.is_empty() { "unknown".to_owned() } else { ms(median(&figures.cpu)) },
                figures.posts.iter().min().copied().unwrap_or_default().to_string(),
            ]);
        }
    }
    let text = format!(
        "{INSTANCES} instances of send-message that have served nothing before. Each sends {MESSAGES} messages of 200 \
         characters to the group. A post takes {} ms, a call to DynamoDB the engine's own time. Both stand-ins speak TLS. \
         The function posts at most {} times at once, over HTTP/1.1. So its first fan-out opens about as many connections, \
         and now and then one more, if a connection becomes free while another one opens. It keeps all of them, so later \
         fan-outs open none. The function's part of the handshakes is in the CPU time; the stand-in's part, on the same \
         cores, is in the time of the message.\n\n\
         A post waits up to {} s for a connection, and takes one that another post has finished with, whichever comes \
         first. If there is none by then, nothing was sent, so the post is tried once more. After that, it counts as \
         failed (`PushesFailed`), and the client gets the event with its next sync.",
        POST_DELAY.as_millis(),
        bare_client::CONCURRENCY,
        millis(CONNECT_TIMEOUT) / 1000.0,
    );
    Ok(Section { title: "Fan-out over TLS", text, tables: vec![table], ..Section::default() })
}
