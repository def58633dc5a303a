use crate::support::*;
use domain::chat::MAX_FRAME_BYTES;
use domain::ids::{ChatId, Rev, Seq};
use domain::member_settings::SettingsChange;
use domain::use_cases::{Cursor, DeleteFor, InboxFilter, ListChats, PageLimit, SyncChats, UpdateMember};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::fixtures::{caller, message};
use testkit::{Faults, MemoryStore, TestEnv};

pub(crate) type Cursors = BTreeMap<ChatId, Cursor>;

pub(crate) fn at(seq: u64, rev: u64) -> Cursor {
    Cursor { seq: Seq(seq), rev: Rev(rev) }
}

/// The answer to a sync, which must fit in a frame.
pub(crate) async fn sync(app: &TestApp, who: &str, cursors: &Cursors, open: &[&ChatId]) -> Value {
    let open = open.iter().copied().cloned().collect();
    let answer = json(
        &app.sync(SyncChats { caller: caller(who), cursors: cursors.clone(), open, connection: None }).await.unwrap(),
    );
    let size = answer.to_string().len();
    assert!(size <= MAX_FRAME_BYTES, "{size}");
    answer
}

/// Syncs one chat from this cursor. Returns its part of the answer, which must have nothing else.
pub(crate) async fn part(app: &TestApp, who: &str, chat: &ChatId, seq: u64, rev: u64) -> Value {
    let mut answer = sync(app, who, &[(chat.clone(), at(seq, rev))].into(), &[]).await;
    let part = answer["chats"][0].take();
    let limited = part.get("limited").is_some();
    assert_eq!(answer, json!({"chats": [null], "joined": [], "gone": [], "limited": limited}));
    part
}

