//! What is kept of users who left: who has seen a message stays, and who has left and come back sees no more by it.

use crate::support::*;
use crate::sync::{at, part, sync};
use domain::former_member::{MAX_PAST_READERS, MAX_PERIODS};
use domain::ids::{ChatId, Seq};
use domain::use_cases::{DeleteFor, PageStart};
use serde_json::{Value, json};
use testkit::fixtures::{caller, message, user};

async fn seen_by(app: &TestApp, who: &str, chat: &ChatId, seq: u64) -> Value {
    message_in_page(app, who, chat, seq).await["seenBy"].take()
}

async fn read(app: &TestApp, who: &str, chat: &ChatId, seq: u64) {
    app.mark_seen(mark(chat, who, seq)).await.unwrap();
}

/// Who has left as the members of an answer show it: (user, joined, read, left).
fn stays(members: &Value) -> Vec<(String, u64, u64, u64)> {
    let members = members.as_array().into_iter().flatten().filter(|member| member.get("leftSeq").is_some());
    let number = |member: &Value, name: &str| member[name].as_u64().unwrap();
    let stay = |member: &Value| {
        assert!(member["joinedAt"].is_string() && member["leftAt"].is_string() && member.get("user").is_none());
        let user = member["userId"].as_str().unwrap().to_owned();
        (user, number(member, "joinedSeq"), number(member, "readSeq"), number(member, "leftSeq"))
    };
    members.map(stay).collect()
}

