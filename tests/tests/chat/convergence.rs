//! Three clients converge: in the end, each has the same state as a fresh listing, on the real system, over a network
//! that loses, reorders and delays frames and cuts connections.

use client::draft::Draft;
use client::events::Event;
use client::{Client, ConnectionStatus, Error, Options, Update, Updates};
use end_to_end::files::{PNG, announcement, kinds, new_picture, put};
use end_to_end::proxy::Proxy;
use end_to_end::{System, User, seed};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use testkit::listing::{held, listed};
use testkit::ops::{Op, Ops, View};

const NAMES: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
const OPERATIONS: u64 = 200;
/// The least number of lost connections.
const CUTS: u64 = 30;

/// One of the three clients.
struct Device {
    user: User,
    client: Client,
    updates: Updates,
    /// All updates, in order.
    received: Vec<Update>,
    /// The `clientMessageId`s of the messages that it must send.
    handed: BTreeSet<String>,
}

impl Device {
    async fn new(user: User, system: &System, proxy: &Proxy) -> Self {
        let options = Options { ws_url: proxy.url.clone(), ..system.options() };
        let (client, updates) = user.client(options).await;
        Self { user, client, updates, received: Vec::new(), handed: BTreeSet::new() }
    }

    async fn receive(&mut self, timeout: Duration) {
        while let Ok(Some(update)) = tokio::time::timeout(timeout, self.updates.next()).await {
            self.received.push(update);
        }
    }

    /// Loads everything that the client can request: all chats down to their first message.
    async fn catch_up(&mut self, context: &str) {
        for round in 0..200 {
            self.receive(Duration::from_millis(50)).await;
            let open: Vec<_> = self.client.read(|state| state.chats().keys().cloned().collect());
            let (is_behind, older) = self.client.read(|state| {
                let older = state.chats().iter().find(|(_, held)| held.has_older()).map(|(id, _)| id.clone());
                (state.is_behind() || state.has_gap(), older)
            });
            let is_waiting =
                self.client.connection_status() != ConnectionStatus::Online || !self.client.unsent().is_empty();
            match older {
                _ if is_behind || is_waiting => {}
                Some(chat) => drop(self.client.load_older(&chat, 20).await.unwrap()),
                // Read positions are loaded only for open chats.
                None if self.client.read(|state| state.visible().len()) < open.len() => {
                    self.client.set_visible(&open).await.unwrap();
                }
                None if round > 1 => return,
                None => {}
            }
        }
        panic!("{context}: {} does not catch up", self.user.id);
    }

    /// Each message came once, in the order of its chat.
    fn assert_order(&self, context: &str) {
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for update in &self.received {
            match update {
                // The chat starts again after a reset.
                Update::Event(Event::ChatCreated { chat_id, .. } | Event::ChatLeft { chat_id, .. }) => {
                    last.remove(chat_id.as_str());
                }
                Update::Event(Event::MessageCreated { chat_id, seq, .. }) => {
                    let before = last.insert(chat_id, *seq);
                    assert!(before.is_none_or(|before| before < *seq), "{context}: {seq} after {before:?}");
                }
                _ => {}
            }
        }
    }

    /// Each message that was handed to the client was acknowledged or refused, once.
    fn assert_sent(&self, context: &str) {
        let mut answered = BTreeSet::new();
        for update in &self.received {
            let name = match update {
                Update::Sent { client_message_id, .. } => client_message_id,
                Update::NotSent { unsent, error } => {
                    let is_meant = error.problem().is_some_and(|problem| matches!(problem.status, 404 | 409));
                    assert!(is_meant, "{context}: {error}");
                    &unsent.client_message_id
                }
                _ => continue,
            };
            assert!(answered.insert(name.clone()), "{context}: {name} twice");
        }
        assert_eq!(answered, self.handed, "{context}: {}", self.user.id);
    }
}

/// The chats with the length of their logs, and the users by name.
struct World {
    chats: Vec<(String, AtomicU64)>,
    users: BTreeMap<&'static str, User>,
    texts: AtomicU64,
    done: AtomicU64,
}

