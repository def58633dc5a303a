//! Unread counts leave out tombstones and the reader's own deletions, each message once.

use crate::support::*;
use domain::deletions::{
    MAX_OLDER_OWN_DELETIONS_BYTES, MAX_RECENT_OWN_DELETIONS_BYTES, MAX_RECENT_TOMBSTONES_BYTES, RecentDeletions,
};
use domain::ids::{ChatId, Seq};
use domain::member_settings::SettingsChange;
use domain::ports::{Env as _, ReadDeletions as _};
use domain::use_cases::{
    ChangeMessageError, ChatError, CountAll, CountUnread, DeleteFor, DeleteMessage, MAX_COUNTED_CHATS, UpdateMember,
};
use futures_util::future::join3;
use std::time::Duration;
use testkit::fixtures::{caller, message, user};
use testkit::{Faults, MemoryStore};

async fn unread(app: &TestApp, who: &str, chat: &ChatId) -> u64 {
    app.get_chat(&caller(who), chat).await.unwrap().unread_count
}

#[tokio::test(start_paused = true)]
async fn deleted_message_counts_out_once_for_each_reader() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 5).await;
    delete(&app, "bob", &chat, 2, DeleteFor::Me).await.unwrap();
    delete(&app, "bob", &chat, 2, DeleteFor::Me).await.unwrap();
    assert_eq!((unread(&app, "bob", &chat).await, unread(&app, "carol", &chat).await), (4, 5));
    delete(&app, "alice", &chat, 2, DeleteFor::Everyone).await.unwrap();
    assert_eq!((unread(&app, "bob", &chat).await, unread(&app, "carol", &chat).await), (4, 4), "both, but once");
    delete(&app, "carol", &chat, 2, DeleteFor::Me).await.unwrap();
    assert_eq!(unread(&app, "carol", &chat).await, 4, "a tombstone that carol deletes for herself");
    assert_eq!(app.mark_seen(mark(&chat, "bob", 3)).await.unwrap().unread_count, 2);
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    assert_eq!((unread(&app, "bob", &chat).await, unread(&app, "carol", &chat).await), (2, 3), "bob had read it");
    send_text(&app, "carol", &chat, "Hello").await;
    assert_eq!((unread(&app, "carol", &chat).await, unread(&app, "bob", &chat).await), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn only_unread_own_deletions_are_recorded_and_the_next_one_forgets_what_was_read() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 6).await;
    let stored = || app.store.stored_member(&chat, &user("bob")).unwrap().own_deletions;
    app.mark_seen(mark(&chat, "bob", 2)).await.unwrap();
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    assert_eq!(stored(), RecentDeletions::default(), "bob has read it");
    for seq in [3, 5] {
        delete(&app, "bob", &chat, seq, DeleteFor::Me).await.unwrap();
    }
    app.mark_seen(mark(&chat, "bob", 4)).await.unwrap();
    assert_eq!((unread(&app, "bob", &chat).await, stored().seqs), (1, [Seq(3), Seq(5)].into_iter().collect()));
    delete(&app, "bob", &chat, 6, DeleteFor::Me).await.unwrap();
    assert_eq!((unread(&app, "bob", &chat).await, stored().seqs), (0, [Seq(5), Seq(6)].into_iter().collect()));
    // After clearing, and after leaving, nothing of before counts.
    clear(&app, "bob", &chat).await;
    fill(&app, &chat, 1).await;
    assert_eq!(unread(&app, "bob", &chat).await, 1);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_counts_from_then_on() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 3).await;
    delete(&app, "bob", &chat, 3, DeleteFor::Me).await.unwrap();
    remove(&app, "bob", &chat, "bob").await.unwrap();
    add(&app, "alice", &chat, &["bob"]).await.unwrap();
    delete(&app, "alice", &chat, 2, DeleteFor::Everyone).await.unwrap();
    assert_eq!(unread(&app, "bob", &chat).await, 0);
    fill(&app, &chat, 2).await;
    delete(&app, "alice", &chat, 4, DeleteFor::Everyone).await.unwrap();
    assert_eq!(unread(&app, "bob", &chat).await, 1);
}

#[tokio::test(start_paused = true)]
async fn last_member_of_a_closed_group_counts_as_before() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    for _ in 0..3 {
        send_text(&app, "bob", &chat, "Hello").await;
    }
    delete(&app, "bob", &chat, 1, DeleteFor::Everyone).await.unwrap();
    for who in ["carol", "bob"] {
        remove(&app, who, &chat, who).await.unwrap();
    }
    assert_eq!(unread(&app, "alice", &chat).await, 2);
    delete(&app, "alice", &chat, 2, DeleteFor::Me).await.unwrap();
    assert_eq!(unread(&app, "alice", &chat).await, 1);
}

