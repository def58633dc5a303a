//! The client's state, rule by rule. The convergence tests check the rules together, with random operations and faults.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod documents;
mod fixtures;
mod replies;

use client::documents::{ChatUser, Cursor, Status, SyncRequest, UsersAnswer};
use client::events::Event;
use client::{CatchUpRequest, ChatState};
use fixtures::{
    AT, alice, answer, chat, chat_part, created, entry, event, inbox, message, next_sync, page, positions, sync,
    updated,
};
use serde_json::{Value, json};
use traces::Traced as State;

#[test]
fn events_that_overtake_others_are_reported_in_order_and_once() {
    let mut state = alice();
    assert_eq!(state.apply_event(created("c", 12)), []);
    assert_eq!(state.apply_event(updated("c", 12, 4)), []);
    assert!(state.has_gap() && !state.is_behind());
    let events = state.apply_event(created("c", 11));
    assert_eq!(positions(&events), [(11, 0), (12, 0), (12, 4)]);
    assert!(!state.has_gap());
    let mut seen = message("c", 11, 0);
    seen["seenBy"] = json!(["alice", "bob"]);
    let repeat = event(json!({"event": "message.created", "chatId": "c", "seq": 11, "data": seen}));
    assert_eq!(state.apply_event(repeat), [], "another seenBy is no change");
    assert_eq!(state.apply_event(created("c", 12)), [], "the message is held");
    assert_eq!(state.apply_event(updated("c", 12, 4)), []);
    assert_eq!(state.chat("c").unwrap().message(12).unwrap().content, "12 at 4");
    assert_eq!(state.unread("c"), 12);
}

#[test]
fn missing_event_comes_by_sync_and_the_events_that_waited_follow() {
    let mut state = alice();
    state.apply_event(created("c", 12));
    state.mark_behind();
    let request = next_sync(&state).request;
    assert_eq!((request.cursors["c"].seq, request.cursors["c"].rev), (10, 3));
    let mut part = chat_part("c", 11, 3);
    part["messages"] = json!([message("c", 11, 0)]);
    assert_eq!(positions(&sync(&mut state, answer(&[part], &json!({})))), [(11, 0), (12, 0)]);
    assert!(!state.is_behind() && !state.has_gap());
}

#[test]
fn too_many_waiting_events_make_the_client_sync() {
    let mut state = alice();
    for seq in 12..112 {
        assert_eq!(state.apply_event(created("c", seq)), []);
    }
    assert!(!state.is_behind(), "a hundred events may wait");
    assert_eq!(state.apply_event(created("c", 112)), []);
    assert!(state.is_behind());
}

#[test]
fn older_page_is_applied_if_it_ends_at_what_is_held() {
    let mut state = alice();
    assert!(state.chat("c").unwrap().has_older());
    assert_eq!(state.chat("c").unwrap().oldest_seq(), 11);
    assert!(!state.apply_older_page("c", &page("c", [3, 8], 3)), "9 and 10 are missing");
    assert!(state.apply_older_page("c", &page("c", [6, 10], 3)));
    assert_eq!(state.chat("c").unwrap().messages().count(), 5);
    assert!(state.apply_older_page("c", &page("c", [1, 5], 3)));
    assert!(!state.chat("c").unwrap().has_older() && !state.is_behind());
    // The page is older than a change that came meanwhile: the client asks for the change again.
    let mut state = alice();
    assert_eq!(positions(&state.apply_event(updated("c", 7, 4))), [(7, 4)]);
    assert!(state.apply_older_page("c", &page("c", [1, 10], 3)));
    assert!(state.is_behind());
    let mut part = chat_part("c", 10, 4);
    part["changed"] = json!([message("c", 7, 4)]);
    assert_eq!(positions(&sync(&mut state, answer(&[part], &json!({})))), [(7, 4)]);
    assert_eq!(state.chat("c").unwrap().message(7).unwrap().content, "7 at 4");
}

#[test]
fn inbox_shows_the_last_message_up_to_date_without_holding_it() {
    let mut state = alice();
    assert_eq!(state.inbox(AT)[0].last_message().unwrap().content, "10 at 0");
    state.apply_event(updated("c", 10, 4));
    assert_eq!(state.inbox(AT)[0].last_message().unwrap().content, "10 at 4");
    state.apply_event(created("c", 11));
    assert_eq!(state.inbox(AT)[0].last_message().unwrap().content, "11 at 0");
}

#[test]
fn chat_that_is_reset_is_listed_again() {
    let mut state = alice();
    state.mark_behind();
    let mut part = chat_part("c", 10, 3);
    part["reset"] = json!(true);
    sync(&mut state, answer(&[part], &json!({})));
    assert!(state.chat("c").is_none());
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(None)));
    state.apply_inbox_page(None, inbox(&[entry("c", 900, 70)], None));
    assert_eq!((state.chat("c").unwrap().seq(), state.next_request()), (900, None));
}

