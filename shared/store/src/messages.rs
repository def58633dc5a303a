//! Messages: the transaction that commits one, and the reads.

use crate::DynamoStore;
use crate::blocks::blocks_condition;
use crate::chats::{member_key, message_key};
use crate::errors::failed;
use crate::items::{Item, MessageItem, SendItem, SpendingUpdate, StoredMessage, from_item, n, s, to_item};
use crate::query::query_all;
use crate::queue::SetQueue;
use crate::registry::if_condition_holds;
use crate::transaction::{self, CancellationReason, TRANSACTION, canceled, conflict, is_conflict};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::ids::{AttachmentId, ChatId, MessageId, SendId, Seq};
use domain::message::Message;
use domain::ports::{
    CommitMessages, CommitOutcome, Consistency, Env, MessageCommit, PreviousSend, ReadMessages, SendRecord, StoreError,
};
use domain::timestamp::Timestamp;

impl<E: Env, C: Sync> CommitMessages for DynamoStore<E, C> {
    async fn earlier_send(&self, id: &SendId, now: Timestamp) -> Result<Option<PreviousSend>, StoreError> {
        let key = Item::from([("sendId".to_owned(), s(id.as_str()))]);
        let item = self.get::<SendItem>("Sends", &self.tables.sends, key, Consistency::Strong).await?;
        Ok(item.filter(|item| item.is_remembered(now)).map(PreviousSend::from))
    }

    async fn claim_second_push(&self, id: &SendId) -> Result<bool, StoreError> {
        let call = self
            .client
            .update_item()
            .table_name(&self.tables.sends)
            .key("sendId", s(id.as_str()))
            .update_expression("SET pushedAgain = :true")
            .condition_expression("attribute_exists(sendId) AND attribute_not_exists(pushedAgain)")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        Ok(if_condition_holds(call.send().await)?.is_some())
    }

    async fn commit_message(&self, commit: &MessageCommit) -> Result<CommitOutcome, StoreError> {
        let mut items = vec![self.advance_head(commit)?, self.put_message(commit)?, self.update_member(commit)?];
        if let Some(send) = &commit.send {
            items.push(self.put_send(send, &commit.message)?);
        }
        if let Some((id, until)) = &commit.upload {
            items.push(self.mark_upload_sent(id, *until, commit.message.seq)?);
        }
        let call = self.client.transact_write_items().set_transact_items(Some(items));
        match call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await {
            Ok(_) => Ok(CommitOutcome::Committed),
            Err(error) => match canceled(&error) {
                Some(reasons) => outcome(commit.send.is_some(), reasons)?.ok_or_else(|| failed(TRANSACTION, error)),
                None => Err(failed(TRANSACTION, error)),
            },
        }
    }
}