impl World {
    async fn new(system: &System) -> Self {
        let mut users = BTreeMap::new();
        for name in NAMES {
            users.insert(name, system.user(name).await);
        }
        let private = users["alice"].chat_with(&users["bob"]).await;
        let mut world = Self { chats: Vec::new(), users, texts: AtomicU64::new(0), done: AtomicU64::new(0) };
        world.chats.push((private, AtomicU64::new(0)));
        for creator in ["alice", "bob"] {
            let group = world.new_group(creator).await;
            world.chats.push(group);
        }
        world
    }

    /// Creates a group of everyone except erin. Who blocks the creator ends the block first: they could not be added.
    async fn new_group(&self, creator: &str) -> (String, AtomicU64) {
        let others: Vec<_> = NAMES[..4].iter().filter(|name| **name != creator).map(|name| &self.users[name]).collect();
        for other in &others {
            let path = format!("/users/{}/block", self.users[creator].id);
            let (status, answer) = other.http.call(Method::DELETE, &path, None).await.unwrap();
            assert_eq!(status, 200, "{answer}");
        }
        (self.users[creator].group(&others).await, AtomicU64::new(0))
    }

    /// Performs an operation over HTTP. A refusal by a rule is fine, other errors fail the test.
    async fn perform(&self, who: &User, op: &Op, chat: usize) {
        let (id, last) = &self.chats[chat];
        let (chat, n) = (format!("/chats/{id}"), self.texts.fetch_add(1, Ordering::Relaxed));
        let at = |place: u64| 1 + place % (last.load(Ordering::Relaxed) + 1);
        let user = |name: &str| self.users[name].id.clone();
        let (method, path, body) = match op {
            Op::Send { reply_to, mentions, has_custom } => {
                let mut body =
                    json!({"type": "text", "content": format!("Text {n}"), "clientMessageId": format!("m-{n}")});
                if let Some(place) = reply_to {
                    body["replyTo"] = json!(at(*place));
                }
                if *mentions {
                    body["mentions"] = json!([user("carol")]);
                }
                if *has_custom {
                    body["custom"] = json!({"n": n, "list": [0.1, {"a": null}]});
                }
                (Method::POST, format!("{chat}/messages"), Some(body))
            }
            Op::Attach => {
                let Some((kind, attachment)) = upload(who, id).await else { return };
                let body = json!({"type": kind, "attachmentId": attachment, "clientMessageId": format!("m-{n}")});
                (Method::POST, format!("{chat}/messages"), Some(body))
            }
            Op::Repeat => {
                let body = json!({"type": "text", "content": "Once", "clientMessageId": "the-one"});
                (Method::POST, format!("{chat}/messages"), Some(body))
            }
            Op::Edit(place) => {
                let body = json!({"content": format!("Edited {n}")});
                (Method::PATCH, format!("{chat}/messages/{}", at(*place)), Some(body))
            }
            Op::EditCustom(place, has_custom) => {
                let body = json!({"custom": has_custom.then(|| json!({"edited": n}))});
                (Method::PATCH, format!("{chat}/messages/{}", at(*place)), Some(body))
            }
            Op::DeleteForMe(place) => (Method::DELETE, format!("{chat}/messages/{}?for=me", at(*place)), None),
            Op::DeleteForEveryone(place) => {
                (Method::DELETE, format!("{chat}/messages/{}?for=everyone", at(*place)), None)
            }
            Op::React(place, emojis) => {
                (Method::PUT, format!("{chat}/messages/{}/reactions", at(*place)), Some(json!({"emojis": emojis})))
            }
            Op::MarkSeen(place) => (Method::PUT, format!("{chat}/seen"), Some(json!({"seq": at(*place)}))),
            Op::Clear => (Method::DELETE, format!("{chat}/messages"), None),
            Op::Rename => (Method::PATCH, chat, Some(json!({"name": format!("Group {n}")}))),
            Op::Describe(is_set) => {
                let body = match is_set {
                    true => json!({"topic": format!("Topic {n}"), "custom": {"n": n}}),
                    false => json!({"topic": null, "custom": null}),
                };
                (Method::PATCH, chat, Some(body))
            }
            Op::SetAvatar(true) => {
                let Some((_, attachment)) = upload(who, id).await else { return };
                (Method::PATCH, chat, Some(json!({"avatar": attachment})))
            }
            Op::SetAvatar(false) => (Method::PATCH, chat, Some(json!({"avatar": null}))),
            Op::Add(whom) => {
                (Method::POST, format!("{chat}/participants"), Some(json!({"participants": [user(whom)]})))
            }
            Op::Remove(whom) => (Method::DELETE, format!("{chat}/participants/{}", user(whom)), None),
            Op::SetAdmin(whom, is_admin) => {
                let method = if *is_admin { Method::PUT } else { Method::DELETE };
                (method, format!("{chat}/admins/{}", user(whom)), None)
            }
            Op::View(view) => {
                let change = match view {
                    View::Notify(level) => json!({"notify": level}),
                    View::Pinned(is) => json!({"pinned": is}),
                    View::Archived(is) => json!({"archived": is}),
                    View::MarkedUnread(is) => json!({"markedUnread": is}),
                };
                (Method::PATCH, format!("{chat}/me"), Some(change))
            }
            Op::Block(whom, block) => {
                let method = if *block { Method::PUT } else { Method::DELETE };
                (method, format!("/users/{}/block", user(whom)), None)
            }
        };
        let (status, answer) = who.http.call(method.clone(), &path, body.as_ref()).await.unwrap();
        let refused = matches!(status, 400 | 403 | 404 | 409 | 503) && answer["code"].is_string();
        assert!(matches!(status, 200 | 201) || refused, "{method} {path}: {status} {answer}");
        self.done.fetch_add(u64::from(!refused), Ordering::Relaxed);
        if let Some(seq) = answer.pointer("/message/seq").and_then(Value::as_u64) {
            last.fetch_max(seq, Ordering::Relaxed);
        }
    }
}

