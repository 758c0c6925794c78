//! What is shared out of global rate limits.

use merak_core::QuotaTally;
use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// Writes what there is, and what was done since the start.
pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    tally: QuotaTally,
) -> Result<(), std::fmt::Error> {
    for (name, help, count) in [
        (
            "merak_quota_streams",
            "Clients that share global rate limits",
            tally.clients,
        ),
        (
            "merak_quota_counters",
            "Counters of global rate limits",
            tally.counters,
        ),
    ] {
        let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(count).encode(gauge)?;
    }
    for (name, help, count) in [
        (
            "merak_quota_asks",
            "Times that a client was answered how many calls may go through",
            tally.asks,
        ),
        (
            "merak_quota_granted_calls",
            "Calls that were granted, those that were given back included",
            tally.granted,
        ),
        (
            "merak_quota_unasked_calls",
            "Calls that clients let through before they had asked, or alone",
            tally.unasked,
        ),
        (
            "merak_quota_refused_calls",
            "Calls that clients refused by a global rate limit",
            tally.refused,
        ),
    ] {
        let counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(count).encode(counter)?;
    }
    Ok(())
}
