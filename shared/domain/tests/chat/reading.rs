use crate::support::*;
use domain::chat::MAX_FRAME_BYTES;
use domain::ids::{ChatId, Seq};
use domain::use_cases::{
    ChatError, DeleteFor, MAX_HIDDEN_BESIDE_PAGE, MarkSeenError, Page, PageLimit, PageRange, PageStart,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use testkit::fixtures::{caller, connection, message, text, user};
use testkit::{Faults, TestEnv};

async fn page(app: &TestApp, chat: &ChatId, who: &str, start: PageStart, limit: u64) -> Page {
    app.list_messages(list(chat, who, start, limit)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_page_start_gives_the_right_range() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 25).await;
    let cases = [
        (PageStart::Latest, 16..=25, true, false),
        (PageStart::Before(Seq(16)), 6..=15, true, true),
        (PageStart::Before(Seq(6)), 1..=5, false, true),
        (PageStart::After(Seq(0)), 1..=10, false, true),
        (PageStart::After(Seq(20)), 21..=25, true, false),
        (PageStart::Around(Seq(12)), 7..=16, true, true),
    ];
    for (start, expected, before, after) in cases {
        let page = page(&app, &chat, "bob", start, 10).await;
        assert_eq!(seqs(&page), expected.clone().collect::<Vec<_>>(), "{start:?}");
        let range = page.range.unwrap();
        assert_eq!((range.from.0, range.to.0), (*expected.start(), *expected.end()));
        assert_eq!((page.has_more_before, page.has_more_after, page.seq), (before, after, Seq(25)), "{start:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn paging_both_ways_gives_each_message_once() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 23).await;
    let mut forward = Vec::new();
    let mut next = page(&app, &chat, "bob", PageStart::After(Seq(0)), 5).await;
    loop {
        forward.extend(seqs(&next));
        if !next.has_more_after {
            break;
        }
        next = page(&app, &chat, "bob", PageStart::After(next.range.unwrap().to), 5).await;
    }
    assert_eq!(forward, (1..=23).collect::<Vec<_>>());
    let mut backward = Vec::new();
    let mut next = page(&app, &chat, "bob", PageStart::Latest, 5).await;
    loop {
        backward.splice(0..0, seqs(&next));
        if !next.has_more_before {
            break;
        }
        next = page(&app, &chat, "bob", PageStart::Before(next.range.unwrap().from), 5).await;
    }
    assert_eq!(backward, forward);
}

#[tokio::test(start_paused = true)]
async fn empty_page_says_where_more_messages_are() {
    let app = app();
    let chat = private_chat(&app).await;
    let empty = page(&app, &chat, "bob", PageStart::Latest, 5).await;
    assert!(empty.range.is_none() && !empty.has_more_before && !empty.has_more_after);
    fill(&app, &chat, 3).await;
    let after = page(&app, &chat, "bob", PageStart::After(Seq(3)), 5).await;
    assert!(after.range.is_none() && after.has_more_before && !after.has_more_after);
    let before = page(&app, &chat, "bob", PageStart::Before(Seq(1)), 5).await;
    assert!(before.range.is_none() && !before.has_more_before && before.has_more_after);
}

#[tokio::test(start_paused = true)]
async fn messages_below_the_floor_are_not_listed() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "dave"]).await;
    fill(&app, &chat, 4).await;
    add(&app, "alice", &chat, &["carol"]).await.unwrap();
    fill(&app, &chat, 2).await;
    for start in [PageStart::Latest, PageStart::After(Seq(0)), PageStart::Around(Seq(2)), PageStart::Before(Seq(9))] {
        let page = page(&app, &chat, "carol", start, 50).await;
        assert_eq!((seqs(&page), page.floor, page.has_more_before), (vec![5, 6], Seq(4), false), "{start:?}");
    }
    clear(&app, "carol", &chat).await;
    let cleared = page(&app, &chat, "carol", PageStart::Latest, 50).await;
    assert!(cleared.messages.is_empty() && !cleared.has_more_before && !cleared.has_more_after);
    let details = app.get_chat(&caller("carol"), &chat).await.unwrap();
    assert_eq!(details.unread_count, 0);
    assert!(
        serde_json::to_value(&details).unwrap()["chat"].get("lastMessageId").is_none(),
        "not even the last message's id"
    );
}

