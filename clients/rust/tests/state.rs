//! What a client holds, rule by rule. That it all comes together whatever happens, the convergence tests show.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use client::documents::{Cursor, Inbox, Page, Status, SyncAnswer, SyncRequest};
use client::events::Event;
use client::{Asked, Question, State};
use serde_json::{Value, json};

const AT: &str = "2026-11-24T08:00:00.000Z";

fn chat(id: &str, seq: u64, rev: u64) -> Value {
    json!({"chatId": id, "isGroup": true, "name": format!("Group {id} {rev}"), "participants": ["alice", "bob", "carol"],
        "participantCount": 3, "admins": ["bob"], "createdBy": "bob", "createdAt": AT, "seq": seq, "rev": rev, "floor": 0})
}

fn message(chat: &str, seq: u64, rev: u64) -> Value {
    json!({"messageId": format!("{chat}:{seq}"), "chatId": chat, "seq": seq, "senderId": "bob", "type": "text",
        "content": format!("{seq} at {rev}"), "seenBy": ["bob"], "deletedFor": [], "createdAt": AT, "rev": rev})
}

fn entry(id: &str, seq: u64, rev: u64) -> Value {
    let mut entry = json!({"chat": chat(id, seq, rev), "readSeq": 0, "unreadCount": seq, "muted": false});
    if seq > 0 {
        entry["lastMessage"] = message(id, seq, 0);
    }
    entry
}

fn inbox(entries: &[Value], cursor: Option<&str>) -> Inbox {
    serde_json::from_value(json!({"chats": entries, "cursor": cursor})).unwrap()
}

fn event(event: Value) -> Event {
    serde_json::from_value(event).unwrap()
}

fn created(chat: &str, seq: u64) -> Event {
    event(json!({"event": "message.created", "chatId": chat, "seq": seq, "data": message(chat, seq, 0)}))
}

fn updated(chat: &str, seq: u64, rev: u64) -> Event {
    event(json!({"event": "message.updated", "chatId": chat, "seq": seq, "rev": rev, "data": message(chat, seq, rev)}))
}

fn answer(chats: &[Value], more: &Value) -> SyncAnswer {
    let mut answer = json!({"chats": chats, "joined": [], "gone": [], "limited": false});
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    serde_json::from_value(answer).unwrap()
}

/// Takes an answer that is asked for just before.
fn synced(state: &mut State, answer: SyncAnswer) -> Vec<Event> {
    let cursors = state.chats().iter().map(|(id, held)| (id.clone(), Cursor { seq: held.seq(), rev: held.rev() }));
    let asked = state.asking(SyncRequest { cursors: cursors.collect(), open: Vec::new() });
    state.synced(&asked, answer)
}

fn asked(state: &State) -> Asked {
    match state.question() {
        Some(Question::Sync(asked)) => asked,
        other => panic!("{other:?}"),
    }
}

fn part(chat: &str, seq: u64, rev: u64) -> Value {
    json!({"chatId": chat, "messages": [], "changed": [], "readSeq": 0, "unreadCount": seq, "floor": 0, "muted": false,
        "cursor": {"seq": seq, "rev": rev}})
}

fn page(chat: &str, [from, to]: [u64; 2], rev: u64) -> Page {
    let messages: Vec<_> = (from..=to).map(|seq| message(chat, seq, 0)).collect();
    serde_json::from_value(json!({"messages": messages, "range": {"from": from, "to": to}, "hasMoreBefore": from > 1,
        "hasMoreAfter": true, "seq": 10, "rev": rev, "floor": 0}))
    .unwrap()
}

/// Alice, who holds one chat from its end: ten messages and three changes ago.
fn alice() -> State {
    let mut state = State::new("alice");
    assert_eq!(state.question(), Some(Question::Inbox(None)));
    let news = state.listed(None, inbox(&[entry("c", 10, 3)], None));
    assert!(matches!(news.as_slice(), [Event::ChatCreated { .. }]), "{news:?}");
    assert_eq!(state.question(), None);
    state
}

fn places(news: &[Event]) -> Vec<(u64, u64)> {
    let place = |event: &Event| match event {
        Event::MessageCreated { seq, .. } => (*seq, 0),
        Event::MessageUpdated { seq, rev, .. } => (*seq, *rev),
        other => panic!("{other:?}"),
    };
    news.iter().map(place).collect()
}

