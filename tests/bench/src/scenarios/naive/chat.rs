//! A chat in one of the designs: who is connected, and how a message is sent and marked as seen.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::{Error, Instance, Node, World, world::connection_of};

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

/// One chat of one design: who sends there, and who reads.
pub(super) struct Chat {
    pub(super) design: Design,
    id: String,
    pub(super) send: Instance,
    mark: Option<Instance>,
    pub(super) memory: u64,
    pub(super) mark_memory: u64,
    /// The last field: it is dropped after the instances that talk to it.
    pub(super) world: World,
}

const SENDER: &str = "liam";

impl Chat {
    /// A chat whose recipients are connected, while `others` users who share no chat with them are, too.
    pub(super) async fn open(
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
    pub(super) async fn send(&mut self, number: usize) -> Result<(Value, Instant, Duration), Error> {
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
    pub(super) async fn mark_seen(&mut self, reader: &str, message: &Value) -> Result<Duration, Error> {
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
    pub(super) fn marking(&self) -> &Instance {
        self.mark.as_ref().unwrap_or(&self.send)
    }
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
