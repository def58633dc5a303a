//! The domain's storage ports on DynamoDB.
//!
//! # Keys
//!
//! | table | key | items |
//! | --- | --- | --- |
//! | Chats | chatId | the Chat document |
//! | Messages | chatId, seq | seq 0: the head of the chat's log; seq >= 1: one Message; seq = -rev: a change pointer, for 30 days; seq = -(10^15 + n): the n-th block of older tombstones; seq = -2 * 10^15: who blocks whom of two users without a private chat; seq = -3 * 10^15: the last ticket of the chat's queue, for a day |
//! | ChatMembers | chatId, userId; index byUser (userId, chatId) | the state of one participant: read position, settings, budget. The index has the settings. With `ownDeletions:<chatId>` as chatId, a participant's older deletions for themselves |
//! | ChatMembers | past:chatId, userId; index byUser, local index pastByReadSeq (past:chatId, pastReadSeq) | the periods of one former member |
//! | Sends | sendId | the record of one send with a client message id, for 30 days |
//! | Uploads | attachmentId | the declaration of an upload, for a day; after the send, with the seq of its message, for 30 days |
//! | UserLimits | userId | what the user has used of their limits on new chats, added people and declared bytes, how many open chats they have created, and how many users they block |
//! | UserItems | userId, item | item `chats`: the chats that the user muted or pinned; `block:<userId>`: a user whom the user blocks |
//! | UserItems | `opened <n>`, item | with `<time>:<userId>` as item: a user opened a connection in the n-th ten minutes since 1970 |
//! | ChatUsers | userId | the ChatUser document, with the user's live connections unless they are in another store |
//!
//! # Access patterns
//!
//! | port | call |
//! | --- | --- |
//! | [`snapshot`](domain::ports::ReadChats::snapshot) | BatchGetItem: chat (eventual); head, member and one message if asked for (strong) |
//! | [`position`](domain::ports::ReadChats::position) | BatchGetItem: head and member (strong) |
//! | [`chat`](domain::ports::ReadChats::chat) | GetItem Chats |
//! | [`members`](domain::ports::ReadChats::members) | Query ChatMembers (strong) |
//! | [`past`](domain::ports::ReadFormerMembers::former_members) | BatchGetItem ChatMembers |
//! | [`former_readers`](domain::ports::ReadFormerMembers::former_readers) | Query pastByReadSeq (strong) |
//! | [`members_among`](domain::ports::FindMembers::members_among) | BatchGetItem ChatMembers (strong) |
//! | [`members_after`](domain::ports::PageMembers::members_after) | Query ChatMembers, one page (strong) |
//! | [`create_chat`](domain::ports::CreateChats::create_chat) | TransactWriteItems: chat (must be new), head, members, limits of the creator; for a private chat, that neither of the two blocks the other |
//! | [`commit_message`](domain::ports::CommitMessages::commit_message) | TransactWriteItems: head, message, member, send, upload |
//! | [`take_ticket`](domain::ports::WriteQueue::take_ticket) | UpdateItem Messages |
//! | [`pass_on`](domain::ports::WriteQueue::pass_on) | UpdateItem Messages: the head, if its served ticket is lower |
//! | [`head`](domain::ports::WriteQueue::head) | BatchGetItem Messages (strong) |
//! | [`earlier_send`](domain::ports::CommitMessages::earlier_send) | GetItem Sends (strong) |
//! | [`claim_second_push`](domain::ports::CommitMessages::claim_second_push) | UpdateItem Sends |
//! | [`LimitsStore`](domain::ports::LimitsStore) | GetItem (strong) and UpdateItem UserLimits |
//! | [`membership_count`](domain::ports::CountMemberships::membership_count) | Query byUser, counts only |
//! | [`blocks`](domain::ports::ListBlocks::blocks) | Query UserItems (strong) |
//! | [`is_blocked_by_any`](domain::ports::FindBlockers::is_blocked_by_any) | BatchGetItem UserItems (eventual) |
//! | [`block`](domain::ports::BlockStore::block) | GetItem UserItems (strong) |
//! | [`change_block`](domain::ports::BlockStore::change_block) | TransactWriteItems: block, limits of who blocks, and one of: head, member and chat; the block of the pair, and that it has no chat |
//! | [`create_upload`](domain::ports::CreateUploads::create_upload) | PutItem Uploads |
//! | [`upload`](domain::ports::ReadUploads::upload) | GetItem Uploads (strong) |
//! | [`message`](domain::ports::ReadMessages::message) | GetItem Messages (strong) |
//! | [`messages`](domain::ports::ReadMessages::messages) | Query Messages between two seqs (strong) |
//! | [`messages_at`](domain::ports::ReadMessages::messages_at) | BatchGetItem Messages (strong) |
//! | [`commit_change`](domain::ports::CommitChanges::commit_change) | TransactWriteItems: head, pointer, the caller's change budget, and one of: the message, with what unread counts need of a deletion; the chat with its members, the former member and, if it closes, the limits of its creator, and if somebody leaves who muted or pinned it, their muted and pinned chats; the caller's cleared seq |
//! | [`tombstone_blocks`](domain::ports::ReadDeletions::tombstone_blocks) | Query Messages between two negative seqs (strong) |
//! | [`older_own_deletions`](domain::ports::ReadDeletions::older_own_deletions) | GetItem ChatMembers (strong) |
//! | [`pointers`](domain::ports::ReadChanges::pointers) | Query Messages between two negative seqs (strong) |
//! | [`chats_of`](domain::ports::ReadInbox::chats_of) | Query byUser (eventual, as every index is) |
//! | [`indexed_chats`](domain::ports::ReadInbox::indexed_chats) | the same |
//! | [`heads`](domain::ports::ReadInbox::heads) | BatchGetItem Messages |
//! | [`memberships`](domain::ports::ReadInbox::memberships) | BatchGetItem ChatMembers |
//! | [`chats`](domain::ports::ReadInbox::chats) | BatchGetItem Chats (eventual) |
//! | [`UserStore`](domain::ports::UserStore) | GetItem (strong), BatchGetItem (eventual) and UpdateItem ChatUsers |
//! | [`mark_seen`](domain::ports::MarkSeen::mark_seen) | UpdateItem ChatMembers, if the stored position is lower |
//! | [`unmark`](domain::ports::MarkSeen::unmark) | UpdateItem ChatMembers, if it is marked as unread |
//! | [`listed_chats`](domain::ports::ReadListedChats::listed_chats) | GetItem UserItems (strong) |
//! | [`commit_settings`](domain::ports::CommitSettings::commit_settings) | TransactWriteItems: member, and the user's muted and pinned chats if they change |
//! | [`log_opening`](domain::ports::Registry::log_opening) | PutItem UserItems |
//! | [`openings`](domain::ports::Registry::openings) | Query UserItems, for each ten minutes (strong) |
//! | [`Registry`](domain::ports::Registry), the rest | UpdateItem ChatUsers; BatchGetItem ChatUsers (eventual); if connections are in another store, only an UpdateItem for the first connection and after the last |
//!
//! No call is a Scan. Every call asks DynamoDB for its consumed capacity, so that tests can check budgets.