#[test]
fn what_is_overtaken_is_told_in_order_and_once() {
    let mut state = alice();
    assert_eq!(state.event(created("c", 12)), []);
    assert_eq!(state.event(updated("c", 12, 4)), []);
    assert!(state.has_gap() && !state.is_behind());
    let news = state.event(created("c", 11));
    assert_eq!(places(&news), [(11, 0), (12, 0), (12, 4)]);
    assert!(!state.has_gap());
    let mut seen = message("c", 11, 0);
    seen["seenBy"] = json!(["alice", "bob"]);
    let again = event(json!({"event": "message.created", "chatId": "c", "seq": 11, "data": seen}));
    assert_eq!(state.event(again), [], "who has seen it is no change of it");
    assert_eq!(state.event(created("c", 12)), [], "it is held");
    assert_eq!(state.event(updated("c", 12, 4)), []);
    assert_eq!(state.chat("c").unwrap().message(12).unwrap().content, "12 at 4");
    assert_eq!(state.unread("c"), 12);
}

#[test]
fn what_does_not_come_is_asked_for_and_what_waited_for_it_is_told_after_it() {
    let mut state = alice();
    state.event(created("c", 12));
    state.missed();
    let request = asked(&state).request;
    assert_eq!((request.cursors["c"].seq, request.cursors["c"].rev), (10, 3));
    let mut told = part("c", 11, 3);
    told["messages"] = json!([message("c", 11, 0)]);
    assert_eq!(places(&synced(&mut state, answer(&[told], &json!({})))), [(11, 0), (12, 0)]);
    assert!(!state.is_behind() && !state.has_gap());
}

#[test]
fn too_many_that_wait_are_not_kept_but_asked_for() {
    let mut state = alice();
    for seq in 12..=300 {
        assert_eq!(state.event(created("c", seq)), []);
    }
    assert!(state.is_behind());
}

#[test]
fn older_messages_are_taken_where_they_end_at_what_is_held() {
    let mut state = alice();
    assert!(state.chat("c").unwrap().has_older());
    assert_eq!(state.chat("c").unwrap().oldest(), 11);
    assert!(!state.older("c", &page("c", [3, 8], 3)), "9 and 10 are missing");
    assert!(state.older("c", &page("c", [6, 10], 3)));
    assert_eq!(state.chat("c").unwrap().messages().count(), 5);
    assert!(state.older("c", &page("c", [1, 5], 3)));
    assert!(!state.chat("c").unwrap().has_older() && !state.is_behind());
    // A page that was read before a change that was taken meanwhile: that is asked for again.
    let mut state = alice();
    assert_eq!(places(&state.event(updated("c", 7, 4))), [(7, 4)]);
    assert!(state.older("c", &page("c", [1, 10], 3)));
    assert!(state.is_behind());
    let mut told = part("c", 10, 4);
    told["changed"] = json!([message("c", 7, 4)]);
    assert_eq!(places(&synced(&mut state, answer(&[told], &json!({})))), [(7, 4)]);
    assert_eq!(state.chat("c").unwrap().message(7).unwrap().content, "7 at 4");
}

#[test]
fn the_inbox_shows_the_last_message_as_it_is_now_though_it_is_not_held() {
    let mut state = alice();
    assert_eq!(state.inbox()[0].last_message().unwrap().content, "10 at 0");
    state.event(updated("c", 10, 4));
    assert_eq!(state.inbox()[0].last_message().unwrap().content, "10 at 4");
    state.event(created("c", 11));
    assert_eq!(state.inbox()[0].last_message().unwrap().content, "11 at 0");
}

#[test]
fn a_chat_whose_cursor_is_too_old_is_listed_anew() {
    let mut state = alice();
    state.missed();
    let mut told = part("c", 10, 3);
    told["reset"] = json!(true);
    synced(&mut state, answer(&[told], &json!({})));
    assert!(state.chat("c").is_none());
    assert_eq!(state.question(), Some(Question::Inbox(None)));
    state.listed(None, inbox(&[entry("c", 900, 70)], None));
    assert_eq!((state.chat("c").unwrap().seq(), state.question()), (900, None));
}

