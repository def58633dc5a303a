//! The contract that every store must keep, as cases that run on any of them. Each case makes chats and users of
//! its own, so that they can share one store. [`contract_suite!`](crate::contract_suite) makes a test of each.

mod changes;
mod chats;
mod messages;
mod rushes;
mod uploads;
mod users;

pub use changes::*;
pub use chats::*;
pub use messages::*;
pub use rushes::*;
pub use uploads::*;
pub use users::*;

use crate::TestEnv;
use crate::fixtures::{chat_of, text, user};
use domain::chat::{Chat, Head};
use domain::content::MessageType;
use domain::ids::{ChatId, ClientMessageId, Rev, SendId, UserId};
use domain::member::{Budget, Member};
use domain::message::{Body, LiveBody, Message};
use domain::ports::{
    CommitChanges, CommitMessages, CreateChats, CreateUploads, Creation, MarkSeen, MessageCommit, ReadChanges,
    ReadChats, ReadInbox, ReadMessages, ReadUploads, Registry, SendRecord, UserStore,
};
use domain::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// Everything that a store of this product does.
pub trait Store:
    ReadChats
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
{
}
impl<T> Store for T where
    T: ReadChats
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
{
}

/// Makes a test of every case, on the store that the expression makes (it may await).
#[macro_export]
macro_rules! contract_suite {
    ($store:expr) => {
        $crate::contract_suite!($store =>
            a_chat_is_read_back, a_group_of_ninety_is_made_at_once, a_second_creation_changes_nothing, absence_is_none,
            a_commit_is_read_back, a_commit_on_a_moved_head_changes_nothing, a_commit_on_a_spent_budget_changes_nothing,
            a_commit_on_changed_members_changes_nothing, a_commit_of_a_stranger_changes_nothing,
            a_repeat_finds_what_was_sent, a_send_is_forgotten_when_its_time_is_over, a_long_log_is_read_in_order,
            a_read_position_only_moves_forward, connections_come_and_go, one_device_is_the_first_and_one_is_the_last,
            a_connection_that_was_removed_is_not_noted_again, many_users_are_looked_up_at_once,
            changed_messages_are_read_back, a_change_on_what_has_moved_changes_nothing,
            a_group_changes_with_its_members, ninety_join_at_once, a_floor_is_moved, pointers_end_with_their_time,
            an_inbox_is_read, an_upload_is_read_until_its_time_is_over,
            an_upload_is_sent_once, what_a_message_carries_is_read_back, a_user_keeps_a_nickname_and_mutes,
            fifty_senders_at_once, one_message_sent_ten_times_at_once, one_private_chat_created_ten_times_at_once,
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
    assert_eq!(store.create_chat(&chat, &head, &members).await.unwrap(), Creation::Created);
    chat
}

/// The commit of the message after `head`.
pub(crate) fn commit(
    chat: &ChatId,
    sender: &str,
    head: Head,
    before: Option<Budget>,
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
        head,
        budget_before: before,
        budget_after: Budget { millis: 41_500, at: created_at },
        send: client.map(|client| SendRecord {
            id: SendId::new(chat, &user(sender), &client),
            body_hash: "the hash".to_owned(),
            expires_at: created_at.plus(Duration::from_secs(60)),
        }),
        upload: None,
    }
}

pub(crate) async fn head_and_member(store: &impl Store, chat: &ChatId, who: &str) -> (Head, Member) {
    store.position(chat, &user(who)).await.unwrap().expect("a participant")
}
