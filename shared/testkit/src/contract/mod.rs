//! The contract that every store must keep, as cases that run on any store. Each case creates its own chats and users,
//! so that the cases can share one store. [`contract_suite!`](crate::contract_suite) generates one test per case.

mod blocks;
mod changes;
mod chats;
mod deletions;
mod former_members;
mod limits;
mod members;
mod messages;
mod queue;
mod rushes;
mod settings;
mod uploads;
mod users;

pub use blocks::*;
pub use changes::*;
pub use chats::*;
pub use deletions::*;
pub use former_members::*;
pub use limits::*;
pub use members::*;
pub use messages::*;
pub use queue::*;
pub use rushes::*;
pub use settings::*;
pub use uploads::*;
pub use users::*;

use crate::TestEnv;
use crate::fixtures::{chat_of, text, user};
use domain::budget::{Budget, Spending};
use domain::chat::{Chat, Head};
use domain::content::MessageType;
use domain::ids::{ChatId, ClientMessageId, Rev, SendId, UserId};
use domain::member::Member;
use domain::message::{Body, LiveBody, Message};
use domain::ports::{
    BlockStore, CommitChanges, CommitMessages, CommitSettings, Conflict, CountMemberships, CreateChats, CreateUploads,
    Creation, FindBlockers, FindMembers, LimitsStore, ListBlocks, MarkSeen, MessageCommit, PageMembers, ReadChanges,
    ReadChats, ReadDeletions, ReadFormerMembers, ReadInbox, ReadListedChats, ReadMessages, ReadUploads, Registry,
    SendRecord, UserStore,
};
use domain::timestamp::Timestamp;
use domain::user_limits::LimitsChange;
use std::collections::BTreeSet;
use std::time::Duration;

/// All storage ports.
pub trait Store:
    ReadChats
    + ReadFormerMembers
    + ReadDeletions
    + CreateChats
    + CommitMessages
    + CommitChanges
    + ReadMessages
    + ReadChanges
    + ReadInbox
    + MarkSeen
    + Registry
    + UserStore
    + CreateUploads
    + ReadUploads
    + LimitsStore
    + CountMemberships
    + FindMembers
    + PageMembers
    + ReadListedChats
    + CommitSettings
    + BlockStore
    + FindBlockers
    + ListBlocks
{
}
impl<T> Store for T where
    T: ReadChats
        + ReadFormerMembers
        + ReadDeletions
        + CreateChats
        + CommitMessages
        + CommitChanges
        + ReadMessages
        + ReadChanges
        + ReadInbox
        + MarkSeen
        + Registry
        + UserStore
        + CreateUploads
        + ReadUploads
        + LimitsStore
        + CountMemberships
        + FindMembers
        + PageMembers
        + ReadListedChats
        + CommitSettings
        + BlockStore
        + FindBlockers
        + ListBlocks
{
}

/// Generates one test per case. The expression creates the store; it may await.
#[macro_export]
macro_rules! contract_suite {
    ($store:expr) => {
        $crate::contract_suite!($store =>
            chat_is_read_back, group_of_ninety_is_created_at_once, second_creation_changes_nothing,
            missing_items_are_none, commit_is_read_back, commit_on_an_outdated_head_is_refused,
            commit_on_an_outdated_budget_is_refused, commit_on_outdated_members_is_refused,
            commit_of_a_non_member_is_refused, reply_on_an_outdated_rev_is_refused, repeated_send_returns_the_first_one, send_records_expire,
            long_log_is_read_in_order, read_position_only_moves_forward, connections_are_added_and_removed, connections_are_limited,
            openings_are_read_by_time,
            exactly_one_device_is_first_and_one_is_last, removed_connection_is_not_registered_again,
            many_users_are_read_at_once, changed_messages_are_read_back, conflicting_change_is_refused,
            group_and_its_members_change_together, member_items_count_their_writes, ninety_participants_are_added_at_once, cleared_seq_moves_forward,
            former_members_are_kept, former_members_are_found_by_what_they_read, former_members_are_not_in_the_inbox,
            pointers_expire, tombstones_are_read_back, own_deletions_are_read_back, inbox_is_read, uploads_expire, upload_is_sent_once, upload_becomes_an_avatar_once, attachment_of_a_message_is_read_back,
            nickname_is_stored, settings_are_stored_with_their_list, outdated_settings_are_refused, marks_are_taken_back, leaving_unlists_the_chat, second_push_is_claimed_once, limits_are_spent_once,
            open_chats_are_counted, change_budget_is_spent_with_the_change, people_are_paid_for_with_the_change, memberships_are_counted, fifty_concurrent_sends_are_stored,
            block_in_a_chat_refuses_commits, block_without_a_chat_refuses_the_creation, blocks_are_listed_and_found,
            blocks_are_counted_and_paid_for, nothing_is_stored_after_a_block,
            concurrent_repeats_of_a_send_are_stored_once, concurrent_creations_of_a_private_chat_create_one,
            members_are_found_by_id, members_are_read_page_by_page,
            tickets_are_handed_out_in_order, commits_write_the_queue_into_the_head,
            turn_is_passed_on_and_never_goes_back,
        );
    };
    ($store:expr => $($case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let store = $store;
            $crate::contract::$case(store).await;
        }
    )+};
}

pub(crate) const START: Timestamp = TestEnv::START;

pub(crate) async fn create(store: &impl Store, id: &str, participants: &[UserId]) -> Chat {
    let (chat, head, members) = chat_of(id, participants, START);
    assert_eq!(store.create_chat(&chat, &head, &members, &no_limits(&chat)).await.unwrap(), Creation::Created);
    chat
}

/// The commit of the next message after `head`. `budget_before` is the sender's budget, `name` the client message id.
pub fn commit(
    chat: &ChatId,
    sender: &str,
    head: &Head,
    budget_before: Option<Budget>,
    name: Option<&str>,
) -> MessageCommit {
    let client = name.map(|name| ClientMessageId::parse(name).unwrap());
    let created_at = START.plus(Duration::from_millis(1500));
    MessageCommit {
        message: Message {
            chat: chat.clone(),
            seq: head.last_seq.next(),
            sender: user(sender),
            kind: MessageType::Text,
            created_at,
            client_message_id: client.clone(),
            deleted_for: BTreeSet::new(),
            rev: Rev(0),
            public_rev: Rev(0),
            body: Body::Live(LiveBody::new(text("Hello \u{1F44B} \"you\"\n"))),
        },
        head: head.clone(),
        spending: Spending { before: budget_before, after: Budget { millis: 41_500, at: created_at } },
        send: client.map(|client| SendRecord {
            id: SendId::new(chat, &user(sender), &client),
            body_hash: "the hash".to_owned(),
            expires_at: created_at.plus(Duration::from_secs(60)),
        }),
        upload: None,
        queue: None,
    }
}

/// A change of the creator's limits that takes nothing.
pub(crate) fn no_limits(chat: &Chat) -> LimitsChange {
    LimitsChange::of(chat.created_by.clone())
}

/// The conflict with the head that the chat has now.
pub(crate) async fn head_changed(store: &impl Store, chat: &ChatId) -> Conflict {
    Conflict::HeadChanged(store.head(chat).await.unwrap().expect("a head"))
}

pub(crate) async fn head_and_member(store: &impl Store, chat: &ChatId, who: &str) -> (Head, Member) {
    store.position(chat, &user(who)).await.unwrap().expect("a participant")
}
