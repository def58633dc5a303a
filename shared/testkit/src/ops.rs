//! Random operations of users, for tests that throw many at a system.

use crate::rng::Rng;

/// Something that a user does. Numbers are drawn wide and fitted to what is there by whoever performs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Sends a text, as a reply to a message in one of three cases.
    Send {
        /// Which message, of those that there are; None for no reply.
        reply_to: Option<u64>,
        /// Mentions somebody.
        mentions: bool,
    },
    /// Sends a picture.
    Attach,
    /// Sends the user's last named message again.
    Repeat,
    /// Edits a message.
    Edit(u64),
    /// Deletes one for oneself.
    DeleteForMe(u64),
    /// Deletes one for everyone.
    DeleteForEveryone(u64),
    /// Sets the own reactions to a message.
    React(u64, &'static [&'static str]),
    /// Marks as read up to a message.
    MarkSeen(u64),
    /// Clears the history.
    Clear,
    /// Renames the chat.
    Rename,
    /// Adds somebody.
    Add(&'static str),
    /// Removes somebody; oneself, by leaving.
    Remove(&'static str),
    /// Makes somebody an admin, or one no more.
    SetAdmin(&'static str, bool),
    /// Mutes the chat, or ends that.
    Mute(bool),
}

/// Draws operations: who does what, in the n-th chat.
#[derive(Debug)]
pub struct Ops {
    rng: Rng,
    users: Vec<&'static str>,
}

impl Ops {
    /// Operations about these users.
    pub fn new(seed: u64, users: &[&'static str]) -> Self {
        Self { rng: Rng::new(seed), users: users.to_vec() }
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.rng.next() % end.max(1)
    }

    /// True in this many of a hundred cases.
    pub fn percent(&self, percent: u8) -> bool {
        self.rng.percent(percent)
    }

    fn user(&self) -> &'static str {
        self.users[usize::try_from(self.below(self.users.len() as u64)).unwrap_or_default()]
    }

    /// The next operation. Every kind comes, the common ones more often.
    pub fn next(&self) -> Op {
        const REACTIONS: [&[&str]; 4] = [&["\u{1F44D}"], &["\u{1F44D}", "\u{1F389}"], &["\u{2764}\u{FE0F}"], &[]];
        let place = self.rng.next();
        match self.below(100) {
            0..26 => {
                let reply_to = self.percent(33).then_some(place);
                Op::Send { reply_to, mentions: self.percent(20) }
            }
            26..30 => Op::Attach,
            30..33 => Op::Repeat,
            33..45 => Op::Edit(place),
            45..51 => Op::DeleteForMe(place),
            51..57 => Op::DeleteForEveryone(place),
            57..67 => Op::React(place, REACTIONS[usize::try_from(self.below(4)).unwrap_or_default()]),
            67..76 => Op::MarkSeen(place),
            76..79 => Op::Clear,
            79..83 => Op::Rename,
            83..91 => Op::Add(self.user()),
            91..93 => Op::Remove(self.user()),
            93..97 => Op::SetAdmin(self.user(), self.percent(70)),
            _ => Op::Mute(self.percent(60)),
        }
    }
}
