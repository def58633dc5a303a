//! What a send costs by the number of recipients, and that it costs no more if other users are connected.

use std::time::Duration;

use serde_json::json;

use crate::{
    Counts, Error, Setup, World,
    report::{Goal, Section, Table, median, ms, per, ratio},
    users,
};

/// How many sends each figure is the mean or the median of.
const SENDS: usize = 30;
/// How many sends come before, so that the connections are open.
const WARM_UP: usize = 3;
/// How many recipients are connected in a larger group.
const CONNECTED: usize = 10;
/// How many other users are connected in the second comparison.
const STRANGERS: usize = 10_000;

/// What sends to a group took.
#[derive(Clone, Debug)]
pub struct Figures {
    /// How many sends were measured.
    pub sends: u64,
    /// Of all sends.
    pub counts: Counts,
    /// Of all sends.
    pub posts: u64,
    /// From handing out the event until the answer.
    pub times: Vec<Duration>,
}

impl Figures {
    /// The read capacity of one send.
    #[must_use]
    pub fn read_units(&self) -> f64 {
        per(self.counts.read_units, self.sends)
    }

    /// The write capacity of one send.
    #[must_use]
    pub fn write_units(&self) -> f64 {
        per(self.counts.write_units, self.sends)
    }
}

/// Sends to a chat with so many recipients, of whom at most ten are connected, while `strangers` users without a chat
/// are connected, too.
///
/// # Errors
///
/// A stand-in or a function fails, or a send is not answered 201.
pub async fn measure(setup: &Setup, recipients: usize, strangers: usize, sends: usize) -> Result<Figures, Error> {
    let world = World::start(setup).await?;
    let others = users("reader", recipients);
    let chat = match others.as_slice() {
        [one] => world.private_chat(["liam", one]).await?,
        others => {
            let people: Vec<String> = std::iter::once("liam".to_owned()).chain(others.iter().cloned()).collect();
            world.group(&people).await?
        }
    };
    world.connect(&users("stranger", strangers)).await?;
    world.connect(others.get(..recipients.min(CONNECTED)).unwrap_or_default()).await?;
    let (mut send, sample) = (world.instance("send-message").await?, world.sample("send-message")?);
    world.set_delay();
    let (mut counts, mut posts, mut times) = (Counts::default(), 0, Vec::new());
    for number in 0..WARM_UP + sends {
        if number == WARM_UP {
            (counts, posts) = (world.dynamodb().counts(), world.connections().posts());
        }
        let body = json!({ "type": "text", "content": "Hello", "clientMessageId": format!("m-{number}") });
        let answered = send.invoke(sample.http("liam", &[("chatId", &chat)], &body)).await?;
        if answered.status() != 201 {
            return Err(Error(format!("a send was answered {}", answered.payload)));
        }
        if number >= WARM_UP {
            times.push(answered.took);
        }
    }
    let counts = world.dynamodb().counts().since(&counts);
    Ok(Figures { sends: sends as u64, counts, posts: world.connections().posts() - posts, times })
}

/// The section of the report.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup) -> Result<Section, Error> {
    let mut by_size =
        Table::new(&["recipients", "connected", "read units", "write units", "calls", "time, median, ms"]);
    let mut goals = Vec::new();
    #[allow(clippy::cast_precision_loss, reason = "counts of calls")]
    for recipients in [1, 10, 100, 500] {
        let figures = measure(setup, recipients, 0, SENDS).await?;
        by_size.row([
            recipients.to_string(),
            recipients.min(CONNECTED).to_string(),
            format!("{:.1}", figures.read_units()),
            format!("{:.1}", figures.write_units()),
            format!("{:.1}", per(figures.counts.total() as f64, figures.sends)),
            ms(median(&figures.times)),
        ]);
        if recipients == 500 {
            let figure = "read units of a send to 500 recipients, 10 of them connected";
            goals.push(Goal::at_most(figure, figures.read_units(), 40.0, 1));
        }
    }
    let mut strangers_table =
        Table::new(&["recipients", "other connections", "time, median, ms", "read units", "posts"]);
    let mut times = Vec::new();
    for strangers in [0, STRANGERS] {
        let figures = measure(setup, CONNECTED, strangers, SENDS).await?;
        #[allow(clippy::cast_precision_loss, reason = "a count of posts")]
        let posts = per(figures.posts as f64, figures.sends);
        strangers_table.row([
            CONNECTED.to_string(),
            strangers.to_string(),
            ms(median(&figures.times)),
            format!("{:.1}", figures.read_units()),
            format!("{posts:.1}"),
        ]);
        times.push(median(&figures.times));
    }
    if let [alone, among] = times.as_slice() {
        let figure = "10 recipients among 10,000 connections / among 10, time";
        goals.push(Goal::at_most(figure, ratio(*among, *alone), 1.1, 2));
    }
    let text = format!(
        "{SENDS} sends each. At most {CONNECTED} recipients are connected. In the second table, {STRANGERS} users who share \
         no chat with them are connected as well."
    );
    Ok(Section { title: "Recipients", text, tables: vec![by_size, strangers_table], goals, ..Section::default() })
}