#[test]
fn inbox_shows_which_of_more_than_100_chats_to_sync() {
    let ids: Vec<_> = (0..104).map(|n| format!("c{n:03}")).collect();
    let list = |changed: &[usize], from: usize, to: usize| -> Vec<Value> {
        let without_message = |n: usize| {
            let mut entry = entry(&ids[n], 10 + u64::from(changed.contains(&n)), 0);
            entry.as_object_mut().unwrap().remove("lastMessage");
            entry
        };
        (from..to).map(without_message).collect()
    };
    let mut state = State::new("alice");
    state.apply_inbox_page(None, inbox(&list(&[], 0, 100), Some("more")));
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(Some("more".to_owned()))));
    state.apply_inbox_page(Some("more"), inbox(&list(&[], 100, 104), None));
    assert_eq!((state.chats().len(), state.next_request()), (104, None));

    state.mark_disconnected();
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(None)));
    state.apply_inbox_page(None, inbox(&list(&[7, 102], 0, 100), Some("more")));
    // The last chat is on no page: it moved meanwhile, or alice is not in it any more.
    state.apply_inbox_page(Some("more"), inbox(&list(&[7, 102], 100, 103), None));
    let request = next_sync(&state).request;
    assert_eq!(request.cursors.len(), 100);
    assert!(
        [7, 102, 103].iter().all(|n| request.cursors.contains_key(&ids[*n])),
        "the chats that are behind go first: {request:?}"
    );
    let parts = [chat_part(&ids[7], 11, 0), chat_part(&ids[102], 11, 0)];
    // The chats without a cursor are held: they are not reported as new.
    let events = sync(&mut state, answer(&parts, &json!({"gone": [ids[103]], "joinedLimited": true})));
    assert!(matches!(events.as_slice(), [Event::ChatLeft { .. }]), "{events:?}");
    assert_eq!((state.chats().len(), state.next_request()), (103, None));
}

#[test]
fn chat_created_while_disconnected_is_reported_from_its_beginning() {
    let mut state = alice();
    state.mark_disconnected();
    // The sync goes before the inbox. With the inbox, the chat would begin at its end.
    assert!(matches!(state.next_request(), Some(CatchUpRequest::Sync(_))));
    let events = sync(&mut state, answer(&[chat_part("c", 10, 3)], &json!({"joined": [entry("d", 2, 0)]})));
    assert!(matches!(events.as_slice(), [Event::ChatCreated { .. }]), "{events:?}");
    let request = next_sync(&state).request;
    assert_eq!(request.cursors["d"].seq, 0);
    let mut part = chat_part("d", 2, 0);
    part["messages"] = json!([message("d", 1, 0), message("d", 2, 0)]);
    assert_eq!(positions(&sync(&mut state, answer(&[chat_part("c", 10, 3), part], &json!({})))), [(1, 0), (2, 0)]);
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(None)));
    state.apply_inbox_page(None, inbox(&[entry("d", 2, 0), entry("c", 10, 3)], None));
    assert_eq!(state.next_request(), None);
}

/// The event that this user changed their view of chat `c`.
fn view(member_rev: u64, read_seq: u64, settings: &Value) -> Event {
    let mut data =
        json!({"readSeq": read_seq, "unreadCount": 0, "settings": {"memberRev": member_rev, "notify": "all"}});
    data["settings"].as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    event(json!({"event": "member.updated", "chatId": "c", "data": data}))
}

#[test]
fn view_of_another_device_is_taken_unless_a_newer_one_is_held() {
    let mut state = alice();
    let muted = json!({"notify": "none", "muteUntil": "2026-11-24T09:00:00.000Z"});
    assert_eq!(state.apply_event(view(3, 0, &muted)).len(), 1);
    let held = |state: &State| state.chat("c").unwrap().clone();
    assert!(held(&state).is_muted("2026-11-24T08:59:59.999Z"));
    assert!(!held(&state).is_muted("2026-11-24T09:00:00.000Z"));
    assert_eq!(state.next_request(), None, "the event has everything");
    for late in [2, 3] {
        assert_eq!(state.apply_event(view(late, 0, &json!({"pinned": true}))), []);
    }
    assert!(held(&state).is_muted(AT) && !held(&state).settings().pinned);
    assert_eq!(state.apply_event(view(4, 0, &json!({"pinned": true}))).len(), 1);
    assert!(!held(&state).is_muted(AT) && held(&state).settings().pinned);
    // At the time at which the traces look, this mute has just ended.
    state.apply_event(view(5, 0, &json!({"notify": "none", "muteUntil": traces::NOW})));
    assert!(held(&state).is_muted(AT) && !held(&state).is_muted(traces::NOW));
}