#[tokio::test(start_paused = true)]
async fn message_deleted_for_oneself_is_in_the_range_but_not_listed() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 3).await;
    delete(&app, "bob", &chat, 2, DeleteFor::Me).await.unwrap();
    let of_bob = page(&app, &chat, "bob", PageStart::Latest, 50).await;
    assert_eq!((seqs(&of_bob), of_bob.range.unwrap().from), (vec![1, 3], Seq(1)));
    let of_alice = page(&app, &chat, "alice", PageStart::Latest, 50).await;
    assert_eq!(seqs(&of_alice), [1, 2, 3]);
    let shown = serde_json::to_value(&of_alice.messages[1]).unwrap();
    assert_eq!(shown["deletedFor"], serde_json::json!([]), "others do not see who deleted it");
}

/// The page and all pages before it, by hasMoreBefore, or all after it, by hasMoreAfter. No page after a flag that is
/// true may be empty.
async fn walk(app: &TestApp, chat: &ChatId, first: Page, limit: u64, is_backward: bool) -> Vec<u64> {
    let (mut listed, mut page) = (seqs(&first), first);
    while if is_backward { page.has_more_before } else { page.has_more_after } {
        let PageRange { from, to } = page.range.unwrap();
        let start = if is_backward { PageStart::Before(from) } else { PageStart::After(to) };
        page = app.list_messages(list(chat, "bob", start, limit)).await.unwrap();
        assert!(!page.messages.is_empty(), "{start:?}, limit {limit}: an empty page where there should be more");
        if is_backward {
            listed.splice(0..0, seqs(&page))
        } else {
            listed.splice(listed.len().., seqs(&page))
        };
    }
    listed
}

