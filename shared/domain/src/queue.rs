//! The queue of requests that write to one chat at the same time: a ticket lock that only paces. A request whose commit
//! conflicts takes a ticket, and the head of the chat says which ticket was served last. The conditions of a commit
//! decide alone what is stored, so a ticket that is lost or out of order costs time and nothing else.

use std::time::Duration;

/// How long the item with a chat's last ticket is kept after a ticket was taken. Every holder is gone long before.
pub const TICKET_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long after the last write of a head it still says that there is a crowd. Who waits in the queue commits or gives
/// up within 5 s, and the clocks of two functions differ by less than 5 s.
pub const MAX_CROWD_AGE: Duration = Duration::from_secs(10);

/// A place in the queue. The tickets of a chat are handed out in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ticket(pub u64);

/// What the head of a chat says of its queue. Only ticket holders write it: with their commits, or when they leave without
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueState {
    /// The last ticket whose holder has committed or has left; 0 if there is none.
    pub served: Ticket,
    /// Whether the holder who committed last met others in the queue. Then a new request takes a ticket before its
    /// first try, for as long as the head is not older than [`MAX_CROWD_AGE`].
    pub is_crowded: bool,
}

impl QueueState {
    /// How many tickets come before `ticket`: 0 if it is next, or if a later one was served already.
    #[must_use]
    pub fn ahead_of(&self, ticket: Ticket) -> u32 {
        u32::try_from(ticket.0.saturating_sub(self.served.0.saturating_add(1))).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_after_the_next_one_are_behind_others() {
        let state = QueueState { served: Ticket(7), is_crowded: false };
        assert_eq!([7, 8, 9, 12].map(|ticket| state.ahead_of(Ticket(ticket))), [0, 0, 1, 4]);
        assert_eq!(QueueState::default().ahead_of(Ticket(1)), 0);
        assert_eq!(QueueState::default().ahead_of(Ticket(u64::MAX)), u32::MAX);
    }
}