#[test]
fn archived_chat_comes_back_with_a_message_unless_it_is_muted() {
    let mut state = alice();
    let ids = |chats: Vec<&ChatState>| chats.iter().map(|held| held.chat().chat_id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(state.inbox(AT)), ids(state.archived(AT))), (vec!["c".to_owned()], vec![]));
    state.apply_event(view(2, 0, &json!({"archivedSeq": 10})));
    assert_eq!((ids(state.inbox(AT)), ids(state.archived(AT))), (vec![], vec!["c".to_owned()]));
    state.apply_event(created("c", 11));
    assert_eq!((ids(state.inbox(AT)), ids(state.archived(AT))), (vec!["c".to_owned()], vec![]));
    let end = "2026-11-24T09:00:00.000Z";
    state.apply_event(view(3, 0, &json!({"archivedSeq": 11, "notify": "none", "muteUntil": end})));
    state.apply_event(created("c", 12));
    assert_eq!(ids(state.inbox(AT)), Vec::<String>::new());
    assert_eq!(ids(state.inbox(end)), ["c"], "the mute has ended");
}

#[test]
fn mark_as_unread_is_taken_back_by_reading_in_whatever_order_the_events_come() {
    let mut state = alice();
    let is_marked = |state: &State| state.chat("c").unwrap().is_marked_unread("alice");
    let receipt = |seq: u64| {
        let data = json!({"userId": "alice", "readSeq": seq, "readAt": AT});
        event(json!({"event": "receipt.updated", "chatId": "c", "data": data}))
    };
    state.apply_event(view(2, 0, &json!({"markedUnread": true})));
    assert!(is_marked(&state));
    state.apply_event(receipt(5));
    assert!(!is_marked(&state));
    // This one was set before the position moved to 9, and comes after it.
    state.apply_event(receipt(9));
    state.apply_event(view(4, 5, &json!({"markedUnread": true})));
    assert!(!is_marked(&state));
    state.apply_event(view(6, 9, &json!({"markedUnread": true})));
    assert!(is_marked(&state));
    // An own message.
    let mut own = message("c", 11, 0);
    own["senderId"] = json!("alice");
    state.apply_event(event(json!({"event": "message.created", "chatId": "c", "seq": 11, "data": own})));
    assert!(!is_marked(&state));
    // The reply to marking as seen what was seen already.
    state.apply_event(view(8, 11, &json!({"markedUnread": true})));
    let reply = json!({"chatId": "c", "readSeq": 11, "unreadCount": 0, "settings": {"memberRev": 9, "notify": "all"}});
    assert!(!state.apply_read_position(&serde_json::from_value(reply).unwrap()), "the position is the same");
    assert!(!is_marked(&state));
    state.apply_event(view(8, 11, &json!({"markedUnread": true})));
    assert!(!is_marked(&state), "that event is older than the reply");
}

#[test]
fn pinned_chats_come_first() {
    let mut state = alice();
    let mut older = entry("b", 1, 0);
    older["lastMessage"]["createdAt"] = json!("2026-11-24T07:00:00.000Z");
    older["chat"]["createdAt"] = json!("2026-11-24T07:00:00.000Z");
    older["settings"] = json!({"memberRev": 2, "notify": "all", "pinned": true});
    sync(&mut state, answer(&[chat_part("c", 10, 3)], &json!({"joined": [older]})));
    let ids: Vec<_> = state.inbox(AT).iter().map(|held| held.chat().chat_id.as_str()).collect();
    assert_eq!(ids, ["b", "c"]);
}

#[test]
fn sync_brings_another_view_also_after_the_user_joined_again() {
    let mut state = alice();
    state.apply_event(view(50, 0, &json!({"pinned": true})));
    let mut part = chat_part("c", 10, 3);
    part["settings"] = json!({"memberRev": 2, "notify": "mentions"});
    let events = sync(&mut state, answer(&[part.clone()], &json!({})));
    assert!(matches!(&events[..], [Event::MemberUpdated { .. }]), "{events:?}");
    assert!(!state.chat("c").unwrap().settings().pinned);
    part["settings"]["memberRev"] = json!(3);
    assert_eq!(sync(&mut state, answer(&[part.clone()], &json!({}))), [], "only the number differs");
    // Without room for it in the answer, the view is in the inbox.
    part.as_object_mut().unwrap().remove("settings");
    assert_eq!(sync(&mut state, answer(&[part], &json!({}))), []);
    assert_eq!(state.chat("c").unwrap().settings().member_rev, 3);
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(None)));
}

