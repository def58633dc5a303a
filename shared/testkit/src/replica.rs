//! A client that holds its chats by events and sync alone, as docs/API.md tells clients to. It reads JSON, so that it
//! believes what is on the wire and nothing else.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What one device of a user holds.
#[derive(Debug, Clone, Default)]
pub struct Replica {
    user: String,
    chats: BTreeMap<String, Held>,
    /// Something was missed.
    is_behind: bool,
}

/// One chat, as a replica holds it.
#[derive(Debug, Clone, Default)]
struct Held {
    document: Value,
    messages: BTreeMap<u64, Value>,
    seq: u64,
    rev: u64,
    floor: u64,
    is_muted: bool,
    /// By user: joinedSeq and readSeq.
    members: BTreeMap<String, (u64, u64)>,
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} is a number: {value}"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("{name} is a list: {value}"))
}

impl Held {
    /// A chat that is new to the client: it knows nothing after the floor yet.
    fn new(document: &Value) -> Self {
        let floor = number(document, "floor");
        Self { document: document.clone(), seq: floor, rev: number(document, "rev"), floor, ..Self::default() }
    }

    fn put_document(&mut self, document: &Value) {
        if number(document, "rev") >= number(&self.document, "rev") {
            self.document = document.clone();
        }
    }

    fn raise_floor(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
        self.messages = self.messages.split_off(&(self.floor + 1));
    }

    /// Takes a message in the state that is newest.
    fn put(&mut self, user: &str, message: &Value) {
        let (seq, rev) = (number(message, "seq"), number(message, "rev"));
        if seq <= self.floor || self.messages.get(&seq).is_some_and(|held| number(held, "rev") > rev) {
            return;
        }
        if list(message, "deletedFor").iter().any(|by| by == user) {
            assert_eq!(message["content"], "", "what is deleted is not told: {message}");
            self.messages.remove(&seq);
        } else {
            self.messages.insert(seq, message.clone());
        }
    }

    fn has_read(&mut self, user: &str, seq: u64) {
        let (_, read) = self.members.entry(user.to_owned()).or_default();
        *read = seq.max(*read);
    }
}

impl Replica {
    /// A device that holds nothing yet.
    pub fn new(user: &str) -> Self {
        Self { user: user.to_owned(), chats: BTreeMap::new(), is_behind: true }
    }

    /// Whether it must sync.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// The connection was lost: whatever came meanwhile was missed.
    pub fn disconnected(&mut self) {
        self.is_behind = true;
    }

    /// Takes a pushed frame. One that does not follow what is held is not taken: the next sync brings it.
    pub fn event(&mut self, frame: &Value) {
        let data = &frame["data"];
        let name = frame["event"].as_str().expect("an event has a name");
        if name == "user.updated" {
            let muted: BTreeSet<_> = list(data, "mutedChats").iter().filter_map(Value::as_str).collect();
            for (id, held) in &mut self.chats {
                held.is_muted = muted.contains(id.as_str());
            }
            return;
        }
        // Shown, and not held.
        if name == "presence.updated" {
            return;
        }
        let id = frame["chatId"].as_str().expect("an event is about a chat").to_owned();
        if name == "chat.created" {
            let is_news = self.chats.get(&id).is_none_or(|held| held.rev < number(data, "rev"));
            if is_news {
                self.chats.insert(id, Held::new(data));
                // Positions and mutes are not in it.
                self.is_behind = true;
            }
            return;
        }
        let Some(held) = self.chats.get_mut(&id) else {
            self.is_behind |= name != "chat.left";
            return;
        };
        match name {
            "message.created" => {
                let seq = number(frame, "seq");
                if seq > held.seq + 1 {
                    self.is_behind = true;
                    return;
                }
                // What is not held of what was seen before was deleted.
                if seq > held.seq || held.messages.contains_key(&seq) {
                    held.put(&self.user, data);
                }
                held.seq = held.seq.max(seq);
                held.has_read(data["senderId"].as_str().expect("a sender"), seq);
            }
            "message.updated" => {
                let (seq, rev) = (number(frame, "seq"), number(frame, "rev"));
                if rev > held.rev + 1 || (rev == held.rev + 1 && seq > held.seq) {
                    self.is_behind = true;
                } else if rev == held.rev + 1 {
                    held.rev = rev;
                    held.put(&self.user, data);
                }
            }
            "chat.updated" => {
                let rev = number(frame, "rev");
                if rev > held.rev + 1 {
                    self.is_behind = true;
                } else if rev == held.rev + 1 {
                    held.rev = rev;
                    held.put_document(data);
                    held.raise_floor(number(data, "floor"));
                    held.seq = held.seq.max(held.floor);
                }
            }
            "chat.left" => {
                if number(frame, "rev") > held.rev {
                    self.chats.remove(&id);
                }
            }
            "receipt.updated" => {
                held.has_read(data["userId"].as_str().expect("a reader"), number(data, "readSeq"));
            }
            // Shown for a while, and not held.
            "typing" => {}
            _ => panic!("an unknown event: {frame}"),
        }
    }

