//! Replies to this client's own requests, and answers that other than a sync bring.

use crate::fixtures::{AT, alice, answer, chat, chat_part, created, entry, event, inbox, message, next_sync, page};
use crate::fixtures::{positions, sync, updated};
use client::CatchUpRequest;
use client::documents::{BlockState, Status};
use client::events::Event;
use serde_json::{Value, json};
use traces::Traced as State;

fn names(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| json!(event)["event"].as_str().unwrap().to_owned()).collect()
}

fn user(id: &str, nickname: &str) -> Value {
    json!({"userId": id, "nickname": nickname, "status": "online", "lastSeen": AT, "mutedChats": []})
}

fn member(id: &str, read: u64) -> Value {
    json!({"userId": id, "joinedSeq": 0, "joinedAt": AT, "readSeq": read, "user": user(id, &id.to_uppercase())})
}

#[test]
fn reply_to_an_own_message_is_applied_like_its_event() {
    let mut state = alice();
    let mut own = message("c", 11, 0);
    own["senderId"] = json!("alice");
    let own = serde_json::from_value(own).unwrap();
    assert_eq!(positions(&state.apply_sent_message(own)), [(11, 0)]);
    assert_eq!(state.unread("c"), 0, "who sends has read");
    let edited = serde_json::from_value(message("c", 11, 4)).unwrap();
    assert_eq!(positions(&state.apply_changed_message(edited)), [(11, 4)]);
    // A repeat that comes late brings a newer state of a message that is held, but no new one.
    let late = serde_json::from_value(message("c", 11, 6)).unwrap();
    assert_eq!(positions(&state.apply_sent_message(late)), [(11, 6)]);
    assert_eq!(state.chat("c").unwrap().rev(), 4, "the change before it may be missing");
    let deleted = serde_json::from_value(message("c", 3, 6)).unwrap();
    assert_eq!(state.apply_sent_message(deleted), [], "a seq below what is held");
    // The event of the change that the message has already.
    assert_eq!(positions(&state.apply_event(updated("c", 11, 5))), [(11, 5)]);
    assert_eq!(state.chat("c").unwrap().message(11).unwrap().rev, 6);
    let data = json!({"userId": "carol", "emojis": ["\u{1F44D}"]});
    let known = event(json!({"event": "reaction.updated", "chatId": "c", "seq": 11, "rev": 6, "data": data}));
    assert_eq!(state.apply_event(known).len(), 1);
    let held = state.chat("c").unwrap();
    assert_eq!((held.rev(), held.message(11).unwrap().reactions.len()), (6, 0), "the message was newer");
}

#[test]
fn chat_that_this_user_created_begins_at_its_end() {
    let mut state = alice();
    let new = |id: &str, seq: u64, floor: u64| {
        let mut new = chat(id, seq, 2);
        new["floor"] = json!(floor);
        serde_json::from_value(new).unwrap()
    };
    assert_eq!(names(&state.apply_created_chat(new("d", 4, 0))), ["chat.created"]);
    assert_eq!((state.chat("d").unwrap().seq(), state.chat("d").unwrap().has_older()), (4, true));
    assert_eq!(state.apply_created_chat(new("d", 5, 0)), [], "it is held");
    assert!(next_sync(&state).request.cursors.contains_key("d"));
    // A private chat whose history this user has cleared.
    state.apply_created_chat(new("e", 4, 6));
    let held = state.chat("e").unwrap();
    assert_eq!((held.seq(), held.floor(), held.has_older()), (6, 6, false));
}

#[test]
fn event_of_a_new_chat_begins_at_its_floor_and_replaces_an_older_membership() {
    let mut state = alice();
    let added = |id: &str, rev: u64| {
        let mut document = chat(id, 20, rev);
        document["floor"] = json!(15);
        event(json!({"event": "chat.created", "chatId": id, "data": document}))
    };
    assert_eq!(state.apply_event(added("c", 3)), [], "this membership is held");
    assert_eq!(state.apply_event(added("c", 8)).len(), 1);
    let held = state.chat("c").unwrap();
    assert_eq!((held.seq(), held.rev(), held.floor(), held.has_older()), (15, 8, 15, false));
    assert_eq!(state.apply_event(added("d", 0)).len(), 1);
    assert_eq!(next_sync(&state).request.cursors.len(), 2);
}

