//! Lists a page of a chat's messages.

use super::error::ChatError;
use super::{App, Caller};
use crate::chat::MAX_DOCUMENT_BYTES;
use crate::content::json_length;
use crate::ids::{ChatId, Rev, Seq};
use crate::member::Member;
use crate::message::{Message, MessageView};
use crate::ports::{Env, ReadChats, ReadFormerMembers, ReadMessages, ReadingOrder, StoreError};
use crate::readers::{PastReaders, Readers};
use crate::text::Invalid;
use futures_util::future::try_join;
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Range;

/// The most messages that are read on each side of a page to find one that the caller can see.
pub const MAX_HIDDEN_BESIDE_PAGE: u64 = 50;

/// The most entries on a page: 1 to 100; 50 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(pub(super) u64);

impl PageLimit {
    /// The largest limit that can be requested.
    pub const MAX: u64 = 100;

    /// Checks a limit.
    ///
    /// # Errors
    /// [`Invalid`] unless it is 1 to 100.
    pub fn new(limit: u64) -> Result<Self, Invalid> {
        match limit {
            1..=Self::MAX => Ok(Self(limit)),
            _ => Err(Invalid::because(format!("must be 1 to {}", Self::MAX))),
        }
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

/// The part of the log that a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart {
    /// The last messages.
    Latest,
    /// The last messages before this seq.
    Before(Seq),
    /// The first messages after this seq.
    After(Seq),
    /// This message and messages on both sides of it.
    Around(Seq),
}

/// The request for a page of messages.
#[derive(Debug, Clone)]
pub struct ListMessages {
    /// The participant who reads.
    pub caller: Caller,
    /// The chat to read.
    pub chat: ChatId,
    /// The part of the log to show.
    pub start: PageStart,
    /// The most messages on the page.
    pub limit: PageLimit,
}

/// The messages of a range in order, without those that the caller deleted for themselves.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The messages that the caller can see.
    pub messages: Vec<MessageView>,
    /// The range that the page covers; absent if the page covers nothing. It includes the messages next to it that the
    /// caller deleted for themselves: the page that goes on from it begins with a message that the caller can see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<PageRange>,
    /// Whether the caller can see a message before the range. If more than [`MAX_HIDDEN_BESIDE_PAGE`] messages in a
    /// row are hidden there, it is true without looking further.
    pub has_more_before: bool,
    /// Whether the caller can see a message after the range; the same holds.
    pub has_more_after: bool,
    /// The seq of the chat's last message when the page was read.
    pub seq: Seq,
    /// The chat's rev when the page was read: the page shows every change up to it.
    pub rev: Rev,
    /// The last seq that is hidden from the caller.
    pub floor: Seq,
}

/// The seqs that a page covers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PageRange {
    /// The first seq.
    pub from: Seq,
    /// The last seq.
    pub to: Seq,
}