pub(crate) fn seqs(messages: &Value) -> Vec<u64> {
    messages.as_array().unwrap().iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

const TEAM: [&str; 3] = ["alice", "bob", "carol"];

fn cursor(part: &Value) -> (u64, u64) {
    (part["cursor"]["seq"].as_u64().unwrap(), part["cursor"]["rev"].as_u64().unwrap())
}

/// A client that syncs until it has everything.
#[derive(Default)]
pub(crate) struct Client {
    pub(crate) cursors: Cursors,
    pub(crate) open: Vec<ChatId>,
    /// The messages of every chat by seq, in the state that was last returned.
    pub(crate) messages: BTreeMap<ChatId, BTreeMap<u64, Value>>,
    pub(crate) rounds: usize,
}

impl Client {
    pub(crate) fn with_chats(chats: &[ChatId]) -> Self {
        Self { cursors: chats.iter().map(|chat| (chat.clone(), at(0, 0))).collect(), ..Self::default() }
    }

    pub(crate) async fn catch_up(&mut self, app: &TestApp, who: &str, max_rounds: usize) {
        for round in 1..=max_rounds {
            self.rounds = round;
            let open: Vec<_> = self.open.iter().collect();
            let answer = sync(app, who, &self.cursors, &open).await;
            for gone in answer["gone"].as_array().unwrap() {
                self.cursors.remove(&ChatId::parse(gone.as_str().unwrap()).unwrap());
            }
            for part in answer["chats"].as_array().unwrap() {
                let chat = ChatId::parse(part["chatId"].as_str().unwrap()).unwrap();
                let (before, after) = (self.cursors[&chat], at(cursor(part).0, cursor(part).1));
                assert!(after.seq >= before.seq && after.rev >= before.rev, "a cursor never goes back: {part}");
                self.cursors.insert(chat.clone(), after);
                for message in part["changed"].as_array().unwrap().iter().chain(part["messages"].as_array().unwrap()) {
                    let seq = message["seq"].as_u64().unwrap();
                    self.messages.entry(chat.clone()).or_default().insert(seq, message.clone());
                }
            }
            if answer["limited"] == false {
                return;
            }
        }
        panic!("not caught up after {max_rounds} rounds");
    }

    pub(crate) fn contents(&self, chat: &ChatId) -> Vec<&str> {
        self.messages.get(chat).into_iter().flatten().map(|(_, message)| message["content"].as_str().unwrap()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn sync_without_changes_returns_only_own_state() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    app.mark_seen(mark(&chat, "bob", 1)).await.unwrap();
    set_online(&app, &["alice", "bob"]).await;
    let before = snapshot(&app);
    assert_eq!(
        part(&app, "bob", &chat, 2, 1).await,
        json!({
            "chatId": chat.as_str(), "messages": [], "changed": [], "readSeq": 1, "unreadCount": 1, "floor": 0,
            "settings": {"memberRev": 2, "notify": "all"}, "cursor": {"seq": 2, "rev": 1},
        })
    );
    assert_eq!(snapshot(&app), before, "a sync changes nothing");
    assert_pushed(&app, []);
    let empty = sync(&app, "eve", &Cursors::new(), &[]).await;
    assert_eq!(empty, json!({"chats": [], "joined": [], "gone": [], "limited": false}));
}

#[tokio::test(start_paused = true)]
async fn fifty_missed_messages_come_in_three_rounds() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 50).await;
    let first = part(&app, "bob", &chat, 0, 0).await;
    assert_eq!(seqs(&first["messages"]), (1..=20).collect::<Vec<_>>());
    assert_eq!((cursor(&first), &first["limited"], &first["unreadCount"]), ((20, 0), &json!(true), &json!(50)));
    assert_eq!(first["messages"][3], message_in_page(&app, "bob", &chat, 4).await);
    let second = part(&app, "bob", &chat, 20, 0).await;
    assert_eq!((seqs(&second["messages"]).len(), cursor(&second), &second["limited"]), (20, (40, 0), &json!(true)));
    let third = part(&app, "bob", &chat, 40, 0).await;
    assert_eq!(seqs(&third["messages"]), (41..=50).collect::<Vec<_>>());
    assert_eq!((cursor(&third), third.get("limited")), ((50, 0), None));
    let mut client = Client::with_chats(&[chat]);
    client.catch_up(&app, "bob", 3).await;
    assert_eq!(client.rounds, 3);
}

#[tokio::test(start_paused = true)]
async fn changed_message_is_returned_once_in_its_current_state() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    edit(&app, "alice", &chat, 2, "Once").await.unwrap();
    react(&app, "carol", &chat, 1, &["👍"]).await.unwrap();
    edit(&app, "alice", &chat, 2, "Twice").await.unwrap();
    delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await.unwrap();
    let changes = part(&app, "bob", &chat, 3, 0).await;
    assert_eq!(
        (seqs(&changes["changed"]), &changes["messages"], cursor(&changes)),
        (vec![2, 1, 3], &json!([]), (3, 4))
    );
    for (index, seq) in [(0, 2), (1, 1), (2, 3)] {
        assert_eq!(changes["changed"][index], message_in_page(&app, "bob", &chat, seq).await);
    }
    assert_eq!((&changes["changed"][0]["content"], changes.get("chat")), (&json!("Twice"), None));
    let changes = part(&app, "bob", &chat, 3, 3).await;
    assert_eq!((seqs(&changes["changed"]), cursor(&changes)), (vec![3], (3, 4)), "only changes after the cursor");
}

#[tokio::test(start_paused = true)]
async fn change_of_a_new_message_is_returned_with_it() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 3).await;
    edit(&app, "alice", &chat, 3, "Other").await.unwrap();
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    let changes = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((seqs(&changes["changed"]), seqs(&changes["messages"]), cursor(&changes)), (vec![1], vec![3], (3, 2)));
    assert_eq!((&changes["messages"][0]["content"], &changes["messages"][0]["rev"]), (&json!("Other"), &json!(1)));
}

#[tokio::test(start_paused = true)]
async fn change_of_a_later_message_waits_for_the_message() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 45).await;
    edit(&app, "alice", &chat, 44, "Late").await.unwrap();
    edit(&app, "alice", &chat, 1, "Early").await.unwrap();
    let mut client = Client::with_chats(std::slice::from_ref(&chat));
    client.catch_up(&app, "bob", 4).await;
    let contents = client.contents(&chat);
    assert_eq!((contents.len(), contents[0], contents[43]), (45, "Early", "Late"));
}

#[tokio::test(start_paused = true)]
async fn more_than_100_changes_come_in_rounds() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    for n in 0..130 {
        let emojis: &[&str] = if n % 2 == 0 { &["👍"] } else { &[] };
        react(&app, "alice", &chat, 1, emojis).await.unwrap();
    }
    edit(&app, "alice", &chat, 2, "Other").await.unwrap();
    let first = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((seqs(&first["changed"]), cursor(&first), &first["limited"]), (vec![1], (2, 100), &json!(true)));
    let second = part(&app, "bob", &chat, 2, 100).await;
    assert_eq!((seqs(&second["changed"]), cursor(&second), second.get("limited")), (vec![1, 2], (2, 131), None));
}