#[test]
fn block_of_another_device_concerns_the_private_chat_alone() {
    let mut state = State::new("alice");
    let private = |id: &str, other: &str| {
        let mut entry = entry(id, 0, 0);
        (entry["chat"]["isGroup"], entry["chat"]["participants"]) = (json!(false), json!(["alice", other]));
        entry
    };
    let mut blocked = private("p", "bob");
    blocked["blocked"] = json!(true);
    state.apply_inbox_page(None, inbox(&[entry("c", 0, 0), blocked, private("q", "carol")], None));
    let shown = |state: &State| ["c", "p", "q"].map(|id| state.chat(id).unwrap().is_blocked());
    assert_eq!(shown(&state), [false, true, false]);
    let block = |user: &str, blocked: bool| {
        event(json!({"event": "block.updated", "data": {"userId": user, "blocked": blocked}}))
    };
    assert_eq!(state.apply_event(block("bob", false)).len(), 1);
    assert_eq!(state.apply_event(block("carol", true)).len(), 1);
    assert_eq!(shown(&state), [false, false, true]);
    // Events can overtake one another, so the chats are synced.
    let asked = next_sync(&state).request.cursors;
    assert!(["p", "q"].iter().all(|id| asked.contains_key(*id)), "{asked:?}");
    let mut part = chat_part("p", 0, 0);
    part["blocked"] = json!(true);
    assert_eq!(sync(&mut state, answer(&[part, chat_part("q", 0, 0)], &json!({}))), []);
    assert_eq!(shown(&state), [false, true, false], "the sync decides");
    assert_eq!(state.next_request(), None);
    assert_eq!(state.apply_event(block("nobody", true)).len(), 1);
    assert_eq!(state.next_request(), None, "no chat with them is held");
}

#[test]
fn sync_sent_before_something_was_missed_does_not_count() {
    let mut state = alice();
    state.mark_behind();
    let old_sync = next_sync(&state);
    state.apply_event(view(2, 0, &json!({"notify": "none"})));
    state.apply_event(created("d", 1));
    state.apply_sync(&old_sync, answer(&[chat_part("c", 10, 3)], &json!({})));
    let mut part = chat_part("c", 10, 3);
    part["settings"] = json!({"memberRev": 2, "notify": "none"});
    let new_sync = next_sync(&state);
    state.apply_sync(&new_sync, answer(&[part], &json!({"joined": [entry("d", 1, 0)]})));
    assert!(state.chat("c").unwrap().is_muted(AT) && state.chat("d").is_some());
    // The same, with a change by this device.
    let old_sync = next_sync(&state);
    let unmuted = json!({"readSeq": 0, "unreadCount": 0, "settings": {"memberRev": 3, "notify": "all"}});
    state.apply_own_member("c", &serde_json::from_value(unmuted).unwrap());
    let mut part = chat_part("c", 10, 3);
    part["settings"] = json!({"memberRev": 2, "notify": "none"});
    state.apply_sync(&old_sync, answer(&[part.clone(), chat_part("d", 1, 0)], &json!({})));
    let new_sync = next_sync(&state);
    part["settings"] = json!({"memberRev": 3, "notify": "all"});
    state.apply_sync(&new_sync, answer(&[part, chat_part("d", 1, 0)], &json!({})));
    assert!(!state.chat("c").unwrap().is_muted(AT));
    assert_eq!(state.next_request(), None);
}

#[test]
fn sync_sent_before_an_event_of_an_unknown_chat_does_not_count() {
    let mut state = alice();
    state.mark_behind();
    let old_sync = next_sync(&state);
    state.apply_event(created("d", 1));
    state.apply_sync(&old_sync, answer(&[chat_part("c", 10, 3)], &json!({})));
    let new_sync = next_sync(&state);
    state.apply_sync(&new_sync, answer(&[chat_part("c", 10, 3)], &json!({"joined": [entry("d", 0, 0)]})));
    assert!(state.chat("d").is_some());
    assert_eq!(state.next_request(), None);
}

#[test]
fn only_a_chat_that_is_held_can_be_behind() {
    let mut state = alice();
    state.mark_chat_behind("d");
    assert_eq!(state.next_request(), None);
    state.mark_chat_behind("c");
    assert!(next_sync(&state).request.cursors.contains_key("c"));
}

#[test]
fn presence_is_that_of_the_latest_event_and_after_a_disconnect_that_of_the_document() {
    let mut state = alice();
    let presence = |status: &str, at: &str| {
        event(json!({"event": "presence.updated", "data": {"userId": "bob", "status": status, "at": at}}))
    };
    assert_eq!(state.apply_event(presence("online", "2026-11-24T08:00:02.000Z")).len(), 1);
    assert_eq!(state.apply_event(presence("offline", "2026-11-24T08:00:01.000Z")), [], "the event is older");
    assert_eq!(state.person("bob").unwrap().status, Status::Online);
    let user = serde_json::from_value(
        json!({"userId": "bob", "nickname": "Bobby", "status": "offline", "lastSeen": AT, "mutedChats": []}),
    )
    .unwrap();
    state.apply_user(&user);
    assert_eq!(
        (state.person("bob").unwrap().nickname.as_str(), state.person("bob").unwrap().status),
        ("Bobby", Status::Online)
    );
    state.mark_disconnected();
    state.apply_user(&user);
    assert_eq!(state.person("bob").unwrap().status, Status::Offline);
}

