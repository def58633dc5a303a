//! Random operations on unread counts, compared with a naive recount after each of them.

use crate::contract::Store;
use crate::fixtures::{caller, message, user, users};
use crate::rng::Rng;
use crate::{TestApp, app};
use domain::ids::{ChatId, Seq};
use domain::names::ChatName;
use domain::use_cases::{
    AddParticipants, ChangeMessageError, ChatError, CountAll, CountUnread, CreateChat, Cursor, DeleteFor,
    DeleteMessage, InboxFilter, ListChats, MarkSeenCommand, NewChat, PageLimit, RemoveParticipant, SyncChats,
};
use std::collections::{BTreeMap, BTreeSet};

/// Alice is the admin. Dave never marks anything as seen in the first group, sends nothing and clears nothing: he is far
/// behind.
const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// What a chat should be: every message, and how far each member has read.
#[derive(Debug, Default)]
struct Model {
    /// By seq, from 1: who deleted it for themselves, and whether it is a tombstone.
    messages: Vec<(BTreeSet<&'static str>, bool)>,
    /// The read position or floor of each member, whichever is higher.
    read: BTreeMap<&'static str, usize>,
}

impl Model {
    /// Counts the messages that the user can see and has not read, without tombstones, one by one.
    fn count(&self, who: &str) -> u64 {
        let unread = self.messages.iter().skip(self.read[who]);
        unread.filter(|(deleted_for, is_tombstone)| !is_tombstone && !deleted_for.contains(who)).count() as u64
    }
}

struct Recount<S> {
    app: TestApp<S>,
    rng: Rng,
    chats: Vec<(ChatId, Model)>,
}

/// Performs so many random operations in two groups. Then the counts that the system answers must be those of a recount:
/// after each operation, or after each `check_every`-th. At the end, the stored messages are counted too.
///
/// # Panics
/// If a count differs.
pub async fn unread_counts_agree_with_a_recount<S: Store>(store: S, seed: u64, operations: u64, check_every: u64) {
    let app = app(store, ());
    let mut recount = Recount { app, rng: Rng::new(seed), chats: Vec::new() };
    for name in ["Busy", "Quiet"] {
        let group = NewChat::group(&user("alice"), &users(&USERS[1..]), ChatName::parse(name).unwrap(), None).unwrap();
        let created = recount.app.create_chat(CreateChat { caller: caller("alice"), chat: group }).await.unwrap();
        let model = Model { read: USERS.iter().map(|who| (*who, 0)).collect(), ..Model::default() };
        recount.chats.push((created.chat.chat_id().clone(), model));
    }
    for n in 0..operations {
        // The first group has most of the operations.
        let chat = usize::from(recount.rng.percent(8));
        recount.perform(chat).await;
        let who = recount.one_of(&USERS);
        if n % check_every == 0 {
            recount.check_chat(chat, who).await;
        }
        if n % (16 * check_every) == 0 {
            recount.check_lists(who).await;
        }
    }
    for who in USERS {
        recount.check_lists(who).await;
        recount.check_stored(who).await;
    }
    let (busy, model) = &recount.chats[0];
    let (head, dave) = recount.app.store.position(busy, &user("dave")).await.unwrap().unwrap();
    assert!(
        operations < 5000 || head.tombstones.above > Seq(0) && dave.own_deletions.above > Seq(0),
        "{head:?} {dave:?}"
    );
    assert!(model.count("dave") > model.count("alice"));
}

/// Deletes a message. False if the caller does not see it: they joined or cleared later, or deleted it for themselves.
async fn is_deleted<S: Store>(app: &TestApp<S>, delete: DeleteMessage) -> bool {
    match app.delete_message(delete).await {
        Ok(_) => true,
        Err(ChatError::Refused(ChangeMessageError::MessageNotFound)) => false,
        Err(error) => panic!("{error}"),
    }
}

impl<S: Store> Recount<S> {
    fn below(&self, end: usize) -> usize {
        usize::try_from(self.rng.next()).unwrap_or_default() % end.max(1)
    }

