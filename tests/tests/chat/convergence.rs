//! Three clients that hold their chats by events and sync alone, on the real system, with connections that break.

use dev::client::{ClientError, Socket};
use end_to_end::{System, User, seed};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use testkit::ops::{Op, Ops};
use testkit::replica::{Replica, listed};

const NAMES: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
const OPERATIONS: u64 = 200;
const DROPS: u32 = 30;

/// One of the three, on one device.
struct Device {
    user: User,
    socket: Option<Socket>,
    replica: Replica,
}

impl Device {
    /// Takes what has come, but what is lost on the way.
    async fn receive(&mut self, ops: &Ops, patience: Duration) {
        while let Some(socket) = &mut self.socket {
            match tokio::time::timeout(patience, socket.next()).await {
                Ok(Ok(frame)) if ops.percent(15) => drop(frame),
                Ok(Ok(frame)) => self.replica.event(&frame),
                Ok(Err(ClientError::Silence(_))) | Err(_) => return,
                Ok(Err(error)) => panic!("{error}"),
            }
        }
    }

    /// Asks over the socket, and now and then over HTTP.
    async fn sync(&mut self, ops: &Ops) {
        let request = self.replica.sync_request();
        let answer = match &mut self.socket {
            Some(socket) if ops.percent(70) => {
                let reply = socket.request("sync", request).await.unwrap();
                assert_eq!(reply["ok"], true, "{reply}");
                reply["data"].clone()
            }
            _ => {
                let (status, answer) = self.user.http.post("/sync", &request).await.unwrap();
                assert_eq!(status, 200, "{answer}");
                answer
            }
        };
        self.replica.synced(&answer);
    }
}

/// The chats, how long their logs are, and everyone by name.
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

    /// A group of everyone but erin.
    async fn new_group(&self, creator: &str) -> (String, AtomicU64) {
        let others: Vec<_> = NAMES[..4].iter().filter(|name| **name != creator).map(|name| &self.users[name]).collect();
        (self.users[creator].group(&others).await, AtomicU64::new(0))
    }

    /// Performs an operation over HTTP. What a rule refuses is refused; what is broken fails the test.
    async fn perform(&self, who: &User, op: &Op, chat: usize) {
        let (id, last) = &self.chats[chat];
        let (chat, n) = (format!("/chats/{id}"), self.texts.fetch_add(1, Ordering::Relaxed));
        let at = |place: u64| 1 + place % (last.load(Ordering::Relaxed) + 1);
        let user = |name: &str| self.users[name].id.clone();
        let (method, path, body) = match op {
            Op::Send { reply_to, mentions } => {
                let mut body =
                    json!({"type": "text", "content": format!("Text {n}"), "clientMessageId": format!("m-{n}")});
                if let Some(place) = reply_to {
                    body["replyTo"] = json!(at(*place));
                }
                if *mentions {
                    body["mentions"] = json!([user("carol")]);
                }
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
            Op::Add(whom) => {
                (Method::POST, format!("{chat}/participants"), Some(json!({"participants": [user(whom)]})))
            }
            Op::Remove(whom) => (Method::DELETE, format!("{chat}/participants/{}", user(whom)), None),
            Op::SetAdmin(whom, is_admin) => {
                let method = if *is_admin { Method::PUT } else { Method::DELETE };
                (method, format!("{chat}/admins/{}", user(whom)), None)
            }
            Op::Mute(on) => {
                let method = if *on { Method::PUT } else { Method::DELETE };
                (method, format!("{chat}/mute"), None)
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

async fn inbox(user: &User) -> BTreeMap<String, Value> {
    let (mut entries, mut query) = (BTreeMap::new(), "limit=2".to_owned());
    loop {
        let (status, page) = user.http.get(&format!("/chats?{query}")).await.unwrap();
        assert_eq!(status, 200, "{page}");
        for entry in page["chats"].as_array().unwrap() {
            let id = entry["chat"]["chatId"].as_str().unwrap().to_owned();
            assert!(entries.insert(id, entry.clone()).is_none(), "each chat once");
        }
        let Some(cursor) = page["cursor"].as_str() else { return entries };
        query = format!("limit=2&cursor={cursor}");
    }
}

async fn messages(user: &User, chat: &str) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let (status, page) = user.http.get(&format!("/chats/{chat}/messages?after={after}&limit=50")).await.unwrap();
        assert_eq!(status, 200, "{page}");
        found.extend(page["messages"].as_array().unwrap().iter().cloned());
        if page["hasMoreAfter"] == false {
            return found;
        }
        after = page["range"]["to"].as_u64().unwrap();
    }
}

#[tokio::test]
async fn three_clients_hold_at_the_end_what_a_fresh_listing_gives() {
    let seed = seed();
    let context = format!("LAMBDA_CHAT_SEED={seed}");
    println!("{context}"); // shown if the test fails
    let ops = Ops::new(seed, &NAMES);
    let mut world = World::new(crate::system()).await;
    let mut devices = Vec::new();
    for name in &NAMES[..3] {
        let user = world.users[name].clone();
        devices.push(Device { socket: Some(user.socket().await), replica: Replica::new(&user.id), user });
    }
    let (mut performed, mut drops) = (0, 0);
    while performed < OPERATIONS || drops < DROPS {
        let of = |device: &Device| (device.user.clone(), ops.next(), usize::try_from(ops.below(3)).unwrap());
        let round: Vec<_> = devices.iter().map(of).collect();
        performed += 3;
        // Groups are left and closed: now and then there is a new one, of which nobody knows yet.
        if performed == 69 || performed == 135 {
            let (creator, index) = if performed == 69 { ("carol", 1) } else { ("bob", 2) };
            world.chats[index] = world.new_group(creator).await;
        }
        join_all(round.iter().map(|(who, op, chat)| world.perform(who, op, *chat))).await;
        for device in &mut devices {
            device.receive(&ops, Duration::from_millis(5)).await;
            if device.socket.is_some() && ops.percent(20) {
                // Without a word, as networks do.
                device.socket = None;
                device.replica.disconnected();
                drops += 1;
            } else if device.socket.is_none() {
                device.socket = Some(device.user.socket().await);
            }
            if device.socket.is_some() && device.replica.is_behind() && ops.percent(60) {
                device.sync(&ops).await;
            }
        }
    }
    println!("{performed} operations, {} of them done, {drops} connections lost", world.done.load(Ordering::Relaxed));
    assert!(world.done.load(Ordering::Relaxed) > OPERATIONS / 3, "{context}: many operations do something");
    for device in &mut devices {
        if device.socket.is_none() {
            device.socket = Some(device.user.socket().await);
        }
        device.receive(&ops, Duration::from_millis(200)).await;
        device.replica.disconnected();
        for round in 0.. {
            assert!(round < 50, "{context}: {} never catches up", device.user.id);
            device.sync(&ops).await;
            if !device.replica.is_behind() {
                break;
            }
        }
        let inbox = inbox(&device.user).await;
        assert_eq!(device.replica.chats(), inbox.keys().cloned().collect::<BTreeSet<_>>(), "{context}");
        for (chat, entry) in inbox {
            let fresh = listed(&entry, &messages(&device.user, &chat).await);
            assert_eq!(device.replica.held(&chat), fresh, "{context}: {} in {chat}", device.user.id);
        }
    }
}