#[test]
fn nickname_is_that_of_the_latest_event_and_after_a_disconnect_that_of_the_document() {
    let mut state = alice();
    let renamed = |nickname: &str, at: &str| {
        event(json!({"event": "nickname.updated", "data": {"userId": "bob", "nickname": nickname, "at": at}}))
    };
    assert_eq!(state.apply_event(renamed("Bob", "2026-11-24T08:00:02.000Z")).len(), 1);
    assert_eq!(state.apply_event(renamed("Bobby", "2026-11-24T08:00:01.000Z")), [], "the event is older");
    assert_eq!(state.person("bob").unwrap().nickname, "Bob");
    let user = user("bob", "Robert");
    state.apply_user(&user);
    assert_eq!(state.person("bob").unwrap().nickname, "Bob", "the document may have been read before");
    state.mark_disconnected();
    state.apply_user(&user);
    assert_eq!(state.person("bob").unwrap().nickname, "Robert");
}

fn user(id: &str, nickname: &str) -> ChatUser {
    let user = json!({"userId": id, "nickname": nickname, "status": "offline", "lastSeen": AT, "mutedChats": []});
    serde_json::from_value(user).unwrap()
}

#[test]
fn people_in_the_messages_are_unknown_until_the_chat_names_them_or_leaves_them_out() {
    let mut state = alice();
    assert_eq!(state.unknown_people("c"), [""; 0]);
    assert_eq!(state.unknown_people("nowhere"), [""; 0]);
    let mut message = created("c", 11);
    let Event::MessageCreated { data, .. } = &mut message else { panic!("{message:?}") };
    data.mentions = vec!["carol".to_owned(), "dave".to_owned()];
    let reaction = json!({"emoji": "\u{1F44D}", "count": 1, "userIds": ["erin"]});
    data.reactions = vec![serde_json::from_value(reaction).unwrap()];
    data.deleted_by = Some("frank".to_owned());
    assert_eq!(state.apply_event(message).len(), 1);
    // The status of a user says nothing of their name.
    let data = json!({"userId": "dave", "status": "online", "at": AT});
    state.apply_event(event(json!({"event": "presence.updated", "data": data})));
    let unknown = ["bob", "carol", "dave", "erin", "frank"].map(str::to_owned);
    assert_eq!(state.unknown_people("c"), unknown);
    let users = vec![user("bob", "Bobby"), user("dave", "dave"), user("erin", "Erin")];
    state.apply_users("c", &unknown, &UsersAnswer { users });
    assert_eq!(state.person("bob").unwrap().nickname, "Bobby");
    assert_eq!(state.unknown_people("c"), [""; 0], "carol and frank are not asked for again");
    // The chat may show them once its participants have changed.
    let chat = json!({"event": "chat.updated", "chatId": "c", "rev": 4, "data": chat("c", 11, 4)});
    state.apply_event(event(chat));
    assert_eq!(state.unknown_people("c"), ["carol", "frank"]);
}

#[test]
fn one_request_asks_for_at_most_50_people_and_4_kb() {
    for (length, count) in [(2, 50), (80, 50), (81, 49), (128, 31)] {
        let mut state = alice();
        let senders = (0..51).map(|number| format!("{number:0>length$}"));
        let messages = (11..).zip(senders).map(|(seq, sender)| {
            let mut message = message("c", seq, 0);
            message["senderId"] = json!(sender);
            message
        });
        let mut part = chat_part("c", 61, 3);
        part["messages"] = messages.collect();
        sync(&mut state, answer(&[part], &json!({})));
        let people = state.unknown_people("c");
        assert_eq!((people.len(), people.last()), (count, Some(&format!("{:0>length$}", 50))), "the newest ones");
    }
}