/// Maps the reasons of a cancelled transaction to an outcome. The order is: head, message, member, the send if
/// `has_send`, the upload if there is one. None if other errors than failed conditions and conflicts are among the
/// reasons.
fn outcome(has_send: bool, reasons: Vec<CancellationReason>) -> Result<Option<CommitOutcome>, StoreError> {
    let send = reasons.get(3).filter(|reason| has_send && reason.is_condition());
    if let Some(item) = send.and_then(|reason| reason.item.clone()) {
        return Ok(Some(CommitOutcome::Repeated(from_item::<SendItem>("Sends", item)?.into())));
    }
    if reasons.get(2).is_some_and(|reason| reason.is_condition() && reason.item.is_none()) {
        return Ok(Some(CommitOutcome::NotAMember));
    }
    if !is_conflict(&reasons) {
        return Ok(None);
    }
    // If the head has moved, there is a message with this seq.
    conflict(reasons, 2).map(|conflict| Some(CommitOutcome::Conflict(conflict)))
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    fn advance_head(&self, commit: &MessageCommit) -> Result<TransactWriteItem, StoreError> {
        let MessageCommit { message, head, queue, .. } = commit;
        let SetQueue { set, removal, values } = SetQueue::new(*queue);
        let rev_condition = if commit.is_reply() { " AND lastRev = :rev" } else { "" };
        let mut item = Update::builder()
            .table_name(&self.tables.messages)
            .set_key(Some(message_key(&message.chat, Seq(0))))
            .update_expression(format!("SET lastSeq = :next, lastMessageId = :id, lastMessageAt = :at{set}{removal}"))
            .condition_expression(format!(
                "lastSeq = :last AND membersRev = :members{rev_condition} AND {}",
                blocks_condition(head)
            ))
            .expression_attribute_values(":blocks", n(head.blocks))
            .expression_attribute_values(":last", n(head.last_seq))
            .expression_attribute_values(":members", n(head.members_rev.0))
            .expression_attribute_values(":next", n(message.seq))
            .expression_attribute_values(":id", s(MessageId::new(&message.chat, message.seq).as_str()))
            .expression_attribute_values(":at", n(message.created_at.millis()));
        for (placeholder, value) in values {
            item = item.expression_attribute_values(placeholder, value);
        }
        if commit.is_reply() {
            item = item.expression_attribute_values(":rev", n(head.last_rev.0));
        }
        update(item)
    }

    fn put_message(&self, MessageCommit { message, .. }: &MessageCommit) -> Result<TransactWriteItem, StoreError> {
        put(Put::builder()
            .table_name(&self.tables.messages)
            .set_item(Some(to_item("Messages", &MessageItem::from(message))?))
            .condition_expression("attribute_not_exists(chatId)"))
    }

    fn update_member(&self, commit: &MessageCommit) -> Result<TransactWriteItem, StoreError> {
        let MessageCommit { message, spending, .. } = commit;
        let SpendingUpdate { set, condition, values } = SpendingUpdate::new("ChatMembers", "budget", *spending)?;
        let mut member = Update::builder()
            .table_name(&self.tables.chat_members)
            .set_key(Some(member_key(&message.chat, &message.sender)))
            .update_expression(format!(
                "SET readSeq = :seq, readAt = :at, {set} REMOVE markedUnread ADD memberRev :one"
            ))
            .condition_expression(format!("attribute_exists(userId) AND {condition}"))
            .expression_attribute_values(":seq", n(message.seq))
            .expression_attribute_values(":at", n(message.created_at.millis()))
            .expression_attribute_values(":one", n(1));
        for (placeholder, value) in values {
            member = member.expression_attribute_values(placeholder, value);
        }
        update(member)
    }

    /// A record past its expiry counts as deleted, even if TTL has not deleted it yet.
    fn put_send(&self, send: &SendRecord, message: &Message) -> Result<TransactWriteItem, StoreError> {
        put(Put::builder()
            .table_name(&self.tables.sends)
            .set_item(Some(to_item("Sends", &SendItem::new(send, message.seq))?))
            .condition_expression("attribute_not_exists(sendId) OR expiresAt <= :now")
            .expression_attribute_values(":now", n(message.created_at.seconds())))
    }

    /// An attachment belongs to one message, or is the avatar of a group, for which `seq` is 0. The use case has already
    /// checked that the upload is not expired.
    pub(crate) fn mark_upload_sent(
        &self,
        id: &AttachmentId,
        until: Timestamp,
        seq: Seq,
    ) -> Result<TransactWriteItem, StoreError> {
        update(
            Update::builder()
                .table_name(&self.tables.uploads)
                .key("attachmentId", s(id.as_str()))
                .update_expression("SET sentAs = :seq, expiresAt = :until")
                .condition_expression("attribute_exists(attachmentId) AND attribute_not_exists(sentAs)")
                .expression_attribute_values(":seq", n(seq))
                .expression_attribute_values(":until", n(until.seconds())),
        )
    }
}

/// An update that returns the item if its condition fails.
pub(crate) fn update(builder: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    transaction::update(builder.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld))
}

/// A put that returns the item if its condition fails.
fn put(builder: PutBuilder) -> Result<TransactWriteItem, StoreError> {
    transaction::put(builder.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld))
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// The query of the items of a chat in the Messages table, from one place to another, both included.
    pub(crate) fn query_log(&self, chat: &ChatId, from: impl ToString, to: impl ToString) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("chatId = :chat AND seq BETWEEN :from AND :to")
            .expression_attribute_values(":chat", s(chat.as_str()))
            .expression_attribute_values(":from", n(from))
            .expression_attribute_values(":to", n(to))
    }
}

impl<E: Env, C: Sync> ReadMessages for DynamoStore<E, C> {
    async fn message(&self, chat: &ChatId, seq: Seq) -> Result<Option<Message>, StoreError> {
        let (table, key) = (&self.tables.messages, message_key(chat, seq));
        let message = self.get::<StoredMessage>("Messages", table, key, Consistency::Strong).await?;
        Ok(message.map(Message::from))
    }

    async fn messages(&self, chat: &ChatId, from: Seq, to: Seq) -> Result<Vec<Message>, StoreError> {
        let query = self.query_log(chat, from.max(Seq(1)), to);
        query_all::<StoredMessage, _>("Messages", query).await
    }

