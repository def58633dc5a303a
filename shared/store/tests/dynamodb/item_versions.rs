//! Items of every version of their shape are in `tests/items`: a folder per version, a file per table, in DynamoDB's
//! JSON. The store reads all of them, and writes exactly those of the newest version.
//!
//! The files of a version that was released never change. A release that writes a new version adds a folder.

use crate::support::{Item, OwnTables};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::attachment::Upload;
use domain::block::{Block, BlockChange, BlockChangeKind};
use domain::budget::{Budget, Spending};
use domain::change::{Change, ChangeKind, Pointer};
use domain::chat::{Chat, Head};
use domain::chat_user::{ChatUser, Mutes, UserChange};
use domain::content::MessageType;
use domain::deletions::{DeletionRecord, OlderOwnDeletions, RecentDeletions, Rewrite, SeqSet, TombstoneBlock};
use domain::former_member::{Departure, FormerMember, Period};
use domain::ids::{AttachmentId, ChatId, ClientMessageId, MemberRev, Rev, SendId, Seq, UserId};
use domain::member::Member;
use domain::member_settings::{ListedChats, MemberSettings, Notifications};
use domain::message::{Body, LiveBody, Message};
use domain::names::{ChatName, Nickname, Topic};
use domain::patch::Patch;
use domain::ports::{
    BlockStore as _, ChangeOutcome, CommitChanges as _, CommitMessages as _, CommitOutcome, CommitSettings as _,
    CreateChats as _, CreateUploads as _, Creation, LimitsStore as _, ListBlocks as _, MarkSeen as _, MessageCommit,
    PreviousSend, ReadChanges as _, ReadChats as _, ReadDeletions as _, ReadFormerMembers as _, ReadListedChats as _,
    ReadMessages as _, ReadUploads as _, ReadingOrder, Registration, Registry as _, SeenOutcome, SendRecord,
    SettingsCommit, StoreError, UserStore as _, WriteQueue as _,
};
use domain::queue::{QueueState, Ticket};
use domain::reactions::{Emoji, Reactions};
use domain::timestamp::Timestamp;
use domain::user_limits::{LimitsChange, UserLimits};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::DynamoStore;
use testkit::TestEnv;
use testkit::fixtures::{chat_of, connection, custom, text, upload, user, users};

/// The version that is written.
const NEWEST: u64 = 1;
const CHAT: &str = "0b29c2de-8a5f-7c0e-9a3b-1f2e3d4c5b6a";
const UPLOAD: &str = "0b29c2de-8a60-7000-8000-000000000001";

fn at(seconds: u64) -> Timestamp {
    TestEnv::START.plus(Duration::from_secs(seconds))
}

fn bucket(millis: u64, seconds: u64) -> Budget {
    Budget { millis, at: at(seconds) }
}

fn chat_id() -> ChatId {
    ChatId::parse(CHAT).unwrap()
}

/// What the items of a version mean. The items are those of one group and of people who use it.
struct Expected {
    chat: Chat,
    head: Head,
    messages: Vec<Message>,
    pointers: Vec<Pointer>,
    older_tombstones: Vec<TombstoneBlock>,
    members: Vec<Member>,
    former: Option<FormerMember>,
    /// Those of carol.
    older_own_deletions: Option<OlderOwnDeletions>,
    send: PreviousSend,
    upload: Upload,
    users: Vec<ChatUser>,
    limits: Vec<(UserId, UserLimits)>,
    listed: Vec<(UserId, ListedChats)>,
    blocks: Option<ExpectedBlocks>,
    /// Who opened a connection.
    openings: Vec<UserId>,
}

/// Carol blocks Dave, with whom she has a private chat, and Erin, with whom she has none.
struct ExpectedBlocks {
    chat: Chat,
    head: Head,
    member: Member,
    list: Vec<Block>,
    limits: UserLimits,
}

fn send_id() -> SendId {
    SendId::new(&chat_id(), &user("alice"), &ClientMessageId::parse("m-1").unwrap())
}

fn declared() -> Upload {
    upload(&chat_id(), "bob", UPLOAD, at(2))
}

