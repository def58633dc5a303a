//! Lists a page of a chat's messages.

use super::error::ChatError;
use super::{App, Caller};
use crate::chat::MAX_DOCUMENT_BYTES;
use crate::content::json_length;
use crate::ids::{ChatId, Rev, Seq};
use crate::member::Floor;
use crate::message::{Message, MessageView};
use crate::ports::{Env, ReadChats, ReadMessages};
use crate::text::Invalid;
use futures_util::future::try_join;
use serde::Serialize;

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
    /// The range that the page covers; absent if the page covers nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<PageRange>,
    /// Whether the log continues before the range, above the caller's floor.
    pub has_more_before: bool,
    /// Whether the log continues after the range.
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

impl<S: ReadChats + ReadMessages, P, E: Env> App<S, P, E> {
    /// Reads a page of messages. The head is read before the messages. The page ends at a message whose transaction
    /// is only partly visible yet.
    ///
    /// # Errors
    /// [`ChatError`].
    pub async fn list_messages(&self, command: ListMessages) -> Result<Page, ChatError> {
        let position = self.store.position(&command.chat, &command.caller.user).await?;
        let (head, member) = position.ok_or(ChatError::NotFound)?;
        let floor = member.floor();
        let mut page = Page {
            messages: Vec::new(),
            range: None,
            has_more_before: false,
            has_more_after: false,
            seq: head.last_seq,
            rev: head.last_rev,
            floor: floor.seq(),
        };
        let Some(window) = SeqWindow::of(command.start, command.limit, floor, head.last_seq) else {
            page.has_more_before =
                matches!(command.start, PageStart::After(_) | PageStart::Around(_)) && floor.shows(head.last_seq);
            page.has_more_after = matches!(command.start, PageStart::Before(_)) && floor.shows(head.last_seq);
            return Ok(page);
        };
        let (messages, members) =
            try_join(self.store.messages(&command.chat, window.from, window.to), self.store.members(&command.chat))
                .await?;

        let contiguous = contiguous(messages, window.from);
        page.rev = head.rev_shown_in(&contiguous);
        let views: Vec<_> = contiguous.iter().map(|message| MessageView::new(message, &members)).collect();
        let (first, last) = fit_frame(&views, window.anchor);
        let covered: Vec<_> = contiguous.iter().zip(views).skip(first).take(last - first).collect();
        page.range = match (covered.first(), covered.last()) {
            (Some((from, _)), Some((to, _))) => Some(PageRange { from: from.seq, to: to.seq }),
            _ => None,
        };
        let (from, to) = page.range.map_or((window.from, Seq(window.from.0 - 1)), |range| (range.from, range.to));
        page.has_more_before = from > floor.seq().next();
        page.has_more_after = to < head.last_seq;
        let visible = covered.into_iter().filter(|(message, _)| message.is_visible_to(&command.caller.user, floor));
        page.messages = visible.map(|(_, view)| view).collect();
        if let [single] = page.messages.as_mut_slice() {
            single.limit(MAX_DOCUMENT_BYTES);
        }
        Ok(page)
    }
}

/// The range of seqs to read. Seqs have no gaps, so the range can be calculated before any message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SeqWindow {
    from: Seq,
    to: Seq,
    /// The seq that must be on the page even if the page does not fit in a frame.
    anchor: Seq,
}

impl SeqWindow {
    fn of(start: PageStart, PageLimit(limit): PageLimit, floor: Floor, last: Seq) -> Option<Self> {
        let first = floor.seq().next().0;
        let last = last.0;
        let ending_at = |to: u64| (to.saturating_sub(limit - 1), to);
        let (from, to) = match start {
            PageStart::Latest => ending_at(last),
            PageStart::Before(Seq(seq)) => ending_at(seq.saturating_sub(1).min(last)),
            PageStart::After(Seq(seq)) => {
                let from = seq.saturating_add(1).max(first);
                (from, from.saturating_add(limit - 1))
            }
            PageStart::Around(Seq(seq)) => {
                // Near an end of the log, fill the page from the other side.
                let from = seq.saturating_sub(limit / 2).min(last.saturating_sub(limit - 1)).max(first);
                (from, from.saturating_add(limit - 1))
            }
        };
        let (from, to) = (from.max(first), to.min(last));
        let anchor = match start {
            PageStart::Latest | PageStart::Before(_) => to,
            PageStart::After(_) => from,
            PageStart::Around(Seq(seq)) => seq.clamp(from, to.max(from)),
        };
        (from <= to).then_some(Self { from: Seq(from), to: Seq(to), anchor: Seq(anchor) })
    }
}

/// The messages from `from` up to the first gap. A Query can see a transaction in part, so a message may be missing
/// for a moment. The messages after a gap are left out, because a client would take them for the next ones.
pub(super) fn contiguous(messages: Vec<Message>, from: Seq) -> Vec<Message> {
    (from.0..).zip(messages).take_while(|(seq, message)| message.seq.0 == *seq).map(|(_, message)| message).collect()
}

/// The range of indices, end excluded, of the messages that fit in a frame. It grows from the anchor to both sides
/// and has at least one message.
fn fit_frame(views: &[MessageView], anchor: Seq) -> (usize, usize) {
    let sizes: Vec<usize> = views.iter().map(|view| json_length(view) + 1).collect();
    let Some(last_index) = views.len().checked_sub(1) else {
        return (0, 0);
    };
    let start = views.iter().position(|view| view.seq() >= anchor).unwrap_or(last_index);
    let (mut first, mut last) = (start, start + 1);
    let mut budget = MAX_DOCUMENT_BYTES.saturating_sub(sizes.get(start).copied().unwrap_or(0));
    let mut try_take = |index: Option<usize>| -> bool {
        let size = index.and_then(|index| sizes.get(index));
        let remaining = size.and_then(|size| budget.checked_sub(*size));
        budget = remaining.unwrap_or(budget);
        remaining.is_some()
    };
    let (mut down, mut up) = (true, true);
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
        SeqWindow::of(start, PageLimit(limit), Floor(Seq(floor)), Seq(last)).map(|w| (w.from.0, w.to.0))
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
            if let Some(w) = SeqWindow::of(start, PageLimit(limit), Floor(Seq(floor)), Seq(last)) {
                prop_assert!(w.from.0 > floor && w.to.0 <= last && w.to.0 - w.from.0 < limit);
                prop_assert!(w.from <= w.anchor && w.anchor <= w.to);
            }
        }
    }
}
