//! Bodies of updates, encoded once for all who get the same.

use bytes::Bytes;
use merak_core::{RuleFamily, RulesSnapshot, ServiceSnapshot};
use merak_model::{Revision, ServiceKey};
use moka::sync::Cache;
use prost::Message as _;

use crate::update::{delta_message, rules, snapshot_message};

/// Encoded bodies that are kept for the next subscriber.
const CACHE_BYTES: u64 = 64 << 20;

/// What an entry costs beside its body.
const ENTRY_BYTES: usize = 128;

/// The encoded bodies of snapshots, deltas and rules.
pub(crate) struct Bodies {
    cache: Cache<BodyKey, Bytes>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum BodyKey {
    /// The service by its creation, which no other shares, and from where to where.
    Instances {
        service: Revision,
        from: Option<Revision>,
        to: Revision,
    },
    /// From where to where, too.
    Rules {
        family: RuleFamily,
        callee: ServiceKey,
        from: Option<Revision>,
        to: Revision,
    },
}

impl Default for Bodies {
    fn default() -> Self {
        let weigh =
            |_: &BodyKey, body: &Bytes| u32::try_from(body.len() + ENTRY_BYTES).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(CACHE_BYTES).weigher(weigh);
        Self {
            cache: cache.build(),
        }
    }
}

impl Bodies {
    /// The encoded `InstancesSnapshot`.
    pub(crate) fn snapshot(&self, snapshot: &ServiceSnapshot) -> Bytes {
        self.cache.get_with(key(snapshot, None), || {
            snapshot_message(snapshot).encode_to_vec().into()
        })
    }

    /// The encoded `InstancesDelta` of a snapshot that remembers `from`.
    pub(crate) fn delta(&self, snapshot: &ServiceSnapshot, from: Revision) -> Bytes {
        self.cache.get_with(key(snapshot, Some(from)), || {
            let delta = snapshot.delta_since(from);
            let delta = delta.expect("an update is a delta only from what its snapshot remembers");
            delta_message(&delta).encode_to_vec().into()
        })
    }

    /// The encoded `RulesSnapshot` or `RateLimitsSnapshot`.
    pub(crate) fn rules(&self, now: &RulesSnapshot) -> Bytes {
        self.cache
            .get_with(rules_key(now, None), || rules::whole(now).into())
    }

    /// The encoded `RulesDelta` or `RateLimitsDelta` of rules that remember `from`.
    pub(crate) fn rules_delta(&self, now: &RulesSnapshot, from: Revision) -> Bytes {
        self.cache.get_with(rules_key(now, Some(from)), || {
            let delta = rules::delta(now, from);
            let delta = delta.expect("an update is a delta only from what its rules remember");
            delta.into()
        })
    }
}

fn rules_key(now: &RulesSnapshot, from: Option<Revision>) -> BodyKey {
    BodyKey::Rules {
        family: now.family(),
        callee: now.callee().clone(),
        from,
        to: now.revision(),
    }
}

fn key(snapshot: &ServiceSnapshot, from: Option<Revision>) -> BodyKey {
    BodyKey::Instances {
        service: snapshot.service().stamp.created_revision,
        from,
        to: snapshot.revision(),
    }
}
