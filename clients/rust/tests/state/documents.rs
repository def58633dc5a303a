//! What a chat keeps of documents that events and answers bring: floors, previews, hidden messages, the order of texts.

use crate::fixtures::{
    AT, alice, answer, chat, chat_part, created, entry, event, inbox, message, page, positions, sync,
};
use crate::fixtures::{next_sync, updated};
use client::events::Event;
use serde_json::{Value, json};
use traces::Traced as State;

/// The event that a chat has changed: its document has this floor.
fn changed(rev: u64, floor: u64, more: &Value) -> Event {
    let mut data = chat("c", 10, rev);
    data["floor"] = json!(floor);
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event(json!({"event": "chat.updated", "chatId": "c", "rev": rev, "data": data}))
}

fn seqs(state: &State) -> Vec<u64> {
    state.chat("c").unwrap().messages().map(|message| message.seq).collect()
}

#[test]
fn history_that_this_user_cleared_is_dropped() {
    let mut state = alice();
    for seq in 11..=13 {
        state.apply_event(created("c", seq));
    }
    assert_eq!(state.apply_event(changed(5, 12, &json!({}))), [], "a change is missing");
    assert_eq!(state.apply_event(changed(4, 12, &json!({}))).len(), 2);
    let held = state.chat("c").unwrap();
    assert_eq!((held.floor(), held.seq(), held.rev(), held.has_older()), (12, 13, 5, false));
    assert_eq!((seqs(&state), state.unread("c"), state.is_behind()), (vec![13], 1, false));
    assert_eq!(state.apply_event(changed(4, 0, &json!({}))), [], "it is known already");
    // A sync brings a higher floor too, and one above all that is held.
    let mut part = chat_part("c", 14, 5);
    part["floor"] = json!(14);
    let events = sync(&mut state, answer(&[part], &json!({})));
    assert!(matches!(events.as_slice(), [Event::ChatUpdated { rev: 5, .. }]), "{events:?}");
    let held = state.chat("c").unwrap();
    assert_eq!((held.floor(), held.seq(), held.last_message()), (14, 14, None));
    assert_eq!(held.active_at(), AT, "when the chat was created");
}

#[test]
fn cleared_history_that_is_not_held_makes_the_count_unknown() {
    let mut state = alice();
    state.apply_event(changed(4, 6, &json!({})));
    assert!(state.is_behind());
    let mut part = chat_part("c", 10, 4);
    (part["floor"], part["readSeq"], part["unreadCount"]) = (json!(6), json!(6), json!(4));
    sync(&mut state, answer(&[part], &json!({})));
    assert_eq!((state.unread("c"), state.is_behind()), (4, false));
    // A page can bring the floor as well.
    let mut older = page("c", [9, 10], 4);
    (older.floor, older.has_more_before) = (8, false);
    assert!(state.apply_older_page("c", &older));
    let held = state.chat("c").unwrap();
    assert_eq!((held.floor(), held.has_older(), seqs(&state)), (8, false, vec![9, 10]));
    assert!(!state.apply_older_page("elsewhere", &older));
}

#[test]
fn page_without_messages_ends_the_chat() {
    let mut state = alice();
    let mut empty = page("c", [1, 0], 3);
    empty.range = None;
    assert!(!state.apply_older_page("c", &empty), "older messages are to come");
    empty.floor = 10;
    assert!(state.apply_older_page("c", &empty));
    assert!(!state.chat("c").unwrap().has_older());
}

#[test]
fn document_is_taken_unless_a_newer_one_is_held() {
    let mut state = alice();
    let name = |state: &State| state.chat("c").unwrap().chat().name.clone().unwrap();
    state.apply_event(changed(4, 0, &json!({"name": "Four"})));
    let part = |rev: u64, name: &str| {
        let mut part = chat_part("c", 10, 4);
        part["chat"] = chat("c", 10, rev);
        part["chat"]["name"] = json!(name);
        answer(&[part], &json!({}))
    };
    assert_eq!(sync(&mut state, part(3, "Three")), []);
    assert_eq!(name(&state), "Four");
    assert_eq!(sync(&mut state, part(4, "Four again")), [], "at the same rev, seq or floor may be newer");
    assert_eq!(name(&state), "Four again");
    assert_eq!(sync(&mut state, part(5, "Five")).len(), 1);
    assert_eq!(name(&state), "Five");
}

