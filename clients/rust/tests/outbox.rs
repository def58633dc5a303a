//! The outbox, rule by rule, with a clock of milliseconds. Each test records a trace that other clients replay.

#![allow(clippy::panic, clippy::unwrap_used)] // that is how a test fails

use client::documents::Message;
use client::draft::Draft;
use client::outbox::MAX_OUTBOX_MESSAGES;
use serde_json::{Value, json};
use traces::TracedOutbox;

const START: u64 = 1000;

fn outbox(messages: &[(&str, &str)]) -> TracedOutbox {
    let mut outbox = TracedOutbox::default();
    for (chat, id) in messages {
        assert_eq!(outbox.push(chat, &Draft::text(*id), id), None);
    }
    outbox
}

fn stored(chat: &str, client_message_id: Option<&str>) -> Message {
    let mut message = json!({"messageId": format!("{chat}:1"), "chatId": chat, "seq": 1, "senderId": "alice",
        "type": "text", "content": "1", "seenBy": ["alice"], "deletedFor": [],
        "createdAt": "2026-11-24T08:00:00.000Z", "rev": 0});
    if let Some(id) = client_message_id {
        message["clientMessageId"] = Value::from(id);
    }
    serde_json::from_value(message).unwrap()
}

#[test]
fn one_message_per_chat_is_in_flight_in_order() {
    let mut outbox = outbox(&[("a", "1"), ("a", "2"), ("b", "3")]);
    assert_eq!(outbox.start_next(START).as_deref(), Some("1"));
    assert_eq!(outbox.start_next(START).as_deref(), Some("3"), "a message of another chat does not wait");
    assert_eq!(outbox.start_next(START), None);
    assert_eq!(outbox.remove("1").as_deref(), Some("1"));
    assert_eq!(outbox.start_next(START).as_deref(), Some("2"));
    assert_eq!((outbox.tries("1"), outbox.tries("2")), (0, 1));
}

#[test]
fn retried_message_keeps_its_place_and_waits_until_it_is_due() {
    let mut outbox = outbox(&[("a", "1"), ("a", "2"), ("b", "3")]);
    assert_eq!(outbox.next_due(), None);
    assert_eq!(outbox.start_next(START).as_deref(), Some("1"));
    outbox.schedule_retry("1", START, 3000);
    assert_eq!(outbox.start_next(START).as_deref(), Some("3"), "the message after it waits too");
    outbox.schedule_retry("3", START, 500);
    assert_eq!(outbox.next_due(), Some(START + 500), "the earlier one");
    assert_eq!(outbox.start_next(START + 499), None);
    assert_eq!(outbox.start_next(START + 500).as_deref(), Some("3"));
    assert_eq!(outbox.next_due(), Some(START + 3000), "what is in flight is not due");
    assert_eq!(outbox.start_next(START + 2999), None);
    assert_eq!(outbox.start_next(START + 3000).as_deref(), Some("1"));
    assert_eq!((outbox.tries("1"), outbox.tries("2"), outbox.next_due()), (2, 0, None));
    outbox.schedule_retry("gone", START, 1);
    assert_eq!(outbox.next_due(), None);
}

#[test]
fn lost_connection_ends_what_is_in_flight_and_not_the_wait_for_a_retry() {
    let mut outbox = outbox(&[("a", "1"), ("b", "2")]);
    assert_eq!(outbox.start_next(START).as_deref(), Some("1"));
    assert_eq!(outbox.start_next(START).as_deref(), Some("2"));
    outbox.schedule_retry("2", START, 2000);
    outbox.reset_in_flight();
    assert_eq!(outbox.start_next(START).as_deref(), Some("1"));
    assert_eq!(outbox.start_next(START), None);
    assert_eq!(outbox.next_due(), Some(START + 2000));
    assert_eq!(outbox.start_next(START + 2000).as_deref(), Some("2"));
}

#[test]
fn full_outbox_and_a_second_message_with_an_id_are_refused() {
    let mut outbox = TracedOutbox::default();
    outbox.push_many("a", &Draft::text("x"), MAX_OUTBOX_MESSAGES - 1);
    assert_eq!(outbox.push("b", &Draft::text("x"), "7"), Some("duplicate_message_id"), "in any chat");
    assert_eq!(outbox.push("b", &Draft::text("x"), "last"), None);
    assert_eq!(outbox.push("b", &Draft::text("x"), "more"), Some("outbox_full"));
    assert_eq!(outbox.push("b", &Draft::text("x"), "7"), Some("outbox_full"));
    assert_eq!(outbox.remove("more"), None);
    assert_eq!(outbox.remove("0").as_deref(), Some("0"));
    assert_eq!(outbox.push("b", &Draft::text("x"), "more"), None);
}

#[test]
fn stored_message_is_confirmed_in_its_chat_alone() {
    let mut outbox = outbox(&[("a", "1"), ("b", "2")]);
    assert_eq!(outbox.confirm(&stored("b", Some("1"))), None, "another chat");
    assert_eq!(outbox.confirm(&stored("a", None)), None);
    assert_eq!(outbox.confirm(&stored("a", Some("3"))), None);
    assert_eq!(outbox.start_next(START).as_deref(), Some("1"));
    assert_eq!(outbox.confirm(&stored("a", Some("1"))).as_deref(), Some("1"), "also while it is in flight");
    assert_eq!(outbox.confirm(&stored("a", Some("1"))), None);
    assert_eq!(outbox.start_next(START).as_deref(), Some("2"));
}

#[test]
fn failures_are_counted_per_message() {
    let mut outbox = outbox(&[("a", "1"), ("b", "2")]);
    assert_eq!((outbox.count_failure("1"), outbox.count_failure("1"), outbox.count_failure("2")), (1, 2, 1));
    outbox.schedule_retry("1", START, 1);
    assert_eq!((outbox.count_failure("1"), outbox.count_failure("gone")), (3, 0));
}