#[test]
fn user_who_left_a_chat_forgets_it_unless_they_came_back() {
    let mut state = alice();
    let left =
        |chat: &str, rev: u64| event(json!({"event": "chat.left", "chatId": chat, "rev": rev, "data": {"by": "bob"}}));
    state.set_visible(&["c".to_owned()]);
    assert_eq!(state.apply_event(left("d", 9)), []);
    assert!(!state.is_behind(), "there is nothing to ask for");
    assert_eq!(state.apply_event(left("c", 3)), [], "that was before this membership");
    state.mark_chat_behind("c");
    assert_eq!(state.apply_event(left("c", 4)).len(), 1);
    assert_eq!((state.chat("c").is_none(), state.visible().len(), state.next_request()), (true, 0, None));
    assert_eq!(state.remove_chat(&"c".to_owned()), None);
    state.apply_inbox_page(None, inbox(&[entry("c", 10, 5)], None));
    assert!(matches!(state.remove_chat(&"c".to_owned()), Some(Event::ChatLeft { rev: 5, .. })));
}

#[test]
fn answer_from_before_this_user_joined_again_is_requested_again() {
    let mut state = alice();
    state.apply_event(created("c", 11));
    state.mark_behind();
    let request = next_sync(&state);
    let left = json!({"event": "chat.left", "chatId": "c", "rev": 4, "data": {"by": "bob"}});
    state.apply_event(event(left));
    let mut document = chat("c", 11, 5);
    document["floor"] = json!(10);
    state.apply_event(event(json!({"event": "chat.created", "chatId": "c", "data": document})));
    let mut part = chat_part("c", 11, 5);
    (part["floor"], part["readSeq"]) = (json!(10), json!(10));
    state.apply_sync(&request, answer(&[part], &json!({})));
    let cursor = next_sync(&state).request.cursors["c"];
    assert_eq!((cursor.seq, cursor.rev), (10, 5), "message 11 is not held any more");
}

#[test]
fn late_event_of_a_message_before_the_document_that_the_chat_began_with_is_not_taken() {
    let mut state = alice();
    state.mark_behind();
    // Message 2 was deleted at rev 1, and the entry knows that. Its events come later.
    sync(&mut state, answer(&[chat_part("c", 10, 3)], &json!({"joined": [entry("d", 2, 1)]})));
    assert_eq!(state.apply_event(created("d", 1)), []);
    assert_eq!(state.apply_event(created("d", 2)), []);
    assert_eq!(state.apply_event(updated("d", 2, 1)), []);
    assert!(!state.has_gap(), "the sync brings them");
    assert_eq!(state.apply_event(created("d", 3)), []);
    assert_eq!(next_sync(&state).request.cursors["d"].seq, 0);
    let mut part = chat_part("d", 2, 1);
    part["messages"] = json!([message("d", 1, 0), message("d", 2, 1)]);
    let events = sync(&mut state, answer(&[chat_part("c", 10, 3), part], &json!({})));
    assert_eq!(positions(&events), [(1, 0), (2, 0), (3, 0)]);
    assert_eq!(state.chat("d").unwrap().message(2).unwrap().content, "2 at 1");
}

