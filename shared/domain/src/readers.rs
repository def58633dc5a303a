//! Who has read messages: the members of a chat, and users who were in it.

use crate::former_member::FormerMember;
use crate::ids::{Seq, UserId};
use crate::member::Member;

/// Former members who have read some of the messages that an answer shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastReaders {
    /// The former members.
    pub former: Vec<FormerMember>,
    /// Whether there may be more of them.
    pub is_limited: bool,
}

/// The users who may have read a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Readers<'a> {
    members: &'a [Member],
    past: Option<&'a PastReaders>,
}

impl<'a> Readers<'a> {
    /// These members and former members.
    pub fn new(members: &'a [Member], past: &'a PastReaders) -> Self {
        Self { members, past: Some(past) }
    }

    /// These members alone.
    pub fn members(members: &'a [Member]) -> Self {
        Self { members, past: None }
    }

    /// Those who have read message `seq`. A user can be among them twice.
    pub(crate) fn of(self, seq: Seq) -> impl Iterator<Item = &'a UserId> {
        let members = self.members.iter().filter(move |member| member.has_seen(seq)).map(|member| &member.user);
        let former = self.past.into_iter().flat_map(|past| &past.former);
        members.chain(former.filter(move |former| former.has_seen(seq)).map(|former| &former.user))
    }

    /// Whether more users may have read a message than [`of`](Self::of) returns.
    pub(crate) fn is_limited(self) -> bool {
        self.past.is_some_and(|past| past.is_limited)
    }
}