    fn one_of(&self, names: &[&'static str]) -> &'static str {
        names[self.below(names.len())]
    }

    /// A message: often one of the last, or any. 0 if there is none.
    fn place(&self, messages: usize) -> usize {
        let within = if self.rng.percent(50) { messages.min(30) } else { messages };
        messages - self.below(within)
    }

    async fn perform(&mut self, chat: usize) {
        let (app, id) = (&self.app, self.chats[chat].0.clone());
        let count = self.chats[chat].1.messages.len();
        let at = self.place(count);
        let anybody = self.one_of(&["alice", "bob", "carol", "dave", "dave", "dave", "dave"]);
        let reader = self.one_of(if chat == 0 { &USERS[..3] } else { &USERS });
        let seq = Seq(at as u64);
        let kind = self.below(100);
        let delete = |who, for_whom| DeleteMessage { caller: caller(who), chat: id.clone(), seq, for_whom };
        match kind {
            45..65 if count > 0 => {
                if is_deleted(app, delete("alice", DeleteFor::Everyone)).await {
                    self.chats[chat].1.messages[at - 1].1 = true;
                }
            }
            65..85 if count > 0 => {
                if is_deleted(app, delete(anybody, DeleteFor::Me)).await {
                    self.chats[chat].1.messages[at - 1].0.insert(anybody);
                }
            }
            85..97 if count > 0 => {
                app.mark_seen(MarkSeenCommand { caller: caller(reader), chat: id, seq }).await.unwrap();
                let read = self.chats[chat].1.read.get_mut(reader).unwrap();
                *read = at.max(*read);
            }
            97 => {
                app.clear_chat(&caller(reader), &id).await.unwrap();
                self.chats[chat].1.read.insert(reader, count);
            }
            98 => {
                let leave = RemoveParticipant { caller: caller("carol"), chat: id.clone(), user: user("carol") };
                app.remove_participant(leave).await.unwrap();
                let users = [user("carol")].into();
                app.add_participants(AddParticipants { caller: caller("alice"), chat: id, users }).await.unwrap();
                self.chats[chat].1.read.insert("carol", count);
            }
            _ => {
                app.send_message(message(&id, reader, "", "Hello")).await.unwrap();
                let model = &mut self.chats[chat].1;
                model.messages.push(Default::default());
                model.read.insert(reader, count + 1);
            }
        }
    }

    async fn check_chat(&self, chat: usize, who: &str) {
        let (id, model) = &self.chats[chat];
        let expected = model.count(who);
        assert_eq!(self.app.get_chat(&caller(who), id).await.unwrap().unread_count, expected, "{who} gets {id}");
        let mark = MarkSeenCommand { caller: caller(who), chat: id.clone(), seq: Seq(0) };
        assert_eq!(self.app.mark_seen(mark).await.unwrap().unread_count, expected, "{who} marks {id}");
    }

    async fn check_lists(&self, who: &str) {
        let total = self.app.count_unread(CountUnread { caller: caller(who), all: CountAll::No }).await.unwrap();
        let counts = self.chats.iter().map(|(_, model)| model.count(who));
        assert_eq!((total.unread_total, total.is_exact), (counts.sum(), true), "the total of {who}");
        let expected: BTreeMap<_, _> = self.chats.iter().map(|(id, model)| (id.clone(), model.count(who))).collect();
        let list = ListChats {
            caller: caller(who),
            limit: PageLimit::new(9).unwrap(),
            after: None,
            filter: InboxFilter::default(),
        };
        let listed = self.app.list_chats(list).await.unwrap().chats;
        let listed = listed.iter().map(|entry| (entry.chat.chat_id().clone(), entry.unread_count));
        assert_eq!(listed.collect::<BTreeMap<_, _>>(), expected, "{who} lists");
        let cursors = expected.keys().map(|id| (id.clone(), Cursor { seq: Seq(0), rev: domain::ids::Rev(0) }));
        let sync = SyncChats { caller: caller(who), cursors: cursors.collect(), open: [].into(), connection: None };
        let synced = self.app.sync(sync).await.unwrap().chats;
        let synced = synced.iter().map(|part| (part.chat_id.clone(), part.unread_count));
        assert_eq!(synced.collect::<BTreeMap<_, _>>(), expected, "{who} syncs");
    }

    /// Counts the stored messages, and asserts that the model has the same count.
    async fn check_stored(&self, who: &str) {
        for (id, model) in &self.chats {
            let (head, member) = self.app.store.position(id, &user(who)).await.unwrap().unwrap();
            let from = member.read_up_to().next();
            let stored = self.app.store.messages(id, from.min(head.last_seq), head.last_seq).await.unwrap();
            let counts = |message: &&domain::message::Message| {
                message.seq >= from
                    && message.is_visible_to(&member.user, member.floor())
                    && message.live_body().is_some()
            };
            assert_eq!(stored.iter().filter(counts).count() as u64, model.count(who), "{who} in {id}");
        }
    }
}