mod batch_get;
mod blocks;
mod capacity;
mod changes;
mod chats;
mod deletions;
mod errors;
mod former_members;
mod get_item;
mod inbox;
mod items;
mod limits;
mod members;
mod messages;
mod openings;
mod query;
mod queue;
mod registry;
mod settings;
mod transaction;
mod uploads;
mod users;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use capacity::Meter;
use std::convert::Infallible;

/// The names of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNames {
    /// The Chats table.
    pub chats: String,
    /// Messages, heads of logs and change pointers.
    pub messages: String,
    /// The state of each participant.
    pub chat_members: String,
    /// The records of sends with a client message id.
    pub sends: String,
    /// Declared uploads.
    pub uploads: String,
    /// Users and their live connections.
    pub chat_users: String,
    /// What users have made so far.
    pub user_limits: String,
    /// Further items of users.
    pub user_items: String,
}

/// The storage ports on DynamoDB. Live connections are in the ChatUsers table, or in `C` if there is one.
#[derive(Debug)]
pub struct DynamoStore<E, C = Infallible> {
    client: Client,
    tables: TableNames,
    env: E,
    connections: Option<C>,
}

impl<E> DynamoStore<E> {
    /// Creates a store with this client.
    pub fn with_client(client: Client, tables: TableNames, env: E) -> Self {
        Self { client, tables, env, connections: None }
    }
}

impl<E, C> DynamoStore<E, C> {
    /// Creates a store on these tables. `endpoint` replaces the region's own. `connections` holds the live connections;
    /// None keeps them in the ChatUsers table.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, tables: TableNames, connections: Option<C>, env: E) -> Self {
        let mut builder = Builder::from(config).interceptor(Meter);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), tables, env, connections }
    }

    /// Returns this store with its live connections in `connections`.
    pub fn with_connections_in<D>(self, connections: D) -> DynamoStore<E, D> {
        let Self { client, tables, env, connections: _ } = self;
        DynamoStore { client, tables, env, connections: Some(connections) }
    }
}