/// Declares and uploads a picture. Returns its type and id; None if the chat takes none.
async fn upload(who: &User, chat: &str) -> Option<(&'static str, String)> {
    let [(kind, about, bytes), ..] = kinds();
    let (status, announced) = who.http.post("/attachments", &announcement(chat, kind, &about, &bytes)).await.unwrap();
    if status == 404 || status == 409 {
        return None;
    }
    assert_eq!(put(&announced, &bytes).await.status(), 200, "{announced}");
    Some((kind, announced["attachment"]["attachmentId"].as_str().unwrap().to_owned()))
}

async fn inbox(user: &User) -> BTreeMap<String, Value> {
    let (mut entries, mut query) = (BTreeMap::new(), "limit=2&archived=any".to_owned());
    loop {
        let (status, page) = user.http.get(&format!("/chats?{query}")).await.unwrap();
        assert_eq!(status, 200, "{page}");
        for entry in page["chats"].as_array().unwrap() {
            let id = entry["chat"]["chatId"].as_str().unwrap().to_owned();
            assert!(entries.insert(id, entry.clone()).is_none(), "each chat once");
        }
        let Some(cursor) = page["cursor"].as_str() else { return entries };
        query = format!("limit=2&archived=any&cursor={cursor}");
    }
}

async fn messages(user: &User, chat: &str) -> Vec<Value> {
    let (mut messages, mut after) = (Vec::new(), 0);
    loop {
        let (status, page) = user.http.get(&format!("/chats/{chat}/messages?after={after}&limit=50")).await.unwrap();
        assert_eq!(status, 200, "{page}");
        messages.extend(page["messages"].as_array().unwrap().iter().cloned());
        if page["hasMoreAfter"] == false {
            return messages;
        }
        after = page["range"]["to"].as_u64().unwrap();
    }
}

