//! Helpers that run the use cases on fakes.

use domain::change::Pointer;
use domain::chat::{Chat, Head};
use domain::chat_user::{Profile, UserChange};
use domain::ids::{AttachmentId, ChatId, ConnectionId, Rev, Seq, UserId};
use domain::names::{ChatName, Nickname};
use domain::patch::Patch;
use domain::ports::{Consistency, Directory, DirectoryError, Env as _, ReadChanges as _, ReadChats as _};
use domain::reactions::Emoji;
use domain::use_cases::{
    AddParticipants, Caller, ChangeGroupError, ChangeMessageError, ChangedGroup, ChangedMessage, ChatError,
    ClearedChat, CreateChat, DeleteFor, DeleteMessage, EditMessage, ListMessages, MarkSeenCommand, NewChat, Page,
    PageLimit, PageStart, ReactToMessage, RemoveParticipant, SendOutcome, SetAdmin, UpdateChat, UpdateMe,
};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use testkit::MemoryStore;
use testkit::fixtures::{caller, connection, message, picture, text, user, users};

/// The app under test; without an Auth Service unless a test adds one.
pub(crate) type TestApp = testkit::TestApp<MemoryStore, Option<AuthService>>;

/// The participants of most groups.
pub(crate) const TEAM: [&str; 3] = ["alice", "bob", "carol"];

pub(crate) fn app() -> TestApp {
    with_store(MemoryStore::default())
}

pub(crate) fn with_store(store: MemoryStore) -> TestApp {
    testkit::app(store, None)
}

/// An app with an Auth Service that knows these users.
pub(crate) fn with_users(ids: &[&str]) -> TestApp {
    let directory = AuthService::default();
    for id in ids {
        directory.add(Profile { username: format!("{id}@example.com"), display_name: None, avatar_url: None }, id);
    }
    testkit::app(MemoryStore::default(), Some(directory))
}

/// A fake Auth Service that can be set to fail.
#[derive(Debug, Default)]
pub(crate) struct AuthService {
    users: Mutex<BTreeMap<UserId, Profile>>,
    is_down: AtomicBool,
}

impl AuthService {
    pub(crate) fn add(&self, profile: Profile, id: &str) {
        self.users.lock().unwrap().insert(user(id), profile);
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }
}

impl Directory for AuthService {
    async fn profiles(&self, users: &[UserId]) -> Result<Option<BTreeMap<UserId, Profile>>, DirectoryError> {
        tokio::task::yield_now().await;
        if self.is_down.load(Ordering::Relaxed) {
            return Err(DirectoryError("set to fail".into()));
        }
        let profiles = self.users.lock().unwrap();
        Ok(Some(
            users.iter().filter_map(|user| profiles.get_key_value(user)).map(|(k, v)| (k.clone(), v.clone())).collect(),
        ))
    }
}

/// Asserts that a call fails with an error of this pattern.
macro_rules! assert_refused {
    ($result:expr, $error:pat $(if $guard:expr)?) => {
        match $result {
            Err($error) $(if $guard)? => {}
            other => panic!("expected {}, not {other:?}", stringify!($error)),
        }
    };
}
pub(crate) use assert_refused;

// --- users --------------------------------------------------------------------------------------

/// Opens these connections and discards the presence events. `bob-2` is a connection of bob.
pub(crate) async fn set_online(app: &TestApp, devices: &[&str]) {
    for device in devices {
        connect(app, device).await;
    }
    app.push.forget("presence.updated");
}

/// Opens the connection `device`.
pub(crate) async fn connect(app: &TestApp, device: &str) {
    app.connect(&user(owner(device)), &connection(device, app.env.now())).await.unwrap();
}

/// Closes the connection `device`.
pub(crate) async fn disconnect(app: &TestApp, device: &str) {
    app.disconnect(&user(owner(device)), &ConnectionId::parse(device).unwrap()).await.unwrap();
}

fn owner(device: &str) -> &str {
    device.split_once('-').map_or(device, |(owner, _)| owner)
}

/// The request of `caller` to set their nickname.
pub(crate) fn nickname_update(caller: Caller, nickname: &str) -> UpdateMe {
    let nickname = Some(Patch::Set(Nickname::parse(nickname).unwrap()));
    UpdateMe { caller, change: UserChange { nickname, ..UserChange::default() } }
}

