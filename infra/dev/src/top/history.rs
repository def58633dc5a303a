//! The last samples, and the rates between them.

use local_cloud::metrics::Snapshot;
use std::collections::VecDeque;

/// How many samples a rate covers. A rate between two samples changes too fast to be read.
const MAX_SAMPLES: usize = 6;

/// The last samples of one local cloud, oldest first.
#[derive(Debug)]
pub(super) struct History {
    before: VecDeque<Snapshot>,
    now: Snapshot,
}

/// The data of one frame.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The address of the metrics.
    pub url: &'a str,
    /// The newest sample.
    pub now: &'a Snapshot,
    /// An earlier sample of the same local cloud, to compute rates. None if there is only one sample.
    pub before: Option<&'a Snapshot>,
    /// Why the last attempt to get a newer sample failed. None if it succeeded.
    pub trouble: Option<&'a str>,
}

impl History {
    pub(super) fn new(first: Snapshot) -> Self {
        Self { before: VecDeque::new(), now: first }
    }

    pub(super) fn push(&mut self, sample: Snapshot) {
        let before = std::mem::replace(&mut self.now, sample);
        if before.started_at != self.now.started_at {
            // The local cloud was restarted: it counts from zero.
            self.before.clear();
            return;
        }
        self.before.push_back(before);
        if self.before.len() == MAX_SAMPLES {
            self.before.pop_front();
        }
    }

    pub(super) fn view<'a>(&'a self, url: &'a str, trouble: Option<&'a str>) -> View<'a> {
        View { url, now: &self.now, before: self.before.front(), trouble }
    }
}

impl View<'_> {
    /// How much a total grows per second. None as long as there is only one sample.
    pub(super) fn rate(&self, total: impl Fn(&Snapshot) -> f64) -> Option<f64> {
        let before = self.before?;
        let millis =
            u32::try_from(self.now.uptime_ms.checked_sub(before.uptime_ms)?).ok().filter(|&millis| millis > 0)?;
        Some((total(self.now) - total(before)).max(0.0) * 1000.0 / f64::from(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_cloud::metrics::{HttpCounts, Runner, WebSocketCounts};

    fn sample(started_at: u64, uptime_ms: u64, frames: u64) -> Snapshot {
        Snapshot {
            started_at,
            uptime_ms,
            runner: Runner::Processes,
            functions: Vec::new(),
            http: HttpCounts::default(),
            websocket: WebSocketCounts { frames, ..WebSocketCounts::default() },
            tables: None,
            metrics: Vec::new(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn rate(history: &History) -> Option<f64> {
        history.view("", None).rate(|sample| sample.websocket.frames as f64)
    }

    #[test]
    fn rate_covers_the_last_samples() {
        let mut history = History::new(sample(1, 1000, 0));
        assert_eq!(rate(&history), None);
        history.push(sample(1, 1500, 4));
        assert_eq!(rate(&history), Some(8.0));
        for second in 2..20 {
            history.push(sample(1, second * 1000, second * 10));
        }
        assert_eq!(rate(&history), Some(10.0));
        history.push(sample(1, 20_000, 240));
        assert_eq!(rate(&history), Some(18.0), "(240 - 150) / 5 s");
    }

    #[test]
    fn restarted_local_cloud_has_no_rate_at_first() {
        let mut history = History::new(sample(1, 1000, 100));
        history.push(sample(1, 2000, 200));
        history.push(sample(2, 500, 1));
        assert_eq!(rate(&history), None);
        history.push(sample(2, 1500, 3));
        assert_eq!(rate(&history), Some(2.0));
    }
}