#[test]
fn receipts_count_for_participants_and_for_anybody_if_the_list_is_cut() {
    let mut state = alice();
    let receipt = |user: &str, seq: u64| {
        event(
            json!({"event": "receipt.updated", "chatId": "c", "data": {"userId": user, "readSeq": seq, "readAt": AT}}),
        )
    };
    let read = |state: &State, user: &str| state.chat("c").unwrap().read_seq_of(user);
    assert_eq!((state.apply_event(receipt("dave", 5)).len(), read(&state, "dave")), (0, 0));
    assert_eq!((state.apply_event(receipt("bob", 5)).len(), read(&state, "bob")), (1, 5));
    assert_eq!((state.apply_event(receipt("bob", 4)).len(), read(&state, "bob")), (0, 5));
    let mut of_carol = message("c", 11, 0);
    (of_carol["senderId"], of_carol["seenBy"]) = (json!("carol"), json!(["carol"]));
    state.apply_event(event(json!({"event": "message.created", "chatId": "c", "seq": 11, "data": of_carol})));
    state.apply_event(receipt("bob", 11));
    state.apply_event(changed(4, 0, &json!({"participantsLimited": true, "participants": ["alice"]})));
    let held = state.chat("c").unwrap();
    assert!(held.seen_by(held.message(11).unwrap()).contains("bob"));
    assert_eq!((state.apply_event(receipt("dave", 6)).len(), read(&state, "dave")), (1, 6));
    assert_eq!(read(&state, "bob"), 11, "a list that is cut does not say who left");
    state.apply_event(changed(5, 0, &json!({"participants": ["alice", "dave"]})));
    assert_eq!((read(&state, "bob"), read(&state, "dave")), (0, 6));
    // The sender of an earlier message has left: its repeat does not bring them back.
    state.apply_event(created("c", 12));
    state.apply_event(changed(6, 0, &json!({"participants": ["alice", "dave"]})));
    assert_eq!(read(&state, "bob"), 0);
    let mut repeated = message("c", 12, 6);
    repeated["senderId"] = json!("bob");
    let repeated = event(json!({"event": "message.created", "chatId": "c", "seq": 12, "data": repeated}));
    assert_eq!((positions(&state.apply_event(repeated)), read(&state, "bob")), (vec![(12, 6)], 0));
}

#[test]
fn sync_brings_read_positions_and_lowers_none() {
    let mut state = alice();
    let member = |user: &str, read: u64| json!({"userId": user, "joinedSeq": 0, "joinedAt": AT, "readSeq": read});
    let mut part = chat_part("c", 10, 3);
    (part["readSeq"], part["unreadCount"]) = (json!(2), json!(8));
    part["members"] = json!([member("alice", 2), member("bob", 9), member("carol", 0)]);
    let events = sync(&mut state, answer(&[part.clone()], &json!({})));
    let readers: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::ReceiptUpdated { data, .. } => (data.user_id.as_str(), data.read_seq),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(readers, [("alice", 2), ("bob", 9)]);
    part["members"] = json!([member("alice", 2), member("bob", 7)]);
    assert_eq!(sync(&mut state, answer(&[part.clone()], &json!({}))), []);
    assert_eq!(state.chat("c").unwrap().read_seq_of("bob"), 9);
    part.as_object_mut().unwrap().remove("members");
    part["readSeq"] = json!(3);
    let events = sync(&mut state, answer(&[part], &json!({})));
    assert!(matches!(events.as_slice(), [Event::ReceiptUpdated { data, .. }] if data.read_at.is_none()), "{events:?}");
}