fn new_message(seq: u64, sender: &str, body: LiveBody) -> Message {
    Message {
        chat: chat_id(),
        seq: Seq(seq),
        sender: user(sender),
        kind: if body.attachment.is_some() { MessageType::Image } else { MessageType::Text },
        created_at: at(10 * seq),
        client_message_id: None,
        deleted_for: BTreeSet::new(),
        rev: Rev(0),
        public_rev: Rev(0),
        body: Body::Live(body),
    }
}

fn seqs(seq: u64) -> SeqSet {
    [Seq(seq)].into_iter().collect()
}

fn recent(above: u64, seq: u64) -> RecentDeletions {
    RecentDeletions { above: Seq(above), seqs: seqs(seq) }
}

/// What alice, bob and carol set for the chat.
fn settings() -> [MemberSettings; 3] {
    let of = |notifications| MemberSettings { notifications, ..MemberSettings::default() };
    let until = Notifications::Muted(Some(at(7200)));
    [
        of(Notifications::Muted(None)),
        MemberSettings { is_pinned: true, archived_seq: Some(Seq(3)), ..of(until) },
        of(Notifications::Mentions),
    ]
}

/// What the items of the newest version mean.
fn newest() -> Expected {
    let (chat, ..) = chat_of(CHAT, &users(&["alice", "bob", "carol"]), at(0));
    let first = LiveBody {
        content: text("Edited"),
        attachment: None,
        edited_at: Some(at(40)),
        reply_to: None,
        mentions: BTreeSet::from([user("bob")]),
        reactions: Reactions::of([(Emoji::parse("\u{1F44D}").unwrap(), BTreeSet::from([user("bob"), user("carol")]))]),
        custom: Some(custom("7")),
    };
    let second =
        LiveBody { attachment: Some(declared().attachment), reply_to: Some(Seq(1)), ..LiveBody::new(text("Look")) };
    let messages = vec![
        Message {
            client_message_id: Some(ClientMessageId::parse("m-1").unwrap()),
            deleted_for: BTreeSet::from([user("carol")]),
            rev: Rev(2),
            public_rev: Rev(1),
            ..new_message(1, "alice", first)
        },
        new_message(2, "bob", second),
        Message {
            kind: MessageType::Image,
            rev: Rev(3),
            public_rev: Rev(3),
            body: Body::Deleted {
                at: at(60),
                by: user("alice"),
                attachment: Some(AttachmentId::parse("former").unwrap()),
            },
            ..new_message(3, "bob", LiveBody::new(text("")))
        },
    ];
    let pointer = |rev, of, only_for: Option<&str>| Pointer {
        rev: Rev(rev),
        of: Seq(of),
        only_for: only_for.map(user),
        left: None,
    };
    let joining = |who, seq, seconds| Member::joining(user(who), Seq(seq), at(seconds));
    Expected {
        chat: Chat {
            name: Some(ChatName::parse("Renamed").unwrap()),
            topic: Some(Topic::parse("Friday?").unwrap()),
            custom: Some(custom("8")),
            avatar: Some(declared().attachment),
            participants: users(&["alice", "bob", "carol", "dave"]).into_iter().collect(),
            members_rev: Rev(5),
            closed_at: Some(at(80)),
            ..chat
        },
        head: Head {
            last_seq: Seq(3),
            last_message_at: Some(at(30)),
            last_rev: Rev(5),
            last_change: Some((Seq(0), at(80))),
            members_rev: Rev(5),
            participant_count: 4,
            active_at: at(80),
            past_read_seq: Some(Seq(1)),
            blocks: 0,
            tombstones: recent(1, 3),
            queue: QueueState { served: Ticket(4), is_crowded: true },
        },
        messages,
        pointers: vec![
            pointer(1, 1, None),
            pointer(2, 1, Some("carol")),
            pointer(3, 3, None),
            pointer(4, 0, Some("carol")),
            Pointer { left: Some(user("frank")), ..pointer(5, 0, None) },
        ],
        older_tombstones: vec![TombstoneBlock { number: 0, seqs: seqs(1), rev: Rev(3) }],
        older_own_deletions: Some(OlderOwnDeletions { seqs: seqs(1), rev: Rev(2) }),
        members: vec![
            Member {
                read_seq: Seq(1),
                read_at: Some(at(10)),
                budget: Some(bucket(49_000, 10)),
                change_budget: Some(bucket(49_000, 80)),
                settings: settings()[0],
                member_rev: MemberRev(4),
                ..joining("alice", 0, 0)
            },
            Member {
                read_seq: Seq(3),
                read_at: Some(at(30)),
                budget: Some(bucket(48_000, 30)),
                settings: settings()[1],
                is_marked_unread: true,
                member_rev: MemberRev(4),
                ..joining("bob", 0, 0)
            },
            Member {
                read_seq: Seq(2),
                read_at: Some(at(35)),
                cleared_seq: Seq(2),
                settings: settings()[2],
                own_deletions: recent(1, 2),
                member_rev: MemberRev(4),
                ..joining("carol", 0, 0)
            },
            joining("dave", 3, 80),
        ],
        former: Some(FormerMember {
            user: user("frank"),
            periods: vec![Period {
                joined_seq: Seq(0),
                joined_at: at(0),
                left_seq: Seq(3),
                left_at: at(80),
                read_seq: Seq(1),
                read_at: Some(at(33)),
            }],
            rev: Rev(5),
        }),
        send: PreviousSend { seq: Seq(1), body_hash: "the hash".to_owned(), is_pushed_again: true },
        upload: Upload { sent_as: Some(Seq(2)), expires_at: at(3000), ..declared() },
        users: vec![
            ChatUser {
                nickname: Some(Nickname::parse("Ali").unwrap()),
                last_seen: Some(at(5)),
                notify_on_mention: true,
                custom: Some(custom("9")),
                change_budget: Some(bucket(9000, 6)),
                connections: vec![connection("GQWIar3P0_065sE=", at(5))],
                ..ChatUser::unknown(user("alice"))
            },
            ChatUser { change_budget: Some(bucket(9000, 7)), ..ChatUser::unknown(user("bob")) },
            ChatUser {
                nickname: Some(Nickname::parse("Caro").unwrap()),
                change_budget: Some(bucket(9000, 8)),
                ..ChatUser::unknown(user("carol"))
            },
        ],
        limits: vec![
            (
                user("alice"),
                UserLimits {
                    new_chats: Some(bucket(29_000, 0)),
                    added_people: Some(bucket(498_000, 0)),
                    declared_bytes: None,
                    open_chats: 1,
                    ..UserLimits::default()
                },
            ),
            (user("bob"), UserLimits { declared_bytes: Some(bucket(1_234_000, 2)), ..UserLimits::default() }),
            // A chat from before the limits was closed: -1 is stored.
            (user("erin"), UserLimits::default()),
        ],
        listed: vec![
            (user("alice"), ListedChats { rev: 1, mutes: Mutes::from([(chat_id(), None)]), pinned: BTreeSet::new() }),
            (
                user("bob"),
                ListedChats {
                    rev: 1,
                    mutes: Mutes::from([(chat_id(), Some(at(7200)))]),
                    pinned: BTreeSet::from([chat_id()]),
                },
            ),
            (user("carol"), ListedChats::default()),
        ],
        blocks: Some(blocks()),
        openings: vec![user("alice")],
    }
}