/// The caller `alice` over HTTP, or `alice-1` over that connection.
pub(crate) fn by(name: &str) -> Caller {
    Caller { connection: name.contains('-').then(|| ConnectionId::parse(name).unwrap()), ..caller(owner(name)) }
}

/// Asserts that each of these connections got exactly this one event, and no other connection got any. Returns the
/// frames.
#[track_caller]
pub(crate) fn assert_pushed<const N: usize>(app: &TestApp, expected: [(&str, &str); N]) -> [Value; N] {
    let frames = expected.map(|(connection, event)| {
        let mut frames = app.push.take(connection);
        assert_eq!(frames.len(), 1, "{connection}: {frames:?}");
        assert_eq!(frames[0]["event"], event, "{connection}: {frames:?}");
        frames.remove(0)
    });
    assert_eq!(app.push.count(), 0, "another connection got an event too");
    frames
}

/// Discards the frames of these connections, and asserts that no other connection has any.
pub(crate) fn discard_pushes(app: &TestApp, connections: &[&str]) {
    for connection in connections {
        app.push.take(connection);
    }
    assert_eq!(app.push.count(), 0, "another connection got an event too");
}

// --- chats --------------------------------------------------------------------------------------

/// The private chat of alice and bob.
pub(crate) async fn private_chat(app: &TestApp) -> ChatId {
    private_chat_of(app, "alice", "bob").await
}

pub(crate) async fn private_chat_of(app: &TestApp, one: &str, other: &str) -> ChatId {
    let chat = NewChat::private(&user(one), &users(&[other])).unwrap();
    app.create_chat(CreateChat { caller: caller(one), chat }).await.unwrap().chat.chat_id().clone()
}

/// A group whose admin is the first user.
pub(crate) async fn group(app: &TestApp, who: &[&str]) -> ChatId {
    group_of(app, &users(who)).await
}

pub(crate) async fn group_of(app: &TestApp, who: &[UserId]) -> ChatId {
    let chat = NewChat::group(&who[0], &who[1..], name("Team"), None).unwrap();
    let caller = Caller { user: who[0].clone(), connection: None };
    app.create_chat(CreateChat { caller, chat }).await.unwrap().chat.chat_id().clone()
}

/// A group that was closed when bob left it. Alice is its only member.
pub(crate) async fn closed_group(app: &TestApp) -> ChatId {
    let chat = group(app, &["alice", "bob", "carol"]).await;
    fill(app, &chat, 3).await;
    remove(app, "alice", &chat, "carol").await.unwrap();
    remove(app, "bob", &chat, "bob").await.unwrap();
    chat
}

pub(crate) fn name(text: &str) -> ChatName {
    ChatName::parse(text).unwrap()
}

pub(crate) async fn rename(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    to: &str,
) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
    let (caller, chat, name) = (by(who), chat.clone(), Some(name(to)));
    app.update_chat(UpdateChat { caller, chat, name, topic: None, custom: None, avatar: None }).await
}

pub(crate) async fn add(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    whom: &[&str],
) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
    let users = users(whom).into_iter().collect();
    app.add_participants(AddParticipants { caller: by(who), chat: chat.clone(), users }).await
}

/// Removes a participant. A caller who removes themselves leaves.
pub(crate) async fn remove(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    whom: &str,
) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
    app.remove_participant(RemoveParticipant { caller: by(who), chat: chat.clone(), user: user(whom) }).await
}

pub(crate) async fn set_admin(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    whom: &str,
    is_admin: bool,
) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
    app.set_admin(SetAdmin { caller: by(who), chat: chat.clone(), user: user(whom), is_admin }).await
}

pub(crate) async fn clear(app: &TestApp, who: &str, chat: &ChatId) -> ClearedChat {
    app.clear_chat(&by(who), chat).await.unwrap()
}

// --- messages -----------------------------------------------------------------------------------

/// Sends a text without a client message id.
pub(crate) async fn send_text(app: &TestApp, who: &str, chat: &ChatId, content: &str) -> SendOutcome {
    app.send_message(message(chat, who, "", content)).await.unwrap()
}

