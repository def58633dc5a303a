//! Several senders at once, each an instance of its own that sends again as soon as it has its answer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use serde_json::json;

use crate::{
    Counts, Error, Instance, Sample, Setup, Usage, World,
    chart::Chart,
    report::{Goal, Section, Table, median, millis, ms, per, quantile},
    usage, users,
};

/// When the senders stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// No send starts after this time.
    Elapsed(Duration),
    /// After this many sends of each sender.
    Sends(usize),
}

/// What the senders did.
#[derive(Clone, Debug)]
pub struct Figures {
    /// How many senders there were, and in how many chats.
    pub senders: usize,
    /// The chats that they sent to in turn.
    pub chats: usize,
    /// From the first send until the last answer.
    pub wall: Duration,
    /// The answers by status.
    pub answers: BTreeMap<u16, u64>,
    /// Of sends that were answered 201, from handing out the event until the answer.
    pub latencies: Vec<Duration>,
    /// What the stand-in for DynamoDB counted.
    pub counts: Counts,
    /// Of all instances. None if the system does not say.
    pub usage: Option<Usage>,
    /// Of the stand-in for DynamoDB.
    pub dynamodb_usage: Option<Usage>,
}

impl Figures {
    /// The sends that were answered 201.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.answers.get(&201).copied().unwrap_or_default()
    }

    /// Committed messages per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a count of messages")]
        let committed = self.committed() as f64;
        committed / self.wall.as_secs_f64()
    }

    /// Transactions, with the cancelled ones, per committed message.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
    pub fn transactions_per_message(&self) -> f64 {
        per(self.counts.transactions() as f64, self.committed())
    }

    #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
    fn reads_per_message(&self) -> f64 {
        per(self.counts.reads() as f64, self.committed())
    }

    /// In milliseconds.
    fn per_message(&self, time: Option<Duration>) -> f64 {
        time.map_or(f64::NAN, |time| per(millis(time), self.committed()))
    }

    /// The answers as text, such as `201: 40, 503: 1`.
    #[must_use]
    pub fn answers_text(&self) -> String {
        let answers = self.answers.iter().map(|(status, count)| format!("{status}: {count}"));
        answers.collect::<Vec<_>>().join(", ")
    }
}

/// Runs `senders` senders in `chats` chats. Everybody is in every chat, and nobody is connected.
///
/// # Errors
///
/// A stand-in fails, or an instance ends.
pub async fn measure(setup: &Setup, senders: usize, chats: usize, until: Until) -> Result<Figures, Error> {
    let world = World::start(setup).await?;
    // Two more users, because a group has three at least.
    let people = users("user", senders + 2);
    let mut chat_ids = Vec::new();
    for _ in 0..chats {
        chat_ids.push(world.group(&people).await?);
    }
    let sample = world.sample("send-message")?;
    let mut instances = Vec::new();
    for (number, user) in people.iter().take(senders).enumerate() {
        let instance = world.instance("send-message").await?;
        let chat = chat_ids.get(number % chats).cloned().unwrap_or_default();
        instances.push(Sender { instance, sample: sample.clone(), user: user.clone(), chat, sent: 0 });
    }
    for sender in &mut instances {
        sender.send().await?;
    }
    world.set_delay();
    let usage = |senders: &[Sender]| senders.iter().map(|sender| sender.instance.usage()).sum::<Option<Usage>>();
    let (counts, before, dynamodb_before) = (world.dynamodb().counts(), usage(&instances), world.dynamodb().usage());
    let started = Instant::now();
    let runs = instances.iter_mut().map(|sender| async move {
        let mut answers = Vec::new();
        while match until {
            Until::Elapsed(limit) => started.elapsed() < limit,
            Until::Sends(limit) => answers.len() < limit,
        } {
            answers.push(sender.send().await?);
        }
        Ok::<_, Error>(answers)
    });
    let answers: Vec<(u16, Duration)> = try_join_all(runs).await?.into_iter().flatten().collect();
    let wall = started.elapsed();
    let mut by_status = BTreeMap::new();
    for (status, _) in &answers {
        *by_status.entry(*status).or_default() += 1;
    }
    Ok(Figures {
        senders,
        chats,
        wall,
        answers: by_status,
        latencies: answers.iter().filter(|(status, _)| *status == 201).map(|(_, took)| *took).collect(),
        counts: world.dynamodb().counts().since(&counts),
        usage: usage::between(before, usage(&instances)),
        dynamodb_usage: usage::between(dynamodb_before, world.dynamodb().usage()),
    })
}

struct Sender {
    instance: Instance,
    sample: Sample,
    user: String,
    chat: String,
    sent: u64,
}

impl Sender {
    /// Sends the next message. Returns the status and the time until the answer.
    async fn send(&mut self) -> Result<(u16, Duration), Error> {
        self.sent += 1;
        let body = json!({ "type": "text", "content": "Hello", "clientMessageId": format!("m-{}", self.sent) });
        let event = self.sample.http(&self.user, &[("chatId", &self.chat)], &body);
        let answered = self.instance.invoke(event).await?;
        Ok((answered.status(), answered.took))
    }
}

