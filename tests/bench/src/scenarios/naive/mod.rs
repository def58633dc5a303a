//! The naive design (`tests/bench/naive`) beside send-message: the same stand-ins, the same messages.

mod chat;
mod table;

use std::time::Duration;

use crate::{
    Counts, Error, Node, Setup, Usage, World, node,
    report::{median, ms},
    usage, users,
};
use chat::Chat;
pub use chat::Design;
pub(crate) use chat::NAIVE_MEMORY;
pub use table::section;

/// How many sends each figure is the mean or the median of.
const SENDS: usize = 20;
/// How many posts come before, so that Node has compiled the code: at 500 recipients, four sends.
const WARM_UP_POSTS: usize = 2_000;
/// At least and at most so many sends come before.
const WARM_UP_SENDS: (usize, usize) = (4, 100);
/// How long each post takes.
const POST_DELAY: Duration = Duration::from_millis(5);
/// The recipients of a message, each with one connection.
const RECIPIENTS: [usize; 4] = [1, 10, 100, 500];
/// The recipients of a message while others are connected, and how many others.
const AMONG_OTHERS: (usize, usize) = (10, 10_000);
/// The marks of one reader. One process pushes 20 receipts at once for a reader in a chat.
const MARKS: usize = 15;
/// The marks that come before.
const WARM_UP_MARKS: usize = 3;
/// What requests of one kind took.
#[derive(Clone, Debug)]
pub struct Figures {
    /// How many requests were measured.
    pub requests: u64,
    /// The calls and the capacity of all of them.
    pub counts: Counts,
    /// The posts of all of them.
    pub posts: u64,
    /// From handing out the event until the last post was accepted. Empty if nothing is posted.
    pub last_deliveries: Vec<Duration>,
    /// From handing out the event until the answer.
    pub times: Vec<Duration>,
    /// Of the process, for all of them. None if the system does not say.
    pub usage: Option<Usage>,
    /// The most memory that the process used, in bytes.
    pub peak_memory: Option<u64>,
    /// The memory that the function is given on AWS, in MB.
    pub memory: u64,
}

impl Figures {
    /// CPU time of one request, and the time that it waited for a core. None if the system does not say.
    #[must_use]
    pub fn usage_per_request(&self) -> Option<Usage> {
        let requests = u32::try_from(self.requests).ok().filter(|requests| *requests > 0)?;
        let Usage { cpu, waited } = self.usage?;
        Some(Usage { cpu: cpu / requests, waited: waited / requests })
    }

    /// CPU time of one request. None if the system does not say.
    #[must_use]
    pub fn cpu_per_request(&self) -> Option<Duration> {
        self.usage_per_request().map(|usage| usage.cpu)
    }
}

/// The figures of one design for one kind of message.
#[derive(Clone, Debug)]
pub struct Row {
    /// The design.
    pub design: Design,
    /// How many recipients are connected.
    pub recipients: usize,
    /// How many other users are connected.
    pub others: usize,
    /// What the sends took.
    pub send: Figures,
}

/// What both designs took.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The version of Node.js.
    pub node: String,
    /// Sends, for each number of recipients, ours first.
    pub sends: Vec<Row>,
    /// Marks as seen in a private chat, by design.
    pub marks: Vec<(Design, Figures)>,
}

/// Measures all designs. The inner error says why the naive design cannot run on this machine.
///
/// # Errors
///
/// A stand-in or a function fails.
pub async fn compare(setup: &Setup) -> Result<Result<Comparison, node::Missing>, Error> {
    let node = match Node::find(&setup.root) {
        Ok(node) => node,
        Err(missing) => return Ok(Err(missing)),
    };
    let mut sends = Vec::new();
    let kinds = RECIPIENTS.iter().map(|recipients| (*recipients, 0)).chain([AMONG_OTHERS]);
    for (recipients, others) in kinds {
        for (design, send) in measure_sends(setup, &node, recipients, others).await? {
            eprintln!("{recipients} recipients, {others} others, {}: {}", design.name(), ms(median(&send.times)));
            sends.push(Row { design, recipients, others, send });
        }
    }
    let mut marks = Vec::new();
    for design in [Design::Ours, Design::OneAfterAnother] {
        marks.push((design, measure_marks(setup, &node, design).await?));
    }
    Ok(Ok(Comparison { node: node.version, sends, marks }))
}