fn stay(user: &str, joined: u64, read: u64, left: u64) -> (String, u64, u64, u64) {
    (user.to_owned(), joined, read, left)
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_a_message_stays_after_leaving_and_coming_back() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 6).await;
    read(&app, "bob", &chat, 3).await;
    read(&app, "carol", &chat, 5).await;
    for (who, by) in [("bob", "bob"), ("carol", "alice")] {
        remove(&app, by, &chat, who).await.unwrap();
        assert_eq!(seen_by(&app, "alice", &chat, 3).await, json!(["alice", "bob", "carol"]), "{who} left");
        add(&app, "alice", &chat, &["bob"]).await.unwrap();
    }
    assert_eq!(seen_by(&app, "alice", &chat, 4).await, json!(["alice", "carol"]));
    assert_eq!(seen_by(&app, "alice", &chat, 6).await, json!(["alice"]), "bob is back, and has not read it");
    // Of the second stay, only what was read in it counts.
    fill(&app, &chat, 2).await;
    read(&app, "bob", &chat, 7).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    remove(&app, "bob", &chat, "bob").await.unwrap();
    for (seq, readers) in [
        (3, json!(["alice", "bob", "carol"])),
        (4, json!(["alice", "carol"])),
        (6, json!(["alice"])),
        (7, json!(["alice", "bob"])),
        (8, json!(["alice"])),
    ] {
        assert_eq!(seen_by(&app, "alice", &chat, seq).await, readers, "{seq}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_with_a_message_shows_former_readers() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["alice-1", "bob-1"]).await;
    app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    read(&app, "carol", &chat, 1).await;
    remove(&app, "carol", &chat, "carol").await.unwrap();
    let both = json!(["alice", "carol"]);
    let repeat = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    assert_eq!(json(&repeat.message)["seenBy"], both);
    app.push.take("bob-1");
    let edited = edit(&app, "alice", &chat, 1, "Hello!").await.unwrap();
    assert_eq!(json(&edited.message)["seenBy"], both);
    assert_eq!(app.push.take("bob-1")[0]["data"]["seenBy"], both, "message.updated");
    assert_eq!(json(&react(&app, "bob", &chat, 1, &["👍"]).await.unwrap().message)["seenBy"], both);
    let changed = part(&app, "bob", &chat, 1, 1).await["changed"][0].take();
    assert_eq!(changed["seenBy"], both, "changed, of a sync");
    assert_eq!(part(&app, "bob", &chat, 0, 0).await["messages"][0]["seenBy"], both, "messages, of a sync");
    let same = edit(&app, "alice", &chat, 1, "Hello!").await.unwrap();
    assert_eq!(json(&same.message)["seenBy"], both, "a change that changes nothing");
    let deleted = delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_eq!(json(&deleted.message)["seenBy"], both);
    let hidden = delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    assert_eq!(json(&hidden.message)["seenBy"], json!([]), "who deleted it for themselves sees only its place");
}

/// Nobody learns of people who were in the chat only before what they can see, or who read nothing of it.
#[tokio::test(start_paused = true)]
async fn a_stay_is_shown_only_to_who_can_see_what_was_read_in_it() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "erin"]).await;
    set_online(&app, &["alice-1", "dave-1"]).await;
    fill(&app, &chat, 4).await;
    read(&app, "bob", &chat, 4).await;
    remove(&app, "alice", &chat, "bob").await.unwrap();
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    fill(&app, &chat, 3).await;
    app.push.take("dave-1");
    app.push.take("alice-1");
    // Erin has read nothing of what dave can see.
    read(&app, "erin", &chat, 4).await;
    let before = head(&app, &chat);
    remove(&app, "erin", &chat, "erin").await.unwrap();
    let frames = app.push.take("dave-1");
    let (event, of_alice) = (frames.last().unwrap(), app.push.take("alice-1").pop().unwrap());
    assert_eq!((&event["event"], event.get("left")), (&json!("chat.updated"), None));
    assert_eq!(stays(&json!([of_alice["left"]])), [stay("erin", 0, 4, 7)]);
    let named = |value: &Value| ["bob", "erin"].iter().any(|who| value.to_string().contains(who));
    let shown = json(&app.get_chat(&caller("dave"), &chat).await.unwrap());
    assert!(!named(&shown), "{shown}");
    assert!(!named(&json(&app.list_messages(list(&chat, "dave", PageStart::Latest, 50)).await.unwrap())));
    let synced = sync(&app, "dave", &[(chat.clone(), at(4, before.last_rev.0))].into(), &[&chat]).await;
    assert!(!named(&synced), "{synced}");
    // Carol reads one message that dave can see.
    read(&app, "carol", &chat, 5).await;
    remove(&app, "carol", &chat, "carol").await.unwrap();
    let event = app.push.take("dave-1").pop().unwrap();
    assert_eq!(stays(&json!([event["left"]])), [stay("carol", 0, 5, 7)]);
    let shown = json(&app.get_chat(&caller("dave"), &chat).await.unwrap());
    assert_eq!(stays(&shown["members"]), [stay("carol", 0, 5, 7)]);
    assert_eq!(stays(&json(&app.get_chat(&caller("alice"), &chat).await.unwrap())["members"]).len(), 3);
    // A cleared history is not seen either.
    clear(&app, "alice", &chat).await;
    let shown = json(&app.get_chat(&caller("alice"), &chat).await.unwrap());
    assert!(stays(&shown["members"]).is_empty(), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_reads_from_their_new_floor() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    read(&app, "bob", &chat, 3).await;
    remove(&app, "bob", &chat, "bob").await.unwrap();
    fill(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["bob"]).await.unwrap();
    assert!(visible_seqs(&app, "bob", &chat).await.is_empty());
    let shown = json(&app.get_chat(&caller("bob"), &chat).await.unwrap());
    assert_eq!((&shown["chat"]["floor"], &shown["unreadCount"]), (&json!(5), &json!(0)));
    assert!(stays(&shown["members"]).is_empty(), "their own earlier stay is not theirs to read either");
    fill(&app, &chat, 1).await;
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [6]);
}

