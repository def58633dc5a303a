//! Three clients that hold their chats by events and sync alone hold at the end what a fresh listing gives: whatever was
//! done, however often their connections were lost, and whatever they missed.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod performer;

use domain::ids::{ChatId, Seq};
use domain::member::BudgetRate;
use domain::use_cases::{Inbox, ListChats, ListMessages, PageLimit, PageStart, SyncChats};
use domain::{App, Settings};
use futures_util::future::join_all;
use performer::{Performer, TestApp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use testkit::fixtures::{caller, connection, user};
use testkit::ops::Ops;
use testkit::replica::{Replica, listed};
use testkit::{Faults, MemoryStore, RecordingPush, TestEnv};

const CLIENTS: [&str; 3] = ["alice", "bob", "carol"];
const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
const SEEDS: u64 = 1000;
const ROUNDS: u64 = 24;

/// One device, and how it is connected.
struct Device {
    name: &'static str,
    connection: Option<String>,
    connections: u32,
    replica: Replica,
}

impl Device {
    fn new(name: &'static str) -> Self {
        Self { name, connection: None, connections: 0, replica: Replica::new(name) }
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
            // Half of the time nobody is told.
            if self.connections.is_multiple_of(2) {
                app.disconnect(&user(self.name), &connection(&name, TestEnv::START).id).await.unwrap();
            }
            self.replica.disconnected();
        }
    }

    /// Takes what was pushed, but what is lost on the way.
    fn receive(&mut self, app: &TestApp, ops: &Ops, lost: u8) {
        let frames = self.connection.as_ref().map(|name| app.push.take(name)).unwrap_or_default();
        for frame in frames.iter().filter(|_| !ops.percent(lost)) {
            self.replica.event(frame);
        }
    }

    /// One question and its answer.
    async fn sync(&mut self, app: &TestApp) {
        let request = self.replica.sync_request();
        let command = SyncChats {
            caller: caller(self.name),
            cursors: serde_json::from_value(request["cursors"].clone()).unwrap(),
            open: serde_json::from_value(request["open"].clone()).unwrap(),
            connection: None,
        };
        let answer = serde_json::to_value(app.sync(command).await.unwrap()).unwrap();
        assert!(answer.to_string().len() <= domain::chat::MAX_FRAME_BYTES);
        self.replica.synced(&answer);
    }
}

async fn inbox(app: &TestApp, who: &str) -> BTreeMap<String, Value> {
    let (mut entries, mut after) = (BTreeMap::new(), None);
    loop {
        let list = ListChats { caller: caller(who), limit: PageLimit::new(2).unwrap(), after };
        let Inbox { chats, cursor } = app.list_chats(list).await.unwrap();
        for entry in chats {
            let id = entry.chat.chat_id().to_string();
            assert!(entries.insert(id, serde_json::to_value(entry).unwrap()).is_none(), "each chat once");
        }
        after = cursor;
        if after.is_none() {
            return entries;
        }
    }
}

async fn messages(app: &TestApp, who: &str, chat: &str) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let (start, limit) = (PageStart::After(Seq(after)), PageLimit::new(20).unwrap());
        let list = ListMessages { caller: caller(who), chat: ChatId::parse(chat).unwrap(), start, limit };
        let page = app.list_messages(list).await.unwrap();
        found.extend(page.messages.iter().map(|message| serde_json::to_value(message).unwrap()));
        let Some(range) = page.range.filter(|_| page.has_more_after) else { return found };
        after = range.to.0;
    }
}

/// How often connections were lost.
async fn play(seed: u64) -> u32 {
    let ops = Ops::new(seed, &USERS);
    let percent = |most: u64| u8::try_from(ops.below(most)).unwrap();
    let faults = Faults {
        conflict: percent(30),
        lost_reply: percent(8),
        half_read: percent(70),
        stale_chat: percent(50),
        latency_ms: ops.below(8),
    };
    let app = App {
        store: MemoryStore::with_faults(seed, Faults::default()),
        push: RecordingPush::default(),
        env: TestEnv::new(seed),
        settings: Settings { sending: BudgetRate { burst: 10_000, per_second: 1000 } },
        directory: (),
    };
    let performer = Performer::new(&app).await;
    app.store.set_faults(faults);
    let mut devices = CLIENTS.map(Device::new);
    let mut drops = 0;
    for _ in 0..ROUNDS {
        let round = CLIENTS.map(|who| (who, ops.next(), ops.below(3)));
        join_all(round.iter().map(|(who, op, chat)| performer.perform(&app, who, op, *chat))).await;
        for device in &mut devices {
            device.receive(&app, &ops, 15);
            if device.connection.is_some() && ops.percent(12) {
                device.disconnect(&app).await;
                drops += 1;
            } else if device.connection.is_none() && ops.percent(50) {
                device.connect(&app).await;
            }
            if device.connection.is_some() && device.replica.is_behind() && ops.percent(60) {
                device.sync(&app).await;
            }
        }
    }
    app.store.set_faults(Faults::default());
    for device in &mut devices {
        if device.connection.is_none() {
            device.connect(&app).await;
        }
        device.receive(&app, &ops, 15);
        device.replica.disconnected();
        let mut rounds = 0;
        while device.replica.is_behind() {
            rounds += 1;
            assert!(rounds < 100, "seed {seed}: {} never catches up", device.name);
            device.sync(&app).await;
        }
        let inbox = inbox(&app, device.name).await;
        assert_eq!(
            device.replica.chats(),
            inbox.keys().cloned().collect::<BTreeSet<_>>(),
            "seed {seed}: {}",
            device.name
        );
        for (chat, entry) in inbox {
            let fresh = listed(&entry, &messages(&app, device.name, &chat).await);
            assert_eq!(device.replica.held(&chat), fresh, "seed {seed}: {} in {chat}", device.name);
        }
    }
    drops
}

#[test]
fn a_thousand_seeds_converge() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let drops: u32 = (0..SEEDS).map(|seed| runtime.block_on(play(seed))).sum();
    assert!(drops > 1000, "{drops} connections were lost");
}