#[tokio::test]
async fn three_clients_converge_to_a_fresh_listing() {
    let seed = seed();
    let context = format!("LAMBDA_CHAT_SEED={seed}");
    println!("{context}"); // shown if the test fails
    let ops = Ops::new(seed, &NAMES);
    let system = crate::system();
    let proxy = Proxy::start(&system.ws_url, seed).await;
    let mut world = World::new(system).await;
    let mut devices = Vec::new();
    for name in &NAMES[..3] {
        devices.push(Device::new(world.users[name].clone(), system, &proxy).await);
    }
    proxy.faults().set([10, 10, 10, 6]);
    let (mut performed, mut handed) = (0, 0);
    let cuts = || proxy.counts().get("cut").copied().unwrap_or_default();
    while performed < OPERATIONS || cuts() < CUTS {
        let of = |device: &Device| (device.user.clone(), ops.next(), usize::try_from(ops.below(3)).unwrap());
        let round: Vec<_> = devices.iter().map(of).collect();
        performed += 3;
        assert!(performed < OPERATIONS * 10, "{context}: connections are not cut: {:?}", proxy.counts());
        // Groups are left and closed, so sometimes create a new one.
        if performed == 69 || performed == 135 {
            let (creator, index) = if performed == 69 { ("carol", 1) } else { ("bob", 2) };
            world.chats[index] = world.new_group(creator).await;
        }
        // Send some messages through the clients, over the bad network.
        for device in &mut devices {
            let (chat, last) = &world.chats[usize::try_from(ops.below(3)).unwrap()];
            if ops.percent(30) && device.client.read(|state| state.chat(chat).is_some()) {
                handed += 1;
                let caption = format!("Handed {handed}");
                let draft = match ops.percent(25) {
                    false => Draft::text(caption),
                    true => match device.client.upload(chat, &new_picture(), PNG).await {
                        Ok(attachment) => Draft::attachment(&attachment, caption),
                        // The client does not know yet that it has left the chat, or that the chat is closed.
                        Err(Error::Refused(problem)) if matches!(problem.status, 404 | 409) => continue,
                        Err(error) => panic!("{context}: {error}"),
                    },
                };
                let name = device.client.send(chat, draft).unwrap();
                device.handed.insert(name);
                last.fetch_add(1, Ordering::Relaxed);
            }
        }
        join_all(round.iter().map(|(who, op, chat)| world.perform(who, op, *chat))).await;
        for device in &mut devices {
            device.receive(Duration::from_millis(5)).await;
        }
    }
    let done = world.done.load(Ordering::Relaxed);
    println!(
        "{performed} operations, {done} successful; {handed} messages sent through clients; faults: {:?}",
        proxy.counts()
    );
    assert!(done > OPERATIONS / 3, "{context}: many operations do something");
    let (mut downloaded, mut avatars) = (0, 0);
    proxy.faults().set([0; 4]);
    proxy.cut();
    // An inbox is final only when no device has anything left to send.
    for device in &mut devices {
        device.catch_up(&context).await;
    }
    for device in &mut devices {
        device.catch_up(&context).await;
        device.assert_order(&context);
        device.assert_sent(&context);
        let inbox = inbox(&device.user).await;
        let mut named = BTreeSet::new();
        assert!(device.client.read(|state| state.chats().keys().eq(inbox.keys())), "{context}: {}", device.user.id);
        for (chat, entry) in inbox {
            let fresh = listed(&entry, &messages(&device.user, &chat).await);
            let held = device.client.read(|state| held(state, &chat));
            assert_eq!(held, fresh, "{context}: {} in {chat}", device.user.id);
            if fresh["chat"]["avatar"].is_object() {
                let (status, opened) = device.user.http.get(&format!("/chats/{chat}/avatar")).await.unwrap();
                assert_eq!(status, 200, "{context}: {opened}");
                avatars += 1;
            }
            for message in fresh["messages"].as_array().unwrap() {
                let name = message["clientMessageId"].as_str().filter(|name| device.handed.contains(*name));
                assert!(name.is_none_or(|name| named.insert(name.to_owned())), "{context}: stored twice: {message}");
                if message.get("attachment").is_some() {
                    let (_, bytes) = device.client.download(&chat, message["seq"].as_u64().unwrap()).await.unwrap();
                    assert_eq!(bytes, PNG, "{context}: {message}");
                    downloaded += 1;
                }
            }
        }
    }
    println!("downloaded {downloaded} attachments, opened {avatars} avatars");
    assert!(downloaded > 0, "{context}: attachments are shown");
}