#[tokio::test(start_paused = true)]
async fn sync_brings_who_left_since_the_cursor_in_any_chat() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
    fill(&app, &chat, 4).await;
    read(&app, "bob", &chat, 2).await;
    read(&app, "carol", &chat, 3).await;
    remove(&app, "alice", &chat, "bob").await.unwrap();
    remove(&app, "alice", &chat, "carol").await.unwrap();
    remove(&app, "alice", &chat, "dave").await.unwrap_err();
    // The last event is missing: only who left with it is in the answer. The chat is not open.
    let missed = part(&app, "alice", &chat, 4, 1).await;
    assert_eq!(stays(&missed["members"]), [stay("carol", 0, 3, 4)]);
    assert_eq!(missed["members"].as_array().unwrap().len(), 1);
    let both = part(&app, "alice", &chat, 4, 0).await;
    assert_eq!(stays(&both["members"]), [stay("bob", 0, 2, 4), stay("carol", 0, 3, 4)]);
    assert_eq!(part(&app, "alice", &chat, 4, 2).await.get("members"), None);
    // In an open chat, they follow the members.
    let open = sync(&app, "alice", &[(chat.clone(), at(4, 0))].into(), &[&chat]).await;
    let members = open["chats"][0]["members"].as_array().unwrap();
    let users: Vec<_> = members.iter().map(|member| member["userId"].as_str().unwrap()).collect();
    assert_eq!(users, ["alice", "dave", "bob", "carol"]);
}

/// A page reads at most a hundred former members, and says so if there are more.
#[tokio::test(start_paused = true)]
async fn more_former_readers_than_the_maximum_are_limited() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let count = MAX_PAST_READERS + 1;
    for n in 0..count {
        let who = format!("guest-{n:03}");
        add(&app, "alice", &chat, &[&who]).await.unwrap();
        fill(&app, &chat, 1).await;
        let last = head(&app, &chat).last_seq.0;
        app.mark_seen(domain::use_cases::MarkSeenCommand { caller: caller(&who), chat: chat.clone(), seq: Seq(last) })
            .await
            .unwrap();
        let left = domain::use_cases::RemoveParticipant { caller: caller(&who), chat: chat.clone(), user: user(&who) };
        app.remove_participant(left).await.unwrap();
        tokio::time::advance(std::time::Duration::from_secs(30)).await;
    }
    let last = count as u64;
    for (seq, limited) in [(1, Value::Bool(true)), (2, Value::Null)] {
        let page = json(&app.list_messages(list(&chat, "alice", PageStart::Around(Seq(seq)), 1)).await.unwrap());
        let shown = &page["messages"][0];
        let reader = format!("guest-{:03}", seq - 1);
        assert_eq!((&shown["seenBy"], &shown["seenByLimited"]), (&json!(["alice", reader]), &limited));
    }
    let shown = json(&app.get_chat(&caller("alice"), &chat).await.unwrap());
    let shown_stays = stays(&shown["members"]);
    assert_eq!((shown_stays.len(), &shown["formerMembersLimited"]), (MAX_PAST_READERS, &json!(true)));
    assert_eq!(shown_stays[0], stay("guest-100", last - 1, last, last), "who read furthest comes first");
}

#[tokio::test(start_paused = true)]
async fn twenty_stays_are_kept() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    for n in 1..=MAX_PERIODS as u64 + 1 {
        fill(&app, &chat, 2).await;
        read(&app, "bob", &chat, 2 * n - 1).await;
        remove(&app, "bob", &chat, "bob").await.unwrap();
        let readers = json!(["alice", "bob"]);
        let oldest = if n > MAX_PERIODS as u64 { json!(["alice"]) } else { readers.clone() };
        assert_eq!(seen_by(&app, "alice", &chat, 1).await, oldest, "{n}");
        assert_eq!(seen_by(&app, "alice", &chat, 2 * n - 1).await, readers);
        add(&app, "alice", &chat, &["bob"]).await.unwrap();
        tokio::time::advance(std::time::Duration::from_secs(30)).await;
    }
    assert_eq!(seen_by(&app, "alice", &chat, 3).await, json!(["alice", "bob"]));
}
