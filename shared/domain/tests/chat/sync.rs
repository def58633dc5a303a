use crate::support::{
    TestApp, add, app, clear, closed, delete, edit, everything, filled, group, head, json, mark, online, private,
    private_of, pushed, react, remove, rename, say, set_admin, shown_in_page, visible, with_store,
};
use domain::chat::MAX_FRAME_BYTES;
use domain::ids::{ChatId, Rev, Seq};
use domain::use_cases::{Cursor, DeleteFor, ListChats, Mute, MuteChat, PageLimit, SyncChats};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::fixtures::{caller, message};
use testkit::{Faults, MemoryStore, TestEnv};

pub(crate) type Cursors = BTreeMap<ChatId, Cursor>;

pub(crate) fn at(seq: u64, rev: u64) -> Cursor {
    Cursor { seq: Seq(seq), rev: Rev(rev) }
}

/// The answer, which fits a frame.
pub(crate) async fn sync(app: &TestApp, who: &str, cursors: &Cursors, open: &[&ChatId]) -> Value {
    let open = open.iter().copied().cloned().collect();
    let answer = json(
        &app.sync(SyncChats { caller: caller(who), cursors: cursors.clone(), open, connection: None }).await.unwrap(),
    );
    let size = answer.to_string().len();
    assert!(size <= MAX_FRAME_BYTES, "{size}");
    answer
}

/// The part about the one chat that the client knows, which is all there is.
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

/// A client that asks until it is told that there is no more.
#[derive(Default)]
pub(crate) struct Client {
    pub(crate) cursors: Cursors,
    pub(crate) open: Vec<ChatId>,
    /// The messages of every chat by place, as they were last told.
    pub(crate) messages: BTreeMap<ChatId, BTreeMap<u64, Value>>,
    pub(crate) rounds: usize,
}

impl Client {
    pub(crate) fn knowing(chats: &[ChatId]) -> Self {
        Self { cursors: chats.iter().map(|chat| (chat.clone(), at(0, 0))).collect(), ..Self::default() }
    }

    pub(crate) async fn catch_up(&mut self, app: &TestApp, who: &str, most_rounds: usize) {
        for round in 1..=most_rounds {
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
        panic!("not caught up after {most_rounds} rounds");
    }

    pub(crate) fn contents(&self, chat: &ChatId) -> Vec<&str> {
        self.messages.get(chat).into_iter().flatten().map(|(_, message)| message["content"].as_str().unwrap()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_new_nothing_is_told() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 2).await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    app.mark_seen(mark(&chat, "bob", 1)).await.unwrap();
    online(&app, &["alice", "bob"]).await;
    let before = everything(&app);
    assert_eq!(
        part(&app, "bob", &chat, 2, 1).await,
        json!({
            "chatId": chat.as_str(), "messages": [], "changed": [], "readSeq": 1, "unreadCount": 1, "floor": 0,
            "muted": false, "cursor": {"seq": 2, "rev": 1},
        })
    );
    assert_eq!(everything(&app), before, "who asks changes nothing");
    pushed(&app, []);
    let empty = sync(&app, "eve", &Cursors::new(), &[]).await;
    assert_eq!(empty, json!({"chats": [], "joined": [], "gone": [], "limited": false}));
}

#[tokio::test(start_paused = true)]
async fn fifty_missed_messages_come_in_three_rounds() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 50).await;
    let first = part(&app, "bob", &chat, 0, 0).await;
    assert_eq!(seqs(&first["messages"]), (1..=20).collect::<Vec<_>>());
    assert_eq!((cursor(&first), &first["limited"], &first["unreadCount"]), ((20, 0), &json!(true), &json!(50)));
    assert_eq!(first["messages"][3], shown_in_page(&app, "bob", &chat, 4).await);
    let second = part(&app, "bob", &chat, 20, 0).await;
    assert_eq!((seqs(&second["messages"]).len(), cursor(&second), &second["limited"]), (20, (40, 0), &json!(true)));
    let third = part(&app, "bob", &chat, 40, 0).await;
    assert_eq!(seqs(&third["messages"]), (41..=50).collect::<Vec<_>>());
    assert_eq!((cursor(&third), third.get("limited")), ((50, 0), None));
    let mut client = Client::knowing(&[chat]);
    client.catch_up(&app, "bob", 3).await;
    assert_eq!(client.rounds, 3);
}

