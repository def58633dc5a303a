//! The public view of a state, as small facts that two libraries can compare one by one.

use client::documents::UserId;
use client::events::Event;
use client::outbox::Outbox;
use client::{CatchUpRequest, ChatState, State};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A longer fact is replaced by its digest.
const MAX_TEXT_BYTES: usize = 40;
/// Hexadecimal digits of a digest.
const DIGEST_DIGITS: usize = 8;

/// The facts of a state: by what they are about, and by name.
pub(crate) type Facts = BTreeMap<String, BTreeMap<String, Value>>;

/// The same JSON in one form: the members of objects are sorted by the bytes of their names.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().map(|(name, value)| (name.clone(), canonical(value))).collect();
            Value::Object(sorted.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

/// The first digits of the SHA-256 of the canonical JSON.
pub(crate) fn digest(document: &impl Serialize) -> String {
    let text = canonical(&json!(document)).to_string();
    let digits: String = client::sha256(text.as_bytes()).chars().take(DIGEST_DIGITS).collect();
    format!("#{digits}")
}

fn short(text: String) -> Value {
    if text.len() > MAX_TEXT_BYTES { digest(&text).into() } else { text.into() }
}

/// An event on one line: its name, its chat, its seq, its rev and the digest of all of it.
pub(crate) fn summary(event: &Event) -> String {
    let json = json!(event);
    let part = |name: &str| json[name].as_str().map_or_else(|| json[name].to_string(), str::to_owned);
    format!("{} {} {} {} {}", part("event"), part("chatId"), part("seq"), part("rev"), digest(event))
}

/// A sync's cursors on one line, or which page of the inbox.
fn request(request: Option<&CatchUpRequest>) -> Value {
    match request {
        None => Value::Null,
        Some(CatchUpRequest::Inbox(None)) => "inbox".into(),
        Some(CatchUpRequest::Inbox(Some(cursor))) => format!("inbox {cursor}").into(),
        Some(CatchUpRequest::Sync(pending)) => format!("sync {}", digest(&pending.request)).into(),
    }
}

/// All facts of a state. `now` is the time at which mutes and archived chats are looked at.
pub(crate) fn of_state(state: &State, now: &str) -> Facts {
    let ids = |chats: Vec<&ChatState>| {
        short(chats.iter().map(|chat| chat.chat().chat_id.as_str()).collect::<Vec<_>>().join(" "))
    };
    let whole = [
        ("behind", json!(state.is_behind())),
        ("gap", json!(state.has_gap())),
        ("next", request(state.next_request().as_ref())),
        ("visible", short(state.visible().join(" "))),
        ("inbox", ids(state.inbox(now))),
        ("archived", ids(state.archived(now))),
    ];
    let mut facts = Facts::from([(String::new(), named(whole))]);
    let mut users: BTreeSet<UserId> = BTreeSet::from([state.me().to_owned()]);
    for (id, chat) in state.chats() {
        users.extend(chat.chat().participants.iter().cloned());
        users.extend(chat.messages().map(|message| message.sender_id.clone()));
        facts.insert(id.clone(), of_chat(state, id, chat, now));
    }
    for user in users {
        if let Some(person) = state.person(&user) {
            let view = json!({"nickname": person.nickname, "profile": person.profile, "status": person.status,
                "lastSeen": person.last_seen});
            let name = format!("{} {}", person.nickname, digest(&view));
            facts.insert(format!("@{user}"), named([("is", name.into())]));
        }
    }
    facts
}

fn of_chat(state: &State, id: &str, chat: &ChatState, now: &str) -> BTreeMap<String, Value> {
    let me = state.me();
    let settings = chat.settings();
    let last = chat.last_message().map(|last| format!("{} {} {}", last.seq, last.rev, digest(last)));
    let mut facts = named([
        ("at", format!("{} {}", chat.seq(), chat.rev()).into()),
        ("floor", json!(chat.floor())),
        ("older", json!(chat.has_older())),
        ("oldest", json!(chat.oldest_seq())),
        ("document", digest(chat.chat()).into()),
        ("last", json!(last)),
        ("activeAt", json!(chat.active_at())),
        ("unread", json!(state.unread(id))),
        ("blocked", json!(chat.is_blocked())),
        ("muted", json!(chat.is_muted(now))),
        ("marked", json!(chat.is_marked_unread(me))),
        ("settings", format!("{} {}", settings.member_rev, digest(settings)).into()),
        ("unknown", short(state.unknown_people(id).join(" "))),
    ]);
    for message in chat.messages() {
        assert_eq!(chat.message(message.seq), Some(message));
        let seen_by: Vec<_> = chat.seen_by(message).into_iter().collect();
        let fact = format!("{} {}", digest(message), short(seen_by.join(" ")).as_str().unwrap_or_default());
        facts.insert(message.seq.to_string(), fact.into());
    }
    for user in chat.chat().participants.iter().filter(|user| chat.read_seq_of(user) > 0) {
        facts.insert(format!("read {user}"), json!(chat.read_seq_of(user)));
    }
    facts
}

/// All facts of an outbox.
pub(crate) fn of_outbox(outbox: &Outbox, due: Option<u64>) -> Facts {
    let ids: Vec<_> = outbox.waiting().map(|unsent| unsent.client_message_id.as_str()).collect();
    let mut facts = Facts::from([(String::new(), named([("due", json!(due)), ("waiting", short(ids.join(" ")))]))]);
    for unsent in outbox.waiting().filter(|unsent| unsent.tries > 0) {
        let name = unsent.client_message_id.clone();
        assert_eq!(outbox.tries(&name), unsent.tries);
        let fact = format!("{} {} {}", unsent.chat, unsent.tries, digest(&unsent.draft));
        facts.insert(name, named([("is", fact.into())]));
    }
    facts
}

fn named<const N: usize>(facts: [(&str, Value); N]) -> BTreeMap<String, Value> {
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Which facts differ, with their new values: null for a fact that is gone.
pub(crate) fn changes(before: &Facts, after: &Facts) -> Facts {
    let mut changes = Facts::new();
    let empty = BTreeMap::new();
    let subjects: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for subject in subjects {
        let (old, new) = (before.get(subject).unwrap_or(&empty), after.get(subject).unwrap_or(&empty));
        let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for name in names {
            let value = |facts: &BTreeMap<String, Value>| facts.get(name).cloned().unwrap_or_default();
            if value(old) != value(new) {
                changes.entry(subject.clone()).or_default().insert(name.clone(), value(new));
            }
        }
    }
    changes
}
