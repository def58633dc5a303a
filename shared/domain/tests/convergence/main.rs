//! Convergence: three clients update their state only through events and sync. At the end their state equals a fresh
//! listing, whatever the operations were and however many connections and events were lost.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod performer;

use client::CatchUpRequest;
use client::documents::Page;
use client::events::Event;
use domain::budget::BudgetRate;
use domain::ids::{AttachmentId, ChatId, Seq};
use domain::use_cases::{
    ArchivedFilter, Inbox, InboxCursor, InboxFilter, ListChats, ListMessages, PageLimit, PageStart, SyncChats,
};
use futures_util::future::join_all;
use performer::{Performer, TestApp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::fixtures::{caller, connection, user};
use testkit::listing::{held, listed};
use testkit::ops::Ops;
use testkit::{Faults, MemoryStore, TestEnv};
use traces::Traced;

const CLIENTS: [&str; 3] = ["alice", "bob", "carol"];
const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
const SEEDS: u64 = 1000;
const ROUNDS: u64 = 24;
/// Of the first so many seeds, traces can be recorded: docs/ARCHITECTURE.md says how.
const TRACED_SEEDS: u64 = 8;

/// A client with its state and its connection.
struct Device {
    name: &'static str,
    connection: Option<String>,
    connections: u32,
    state: Traced,
    /// The events that its state reported, in order.
    events: Vec<Event>,
}

impl Device {
    fn new(name: &'static str, seed: u64) -> Self {
        let file = (seed < TRACED_SEEDS).then(|| format!("convergence-{seed}"));
        let state = Traced::if_recording(name, file);
        Self { name, connection: None, connections: 0, state, events: Vec::new() }
    }

    async fn connect(&mut self, app: &TestApp) {
        self.connections += 1;
        let name = format!("{}-{}", self.name, self.connections);
        let at = domain::ports::Env::now(&app.env);
        app.connect(&user(self.name), &connection(&name, at)).await.unwrap();
        self.connection = Some(name);
    }

    async fn disconnect(&mut self, app: &TestApp) {
        if let Some(name) = self.connection.take() {
            app.push.set_gone(&name);
            // Half of the lost connections are not reported.
            if self.connections.is_multiple_of(2) {
                app.disconnect(&user(self.name), &connection(&name, TestEnv::START).id).await.unwrap();
            }
            self.state.mark_disconnected();
        }
    }

    /// Receives the pushed frames. Loses `lost_percent` of them and swaps some.
    fn receive(&mut self, app: &TestApp, ops: &Ops, lost_percent: u8) {
        let frames = self.connection.as_ref().map(|name| app.push.take(name)).unwrap_or_default();
        let mut frames: Vec<_> = frames.into_iter().filter(|_| !ops.percent(lost_percent)).collect();
        for index in 1..frames.len() {
            if ops.percent(20) {
                frames.swap(index - 1, index);
            }
        }
        for frame in frames {
            self.events.extend(self.state.apply_event(serde_json::from_value(frame).unwrap()));
        }
    }

    /// Makes one request and applies its answer. In between, events and an earlier read page of older messages may
    /// arrive.
    async fn ask(&mut self, app: &TestApp, ops: &Ops) {
        let page = match self.older_chat().filter(|_| ops.percent(20)) {
            Some(chat) => self.older_page(app, &chat).await.map(|page| (chat, page)),
            None => None,
        };
        if ops.percent(30) {
            self.receive(app, ops, 15);
        }
        let question = self.state.next_request();
        if let Some((chat, page)) = page {
            self.state.apply_older_page(&chat, &page);
        }
        if ops.percent(30) {
            self.receive(app, ops, 15);
        }
        match question {
            None => {}
            Some(CatchUpRequest::Inbox(cursor)) => {
                let page = app.list_chats(inbox_from(self.name, cursor.as_deref())).await.unwrap();
                let page = serde_json::from_value(serde_json::to_value(page).unwrap()).unwrap();
                self.events.extend(self.state.apply_inbox_page(cursor.as_deref(), page));
            }
            Some(CatchUpRequest::Sync(asked)) => {
                let command = SyncChats {
                    caller: caller(self.name),
                    cursors: serde_json::from_value(json!(asked.request.cursors)).unwrap(),
                    open: serde_json::from_value(json!(asked.request.open)).unwrap(),
                    connection: None,
                };
                let answer = serde_json::to_value(app.sync(command).await.unwrap()).unwrap();
                assert!(answer.to_string().len() <= domain::chat::MAX_FRAME_BYTES);
                self.events.extend(self.state.apply_sync(&asked, serde_json::from_value(answer).unwrap()));
            }
        }
    }

    /// A chat whose older messages the client does not have yet.
    fn older_chat(&self) -> Option<String> {
        self.state.chats().iter().find(|(_, held)| held.has_older()).map(|(id, _)| id.clone())
    }

    /// A page of messages older than those that the client has. None if the user has left the chat.
    async fn older_page(&self, app: &TestApp, chat: &str) -> Option<Page> {
        let before = self.state.chat(chat).unwrap().oldest_seq();
        let (start, limit) = (PageStart::Before(Seq(before)), PageLimit::new(7).unwrap());
        let list = ListMessages { caller: caller(self.name), chat: ChatId::parse(chat).unwrap(), start, limit };
        let page = app.list_messages(list).await.ok()?;
        Some(serde_json::from_value(serde_json::to_value(page).unwrap()).unwrap())
    }

    async fn older(&mut self, app: &TestApp, chat: &str) {
        if let Some(page) = self.older_page(app, chat).await {
            self.state.apply_older_page(chat, &page);
        }
    }

    /// Asserts that the unread counts are those of a fresh listing. Returns in how many chats older messages are not held.
    async fn assert_unread_counts(&self, app: &TestApp, context: &str) -> usize {
        let inbox = inbox(app, self.name).await;
        for (chat, entry) in &inbox {
            assert_eq!(json!(self.state.unread(chat)), entry["unreadCount"], "{context} in {chat}");
        }
        inbox.keys().filter(|chat| self.state.chats()[*chat].has_older()).count()
    }

    /// Asserts that new messages were reported once each and in the order of their chat.
    fn assert_order(&self, context: &str) {
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for event in &self.events {
            match event {
                // The chat starts again.
                Event::ChatCreated { chat_id, .. } | Event::ChatLeft { chat_id, .. } => {
                    last.remove(chat_id.as_str());
                }
                Event::MessageCreated { chat_id, seq, .. } => {
                    let before = last.insert(chat_id, *seq);
                    assert!(before.is_none_or(|before| before < *seq), "{context}: {seq} after {before:?}");
                }
                _ => {}
            }
        }
    }
}

fn inbox_from(who: &str, cursor: Option<&str>) -> ListChats {
    let after = cursor.map(|cursor| InboxCursor::try_from(cursor.to_owned()).unwrap());
    let filter = InboxFilter { archived: ArchivedFilter::Any, pinned: None };
    ListChats { caller: caller(who), limit: PageLimit::new(2).unwrap(), filter, after }
}

async fn inbox(app: &TestApp, who: &str) -> BTreeMap<String, Value> {
    let (mut entries, mut cursor) = (BTreeMap::new(), None::<String>);
    loop {
        let Inbox { chats, cursor: next } = app.list_chats(inbox_from(who, cursor.as_deref())).await.unwrap();
        for entry in chats {
            let id = entry.chat.chat_id().to_string();
            assert!(entries.insert(id, serde_json::to_value(entry).unwrap()).is_none(), "each chat once");
        }
        cursor = next.map(String::from);
        if cursor.is_none() {
            return entries;
        }
    }
}

async fn messages(app: &TestApp, who: &str, chat: &str) -> Vec<Value> {
    let (mut messages, mut after) = (Vec::new(), 0);
    loop {
        let (start, limit) = (PageStart::After(Seq(after)), PageLimit::new(20).unwrap());
        let list = ListMessages { caller: caller(who), chat: ChatId::parse(chat).unwrap(), start, limit };
        let page = app.list_messages(list).await.unwrap();
        messages.extend(page.messages.iter().map(|message| serde_json::to_value(message).unwrap()));
        let Some(range) = page.range.filter(|_| page.has_more_after) else { return messages };
        after = range.to.0;
    }
}

/// How often what the test is about happened.
#[derive(Default)]
struct Occurrences {
    lost_connections: usize,
    /// Attachments in the final listings.
    attachments: usize,
    /// Avatars in the final listings.
    avatars: usize,
    /// Readers in the final listings who are not in the chat any more.
    former_readers: usize,
    /// Comparisons of the unread count of a chat of which older messages are not held.
    partly_held: usize,
}

/// Runs one seed, and adds to `occurrences`.
async fn play(seed: u64, occurrences: &mut Occurrences) {
    let ops = Ops::new(seed, &USERS);
    let percent = |limit: u64| u8::try_from(ops.below(limit)).unwrap();
    let faults = Faults {
        conflict: percent(30),
        lost_reply: percent(8),
        half_read: percent(70),
        stale_chat: percent(50),
        latency_ms: ops.below(8),
        in_flight_ms: ops.below(4),
    };
    let mut app = testkit::app(MemoryStore::with_faults(seed, Faults::default()), ());
    app.env = TestEnv::new(seed);
    app.settings.sending = BudgetRate::per_second(10_000, 1000);
    let performer = Performer::new(&app).await;
    app.store.set_faults(faults);
    let mut devices = CLIENTS.map(|name| Device::new(name, seed));
    for _ in 0..ROUNDS {
        let round = CLIENTS.map(|who| (who, ops.next(), ops.below(3)));
        join_all(round.iter().map(|(who, op, chat)| performer.perform(&app, who, op, *chat))).await;
        for device in &mut devices {
            // Otherwise the frames arrive during the next request, or with later ones.
            if ops.percent(70) {
                device.receive(&app, &ops, 15);
            }
            if device.connection.is_some() && ops.percent(12) {
                device.disconnect(&app).await;
                occurrences.lost_connections += 1;
            } else if device.connection.is_none() && ops.percent(50) {
                device.connect(&app).await;
            }
            if device.state.has_gap() && ops.percent(50) {
                device.state.mark_behind();
            }
            let open: Vec<_> = device.state.chats().keys().cloned().collect();
            device.state.set_visible(&open);
            if device.connection.is_some() && ops.percent(60) {
                device.ask(&app, &ops).await;
            }
            let older = device.older_chat();
            if let Some(chat) = older.filter(|_| ops.percent(20)) {
                device.older(&app, &chat).await;
            }
        }
    }
    app.store.set_faults(Faults::default());
    for device in &mut devices {
        let context = format!("seed {seed}: {}", device.name);
        if device.connection.is_none() {
            device.connect(&app).await;
        }
        device.receive(&app, &ops, 15);
        device.state.mark_behind();
        for asked in 0.. {
            assert!(asked < 100, "{context}: not up to date after 100 requests");
            let open: Vec<_> = device.state.chats().keys().cloned().collect();
            device.state.set_visible(&open);
            if !device.state.is_behind() && !device.state.has_gap() {
                occurrences.partly_held += device.assert_unread_counts(&app, &context).await;
            }
            let older = device.older_chat();
            if device.state.is_behind() {
                device.ask(&app, &ops).await;
            } else if let Some(chat) = older {
                device.older(&app, &chat).await;
                // The read positions come with the sync of an open chat.
                device.state.mark_behind();
            } else if device.state.has_gap() {
                device.state.mark_behind();
            } else {
                break;
            }
        }
        device.assert_order(&context);
        let inbox = inbox(&app, device.name).await;
        assert!(device.state.chats().keys().eq(inbox.keys()), "{context}");
        for (chat, entry) in inbox {
            let fresh = listed(&entry, &messages(&app, device.name, &chat).await);
            assert_eq!(held(&device.state, &chat), fresh, "{context} in {chat}");
            occurrences.former_readers += count_former_readers(&fresh);
            let messages = fresh["messages"].as_array().unwrap().iter();
            for attachment in messages.filter_map(|message| message.get("attachment")) {
                assert_kept(&app, attachment, &context);
                occurrences.attachments += 1;
            }
            if let Some(avatar) = fresh["chat"].get("avatar").filter(|avatar| avatar.is_object()) {
                assert_kept(&app, avatar, &context);
                occurrences.avatars += 1;
            }
        }
    }
}

/// Asserts that the object of a listed attachment is in the bucket and stays there.
fn assert_kept(app: &TestApp, attachment: &Value, context: &str) {
    let id = AttachmentId::parse(attachment["attachmentId"].as_str().unwrap()).unwrap();
    let is_kept = app.objects.has(&id) && app.objects.keeps(&id);
    assert!(is_kept, "{context}: {id} is listed, but its object is not kept");
}

/// The number of users in `seenBy`, of all messages of a listing, who are not senders and not in the chat any more.
fn count_former_readers(listing: &Value) -> usize {
    let participants = listing["chat"]["participants"].as_array().unwrap();
    let messages = listing["messages"].as_array().unwrap().iter();
    let former = messages.flat_map(|message| {
        let readers = message["seenBy"].as_array().unwrap().iter();
        readers.filter(|user| **user != message["senderId"] && !participants.contains(user))
    });
    former.count()
}

#[test]
fn a_thousand_seeds_converge() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut seen = Occurrences::default();
    for seed in 0..SEEDS {
        runtime.block_on(play(seed, &mut seen));
    }
    let Occurrences { lost_connections, attachments, avatars, former_readers, partly_held } = seen;
    assert!(lost_connections > 1000, "only {lost_connections} connections were lost");
    assert!(attachments > 1000, "only {attachments} attachments are listed");
    assert!(avatars > 100, "only {avatars} avatars are listed");
    assert!(former_readers > 200, "only {former_readers} readers have left");
    assert!(partly_held > 20, "only {partly_held} counts were compared while older messages were not held");
}
