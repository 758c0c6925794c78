//! Who watches the rules for which services.

use merak_model::ServiceKey;

use super::{Discovery, OfTopic, Subscription, Topic, Watchers, describe};
use crate::Callees;

impl Discovery {
    /// The live subscriptions to the rules for any of some services, by service.
    pub fn list_rule_subscriptions(&self, callees: &Callees) -> Vec<(ServiceKey, Subscription)> {
        let watching: Vec<(ServiceKey, OfTopic)> = {
            let watchers = self.watchers.read();
            let found = watching(&watchers, callees).into_iter();
            found
                .map(|(callee, of_topic)| (callee.clone(), of_topic.clone()))
                .collect()
        };
        let mut described: Vec<(ServiceKey, Subscription)> = Vec::new();
        for (callee, of_topic) in watching {
            let of_callee = describe(&of_topic).into_iter();
            described.extend(of_callee.map(|one| (callee.clone(), one)));
        }
        described.sort_by(|(one, _), (other, _)| one.cmp(other));
        described
    }
}

/// Who watches the rules for any of some services. One service is looked up; `*` goes through
/// every topic that is watched.
pub(super) fn watching<'a>(
    watchers: &'a Watchers,
    callees: &Callees,
) -> Vec<(&'a ServiceKey, &'a OfTopic)> {
    let of_rules = |(topic, of_topic): (&'a Topic, &'a OfTopic)| match topic {
        Topic::Rules(callee) => Some((callee, of_topic)),
        Topic::Instances(_) | Topic::Services(_) => None,
    };
    match callees.single() {
        Some(callee) => {
            let found = watchers.get_key_value(&Topic::Rules(callee));
            found.and_then(of_rules).into_iter().collect()
        }
        None => {
            let all = watchers.iter().filter_map(of_rules);
            all.filter(|(callee, _)| callees.selects(callee)).collect()
        }
    }
}