fn blocks() -> ExpectedBlocks {
    let (chat, head, _) = private_chat();
    let carol = user("carol");
    let listed = |name, seconds| Block { user_id: user(name), blocked_at: at(seconds) };
    ExpectedBlocks {
        chat: Chat { blocked_by: BTreeSet::from([carol.clone()]), ..chat },
        head: Head { blocks: 1, ..head },
        member: Member { is_blocking: true, member_rev: MemberRev(2), ..Member::joining(carol, Seq(0), at(84)) },
        list: vec![listed("dave", 85), listed("erin", 86)],
        limits: UserLimits { block_changes: Some(bucket(8000, 86)), blocked_users: 2, ..UserLimits::default() },
    }
}

/// The private chat of Carol and Dave when it is new.
fn private_chat() -> (Chat, Head, Vec<Member>) {
    chat_of(ChatId::private(&user("carol"), &user("dave")).as_str(), &users(&["carol", "dave"]), at(84))
}

/// What the items of version 0 mean: they have neither a version nor a member's rev, nothing is kept of former members,
/// and the oldest of them lack more. They may have `mutedChats` in ChatUsers. Nothing was released that wrote it, and it
/// is ignored.
fn version_0() -> Expected {
    let mut expected = newest();
    for member in &mut expected.members {
        member.member_rev = MemberRev(0);
        member.settings = MemberSettings::default();
        member.is_marked_unread = false;
    }
    for (_, listed) in &mut expected.listed {
        *listed = ListedChats::default();
    }
    if let Body::Live(body) = &mut expected.messages[0].body {
        body.custom = None;
    }
    (expected.chat.topic, expected.chat.custom, expected.chat.avatar) = (None, None, None);
    expected.users[0].custom = None;
    // The head has no `activeAt`, the first message has `toldRev`, the second has neither `rev` nor `publicRev`.
    expected.head.active_at = Timestamp::from_millis(0);
    expected.head.past_read_seq = None;
    expected.head.queue = QueueState::default();
    expected.pointers[4].left = None;
    expected.former = None;
    // There were no blocks, and openings were not logged.
    expected.blocks = None;
    expected.openings = Vec::new();
    // Nothing counts deletions.
    expected.head.tombstones = RecentDeletions::default();
    expected.members[2].own_deletions = RecentDeletions::default();
    (expected.older_tombstones, expected.older_own_deletions) = (Vec::new(), None);
    expected
}

