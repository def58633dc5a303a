//! Random operations of users, for tests that run many of them.

use crate::rng::Rng;
use domain::member_settings::NotifyLevel;

/// An operation of a user. Its numbers are any u64; the test that performs it reduces them to existing messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Sends a text; one in three is a reply.
    Send {
        /// The message to reply to; None for no reply.
        reply_to: Option<u64>,
        /// Whether the text mentions another user.
        mentions: bool,
        /// Whether it has custom data.
        has_custom: bool,
    },
    /// Sends a picture.
    Attach,
    /// Sends the user's last message with a client message id again.
    Repeat,
    /// Edits the text of a message.
    Edit(u64),
    /// Replaces the custom data of a message and keeps its text; removes it if the flag is false.
    EditCustom(u64, bool),
    /// Deletes a message for the user only.
    DeleteForMe(u64),
    /// Deletes a message for everyone.
    DeleteForEveryone(u64),
    /// Sets the user's reactions to a message.
    React(u64, &'static [&'static str]),
    /// Marks all messages up to this one as seen.
    MarkSeen(u64),
    /// Clears the history for the user.
    Clear,
    /// Renames the chat.
    Rename,
    /// Sets the topic and the custom data of the chat; removes both if the flag is false.
    Describe(bool),
    /// Sets a new avatar of the chat; removes it if the flag is false.
    SetAvatar(bool),
    /// Adds a user to the group.
    Add(&'static str),
    /// Removes a user; leaves if it is the user's own id.
    Remove(&'static str),
    /// Gives a user the admin role, or takes it away.
    SetAdmin(&'static str, bool),
    /// Changes the user's view of the chat.
    View(View),
    /// Blocks a user, or ends the block.
    Block(&'static str, bool),
}

/// A change of a user's view of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What notifies.
    Notify(NotifyLevel),
    /// Whether the chat is pinned.
    Pinned(bool),
    /// Whether the chat is archived.
    Archived(bool),
    /// Whether the chat is marked as unread.
    MarkedUnread(bool),
}

/// A reproducible source of random operations.
#[derive(Debug)]
pub struct Ops {
    rng: Rng,
    users: Vec<&'static str>,
}

impl Ops {
    /// Creates a source of operations that name these users.
    pub fn new(seed: u64, users: &[&'static str]) -> Self {
        Self { rng: Rng::new(seed), users: users.to_vec() }
    }

    /// A random number below `end`; 0 if `end` is 0.
    pub fn below(&self, end: u64) -> u64 {
        self.rng.next() % end.max(1)
    }

    /// Returns true with this probability, in percent.
    pub fn percent(&self, percent: u8) -> bool {
        self.rng.percent(percent)
    }

    fn user(&self) -> &'static str {
        self.users[usize::try_from(self.below(self.users.len() as u64)).unwrap_or_default()]
    }

    /// The next operation. All kinds occur, the common ones more often.
    pub fn next(&self) -> Op {
        const REACTIONS: [&[&str]; 4] = [&["\u{1F44D}"], &["\u{1F44D}", "\u{1F389}"], &["\u{2764}\u{FE0F}"], &[]];
        let place = self.rng.next();
        match self.below(100) {
            0..26 => {
                let reply_to = self.percent(33).then_some(place);
                Op::Send { reply_to, mentions: self.percent(20), has_custom: self.percent(20) }
            }
            26..30 => Op::Attach,
            30..33 => Op::Repeat,
            33..41 => Op::Edit(place),
            41..45 => Op::EditCustom(place, self.percent(70)),
            45..51 => Op::DeleteForMe(place),
            51..57 => Op::DeleteForEveryone(place),
            57..67 => Op::React(place, REACTIONS[usize::try_from(self.below(4)).unwrap_or_default()]),
            67..76 => Op::MarkSeen(place),
            76..78 => Op::Clear,
            78..80 => Op::Rename,
            80..82 => Op::Describe(self.percent(70)),
            82..84 => Op::SetAvatar(self.percent(70)),
            84..89 => Op::Add(self.user()),
            89..92 => Op::Remove(self.user()),
            92..94 => Op::SetAdmin(self.user(), self.percent(70)),
            94..98 => Op::View(self.view()),
            // More often an end than a begin, so that the private chat is mostly open.
            _ => Op::Block(self.user(), self.percent(40)),
        }
    }

    fn view(&self) -> View {
        const LEVELS: [NotifyLevel; 3] = [NotifyLevel::All, NotifyLevel::Mentions, NotifyLevel::None];
        match self.below(4) {
            0 => View::Notify(LEVELS[usize::try_from(self.below(3)).unwrap_or_default()]),
            1 => View::Pinned(self.percent(60)),
            2 => View::Archived(self.percent(70)),
            _ => View::MarkedUnread(self.percent(70)),
        }
    }
}
