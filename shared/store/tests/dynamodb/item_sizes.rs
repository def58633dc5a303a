//! How large the items become that every request pays for, from the limits. DynamoDB bills reads by 4 KB and writes by
//! 1 KB, so an item that is larger costs more each time.

use crate::support::{Item, OwnTables};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::budget::{Budget, Spending};
use domain::change::{Change, ChangeKind};
use domain::chat::{Chat, Head};
use domain::chat_user::{Connection, MAX_CONNECTIONS, MAX_MUTED_CHATS, UserChange};
use domain::custom::Custom;
use domain::deletions::{MAX_RECENT_OWN_DELETIONS_BYTES, MAX_RECENT_TOMBSTONES_BYTES, RecentDeletions};
use domain::former_member::{Departure, MAX_PERIODS, Period};
use domain::ids::{ChatId, ConnectionId, MemberRev, Rev, Seq, UserId};
use domain::member::Member;
use domain::member_settings::{ListedChats, MAX_PINNED_CHATS, MemberSettings, Notifications};
use domain::names::Nickname;
use domain::number::MAX_WHOLE_NUMBER;
use domain::patch::Patch;
use domain::ports::{
    ChangeOutcome, CommitChanges as _, CommitSettings as _, CreateChats as _, Creation, ReadChats as _, Registration,
    Registry as _, SettingsCommit, UserStore as _,
};
use domain::queue::{QueueState, Ticket};
use domain::timestamp::Timestamp;
use domain::user_limits::LimitsChange;
use testkit::fixtures::{chat_of, custom};

/// What one write unit pays for.
const KB: usize = 1024;

/// The length of a connection id of API Gateway.
const CONNECTION_ID_CHARS: usize = 16;

/// A time with as many digits as times have until the year 2286, none of them a 0.
const AT: Timestamp = Timestamp::from_millis(9_999_999_999_999);

/// A full bucket of the largest number.
const BUCKET: Budget = Budget { millis: MAX_WHOLE_NUMBER, at: AT };

/// Settings with every attribute.
const LARGEST_SETTINGS: MemberSettings = MemberSettings {
    notifications: Notifications::Muted(Some(AT)),
    is_pinned: true,
    archived_seq: Some(Seq(MAX_WHOLE_NUMBER)),
};

/// The size of an item as DynamoDB counts it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // About a byte per two digits, and one more.
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) => 1,
        AttributeValue::M(map) => 3 + map.len() + size(map),
        AttributeValue::L(list) => 3 + list.len() + list.iter().map(value_size).sum::<usize>(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        other => panic!("these items have no such attribute: {other:?}"),
    }
}

fn longest_chat_id(n: usize) -> ChatId {
    ChatId::parse(format!("{n:f>64}")).unwrap()
}

fn longest_user_id(n: usize) -> UserId {
    UserId::parse(format!("{n:x>128}")).unwrap()
}

/// So many deletions that they take `bytes`, above the largest number. Their first difference has 8 bytes.
fn most_recent(bytes: usize) -> RecentDeletions {
    let first = MAX_WHOLE_NUMBER - 1000;
    let count = u64::try_from(bytes).unwrap() - 7;
    let seqs = (first..first + count).map(Seq).collect();
    let recent = RecentDeletions { above: Seq(MAX_WHOLE_NUMBER), seqs };
    assert_eq!(recent.seqs.encode().len(), bytes);
    recent
}

/// A new chat whose head and member items have every attribute, as long as it can be.
async fn largest_head_and_member() -> (Item, Item) {
    let own = OwnTables::new().await;
    let id = longest_chat_id(0);
    let participants = [longest_user_id(0), longest_user_id(1)];
    let (chat, head, members) = chat_of(id.as_str(), &participants, AT);
    let (seq, rev) = (Seq(MAX_WHOLE_NUMBER), Rev(MAX_WHOLE_NUMBER));
    let head = Head {
        last_seq: seq,
        last_message_at: Some(AT),
        last_rev: rev,
        last_change: Some((seq, AT)),
        members_rev: rev,
        participant_count: 1000,
        past_read_seq: Some(seq),
        blocks: 2,
        tombstones: most_recent(MAX_RECENT_TOMBSTONES_BYTES),
        queue: QueueState { served: Ticket(MAX_WHOLE_NUMBER), is_crowded: true },
        ..head
    };
    let full = |member: &Member| Member {
        read_seq: seq,
        read_at: Some(AT),
        cleared_seq: seq,
        joined_seq: seq,
        budget: Some(BUCKET),
        change_budget: Some(BUCKET),
        settings: LARGEST_SETTINGS,
        is_marked_unread: true,
        is_blocking: true,
        own_deletions: most_recent(MAX_RECENT_OWN_DELETIONS_BYTES),
        member_rev: MemberRev(MAX_WHOLE_NUMBER),
        ..member.clone()
    };
    let members: Vec<_> = members.iter().map(full).collect();
    let limits = LimitsChange::of(chat.created_by.clone());
    assert_eq!(own.store().create_chat(&chat, &head, &members, &limits).await.unwrap(), Creation::Created);
    let (mut heads, mut members) = (own.items(&own.tables.messages).await, own.items(&own.tables.chat_members).await);
    assert_eq!((heads.len(), members.len()), (1, 2));
    (heads.remove(0), members.remove(0))
}

