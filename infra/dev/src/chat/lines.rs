//! `chat --json`: reads actions and prints replies and events, one JSON object a line, in the format of docs/API.md.
//! Each event is printed once, in the order of its chat's log.

use super::error_text;
use super::view::listed_chats;
use crate::Error;
use client::call::{self, PagePosition};
use client::documents::{ChatId, Custom, InboxEntry, MessageType, Notify, OwnMember, Seq, Settings, Time, UserId};
use client::draft::{Draft, NewChat, SettingsChange};
use client::events::TypingState;
use client::{Client, ConnectionStatus, Task, Update, Updates};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::mpsc;

/// The actions: those of the WebSocket API without `sync`, which the client does itself, and some for reading.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Action {
    CreateChat {
        participants: Vec<UserId>,
        is_group: bool,
        name: Option<String>,
        topic: Option<String>,
        custom: Option<Custom>,
        client_chat_id: Option<String>,
    },
    SendMessage {
        chat_id: ChatId,
        r#type: Option<MessageType>,
        content: Option<String>,
        attachment_id: Option<String>,
        reply_to: Option<Seq>,
        mentions: Option<Vec<UserId>>,
        custom: Option<Custom>,
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
    /// Changes this user's view of a chat.
    UpdateMember {
        chat_id: ChatId,
        notify: Option<Notify>,
        mute_until: Option<Time>,
        pinned: Option<bool>,
        archived: Option<bool>,
        marked_unread: Option<bool>,
    },
    /// The chats in the client's memory: pinned ones first, then newest activity first, and then the archived ones.
    ListChats {},
    /// A chat and its members.
    GetChat {
        chat_id: ChatId,
    },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum DeleteFor {
    Me,
    Everyone,
}

/// Parses a line. Returns the script's id of the request, which the reply repeats, and the action.
///
/// # Errors
/// What is wrong with the line, with the name of the field.
fn parse(line: &str) -> (Option<Value>, Result<Action, String>) {
    let mut fields = match serde_json::from_str(line) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return (None, Err("the line is no JSON object".to_owned())),
        Err(error) => return (None, Err(format!("the line is no JSON: {error}"))),
    };
    let id = fields.remove("id");
    let Some(action) = fields.remove("action") else { return (id, Err("action: is required".to_owned())) };
    let Value::String(action) = action else { return (id, Err("action: must be a string".to_owned())) };
    // An object with the action as its only field, so that serde knows the path of a field that is wrong.
    let request = Value::Object([(action.clone(), Value::Object(fields))].into_iter().collect());
    let parsed = serde_path_to_error::deserialize(request).map_err(|error| {
        let path = error.path().to_string();
        match path.strip_prefix(&action).map(|field| field.trim_start_matches('.')) {
            Some(field) if !field.is_empty() => format!("{field}: {}", error.inner()),
            _ => error.inner().to_string(),
        }
    });
    (id, parsed)
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
    let mut session = Session {
        client,
        output,
        reply_sender,
        sending: BTreeMap::new(),
        pending: 0,
        listing: Vec::new(),
        is_online: false,
    };
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
        if !is_reading && session.is_idle() {
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
    /// The ids of the requests for the list of chats that wait until the client has caught up.
    listing: Vec<Option<Value>>,
    is_online: bool,
}

impl<W: Write> Session<W> {
    /// Whether every request is answered and every message is sent.
    fn is_idle(&self) -> bool {
        self.pending == 0 && self.sending.is_empty() && self.listing.is_empty()
    }

    fn print(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.output, line)?;
        writeln!(self.output)?;
        self.output.flush()
    }

    fn handle_line(&mut self, line: &str) -> std::io::Result<()> {
        if line.trim().is_empty() {
            return Ok(());
        }
        match parse(line) {
            (id, Ok(action)) => self.perform(id, action),
            (id, Err(reason)) => self.refuse(id, &format!("invalid request: {reason}")),
        }
    }

    fn perform(&mut self, id: Option<Value>, action: Action) -> std::io::Result<()> {
        let client = self.client.clone();
        match action {
            Action::SendMessage {
                chat_id,
                r#type,
                content,
                attachment_id,
                reply_to,
                mentions,
                custom,
                client_message_id,
            } => {
                let draft = Draft {
                    kind: r#type.unwrap_or_default(),
                    content: content.unwrap_or_default(),
                    attachment_id,
                    reply_to,
                    mentions: mentions.unwrap_or_default(),
                    custom,
                };
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
            Action::CreateChat { participants, is_group, name, topic, custom, client_chat_id } => {
                let new = NewChat { participants, is_group, name, topic, custom, client_chat_id };
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
            Action::UpdateMember { chat_id, notify, mute_until, pinned, archived, marked_unread } => {
                let change = SettingsChange { notify, mute_until, pinned, archived, marked_unread };
                self.spawn_request(id, async move {
                    let OwnMember { read_seq, unread_count, settings } = client.update_member(&chat_id, &change).await?;
                    Ok(json!({"chatId": chat_id, "readSeq": read_seq, "unreadCount": unread_count, "settings": settings}))
                });
            }
            Action::ListChats {} => {
                self.listing.push(id);
                return self.list_chats();
            }
        }
        Ok(())
    }

    /// Replies to the requests for the list of chats. While the client catches up, chats are missing, so they wait.
    fn list_chats(&mut self) -> std::io::Result<()> {
        let Some(chats) = self.client.read(|state| (!state.is_behind()).then(|| entries(state))) else { return Ok(()) };
        for id in std::mem::take(&mut self.listing) {
            self.reply(Reply { id, result: Ok(json!({"chats": chats})) })?;
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
            Update::CaughtUp => {
                self.print(&json!({"event": "caughtUp"}))?;
                self.list_chats()
            }
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
            ConnectionStatus::Online if !self.is_online => json!({"status": "online"}),
            ConnectionStatus::Offline { reason, closing: None, .. } if self.is_online => {
                json!({"status": "offline", "reason": reason})
            }
            ConnectionStatus::Offline { reason, closing: Some(code), .. } if self.is_online => {
                json!({"status": "offline", "reason": reason, "code": code})
            }
            ConnectionStatus::Online | ConnectionStatus::Offline { .. } | ConnectionStatus::Connecting => return Ok(()),
        };
        self.is_online = *link == ConnectionStatus::Online;
        self.print(&json!({"event": "connection", "data": data}))
    }
}

/// The client's inbox, in the format of the API.
fn entries(state: &client::State) -> Vec<InboxEntry> {
    let now = jiff::Timestamp::now().to_string();
    let entry = |held: &&client::ChatState| {
        let mut chat = held.chat().clone();
        (chat.seq, chat.rev, chat.floor) = (held.seq(), held.rev(), held.floor());
        InboxEntry {
            last_message: held.last_message().cloned(),
            read_seq: held.read_seq_of(state.me()),
            unread_count: held.unread(state.me()),
            settings: settings_at(held, state.me(), &now),
            blocked: held.is_blocked(),
            user: None,
            chat,
        }
    };
    listed_chats(state, &now).iter().map(entry).collect()
}

/// This user's view of a chat at the time `now`: without a mute that has ended, the archiving of a chat that came back,
/// and a mark that was taken back.
fn settings_at(held: &client::ChatState, me: &str, now: &str) -> Settings {
    let mut settings = held.settings().clone();
    if settings.notify == Notify::None && !held.is_muted(now) {
        (settings.notify, settings.mute_until) = (Notify::All, None);
    }
    settings.archived_seq = settings.archived_seq.filter(|_| held.is_archived(now));
    settings.marked_unread = held.is_marked_unread(me);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &Value) -> String {
        parse(&line.to_string()).1.unwrap_err()
    }

    #[test]
    fn every_field_of_an_action_is_read() {
        for line in [
            json!({"action": "createChat", "participants": ["bob"], "isGroup": true, "name": "n", "clientChatId": "i"}),
            json!({"action": "sendMessage", "chatId": "c", "type": "file", "content": "x", "attachmentId": "a",
                "replyTo": 1, "mentions": ["bob"], "clientMessageId": "m"}),
            json!({"action": "sendMessage", "chatId": "c", "content": "x", "mentions": null}),
            json!({"action": "listMessages", "chatId": "c", "before": 9, "limit": 5}),
            json!({"action": "markSeen", "chatId": "c", "seq": 1}),
            json!({"action": "editMessage", "chatId": "c", "seq": 1, "content": "y"}),
            json!({"action": "deleteMessage", "chatId": "c", "seq": 1, "for": "everyone"}),
            json!({"action": "reactToMessage", "chatId": "c", "seq": 1, "emojis": []}),
            json!({"action": "typing", "chatId": "c", "state": "start"}),
            json!({"action": "getChat", "chatId": "c"}),
            json!({"action": "ping", "id": {"any": "id"}}),
            json!({"action": "listChats"}),
        ] {
            let (id, action) = parse(&line.to_string());
            assert_eq!(id, line.get("id").cloned());
            assert!(action.is_ok(), "{line}: {action:?}");
            let mut with_more = line.clone();
            with_more["colour"] = json!("red");
            assert!(refusal(&with_more).contains("unknown field `colour`"), "{line}: {}", refusal(&with_more));
        }
    }

    #[test]
    fn refusals_name_the_field() {
        for (line, named) in [
            (json!({"action": "editMessage", "chatId": "c", "seq": 1, "content": "y", "mentions": []}), "`mentions`"),
            (json!({"action": "markSeen", "chatId": "c"}), "`seq`"),
            (json!({"action": "markSeen", "chatId": "c", "seq": "1"}), "seq: "),
            (json!({"action": "sendMessage", "chatId": "c", "content": "x", "mentions": ["bob", 7]}), "mentions[1]: "),
            (json!({"action": "dance"}), "`dance`"),
            (json!({"chatId": "c"}), "action: "),
            (json!({"action": 7}), "action: "),
            (json!([]), "object"),
        ] {
            assert!(refusal(&line).contains(named), "{line}: {}", refusal(&line));
        }
        assert!(parse("no JSON").1.unwrap_err().contains("no JSON"));
    }
}
