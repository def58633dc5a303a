//! Percentiles of recent durations.

use std::{collections::VecDeque, time::Duration};

use super::Milliseconds;

/// Enough durations for p99 to differ from the maximum, and few enough for the numbers to be recent.
const WINDOW: usize = 1000;

/// The last durations, oldest first.
#[derive(Debug, Default)]
pub(super) struct Durations {
    millis: VecDeque<f64>,
}

impl Durations {
    pub(super) fn add(&mut self, duration: Duration) {
        if self.millis.len() == WINDOW {
            self.millis.pop_front();
        }
        self.millis.push_back(duration.as_secs_f64() * 1000.0);
    }

    pub(super) fn summary(&self) -> Option<Milliseconds> {
        let mut sorted: Vec<f64> = self.millis.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        // The nearest-rank method: the result is a measured duration, not an interpolated one.
        let percentile = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?).copied();
        Some(Milliseconds {
            p50: percentile(50)?,
            p99: percentile(99)?,
            max: percentile(100)?,
            of: u64::try_from(sorted.len()).unwrap_or(u64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Option<Milliseconds> {
        let mut durations = Durations::default();
        millis.into_iter().for_each(|millis| durations.add(Duration::from_millis(millis)));
        durations.summary()
    }

    #[test]
    fn percentiles_are_measured_durations() {
        assert_eq!(of([]), None);
        assert_eq!(of([7]), Some(Milliseconds { p50: 7.0, p99: 7.0, max: 7.0, of: 1 }));
        assert_eq!(of([4, 1, 3, 2]), Some(Milliseconds { p50: 2.0, p99: 4.0, max: 4.0, of: 4 }));
        assert_eq!(of((1..=200).rev()), Some(Milliseconds { p50: 100.0, p99: 198.0, max: 200.0, of: 200 }));
    }

    #[test]
    fn old_durations_are_dropped() {
        let slow_start = std::iter::once(9000).chain(std::iter::repeat_n(5, WINDOW));
        assert_eq!(of(slow_start), Some(Milliseconds { p50: 5.0, p99: 5.0, max: 5.0, of: 1000 }));
    }
}