#[tokio::test(start_paused = true)]
async fn a_changed_message_is_told_once_and_as_it_is_now() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 3).await;
    edit(&app, "alice", &chat, 2, "Once").await.unwrap();
    react(&app, "carol", &chat, 1, &["👍"]).await.unwrap();
    edit(&app, "alice", &chat, 2, "Twice").await.unwrap();
    delete(&app, "alice", &chat, 3, DeleteFor::Everyone).await.unwrap();
    let told = part(&app, "bob", &chat, 3, 0).await;
    assert_eq!((seqs(&told["changed"]), &told["messages"], cursor(&told)), (vec![2, 1, 3], &json!([]), (3, 4)));
    for (index, seq) in [(0, 2), (1, 1), (2, 3)] {
        assert_eq!(told["changed"][index], shown_in_page(&app, "bob", &chat, seq).await);
    }
    assert_eq!((&told["changed"][0]["content"], told.get("chat")), (&json!("Twice"), None));
    let told = part(&app, "bob", &chat, 3, 3).await;
    assert_eq!((seqs(&told["changed"]), cursor(&told)), (vec![3], (3, 4)), "after the cursor alone");
}

#[tokio::test(start_paused = true)]
async fn what_changed_after_the_cursor_comes_with_its_message() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 3).await;
    edit(&app, "alice", &chat, 3, "Other").await.unwrap();
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    let told = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((seqs(&told["changed"]), seqs(&told["messages"]), cursor(&told)), (vec![1], vec![3], (3, 2)));
    assert_eq!((&told["messages"][0]["content"], &told["messages"][0]["rev"]), (&json!("Other"), &json!(1)));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_what_does_not_fit_yet_waits_for_it() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 45).await;
    edit(&app, "alice", &chat, 44, "Late").await.unwrap();
    edit(&app, "alice", &chat, 1, "Early").await.unwrap();
    let mut client = Client::knowing(std::slice::from_ref(&chat));
    client.catch_up(&app, "bob", 4).await;
    let contents = client.contents(&chat);
    assert_eq!((contents.len(), contents[0], contents[43]), (45, "Early", "Late"));
}

#[tokio::test(start_paused = true)]
async fn more_changes_than_one_answer_reads_come_in_rounds() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 2).await;
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
async fn what_one_deleted_for_oneself_is_told_to_ones_own_devices() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 2).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    let own = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((seqs(&own["changed"]), cursor(&own)), (vec![1], (2, 1)));
    let hidden = &own["changed"][0];
    assert_eq!((&hidden["deletedFor"], &hidden["content"]), (&json!(["bob"]), &json!("")));
    let other = part(&app, "alice", &chat, 2, 0).await;
    assert_eq!((&other["changed"], cursor(&other), other.get("limited")), (&json!([]), (2, 1), None));
    // What becomes of it later tells him nothing of what it said.
    edit(&app, "alice", &chat, 1, "A secret").await.unwrap();
    assert_eq!(seqs(&part(&app, "alice", &chat, 2, 1).await["changed"]), [1]);
    for (seq, rev) in [(2, 0), (2, 1), (0, 0), (1, 0)] {
        let told = part(&app, "bob", &chat, seq, rev).await;
        assert!(!told.to_string().contains("secret"), "{told}");
        assert_eq!((seqs(&told["messages"]), cursor(&told)), (if seq < 2 { vec![2] } else { vec![] }, (2, 2)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_changed_is_told_once_and_as_it_is_now() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    rename(&app, "alice", &chat, "Crew").await.unwrap();
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    set_admin(&app, "alice", &chat, "bob", true).await.unwrap();
    remove(&app, "carol", &chat, "carol").await.unwrap();
    let told = part(&app, "bob", &chat, 1, 0).await;
    assert_eq!((&told["changed"], cursor(&told), told.get("limited")), (&json!([]), (1, 4), None));
    assert_eq!(told["chat"], json(&app.get_chat(&caller("bob"), &chat).await.unwrap())["chat"]);
    let chat_view = &told["chat"];
    assert_eq!((&chat_view["name"], &chat_view["admins"]), (&json!("Crew"), &json!(["alice", "bob"])));
    assert_eq!(chat_view["participants"], json!(["alice", "bob", "dave"]));
    assert_eq!(part(&app, "bob", &chat, 1, 4).await.get("chat"), None);
}

#[tokio::test(start_paused = true)]
async fn ones_own_floor_and_position_and_mute_are_always_told() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 3).await;
    app.mark_seen(mark(&chat, "bob", 2)).await.unwrap();
    let told = part(&app, "bob", &chat, 3, 0).await;
    assert_eq!((&told["readSeq"], &told["unreadCount"], &told["floor"]), (&json!(2), &json!(1), &json!(0)));
    let mute = Mute::On(Some(TestEnv::START.plus(Duration::from_secs(60))));
    app.mute_chat(MuteChat { caller: caller("bob"), chat: chat.clone(), mute }).await.unwrap();
    let told = part(&app, "bob", &chat, 3, 0).await;
    assert_eq!((&told["muted"], &told["mutedUntil"]), (&json!(true), &json!("2026-01-01T00:01:00.000Z")));
    assert_eq!(part(&app, "carol", &chat, 3, 0).await["muted"], false);
    clear(&app, "bob", &chat).await;
    for (seq, rev) in [(3, 0), (3, 1), (1, 0), (0, 0)] {
        let told = part(&app, "bob", &chat, seq, rev).await;
        assert_eq!((&told["floor"], &told["readSeq"], &told["unreadCount"]), (&json!(3), &json!(3), &json!(0)));
        assert_eq!((&told["messages"], cursor(&told), told.get("chat")), (&json!([]), (3, 1), None));
    }
    let other = part(&app, "carol", &chat, 3, 0).await;
    assert_eq!((&other["floor"], cursor(&other), other.get("chat")), (&json!(0), (3, 1), None));
}