impl<S: ReadChats + ReadFormerMembers + ReadMessages, P, E: Env> App<S, P, E> {
    /// Reads a page of messages. The head is read before the messages. The page ends at a message whose transaction
    /// is only partly visible yet.
    ///
    /// # Errors
    /// [`ChatError`].
    pub async fn list_messages(&self, command: ListMessages) -> Result<Page, ChatError> {
        let ListMessages { caller, chat, start, limit } = command;
        let position = self.store.position(&chat, &caller.user).await?;
        let (head, member) = position.ok_or(ChatError::NotFound)?;
        let floor = member.floor();
        let log = floor.seq().next().0..head.last_seq.max(floor.seq()).next().0;
        let window = SeqWindow::of(start, limit, &log);
        // One message more on each side tells whether there is a page after this one. In a chat without any change,
        // nobody has deleted a message, and the seqs tell it.
        let has_changes = head.last_rev > Rev(0);
        let beside = u64::from(has_changes);
        let to_read = (window.seqs.start - beside).max(log.start)..(window.seqs.end + beside).min(log.end);
        let readers = async {
            if window.seqs.is_empty() {
                return Ok((Vec::new(), PastReaders::default()));
            }
            let (first, order) = (Seq(window.seqs.start), ReadingOrder::LeastFirst);
            let members = self.store.members(&chat).await?;
            let past = self.former_readers(&chat, &head, &members, first, order).await?;
            Ok((members, past))
        };
        let (messages, (members, past)) = try_join(self.messages_in(&chat, to_read.clone()), readers).await?;
        let readers = Readers::new(&members, &past);

        // The message before the window can be missing like every other one; the page begins without it.
        let from = messages.first().map_or(window.seqs.start, |first| first.seq.0.min(window.seqs.start));
        let contiguous = contiguous(messages, Seq(from));
        let is_visible = |message: &Message| message.is_visible_to(&member.user, floor);
        let views = contiguous.iter().map(|message| is_visible(message).then(|| MessageView::new(message, readers)));
        let views: Vec<Option<MessageView>> = views.collect();
        let size = |view: &Option<MessageView>| match view {
            Some(view) => window.seqs.contains(&view.seq().0).then(|| json_length(view) + 1),
            None => Some(0),
        };
        let sizes: Vec<Option<usize>> = views.iter().map(size).collect();
        let (first, last) = fit_frame(&sizes, usize::try_from(window.anchor - from).unwrap_or(usize::MAX));

        let covered = from + first as u64..from + last as u64;
        // A message that was read and is not covered is visible, or will be as soon as it is stored. If all messages
        // that were read on a side are covered, only more messages can tell.
        let is_unknown = |seq: u64| has_changes && log.contains(&seq) && !to_read.contains(&seq);
        let (mut below, mut above) = (0..0, 0..0);
        if is_unknown(covered.start - 1) {
            below = covered.start.saturating_sub(MAX_HIDDEN_BESIDE_PAGE).max(log.start)..covered.start;
        }
        if is_unknown(covered.end) {
            above = covered.end..covered.end.saturating_add(MAX_HIDDEN_BESIDE_PAGE).min(log.end);
        }
        let hidden = try_join(self.hidden_seqs(&chat, &member, below), self.hidden_seqs(&chat, &member, above)).await?;
        let covered = widen(covered, &hidden);

        let mut messages: Vec<_> = views.into_iter().skip(first).take(last - first).flatten().collect();
        if let [single] = messages.as_mut_slice() {
            single.limit(MAX_DOCUMENT_BYTES);
        }
        Ok(Page {
            messages,
            has_more_before: log.contains(&(covered.start - 1)),
            has_more_after: log.contains(&covered.end),
            range: (!covered.is_empty())
                .then(|| PageRange { from: Seq(covered.start), to: Seq(covered.end.saturating_sub(1)) }),
            seq: head.last_seq,
            rev: head.rev_shown_in(&contiguous),
            floor: floor.seq(),
        })
    }