#[test]
fn preview_that_this_user_deleted_is_gone() {
    let mut state = alice();
    let mut hidden = message("c", 10, 4);
    (hidden["content"], hidden["deletedFor"]) = (json!(""), json!(["alice"]));
    state.apply_event(event(json!({"event": "message.updated", "chatId": "c", "seq": 10, "rev": 4, "data": hidden})));
    assert_eq!(state.chat("c").unwrap().last_message(), None);
    // The inbox shows the message before it.
    let mut shown = entry("c", 10, 4);
    shown["lastMessage"] = message("c", 9, 0);
    state.mark_disconnected();
    sync(&mut state, answer(&[chat_part("c", 10, 4)], &json!({})));
    state.apply_inbox_page(None, inbox(&[shown.clone()], None));
    assert_eq!(state.chat("c").unwrap().last_message().unwrap().seq, 9);
    // A preview that is older than what is held does not replace it.
    state.apply_event(updated("c", 9, 5));
    state.mark_disconnected();
    sync(&mut state, answer(&[chat_part("c", 10, 5)], &json!({})));
    state.apply_inbox_page(None, inbox(&[shown], None));
    let last = state.chat("c").unwrap().last_message().unwrap().clone();
    assert_eq!((last.rev, last.content.as_str()), (5, "9 at 5"));
    // It is hidden with the history.
    state.apply_event(changed(6, 9, &json!({})));
    assert_eq!(state.chat("c").unwrap().last_message(), None);
    // The page that has the message replaces the preview.
    let mut state = alice();
    state.apply_older_page("c", &page("c", [10, 10], 3));
    state.apply_event(updated("c", 10, 4));
    assert_eq!(state.chat("c").unwrap().last_message().unwrap().content, "10 at 4");
}

#[test]
fn message_that_this_user_deleted_is_not_held_and_does_not_come_back() {
    let mut state = alice();
    state.apply_event(created("c", 11));
    let mut hidden = message("c", 11, 4);
    (hidden["content"], hidden["deletedFor"]) = (json!(""), json!(["alice"]));
    let mut part = chat_part("c", 11, 4);
    part["changed"] = json!([hidden, message("c", 12, 0)]);
    assert_eq!(positions(&sync(&mut state, answer(&[part.clone()], &json!({})))), [(11, 4), (12, 0)]);
    assert_eq!(seqs(&state), [12]);
    assert_eq!(state.apply_event(created("c", 11)), [], "a late repeat");
    part["changed"] = json!([]);
    let request = next_sync_after(&mut state);
    // A change that the answer does not have yet.
    state.apply_event(updated("c", 12, 5));
    part["cursor"]["seq"] = json!(11);
    state.apply_sync(&request, answer(&[part], &json!({})));
    assert_eq!(state.chat("c").unwrap().rev(), 4, "message 12 is not there yet, so its change waits");
}

#[test]
fn answer_that_is_older_than_a_deletion_does_not_bring_the_message_back() {
    let mut state = alice();
    let request = next_sync_after(&mut state);
    for seq in 11..=13 {
        state.apply_event(created("c", seq));
    }
    let mut hidden = message("c", 12, 4);
    (hidden["content"], hidden["deletedFor"]) = (json!(""), json!(["alice"]));
    let hidden = event(json!({"event": "message.updated", "chatId": "c", "seq": 12, "rev": 4, "data": hidden}));
    assert_eq!(positions(&state.apply_event(hidden)), [(12, 4)]);
    let mut part = chat_part("c", 14, 3);
    part["messages"] = (11..=14).map(|seq| message("c", seq, 0)).collect();
    assert_eq!(positions(&state.apply_sync(&request, answer(&[part.clone()], &json!({})))), [(14, 0)]);
    assert_eq!(seqs(&state), [11, 13, 14]);
    // The same with a change of the message before its deletion.
    let request = next_sync_after(&mut state);
    (part["messages"], part["changed"]) = (json!([]), json!([message("c", 12, 3)]));
    assert_eq!(state.apply_sync(&request, answer(&[part], &json!({}))), []);
    assert_eq!(seqs(&state), [11, 13, 14]);
}

fn next_sync_after(state: &mut State) -> client::PendingSync {
    state.mark_behind();
    next_sync(state)
}