#[tokio::test(start_paused = true)]
async fn notification_has_the_count_of_its_chat() {
    let app = app();
    app.push.set_notifying();
    let chat = group(&app, &TEAM).await;
    fill(&app, &chat, 4).await;
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    delete(&app, "alice", &chat, 2, DeleteFor::Everyone).await.unwrap();
    app.push.take_batches();
    app.send_message(message(&chat, "alice", "", "Hello")).await.unwrap();
    let batches = app.push.take_batches();
    let counts = batches.iter().flatten().map(|each| (each.user.as_str(), json(each)["unreadCount"].clone()));
    assert_eq!(counts.collect::<Vec<_>>(), [("bob", json(&3)), ("carol", json(&4))]);
}

#[tokio::test(start_paused = true)]
async fn recent_tombstones_move_when_one_more_does_not_fit() {
    let app = with_store(MemoryStore::default());
    let chat = private_chat(&app).await;
    fill(&app, &chat, 513).await;
    for seq in 1..=512 {
        delete(&app, "alice", &chat, seq, DeleteFor::Everyone).await.unwrap();
    }
    let tombstones = head(&app, &chat).tombstones;
    assert_eq!((tombstones.above, tombstones.seqs.encode().len()), (Seq(0), MAX_RECENT_TOMBSTONES_BYTES));
    delete(&app, "alice", &chat, 513, DeleteFor::Everyone).await.unwrap();
    assert_eq!(head(&app, &chat).tombstones.above, Seq(257), "the oldest half moved");
    assert_eq!(unread(&app, "bob", &chat).await, 0);
}

#[tokio::test(start_paused = true)]
async fn count_below_the_recent_tombstones_is_of_the_moment_of_its_rev() {
    let app = with_store(MemoryStore::with_faults(1, Faults::default()));
    let chat = private_chat(&app).await;
    fill(&app, &chat, 700).await;
    for seq in 188..=700 {
        delete(&app, "alice", &chat, seq, DeleteFor::Everyone).await.unwrap();
    }
    assert_eq!(head(&app, &chat).tombstones.above, Seq(443));
    app.store.set_faults(Faults { latency_ms: 8, half_read: 60, ..Faults::default() });
    let mut raced = 0;
    for seq in 1..=150 {
        let before = head(&app, &chat).last_rev.0;
        // While bob reads, alice deletes an old message, or one more that is already a tombstone changes for bob alone.
        let (bob, alice) = (caller("bob"), by("alice"));
        let delete = DeleteMessage { caller: alice, chat: chat.clone(), seq: Seq(seq), for_whom: DeleteFor::Everyone };
        let own = DeleteMessage { caller: by("bob"), chat: chat.clone(), seq: Seq(187 + seq), for_whom: DeleteFor::Me };
        let (details, deleted, changed) =
            join3(app.get_chat(&bob, &chat), app.delete_message(delete), app.delete_message(own)).await;
        assert!(deleted.is_ok() && changed.is_ok());
        let details = json(&details.unwrap());
        let tombstones = pointers(&app, &chat)
            .await
            .into_iter()
            .filter(|(rev, _, only_for)| *rev <= details["chat"]["rev"].as_u64().unwrap() && only_for.is_none());
        assert_eq!(details["unreadCount"], 700 - tombstones.count(), "at message {seq}");
        raced += u32::from(details["chat"]["rev"] == before);
    }
    assert!(raced > 10, "only {raced} counts were of before the deletion");
}

