//! `chat --json`: reads actions and prints replies and events, one JSON object a line, in the format of docs/API.md.
//! Each event is printed once, in the order of its chat's log.

use super::error_text;
use crate::Error;
use client::call::{self, PagePosition};
use client::documents::{ChatId, InboxEntry, Seq};
use client::draft::{Draft, NewChat};
use client::events::TypingState;
use client::{Client, ConnectionStatus, Task, Update, Updates};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::mpsc;

/// An input line.
#[derive(Deserialize)]
struct Request {
    /// The script's id of the request. The reply repeats it.
    id: Option<Value>,
    #[serde(flatten)]
    action: Action,
}

/// The actions: those of the WebSocket API without `sync`, which the client does itself, and some for reading.
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
        r#for: DeleteFor,
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
    /// The chats in the client's memory, newest activity first.
    ListChats {},
    /// A chat and its members.
    GetChat {
        chat_id: ChatId,
    },
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum DeleteFor {
    Me,
    Everyone,
}

/// The result of a request.
struct Reply {
    id: Option<Value>,
    result: Result<Value, client::Error>,
}

/// Reads requests from `input` and prints to `output`. It ends when the input has ended, every request is answered and
/// every message is sent, or when `stop` completes.
///
/// # Errors
/// The output cannot be written.
pub async fn run(
    client: Client,
    mut updates: Updates,
    input: impl AsyncRead + Unpin,
    output: impl Write,
    stop: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let mut lines = BufReader::new(input).lines();
    let (reply_sender, mut replies) = mpsc::unbounded_channel();
    let mut session = Session { client, output, reply_sender, sending: BTreeMap::new(), pending: 0, is_online: true };
    let mut printed = session.connection(&ConnectionStatus::Online);
    let mut stop = std::pin::pin!(stop);
    let mut is_reading = true;
    loop {
        match printed {
            // A reader that closes the pipe is not an error.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(source) => return Err(Error::Io { what: "cannot write to the standard output".to_owned(), source }),
            Ok(()) => {}
        }
        if !is_reading && session.pending == 0 && session.sending.is_empty() {
            return Ok(());
        }
        printed = tokio::select! {
            stopped = &mut stop => return stopped,
            line = lines.next_line(), if is_reading => match line {
                Ok(Some(line)) => session.handle_line(&line),
                // Input that is not UTF-8 counts as the end of the input.
                Ok(None) | Err(_) => { is_reading = false; Ok(()) }
            },
            update = updates.next() => match update {
                Some(update) => session.handle_update(update),
                None => return Ok(()),
            },
            Some(reply) = replies.recv() => { session.pending -= 1; session.reply(reply) }
        };
    }
}

struct Session<W> {
    client: Client,
    output: W,
    reply_sender: mpsc::UnboundedSender<Reply>,
    /// The request ids of unsent messages, by `clientMessageId`.
    sending: BTreeMap<String, Option<Value>>,
    /// The number of requests without a reply.
    pending: usize,
    is_online: bool,
}