/// By code point, as the server sorts: an emoji above U+FFFF comes after U+FE0F, in UTF-16 it would not.
#[test]
fn reactions_are_sorted_by_code_point() {
    let mut state = alice();
    state.apply_event(created("c", 11));
    let reacted = |rev: u64, user: &str, emojis: &[&str]| {
        let data = json!({"userId": user, "emojis": emojis});
        event(json!({"event": "reaction.updated", "chatId": "c", "seq": 11, "rev": rev, "data": data}))
    };
    let emojis = ["\u{2764}\u{1F525}", "\u{2764}\u{FE0F}", "\u{1F44D}", "\u{2764}"];
    state.apply_event(reacted(4, "carol", &emojis));
    state.apply_event(reacted(5, "Bob", &emojis[..2]));
    state.apply_event(reacted(6, "alice", &emojis[..2]));
    let message = state.chat("c").unwrap().message(11).unwrap().clone();
    let shown: Vec<_> = message.reactions.iter().map(|reaction| reaction.emoji.as_str()).collect();
    assert_eq!(shown, ["\u{2764}", "\u{2764}\u{FE0F}", "\u{2764}\u{1F525}", "\u{1F44D}"]);
    assert_eq!(message.reactions[1].user_ids, ["Bob", "alice", "carol"]);
    assert_eq!((message.reactions[0].count, message.reactions[1].count), (1, 3));
}

#[test]
fn chats_of_the_same_time_are_sorted_by_id() {
    let mut state = State::new("alice");
    let mut late = entry("b", 1, 0);
    late["lastMessage"]["createdAt"] = json!("2026-11-24T09:00:00.000Z");
    state.apply_inbox_page(None, inbox(&[entry("d", 1, 0), late, entry("a", 0, 0), entry("c", 1, 0)], None));
    let ids: Vec<_> = state.inbox(AT).iter().map(|held| held.chat().chat_id.clone()).collect();
    assert_eq!(ids, ["b", "a", "c", "d"]);
    // A chat that was created after its last message, as this user sees it, counts from then on.
    let mut newer = chat("e", 1, 0);
    newer["createdAt"] = json!("2026-11-24T10:00:00.000Z");
    let mut entry = entry("e", 1, 0);
    entry["chat"] = newer;
    sync(&mut state, answer(&[], &json!({"joined": [entry]})));
    assert_eq!(state.inbox(AT)[0].chat().chat_id, "e");
}

#[test]
fn tombstones_and_pages_are_counted_at_their_moment() {
    let mut state = alice();
    let tombstone = |seq: u64, rev: u64| {
        let mut tombstone = message("c", seq, rev);
        (tombstone["content"], tombstone["deletedAt"], tombstone["deletedBy"]) = (json!(""), json!(AT), json!("bob"));
        tombstone
    };
    // One of the messages of the page was a tombstone when the count was answered.
    let mut older = json!(page("c", [9, 10], 3));
    older["messages"] = json!([tombstone(9, 2), message("c", 10, 0)]);
    assert!(state.apply_older_page("c", &serde_json::from_value(older.clone()).unwrap()));
    assert_eq!((state.unread("c"), state.is_behind()), (10, false), "9 that are not held, and one that is");
    // A message of the page that is newer than the page: the count is asked for.
    older["messages"] = json!([message("c", 7, 4), message("c", 8, 0)]);
    older["range"] = json!({"from": 7, "to": 8});
    assert!(state.apply_older_page("c", &serde_json::from_value(older).unwrap()));
    assert!(state.is_behind());
    let mut part = chat_part("c", 10, 4);
    part["unreadCount"] = json!(8);
    part["limited"] = json!(true);
    sync(&mut state, answer(&[part.clone()], &json!({})));
    assert!(state.is_behind(), "the count of an answer that is cut is of another moment");
    part.as_object_mut().unwrap().remove("limited");
    sync(&mut state, answer(&[part], &json!({})));
    assert_eq!((state.unread("c"), state.is_behind()), (8, false));
}
