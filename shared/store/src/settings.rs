//! Members' views of their chats: the settings in the member items, and the list of a user's muted and pinned chats in
//! the UserItems table.

use crate::DynamoStore;
use crate::chats::member_key;
use crate::items::{Item, LISTED_CHATS, ListedChatsItem, SettingsItem, n, s, to_item};
use crate::registry::user_key;
use crate::transaction::{put, update};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use domain::ids::{ChatId, MemberRev, UserId};
use domain::member_settings::ListedChats;
use domain::ports::{CommitSettings, Consistency, Env, ReadListedChats, SettingsCommit, StoreError};

impl<E: Env, C: Sync> ReadListedChats for DynamoStore<E, C> {
    async fn listed_chats(&self, user: &UserId) -> Result<ListedChats, StoreError> {
        let (table, key) = (&self.tables.user_items, listed_chats_key(user));
        let item = self.get::<ListedChatsItem>("UserItems", table, key, Consistency::Strong).await?;
        Ok(item.map(ListedChats::from).unwrap_or_default())
    }
}

impl<E: Env, C: Sync> CommitSettings for DynamoStore<E, C> {
    async fn commit_settings(&self, commit: &SettingsCommit) -> Result<bool, StoreError> {
        let mut items = vec![self.update_settings(commit)?];
        if let Some(listed) = &commit.listed {
            items.push(self.put_listed_chats(&commit.after.user, listed)?);
        }
        self.commit(items).await
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    fn update_settings(&self, commit: &SettingsCommit) -> Result<TransactWriteItem, StoreError> {
        let SettingsCommit { chat, before, after, .. } = commit;
        let (mut sets, mut removals) = (vec!["memberRev = :next"], Vec::new());
        let mut member = Update::builder()
            .table_name(&self.tables.chat_members)
            .set_key(Some(member_key(chat, &after.user)))
            .expression_attribute_values(":next", n(after.member_rev.0))
            .expression_attribute_values(":joined", n(before.joined_at.millis()));
        // Who left and joined again has another item.
        let mut condition = "joinedAt = :joined AND ".to_owned();
        if before.member_rev == MemberRev(0) {
            condition.push_str("attribute_not_exists(memberRev)");
        } else {
            condition.push_str("memberRev = :rev");
            member = member.expression_attribute_values(":rev", n(before.member_rev.0));
        }
        if after.settings != before.settings {
            match SettingsItem::value(&after.settings)? {
                Some(value) => {
                    sets.push("settings = :settings");
                    member = member.expression_attribute_values(":settings", value);
                }
                None => removals.push("settings"),
            }
        }
        match (before.is_marked_unread, after.is_marked_unread) {
            (false, true) => {
                sets.push("markedUnread = :true");
                member = member.expression_attribute_values(":true", AttributeValue::Bool(true));
            }
            (true, false) => removals.push("markedUnread"),
            (false, false) | (true, true) => {}
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if !removals.is_empty() {
            expression.push_str(&format!(" REMOVE {}", removals.join(", ")));
        }
        update(member.update_expression(expression).condition_expression(condition))
    }

    fn put_listed_chats(&self, user: &UserId, listed: &ListedChats) -> Result<TransactWriteItem, StoreError> {
        let chats = Put::builder()
            .table_name(&self.tables.user_items)
            .set_item(Some(to_item("UserItems", &ListedChatsItem::new(user, listed))?));
        put(match listed.rev.saturating_sub(1) {
            0 => chats.condition_expression("attribute_not_exists(userId)"),
            before => chats.condition_expression("rev = :rev").expression_attribute_values(":rev", n(before)),
        })
    }

    /// A member who leaves no longer lists the chat as muted or pinned. The item exists, since the member's settings say
    /// that the chat is in it.
    pub(crate) fn unlist_chat(&self, chat: &ChatId, user: &UserId) -> Result<TransactWriteItem, StoreError> {
        let chats = Update::builder()
            .table_name(&self.tables.user_items)
            .set_key(Some(listed_chats_key(user)))
            .update_expression("REMOVE mutedChats.#chat ADD rev :one DELETE pinnedChats :chats")
            .condition_expression("attribute_exists(userId)")
            .expression_attribute_names("#chat", chat.as_str())
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":chats", AttributeValue::Ss(vec![chat.to_string()]));
        update(chats)
    }
}

fn listed_chats_key(user: &UserId) -> Item {
    let mut key = user_key(user);
    key.insert("item".to_owned(), s(LISTED_CHATS));
    key
}