#[test]
fn with_more_chats_than_a_sync_takes_the_inbox_tells_which_to_ask_about() {
    let ids: Vec<_> = (0..150).map(|n| format!("c{n:03}")).collect();
    let list = |changed: &[usize], from: usize, to: usize| -> Vec<Value> {
        (from..to).map(|n| entry(&ids[n], 10 + u64::from(changed.contains(&n)), 0)).collect()
    };
    let mut state = State::new("alice");
    state.listed(None, inbox(&list(&[], 0, 100), Some("more")));
    assert_eq!(state.question(), Some(Question::Inbox(Some("more".to_owned()))));
    state.listed(Some("more"), inbox(&list(&[], 100, 150), None));
    assert_eq!((state.chats().len(), state.question()), (150, None));

    state.disconnected();
    assert_eq!(state.question(), Some(Question::Inbox(None)));
    state.listed(None, inbox(&list(&[7, 120], 0, 100), Some("more")));
    // The last one is not on it: it moved while it was read, or is gone.
    state.listed(Some("more"), inbox(&list(&[7, 120], 100, 149), None));
    let request = asked(&state).request;
    assert_eq!(request.cursors.len(), 100);
    assert!([7, 120, 149].iter().all(|n| request.cursors.contains_key(&ids[*n])), "those first: {request:?}");
    let told = [part(&ids[7], 11, 0), part(&ids[120], 11, 0)];
    // The chats that were not named are no news.
    let news = synced(&mut state, answer(&told, &json!({"gone": [ids[149]], "joinedLimited": true})));
    assert!(matches!(news.as_slice(), [Event::ChatLeft { .. }]), "{news:?}");
    assert_eq!((state.chats().len(), state.question()), (149, None));
}

#[test]
fn a_chat_that_began_while_the_connection_was_lost_is_told_from_its_beginning() {
    let mut state = alice();
    state.disconnected();
    // Before the inbox, which would begin with it at its end.
    assert!(matches!(state.question(), Some(Question::Sync(_))));
    let news = synced(&mut state, answer(&[part("c", 10, 3)], &json!({"joined": [entry("d", 2, 0)]})));
    assert!(matches!(news.as_slice(), [Event::ChatCreated { .. }]), "{news:?}");
    let request = asked(&state).request;
    assert_eq!(request.cursors["d"].seq, 0);
    let mut told = part("d", 2, 0);
    told["messages"] = json!([message("d", 1, 0), message("d", 2, 0)]);
    assert_eq!(places(&synced(&mut state, answer(&[part("c", 10, 3), told], &json!({})))), [(1, 0), (2, 0)]);
    assert_eq!(state.question(), Some(Question::Inbox(None)));
    state.listed(None, inbox(&[entry("d", 2, 0), entry("c", 10, 3)], None));
    assert_eq!(state.question(), None);
}

#[test]
fn until_when_a_chat_is_muted_is_asked_for_where_another_device_muted_it() {
    let mut state = alice();
    let alice = |muted: &[&str]| {
        let data = json!({"userId": "alice", "nickname": "Alice", "status": "online", "mutedChats": muted});
        event(json!({"event": "user.updated", "data": data}))
    };
    assert_eq!(state.event(alice(&["c"])).len(), 1);
    assert!(state.chat("c").unwrap().is_muted("2026-11-24T10:00:00.000Z"));
    assert!(asked(&state).request.cursors.contains_key("c"));
    let mut told = part("c", 10, 3);
    (told["muted"], told["mutedUntil"]) = (json!(true), json!("2026-11-24T09:00:00.000Z"));
    assert_eq!(synced(&mut state, answer(&[told], &json!({}))), []);
    assert!(state.chat("c").unwrap().is_muted("2026-11-24T08:59:59.999Z"));
    assert!(!state.chat("c").unwrap().is_muted("2026-11-24T09:00:00.000Z"));
    assert_eq!(state.question(), None);
    assert_eq!(state.event(alice(&[])).len(), 1);
    assert!(!state.chat("c").unwrap().is_muted(AT));
    assert_eq!(state.question(), None, "there is nothing to ask of a chat that is not muted");
}

