//! The conversation with a script: what to do comes as JSON, a line each, and so goes what happens. Actions, events and
//! replies are those of docs/API.md; events come in the order of each chat's log, and each once.

use super::in_words;
use crate::Error;
use client::call::{self, PageOf};
use client::documents::{ChatId, InboxEntry, Seq};
use client::draft::{Draft, NewChat};
use client::events::TypingState;
use client::{Client, Link, Task, Update, Updates};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::mpsc;

/// A line that comes.
#[derive(Deserialize)]
struct Request {
    /// The script's name for it, repeated in its reply.
    id: Option<Value>,
    #[serde(flatten)]
    action: Action,
}

/// What a script can ask for: the actions of the WebSocket API, and what a client needs beside them. sync is not among
/// them, as the client does that by itself.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Action {
    CreateChat(NewChat),
    SendMessage {
        chat_id: ChatId,
        #[serde(flatten)]
        draft: Draft,
        client_message_id: Option<String>,
    },
    ListMessages {
        chat_id: ChatId,
        before: Option<Seq>,
        after: Option<Seq>,
        around: Option<Seq>,
        limit: Option<u32>,
    },
    MarkSeen {
        chat_id: ChatId,
        seq: Seq,
    },
    EditMessage {
        chat_id: ChatId,
        seq: Seq,
        content: String,
    },
    DeleteMessage {
        chat_id: ChatId,
        seq: Seq,
        r#for: Whom,
    },
    ReactToMessage {
        chat_id: ChatId,
        seq: Seq,
        emojis: Vec<String>,
    },
    Typing {
        chat_id: ChatId,
        state: TypingState,
    },
    Ping {},
    /// The chats as the client holds them, newest activity first.
    ListChats {},
    /// A chat and its members.
    GetChat {
        chat_id: ChatId,
    },
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Whom {
    Me,
    Everyone,
}

/// What came of a request.
struct Reply {
    id: Option<Value>,
    result: Result<Value, client::Error>,
}

/// Reads requests from `input` and prints to `output` until the input ends, and then until all is answered and sent; or
/// until `stop`.
///
/// # Errors
/// The output cannot be written.
pub async fn converse(
    client: Client,
    mut updates: Updates,
    input: impl AsyncRead + Unpin,
    output: impl Write,
    stop: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let mut lines = BufReader::new(input).lines();
    let (replied, mut replies) = mpsc::unbounded_channel();
    let mut talk = Talk { client, output, replied, sending: BTreeMap::new(), open: 0, is_online: true };
    let mut written = talk.connection(&Link::Online);
    let mut stop = std::pin::pin!(stop);
    let mut reads = true;
    loop {
        match written {
            // Whoever reads no more is no fault.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(source) => return Err(Error::Io { what: "printing".to_owned(), source }),
            Ok(()) => {}
        }
        if !reads && talk.open == 0 && talk.sending.is_empty() {
            return Ok(());
        }
        written = tokio::select! {
            asked = &mut stop => return asked,
            line = lines.next_line(), if reads => match line {
                Ok(Some(line)) => talk.line(&line),
                // What is no text ends it as the end does.
                Ok(None) | Err(_) => { reads = false; Ok(()) }
            },
            update = updates.next() => match update {
                Some(update) => talk.told(update),
                None => return Ok(()),
            },
            Some(reply) = replies.recv() => { talk.open -= 1; talk.reply(reply) }
        };
    }
}

struct Talk<W> {
    client: Client,
    output: W,
    replied: mpsc::UnboundedSender<Reply>,
    /// The scripts' names of messages on their way, by the names that these have.
    sending: BTreeMap<String, Option<Value>>,
    /// How many requests have no reply yet.
    open: usize,
    is_online: bool,
}