#[test]
fn details_bring_the_members_and_the_count() {
    let mut state = alice();
    let details = |members: Value, count: u64, floor: u64| {
        let mut document = chat("c", 10, 3);
        document["floor"] = json!(floor);
        serde_json::from_value(json!({"chat": document, "unreadCount": count, "members": members})).unwrap()
    };
    state.apply_details(&details(json!([member("alice", 4), member("bob", 7)]), 5, 0));
    let held = state.chat("c").unwrap();
    assert_eq!((held.read_seq_of("alice"), held.read_seq_of("bob")), (4, 7));
    assert_eq!((state.unread("c"), state.is_behind()), (5, false));
    assert_eq!(state.person("bob").unwrap().nickname, "BOB");
    // Of a large group, this user may be missing: then the count cannot be placed.
    state.apply_details(&details(json!([member("bob", 9)]), 2, 0));
    assert_eq!(state.unread("c"), 5);
    // An event has moved the read position meanwhile.
    state.apply_event(event(json!({"event": "receipt.updated", "chatId": "c",
        "data": {"userId": "alice", "readSeq": 8, "readAt": AT}})));
    let part = chat_part("c", 10, 3);
    sync(&mut state, answer(&[part], &json!({})));
    state.apply_details(&details(json!([member("alice", 4)]), 5, 0));
    assert!(state.is_behind(), "the answer is older than the event");
    // A chat that is not held: only its users count.
    let mut elsewhere = json!({"chat": chat("d", 1, 0), "unreadCount": 1, "members": [member("carol", 0)]});
    elsewhere["members"][0]["user"]["profile"] = json!({"username": "carol1"});
    state.apply_details(&serde_json::from_value(elsewhere).unwrap());
    assert!(state.chat("d").is_none() && state.person("carol").unwrap().profile.is_some());
    // Not every document has the profile.
    state.apply_members(&serde_json::from_value(json!({"members": [member("carol", 0)]})).unwrap());
    assert!(state.person("carol").unwrap().profile.is_some());
}

#[test]
fn own_document_in_an_event_is_newer_than_the_events_before() {
    let mut state = alice();
    let data = json!({"userId": "alice", "status": "online", "at": AT, "lastSeen": AT});
    state.apply_event(event(json!({"event": "presence.updated", "data": data})));
    let data = json!({"userId": "alice", "nickname": "Al", "at": AT});
    state.apply_event(event(json!({"event": "nickname.updated", "data": data})));
    state.apply_event(event(
        json!({"event": "nickname.updated", "data": {"userId": "alice", "nickname": "Ali", "at": AT}}),
    ));
    assert_eq!(state.person("alice").unwrap().nickname, "Ali", "one of the same time is taken");
    let again = json!({"userId": "alice", "status": "offline", "at": AT});
    assert_eq!(state.apply_event(event(json!({"event": "presence.updated", "data": again}))), []);
    let mut document = user("alice", "Alice");
    document["status"] = json!("offline");
    assert_eq!(state.apply_event(event(json!({"event": "user.updated", "data": document}))).len(), 1);
    let me = state.person("alice").unwrap();
    assert_eq!((me.nickname.as_str(), me.status), ("Alice", Status::Offline));
    // The document of an answer is not newer.
    state.apply_user(&serde_json::from_value(user("alice", "Alicia")).unwrap());
    let me = state.person("alice").unwrap();
    assert_eq!((me.nickname.as_str(), me.status), ("Alice", Status::Offline));
}

#[test]
fn hint_without_an_order_is_passed_on_if_the_chat_is_held() {
    let mut state = alice();
    let typing = |chat: &str| {
        let data = json!({"userId": "bob", "state": "start", "timeoutMs": 6000});
        event(json!({"event": "typing", "chatId": chat, "data": data}))
    };
    assert_eq!(state.apply_event(typing("c")).len(), 1);
    assert_eq!(state.apply_event(typing("c")).len(), 1, "it may come again");
    assert_eq!((state.apply_event(typing("d")).len(), state.is_behind()), (0, true));
    let mut closed = alice();
    let data = json!({"code": "token_expired", "retryable": true, "detail": ""});
    assert_eq!(closed.apply_event(event(json!({"event": "connection.closing", "data": data}))), []);
    assert!(!closed.is_behind());
}

#[test]
fn reply_to_a_block_concerns_the_private_chat() {
    let mut state = State::new("alice");
    let mut private = entry("p", 1, 0);
    (private["chat"]["isGroup"], private["chat"]["participants"]) = (json!(false), json!(["alice", "bob"]));
    private["user"] = user("bob", "Bob");
    state.apply_inbox_page(None, inbox(&[entry("c", 0, 0), private], None));
    assert_eq!(state.person("bob").unwrap().nickname, "Bob");
    state.apply_block(&BlockState { user_id: "bob".to_owned(), blocked: true });
    assert!(state.chat("p").unwrap().is_blocked() && !state.chat("c").unwrap().is_blocked());
    state.apply_older_page("p", &page("p", [1, 1], 0));
    let mut part = chat_part("p", 1, 0);
    part["blocked"] = json!(true);
    // It stays behind, as the sync did not have it.
    let mut limited = part.clone();
    limited["limited"] = json!(true);
    sync(&mut state, answer(&[limited], &json!({"limited": true})));
    assert!(state.is_behind());
    let mut joined = entry("q", 1, 0);
    joined["user"] = user("dave", "Dave");
    sync(&mut state, answer(&[part], &json!({"joined": [joined.clone(), entry("p", 1, 0)]})));
    assert_eq!(state.person("dave").unwrap().nickname, "Dave");
    assert!(state.chat("p").unwrap().is_blocked(), "a chat that is held is not joined");
    assert_eq!(next_sync(&state).request.cursors["q"].seq, 0);
}