#[test]
fn an_answer_of_before_something_was_missed_does_not_stand_for_it() {
    let mut state = alice();
    state.missed();
    let before = asked(&state);
    let muted = json!({"userId": "alice", "nickname": "Alice", "status": "online", "mutedChats": ["c"]});
    state.event(event(json!({"event": "user.updated", "data": muted})));
    state.event(created("d", 1));
    state.synced(&before, answer(&[part("c", 10, 3)], &json!({})));
    let mut told = part("c", 10, 3);
    told["muted"] = json!(true);
    let again = asked(&state);
    state.synced(&again, answer(&[told], &json!({"joined": [entry("d", 1, 0)]})));
    assert!(state.chat("c").unwrap().is_muted(AT) && state.chat("d").is_some());
    // The same with what this device did.
    let before = asked(&state);
    let unmuted = json!({"chatId": "c", "muted": false});
    state.muted(&serde_json::from_value(unmuted).unwrap());
    let mut told = part("c", 10, 3);
    told["muted"] = json!(true);
    state.synced(&before, answer(&[told, part("d", 1, 0)], &json!({})));
    let again = asked(&state);
    state.synced(&again, answer(&[part("c", 10, 3), part("d", 1, 0)], &json!({})));
    assert!(!state.chat("c").unwrap().is_muted(AT));
    assert_eq!(state.question(), None);
}

#[test]
fn an_answer_of_before_a_chat_was_heard_of_does_not_tell_of_it() {
    let mut state = alice();
    state.missed();
    let before = asked(&state);
    state.event(created("d", 1));
    state.synced(&before, answer(&[part("c", 10, 3)], &json!({})));
    let again = asked(&state);
    state.synced(&again, answer(&[part("c", 10, 3)], &json!({"joined": [entry("d", 0, 0)]})));
    assert!(state.chat("d").is_some());
    assert_eq!(state.question(), None);
}

#[test]
fn a_chat_in_which_something_may_have_been_missed_is_asked_for_if_it_is_held() {
    let mut state = alice();
    state.missed_in("d");
    assert_eq!(state.question(), None);
    state.missed_in("c");
    assert!(asked(&state).request.cursors.contains_key("c"));
}

#[test]
fn presence_is_as_of_the_last_event_and_after_a_lost_connection_as_listed() {
    let mut state = alice();
    let presence = |status: &str, at: &str| {
        event(json!({"event": "presence.updated", "data": {"userId": "bob", "status": status, "at": at}}))
    };
    assert_eq!(state.event(presence("online", "2026-11-24T08:00:02.000Z")).len(), 1);
    assert_eq!(state.event(presence("offline", "2026-11-24T08:00:01.000Z")), [], "it is older");
    assert_eq!(state.person("bob").unwrap().status, Status::Online);
    let user = serde_json::from_value(
        json!({"userId": "bob", "nickname": "Bobby", "status": "offline", "lastSeen": AT, "mutedChats": []}),
    )
    .unwrap();
    state.met(&user);
    assert_eq!(
        (state.person("bob").unwrap().nickname.as_str(), state.person("bob").unwrap().status),
        ("Bobby", Status::Online)
    );
    state.disconnected();
    state.met(&user);
    assert_eq!(state.person("bob").unwrap().status, Status::Offline);
}

#[test]
fn what_an_event_brings_while_it_is_deleted_is_gone_with_the_answer() {
    let mut state = State::new("alice");
    state.listed(None, inbox(&[entry("c", 8, 4)], None));
    state.missed();
    let request = asked(&state);
    // It comes, and the event of its deletion is lost.
    state.event(created("c", 9));
    let news = state.synced(&request, answer(&[part("c", 9, 5)], &json!({})));
    assert_eq!(state.chat("c").unwrap().messages().count(), 0);
    let [Event::MessageUpdated { seq: 9, data, .. }] = news.as_slice() else { panic!("{news:?}") };
    assert_eq!(data.deleted_for, ["alice"]);
}

#[test]
fn an_answer_that_does_not_follow_what_is_held_is_asked_for_again() {
    let mut state = State::new("alice");
    state.listed(None, inbox(&[entry("c", 10, 6)], None));
    state.missed();
    let request = asked(&state);
    // A page that was read before the last two changes.
    assert!(state.older("c", &page("c", [1, 10], 4)));
    state.synced(&request, answer(&[part("c", 10, 6)], &json!({})));
    assert_eq!((state.chat("c").unwrap().rev(), state.is_behind()), (4, true));
    assert_eq!(asked(&state).request.cursors["c"], Cursor { seq: 10, rev: 4 });
}