async fn commit(store: &DynamoStore<TestEnv>, commit: MessageCommit) {
    assert_eq!(store.commit_message(&commit).await.unwrap(), CommitOutcome::Committed);
}

async fn head_of(store: &DynamoStore<TestEnv>) -> Head {
    store.snapshot(&chat_id(), None, None).await.unwrap().head.unwrap()
}

async fn change(store: &DynamoStore<TestEnv>, seconds: u64, only_for: Option<&str>, what: ChangeKind) -> Change {
    let head = head_of(store).await;
    Change { chat: chat_id(), head, at: at(seconds), only_for: only_for.map(user), what, spending: None, queue: None }
}

async fn commit_change(store: &DynamoStore<TestEnv>, change: Change) {
    assert_eq!(store.commit_change(&change).await.unwrap(), ChangeOutcome::Committed);
}

/// Writes everything in [`newest`], with each kind of write.
async fn write_all(store: &DynamoStore<TestEnv>) {
    let expected = newest();
    let taken = |before, after| Spending { before, after };
    let (chat, head, members) = chat_of(CHAT, &users(&["alice", "bob", "carol", "frank"]), at(0));
    let limits = LimitsChange {
        new_chats: Some(taken(None, bucket(29_000, 0))),
        added_people: Some(taken(None, bucket(498_000, 0))),
        ..LimitsChange::of(user("alice"))
    };
    assert_eq!(store.create_chat(&chat, &head, &members, &limits).await.unwrap(), Creation::Created);
    let declares =
        LimitsChange { declared_bytes: Some(taken(None, bucket(1_234_000, 2))), ..LimitsChange::of(user("bob")) };
    assert!(store.change_limits(&declares).await.unwrap());
    store.create_upload(&declared()).await.unwrap();

    let Body::Live(second) = expected.messages[1].body.clone() else { unreachable!("the second message is live") };
    let first = Message {
        client_message_id: expected.messages[0].client_message_id.clone(),
        ..new_message(1, "alice", LiveBody::new(text("Hello")))
    };
    let record = SendRecord { id: send_id(), body_hash: "the hash".to_owned(), expires_at: at(2000) };
    let spending = taken(None, bucket(49_000, 10));
    commit(store, MessageCommit { message: first, head, spending, send: Some(record), upload: None, queue: None })
        .await;
    assert!(store.claim_second_push(&send_id()).await.unwrap());
    let (message, head) = (new_message(2, "bob", second), head_of(store).await);
    let (spending, upload) = (taken(None, bucket(49_000, 20)), Some((declared().attachment.id, at(3000))));
    commit(store, MessageCommit { message, head, spending, send: None, upload, queue: None }).await;
    let third = LiveBody { attachment: Some(declared().attachment), ..LiveBody::new(text("Oops")) };
    let (message, head) = (new_message(3, "bob", third), head_of(store).await);
    let spending = taken(Some(bucket(49_000, 20)), bucket(48_000, 30));
    let served = store.take_ticket(&chat_id(), Ticket(3), at(29)).await.unwrap();
    let queue = Some(QueueState { served, is_crowded: true });
    commit(store, MessageCommit { message, head, spending, send: None, upload: None, queue }).await;
    assert_eq!(store.mark_seen(&chat_id(), &user("carol"), Seq(2), at(35)).await.unwrap(), SeenOutcome::Advanced);
    assert_eq!(store.mark_seen(&chat_id(), &user("frank"), Seq(1), at(33)).await.unwrap(), SeenOutcome::Advanced);

    let edited = Message { deleted_for: BTreeSet::new(), rev: Rev(1), ..expected.messages[0].clone() };
    let older = expected.older_own_deletions.map(|after| Rewrite { after, before: None });
    let own = DeletionRecord::Own { before: RecentDeletions::default(), recent: recent(1, 2), older };
    let blocks = expected.older_tombstones.into_iter().map(|after| Rewrite { after, before: None }).collect();
    let tombstone = DeletionRecord::Tombstone { recent: recent(1, 3), blocks };
    for (seconds, only_for, after, before, deletion) in [
        (40, None, edited, Rev(0), None),
        (50, Some("carol"), expected.messages[0].clone(), Rev(1), Some(own)),
        (60, None, expected.messages[2].clone(), Rev(0), Some(tombstone)),
    ] {
        let what = ChangeKind::Message { after, before, deletion };
        commit_change(store, change(store, seconds, only_for, what).await).await;
    }
    let carol = Member { cleared_seq: Seq(2), ..expected.members[2].clone() };
    commit_change(store, change(store, 70, Some("carol"), ChangeKind::Cleared(carol)).await).await;
    let (head, frank) = store.position(&chat_id(), &user("frank")).await.unwrap().unwrap();
    let what = ChangeKind::Chat {
        after: expected.chat.clone(),
        before: Rev(0),
        joined: vec![expected.members[3].clone()],
        left: Some(Departure::new(&frank, None, &head, at(80))),
        limits: None,
        upload: None,
        closed_chat_of: Some(user("erin")),
    };
    let spending = Some((user("alice"), taken(None, bucket(49_000, 80))));
    commit_change(store, Change { spending, ..change(store, 80, None, what).await }).await;

    store.log_opening(&user("alice"), at(5)).await.unwrap();
    let device = &expected.users[0].connections[0];
    let registered = store.register(&user("alice"), device, &[], at(5)).await.unwrap();
    assert!(matches!(registered, Registration::Registered(_)), "{registered:?}");
    let called = |name| Some(Patch::Set(Nickname::parse(name).unwrap()));
    let own =
        UserChange { nickname: called("Ali"), notify_on_mention: Some(true), custom: Some(Patch::Set(custom("9"))) };
    assert!(store.change_user(&user("alice"), &own, taken(None, bucket(9000, 6))).await.unwrap().is_some());
    let spending = taken(None, bucket(9000, 7));
    assert!(store.change_user(&user("bob"), &UserChange::default(), spending).await.unwrap().is_some());
    for (after, settings) in expected.members.iter().zip(settings()) {
        let (_, before) = store.position(&chat_id(), &after.user).await.unwrap().unwrap();
        let listed = ListedChats::default().with(&chat_id(), &settings, at(0)).unwrap();
        let listed = settings.is_listed().then_some(listed);
        let commit = SettingsCommit { chat: chat_id(), before, after: after.clone(), listed };
        assert!(store.commit_settings(&commit).await.unwrap());
    }
    let own = UserChange { nickname: called("Caro"), ..UserChange::default() };
    assert!(store.change_user(&user("carol"), &own, taken(None, bucket(9000, 8))).await.unwrap().is_some());

    let (chat, head, members) = private_chat();
    let nothing = LimitsChange::of(user("carol"));
    assert_eq!(store.create_chat(&chat, &head, &members, &nothing).await.unwrap(), Creation::Created);
    for (blocked, seconds, has_chat, before) in [("dave", 85, true, None), ("erin", 86, false, Some(bucket(9000, 85)))]
    {
        let after = bucket(if has_chat { 9000 } else { 8000 }, seconds);
        let block_changes = Some(taken(before, after));
        let limits = LimitsChange { block_changes, more_blocked_users: 1, ..nothing.clone() };
        let kind = BlockChangeKind::Begin(at(seconds));
        let (blocker, blocked) = (user("carol"), user(blocked));
        assert!(store.change_block(&BlockChange { blocker, blocked, kind, has_chat, limits }).await.unwrap());
    }
}

