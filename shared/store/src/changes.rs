//! Changes of existing messages, groups and members: the transaction that commits a change, and the change pointers.

use crate::DynamoStore;
use crate::blocks::blocks_condition;
use crate::chats::{member_key, message_key};
use crate::deletions::set_recent;
use crate::items::{
    ChatItem, MemberItem, MessageItem, PointerItem, SeqSetItem, SpendingUpdate, n, pointer_seq, to_item, to_value,
};
use crate::messages;
use crate::query::query_all;
use crate::queue::SetQueue;
use crate::transaction::{conflict, put, update};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use domain::change::{Change, ChangeKind, Pointer};
use domain::deletions::DeletionRecord;
use domain::ids::{ChatId, Rev, Seq};
use domain::ports::{ChangeOutcome, CommitChanges, Env, ReadChanges, StoreError};
use domain::timestamp::Timestamp;

impl<E: Env, C: Sync> CommitChanges for DynamoStore<E, C> {
    async fn commit_change(&self, change: &Change) -> Result<ChangeOutcome, StoreError> {
        let mut items = vec![self.update_head(change)?, self.put_pointer(change)?];
        items.extend(self.changed_items(change)?);
        items.extend(self.update_caller(change)?);
        // A message or a chat document, which is the third item, and a pointer change only together with the head.
        let with_head = match change.what {
            ChangeKind::Message { .. } | ChangeKind::Chat { .. } => 3,
            ChangeKind::Cleared(_) => 2,
        };
        Ok(match self.transact(items).await? {
            None => ChangeOutcome::Committed,
            Some(reasons) => ChangeOutcome::Conflict(conflict(reasons, with_head)?),
        })
    }
}