#[test]
fn read_position_of_this_user_is_only_raised() {
    let mut state = alice();
    let seen = |chat: &str, seq: u64| {
        serde_json::from_value(json!({"chatId": chat, "readSeq": seq, "unreadCount": 10 - seq})).unwrap()
    };
    assert!(!state.apply_read_position(&seen("d", 1)), "the chat is not held");
    assert!(state.apply_read_position(&seen("c", 4)));
    assert!(state.is_behind(), "how many of the older messages are unread is not known");
    sync(&mut state, answer(&[chat_part("c", 10, 3)], &json!({})));
    assert!(state.is_behind(), "the answer has another position");
    let mut part = chat_part("c", 10, 3);
    (part["readSeq"], part["unreadCount"]) = (json!(4), json!(6));
    sync(&mut state, answer(&[part], &json!({})));
    assert_eq!((state.unread("c"), state.is_behind()), (6, false));
    assert!(!state.apply_read_position(&seen("c", 4)) && !state.apply_read_position(&seen("c", 3)));
    // Everything that is not held is read.
    assert!(state.apply_read_position(&seen("c", 10)));
    assert_eq!((state.unread("c"), state.is_behind()), (0, false));
    state.apply_event(created("c", 11));
    assert_eq!(state.unread("c"), 1);
}

#[test]
fn only_five_chats_are_on_the_screen() {
    let mut state = State::new("alice");
    let ids: Vec<_> = (0..7).map(|number| format!("c{number}")).collect();
    let entries: Vec<_> = ids.iter().map(|id| entry(id, 1, 0)).collect();
    state.apply_inbox_page(None, inbox(&entries, None));
    state.set_visible(&ids);
    assert_eq!(state.visible(), &ids[..5]);
    state.set_visible(&["c3".to_owned(), "elsewhere".to_owned()]);
    state.mark_behind();
    assert_eq!(next_sync(&state).request.open, ["c3"], "only a chat with a cursor can be open");
}

#[test]
fn listing_that_something_overtook_is_made_once_more() {
    let mut state = alice();
    let mut part = chat_part("c", 10, 3);
    part.as_object_mut().unwrap().remove("settings");
    sync(&mut state, answer(&[part.clone()], &json!({})));
    state.apply_inbox_page(None, inbox(&[entry("c", 10, 3)], Some("next")));
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(Some("next".to_owned()))));
    assert_eq!(state.apply_inbox_page(None, inbox(&[], None)), [], "not the page that was asked for");
    // The view may be on a page that was read already.
    sync(&mut state, answer(&[part], &json!({"joinedLimited": true})));
    state.apply_inbox_page(Some("next"), inbox(&[entry("d", 1, 0)], None));
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(None)));
    state.apply_inbox_page(None, inbox(&[entry("d", 1, 0), entry("c", 11, 3)], None));
    assert!(next_sync(&state).request.cursors.contains_key("c"), "the inbox shows a message that is not held");
    // To see who is online, the first page is enough.
    let mut part = chat_part("c", 11, 3);
    part["messages"] = json!([message("c", 11, 0)]);
    sync(&mut state, answer(&[part, chat_part("d", 1, 0)], &json!({})));
    state.mark_disconnected();
    sync(&mut state, answer(&[chat_part("c", 11, 3), chat_part("d", 1, 0)], &json!({})));
    state.apply_inbox_page(None, inbox(&[entry("d", 1, 0)], Some("next")));
    assert_eq!(state.next_request(), None);
}