#[tokio::test(start_paused = true)]
async fn deletion_for_oneself_is_returned_to_own_devices_only() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    let own = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((seqs(&own["changed"]), cursor(&own)), (vec![1], (2, 1)));
    let hidden = &own["changed"][0];
    assert_eq!((&hidden["deletedFor"], &hidden["content"]), (&json!(["bob"]), &json!("")));
    let other = part(&app, "alice", &chat, 2, 0).await;
    assert_eq!((&other["changed"], cursor(&other), other.get("limited")), (&json!([]), (2, 1), None));
    // Later changes of the message do not show him its content.
    edit(&app, "alice", &chat, 1, "A secret").await.unwrap();
    assert_eq!(seqs(&part(&app, "alice", &chat, 2, 1).await["changed"]), [1]);
    for (seq, rev) in [(2, 0), (2, 1), (0, 0), (1, 0)] {
        let changes = part(&app, "bob", &chat, seq, rev).await;
        assert!(!changes.to_string().contains("secret"), "{changes}");
        assert_eq!((seqs(&changes["messages"]), cursor(&changes)), (if seq < 2 { vec![2] } else { vec![] }, (2, 2)));
    }
}

#[tokio::test(start_paused = true)]
async fn changed_group_is_returned_once_in_its_current_state() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 1).await;
    rename(&app, "alice", &chat, "Crew").await.unwrap();
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    set_admin(&app, "alice", &chat, "bob", true).await.unwrap();
    remove(&app, "carol", &chat, "carol").await.unwrap();
    let changes = part(&app, "bob", &chat, 1, 0).await;
    assert_eq!((&changes["changed"], cursor(&changes), changes.get("limited")), (&json!([]), (1, 4), None));
    assert_eq!(changes["chat"], json(&app.get_chat(&caller("bob"), &chat).await.unwrap())["chat"]);
    let chat_view = &changes["chat"];
    assert_eq!((&chat_view["name"], &chat_view["admins"]), (&json!("Crew"), &json!(["alice", "bob"])));
    assert_eq!(chat_view["participants"], json!(["alice", "bob", "dave"]));
    assert_eq!(part(&app, "bob", &chat, 1, 4).await.get("chat"), None);
}

#[tokio::test(start_paused = true)]
async fn own_floor_position_and_mute_are_always_returned() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    app.mark_seen(mark(&chat, "bob", 2)).await.unwrap();
    let changes = part(&app, "bob", &chat, 3, 0).await;
    assert_eq!((&changes["readSeq"], &changes["unreadCount"], &changes["floor"]), (&json!(2), &json!(1), &json!(0)));
    let mute = SettingsChange::mute(Some(TestEnv::START.plus(Duration::from_secs(60))));
    app.update_member(UpdateMember { caller: caller("bob"), chat: chat.clone(), change: mute }).await.unwrap();
    let changes = part(&app, "bob", &chat, 3, 0).await;
    assert_eq!(
        (&changes["settings"]["notify"], &changes["settings"]["muteUntil"]),
        (&json!("none"), &json!("2026-01-01T00:01:00.000Z"))
    );
    assert_eq!(part(&app, "carol", &chat, 3, 0).await["settings"]["notify"], "all");
    clear(&app, "bob", &chat).await;
    for (seq, rev) in [(3, 0), (3, 1), (1, 0), (0, 0)] {
        let changes = part(&app, "bob", &chat, seq, rev).await;
        assert_eq!(
            (&changes["floor"], &changes["readSeq"], &changes["unreadCount"]),
            (&json!(3), &json!(3), &json!(0))
        );
        assert_eq!((&changes["messages"], cursor(&changes), changes.get("chat")), (&json!([]), (3, 1), None));
    }
    let other = part(&app, "carol", &chat, 3, 0).await;
    assert_eq!((&other["floor"], cursor(&other), other.get("chat")), (&json!(0), (3, 1), None));
}

#[tokio::test(start_paused = true)]
async fn clearing_does_not_hide_changes_of_the_group() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 1).await;
    clear(&app, "bob", &chat).await;
    rename(&app, "alice", &chat, "Crew").await.unwrap();
    let changes = part(&app, "bob", &chat, 1, 0).await;
    assert_eq!((&changes["chat"]["name"], cursor(&changes)), (&json!("Crew"), (1, 2)));
}

