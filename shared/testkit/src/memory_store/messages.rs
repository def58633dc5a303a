//! Messages and read positions.

use super::{MemoryStore, State};
use crate::rng::Rng;
use domain::chat::Head;
use domain::ids::{ChatId, SendId, Seq, UserId};
use domain::message::Message;
use domain::ports::{
    CommitMessages, CommitOutcome, Conflict, MarkSeen, MessageCommit, PreviousSend, ReadMessages, SeenOutcome,
    StoreError,
};
use domain::timestamp::Timestamp;

impl CommitMessages for MemoryStore {
    async fn earlier_send(&self, id: &SendId, now: Timestamp) -> Result<Option<PreviousSend>, StoreError> {
        self.read(|state| {
            let send = state.sends.get(id.as_str()).filter(|(_, expires_at)| *expires_at > now);
            send.map(|(send, _)| send.clone())
        })
        .await
    }

    async fn claim_second_push(&self, id: &SendId) -> Result<bool, StoreError> {
        self.read(|state| {
            let send = state.sends.get_mut(id.as_str());
            send.is_some_and(|(send, _)| !std::mem::replace(&mut send.is_pushed_again, true))
        })
        .await
    }

    async fn commit_message(&self, commit: &MessageCommit) -> Result<CommitOutcome, StoreError> {
        let MessageCommit { message, head, spending, send, upload, queue } = commit;
        self.transact_on_head(&message.chat, CommitOutcome::Conflict, |state| {
            let remembered = send.as_ref().and_then(|send| state.sends.get(send.id.as_str()));
            if let Some((send, _)) = remembered.filter(|(_, expires_at)| *expires_at > message.created_at) {
                return CommitOutcome::Repeated(send.clone());
            }
            let key = (message.chat.clone(), message.sender.clone());
            let Some(member) = state.members.get_mut(&key) else {
                return CommitOutcome::NotAMember;
            };
            let Some(stored) = state.heads.get(&message.chat).cloned() else {
                return CommitOutcome::Conflict(Conflict::Outdated);
            };
            let is_head_unchanged = stored.last_seq == head.last_seq
                && stored.members_rev == head.members_rev
                && stored.blocks == head.blocks
                && (stored.last_rev == head.last_rev || !commit.is_reply());
            let upload = match upload {
                Some((id, until)) => match state.uploads.get_mut(id).filter(|upload| upload.sent_as.is_none()) {
                    Some(upload) => Some((upload, until)),
                    None => return CommitOutcome::Conflict(Conflict::Outdated),
                },
                None => None,
            };
            if member.budget != spending.before || message.seq != head.last_seq.next() {
                return CommitOutcome::Conflict(Conflict::Outdated);
            }
            if !is_head_unchanged {
                return CommitOutcome::Conflict(Conflict::HeadChanged(stored));
            }
            if let Some((upload, until)) = upload {
                (upload.sent_as, upload.expires_at) = (Some(message.seq), *until);
            }
            member.read_seq = message.seq;
            member.read_at = Some(message.created_at);
            member.is_marked_unread = false;
            member.budget = Some(spending.after);
            member.member_rev = member.member_rev.next();
            let last_message_at = Some(message.created_at);
            let queue = queue.unwrap_or(stored.queue);
            state.put_head(&message.chat, Head { last_seq: message.seq, last_message_at, queue, ..stored });
            state.put_unsettled(message);
            if let Some(send) = send {
                let body_hash = send.body_hash.clone();
                let record = PreviousSend { seq: message.seq, body_hash, is_pushed_again: false };
                state.sends.insert(send.id.as_str().to_owned(), (record, send.expires_at));
            }
            CommitOutcome::Committed
        })
        .await
    }
}

impl State {
    /// Stores a message that reads may show in its earlier state, or not at all, for a while.
    pub(super) fn put_unsettled(&mut self, message: &Message) {
        let place = (message.chat.clone(), message.seq);
        let before = self.messages.insert(place.clone(), message.clone());
        self.unsettled.insert(place, before);
    }

    /// A message as a read sees it. Once a read has shown the new state, every later read shows it.
    fn message(&mut self, rng: &Rng, place: &(ChatId, Seq)) -> Option<Message> {
        match self.unsettled.get(place) {
            Some(before) if rng.percent(self.faults.half_read) => before.clone(),
            _ => {
                self.unsettled.remove(place);
                self.messages.get(place).cloned()
            }
        }
    }
}

impl ReadMessages for MemoryStore {
    async fn message(&self, chat: &ChatId, seq: Seq) -> Result<Option<Message>, StoreError> {
        self.read(|state| state.messages.get(&(chat.clone(), seq)).cloned()).await
    }

    async fn messages(&self, chat: &ChatId, from: Seq, to: Seq) -> Result<Vec<Message>, StoreError> {
        self.read(|state| {
            let places: Vec<_> = state
                .messages
                .range((chat.clone(), from)..=(chat.clone(), to))
                .map(|(place, _)| place.clone())
                .collect();
            places.iter().filter_map(|place| state.message(&self.rng, place)).collect()
        })
        .await
    }

    async fn messages_at(&self, places: &[(ChatId, Seq)]) -> Result<Vec<Message>, StoreError> {
        self.read(|state| places.iter().filter_map(|place| state.message(&self.rng, place)).collect()).await
    }
}

impl MarkSeen for MemoryStore {
    async fn mark_seen(
        &self,
        chat: &ChatId,
        user: &UserId,
        seq: Seq,
        now: Timestamp,
    ) -> Result<SeenOutcome, StoreError> {
        self.read(|state| match state.members.get_mut(&(chat.clone(), user.clone())) {
            _ if self.rng.percent(state.faults.conflict) => SeenOutcome::Conflict,
            None => SeenOutcome::NotAMember,
            Some(member) if member.read_seq >= seq => SeenOutcome::Unchanged(member.clone()),
            Some(member) => {
                member.read_seq = seq;
                member.read_at = Some(now);
                member.is_marked_unread = false;
                member.member_rev = member.member_rev.next();
                SeenOutcome::Advanced
            }
        })
        .await
    }

    async fn unmark(&self, chat: &ChatId, user: &UserId) -> Result<SeenOutcome, StoreError> {
        self.read(|state| match state.members.get_mut(&(chat.clone(), user.clone())) {
            _ if self.rng.percent(state.faults.conflict) => SeenOutcome::Conflict,
            None => SeenOutcome::NotAMember,
            Some(member) => {
                if std::mem::take(&mut member.is_marked_unread) {
                    member.member_rev = member.member_rev.next();
                }
                SeenOutcome::Unchanged(member.clone())
            }
        })
        .await
    }
}