#[test]
fn message_deleted_while_its_event_came_is_removed_by_sync() {
    let mut state = State::new("alice");
    state.apply_inbox_page(None, inbox(&[entry("c", 8, 4)], None));
    state.mark_behind();
    let request = next_sync(&state);
    // The message comes, and the event of its deletion is lost.
    state.apply_event(created("c", 9));
    let events = state.apply_sync(&request, answer(&[chat_part("c", 9, 5)], &json!({})));
    assert_eq!(state.chat("c").unwrap().messages().count(), 0);
    let [Event::MessageUpdated { seq: 9, data, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(data.deleted_for, ["alice"]);
}

#[test]
fn answer_that_does_not_follow_what_is_held_is_requested_again() {
    let mut state = State::new("alice");
    state.apply_inbox_page(None, inbox(&[entry("c", 10, 6)], None));
    state.mark_behind();
    let request = next_sync(&state);
    // The page is older than the last two changes.
    assert!(state.apply_older_page("c", &page("c", [1, 10], 4)));
    state.apply_sync(&request, answer(&[chat_part("c", 10, 6)], &json!({})));
    assert_eq!((state.chat("c").unwrap().rev(), state.is_behind()), (4, true));
    assert_eq!(next_sync(&state).request.cursors["c"], Cursor { seq: 10, rev: 4 });
}

fn reacted(chat: &str, seq: u64, rev: u64, user: &str, emojis: &[&str]) -> Event {
    let data = json!({"userId": user, "emojis": emojis});
    event(json!({"event": "reaction.updated", "chatId": chat, "seq": seq, "rev": rev, "data": data}))
}

/// The reactions of a held message: each emoji with its users.
fn reactions(state: &State, seq: u64) -> Vec<(String, Vec<String>)> {
    let message = state.chat("c").unwrap().message(seq).unwrap();
    for reaction in &message.reactions {
        assert_eq!(reaction.count, reaction.user_ids.len() as u64);
    }
    message.reactions.iter().map(|reaction| (reaction.emoji.clone(), reaction.user_ids.clone())).collect()
}

#[test]
fn reactions_are_applied_to_the_message_in_the_order_of_revs() {
    let mut state = alice();
    state.apply_event(created("c", 11));
    // It overtook the change before it.
    assert_eq!(state.apply_event(reacted("c", 11, 5, "carol", &["👍", "🎉"])), []);
    assert!(state.has_gap());
    let events = state.apply_event(reacted("c", 11, 4, "bob", &["👍"]));
    assert_eq!(events.len(), 2, "{events:?}");
    let (bob, carol) = ("bob".to_owned(), "carol".to_owned());
    let (party, thumb) = ("🎉".to_owned(), "👍".to_owned());
    // Sorted as the server sorts them: by emoji, and by user.
    assert_eq!(
        reactions(&state, 11),
        [(party.clone(), vec![carol.clone()]), (thumb.clone(), vec![bob, carol.clone()])]
    );
    assert_eq!(state.chat("c").unwrap().message(11).unwrap().rev, 5);
    assert_eq!(state.apply_event(reacted("c", 11, 5, "carol", &[])), [], "it is known already");
    state.apply_event(reacted("c", 11, 6, "bob", &[]));
    assert_eq!(reactions(&state, 11), [(party, vec![carol.clone()]), (thumb, vec![carol])]);
    state.apply_event(reacted("c", 11, 7, "carol", &[]));
    assert_eq!((reactions(&state, 11), state.chat("c").unwrap().rev()), (vec![], 7));
}

/// The message comes first: a reaction to one that is not here yet waits.
#[test]
fn reaction_to_a_message_that_is_missing_waits_for_it() {
    let mut state = alice();
    assert_eq!(state.apply_event(reacted("c", 11, 4, "bob", &["👍"])), []);
    assert!(state.has_gap());
    assert_eq!(state.apply_event(created("c", 11)).len(), 2);
    assert_eq!(reactions(&state, 11).len(), 1);
}

/// Of an older message that is not loaded, only the rev of the chat counts: its page brings the reactions.
#[test]
fn reaction_to_a_message_that_is_not_loaded_moves_the_rev() {
    let mut state = alice();
    assert_eq!(state.apply_event(reacted("c", 3, 4, "bob", &["👍"])).len(), 1);
    let chat = state.chat("c").unwrap();
    assert_eq!((chat.rev(), chat.message(3), chat.has_older()), (4, None, true));
    // The last message is held as a preview, which has no reactions.
    assert_eq!(state.apply_event(reacted("c", 10, 5, "bob", &["👍"])).len(), 1);
    let last = state.chat("c").unwrap().last_message().unwrap();
    assert_eq!((last.seq, last.rev, last.reactions.len()), (10, 5, 0));
}

/// A list of users that is cut cannot be counted: the message is asked for.
#[test]
fn reaction_to_a_message_with_a_cut_list_of_users_needs_a_sync() {
    let mut state = alice();
    let mut crowded = message("c", 11, 0);
    crowded["reactions"] = json!([{"emoji": "👍", "count": 900, "userIds": ["bob"], "userIdsLimited": true}]);
    state.apply_event(event(json!({"event": "message.created", "chatId": "c", "seq": 11, "data": crowded})));
    assert_eq!(state.apply_event(reacted("c", 11, 4, "carol", &["👍"])), []);
    assert_eq!(state.chat("c").unwrap().rev(), 3);
    state.mark_gaps_behind();
    assert!(state.is_behind());
    let mut part = chat_part("c", 11, 4);
    crowded["rev"] = json!(4);
    crowded["reactions"][0]["count"] = json!(901);
    part["changed"] = json!([crowded]);
    assert_eq!(positions(&sync(&mut state, answer(&[part], &json!({})))), [(11, 4)]);
    let chat = state.chat("c").unwrap();
    assert_eq!((chat.rev(), chat.message(11).unwrap().reactions[0].count), (4, 901));
    assert!(!state.has_gap(), "the event that waited is known now");
}

fn position(user: &str, joined: u64, read: u64) -> Value {
    json!({"userId": user, "joinedSeq": joined, "joinedAt": AT, "readSeq": read})
}

fn stay(user: &str, joined: u64, read: u64, left: u64) -> Value {
    let mut stay = position(user, joined, read);
    (stay["leftSeq"], stay["leftAt"]) = (json!(left), json!(AT));
    stay
}

fn seen_by(state: &State, seq: u64) -> Vec<&str> {
    let chat = state.chat("g").unwrap();
    chat.seen_by(chat.message(seq).unwrap()).into_iter().collect()
}

/// A state with three messages of bob in a group, and these members.
fn with_members(members: &[Value]) -> State {
    let mut state = State::new("alice");
    state.apply_inbox_page(None, inbox(&[entry("g", 0, 0)], None));
    let messages: Vec<_> = (1..=3).map(|seq| message("g", seq, 0)).collect();
    let mut part = chat_part("g", 3, 0);
    (part["messages"], part["members"]) = (json!(messages), json!(members));
    sync(&mut state, answer(&[part], &json!({})));
    state
}

/// The group without carol, and the event with which she left.
fn carol_leaves(read: u64) -> Event {
    let mut data = chat("g", 3, 1);
    (data["participants"], data["participantCount"]) = (json!(["alice", "bob"]), json!(2));
    event(json!({"event": "chat.updated", "chatId": "g", "rev": 1, "left": stay("carol", 0, read, 3), "data": data}))
}

#[test]
fn who_left_is_still_a_reader() {
    let members = [position("alice", 0, 0), position("bob", 0, 3), position("carol", 0, 1)];
    let mut state = with_members(&members);
    assert_eq!((seen_by(&state, 1), seen_by(&state, 2)), (vec!["bob", "carol"], vec!["bob"]));
    // A receipt was lost: the event says up to where carol had read.
    state.apply_event(carol_leaves(2));
    assert_eq!((seen_by(&state, 2), seen_by(&state, 3)), (vec!["bob", "carol"], vec!["bob"]));
    // A late receipt of hers does not make her a participant who was there from the start.
    let late =
        json!({"event": "receipt.updated", "chatId": "g", "data": {"userId": "carol", "readSeq": 3, "readAt": AT}});
    assert!(state.apply_event(event(late)).is_empty());
    assert_eq!(seen_by(&state, 3), ["bob"]);
    // She comes back and has read nothing since. The positions of an open chat replace those before, not her stay.
    let mut part = chat_part("g", 3, 2);
    part["chat"] = chat("g", 3, 2);
    part["members"] = json!([position("alice", 0, 0), position("bob", 0, 3), position("carol", 3, 3)]);
    sync(&mut state, answer(&[part], &json!({})));
    assert_eq!((seen_by(&state, 2), seen_by(&state, 3)), (vec!["bob", "carol"], vec!["bob"]));
}

#[test]
fn sync_of_a_chat_that_is_not_open_brings_who_left() {
    let mut state = with_members(&[position("alice", 0, 0), position("bob", 0, 3), position("carol", 0, 1)]);
    let mut document = chat("g", 3, 1);
    document["participants"] = json!(["alice", "bob"]);
    let mut part = chat_part("g", 3, 1);
    (part["chat"], part["members"]) = (document, json!([stay("carol", 0, 2, 3)]));
    let events = sync(&mut state, answer(&[part], &json!({})));
    assert!(events.iter().all(|event| !matches!(event, Event::ReceiptUpdated { .. })), "{events:?}");
    assert_eq!((seen_by(&state, 2), seen_by(&state, 3)), (vec!["bob", "carol"], vec!["bob"]));
    assert_eq!(state.chat("g").unwrap().read_seq_of("bob"), 3, "the positions of the others stay");
}

/// Who had left before a message was loaded is only in its document, and stays when an event replaces it.
#[test]
fn readers_in_a_document_stay() {
    let mut state = with_members(&[position("alice", 0, 0), position("bob", 0, 3)]);
    let mut changed = message("g", 2, 1);
    changed["seenBy"] = json!(["bob", "dave"]);
    let update = |rev: u64, message: &Value| {
        event(json!({"event": "message.updated", "chatId": "g", "seq": 2, "rev": rev, "data": message}))
    };
    state.apply_event(update(1, &changed));
    assert_eq!(seen_by(&state, 2), ["bob", "dave"]);
    state.apply_event(update(2, &message("g", 2, 2)));
    assert_eq!(seen_by(&state, 2), ["bob", "dave"]);
}

/// The event of a deletion for everyone, or for alice alone.
fn deleted(seq: u64, rev: u64, for_whom: &[&str]) -> Event {
    let mut data = message("c", seq, rev);
    data["content"] = json!("");
    data["deletedFor"] = json!(for_whom);
    if for_whom.is_empty() {
        (data["deletedAt"], data["deletedBy"]) = (json!(AT), json!("bob"));
    }
    event(json!({"event": "message.updated", "chatId": "c", "seq": seq, "rev": rev, "data": data}))
}

/// Applies the answer to a sync with this count.
fn count_answered(state: &mut State, seq: u64, rev: u64, read_seq: u64, count: u64) {
    let mut part = chat_part("c", seq, rev);
    (part["readSeq"], part["unreadCount"]) = (json!(read_seq), json!(count));
    sync(state, answer(&[part], &json!({})));
}

#[test]
fn deletion_of_a_message_that_is_not_held_lowers_the_count_once() {
    let mut state = alice();
    assert_eq!(state.unread("c"), 10);
    state.apply_event(deleted(4, 4, &[]));
    assert_eq!((state.unread("c"), state.is_behind()), (9, false));
    // The same event again. The answer that had its rev may have been made before the deletion was stored.
    state.apply_event(deleted(4, 4, &[]));
    assert_eq!((state.unread("c"), state.is_behind()), (9, true));
    count_answered(&mut state, 10, 4, 0, 9);
    assert_eq!((state.unread("c"), state.is_behind()), (9, false));
    // An event that waits for another one counts when it is applied.
    state.apply_event(deleted(5, 6, &[]));
    assert_eq!(state.unread("c"), 9);
    state.apply_event(updated("c", 3, 5));
    assert_eq!((state.unread("c"), state.is_behind()), (8, false));
    // An edit, and a tombstone that was read, change nothing.
    count_answered(&mut state, 10, 6, 6, 4);
    state.apply_event(deleted(6, 7, &[]));
    assert_eq!((state.unread("c"), state.is_behind()), (4, false));
}

#[test]
fn deletion_that_an_answer_knew_does_not_lower_its_count() {
    let mut state = alice();
    let mut newer = entry("c", 10, 5);
    newer["unreadCount"] = json!(8);
    state.apply_inbox_page(None, inbox(&[newer], None));
    assert_eq!((state.unread("c"), state.chat("c").unwrap().rev()), (8, 3));
    state.apply_event(deleted(4, 4, &[]));
    state.apply_event(deleted(5, 5, &[]));
    assert_eq!(state.unread("c"), 8, "the inbox had both");
    state.apply_event(deleted(6, 6, &[]));
    assert_eq!(state.unread("c"), 7);
}

#[test]
fn messages_that_are_held_are_counted() {
    let mut state = alice();
    for seq in 11..=14 {
        state.apply_event(created("c", seq));
    }
    assert_eq!(state.unread("c"), 14);
    state.apply_event(deleted(12, 4, &[]));
    state.apply_event(deleted(12, 5, &["alice"]));
    state.apply_event(deleted(13, 6, &["alice"]));
    assert_eq!((state.unread("c"), state.is_behind()), (12, false), "a message counts out once");
    // All unread messages are held: a read position needs no answer.
    state.apply_event(event(json!({"event": "receipt.updated", "chatId": "c",
        "data": {"userId": "alice", "readSeq": 10, "readAt": AT}})));
    assert_eq!((state.unread("c"), state.is_behind()), (2, false));
}

#[test]
fn count_that_events_do_not_tell_is_asked_for() {
    // This user deleted a message that is not held: it may have been a tombstone.
    let mut state = alice();
    state.apply_event(deleted(4, 4, &["alice"]));
    assert!(state.is_behind());
    // An answer from before the deletion does not count.
    count_answered(&mut state, 10, 3, 0, 10);
    assert!(state.is_behind());
    count_answered(&mut state, 10, 4, 0, 10);
    assert_eq!((state.unread("c"), state.is_behind()), (10, false));
    // Another device has read a part of what is not held.
    state.apply_event(event(json!({"event": "receipt.updated", "chatId": "c",
        "data": {"userId": "alice", "readSeq": 6, "readAt": AT}})));
    assert!(state.is_behind());
    count_answered(&mut state, 10, 4, 6, 4);
    assert_eq!((state.unread("c"), state.is_behind()), (4, false));
    // More messages are held now. A page of another moment does not tell which of them were counted.
    let mut late = state.clone();
    assert!(late.apply_older_page("c", &page("c", [8, 10], 5)) && late.is_behind());
    assert!(state.apply_older_page("c", &page("c", [8, 10], 4)));
    assert_eq!((state.unread("c"), state.is_behind()), (4, false));
    state.apply_event(deleted(9, 5, &[]));
    state.apply_event(deleted(7, 6, &[]));
    assert_eq!(state.unread("c"), 2);
}

#[test]
fn answer_that_an_event_overtook_is_taken_with_the_event() {
    let mut state = alice();
    state.apply_event(created("c", 11));
    state.apply_event(created("c", 12));
    let cursors = [("c".to_owned(), Cursor { seq: 12, rev: 3 })].into();
    let pending = state.start_sync(SyncRequest { cursors, open: Vec::new() });
    // After the answer was made, a message came and another one became a tombstone.
    state.apply_event(created("c", 13));
    state.apply_event(deleted(11, 4, &[]));
    let mut part = chat_part("c", 12, 3);
    part["unreadCount"] = json!(11);
    state.apply_sync(&pending, answer(&[part], &json!({})));
    assert_eq!((state.unread("c"), state.is_behind()), (11, false), "9 that are not held, 12 and 13");
}