impl<W: Write> Session<W> {
    fn print(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.output, line)?;
        writeln!(self.output)?;
        self.output.flush()
    }

    fn handle_line(&mut self, line: &str) -> std::io::Result<()> {
        if line.trim().is_empty() {
            return Ok(());
        }
        match serde_json::from_str::<Request>(line) {
            Ok(Request { id, action }) => self.perform(id, action),
            Err(error) => {
                let id = serde_json::from_str::<Value>(line).ok().and_then(|line| line.get("id").cloned());
                self.refuse(id, &format!("invalid request: {error}"))
            }
        }
    }

    fn perform(&mut self, id: Option<Value>, action: Action) -> std::io::Result<()> {
        let client = self.client.clone();
        match action {
            Action::SendMessage { chat_id, draft, client_message_id } => {
                let queued = match client_message_id {
                    Some(name) => client.send_with_id(&chat_id, draft, name),
                    None => client.send(&chat_id, draft),
                };
                match queued {
                    Ok(name) => {
                        self.sending.insert(name, id);
                    }
                    Err(error) => return self.reply(Reply { id, result: Err(error) }),
                }
            }
            Action::CreateChat(new) => {
                self.spawn_request(id, async move { Ok(json!({"chat": client.create_chat(&new).await?})) });
            }
            Action::ListMessages { chat_id, before, after, around, limit } => {
                let page = match (before, after, around) {
                    (None, None, None) => PagePosition::Last,
                    (Some(seq), None, None) => PagePosition::Before(seq),
                    (None, Some(seq), None) => PagePosition::After(seq),
                    (None, None, Some(seq)) => PagePosition::Around(seq),
                    _ => return self.refuse(id, "use at most one of before, after and around"),
                };
                let call = call::list_messages(&chat_id, page, limit.unwrap_or(50));
                self.spawn_request(id, async move { Ok(json!(client.request(&call).await?)) });
            }
            Action::MarkSeen { chat_id, seq } => {
                self.spawn_request(id, async move { Ok(json!(client.mark_seen(&chat_id, seq).await?)) });
            }
            Action::EditMessage { chat_id, seq, content } => {
                self.spawn_request(
                    id,
                    async move { Ok(json!({"message": client.edit(&chat_id, seq, &content).await?})) },
                );
            }
            Action::DeleteMessage { chat_id, seq, r#for } => {
                let for_everyone = r#for == DeleteFor::Everyone;
                self.spawn_request(id, async move {
                    Ok(json!({"message": client.delete(&chat_id, seq, for_everyone).await?}))
                });
            }
            Action::ReactToMessage { chat_id, seq, emojis } => {
                self.spawn_request(
                    id,
                    async move { Ok(json!({"message": client.react(&chat_id, seq, &emojis).await?})) },
                );
            }
            Action::Typing { chat_id, state } => {
                self.spawn_request(id, async move { Ok(json!(client.request(&call::typing(&chat_id, state)).await?)) });
            }
            Action::Ping {} => self.spawn_request(id, async move { Ok(json!(client.request(&call::ping()).await?)) }),
            Action::GetChat { chat_id } => {
                self.spawn_request(id, async move { Ok(json!(client.load_details(&chat_id).await?)) });
            }
            Action::ListChats {} => {
                let chats = self.client.read(entries);
                return self.reply(Reply { id, result: Ok(json!({"chats": chats})) });
            }
        }
        Ok(())
    }

    /// Runs a request in a task of its own, so that other lines and updates are handled in the meantime.
    fn spawn_request(
        &mut self,
        id: Option<Value>,
        request: impl Future<Output = Result<Value, client::Error>> + Send + 'static,
    ) {
        self.pending += 1;
        let reply_sender = self.reply_sender.clone();
        tokio::spawn(async move {
            let result = request.await;
            // The receiver is gone if the session has ended.
            let _ = reply_sender.send(Reply { id, result });
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

    fn handle_update(&mut self, update: Update) -> std::io::Result<()> {
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
                self.print(&json!({"event": "failed", "data": {"task": task, "reason": error_text(&error)}}))
            }
        }
    }

    /// Prints when the connection comes or goes, but not each attempt to connect.
    fn connection(&mut self, link: &ConnectionStatus) -> std::io::Result<()> {
        let data = match link {
            ConnectionStatus::Online => json!({"status": "online"}),
            ConnectionStatus::Offline { reason, .. } if self.is_online => {
                json!({"status": "offline", "reason": reason})
            }
            ConnectionStatus::Offline { .. } | ConnectionStatus::Connecting => return Ok(()),
        };
        self.is_online = *link == ConnectionStatus::Online;
        self.print(&json!({"event": "connection", "data": data}))
    }
}

/// The client's inbox, in the format of the API.
fn entries(state: &client::State) -> Vec<InboxEntry> {
    let entry = |held: &&client::ChatState| {
        let (muted, mut chat) = (held.is_muted(&jiff::Timestamp::now().to_string()), held.chat().clone());
        (chat.seq, chat.rev, chat.floor) = (held.seq(), held.rev(), held.floor());
        InboxEntry {
            last_message: held.last_message().cloned(),
            read_seq: held.read_seq_of(state.me()),
            unread_count: held.unread(state.me()),
            muted,
            muted_until: held.muted_until().filter(|_| muted).cloned(),
            user: None,
            chat,
        }
    };
    state.inbox().iter().map(entry).collect()
}
