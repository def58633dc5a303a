//! The domain on fakes.

use domain::ids::{ChatId, Seq};
use domain::use_cases::{CreateChat, ListMessages, MarkSeenCommand, NewChat, Page, PageLimit, PageStart};
use domain::{App, Settings};
use testkit::fixtures::{caller, message, user, users};
use testkit::{MemoryStore, RecordingPush, TestEnv};

pub(crate) type TestApp = App<MemoryStore, RecordingPush, TestEnv>;

pub(crate) fn app() -> TestApp {
    with_store(MemoryStore::default())
}

pub(crate) fn with_store(store: MemoryStore) -> TestApp {
    App { store, push: RecordingPush::default(), env: TestEnv::default(), settings: Settings::default() }
}

/// The private chat of alice and bob.
pub(crate) async fn private(app: &TestApp) -> ChatId {
    let chat = NewChat::private(&user("alice"), &users(&["bob"])).unwrap();
    app.create_chat(CreateChat { caller: caller("alice"), chat }).await.unwrap().chat.chat_id().clone()
}

/// Sends `count` messages of alice.
pub(crate) async fn filled(app: &TestApp, chat: &ChatId, count: u64) {
    for n in 1..=count {
        app.send_message(message(chat, "alice", "", &format!("Message {n}"))).await.unwrap();
    }
}

pub(crate) fn list(chat: &ChatId, who: &str, start: PageStart, limit: u64) -> ListMessages {
    ListMessages { caller: caller(who), chat: chat.clone(), start, limit: PageLimit::new(limit).unwrap() }
}

pub(crate) fn mark(chat: &ChatId, who: &str, seq: u64) -> MarkSeenCommand {
    MarkSeenCommand { caller: caller(who), chat: chat.clone(), seq: Seq(seq) }
}

pub(crate) fn seqs(page: &Page) -> Vec<u64> {
    page.messages.iter().map(|message| message.seq().0).collect()
}