    /// What to ask: all cursors, and of up to five chats the read positions.
    pub fn sync_request(&self) -> Value {
        let cursor = |(id, held): (&String, &Held)| (id.clone(), json!({"seq": held.seq, "rev": held.rev}));
        let cursors: Map<String, Value> = self.chats.iter().map(cursor).collect();
        let open: Vec<_> = self.chats.keys().take(5).collect();
        json!({"cursors": cursors, "open": open})
    }

    /// Takes the answer; true if there is more to ask for.
    pub fn synced(&mut self, answer: &Value) -> bool {
        for id in list(answer, "gone") {
            self.chats.remove(id.as_str().expect("an id"));
        }
        for part in list(answer, "chats") {
            let id = part["chatId"].as_str().expect("an id");
            assert!(part.get("reset").is_none(), "no cursor is that old: {part}");
            // A chat that was left by an event meanwhile.
            let Some(held) = self.chats.get_mut(id) else { continue };
            held.raise_floor(number(part, "floor"));
            if let Some(chat) = part.get("chat") {
                held.put_document(chat);
            }
            for message in list(part, "changed").iter().chain(list(part, "messages")) {
                held.put(&self.user, message);
            }
            held.seq = held.seq.max(number(&part["cursor"], "seq"));
            held.rev = held.rev.max(number(&part["cursor"], "rev"));
            held.is_muted = part["muted"].as_bool().expect("muted or not");
            if let Some(members) = part.get("members").and_then(Value::as_array) {
                let position = |member: &Value| {
                    let user = member["userId"].as_str().expect("a user").to_owned();
                    (user, (number(member, "joinedSeq"), number(member, "readSeq")))
                };
                held.members = members.iter().map(position).collect();
            }
            held.has_read(&self.user.clone(), number(part, "readSeq"));
        }
        let mut more = answer["limited"] == true;
        for entry in list(answer, "joined") {
            let id = entry["chat"]["chatId"].as_str().expect("an id").to_owned();
            let mut held = Held::new(&entry["chat"]);
            held.is_muted = entry["muted"].as_bool().expect("muted or not");
            self.chats.entry(id).or_insert(held);
            more = true;
        }
        self.is_behind = more;
        more
    }

    /// The chats that are held.
    pub fn chats(&self) -> BTreeSet<String> {
        self.chats.keys().cloned().collect()
    }

    /// What is held of a chat, in the form of [`listed`].
    pub fn held(&self, chat: &str) -> Value {
        let held = &self.chats[chat];
        let messages = held.messages.values().map(|message| {
            let seq = number(message, "seq");
            let mut seen: BTreeSet<&str> = held
                .members
                .iter()
                .filter(|(_, (joined, read))| *joined < seq && seq <= *read)
                .map(|(user, _)| user.as_str())
                .collect();
            seen.insert(message["senderId"].as_str().expect("a sender"));
            let mut message = message.clone();
            message["seenBy"] = json!(seen);
            message
        });
        let read = held.members.get(&self.user).map_or(0, |(_, read)| *read);
        json!({
            "chat": document(&held.document),
            "messages": messages.collect::<Vec<_>>(),
            "seq": held.seq,
            "rev": held.rev,
            "floor": held.floor,
            "unreadCount": held.seq.saturating_sub(read.max(held.floor)),
            "muted": held.is_muted,
        })
    }
}

/// What of a chat's document does not come with its cursors.
fn document(chat: &Value) -> Value {
    let named = ["isGroup", "name", "participants", "admins", "createdBy", "createdAt", "closedAt"];
    named.into_iter().map(|name| (name.to_owned(), chat[name].clone())).collect::<Map<_, _>>().into()
}

/// A chat as a fresh listing has it: of the inbox's entry, and of all its messages.
pub fn listed(entry: &Value, messages: &[Value]) -> Value {
    let chat = &entry["chat"];
    json!({
        "chat": document(chat),
        "messages": messages,
        "seq": chat["seq"],
        "rev": chat["rev"],
        "floor": chat["floor"],
        "unreadCount": entry["unreadCount"],
        "muted": entry["muted"],
    })
}
