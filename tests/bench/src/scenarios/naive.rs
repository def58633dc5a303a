//! The naive design (`tests/bench/naive`) beside send-message: the same stand-ins, the same messages.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::{
    Counts, Error, Instance, Node, Setup, Usage, World,
    chart::Chart,
    node,
    report::{Goal, Section, Table, median, millis, ms, per, ratio},
    usage, users,
    world::connection_of,
};

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
/// How many of them the chart and the goal for time are about.
const CHART_RECIPIENTS: usize = 100;
/// The recipients of a message while others are connected, and how many others.
const AMONG_OTHERS: (usize, usize) = (10, 10_000);
/// The marks of one reader. One process pushes 20 receipts at once for a reader in a chat.
const MARKS: usize = 15;
/// The marks that come before.
const WARM_UP_MARKS: usize = 3;
/// The tables of the naive design.
const CONNECTIONS_TABLE: &str = "naive-connections";
const MESSAGES_TABLE: &str = "naive-messages";
/// The memory of the naive function in MB, as in the template of aws-samples/simple-websockets-chat-app.
pub(crate) const NAIVE_MEMORY: u64 = 256;
/// How many users share a chat, of those who are only connected.
const STRANGERS_PER_CHAT: usize = 10;

/// How messages are stored and delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// The function `send-message`.
    Ours,
    /// The naive design; each post waits for the one before, as in awsdocs/aws-doc-sdk-examples.
    OneAfterAnother,
    /// The naive design; all posts at the same time, as in aws-samples/simple-websockets-chat-app.
    AllAtOnce,
}

impl Design {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ours, Self::OneAfterAnother, Self::AllAtOnce];

    /// The name in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OneAfterAnother => "naive, one post after another",
            Self::AllAtOnce => "naive, all posts at once",
        }
    }
}

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

/// One chat of one design: who sends there, and who reads.
struct Chat {
    design: Design,
    id: String,
    send: Instance,
    mark: Option<Instance>,
    memory: u64,
    mark_memory: u64,
    /// The last field: it is dropped after the instances that talk to it.
    world: World,
}

const SENDER: &str = "liam";

impl Chat {
    /// A chat whose recipients are connected, while `others` users who share no chat with them are, too.
    async fn open(
        world: World,
        node: &Node,
        design: Design,
        recipients: &[String],
        others: &[String],
    ) -> Result<Self, Error> {
        if design == Design::Ours {
            Self::ours(world, recipients, others).await
        } else {
            Self::naive(world, node, design, recipients, others).await
        }
    }

    async fn ours(world: World, recipients: &[String], others: &[String]) -> Result<Self, Error> {
        let id = match recipients {
            [one] => world.private_chat([SENDER, one]).await?,
            _ => {
                let people = std::iter::once(SENDER.to_owned()).chain(recipients.iter().cloned());
                world.group(&people.collect::<Vec<_>>()).await?
            }
        };
        world.connect(others).await?;
        world.connect(recipients).await?;
        let (send, mark) = (world.instance("send-message").await?, world.instance("mark-seen").await?);
        let (memory, mark_memory) = (world.memory("send-message")?, world.memory("mark-seen")?);
        Ok(Self { world, design: Design::Ours, id, send, mark: Some(mark), memory, mark_memory })
    }

    async fn naive(
        world: World,
        node: &Node,
        design: Design,
        recipients: &[String],
        others: &[String],
    ) -> Result<Self, Error> {
        world.dynamodb().create_table(CONNECTIONS_TABLE, "connectionId")?;
        world.dynamodb().create_table(MESSAGES_TABLE, "messageId")?;
        let variables = [
            ("CONNECTIONS_TABLE", CONNECTIONS_TABLE.to_owned()),
            ("MESSAGES_TABLE", MESSAGES_TABLE.to_owned()),
            ("CONNECTIONS_ENDPOINT", world.connections().endpoint()),
            ("POSTS_AT_ONCE", (design == Design::AllAtOnce).to_string()),
            ("AWS_ENDPOINT_URL_DYNAMODB", world.dynamodb().endpoint().to_owned()),
            // The SDK announces the end of its support for a version of Node.
            ("NODE_NO_WARNINGS", "1".to_owned()),
        ];
        let variables: BTreeMap<_, _> = variables.map(|(name, value)| (name.to_owned(), value)).into();
        let send = world.instance_of("naive", node.command_line(), NAIVE_MEMORY, variables).await?;
        let (memory, mark_memory) = (NAIVE_MEMORY, NAIVE_MEMORY);
        let mut chat = Self { world, design, id: naive_chat(0), send, mark: None, memory, mark_memory };
        for (number, user) in others.iter().enumerate() {
            chat.connect(user, &naive_chat(1 + number / STRANGERS_PER_CHAT)).await?;
        }
        let id = chat.id.clone();
        chat.connect(SENDER, &id).await?;
        for user in recipients {
            chat.connect(user, &id).await?;
        }
        Ok(chat)
    }