/// A user's item with the longest nickname and the most connections.
async fn largest_user() -> Item {
    let own = OwnTables::new().await;
    let (store, user) = (own.store(), longest_user_id(0));
    for n in 0..MAX_CONNECTIONS {
        let id = ConnectionId::parse(format!("{n:x>CONNECTION_ID_CHARS$}")).unwrap();
        let registered = store.register(&user, &Connection { id, connected_at: AT, exp: AT }, &[], AT).await.unwrap();
        assert!(matches!(registered, Registration::Registered(_)), "{registered:?}");
    }
    // A character can have any number of accents.
    let longest = Nickname::parse(format!("xe{}", "\u{301}".repeat(1023))).unwrap();
    assert_eq!(longest.as_str().len(), 2048);
    let nickname = Some(Patch::Set(longest));
    let text = "x".repeat(Custom::MAX_USER_BYTES - r#"{"a":""}"#.len());
    let custom = Some(Patch::Set(custom(&text)));
    let own_change = UserChange { nickname, notify_on_mention: Some(true), custom };
    let first = Spending { before: None, after: BUCKET };
    assert!(store.change_user(&user, &own_change, first).await.unwrap().is_some());
    let mut users = own.items(&own.tables.chat_users).await;
    assert_eq!(users.len(), 1);
    users.remove(0)
}

#[tokio::test]
async fn head_and_member_item_stay_below_a_kilobyte() {
    let (head, member) = largest_head_and_member().await;
    let attributes = [
        "activeAt",
        "blockCount",
        "chatId",
        "crowded",
        "lastMessageAt",
        "lastMessageId",
        "lastRev",
        "lastRevAt",
        "lastRevOf",
        "lastSeq",
        "membersRev",
        "participantCount",
        "pastReadSeq",
        "seq",
        "servedTicket",
        "tombstones",
        "tombstonesAbove",
        "v",
    ];
    let mut names: Vec<_> = head.keys().collect();
    names.sort();
    assert_eq!(names, attributes, "the head has every attribute");
    assert_eq!(member.len(), 16, "the member item has every attribute: {member:?}");
    let sizes = (size(&head), size(&member));
    assert!(sizes.0 < KB && sizes.1 < KB, "{sizes:?}");
    // DATA-MODEL.md says both.
    assert_eq!(sizes, (921, 917));
}

/// A page and a sync read at most a hundred former members.
#[tokio::test]
async fn former_member_stays_below_four_kilobytes() {
    let own = OwnTables::new().await;
    let id = longest_chat_id(0);
    let (chat, head, members) = chat_of(id.as_str(), &[longest_user_id(0), longest_user_id(1)], AT);
    let limits = LimitsChange::of(chat.created_by.clone());
    assert_eq!(own.store().create_chat(&chat, &head, &members, &limits).await.unwrap(), Creation::Created);
    let most = Seq(MAX_WHOLE_NUMBER);
    let period =
        Period { joined_seq: most, joined_at: AT, left_seq: most, left_at: AT, read_seq: most, read_at: Some(AT) };
    let reading = Period { joined_seq: Seq(0), read_seq: Seq(0), ..period };
    let mut sizes = Vec::new();
    for (user, periods) in [(0, 1), (1, MAX_PERIODS)] {
        let (head, member) = own.store().position(&id, &longest_user_id(user)).await.unwrap().unwrap();
        let mut left = Departure::new(&member, None, &head, AT);
        left.former.periods = vec![period; periods];
        left.former.periods[0] = Period { read_seq: most, ..reading };
        let what = ChangeKind::Chat {
            after: Chat { members_rev: head.last_rev.next(), ..chat.clone() },
            before: head.members_rev,
            joined: vec![],
            left: Some(left),
            limits: None,
            upload: None,
            closed_chat_of: None,
        };
        let change = Change { chat: id.clone(), head, at: AT, only_for: None, what, spending: None, queue: None };
        assert_eq!(own.store().commit_change(&change).await.unwrap(), ChangeOutcome::Committed);
    }
    for item in own.items(&own.tables.chat_members).await {
        assert_eq!(item.len(), 6, "the item has every attribute: {item:?}");
        sizes.push(size(&item));
    }
    sizes.sort_unstable();
    assert!(sizes[0] < KB && sizes[1] < 4 * KB, "{sizes:?}");
    // DATA-MODEL.md says both.
    assert_eq!(sizes, [344, 2320]);
}

#[tokio::test]
async fn user_stays_below_four_kilobytes() {
    let item = largest_user().await;
    assert_eq!(item.len(), 8, "the item has every attribute: {item:?}");
    assert!(size(&item) < 4 * KB, "{}", size(&item));
    // DATA-MODEL.md says it.
    assert_eq!(size(&item), 3839);
}

/// The most muted and the most pinned chats. Only the user's own requests about mutes, pins and their profile read it.
#[tokio::test]
async fn list_of_muted_and_pinned_chats_is_bounded() {
    let own = OwnTables::new().await;
    let id = longest_chat_id(0);
    let (chat, head, members) = chat_of(id.as_str(), &[longest_user_id(0), longest_user_id(1)], AT);
    let limits = LimitsChange::of(chat.created_by.clone());
    assert_eq!(own.store().create_chat(&chat, &head, &members, &limits).await.unwrap(), Creation::Created);
    let listed = ListedChats {
        rev: 1,
        mutes: (0..MAX_MUTED_CHATS).map(|n| (longest_chat_id(n), Some(AT))).collect(),
        pinned: (0..MAX_PINNED_CHATS).map(longest_chat_id).collect(),
    };
    let before = members[0].clone();
    let after = Member { settings: LARGEST_SETTINGS, member_rev: before.member_rev.next(), ..before.clone() };
    let commit = SettingsCommit { chat: chat.id, before, after, listed: Some(listed) };
    assert!(own.store().commit_settings(&commit).await.unwrap());
    let items = own.items(&own.tables.user_items).await;
    assert_eq!(items.len(), 1);
    assert!(size(&items[0]) < 17 * KB);
    // DATA-MODEL.md says it.
    assert_eq!(size(&items[0]), 16_055);
}