#[tokio::test(start_paused = true)]
async fn open_chat_is_returned_with_all_read_positions() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    app.mark_seen(mark(&chat, "carol", 1)).await.unwrap();
    let cursors = Cursors::from([(chat.clone(), at(2, 0))]);
    let answer = sync(&app, "bob", &cursors, &[&chat]).await;
    let members = &answer["chats"][0]["members"];
    let positions: Vec<_> = members.as_array().unwrap().iter().map(|member| member["readSeq"].clone()).collect();
    assert_eq!(positions, [json!(2), json!(0), json!(1)]);
    assert_eq!(members[2]["readAt"], "2026-01-01T00:00:01.000Z");
    assert_eq!(answer["chats"][0].get("membersLimited"), None);
    assert_eq!(answer["limited"], false);
    let nowhere = ChatId::parse("nowhere").unwrap();
    assert_eq!(sync(&app, "bob", &cursors, &[&nowhere]).await["chats"][0].get("members"), None);
}

#[tokio::test(start_paused = true)]
async fn open_chat_of_more_than_100_has_no_read_positions() {
    let app = app();
    let all: Vec<String> = (0..101).map(|n| format!("u{n:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all[..90]).await;
    add(&app, all[0], &chat, &all[90..]).await.unwrap();
    let changes = sync(&app, all[1], &[(chat.clone(), at(0, 1))].into(), &[&chat]).await;
    assert_eq!((changes["chats"][0].get("members"), changes["chats"][0].get("membersLimited")), (None, None));
    remove(&app, all[100], &chat, all[100]).await.unwrap();
    let changes = sync(&app, all[1], &[(chat.clone(), at(0, 2))].into(), &[&chat]).await;
    assert_eq!(changes["chats"][0]["members"].as_array().unwrap().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn chats_of_others_are_gone_whether_or_not_they_exist() {
    let app = app();
    let left = group(&app, &TEAM).await;
    fill(&app, &left, 2).await;
    remove(&app, "alice", &left, "bob").await.unwrap();
    let others_chat = private_chat_of(&app, "alice", "carol").await;
    let nowhere = ChatId::parse("nowhere").unwrap();
    let own = private_chat(&app).await;
    let chats = [&left, &others_chat, &nowhere, &own];
    let cursors = chats.map(|chat| (chat.clone(), at(0, 0))).into();
    let answer = sync(&app, "bob", &cursors, &chats[..3]).await;
    let mut gone = [&left, &others_chat, &nowhere].map(|chat| json!(chat.as_str()));
    gone.sort_by_key(ToString::to_string);
    assert_eq!((&answer["gone"], &answer["joined"]), (&json!(gone), &json!([])));
    assert_eq!(answer["chats"].as_array().unwrap().len(), 1);
    assert_eq!(answer["chats"][0]["chatId"], own.as_str());
    let closed = closed_group(&app).await;
    let cursors = Cursors::from([(closed.clone(), at(0, 0))]);
    assert_eq!(sync(&app, "bob", &cursors, &[]).await["gone"], json!([closed.as_str()]));
    assert_eq!(sync(&app, "alice", &cursors, &[]).await["gone"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn unnamed_chat_is_returned_as_an_inbox_entry() {
    let app = app();
    let known = private_chat(&app).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let new = group(&app, &TEAM).await;
    fill(&app, &new, 2).await;
    app.update_member(UpdateMember { caller: caller("bob"), chat: new.clone(), change: SettingsChange::mute(None) })
        .await
        .unwrap();
    let answer = sync(&app, "bob", &[(known, at(0, 0))].into(), &[]).await;
    let list = ListChats {
        caller: caller("bob"),
        limit: PageLimit::new(1).unwrap(),
        filter: InboxFilter::default(),
        after: None,
    };
    let entry = json(&app.list_chats(list).await.unwrap())["chats"][0].take();
    assert_eq!(entry["chat"]["chatId"], new.as_str());
    assert_eq!(answer["joined"], json!([entry]));
    assert_eq!((answer.get("joinedLimited"), &answer["limited"]), (None, &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_unnamed_chats_are_returned() {
    let app = app();
    let mut chats = Vec::new();
    for n in 0..101 {
        chats.push(private_chat_of(&app, "alice", &format!("u{n}")).await);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let answer = sync(&app, "alice", &[(chats[0].clone(), at(0, 0))].into(), &[]).await;
    let joined: Vec<_> = answer["joined"].as_array().unwrap().iter().map(|entry| &entry["chat"]["chatId"]).collect();
    let newest: Vec<_> = chats.iter().rev().take(20).map(|chat| json!(chat.as_str())).collect();
    assert_eq!(joined, newest.iter().collect::<Vec<_>>());
    assert_eq!((&answer["joinedLimited"], &answer["limited"]), (&json!(true), &json!(false)));
    let answer = sync(&app, "alice", &Cursors::new(), &[]).await;
    assert_eq!((&answer["joined"], &answer["joinedLimited"]), (&json!([]), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn sync_returns_nothing_from_before_joining() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    send_text(&app, "alice", &chat, "A secret").await;
    edit(&app, "alice", &chat, 1, "A worse secret").await.unwrap();
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let changes = part(&app, "dave", &chat, 0, 0).await;
    assert_eq!((cursor(&changes), &changes["floor"], &changes["unreadCount"]), ((1, 2), &json!(1), &json!(0)));
    react(&app, "bob", &chat, 1, &["👍"]).await.unwrap();
    send_text(&app, "alice", &chat, "Welcome").await;
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    let changes = part(&app, "dave", &chat, 0, 0).await;
    assert_eq!((seqs(&changes["messages"]), &changes["changed"], cursor(&changes)), (vec![2], &json!([]), (2, 4)));
    assert_eq!((&changes["chat"]["participants"][3], &changes["unreadCount"]), (&json!("dave"), &json!(1)));
    assert!(!changes.to_string().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn hidden_messages_take_no_rounds() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 45).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    clear(&app, "bob", &chat).await;
    fill(&app, &chat, 1).await;
    for who in ["bob", "dave"] {
        let changes = part(&app, who, &chat, 0, 0).await;
        assert_eq!((seqs(&changes["messages"]), cursor(&changes), changes.get("limited")), (vec![46], (46, 2), None));
    }
}

#[tokio::test(start_paused = true)]
async fn sync_returns_nothing_from_before_returning() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 2).await;
    remove(&app, "alice", &chat, "bob").await.unwrap();
    send_text(&app, "alice", &chat, "A secret").await;
    edit(&app, "alice", &chat, 1, "A secret").await.unwrap();
    add(&app, "alice", &chat, &["bob"]).await.unwrap();
    send_text(&app, "alice", &chat, "Welcome back").await;
    // Sync with the cursor from before he left.
    let changes = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((seqs(&changes["messages"]), &changes["changed"], cursor(&changes)), (vec![4], &json!([]), (4, 3)));
    assert_eq!((&changes["floor"], &changes["unreadCount"]), (&json!(3), &json!(1)));
    assert!(!changes.to_string().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_too_old_is_reset() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    for content in ["One", "Two"] {
        edit(&app, "alice", &chat, 1, content).await.unwrap();
    }
    let day = Duration::from_secs(24 * 60 * 60);
    tokio::time::advance(29 * day).await;
    assert_eq!(part(&app, "bob", &chat, 2, 0).await.get("reset"), None);
    tokio::time::advance(2 * day).await;
    let reset = part(&app, "bob", &chat, 1, 1).await;
    assert_eq!((&reset["reset"], cursor(&reset)), (&json!(true), (2, 2)));
    assert_eq!((&reset["messages"], &reset["changed"]), (&json!([]), &json!([])));
    assert_eq!(part(&app, "bob", &chat, 2, 2).await.get("reset"), None, "no reset without a missed change");
    let messages = part(&app, "bob", &chat, 1, 2).await;
    assert_eq!((messages.get("reset"), seqs(&messages["messages"])), (None, vec![2]), "messages do not expire");
    // A new change does not bring back expired pointers.
    react(&app, "alice", &chat, 2, &["👍"]).await.unwrap();
    assert_eq!(part(&app, "bob", &chat, 2, 1).await["reset"], true);
    assert_eq!(seqs(&part(&app, "bob", &chat, 2, 2).await["changed"]), [2]);
    let mut client = Client { cursors: [(chat, at(0, 0))].into(), ..Client::default() };
    client.catch_up(&app, "bob", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_ahead_is_reset() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    for (seq, rev) in [(3, 1), (2, 2), (u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
        let reset = part(&app, "bob", &chat, seq, rev).await;
        assert_eq!((&reset["reset"], cursor(&reset)), (&json!(true), (2, 1)), "{seq} {rev}");
        assert_eq!((&reset["messages"], &reset["changed"]), (&json!([]), &json!([])));
    }
}

#[tokio::test(start_paused = true)]
async fn cursor_never_passes_a_partly_visible_transaction() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let half = Faults { half_read: 100, ..Faults::default() };
    fill(&app, &chat, 2).await;
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [1, 2], "every later read shows them too");
    app.store.set_faults(half);
    send_text(&app, "alice", &chat, "New").await;
    let changes = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((cursor(&changes), &changes["messages"], &changes["limited"]), ((2, 0), &json!([]), &json!(true)));
    app.store.set_faults(Faults::default());
    assert_eq!(seqs(&part(&app, "bob", &chat, 2, 0).await["messages"]), [3]);

    for (rev, seq) in [(1, 1), (2, 3)] {
        app.store.set_faults(half);
        edit(&app, "alice", &chat, seq, "Other").await.unwrap();
        let changes = part(&app, "bob", &chat, 3, rev - 1).await;
        assert_eq!(
            (cursor(&changes), &changes["changed"], &changes["limited"]),
            ((3, rev - 1), &json!([]), &json!(true))
        );
        app.store.set_faults(Faults::default());
        let changes = part(&app, "bob", &chat, 3, rev - 1).await;
        assert_eq!((cursor(&changes), seqs(&changes["changed"])), ((3, rev), vec![seq]));
    }
}

#[tokio::test(start_paused = true)]
async fn message_older_than_the_cursors_rev_is_not_returned() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [1, 2]);
    app.store.set_faults(Faults { half_read: 100, ..Faults::default() });
    edit(&app, "alice", &chat, 2, "Other").await.unwrap();
    let changes = part(&app, "bob", &chat, 0, 1).await;
    assert_eq!((seqs(&changes["messages"]), cursor(&changes), &changes["limited"]), (vec![1], (1, 1), &json!(true)));
    app.store.set_faults(Faults::default());
    let changes = part(&app, "bob", &chat, 1, 1).await;
    assert_eq!((&changes["messages"][0]["content"], cursor(&changes)), (&json!("Other"), (2, 1)));
}

#[tokio::test(start_paused = true)]
async fn partly_visible_changes_are_returned_in_the_end() {
    for seed in 0..150 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        fill(&app, &chat, 3).await;
        let mut client = Client::with_chats(std::slice::from_ref(&chat));
        if seed % 2 == 0 {
            client.catch_up(&app, "bob", 1).await;
        }
        app.store.set_faults(Faults { half_read: 50, stale_chat: 50, ..Faults::default() });
        for n in 0..4 {
            let seq = 1 + (seed + n) % (3 + n);
            edit(&app, "alice", &chat, seq, &format!("Edit {n}")).await.unwrap();
            send_text(&app, "alice", &chat, &format!("New {n}")).await;
            let answer = sync(&app, "bob", &client.cursors, &[]).await;
            let part = &answer["chats"][0];
            for message in part["changed"].as_array().unwrap().iter().chain(part["messages"].as_array().unwrap()) {
                let seq = message["seq"].as_u64().unwrap();
                client.messages.entry(chat.clone()).or_default().insert(seq, message.clone());
            }
            client.cursors.insert(chat.clone(), at(cursor(part).0, cursor(part).1));
        }
        app.store.set_faults(Faults::default());
        client.catch_up(&app, "bob", 2).await;
        assert_eq!(client.cursors[&chat], at(7, head(&app, &chat).last_rev.0));
        for seq in 1..=7 {
            assert_eq!(client.messages[&chat][&seq], message_in_page(&app, "bob", &chat, seq).await, "{seed}: {seq}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn message_is_returned_with_its_client_message_id() {
    let app = app();
    let chat = private_chat(&app).await;
    app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    let changes = part(&app, "alice", &chat, 0, 0).await;
    assert_eq!(changes["messages"][0]["clientMessageId"], "m-1", "so that a retrying client recognizes its message");
    let names: BTreeSet<_> = changes["messages"][0].as_object().unwrap().keys().map(String::as_str).collect();
    let model = ["messageId", "chatId", "senderId", "type", "content", "seenBy", "deletedFor"];
    assert!(model.iter().all(|name| names.contains(name)));
}