#[tokio::test(start_paused = true)]
async fn a_history_that_was_cleared_hides_no_change_of_the_group() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 1).await;
    clear(&app, "bob", &chat).await;
    rename(&app, "alice", &chat, "Crew").await.unwrap();
    let told = part(&app, "bob", &chat, 1, 0).await;
    assert_eq!((&told["chat"]["name"], cursor(&told)), (&json!("Crew"), (1, 2)));
}

#[tokio::test(start_paused = true)]
async fn an_open_chat_is_told_with_everyones_position() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
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
async fn of_a_large_open_chat_nobodys_position_is_told() {
    let app = app();
    let all: Vec<String> = (0..101).map(|n| format!("u{n:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let chat = group(&app, &all[..90]).await;
    add(&app, all[0], &chat, &all[90..]).await.unwrap();
    let told = sync(&app, all[1], &[(chat.clone(), at(0, 1))].into(), &[&chat]).await;
    assert_eq!((told["chats"][0].get("members"), told["chats"][0].get("membersLimited")), (None, None));
    remove(&app, all[100], &chat, all[100]).await.unwrap();
    let told = sync(&app, all[1], &[(chat.clone(), at(0, 2))].into(), &[&chat]).await;
    assert_eq!(told["chats"][0]["members"].as_array().unwrap().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_one_is_not_in_is_gone_whether_or_not_it_exists() {
    let app = app();
    let left = group(&app, &TEAM).await;
    filled(&app, &left, 2).await;
    remove(&app, "alice", &left, "bob").await.unwrap();
    let strange = private_of(&app, "alice", "carol").await;
    let nowhere = ChatId::parse("nowhere").unwrap();
    let own = private(&app).await;
    let chats = [&left, &strange, &nowhere, &own];
    let cursors = chats.map(|chat| (chat.clone(), at(0, 0))).into();
    let answer = sync(&app, "bob", &cursors, &chats[..3]).await;
    let mut gone = [&left, &strange, &nowhere].map(|chat| json!(chat.as_str()));
    gone.sort_by_key(ToString::to_string);
    assert_eq!((&answer["gone"], &answer["joined"]), (&json!(gone), &json!([])));
    assert_eq!(answer["chats"].as_array().unwrap().len(), 1);
    assert_eq!(answer["chats"][0]["chatId"], own.as_str());
    let closed = closed(&app).await;
    let cursors = Cursors::from([(closed.clone(), at(0, 0))]);
    assert_eq!(sync(&app, "bob", &cursors, &[]).await["gone"], json!([closed.as_str()]));
    assert_eq!(sync(&app, "alice", &cursors, &[]).await["gone"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_the_client_does_not_know_is_told_as_in_the_inbox() {
    let app = app();
    let known = private(&app).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let new = group(&app, &TEAM).await;
    filled(&app, &new, 2).await;
    app.mute_chat(MuteChat { caller: caller("bob"), chat: new.clone(), mute: Mute::On(None) }).await.unwrap();
    let answer = sync(&app, "bob", &[(known, at(0, 0))].into(), &[]).await;
    let list = ListChats { caller: caller("bob"), limit: PageLimit::new(1).unwrap(), after: None };
    let entry = json(&app.list_chats(list).await.unwrap())["chats"][0].take();
    assert_eq!(entry["chat"]["chatId"], new.as_str());
    assert_eq!(answer["joined"], json!([entry]));
    assert_eq!((answer.get("joinedLimited"), &answer["limited"]), (None, &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn of_many_unknown_chats_the_newest_are_told_and_the_inbox_has_the_rest() {
    let app = app();
    let mut chats = Vec::new();
    for n in 0..101 {
        chats.push(private_of(&app, "alice", &format!("u{n}")).await);
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
async fn who_came_later_is_told_nothing_from_before() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    say(&app, "alice", &chat, "A secret").await;
    edit(&app, "alice", &chat, 1, "A worse secret").await.unwrap();
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    let told = part(&app, "dave", &chat, 0, 0).await;
    assert_eq!((cursor(&told), &told["floor"], &told["unreadCount"]), ((1, 2), &json!(1), &json!(0)));
    react(&app, "bob", &chat, 1, &["👍"]).await.unwrap();
    say(&app, "alice", &chat, "Welcome").await;
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    let told = part(&app, "dave", &chat, 0, 0).await;
    assert_eq!((seqs(&told["messages"]), &told["changed"], cursor(&told)), (vec![2], &json!([]), (2, 4)));
    assert_eq!((&told["chat"]["participants"][3], &told["unreadCount"]), (&json!("dave"), &json!(1)));
    assert!(!told.to_string().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_takes_no_rounds() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 45).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    clear(&app, "bob", &chat).await;
    filled(&app, &chat, 1).await;
    for who in ["bob", "dave"] {
        let told = part(&app, who, &chat, 0, 0).await;
        assert_eq!((seqs(&told["messages"]), cursor(&told), told.get("limited")), (vec![46], (46, 2), None));
    }
}

#[tokio::test(start_paused = true)]
async fn who_came_back_is_told_nothing_from_before() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    filled(&app, &chat, 2).await;
    remove(&app, "alice", &chat, "bob").await.unwrap();
    say(&app, "alice", &chat, "A secret").await;
    edit(&app, "alice", &chat, 1, "A secret").await.unwrap();
    add(&app, "alice", &chat, &["bob"]).await.unwrap();
    say(&app, "alice", &chat, "Welcome back").await;
    // With the cursor from before he left.
    let told = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((seqs(&told["messages"]), &told["changed"], cursor(&told)), (vec![4], &json!([]), (4, 3)));
    assert_eq!((&told["floor"], &told["unreadCount"]), (&json!(3), &json!(1)));
    assert!(!told.to_string().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_too_old_is_reset() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 2).await;
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
    assert_eq!(part(&app, "bob", &chat, 2, 2).await.get("reset"), None, "where nothing was missed nothing is lost");
    let messages = part(&app, "bob", &chat, 1, 2).await;
    assert_eq!((messages.get("reset"), seqs(&messages["messages"])), (None, vec![2]), "messages do not age");
    // A new change does not bring back the ones before it.
    react(&app, "alice", &chat, 2, &["👍"]).await.unwrap();
    assert_eq!(part(&app, "bob", &chat, 2, 1).await["reset"], true);
    assert_eq!(seqs(&part(&app, "bob", &chat, 2, 2).await["changed"]), [2]);
    let mut client = Client { cursors: [(chat, at(0, 0))].into(), ..Client::default() };
    client.catch_up(&app, "bob", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_ahead_is_reset() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 2).await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    for (seq, rev) in [(3, 1), (2, 2), (u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
        let reset = part(&app, "bob", &chat, seq, rev).await;
        assert_eq!((&reset["reset"], cursor(&reset)), (&json!(true), (2, 1)), "{seq} {rev}");
        assert_eq!((&reset["messages"], &reset["changed"]), (&json!([]), &json!([])));
    }
}

#[tokio::test(start_paused = true)]
async fn no_cursor_passes_what_was_not_shown() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let half = Faults { half_read: 100, ..Faults::default() };
    filled(&app, &chat, 2).await;
    assert_eq!(visible(&app, "bob", &chat).await, [1, 2], "which every later read shows too");
    app.store.set_faults(half);
    say(&app, "alice", &chat, "New").await;
    let told = part(&app, "bob", &chat, 2, 0).await;
    assert_eq!((cursor(&told), &told["messages"], &told["limited"]), ((2, 0), &json!([]), &json!(true)));
    app.store.set_faults(Faults::default());
    assert_eq!(seqs(&part(&app, "bob", &chat, 2, 0).await["messages"]), [3]);

    for (rev, seq) in [(1, 1), (2, 3)] {
        app.store.set_faults(half);
        edit(&app, "alice", &chat, seq, "Other").await.unwrap();
        let told = part(&app, "bob", &chat, 3, rev - 1).await;
        assert_eq!((cursor(&told), &told["changed"], &told["limited"]), ((3, rev - 1), &json!([]), &json!(true)));
        app.store.set_faults(Faults::default());
        let told = part(&app, "bob", &chat, 3, rev - 1).await;
        assert_eq!((cursor(&told), seqs(&told["changed"])), ((3, rev), vec![seq]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_not_told_as_it_was_before_a_change_that_the_client_has_passed() {
    let app = app();
    let chat = private(&app).await;
    filled(&app, &chat, 2).await;
    assert_eq!(visible(&app, "bob", &chat).await, [1, 2]);
    app.store.set_faults(Faults { half_read: 100, ..Faults::default() });
    edit(&app, "alice", &chat, 2, "Other").await.unwrap();
    let told = part(&app, "bob", &chat, 0, 1).await;
    assert_eq!((seqs(&told["messages"]), cursor(&told), &told["limited"]), (vec![1], (1, 1), &json!(true)));
    app.store.set_faults(Faults::default());
    let told = part(&app, "bob", &chat, 1, 1).await;
    assert_eq!((&told["messages"][0]["content"], cursor(&told)), (&json!("Other"), (2, 1)));
}

#[tokio::test(start_paused = true)]
async fn whatever_part_of_a_change_is_seen_it_is_told_in_the_end() {
    for seed in 0..150 {
        let app = with_store(MemoryStore::with_faults(seed, Faults::default()));
        let chat = group(&app, &TEAM).await;
        filled(&app, &chat, 3).await;
        let mut client = Client::knowing(std::slice::from_ref(&chat));
        if seed % 2 == 0 {
            client.catch_up(&app, "bob", 1).await;
        }
        app.store.set_faults(Faults { half_read: 50, stale_chat: 50, ..Faults::default() });
        for n in 0..4 {
            let seq = 1 + (seed + n) % (3 + n);
            edit(&app, "alice", &chat, seq, &format!("Edit {n}")).await.unwrap();
            say(&app, "alice", &chat, &format!("New {n}")).await;
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
            assert_eq!(client.messages[&chat][&seq], shown_in_page(&app, "bob", &chat, seq).await, "{seed}: {seq}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_named_message_comes_with_its_name() {
    let app = app();
    let chat = private(&app).await;
    app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    let told = part(&app, "alice", &chat, 0, 0).await;
    assert_eq!(told["messages"][0]["clientMessageId"], "m-1", "so that the other try finds its own");
    let names: BTreeSet<_> = told["messages"][0].as_object().unwrap().keys().map(String::as_str).collect();
    let model = ["messageId", "chatId", "senderId", "type", "content", "seenBy", "deletedFor"];
    assert!(model.iter().all(|name| names.contains(name)));
}