/// A chat of `count` messages. Bob joined after the first `floor`, and deleted some for himself.
async fn check_walks(count: u64, floor: u64, deleted: &BTreeSet<u64>, seq: u64, limit: u64) {
    let app = app();
    let chat = group(&app, if floor == 0 { &TEAM } else { &["alice", "carol", "dave"] }).await;
    fill(&app, &chat, floor).await;
    if floor > 0 {
        add(&app, "alice", &chat, &["bob"]).await.unwrap();
    }
    fill(&app, &chat, count - floor).await;
    for seq in deleted.range(floor + 1..) {
        delete(&app, "bob", &chat, *seq, DeleteFor::Me).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let visible: Vec<u64> = (floor + 1..=count).filter(|seq| !deleted.contains(seq)).collect();
    let latest = page(&app, &chat, "bob", PageStart::Latest, limit).await;
    assert!(!latest.has_more_after);
    assert_eq!(walk(&app, &chat, latest, limit, true).await, visible, "back from the last page");
    for start in
        [PageStart::After(Seq(0)), PageStart::Before(Seq(seq)), PageStart::After(Seq(seq)), PageStart::Around(Seq(seq))]
    {
        let page = page(&app, &chat, "bob", start, limit).await;
        let (first, last) = match page.range {
            Some(PageRange { from, to }) => (from.0, to.0),
            // The page has nothing: what there is, is on one side of its place.
            None if page.has_more_before => (u64::MAX, u64::MAX),
            None => (0, 0),
        };
        let here = seqs(&page);
        let (before, after) = (page.has_more_before, page.has_more_after);
        assert_eq!(before, visible.iter().any(|seq| *seq < first), "{start:?}");
        assert_eq!(after, visible.iter().any(|seq| *seq > last), "{start:?}");
        assert_eq!(here, visible.iter().copied().filter(|seq| (first..=last).contains(seq)).collect::<Vec<_>>());
        if page.range.is_some() {
            let back = app.list_messages(list(&chat, "bob", start, limit)).await.unwrap();
            let mut all = walk(&app, &chat, back, limit, true).await;
            all.truncate(all.len() - here.len());
            all.extend(walk(&app, &chat, page, limit, false).await);
            assert_eq!(all, visible, "both ways from {start:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn pages_go_on_exactly_while_there_is_something_to_see(
        count in 1..=40_u64, hidden in 0..40_u64, share in 0..=100_u8, seed in prop::collection::vec(0..100_u8, 40),
        seq in 0..45_u64, limit in 1..=8_u64,
    ) {
        let deleted = (1..=count).zip(seed).filter(|(_, percent)| *percent < share).map(|(seq, _)| seq).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(check_walks(count, hidden.min(count), &deleted, seq, limit));
    }
}

#[tokio::test(start_paused = true)]
async fn page_looks_at_a_limited_number_of_hidden_messages() {
    let app = app();
    let chat = private_chat(&app).await;
    // One more message is read with the page.
    let passed = MAX_HIDDEN_BESIDE_PAGE + 1;
    let last = 4 + passed;
    for _ in 0..last {
        send_text(&app, "alice", &chat, "Hello").await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    for seq in 3..=last - 2 {
        delete(&app, "bob", &chat, seq, DeleteFor::Me).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let shown = |page: &Page| {
        let range = page.range.unwrap();
        (seqs(page), (range.from.0, range.to.0), page.has_more_before, page.has_more_after)
    };
    let latest = page(&app, &chat, "bob", PageStart::Latest, 2).await;
    assert_eq!(shown(&latest), (vec![last - 1, last], (3, last), true, false));
    let first = page(&app, &chat, "bob", PageStart::After(Seq(0)), 2).await;
    assert_eq!(shown(&first), (vec![1, 2], (1, last - 2), false, true));
    // With one hidden message more, the page says that there may be more. The next page passes it.
    delete(&app, "bob", &chat, 2, DeleteFor::Me).await.unwrap();
    delete(&app, "bob", &chat, 1, DeleteFor::Me).await.unwrap();
    let latest = page(&app, &chat, "bob", PageStart::Latest, 2).await;
    assert_eq!(shown(&latest), (vec![last - 1, last], (3, last), true, false));
    let before = page(&app, &chat, "bob", PageStart::Before(Seq(3)), 2).await;
    assert_eq!(shown(&before), (vec![], (1, last - 2), false, true));
}

#[tokio::test(start_paused = true)]
async fn hidden_messages_take_no_space_on_a_page() {
    let app = app();
    let chat = private_chat(&app).await;
    for n in 0..4 {
        let mut large = message(&chat, "alice", "", "x");
        large.content = text(&"x".repeat(if n == 0 { 1_000 } else { 24_000 }));
        app.send_message(large).await.unwrap();
    }
    for seq in 2..=3 {
        delete(&app, "bob", &chat, seq, DeleteFor::Me).await.unwrap();
    }
    let latest = page(&app, &chat, "bob", PageStart::Latest, 50).await;
    assert_eq!((seqs(&latest), latest.has_more_before), (vec![1, 4], false));
    delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    let latest = page(&app, &chat, "bob", PageStart::Latest, 1).await;
    assert_eq!((seqs(&latest), latest.has_more_before), (vec![4], true), "a tombstone is seen");
}

#[tokio::test(start_paused = true)]
async fn page_ends_at_a_partly_visible_transaction() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 5).await;
    app.store.set_faults(Faults { half_read: 100, ..Faults::default() });
    fill(&app, &chat, 1).await;
    let half = page(&app, &chat, "bob", PageStart::Latest, 50).await;
    assert_eq!(half.seq, Seq(6), "the head shows it");
    assert!(half.has_more_after && half.range.is_none_or(|range| range.to < Seq(6)));
    app.store.set_faults(Faults::default());
    let whole = page(&app, &chat, "bob", PageStart::After(half.range.map_or(Seq(0), |range| range.to)), 50).await;
    assert_eq!(whole.range.unwrap().to, Seq(6));
    assert!(!whole.has_more_after);
}

#[tokio::test(start_paused = true)]
async fn seen_by_follows_the_read_positions() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "dave"]).await;
    fill(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["carol"]).await.unwrap();
    fill(&app, &chat, 1).await;
    app.mark_seen(mark(&chat, "bob", 2)).await.unwrap();
    let shown = page(&app, &chat, "alice", PageStart::Latest, 50).await;
    let seen: Vec<_> = shown.messages.iter().map(|message| message.seen_by().len()).collect();
    assert_eq!(seen, [2, 2, 1]);
    // A later member has not seen earlier messages, however far they have read.
    app.mark_seen(mark(&chat, "carol", 3)).await.unwrap();
    let shown = page(&app, &chat, "alice", PageStart::Latest, 50).await;
    let carol: Vec<_> = shown.messages.iter().map(|message| message.seen_by().contains(&user("carol"))).collect();
    assert_eq!(carol, [false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn pages_fit_in_frames_and_skip_no_message() {
    let app = app();
    let chat = private_chat(&app).await;
    for n in 0..9 {
        let mut large = message(&chat, "alice", "", "x");
        large.content = text(&"x".repeat(if n == 4 { 24_000 } else { 8_000 }));
        app.send_message(large).await.unwrap();
    }
    let (mut at, mut listed) = (Seq(0), Vec::new());
    while at < Seq(9) {
        let page = page(&app, &chat, "bob", PageStart::After(at), 50).await;
        assert!(serde_json::to_string(&page).unwrap().len() <= MAX_FRAME_BYTES);
        assert_eq!(page.has_more_after, page.range.unwrap().to < Seq(9));
        listed.extend(seqs(&page));
        at = page.range.unwrap().to;
    }
    assert_eq!(listed, (1..=9).collect::<Vec<_>>());
    let latest = page(&app, &chat, "bob", PageStart::Latest, 50).await;
    assert_eq!(seqs(&latest), [7, 8, 9], "cut from the far end");
    let around = page(&app, &chat, "bob", PageStart::Around(Seq(5)), 50).await;
    assert_eq!(seqs(&around), [5], "the requested message is on the page");
}

#[tokio::test(start_paused = true)]
async fn seen_by_is_cut_if_the_message_does_not_fit() {
    let app = app();
    let others: Vec<_> = (0..89).map(|n| user(&format!("{n:0128}"))).collect();
    let everyone: Vec<_> = [user("alice")].into_iter().chain(others.iter().cloned()).collect();
    let chat = group_of(&app, &everyone).await;
    let mut large = message(&chat, "alice", "", "x");
    large.content = text(&"x".repeat(24_000));
    app.send_message(large).await.unwrap();
    for other in &others {
        app.mark_seen(mark(&chat, other.as_str(), 1)).await.unwrap();
    }
    let page = page(&app, &chat, "alice", PageStart::Latest, PageLimit::MAX).await;
    assert!(page.messages[0].is_seen_by_limited() && page.messages[0].seen_by().len() < 90);
    assert!(serde_json::to_string(&page).unwrap().len() <= MAX_FRAME_BYTES);
}

#[tokio::test(start_paused = true)]
async fn read_position_moves_forward_only_and_up_to_the_last_message() {
    let app = app();
    let chat = private_chat(&app).await;
    for (who, name) in [("alice", "a-1"), ("bob", "b-1"), ("bob", "b-2")] {
        app.connect(&user(who), &connection(name, TestEnv::START)).await.unwrap();
    }
    fill(&app, &chat, 5).await;
    for name in ["a-1", "b-1", "b-2"] {
        app.push.take(name);
    }
    let mut command = mark(&chat, "bob", 3);
    command.caller.connection = Some(connection("b-1", TestEnv::START).id);
    let seen = app.mark_seen(command).await.unwrap();
    assert_eq!((seen.read_seq, seen.unread_count, seen.pushed.posted), (Seq(3), 2, 2));
    for name in ["a-1", "b-2"] {
        let frame = &app.push.take(name)[0];
        assert_eq!(
            (&frame["event"], &frame["data"]["userId"], &frame["data"]["readSeq"]),
            (&"receipt.updated".into(), &"bob".into(), &3.into())
        );
    }
    assert_eq!(app.push.count(), 0);
    for again in [3, 1, 0] {
        let seen = app.mark_seen(mark(&chat, "bob", again)).await.unwrap();
        assert_eq!((seen.read_seq, seen.unread_count), (Seq(3), 2));
    }
    assert_eq!(app.push.count(), 0, "no event without a move");
    let error = app.mark_seen(mark(&chat, "bob", 6)).await.unwrap_err();
    assert!(matches!(error, ChatError::Refused(MarkSeenError::SeqTooHigh { last: Seq(5) })), "{error:?}");
    assert_eq!(app.store.stored_member(&chat, &user("bob")).unwrap().read_seq, Seq(3));
}

#[tokio::test(start_paused = true)]
async fn receipts_are_pushed_in_chats_of_at_most_100() {
    let app = app();
    let others: Vec<_> = (0..100).map(|n| format!("u{n}")).collect();
    let others: Vec<_> = others.iter().map(String::as_str).collect();
    let chat = group(&app, &[&["alice"], &others[..80]].concat()).await;
    add(&app, "alice", &chat, &others[80..]).await.unwrap();
    fill(&app, &chat, 2).await;
    set_online(&app, &["alice"]).await;
    assert_eq!(app.mark_seen(mark(&chat, "u1", 1)).await.unwrap().pushed.posted, 0, "101 participants");
    remove(&app, "u99", &chat, "u99").await.unwrap();
    app.push.take("alice");
    assert_eq!(app.mark_seen(mark(&chat, "u1", 2)).await.unwrap().pushed.posted, 1, "100 participants");
}

#[tokio::test(start_paused = true)]
async fn non_participants_cannot_list_or_mark_messages() {
    let app = app();
    let chat = private_chat(&app).await;
    fill(&app, &chat, 2).await;
    let error = app.list_messages(list(&chat, "eve", PageStart::Latest, 50)).await.unwrap_err();
    assert!(matches!(error, ChatError::NotFound), "{error:?}");
    for seq in [1, 99] {
        let error = app.mark_seen(mark(&chat, "eve", seq)).await.unwrap_err();
        assert!(matches!(error, ChatError::NotFound), "{error:?}");
    }
    assert!(app.store.stored_member(&chat, &user("eve")).is_none());
}