/// The condition that a message still has the rev that was read. A message without `rev` never changed.
fn rev_condition(before: Rev) -> &'static str {
    match before {
        Rev(0) => "rev = :before OR (attribute_exists(chatId) AND attribute_not_exists(rev))",
        _ => "rev = :before",
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    fn update_head(&self, change: &Change) -> Result<TransactWriteItem, StoreError> {
        let (before, after) = (&change.head, change.head_after());
        let mut sets = vec!["lastRev = :rev, lastRevOf = :of, lastRevAt = :at".to_owned()];
        let mut condition = format!("lastRev = :last AND membersRev = :members AND {}", blocks_condition(before));
        let mut head = Update::builder()
            .table_name(&self.tables.messages)
            .set_key(Some(message_key(&change.chat, Seq(0))))
            .expression_attribute_values(":rev", n(after.last_rev.0))
            .expression_attribute_values(":of", n(change.of()))
            .expression_attribute_values(":at", n(change.at.millis()))
            .expression_attribute_values(":last", n(before.last_rev.0))
            .expression_attribute_values(":members", n(before.members_rev.0))
            .expression_attribute_values(":blocks", n(before.blocks));
        if let ChangeKind::Chat { joined, left, .. } = &change.what {
            sets.push("membersRev = :rev, activeAt = :at, participantCount = :count".to_owned());
            head = head.expression_attribute_values(":count", n(after.participant_count));
            if !joined.is_empty() {
                condition.push_str(" AND lastSeq = :seq");
                head = head.expression_attribute_values(":seq", n(before.last_seq));
            }
            if let (Some(_), Some(read)) = (left, after.past_read_seq) {
                sets.push("pastReadSeq = :past".to_owned());
                head = head.expression_attribute_values(":past", n(read));
            }
        }
        if let Some(DeletionRecord::Tombstone { recent, .. }) = change.what.deletion() {
            head = set_recent(head, "Messages", &mut sets, "tombstones", recent)?;
        }
        let SetQueue { set, removal, values } = SetQueue::new(change.queue);
        for (placeholder, value) in values {
            head = head.expression_attribute_values(placeholder, value);
        }
        // The head is returned if it has changed.
        messages::update(
            head.update_expression(format!("SET {}{set}{removal}", sets.join(", "))).condition_expression(condition),
        )
    }

    fn put_pointer(&self, change: &Change) -> Result<TransactWriteItem, StoreError> {
        put(Put::builder()
            .table_name(&self.tables.messages)
            .set_item(Some(to_item("Messages", &PointerItem::new(change))?))
            .condition_expression("attribute_not_exists(chatId)"))
    }

    /// The member item of the caller: what the change takes from their change budget, their new floor if they clear the
    /// chat, and a message that they delete for themselves. None if there is neither.
    fn update_caller(
        &self,
        Change { chat, what, spending, only_for, .. }: &Change,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let cleared = if let ChangeKind::Cleared(member) = what { Some(member) } else { None };
        let own_deletion = match what.deletion() {
            Some(DeletionRecord::Own { before, recent, .. }) => Some((before, recent)),
            Some(DeletionRecord::Tombstone { .. }) | None => None,
        };
        let spender = spending.as_ref().map(|(user, _)| user);
        let only_for = only_for.as_ref().filter(|_| own_deletion.is_some() || cleared.is_some());
        let Some(user) = spender.or(only_for) else { return Ok(None) };
        let mut member = Update::builder()
            .table_name(&self.tables.chat_members)
            .set_key(Some(member_key(chat, user)))
            .expression_attribute_values(":one", n(1));
        let (mut sets, mut conditions) = (Vec::new(), vec!["attribute_exists(userId)".to_owned()]);
        let mut removal = "";
        if let Some((_, spending)) = spending {
            let update = SpendingUpdate::new("ChatMembers", "changeBudget", *spending)?;
            sets.push(update.set);
            conditions.push(update.condition);
            for (placeholder, value) in update.values {
                member = member.expression_attribute_values(placeholder, value);
            }
        }
        if let Some(cleared) = cleared {
            sets.push("clearedSeq = :seq".to_owned());
            removal = " REMOVE markedUnread";
            member = member.expression_attribute_values(":seq", n(cleared.cleared_seq));
        }
        if let Some((before, recent)) = own_deletion {
            if before.seqs.is_empty() {
                conditions.push("attribute_not_exists(ownDeletions)".to_owned());
            } else {
                conditions.push("ownDeletions = :ownDeletionsBefore".to_owned());
                let seqs = to_value("ChatMembers", &SeqSetItem(before.seqs.clone()))?;
                member = member.expression_attribute_values(":ownDeletionsBefore", seqs);
            }
            member = set_recent(member, "ChatMembers", &mut sets, "ownDeletions", recent)?;
        }
        let sets = format!("SET {}{removal} ADD memberRev :one", sets.join(", "));
        update(member.update_expression(sets).condition_expression(conditions.join(" AND "))).map(Some)
    }

    fn changed_items(
        &self,
        Change { chat, what, only_for, .. }: &Change,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        match what {
            ChangeKind::Message { after, before, deletion } => {
                let message = Put::builder()
                    .table_name(&self.tables.messages)
                    .set_item(Some(to_item("Messages", &MessageItem::from(after))?))
                    .condition_expression(rev_condition(*before))
                    .expression_attribute_values(":before", n(before.0));
                let mut items = vec![put(message)?];
                if let Some(deletion) = deletion {
                    items.extend(self.older_deletion_items(chat, only_for.as_ref(), deletion)?);
                }
                Ok(items)
            }
            ChangeKind::Chat { after, before, joined, left, limits, upload, closed_chat_of } => {
                let document = Put::builder()
                    .table_name(&self.tables.chats)
                    .set_item(Some(to_item("Chats", &ChatItem::from(after))?))
                    .condition_expression("membersRev = :before")
                    .expression_attribute_values(":before", n(before.0));
                let mut items = vec![put(document)?];
                for member in joined {
                    let member = Put::builder()
                        .table_name(&self.tables.chat_members)
                        .set_item(Some(to_item("ChatMembers", &MemberItem::new(chat, member))?))
                        .condition_expression("attribute_not_exists(userId)");
                    items.push(put(member)?);
                }
                if let Some(left) = left {
                    items.extend(self.departure_items(chat, left)?);
                }
                if let Some(limits) = limits {
                    items.push(self.limits_item(limits)?);
                }
                if let Some((id, until)) = upload {
                    items.push(self.mark_upload_sent(id, *until, Seq(0))?);
                }
                if let Some(creator) = closed_chat_of {
                    items.push(self.closed_chat_item(creator)?);
                }
                Ok(items)
            }
            // The floor is in the item of the caller, with their budget.
            ChangeKind::Cleared(_) => Ok(Vec::new()),
        }
    }
}

impl<E: Env, C: Sync> ReadChanges for DynamoStore<E, C> {
    async fn pointers(&self, chat: &ChatId, from: Rev, to: Rev, now: Timestamp) -> Result<Vec<Pointer>, StoreError> {
        // A higher rev has a lower seq, so the query goes backwards.
        let query = self.query_log(chat, pointer_seq(to), pointer_seq(from)).scan_index_forward(false);
        let items = query_all::<PointerItem, PointerItem>("Messages", query).await?;
        Ok(items.into_iter().filter(|item| item.is_remembered(now)).map(Pointer::from).collect())
    }
}
