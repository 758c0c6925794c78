//! What a subscriber is told, as messages.

pub(crate) mod rules;

use merak_core::{Delta, RuleFamily, ServiceSnapshot, Update};
use merak_proto::v1::{self, sync_response::Update as Message};

use crate::{body::Bodies, sync::Answer};

/// The numbers of the fields of `SyncResponse` whose bodies are encoded once.
const INSTANCES: u32 = 3;
const INSTANCES_DELTA: u32 = 4;
const RULES: u32 = 9;
const RATE_LIMITS: u32 = 10;
const RULES_DELTA: u32 = 11;
const RATE_LIMITS_DELTA: u32 = 12;

/// The answer that carries an update of a subscription.
pub(crate) fn answer(subscription: u32, update: Update, bodies: &Bodies) -> Answer {
    let encoded = |field, body| Answer::Encoded {
        subscription,
        field,
        body,
    };
    let update = match update {
        Update::Snapshot(snapshot) => return encoded(INSTANCES, bodies.snapshot(&snapshot)),
        Update::Delta { from, now } => {
            return encoded(INSTANCES_DELTA, bodies.delta(&now, from));
        }
        Update::Rules(now) => {
            let field = match now.family() {
                RuleFamily::Routing => RULES,
                RuleFamily::RateLimit => RATE_LIMITS,
            };
            return encoded(field, bodies.rules(&now));
        }
        Update::RulesDelta { from, now } => {
            let field = match now.family() {
                RuleFamily::Routing => RULES_DELTA,
                RuleFamily::RateLimit => RATE_LIMITS_DELTA,
            };
            return encoded(field, bodies.rules_delta(&now, from));
        }
        Update::Services { revision, names } => Message::Services(v1::ServicesSnapshot {
            revision: revision.get(),
            services: names,
        }),
        Update::Absent { revision } => Message::Absent(v1::Absent {
            revision: revision.get(),
        }),
        Update::Unchanged { revision } => Message::Unchanged(v1::Unchanged {
            revision: revision.get(),
        }),
    };
    Answer::Message(v1::SyncResponse {
        subscription,
        update: Some(update),
    })
}

/// The answer to a hello.
pub(crate) fn welcome(epoch: &merak_model::Epoch) -> Answer {
    Answer::Message(v1::SyncResponse {
        subscription: 0,
        update: Some(Message::Welcome(v1::Welcome {
            epoch: epoch.to_string(),
        })),
    })
}

/// The answer to a subscription that cannot be served.
pub(crate) fn refusal(subscription: u32, reason: &str, message: impl Into<String>) -> Answer {
    Answer::Message(v1::SyncResponse {
        subscription,
        update: Some(Message::Refused(v1::Refused {
            reason: reason.to_owned(),
            message: message.into(),
        })),
    })
}

pub(crate) fn snapshot_message(snapshot: &ServiceSnapshot) -> v1::InstancesSnapshot {
    let instances = snapshot.instances();
    v1::InstancesSnapshot {
        revision: snapshot.revision().get(),
        service: Some((&**snapshot.service()).into()),
        instances: instances.map(|instance| (&**instance).into()).collect(),
    }
}

pub(crate) fn delta_message(delta: &Delta) -> v1::InstancesDelta {
    let upserts = delta.upserts.iter();
    v1::InstancesDelta {
        from_revision: delta.from.get(),
        revision: delta.to.get(),
        service: delta.service.as_deref().map(Into::into),
        upserts: upserts.map(|instance| (&**instance).into()).collect(),
        removals: delta.removals.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn the_field_numbers_are_those_of_the_protocol() {
        let first_byte_after_subscription = |update| {
            let message = v1::SyncResponse {
                subscription: 1,
                update: Some(update),
            };
            u32::from(message.encode_to_vec()[2]) >> 3
        };
        let snapshot = Message::Instances(v1::InstancesSnapshot::default());
        assert_eq!(first_byte_after_subscription(snapshot), INSTANCES);
        let delta = Message::InstancesDelta(v1::InstancesDelta::default());
        assert_eq!(first_byte_after_subscription(delta), INSTANCES_DELTA);
        let rules = Message::Rules(v1::RulesSnapshot::default());
        assert_eq!(first_byte_after_subscription(rules), RULES);
        let delta = Message::RulesDelta(v1::RulesDelta::default());
        assert_eq!(first_byte_after_subscription(delta), RULES_DELTA);
        let limits = Message::RateLimits(v1::RateLimitsSnapshot::default());
        assert_eq!(first_byte_after_subscription(limits), RATE_LIMITS);
        let delta = Message::RateLimitsDelta(v1::RateLimitsDelta::default());
        assert_eq!(first_byte_after_subscription(delta), RATE_LIMITS_DELTA);
    }
}