impl<W: Write> Talk<W> {
    fn print(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.output, line)?;
        writeln!(self.output)?;
        self.output.flush()
    }

    fn line(&mut self, line: &str) -> std::io::Result<()> {
        if line.trim().is_empty() {
            return Ok(());
        }
        match serde_json::from_str::<Request>(line) {
            Ok(Request { id, action }) => self.perform(id, action),
            Err(error) => {
                let id = serde_json::from_str::<Value>(line).ok().and_then(|line| line.get("id").cloned());
                self.refuse(id, &format!("this is no request: {error}"))
            }
        }
    }

    fn perform(&mut self, id: Option<Value>, action: Action) -> std::io::Result<()> {
        let client = self.client.clone();
        match action {
            Action::SendMessage { chat_id, draft, client_message_id } => {
                let handed = match client_message_id {
                    Some(name) => client.send_as(&chat_id, draft, name),
                    None => client.send(&chat_id, draft),
                };
                match handed {
                    Ok(name) => {
                        self.sending.insert(name, id);
                    }
                    Err(error) => return self.reply(Reply { id, result: Err(error) }),
                }
            }
            Action::CreateChat(new) => {
                self.ask(id, async move { Ok(json!({"chat": client.create_chat(&new).await?})) });
            }
            Action::ListMessages { chat_id, before, after, around, limit } => {
                let of = match (before, after, around) {
                    (None, None, None) => PageOf::Last,
                    (Some(seq), None, None) => PageOf::Before(seq),
                    (None, Some(seq), None) => PageOf::After(seq),
                    (None, None, Some(seq)) => PageOf::Around(seq),
                    _ => return self.refuse(id, "one of before, after and around"),
                };
                let call = call::list_messages(&chat_id, of, limit.unwrap_or(50));
                self.ask(id, async move { Ok(json!(client.ask(&call).await?)) });
            }
            Action::MarkSeen { chat_id, seq } => {
                self.ask(id, async move { Ok(json!(client.mark_seen(&chat_id, seq).await?)) });
            }
            Action::EditMessage { chat_id, seq, content } => {
                self.ask(id, async move { Ok(json!({"message": client.edit(&chat_id, seq, &content).await?})) });
            }
            Action::DeleteMessage { chat_id, seq, r#for } => {
                let for_everyone = r#for == Whom::Everyone;
                self.ask(id, async move { Ok(json!({"message": client.delete(&chat_id, seq, for_everyone).await?})) });
            }
            Action::ReactToMessage { chat_id, seq, emojis } => {
                self.ask(id, async move { Ok(json!({"message": client.react(&chat_id, seq, &emojis).await?})) });
            }
            Action::Typing { chat_id, state } => {
                self.ask(id, async move { Ok(json!(client.ask(&call::typing(&chat_id, state)).await?)) });
            }
            Action::Ping {} => self.ask(id, async move { Ok(json!(client.ask(&call::ping()).await?)) }),
            Action::GetChat { chat_id } => {
                self.ask(id, async move { Ok(json!(client.details(&chat_id).await?)) });
            }
            Action::ListChats {} => {
                let chats = self.client.read(entries);
                return self.reply(Reply { id, result: Ok(json!({"chats": chats})) });
            }
        }
        Ok(())
    }

    /// Asks beside what comes meanwhile.
    fn ask(&mut self, id: Option<Value>, asking: impl Future<Output = Result<Value, client::Error>> + Send + 'static) {
        self.open += 1;
        let replied = self.replied.clone();
        tokio::spawn(async move {
            let result = asking.await;
            // Whoever has ended does not care any more.
            let _ = replied.send(Reply { id, result });
        });
    }

    fn refuse(&mut self, id: Option<Value>, detail: &str) -> std::io::Result<()> {
        self.print(&json!({"id": id, "ok": false, "error": {"detail": detail}}))
    }

    fn reply(&mut self, Reply { id, result }: Reply) -> std::io::Result<()> {
        match result {
            Ok(data) => self.print(&json!({"id": id, "ok": true, "data": data})),
            Err(error) => match error.problem() {
                Some(problem) => self.print(&json!({"id": id, "ok": false, "error": problem})),
                None => self.refuse(id, &crate::error_chain(&error)),
            },
        }
    }

    fn told(&mut self, update: Update) -> std::io::Result<()> {
        match update {
            Update::Event(event) => self.print(&event),
            Update::Connection(link) => self.connection(&link),
            Update::CaughtUp => self.print(&json!({"event": "caughtUp"})),
            Update::Sent { client_message_id, message } => match self.sending.remove(&client_message_id) {
                Some(id) => self.reply(Reply { id, result: Ok(json!({"message": message})) }),
                None => Ok(()),
            },
            Update::NotSent { unsent, error } => match self.sending.remove(&unsent.client_message_id) {
                Some(id) => self.reply(Reply { id, result: Err(*error) }),
                None => Ok(()),
            },
            Update::Failed { task, error } => {
                let task = match task {
                    Task::CatchUp => "catchUp",
                    Task::Renew => "renew",
                };
                self.print(&json!({"event": "failed", "data": {"task": task, "reason": in_words(&error)}}))
            }
        }
    }

    /// That the connection came or went; not each try.
    fn connection(&mut self, link: &Link) -> std::io::Result<()> {
        let data = match link {
            Link::Online => json!({"status": "online"}),
            Link::Offline { reason, .. } if self.is_online => json!({"status": "offline", "reason": reason}),
            Link::Offline { .. } | Link::Connecting => return Ok(()),
        };
        self.is_online = *link == Link::Online;
        self.print(&json!({"event": "connection", "data": data}))
    }
}

/// The inbox as the client holds it.
fn entries(state: &client::State) -> Vec<InboxEntry> {
    let entry = |held: &&client::Held| {
        let (muted, mut chat) = (held.is_muted(&jiff::Timestamp::now().to_string()), held.chat().clone());
        (chat.seq, chat.rev, chat.floor) = (held.seq(), held.rev(), held.floor());
        InboxEntry {
            last_message: held.last_message().cloned(),
            read_seq: held.read_by(state.me()),
            unread_count: held.unread(state.me()),
            muted,
            muted_until: held.muted_until().filter(|_| muted).cloned(),
            user: None,
            chat,
        }
    };
    state.inbox().iter().map(entry).collect()
}
