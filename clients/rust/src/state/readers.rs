//! Who has read the messages of a chat: the read positions of its participants, and what former members had read.

use crate::documents::{Member, Message, Seq, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// A participant's position in a chat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Position {
    /// The participant sees the messages after it.
    joined_seq: Seq,
    read_seq: Seq,
}

impl Position {
    fn has_seen(self, seq: Seq) -> bool {
        self.joined_seq < seq && seq <= self.read_seq
    }
}

/// What is known of who has read a chat.
#[derive(Debug, Clone, Default)]
pub(super) struct Readers {
    positions: BTreeMap<UserId, Position>,
    /// The stays that have ended, by user and `joined_seq`. They only grow in number: what somebody has read stays read.
    past: BTreeMap<(UserId, Seq), Position>,
}

impl Readers {
    /// Who has read a message: its sender, whom its document names, and the users whose position in the chat, present
    /// or former, covers it.
    pub(super) fn seen_by<'a>(&'a self, message: &'a Message) -> BTreeSet<&'a str> {
        let past = self.past.iter().map(|((user, _), position)| (user, position));
        let readers = self.positions.iter().chain(past).filter(|(_, position)| position.has_seen(message.seq));
        let mut seen: BTreeSet<_> = readers.map(|(user, _)| user.as_str()).collect();
        seen.extend(message.seen_by.iter().map(String::as_str));
        seen.insert(&message.sender_id);
        seen
    }

    /// The read position of a participant; 0 if it is not known.
    pub(super) fn read_seq_of(&self, user: &str) -> Seq {
        self.positions.get(user).map_or(0, |position| position.read_seq)
    }

    /// Whether a position of this participant is known.
    pub(super) fn knows(&self, user: &str) -> bool {
        self.positions.contains_key(user)
    }

    /// Raises the read position of a participant. False if it is not lower.
    pub(super) fn raise(&mut self, user: &str, seq: Seq) -> bool {
        let position = self.positions.entry(user.to_owned()).or_default();
        let is_news = seq > position.read_seq;
        position.read_seq = position.read_seq.max(seq);
        is_news
    }

    /// Drops the positions of users who are not among these participants, which are sorted.
    pub(super) fn retain(&mut self, participants: &[UserId]) {
        self.positions.retain(|user, _| participants.binary_search(user).is_ok());
    }

    /// Takes the members of an answer: participants, who replace all positions, and stays that have ended, which are
    /// added. A read position that an event has raised meanwhile stays.
    pub(super) fn put_members(&mut self, members: &[Member]) {
        let (former, present): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.left_seq.is_some());
        former.into_iter().for_each(|member| self.put_past(member));
        // Without an open chat, an answer has only those who left.
        if present.is_empty() {
            return;
        }
        let position = |member: &Member| {
            let read_seq = member.read_seq.max(self.read_seq_of(&member.user_id));
            (member.user_id.clone(), Position { joined_seq: member.joined_seq, read_seq })
        };
        self.positions = present.into_iter().map(position).collect();
    }

    /// Adds a stay that has ended.
    pub(super) fn put_past(&mut self, Member { user_id, joined_seq, read_seq, .. }: &Member) {
        let position = Position { joined_seq: *joined_seq, read_seq: *read_seq };
        self.past.insert((user_id.clone(), *joined_seq), position);
    }
}
