//! Times of single operations.

use std::time::Duration;

/// Times of single operations.
#[derive(Debug, Clone, Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(super) fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The median, the 99th percentile and the longest, in milliseconds.
    pub(super) fn quantiles_ms(&self) -> [f64; 3] {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        [0.5, 0.99, 1.0].map(|share| {
            let rank = (sorted.len() as f64 * share).ceil() as usize;
            let within = sorted.get(rank.saturating_sub(1));
            within.copied().unwrap_or_default().as_secs_f64() * 1e3
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantiles_ms(), [0.0; 3]);
        for milliseconds in (1..=200).rev() {
            latencies.push(Duration::from_millis(milliseconds));
        }
        assert_eq!(latencies.quantiles_ms(), [100.0, 198.0, 200.0]);
    }
}