    /// Opens a connection in the naive design.
    async fn connect(&mut self, user: &str, chat: &str) -> Result<(), Error> {
        let mut event = naive_event("$connect", user, &Value::Null);
        event["queryStringParameters"] = json!({ "name": user, "chatId": chat });
        let answered = self.send.invoke(Bytes::from(event.to_string())).await?;
        expect(&answered.payload, answered.status() == 200)
    }

    /// Sends the n-th message. Returns its seq or its id, when the event was handed out, and when it was answered.
    async fn send(&mut self, number: usize) -> Result<(Value, Instant, Duration), Error> {
        let text = "x".repeat(200);
        let event = if self.design == Design::Ours {
            let body = json!({ "type": "text", "content": text, "clientMessageId": format!("m-{number}") });
            self.world.sample("send-message")?.http(SENDER, &[("chatId", &self.id)], &body)
        } else {
            Bytes::from(naive_event("sendmessage", SENDER, &json!({ "text": text })).to_string())
        };
        let started = Instant::now();
        let answered = self.send.invoke(event).await?;
        expect(&answered.payload, matches!(answered.status(), 200 | 201))?;
        let body = answered.body();
        let message = if self.design == Design::Ours { &body["message"]["seq"] } else { &body["messageId"] };
        Ok((message.clone(), started, answered.took))
    }

    /// Marks a message as seen.
    async fn mark_seen(&mut self, reader: &str, message: &Value) -> Result<Duration, Error> {
        let answered = if let Some(mark) = &mut self.mark {
            let sample = self.world.sample("mark-seen")?;
            mark.invoke(sample.http(reader, &[("chatId", &self.id)], &json!({ "seq": message }))).await?
        } else {
            let event = naive_event("markseen", reader, &json!({ "messageId": message }));
            self.send.invoke(Bytes::from(event.to_string())).await?
        };
        expect(&answered.payload, answered.status() == 200)?;
        Ok(answered.took)
    }

