//! What becomes of a message whose send failed.

use super::back_off;
use crate::Error;
use crate::outbox::{Outbox, UnsentMessage};
use std::time::Instant;

/// A message is given up after so many answers that say that the server failed, or that cannot be read.
const MAX_SERVER_FAILURES: u32 = 5;

/// Schedules the next try of a message, or takes it out of the outbox and returns it if another try is of no use.
pub(super) fn retry_or_give_up(
    outbox: &mut Outbox,
    client_message_id: &str,
    error: &Error,
    now: Instant,
) -> Option<UnsentMessage> {
    let is_worth_retrying = match error {
        Error::Refused(problem) if problem.retryable => true,
        // The server failed before or after it stored the message. If it is stored, the repeat returns it.
        Error::Refused(problem) => {
            problem.status >= 500 && outbox.count_failure(client_message_id) < MAX_SERVER_FAILURES
        }
        Error::Unexpected(_) => outbox.count_failure(client_message_id) < MAX_SERVER_FAILURES,
        _ => true,
    };
    if !is_worth_retrying {
        return outbox.remove(client_message_id);
    }
    let wait = back_off::wait(outbox.tries(client_message_id), error.retry_after());
    outbox.schedule_retry(client_message_id, now, wait);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Draft;
    use crate::problem::Problem;
    use serde_json::json;
    use std::time::Duration;

    fn refusal(status: u16, retry_after_ms: Option<u64>) -> Error {
        let problem: Problem = serde_json::from_value(json!({"type": "", "title": "", "status": status, "detail": "",
            "code": "x", "retryable": retry_after_ms.is_some(), "retryAfterMs": retry_after_ms}))
        .unwrap();
        problem.into()
    }

    fn outbox(now: Instant) -> Outbox {
        let mut outbox = Outbox::default();
        outbox.push("c".to_owned(), Draft::text("Hello"), "m-1".to_owned()).unwrap();
        outbox.start_next(now).unwrap();
        outbox
    }

    #[test]
    fn retryable_refusal_and_time_out_are_tried_again() {
        let now = Instant::now();
        let mut outbox = outbox(now);
        assert_eq!(retry_or_give_up(&mut outbox, "m-1", &refusal(429, Some(3000)), now), None);
        assert!(outbox.next_due().is_some_and(|due| due >= now + Duration::from_secs(3)));
        assert_eq!(retry_or_give_up(&mut outbox, "m-1", &Error::NoAnswer, now), None);
        assert!(outbox.next_due().is_some_and(|due| due <= now + back_off::MAX_WAIT));
    }

    #[test]
    fn refusal_for_good_is_given_up_at_once_and_a_server_failure_after_five() {
        let now = Instant::now();
        let given_up = retry_or_give_up(&mut outbox(now), "m-1", &refusal(403, None), now).unwrap();
        assert_eq!(given_up.client_message_id, "m-1");
        let mut outbox = outbox(now);
        for _ in 1..MAX_SERVER_FAILURES {
            assert_eq!(retry_or_give_up(&mut outbox, "m-1", &refusal(500, None), now), None);
        }
        assert!(retry_or_give_up(&mut outbox, "m-1", &refusal(500, None), now).is_some());
        assert_eq!(outbox.waiting().count(), 0);
    }
}