/// Sends `count` texts as alice.
pub(crate) async fn fill(app: &TestApp, chat: &ChatId, count: u64) {
    for n in 1..=count {
        send_text(app, "alice", chat, &format!("Message {n}")).await;
    }
}

pub(crate) async fn edit(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    seq: u64,
    content: &str,
) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
    let (caller, chat, content) = (by(who), chat.clone(), Some(text(content)));
    app.edit_message(EditMessage { caller, chat, seq: Seq(seq), content, mentions: None, custom: None }).await
}

pub(crate) async fn delete(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    seq: u64,
    for_whom: DeleteFor,
) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
    app.delete_message(DeleteMessage { caller: by(who), chat: chat.clone(), seq: Seq(seq), for_whom }).await
}

pub(crate) async fn react(
    app: &TestApp,
    who: &str,
    chat: &ChatId,
    seq: u64,
    emojis: &[&str],
) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
    let emojis = emojis.iter().map(|emoji| Emoji::parse(emoji).unwrap()).collect();
    app.react_to_message(ReactToMessage { caller: by(who), chat: chat.clone(), seq: Seq(seq), emojis }).await
}

pub(crate) fn mark(chat: &ChatId, who: &str, seq: u64) -> MarkSeenCommand {
    MarkSeenCommand { caller: by(who), chat: chat.clone(), seq: Seq(seq) }
}

// --- reading ------------------------------------------------------------------------------------

pub(crate) fn list(chat: &ChatId, who: &str, start: PageStart, limit: u64) -> ListMessages {
    ListMessages { caller: caller(who), chat: chat.clone(), start, limit: PageLimit::new(limit).unwrap() }
}

pub(crate) fn seqs(page: &Page) -> Vec<u64> {
    page.messages.iter().map(|message| message.seq().0).collect()
}

/// The seqs of the last hundred messages that `who` can see.
pub(crate) async fn visible_seqs(app: &TestApp, who: &str, chat: &ChatId) -> Vec<u64> {
    seqs(&app.list_messages(list(chat, who, PageStart::Latest, 100)).await.unwrap())
}

/// A message as `who` sees it in a page.
pub(crate) async fn message_in_page(app: &TestApp, who: &str, chat: &ChatId, seq: u64) -> Value {
    let page = app.list_messages(list(chat, who, PageStart::Around(Seq(seq)), 1)).await.unwrap();
    json(&page.messages[0])
}

pub(crate) fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

pub(crate) fn head(app: &TestApp, chat: &ChatId) -> Head {
    app.store.stored_head(chat).unwrap()
}

pub(crate) async fn chat_document(app: &TestApp, chat: &ChatId) -> Chat {
    app.store.chat(chat, Consistency::Strong).await.unwrap().unwrap()
}

/// Declares a picture and uploads it.
pub(crate) async fn upload_picture(app: &TestApp, who: &str, chat: &ChatId) -> AttachmentId {
    let attachment = app.create_attachment(picture(chat, who)).await.unwrap().upload.attachment;
    app.objects.put_declared(&attachment);
    attachment.id
}

/// The whole store as text. Two equal snapshots mean that nothing changed in between.
pub(crate) fn snapshot(app: &TestApp) -> String {
    format!("{:?}", app.store)
}

/// The pointers of all changes: rev, seq, and the only user who sees the change, if any.
pub(crate) async fn pointers(app: &TestApp, chat: &ChatId) -> Vec<(u64, u64, Option<UserId>)> {
    let pointers = app.store.pointers(chat, Rev(0), Rev(u64::MAX), app.env.now()).await.unwrap();
    pointers.into_iter().map(|Pointer { rev, of, only_for, .. }| (rev.0, of.0, only_for)).collect()
}

pub(crate) fn ids(ids: &[&str]) -> BTreeSet<UserId> {
    users(ids).into_iter().collect()
}

/// The stored messages of a chat as text.
pub(crate) fn stored_messages(app: &TestApp, chat: &ChatId) -> String {
    format!("{:?}", app.store.stored_messages(chat))
}

/// A recorder that keeps the counters of its thread.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Counts {
    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.lock().unwrap().get(name).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.0.lock().unwrap().entry(key.name().to_owned()).or_default().clone())
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