    async fn messages_at(&self, places: &[(ChatId, Seq)]) -> Result<Vec<Message>, StoreError> {
        let keys = places.iter().map(|(chat, seq)| message_key(chat, *seq)).collect();
        let items = self.get_all(&self.tables.messages, keys, Consistency::Strong).await?;
        items.into_iter().map(|item| from_item::<StoredMessage>("Messages", item).map(Message::from)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::HeadItem;
    use domain::chat::Head;
    use domain::ids::{ClientMessageId, UserId};
    use domain::ports::Conflict;

    fn reasons(codes: [&str; 4]) -> Vec<CancellationReason> {
        codes.into_iter().map(|code| CancellationReason { code: code.to_owned(), item: None }).collect()
    }

    fn send_item() -> crate::items::Item {
        let (chat, alice) = (ChatId::parse("c1").unwrap(), UserId::parse("alice").unwrap());
        let id = SendId::new(&chat, &alice, &ClientMessageId::parse("m-1").unwrap());
        let record = SendRecord { id, body_hash: "hash".to_owned(), expires_at: Timestamp::from_seconds(9) };
        to_item("Sends", &SendItem::new(&record, Seq(7))).unwrap()
    }

    /// No local engine raises these conflicts. All retries on AWS depend on them.
    #[test]
    fn cancellation_reasons_map_to_outcomes() {
        const NO: &str = "None";
        const CONDITION: &str = "ConditionalCheckFailed";
        const CONFLICT: &str = "TransactionConflict";
        let head = Head::new(2, Timestamp::from_millis(5));
        let chat = ChatId::parse("c1").unwrap();
        let of = |has_send, reasons| outcome(has_send, reasons).unwrap();
        let with_head = |codes| {
            let mut reasons = reasons(codes);
            reasons[0].item = Some(to_item("Messages", &HeadItem::new(&chat, &head)).unwrap());
            reasons
        };
        for codes in [[CONDITION, NO, NO, NO], [CONDITION, CONDITION, NO, NO], [CONDITION, CONFLICT, NO, NO]] {
            let expected = CommitOutcome::Conflict(Conflict::HeadChanged(head.clone()));
            assert_eq!(of(true, with_head(codes)), Some(expected), "{codes:?}");
        }
        for codes in [[CONFLICT, NO, NO, NO], [CONFLICT, CONDITION, NO, NO], [CONFLICT, CONFLICT, NO, NO]] {
            let expected = Some(CommitOutcome::Conflict(Conflict::InProgress));
            assert_eq!(of(true, reasons(codes)), expected, "{codes:?}");
        }
        for codes in [
            [NO, CONDITION, NO, NO],
            [NO, NO, CONFLICT, NO],
            [CONDITION, NO, NO, CONFLICT],
            [CONFLICT, NO, CONFLICT, NO],
            [NO, "ThrottlingError", NO, NO],
            ["ThrottlingError", NO, NO, "ProvisionedThroughputExceeded"],
        ] {
            let expected = Some(CommitOutcome::Conflict(Conflict::Outdated));
            assert_eq!(of(true, with_head(codes)), expected, "{codes:?}");
        }
        // If the budget changed, DynamoDB returns the member item. If the member left, it returns none.
        assert_eq!(of(true, reasons([NO, NO, CONDITION, NO])), Some(CommitOutcome::NotAMember));
        let mut moved = with_head([CONDITION, NO, CONDITION, NO]);
        moved[2].item = Some(send_item());
        assert_eq!(of(true, moved), Some(CommitOutcome::Conflict(Conflict::Outdated)));
        // A repeated send is recognized whatever else changed.
        let mut repeated = reasons([CONDITION, CONDITION, CONFLICT, CONDITION]);
        repeated[3].item = Some(send_item());
        let outcome_of_repeat =
            CommitOutcome::Repeated(PreviousSend { seq: Seq(7), body_hash: "hash".to_owned(), is_pushed_again: false });
        assert_eq!(of(true, repeated), Some(outcome_of_repeat));
        // Without a send record, the fourth item is the upload. Its returned item is not a send.
        let mut sent = reasons([NO, NO, NO, CONDITION]);
        sent[3].item = Some(send_item());
        assert_eq!(of(false, sent), Some(CommitOutcome::Conflict(Conflict::Outdated)));
        for codes in [["ValidationError", NO, NO, NO], [NO, "ItemCollectionSizeLimitExceeded", NO, NO]] {
            assert_eq!(of(true, reasons(codes)), None, "{codes:?}");
        }
        // A head that cannot be read is an error, not a conflict.
        let mut broken = reasons([CONDITION, NO, NO, NO]);
        broken[0].item = Some(send_item());
        assert!(outcome(true, broken).is_err());
    }
}
