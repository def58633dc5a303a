use crate::support::*;
use assert_json_diff::assert_json_eq;
use domain::chat::MAX_FRAME_BYTES;
use domain::chat_user::Profile;
use domain::content::Content;
use domain::ids::ChatId;
use domain::member_settings::SettingsChange;
use domain::text::Invalid;
use domain::use_cases::{
    DeleteFor, Inbox, InboxCursor, InboxFilter, ListChats, PageLimit, SendMessage, UpdateChat, UpdateMember,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use testkit::fixtures::{caller, message, text};
use testkit::{Faults, TestEnv};

async fn page(app: &TestApp, who: &str, limit: u64, after: Option<InboxCursor>) -> Inbox {
    let limit = PageLimit::new(limit).unwrap();
    app.list_chats(ListChats { caller: caller(who), limit, filter: InboxFilter::default(), after }).await.unwrap()
}

/// All entries of an inbox in order, listed in pages of this size.
async fn list_in_pages(app: &TestApp, who: &str, limit: u64) -> Vec<Value> {
    let (mut entries, mut after) = (Vec::new(), None);
    loop {
        let page = page(app, who, limit, after).await;
        let size = json(&page).to_string().len();
        assert!(size <= MAX_FRAME_BYTES, "{size}");
        assert!(page.chats.len() as u64 <= limit);
        entries.extend(page.chats.iter().map(json));
        after = page.cursor;
        if after.is_none() {
            return entries;
        }
    }
}

async fn inbox(app: &TestApp, who: &str) -> Vec<Value> {
    list_in_pages(app, who, 100).await
}

/// The only entry of an inbox.
async fn only_entry(app: &TestApp, who: &str) -> Value {
    let mut entries = inbox(app, who).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

fn ids(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["chat"]["chatId"].as_str().unwrap()).collect()
}

async fn advance_a_second() {
    tokio::time::advance(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn inbox_without_chats_is_empty() {
    let app = app();
    assert_eq!(json(&page(&app, "alice", 50, None).await), json!({"chats": []}));
}

#[tokio::test(start_paused = true)]
async fn inbox_entry_has_chat_last_message_and_user() {
    let app = with_users(&["alice", "bob"]);
    let chat = private_chat(&app).await;
    fill(&app, &chat, 3).await;
    react(&app, "alice", &chat, 3, &["👍"]).await.unwrap();
    app.mark_seen(mark(&chat, "bob", 1)).await.unwrap();
    set_online(&app, &["alice"]).await;
    assert_json_eq!(
        only_entry(&app, "bob").await,
        json!({
            "chat": {
                "chatId": chat.as_str(), "isGroup": false, "participants": ["alice", "bob"], "participantCount": 2,
                "admins": [], "createdBy": "alice", "createdAt": "2026-01-01T00:00:00.000Z",
                "lastMessageId": format!("{chat}:3"), "seq": 3, "rev": 1, "floor": 0,
            },
            "lastMessage": {
                "messageId": format!("{chat}:3"), "chatId": chat.as_str(), "seq": 3, "senderId": "alice",
                "type": "text", "content": "Message 3", "seenBy": ["alice"], "seenByLimited": true, "deletedFor": [],
                "createdAt": "2026-01-01T00:00:00.000Z", "rev": 1,
            },
            "readSeq": 1, "unreadCount": 2, "settings": {"memberRev": 2, "notify": "all"},
            "user": {
                "userId": "alice", "nickname": "alice", "status": "online", "lastSeen": "2026-01-01T00:00:00.000Z",
                "mutedChats": [], "profile": {"username": "alice@example.com"},
            },
        })
    );
    let of_alice = only_entry(&app, "alice").await;
    assert_eq!((&of_alice["unreadCount"], &of_alice["user"]["userId"]), (&json!(0), &json!("bob")));
    assert_eq!(of_alice["user"]["status"], "offline");
}

#[tokio::test(start_paused = true)]
async fn the_newest_activity_is_first() {
    let app = app();
    let with_bob = private_chat(&app).await;
    advance_a_second().await;
    let team = group(&app, &["alice", "carol", "dave"]).await;
    send_text(&app, "alice", &team, "Hello").await;
    advance_a_second().await;
    let with_eve = private_chat_of(&app, "eve", "alice").await;
    let order = async || {
        let entries = inbox(&app, "alice").await;
        ids(&entries).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let is = |order: &[String], expected: [&ChatId; 3]| assert_eq!(order, expected.map(ChatId::to_string));
    is(&order().await, [&with_eve, &team, &with_bob]);
    advance_a_second().await;
    send_text(&app, "bob", &with_bob, "Hello").await;
    is(&order().await, [&with_bob, &with_eve, &team]);
    advance_a_second().await;
    add(&app, "alice", &team, &["frank"]).await.unwrap();
    is(&order().await, [&team, &with_bob, &with_eve]);
    advance_a_second().await;
    send_text(&app, "alice", &with_eve, "Hello").await;
    advance_a_second().await;
    remove(&app, "frank", &team, "frank").await.unwrap();
    is(&order().await, [&team, &with_eve, &with_bob]);
    advance_a_second().await;
    // Changes of existing messages do not change the order.
    edit(&app, "bob", &with_bob, 1, "Other").await.unwrap();
    react(&app, "alice", &with_bob, 1, &["👍"]).await.unwrap();
    app.mark_seen(mark(&with_bob, "alice", 1)).await.unwrap();
    clear(&app, "alice", &with_bob).await;
    delete(&app, "bob", &with_bob, 1, DeleteFor::Everyone).await.unwrap();
    is(&order().await, [&team, &with_eve, &with_bob]);
    rename(&app, "alice", &team, "Crew").await.unwrap();
    send_text(&app, "bob", &with_bob, "Hello again").await;
    send_text(&app, "eve", &with_eve, "Hello again").await;
    assert_eq!(order().await, order().await, "chats with equal times have a fixed order");
}

#[tokio::test(start_paused = true)]
async fn pages_give_each_chat_once() {
    let app = app();
    for n in 0..23 {
        private_chat_of(&app, "alice", &format!("u{n}")).await;
        // Some have the same time.
        if n % 3 == 0 {
            advance_a_second().await;
        }
    }
    let whole = inbox(&app, "alice").await;
    assert_eq!(ids(&whole).into_iter().collect::<BTreeSet<_>>().len(), 23);
    for limit in [1, 2, 5, 22, 23, 24] {
        assert_eq!(list_in_pages(&app, "alice", limit).await, whole, "{limit}");
    }
    assert!(page(&app, "alice", 23, None).await.cursor.is_none(), "no cursor for an empty page");
}

#[tokio::test(start_paused = true)]
async fn chats_keep_the_places_of_the_first_page() {
    let app = app();
    let mut chats = Vec::new();
    for n in 0..6 {
        chats.push(private_chat_of(&app, "alice", &format!("u{n}")).await);
        advance_a_second().await;
    }
    let left = group(&app, &["u9", "alice", "u8"]).await;
    advance_a_second().await;
    chats.push(private_chat_of(&app, "alice", "u6").await);
    let pin = |chat: &ChatId, pinned| {
        let change = SettingsChange { pinned: Some(pinned), ..SettingsChange::default() };
        app.update_member(UpdateMember { caller: caller("alice"), chat: chat.clone(), change })
    };
    pin(&chats[1], true).await.unwrap();
    let first = page(&app, "alice", 2, None).await;
    // One becomes active, two change places, one is left, and one is new.
    send_text(&app, "u0", &chats[0], "Hello").await;
    pin(&chats[1], false).await.unwrap();
    pin(&chats[2], true).await.unwrap();
    remove(&app, "alice", &left, "alice").await.unwrap();
    private_chat_of(&app, "alice", "u7").await;
    let second = page(&app, "alice", 3, first.cursor).await;
    let third = page(&app, "alice", 9, second.cursor).await;
    assert!(third.cursor.is_none());
    let pages = [first.chats, second.chats, third.chats];
    let shown: Vec<Vec<&ChatId>> =
        pages.iter().map(|page| page.iter().map(|entry| entry.chat.chat_id()).collect()).collect();
    let expected = [vec![1, 6], vec![5, 4], vec![3, 2, 0]];
    assert_eq!(shown, expected.map(|page| page.into_iter().map(|n: usize| &chats[n]).collect::<Vec<_>>()));
    assert_eq!(json(&pages[2][2])["lastMessage"]["content"], "Hello", "as it is now");
}

/// The heads decide the order of 500 chats at once. The chats after them are ordered by another reading.
#[tokio::test(start_paused = true)]
async fn more_chats_than_a_cursor_orders_are_paged_through() {
    let app = app();
    for n in 0..507 {
        private_chat_of(&app, "alice", &format!("u{n}")).await;
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    let whole = list_in_pages(&app, "alice", 99).await;
    assert_eq!(ids(&whole).into_iter().collect::<BTreeSet<_>>().len(), 507);
    assert!(whole.is_sorted_by(|one, next| one["chat"]["createdAt"].as_str() > next["chat"]["createdAt"].as_str()));
}

#[tokio::test(start_paused = true)]
async fn cursor_is_text_and_foreign_text_is_refused() {
    let app = app();
    for n in 0..3 {
        private_chat_of(&app, "alice", &format!("u{n}")).await;
        advance_a_second().await;
    }
    let whole = inbox(&app, "alice").await;
    let cursor = json(&page(&app, "alice", 1, None).await)["cursor"].as_str().unwrap().to_owned();
    let cursor = InboxCursor::try_from(cursor).unwrap();
    let rest: Vec<_> = page(&app, "alice", 50, Some(cursor)).await.chats.iter().map(json).collect();
    assert_eq!(rest, whole[1..]);
    for bad in
        ["", "x", "!!", ".", "MTIz", "MTIz.", ".MTIz", "YSBi", ".MTIzIEEtQg", ".MiAxIGM", "AAAAAAAA!.", "AAAAAAAAA."]
    {
        assert_refused!(InboxCursor::try_from(bad.to_owned()), Invalid(_));
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_chats_can_be_paged_through() {
    let app = app();
    let mut chats = BTreeSet::new();
    for n in 0..500 {
        let chat = private_chat_of(&app, "alice", &format!("user-{n}")).await;
        send_text(&app, "alice", &chat, &format!("Message to {n}")).await;
        tokio::time::advance(Duration::from_millis(n % 3)).await;
        chats.insert(chat.to_string());
    }
    let entries = list_in_pages(&app, "alice", 100).await;
    assert_eq!(entries.len(), 500);
    assert_eq!(ids(&entries).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), chats);
    let sent: Vec<_> = entries.iter().map(|entry| entry["lastMessage"]["createdAt"].as_str().unwrap()).collect();
    assert!(sent.is_sorted_by(|one, next| one >= next));
}

#[tokio::test(start_paused = true)]
async fn inbox_counts_unread_messages() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    fill(&app, &chat, 4).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    fill(&app, &chat, 2).await;
    app.mark_seen(mark(&chat, "bob", 5)).await.unwrap();
    clear(&app, "carol", &chat).await;
    fill(&app, &chat, 1).await;
    for (who, read, unread) in [("alice", 7, 0), ("bob", 5, 2), ("carol", 6, 1), ("dave", 4, 3)] {
        let entry = only_entry(&app, who).await;
        assert_eq!((&entry["readSeq"], &entry["unreadCount"]), (&json!(read), &json!(unread)), "{who}");
    }
}

#[tokio::test(start_paused = true)]
async fn last_message_is_shown_only_to_users_who_can_see_it() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    assert_eq!(only_entry(&app, "bob").await.get("lastMessage"), None, "the chat has no message");
    fill(&app, &chat, 2).await;
    add(&app, "alice", &chat, &["dave"]).await.unwrap();
    clear(&app, "carol", &chat).await;
    for who in ["carol", "dave"] {
        let entry = only_entry(&app, who).await;
        assert_eq!((entry.get("lastMessage"), entry["chat"].get("lastMessageId")), (None, None), "{who}");
        assert_eq!((&entry["chat"]["floor"], &entry["chat"]["seq"]), (&json!(2), &json!(2)));
    }
    delete(&app, "bob", &chat, 2, DeleteFor::Me).await.unwrap();
    assert_eq!(only_entry(&app, "bob").await.get("lastMessage"), None, "deleted for himself");
    assert_eq!(only_entry(&app, "alice").await["lastMessage"]["content"], "Message 2");
    delete(&app, "alice", &chat, 2, DeleteFor::Everyone).await.unwrap();
    let tombstone = only_entry(&app, "alice").await["lastMessage"].clone();
    assert_eq!((&tombstone["content"], &tombstone["deletedBy"]), (&json!(""), &json!("alice")));
    assert_eq!(only_entry(&app, "bob").await.get("lastMessage"), None);
    send_text(&app, "alice", &chat, "New").await;
    for who in ["alice", "bob", "carol", "dave"] {
        let entry = only_entry(&app, who).await;
        assert_eq!((&entry["lastMessage"]["seq"], &entry["lastMessage"]["content"]), (&json!(3), &json!("New")));
        assert_eq!(entry["chat"]["lastMessageId"], format!("{chat}:3"));
    }
}

#[tokio::test(start_paused = true)]
async fn long_last_message_is_cut() {
    let app = app();
    let chat = private_chat(&app).await;
    let preview = async |content: &str| {
        send_text(&app, "alice", &chat, content).await;
        only_entry(&app, "bob").await["lastMessage"].clone()
    };
    let short = preview(&"x".repeat(1000)).await;
    assert_eq!((short["content"].as_str().unwrap().len(), short.get("contentLimited")), (1000, None));
    for long in ["x".repeat(20_000), "\n".repeat(10_000) + "x", "\u{1F44B}".repeat(5000)] {
        let preview = preview(&long).await;
        let content = preview["content"].as_str().unwrap();
        assert!(long.starts_with(content) && (100..=1024).contains(&content.len()), "{}", content.len());
        assert_eq!(preview["contentLimited"], true);
    }
    assert_eq!(visible_seqs(&app, "bob", &chat).await, [4], "a page has the whole message");
}

#[tokio::test(start_paused = true)]
async fn a_mute_is_shown_until_it_ends() {
    let app = app();
    let chat = private_chat(&app).await;
    let mute = async |mute| {
        app.update_member(UpdateMember { caller: caller("alice"), chat: chat.clone(), change: mute }).await.unwrap();
    };
    let shown = async |who| {
        let entry = only_entry(&app, who).await;
        (entry["settings"]["notify"] == "none", entry["settings"].get("muteUntil").cloned())
    };
    mute(SettingsChange::mute(None)).await;
    assert_eq!(shown("alice").await, (true, None));
    assert_eq!(shown("bob").await, (false, None), "a mute is each user's own");
    mute(SettingsChange::mute(Some(TestEnv::START.plus(Duration::from_secs(60))))).await;
    tokio::time::advance(Duration::from_millis(59_999)).await;
    assert_eq!(shown("alice").await, (true, Some(json!("2026-01-01T00:01:00.000Z"))));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(shown("alice").await, (false, None));
}

#[tokio::test(start_paused = true)]
async fn inbox_shows_the_peer_of_a_private_chat_only() {
    let app = with_users(&["alice", "bob", "carol"]);
    let private = private_chat(&app).await;
    app.update_me(&nickname_update(caller("bob"), "Bobby")).await.unwrap();
    app.update_member(UpdateMember {
        caller: caller("bob"),
        chat: private.clone(),
        change: SettingsChange::mute(None),
    })
    .await
    .unwrap();
    let entry = only_entry(&app, "alice").await;
    assert_eq!((&entry["user"]["nickname"], &entry["user"]["mutedChats"]), (&json!("Bobby"), &json!([])));
    assert_eq!(entry["user"]["profile"], json!({"username": "bob@example.com"}));
    app.directory.as_ref().unwrap().set_down(true);
    let without = only_entry(&app, "alice").await;
    assert_eq!((&without["user"]["nickname"], without["user"].get("profile")), (&json!("Bobby"), None));
    app.directory.as_ref().unwrap().set_down(false);
    group(&app, &["carol", "alice", "bob"]).await;
    assert_eq!(only_entry(&app, "carol").await.get("user"), None);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_was_left_is_not_in_the_inbox() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    let other = private_chat(&app).await;
    remove(&app, "bob", &chat, "bob").await.unwrap();
    assert_eq!(ids(&inbox(&app, "bob").await), [other.as_str()]);
    remove(&app, "alice", &chat, "alice").await.unwrap();
    assert_eq!(ids(&inbox(&app, "alice").await), [other.as_str()]);
    assert_eq!(
        only_entry(&app, "carol").await["chat"]["closedAt"],
        "2026-01-01T00:00:00.000Z",
        "the last member keeps it"
    );
    remove(&app, "carol", &chat, "carol").await.unwrap();
    assert!(inbox(&app, "carol").await.is_empty());
    let closed = closed_group(&app).await;
    assert!(ids(&inbox(&app, "alice").await).contains(&closed.as_str()));
    assert_eq!(inbox(&app, "bob").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn participants_of_a_large_group_are_cut_but_counted() {
    let app = app();
    let all: Vec<String> = (0..90).map(|n| format!("user-{n:0>59}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    group(&app, &all).await;
    let entry = only_entry(&app, all[50]).await;
    let chat = &entry["chat"];
    let shown = chat["participants"].as_array().unwrap().len();
    assert!((10..90).contains(&shown), "{shown}");
    assert_eq!((&chat["participantCount"], &chat["participantsLimited"]), (&json!(90), &json!(true)));
    assert_eq!(chat["admins"], json!([all[0]]));
    group(&app, &["alice", "bob", "carol"]).await;
    let entry = only_entry(&app, "bob").await;
    assert_eq!((&entry["chat"]["participantCount"], entry["chat"].get("participantsLimited")), (&json!(3), None));
}

/// All values that users and the Auth Service choose are as large as possible.
#[tokio::test(start_paused = true)]
async fn inbox_page_with_the_largest_entries_fits_in_a_frame() {
    let app = TestApp { directory: Some(AuthService::default()), ..app() };
    let id = |n: usize| format!("{n:0>128}");
    let wave = "\u{1F44B}";
    for n in 0..40 {
        let profile = Profile {
            username: wave.repeat(256),
            display_name: Some("\u{1}".repeat(256)),
            avatar_url: Some(wave.repeat(2048)),
        };
        app.directory.as_ref().unwrap().add(profile, &id(n));
    }
    let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}".repeat(50);
    let content = text(&"\n".repeat(Content::MAX_JSON_BYTES / 2 - 2).replacen('\n', "x", 1));
    let mut chats = BTreeSet::new();
    for n in 1..=12 {
        let private = private_chat_of(&app, &id(0), &id(n)).await;
        let all: Vec<String> = (0..40).map(id).collect();
        let group = group(&app, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let caller = caller(&id(0));
        let longest = name(&"\"".repeat(100));
        app.update_chat(UpdateChat {
            caller,
            chat: group.clone(),
            name: Some(longest),
            topic: None,
            custom: None,
            avatar: None,
        })
        .await
        .unwrap();
        for chat in [&private, &group] {
            app.send_message(SendMessage { content: content.clone(), ..message(chat, &id(n), "", "x") }).await.unwrap();
        }
        app.update_me(&nickname_update(testkit::fixtures::caller(&id(n)), &family)).await.unwrap();
        chats.extend([private.to_string(), group.to_string()]);
        advance_a_second().await;
    }
    let entries = list_in_pages(&app, &id(0), 100).await;
    assert_eq!(entries.len(), 24, "no chat is skipped");
    assert_eq!(ids(&entries).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), chats);
    assert!(page(&app, &id(0), 100, None).await.chats.len() > 1);
}

#[tokio::test(start_paused = true)]
async fn entry_cursor_covers_only_visible_changes() {
    let app = app();
    let chat = group(&app, &["alice", "bob", "carol"]).await;
    fill(&app, &chat, 1).await;
    edit(&app, "alice", &chat, 1, "Other").await.unwrap();
    app.store.set_faults(Faults { half_read: 100, ..Faults::default() });
    edit(&app, "alice", &chat, 1, "Newest").await.unwrap();
    let entry = only_entry(&app, "bob").await;
    assert_eq!((&entry["lastMessage"]["content"], &entry["lastMessage"]["rev"]), (&json!("Other"), &json!(1)));
    assert_eq!(entry["chat"]["rev"], 1, "the cursor does not cover a change that is not visible yet");
    rename(&app, "alice", &chat, "Crew").await.unwrap();
    let entry = only_entry(&app, "bob").await;
    assert_eq!((&entry["chat"]["name"], &entry["chat"]["rev"]), (&json!("Crew"), &json!(3)));
    // With a stale head, the cursor is behind as well.
    app.store.set_faults(Faults { stale_chat: 100, ..Faults::default() });
    let entry = only_entry(&app, "bob").await;
    assert_eq!((&entry["chat"]["name"], &entry["chat"]["rev"]), (&json!("Team"), &json!(2)));
}