/// The section of the report. Each number of senders sends for `time`.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup, time: Duration) -> Result<Section, Error> {
    let mut table = Table::new(&[
        "senders",
        "chats",
        "messages/s",
        "p50, ms",
        "p99, ms",
        "max, ms",
        "transactions per message",
        "reads per message",
        "a call, mean, ms",
        "answers",
        "CPU per message, ms",
        "waiting for a core, ms",
        "of the stand-in, ms",
    ]);
    let mut goals = Vec::new();
    let chart = |name, title: &str| Chart { name, title: title.to_owned(), bars: Vec::new() };
    let mut rates = chart("hot-chat-rate", "Committed messages/s");
    let mut waits = chart("hot-chat-p99", "99th percentile of the time of a send, ms");
    let mut rate_of_one = f64::NAN;
    let mut slowest: f64 = f64::INFINITY;
    let mut prediction = String::new();
    for (senders, chats) in [(1, 1), (5, 1), (20, 1), (50, 1), (5, 5)] {
        let figures = measure(setup, senders, chats, Until::Elapsed(time)).await?;
        let (p99, transactions) = (quantile(&figures.latencies, 0.99), figures.transactions_per_message());
        table.row([
            senders.to_string(),
            chats.to_string(),
            format!("{:.1}", figures.rate()),
            ms(median(&figures.latencies)),
            ms(p99),
            ms(quantile(&figures.latencies, 1.0)),
            format!("{transactions:.2}"),
            format!("{:.2}", figures.reads_per_message()),
            format!("{:.1}", per(millis(figures.counts.call_time), figures.counts.total())),
            figures.answers_text(),
            format!("{:.2}", figures.per_message(figures.usage.map(|usage| usage.cpu))),
            format!("{:.2}", figures.per_message(figures.usage.map(|usage| usage.waited))),
            format!("{:.2}", figures.per_message(figures.dynamodb_usage.map(|usage| usage.cpu))),
        ]);
        eprintln!("{}", table.rows.last().map(|row| row.join(" | ")).unwrap_or_default());
        let place = if chats == 1 { "one chat".to_owned() } else { format!("{chats} chats") };
        let label = format!("{senders} senders in {place}").replace("1 senders", "1 sender");
        rates.bar(&label, figures.rate(), chats > 1);
        waits.bar(label, millis(p99), chats > 1);
        match (senders, chats) {
            (1, 1) => rate_of_one = figures.rate(),
            (5, 5) => {
                let predicted = predicted_rate(&figures);
                prediction = format!(
                    "Five senders in five chats are not in each other's way. Their calls, their CPU time and their waiting \
                     for a core predict {predicted:.0} \
                     messages/s; {:.0} were measured.",
                    figures.rate()
                );
                let share = figures.rate() / predicted;
                goals.push(Goal::at_least("5 senders in 5 chats, measured / predicted messages/s", share, 0.8, 2));
            }
            (20, 1) => {
                goals.push(Goal::at_least("hot chat, 20 senders, messages/s", figures.rate(), 60.0, 1));
                goals.push(Goal::at_most("hot chat, 20 senders, p99, ms", millis(p99), 1000.0, 0));
                goals.push(Goal::at_most("hot chat, 20 senders, transactions per message", transactions, 2.0, 2));
            }
            (50, 1) => {
                let refused: u64 = figures.answers.iter().filter(|(status, _)| **status != 201).map(|(_, n)| n).sum();
                #[allow(clippy::cast_precision_loss, reason = "a count of answers")]
                goals.push(Goal::at_most("hot chat, 50 senders, answers other than 201", refused as f64, 0.0, 0));
            }
            _ => {}
        }
        if chats == 1 {
            slowest = slowest.min(figures.rate());
        }
    }
    let figure = "hot chat, messages/s of the slowest number of senders / of one sender";
    goals.push(Goal::at_least(figure, slowest / rate_of_one, 1.0, 2));
    let text = format!(
        "Each sender is an instance that sends again as soon as it has its answer, for {} s. A call to DynamoDB takes \
         {} ms besides the engine's own time. Transactions that meet at an item are cancelled, as on AWS. {prediction}",
        time.as_secs(),
        setup.delay.as_millis()
    );
    Ok(Section { title: "A hot chat", text, tables: vec![table], charts: vec![rates, waits], goals })
}

/// Messages per second that senders reach who only wait for their own calls, their own CPU time and a free core, unless
/// the cores cannot do more.
fn predicted_rate(figures: &Figures) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let (senders, cores) = (figures.senders as f64, std::thread::available_parallelism().map_or(1, usize::from) as f64);
    // Two of the three calls run one after the other: the look-up of connections runs beside the commit.
    const ROUND_TRIPS: f64 = 2.0;
    let call = per(figures.counts.call_time.as_secs_f64(), figures.counts.total());
    let own = figures.per_message(figures.usage.map(|usage| usage.cpu)) / 1000.0;
    // Other programs, and the senders themselves, can keep a sender from a core.
    let waiting = figures.per_message(figures.usage.map(|usage| usage.waited)) / 1000.0;
    let all = own + figures.per_message(figures.dynamodb_usage.map(|usage| usage.cpu)) / 1000.0;
    (senders / (ROUND_TRIPS * call + own + waiting)).min(cores / all)
}