    /// The messages with these seqs. Reads nothing if there are none.
    async fn messages_in(&self, chat: &ChatId, seqs: Range<u64>) -> Result<Vec<Message>, StoreError> {
        match seqs.end.checked_sub(1) {
            Some(last) if !seqs.is_empty() => self.store.messages(chat, Seq(seqs.start), Seq(last)).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Those of `seqs` whose messages are hidden from `reader`.
    async fn hidden_seqs(&self, chat: &ChatId, reader: &Member, seqs: Range<u64>) -> Result<BTreeSet<u64>, StoreError> {
        let messages = self.messages_in(chat, seqs).await?;
        let hidden = messages.into_iter().filter(|message| !message.is_visible_to(&reader.user, reader.floor()));
        Ok(hidden.map(|message| message.seq.0).collect())
    }
}

/// The range of seqs to show. Seqs have no gaps, so the range can be calculated before any message is read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeqWindow {
    /// The seqs, at most as many as the page's limit. If there are none, the place where they would be.
    seqs: Range<u64>,
    /// The seq that must be on the page even if the page does not fit in a frame.
    anchor: u64,
}

impl SeqWindow {
    /// The window in `log`, the seqs above the caller's floor.
    fn of(start: PageStart, PageLimit(limit): PageLimit, log: &Range<u64>) -> Self {
        let seqs = match start {
            PageStart::Latest => log.end.saturating_sub(limit)..log.end,
            PageStart::Before(Seq(seq)) => seq.min(log.end).saturating_sub(limit)..seq,
            PageStart::After(Seq(seq)) => {
                let from = seq.saturating_add(1).max(log.start);
                from..from.saturating_add(limit)
            }
            PageStart::Around(Seq(seq)) => {
                // Near an end of the log, fill the page from the other side.
                let from = seq.saturating_sub(limit / 2).min(log.end.saturating_sub(limit)).max(log.start);
                from..from.saturating_add(limit)
            }
        };
        let from = seqs.start.clamp(log.start, log.end);
        let seqs = from..seqs.end.clamp(from, log.end);
        let last = seqs.end.saturating_sub(1).max(from);
        let anchor = match start {
            PageStart::Latest | PageStart::Before(_) => last,
            PageStart::After(_) => from,
            PageStart::Around(Seq(seq)) => seq.clamp(from, last),
        };
        Self { seqs, anchor }
    }
}

/// Adds the hidden seqs directly before and after a range, of those `below` and `above` it.
fn widen(mut seqs: Range<u64>, (below, above): &(BTreeSet<u64>, BTreeSet<u64>)) -> Range<u64> {
    while below.contains(&(seqs.start - 1)) {
        seqs.start -= 1;
    }
    while above.contains(&seqs.end) {
        seqs.end += 1;
    }
    seqs
}

/// The messages from `from` up to the first gap. A Query can see a transaction in part, so a message may be missing
/// for a moment. The messages after a gap are left out, because a client would take them for the next ones.
pub(super) fn contiguous(messages: Vec<Message>, from: Seq) -> Vec<Message> {
    (from.0..).zip(messages).take_while(|(seq, message)| message.seq.0 == *seq).map(|(_, message)| message).collect()
}

/// The range of indices, end excluded, of the messages that fit in a frame. It grows from the anchor to both sides and
/// has at least one message that has a size. A hidden message has size 0. A message without a size is not taken.
fn fit_frame(sizes: &[Option<usize>], anchor: usize) -> (usize, usize) {
    let (mut budget, mut is_empty) = (MAX_DOCUMENT_BYTES, true);
    let mut try_take = |index: Option<usize>| -> bool {
        let size = index.and_then(|index| sizes.get(index).copied().flatten());
        let Some(size) = size.filter(|size| is_empty || *size <= budget) else { return false };
        budget = budget.saturating_sub(size);
        is_empty &= size == 0;
        true
    };
    let (mut first, mut last) = (anchor.min(sizes.len()), anchor.min(sizes.len()));
    let (mut down, mut up) = (true, try_take(Some(last)));
    last += usize::from(up);
    while down || up {
        up = up && try_take(Some(last));
        last += usize::from(up);
        down = down && try_take(first.checked_sub(1));
        first -= usize::from(down);
    }
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(start: PageStart, limit: u64, floor: u64, last: u64) -> Option<(u64, u64)> {
        let SeqWindow { seqs, .. } = SeqWindow::of(start, PageLimit(limit), &(floor + 1..last + 1));
        (!seqs.is_empty()).then(|| (seqs.start, seqs.end - 1))
    }

    #[test]
    fn each_start_gives_the_expected_window() {
        assert_eq!(window(PageStart::Latest, 10, 0, 25), Some((16, 25)));
        assert_eq!(window(PageStart::Latest, 10, 20, 25), Some((21, 25)));
        assert_eq!(window(PageStart::Latest, 10, 0, 0), None);
        assert_eq!(window(PageStart::Before(Seq(16)), 10, 0, 25), Some((6, 15)));
        assert_eq!(window(PageStart::Before(Seq(1)), 10, 0, 25), None);
        assert_eq!(window(PageStart::Before(Seq(u64::MAX)), 10, 0, 25), Some((16, 25)));
        assert_eq!(window(PageStart::After(Seq(0)), 10, 0, 25), Some((1, 10)));
        assert_eq!(window(PageStart::After(Seq(3)), 10, 7, 25), Some((8, 17)));
        assert_eq!(window(PageStart::After(Seq(25)), 10, 0, 25), None);
        assert_eq!(window(PageStart::After(Seq(u64::MAX)), 10, 0, 25), None);
        assert_eq!(window(PageStart::Around(Seq(12)), 10, 0, 25), Some((7, 16)));
        assert_eq!(window(PageStart::Around(Seq(25)), 10, 0, 25), Some((16, 25)));
        assert_eq!(window(PageStart::Around(Seq(1)), 10, 0, 25), Some((1, 10)));
        assert_eq!(window(PageStart::Around(Seq(2)), 10, 3, 5), Some((4, 5)));
    }

    proptest! {
        #[test]
        fn window_stays_in_visible_log_and_within_limit(
            seq in 0..40_u64, limit in 1..=12_u64, floor in 0..30_u64, more in 0..30_u64, which in 0..4,
        ) {
            let seq = Seq(seq);
            let starts = [PageStart::Latest, PageStart::Before(seq), PageStart::After(seq), PageStart::Around(seq)];
            let start = starts[which as usize];
            let last = floor + more;
            let SeqWindow { seqs, anchor } = SeqWindow::of(start, PageLimit(limit), &(floor + 1..last + 1));
            prop_assert!(floor < seqs.start && seqs.start <= seqs.end && seqs.end <= last + 1);
            prop_assert!(seqs.end - seqs.start <= limit);
            prop_assert!(seqs.contains(&anchor) || (seqs.is_empty() && anchor == seqs.start));
        }
    }
}
