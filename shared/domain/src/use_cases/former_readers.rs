//! Finds the former members who have read what an answer shows.

use super::App;
use crate::chat::Head;
use crate::former_member::MAX_PAST_READERS;
use crate::ids::{ChatId, Seq};
use crate::member::Member;
use crate::ports::{ReadFormerMembers, ReadingOrder, StoreError};
use crate::readers::PastReaders;

impl<S: ReadFormerMembers, P, E> App<S, P, E> {
    /// The former members who have read message `from` or a later one, at most [`MAX_PAST_READERS`]. `members` were read
    /// after `head`. Reads nothing if the head says that there are none.
    pub(super) async fn former_readers(
        &self,
        chat: &ChatId,
        head: &Head,
        members: &[Member],
        from: Seq,
        order: ReadingOrder,
    ) -> Result<PastReaders, StoreError> {
        // Who left after the head was read is not among the members any more, and the head does not know them yet.
        let has_lost_members = u32::try_from(members.len()).is_ok_and(|count| count < head.participant_count);
        if !has_lost_members && head.past_read_seq.is_none_or(|read| read < from) {
            return Ok(PastReaders::default());
        }
        let mut former = self.store.former_readers(chat, from, order, MAX_PAST_READERS + 1).await?;
        let is_limited = former.len() > MAX_PAST_READERS;
        former.truncate(MAX_PAST_READERS);
        Ok(PastReaders { former, is_limited })
    }
}
