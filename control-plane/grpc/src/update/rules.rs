//! Rules as messages: all of a family, or what changed.

use std::sync::Arc;

use merak_core::{Rule, RuleFamily, RulesSnapshot};
use merak_model::{
    Revision,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule},
};
use merak_proto::v1;
use prost::Message as _;

/// The encoded `RulesSnapshot` or `RateLimitsSnapshot`.
pub(crate) fn whole(now: &RulesSnapshot) -> Vec<u8> {
    let revision = now.revision().get();
    match now.family() {
        RuleFamily::Routing => v1::RulesSnapshot {
            revision,
            routing_rules: wire(&now.rules::<RoutingRule>()),
            nearby_rules: wire(&now.rules::<NearbyRule>()),
        }
        .encode_to_vec(),
        RuleFamily::RateLimit => v1::RateLimitsSnapshot {
            revision,
            rules: wire(&now.rules::<RateLimitRule>()),
        }
        .encode_to_vec(),
    }
}

/// The encoded `RulesDelta` or `RateLimitsDelta`; none if it is too long ago to be remembered.
pub(crate) fn delta(now: &RulesSnapshot, from: Revision) -> Option<Vec<u8>> {
    let (from_revision, revision) = (from.get(), now.revision().get());
    let encoded = match now.family() {
        RuleFamily::Routing => {
            let routing = Changes::of::<RoutingRule>(now, from)?;
            let nearby = Changes::of::<NearbyRule>(now, from)?;
            let delta = v1::RulesDelta {
                from_revision,
                revision,
                routing_rules: routing.changed,
                nearby_rules: nearby.changed,
                removed_routing_rules: routing.removed,
                removed_nearby_rules: nearby.removed,
                routing_rule_count: routing.count,
                nearby_rule_count: nearby.count,
            };
            delta.encode_to_vec()
        }
        RuleFamily::RateLimit => {
            let limits = Changes::of::<RateLimitRule>(now, from)?;
            let delta = v1::RateLimitsDelta {
                from_revision,
                revision,
                rules: limits.changed,
                removed_rules: limits.removed,
                rule_count: limits.count,
            };
            delta.encode_to_vec()
        }
    };
    Some(encoded)
}

/// What changed of a kind, as it goes over the wire.
struct Changes<W> {
    changed: Vec<W>,
    removed: Vec<v1::RuleKey>,
    count: u32,
}

impl<W> Changes<W> {
    fn of<R: Rule>(now: &RulesSnapshot, from: Revision) -> Option<Self>
    where
        for<'r> W: From<&'r R>,
    {
        let changes = now.changes_since::<R>(from)?;
        Some(Self {
            changed: wire(&changes.changed),
            removed: changes.removed.iter().map(Into::into).collect(),
            count: u32::try_from(changes.count).expect("a service has fewer rules than that"),
        })
    }
}

fn wire<R, W>(rules: &[Arc<R>]) -> Vec<W>
where
    for<'r> W: From<&'r R>,
{
    rules.iter().map(|rule| W::from(rule)).collect()
}
