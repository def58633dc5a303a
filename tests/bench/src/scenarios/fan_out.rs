//! A message to many connections, beside a client that posts the same bytes and does nothing else.

use std::time::Duration;

use serde_json::json;

use crate::{
    Error, Setup, World,
    bare_client::{self, BareClient, Round},
    chart::Chart,
    report::{Goal, Section, Table, median, millis, ms, per, ratio},
    usage, users,
};

/// How many messages of each kind are sent.
pub const ROUNDS: usize = 15;
/// How many messages come before, so that all connections are open.
const WARM_UP: usize = 3;

/// What messages to some number of connections took.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The posts of one message.
    pub posts_per_message: u64,
    /// From handing out the event until the answer, with the calls to DynamoDB.
    pub times: Vec<Duration>,
    /// The same, less the time of a message to nobody right before.
    pub times_of_posts: Vec<Duration>,
    /// Of the bare client.
    pub bare_times: Vec<Duration>,
    /// CPU time of one message. None if the system does not say.
    pub cpu: Option<Duration>,
    /// CPU time of one message to a group of as many users who are not connected.
    pub cpu_without_posts: Option<Duration>,
    /// CPU time of the bare client for as many posts.
    pub bare_cpu: Option<Duration>,
    /// The TCP connections that the function opened.
    pub opened: u64,
    /// The most memory that the process used, in bytes.
    pub peak_memory: Option<u64>,
}

/// Sends `rounds` messages to a group whose `recipients` other participants (at most 999) have one connection each, and
/// as many to a group of nobody who is connected. Calls to DynamoDB take no time, posts take `post_delay`.
///
/// # Errors
///
/// A stand-in or a function fails, or a send is not answered 201.
pub async fn measure(setup: &Setup, recipients: usize, post_delay: Duration, rounds: usize) -> Result<Figures, Error> {
    let world = World::start(setup).await?;
    let others = users("reader", recipients);
    let people =
        |others: &[String]| std::iter::once("liam".to_owned()).chain(others.iter().cloned()).collect::<Vec<_>>();
    let chat = world.group(&people(&others)).await?;
    let quiet = world.group(&people(&users("absent", recipients))).await?;
    world.connect(&others).await?;
    world.connections().set_delay(post_delay);
    let (mut send, sample) = (world.instance("send-message").await?, world.sample("send-message")?);
    let bare = BareClient::start(world.connections().endpoint())?;
    let (mut number, mut opened, mut posts) = (0, 0, 0);
    let mut figures = [Vec::new(), Vec::new(), Vec::new()];
    // They take turns, so that a busy moment of the machine meets all of them.
    for round in 0..WARM_UP + rounds {
        let mut times = [(Duration::ZERO, None); 3];
        for (kind, chat) in [&quiet, &chat].into_iter().enumerate() {
            number += 1;
            let body = json!({ "type": "text", "content": "x".repeat(200), "clientMessageId": format!("m-{number}") });
            let event = sample.http("liam", &[("chatId", chat)], &body);
            let before = (send.usage(), world.connections().posts(), world.connections().opened());
            let answered = send.invoke(event).await?;
            if answered.status() != 201 {
                return Err(Error(format!("a send was answered {}", answered.payload)));
            }
            posts = world.connections().posts() - before.1;
            opened += world.connections().opened() - before.2;
            times[kind] = (answered.took, usage::between(before.0, send.usage()).map(|usage| usage.cpu));
        }
        let Round { wall, cpu } = bare.round(world.connections().last_body(), recipients).await?;
        times[2] = (wall, cpu);
        if round >= WARM_UP {
            figures.iter_mut().zip(times).for_each(|(list, time)| list.push(time));
        }
    }
    let [quiet, busy, bare] = &figures;
    let walls = |list: &[(Duration, Option<Duration>)]| list.iter().map(|(wall, _)| *wall).collect::<Vec<_>>();
    let cpu = |list: &[(Duration, Option<Duration>)]| {
        let times: Option<Vec<Duration>> = list.iter().map(|(_, cpu)| *cpu).collect();
        times.map(|times| median(&times))
    };
    let pairs = busy.iter().zip(quiet);
    Ok(Figures {
        posts_per_message: posts,
        times: walls(busy),
        times_of_posts: pairs.map(|(busy, quiet)| busy.0.saturating_sub(quiet.0)).collect(),
        bare_times: walls(bare),
        cpu: cpu(busy),
        cpu_without_posts: cpu(quiet),
        bare_cpu: cpu(bare),
        opened,
        peak_memory: send.peak_memory(),
    })
}

/// The section of the report.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup) -> Result<Section, Error> {
    let mut table = Table::new(&[
        "connections",
        "a post takes, ms",
        "message, ms",
        "posts alone, ms",
        "bare client, ms",
        "ratio",
        "CPU per push, µs",
        "of the bare client, µs",
        "TCP connections",
        "peak memory, MB",
    ]);
    let mut goals = Vec::new();
    let chart = |name, title: &str| Chart { name, title: title.to_owned(), bars: Vec::new() };
    let mut times = chart("fan-out-time", "Time of all posts of a message, ms");
    let mut pushes = chart("fan-out-cpu", "CPU time per push, µs");
    for recipients in [10, 100, 999] {
        for post_delay in [Duration::ZERO, Duration::from_millis(5)] {
            let figures = measure(setup, recipients, post_delay, ROUNDS).await?;
            let posts_alone = median(&figures.times_of_posts);
            let bare = median(&figures.bare_times);
            let share = ratio(posts_alone, bare);
            let micros = |cpu: Option<Duration>| {
                cpu.map_or(f64::NAN, |cpu| per(millis(cpu) * 1000.0, figures.posts_per_message))
            };
            let own = figures.cpu.zip(figures.cpu_without_posts).map(|(with, without)| with.saturating_sub(without));
            let peak = figures.peak_memory.map_or("unknown".to_owned(), |bytes| (bytes / (1024 * 1024)).to_string());
            table.row([
                figures.posts_per_message.to_string(),
                post_delay.as_millis().to_string(),
                ms(median(&figures.times)),
                ms(posts_alone),
                ms(bare),
                format!("{share:.2}"),
                format!("{:.0}", micros(own)),
                format!("{:.0}", micros(figures.bare_cpu)),
                figures.opened.to_string(),
                peak,
            ]);
            eprintln!("{}", table.rows.last().map(|row| row.join(" | ")).unwrap_or_default());
            let label = format!("{recipients} connections, {} ms a post", post_delay.as_millis());
            times.bar(&label, millis(posts_alone), false);
            times.bar("bare client", millis(bare), true);
            pushes.bar(label, micros(own), false);
            pushes.bar("bare client", micros(figures.bare_cpu), true);
            if recipients > 10 {
                let place = format!("{recipients} connections, a post takes {} ms", post_delay.as_millis());
                goals.push(Goal::at_most(format!("fan-out to {place}, posts alone / bare client"), share, 1.3, 2));
                goals.push(Goal::at_most(format!("fan-out to {place}, CPU per push, µs"), micros(own), 80.0, 0));
            }
        }
    }
    let text = format!(
        "{ROUNDS} messages of 200 characters to a group, whose other participants have one connection each. \"Posts alone\" \
         is without the time of a message to a group of the same size in which nobody is connected, right before. The \
         bare client posts the same bytes to the same stand-in, {} at the same time, as the function does, right after. \
         Calls to DynamoDB take only the engine's own time.",
        bare_client::CONCURRENCY
    );
    Ok(Section { title: "Fan-out", text, tables: vec![table], charts: vec![times, pushes], goals })
}