#[tokio::test(start_paused = true)]
async fn own_deletions_have_a_limit_that_reading_lifts() {
    let app = with_store(MemoryStore::default());
    let chat = private_chat(&app).await;
    let bob = user("bob");
    fill(&app, &chat, 3702).await;
    let delete = async |seq| delete(&app, "bob", &chat, seq, DeleteFor::Me).await;
    let recent = || app.store.stored_member(&chat, &bob).unwrap().own_deletions;
    for seq in 3302..=3700 {
        delete(seq).await.unwrap();
    }
    assert_eq!((recent().above, recent().seqs.encode().len()), (Seq(0), MAX_RECENT_OWN_DELETIONS_BYTES));
    delete(3701).await.unwrap();
    assert_eq!(recent().above, Seq(3501), "the oldest half moved");
    for seq in (1..=3301).rev().filter(|seq| *seq != 2000).chain([3702]) {
        delete(seq).await.unwrap();
    }
    let older = app.store.older_own_deletions(&chat, &bob).await.unwrap().unwrap();
    assert_eq!(older.seqs.encode().len(), MAX_OLDER_OWN_DELETIONS_BYTES);
    let refused = delete(2000).await.unwrap_err();
    assert!(matches!(refused, ChatError::Refused(ChangeMessageError::TooManyUnreadDeletions)), "{refused:?}");
    assert_eq!(unread(&app, "bob", &chat).await, 1);
    assert_eq!(message_in_page(&app, "bob", &chat, 2000).await["seq"], 2000, "it is not deleted");
    app.mark_seen(mark(&chat, "bob", 1000)).await.unwrap();
    assert_eq!(unread(&app, "bob", &chat).await, 1);
    delete(2000).await.unwrap();
    assert_eq!(unread(&app, "bob", &chat).await, 0);
}

async fn set(app: &TestApp, who: &str, chat: &ChatId, change: SettingsChange) {
    app.update_member(UpdateMember { caller: by(who), chat: chat.clone(), change }).await.unwrap();
}

async fn total(app: &TestApp, who: &str, all: CountAll) -> (u64, u64, bool) {
    let total = app.count_unread(CountUnread { caller: caller(who), all }).await.unwrap();
    (total.unread_total, total.chats_with_unread, total.is_exact)
}

#[tokio::test(start_paused = true)]
async fn total_leaves_out_muted_chats_unless_asked_for_all() {
    let app = app();
    assert_eq!(total(&app, "nobody", CountAll::Yes).await, (0, 0, true));
    let (team, private) = (group(&app, &TEAM).await, private_chat(&app).await);
    fill(&app, &team, 3).await;
    fill(&app, &private, 4).await;
    delete(&app, "bob", &team, 1, DeleteFor::Me).await.unwrap();
    assert_eq!(total(&app, "bob", CountAll::No).await, (6, 2, true));
    assert_eq!(total(&app, "alice", CountAll::Yes).await, (0, 0, true));
    let end = app.env.now().plus(Duration::from_secs(3600));
    set(&app, "bob", &private, SettingsChange::mute(Some(end))).await;
    assert_eq!(total(&app, "bob", CountAll::No).await, (2, 1, true));
    assert_eq!(total(&app, "bob", CountAll::Yes).await, (6, 2, true));
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(total(&app, "bob", CountAll::No).await, (6, 2, true), "the mute has ended");
    // An archived chat counts again with its next message, which brings it back.
    set(&app, "bob", &team, SettingsChange { archived: Some(true), ..SettingsChange::default() }).await;
    assert_eq!(total(&app, "bob", CountAll::No).await, (4, 1, true));
    assert_eq!(total(&app, "bob", CountAll::Yes).await, (6, 2, true));
    fill(&app, &team, 1).await;
    assert_eq!(total(&app, "bob", CountAll::No).await, (7, 2, true));
    remove(&app, "bob", &team, "bob").await.unwrap();
    assert_eq!(total(&app, "bob", CountAll::Yes).await, (4, 1, true));
}

#[tokio::test(start_paused = true)]
async fn total_counts_the_thousand_most_recent_chats() {
    let app = app();
    for n in 0..MAX_COUNTED_CHATS {
        let chat = private_chat_of(&app, &format!("u{n}"), "bob").await;
        send_text(&app, &format!("u{n}"), &chat, "Hello").await;
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    let most = MAX_COUNTED_CHATS as u64;
    assert_eq!(total(&app, "bob", CountAll::No).await, (most, most, true));
    // One more chat, without messages, takes the place of the oldest.
    let oldest = private_chat_of(&app, "u0", "bob").await;
    let chat = private_chat_of(&app, "one-more", "bob").await;
    assert_eq!(total(&app, "bob", CountAll::No).await, (most - 1, most - 1, false));
    // A muted chat leaves its place to another one.
    set(&app, "bob", &chat, SettingsChange::mute(None)).await;
    assert_eq!(total(&app, "bob", CountAll::No).await, (most, most, true));
    assert_eq!(total(&app, "bob", CountAll::Yes).await, (most - 1, most - 1, false));
    send_text(&app, "u0", &oldest, "Hello again").await;
    assert_eq!(total(&app, "bob", CountAll::Yes).await, (most, most - 1, false), "the newest one now");
}