    /// The instance that marks.
    fn marking(&self) -> &Instance {
        self.mark.as_ref().unwrap_or(&self.send)
    }
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

/// The id of a chat in the naive design, as long as a UUID.
fn naive_chat(number: usize) -> String {
    format!("{number:0>8}-0000-4000-8000-000000000000")
}

/// An event of the WebSocket API, as the naive design reads it.
fn naive_event(route: &str, user: &str, body: &Value) -> Value {
    json!({
        "requestContext": {
            "routeKey": route,
            "connectionId": connection_of(user),
            "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "stage": "live",
        },
        "body": body.to_string(),
        "isBase64Encoded": false,
    })
}

fn expect(payload: &Value, is_expected: bool) -> Result<(), Error> {
    if is_expected { Ok(()) } else { Err(Error(format!("a function answered {payload}"))) }
}

/// The section of the report.
#[must_use]
pub fn section(setup: &Setup, compared: &Result<Comparison, node::Missing>) -> Section {
    const TITLE: &str = "Beside the naive design";
    let compared = match compared {
        Ok(compared) => compared,
        Err(missing) => {
            let text = format!("Left out, because this machine cannot run the naive design: {missing}.");
            return Section { title: TITLE, text, ..Section::default() };
        }
    };
    let mut table = Table::new(&[
        "recipients",
        "others connected",
        "design",
        "last delivery, median, ms",
        "/ ours",
        "CPU per send, ms",
        "/ ours",
        "calls",
        "read units",
        "write units",
        "peak memory, MB",
    ]);
    let mut chart = Chart {
        name: "naive-last-delivery",
        title: format!("Time to the last of {CHART_RECIPIENTS} deliveries, ms"),
        ..Chart::default()
    };
    let mut goals = Vec::new();
    for rows in compared.sends.chunk_by(|a, b| (a.recipients, a.others) == (b.recipients, b.others)) {
        let Some(ours) = rows.iter().find(|row| row.design == Design::Ours) else { continue };
        for Row { design, recipients, others, send } in rows {
            let time_share = ratio(median(&send.last_deliveries), median(&ours.send.last_deliveries));
            let cpu = send.cpu_per_request().zip(ours.send.cpu_per_request());
            let cpu_share = cpu.map_or(f64::NAN, |(cpu, of_ours)| ratio(cpu, of_ours));
            let per_send = |sum: f64| format!("{:.1}", per(sum, send.requests));
            #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
            table.row([
                recipients.to_string(),
                others.to_string(),
                design.name().to_owned(),
                ms(median(&send.last_deliveries)),
                format!("{time_share:.2}"),
                send.cpu_per_request().map_or("unknown".to_owned(), |cpu| format!("{:.2}", millis(cpu))),
                format!("{cpu_share:.2}"),
                per_send(send.counts.total() as f64),
                per_send(send.counts.read_units),
                per_send(send.counts.write_units),
                send.peak_memory.map_or("unknown".to_owned(), |bytes| (bytes / (1024 * 1024)).to_string()),
            ]);
            if *recipients == CHART_RECIPIENTS {
                chart.bar(design.name(), millis(median(&send.last_deliveries)), *design != Design::Ours);
            }
            if *design == Design::Ours || *recipients == 1 {
                continue;
            }
            let among = if *others > 0 { format!(" among {others} connections") } else { String::new() };
            let place = format!("{recipients} recipients{among}, {}", design.name());
            goals.push(Goal::at_least(format!("{place}: CPU per send / ours"), cpu_share, 5.0, 1));
            if *recipients == CHART_RECIPIENTS {
                goals.push(Goal::at_least(format!("{place}: time to the last delivery / ours"), time_share, 3.0, 1));
            }
        }
    }
    let last_delivery = |design: Design, others: usize| {
        let row = compared
            .sends
            .iter()
            .find(|row| row.design == design && row.recipients == AMONG_OTHERS.0 && row.others == others);
        row.map_or(Duration::ZERO, |row| median(&row.send.last_deliveries))
    };
    let growth = |design: Design| ratio(last_delivery(design, AMONG_OTHERS.1), last_delivery(design, 0));
    let figure = "10 recipients among 10,000 connections / among 10, time to the last delivery, ours";
    goals.push(Goal::at_most(figure, growth(Design::Ours), 1.1, 2));
    let text = format!(
        "send-message beside tests/bench/naive, a chat back end as AWS's tutorials show it: it finds connections \
         by a Scan of the table of all connections, and stores a list `seenBy` with each message. Its README cites \
         the source of each choice. Two samples differ in the posts: one after another, or all at once (at most 50 \
         connections, the SDK's limit). {SENDS} messages of 200 characters each, the designs in turns; each \
         recipient has one connection. A call to DynamoDB takes {} ms besides the engine's own time, a post {} ms. \
         At least {} sends come before, so that Node ({}) has compiled the code.\n\n\
         The naive design does less: messages have no order and a repeat is stored twice, nobody checks who sends \
         and whether they are in the chat, a client that was away cannot ask for what it missed, no budget bounds \
         a sender, a connection is in one chat, and a failed post fails the send.\n\n\
         From 10 to 10,010 connections, the time to the last delivery at 10 recipients changes by the factor {:.2} \
         (ours), {:.2} (one post after another), {:.2} (all at once). The read units show what the Scan reads. \
         These times say little about AWS, because the stand-in's table is in memory.",
        setup.delay.as_millis(),
        POST_DELAY.as_millis(),
        WARM_UP_SENDS.0,
        compared.node,
        growth(Design::Ours),
        growth(Design::OneAfterAnother),
        growth(Design::AllAtOnce),
    );
    Section { title: TITLE, text, tables: vec![table], charts: vec![chart], goals }
}