/// Asserts that everything reads as expected, through the ports.
async fn assert_reads(store: &DynamoStore<TestEnv>, expected: Expected) {
    let chat = chat_id();
    let snapshot = store.snapshot(&chat, Some(&user("carol")), Some(Seq(1))).await.unwrap();
    assert_eq!(snapshot.chat, Some(expected.chat));
    assert_eq!(snapshot.head, Some(expected.head));
    assert_eq!(snapshot.member.as_ref(), Some(&expected.members[2]));
    assert_eq!(snapshot.message.as_ref(), Some(&expected.messages[0]));
    assert_eq!(store.messages(&chat, Seq(1), Seq(9)).await.unwrap(), expected.messages);
    assert_eq!(store.pointers(&chat, Rev(1), Rev(9), at(0)).await.unwrap(), expected.pointers);
    assert_eq!(store.members(&chat).await.unwrap(), expected.members);
    assert_eq!(store.openings(at(0), at(9), 9).await.unwrap(), Some(expected.openings));
    let former = store.former_members(&chat, &users(&["alice", "frank"])).await.unwrap();
    assert_eq!(former, expected.former.into_iter().collect::<Vec<_>>());
    assert_eq!(store.former_readers(&chat, Seq(1), ReadingOrder::LeastFirst, 9).await.unwrap(), former);
    assert_eq!(store.tombstone_blocks(&chat, 0, 9).await.unwrap(), expected.older_tombstones);
    assert_eq!(store.older_own_deletions(&chat, &user("carol")).await.unwrap(), expected.older_own_deletions);
    assert_eq!(store.earlier_send(&send_id(), at(0)).await.unwrap(), Some(expected.send));
    let id = expected.upload.attachment.id.clone();
    assert_eq!(store.upload(&id, at(0)).await.unwrap(), Some(expected.upload));
    for user in expected.users {
        assert_eq!(store.user(&user.id).await.unwrap(), Some(user));
    }
    for (user, limits) in expected.limits {
        assert_eq!(store.limits(&user).await.unwrap(), limits, "{user}");
    }
    for (user, listed) in expected.listed {
        assert_eq!(store.listed_chats(&user).await.unwrap(), listed, "{user}");
    }
    if let Some(ExpectedBlocks { chat, head, member, list, limits }) = expected.blocks {
        let carol = user("carol");
        let snapshot = store.snapshot(&chat.id, Some(&carol), None).await.unwrap();
        assert_eq!((snapshot.chat, snapshot.head, snapshot.member), (Some(chat), Some(head), Some(member)));
        assert_eq!(store.blocks(&carol).await.unwrap(), list);
        assert_eq!(store.limits(&carol).await.unwrap(), limits);
        let (chat, head, members) =
            chat_of(ChatId::private(&carol, &user("erin")).as_str(), &users(&["erin", "carol"]), at(90));
        let created = store.create_chat(&chat, &head, &members, &LimitsChange::of(user("erin"))).await.unwrap();
        assert_eq!(created, Creation::Blocked { by_creator: false });
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/items")
}

/// The items in the files of a version, by table.
fn items_of(version: u64, table: &str) -> Vec<Value> {
    let path = folder().join(format!("v{version}/{table}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Sorts the sets in DynamoDB's JSON: they have no order.
fn sort_sets(json: &mut Value) {
    for (kind, value) in json.as_object_mut().into_iter().flatten() {
        match value.as_array_mut() {
            Some(set) if kind == "SS" => set.sort_by_key(Value::to_string),
            _ => sort_sets(value),
        }
    }
}

fn item_to_json(item: &Item) -> Value {
    let mut json = serde_json::to_value(serde_dynamo::Item::from(item.clone())).unwrap();
    sort_sets(&mut json);
    json
}

fn item_from_json(item: &Value) -> Item {
    serde_json::from_value::<serde_dynamo::Item>(item.clone()).unwrap().into()
}

#[tokio::test]
async fn items_of_every_version_are_read() {
    let mut folders: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    folders.sort();
    assert_eq!(folders, ["v0", "v1"], "each version has its own expectation below");
    for (version, expected) in [(0, version_0()), (NEWEST, newest())] {
        let own = OwnTables::new().await;
        for (name, table) in own.named() {
            for item in items_of(version, name) {
                assert_eq!(item.get("v"), (version > 0).then(|| json!({"N": version.to_string()})).as_ref(), "{item}");
                own.client.put_item().table_name(table).set_item(Some(item_from_json(&item))).send().await.unwrap();
            }
        }
        assert_reads(&own.store(), expected).await;
    }
}

/// Every kind of write gives its item the version. If this fails because an item is written in another shape, and the
/// version was released: the shape is a new version, which the release before must be able to read.
#[tokio::test]
async fn written_items_are_those_of_the_newest_version() {
    let own = OwnTables::new().await;
    write_all(&own.store()).await;
    assert_reads(&own.store(), newest()).await;
    for (name, table) in own.named() {
        let mut written: Vec<_> = own.items(table).await.iter().map(item_to_json).collect();
        written.sort_by_key(ToString::to_string);
        let mut expected = items_of(NEWEST, name);
        expected.sort_by_key(ToString::to_string);
        assert_eq!(written, expected, "{name}:\n{}", serde_json::to_string_pretty(&written).unwrap());
        for item in written {
            assert_eq!(item["v"], json!({"N": NEWEST.to_string()}), "{item}");
        }
    }
}

/// With connections in Redis, the first connection creates the user's item in another way.
#[tokio::test]
async fn first_connection_in_redis_writes_the_version() {
    let (client, tables, _) = crate::support::client_with_redis().await;
    let store = crate::support::store_with_redis().await.0;
    store.register(&user("versioned"), &connection("versioned", at(5)), &[], at(5)).await.unwrap();
    let call =
        client.get_item().table_name(&tables.chat_users).key("userId", AttributeValue::S("versioned".to_owned()));
    let item = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await.unwrap().item.unwrap();
    assert_eq!(item["v"], AttributeValue::N(NEWEST.to_string()));
}

/// Old items keep their version when an update changes them, and count their writes from then on.
#[tokio::test]
async fn old_items_are_changed_in_place() {
    let own = OwnTables::new().await;
    let store = own.store();
    for (name, table) in own.named() {
        for item in items_of(0, name) {
            own.client.put_item().table_name(table).set_item(Some(item_from_json(&item))).send().await.unwrap();
        }
    }
    let chat = chat_id();
    assert_eq!(store.mark_seen(&chat, &user("dave"), Seq(9), at(90)).await.unwrap(), SeenOutcome::Advanced);
    let (_, member) = store.position(&chat, &user("dave")).await.unwrap().unwrap();
    assert_eq!((member.read_seq, member.member_rev), (Seq(9), MemberRev(1)));
    let member = own
        .items(&own.tables.chat_members)
        .await
        .into_iter()
        .find(|item| item["userId"] == AttributeValue::S("dave".to_owned()));
    assert!(!member.unwrap().contains_key("v"));
}

/// A release that is older than an item says which item it cannot read, and does not guess.
#[tokio::test]
async fn item_of_a_later_version_is_refused() {
    let own = OwnTables::new().await;
    let mut head = items_of(NEWEST, "Messages").into_iter().find(|item| item["seq"] == json!({"N": "0"})).unwrap();
    head["v"] = json!({"N": (NEWEST + 1).to_string()});
    own.client.put_item().table_name(&own.tables.messages).set_item(Some(item_from_json(&head))).send().await.unwrap();
    let error = own.store().snapshot(&chat_id(), None, None).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Inconsistent { table: "Messages", key, attribute }
        if key == &format!("chatId={CHAT} seq=0") && attribute.contains("`v`")),
        "{error}"
    );
}