/// What the measured sends of a chat took so far, and what was counted before them.
struct Measurement {
    chat: Chat,
    counts: Counts,
    posts: u64,
    usage: Option<Usage>,
    last_deliveries: Vec<Duration>,
    times: Vec<Duration>,
}

/// Sends to as many recipients in each design, in turns, so that whatever else the machine does meets all of them.
async fn measure_sends(
    setup: &Setup,
    node: &Node,
    recipients: usize,
    others: usize,
) -> Result<Vec<(Design, Figures)>, Error> {
    let (readers, strangers) = (users("reader", recipients), users("stranger", others));
    let warm_up = (WARM_UP_POSTS / recipients.max(1)).clamp(WARM_UP_SENDS.0, WARM_UP_SENDS.1);
    let mut measurements = Vec::new();
    for design in Design::ALL {
        let mut chat = Chat::open(World::start(setup).await?, node, design, &readers, &strangers).await?;
        chat.world.set_delay();
        chat.world.connections().set_delay(POST_DELAY);
        for number in 0..warm_up {
            chat.send(number).await?;
        }
        let (counts, posts) = (chat.world.dynamodb().counts(), chat.world.connections().posts());
        let usage = chat.send.usage();
        let (last_deliveries, times) = (Vec::new(), Vec::new());
        measurements.push(Measurement { chat, counts, posts, usage, last_deliveries, times });
    }
    for number in warm_up..warm_up + SENDS {
        for Measurement { chat, last_deliveries, times, .. } in &mut measurements {
            let (_, started, took) = chat.send(number).await?;
            let accepted = chat.world.connections().last_accepted();
            last_deliveries.extend(accepted.map(|accepted| accepted - started));
            times.push(took);
        }
    }
    measurements.into_iter().map(|measurement| measurement.figures(recipients)).collect()
}

impl Measurement {
    /// Fails if a post is missing, or one too many.
    fn figures(self, recipients: usize) -> Result<(Design, Figures), Error> {
        let Self { chat, counts, posts, usage, last_deliveries, times } = self;
        let (world, design) = (&chat.world, chat.design);
        let posts = world.connections().posts() - posts;
        if posts != (SENDS * recipients) as u64 {
            return Err(Error(format!("{}: {SENDS} messages to {recipients} made {posts} posts", design.name())));
        }
        let figures = Figures {
            requests: SENDS as u64,
            counts: world.dynamodb().counts().since(&counts),
            posts,
            last_deliveries,
            times,
            usage: usage::between(usage, chat.send.usage()),
            peak_memory: chat.send.peak_memory(),
            memory: chat.memory,
        };
        Ok((design, figures))
    }
}

/// One reader marks the messages of a private chat as seen, one after the other. The sender is connected.
async fn measure_marks(setup: &Setup, node: &Node, design: Design) -> Result<Figures, Error> {
    const READER: &str = "reader1";
    let mut chat = Chat::open(World::start(setup).await?, node, design, &users("reader", 1), &[]).await?;
    chat.world.set_delay();
    chat.world.connections().set_delay(POST_DELAY);
    let mut messages = Vec::new();
    for number in 0..WARM_UP_MARKS + MARKS {
        messages.push(chat.send(number).await?.0);
    }
    let (warm_up, measured) = messages.split_at(WARM_UP_MARKS);
    for message in warm_up {
        chat.mark_seen(READER, message).await?;
    }
    let (counts, posts) = (chat.world.dynamodb().counts(), chat.world.connections().posts());
    let usage = chat.marking().usage();
    let mut times = Vec::new();
    for message in measured {
        times.push(chat.mark_seen(READER, message).await?);
    }
    Ok(Figures {
        requests: MARKS as u64,
        counts: chat.world.dynamodb().counts().since(&counts),
        posts: chat.world.connections().posts() - posts,
        last_deliveries: Vec::new(),
        times,
        usage: usage::between(usage, chat.marking().usage()),
        peak_memory: chat.marking().peak_memory(),
        memory: chat.mark_memory,
    })
}
