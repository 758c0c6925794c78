//! Who watches the rules for which services.

use merak_model::ServiceKey;

use super::{Discovery, OfTopic, Subscription, Topic, Watchers, describe};
use crate::{Callees, RuleFamily};

impl Discovery {
    /// The live subscriptions to a family of rules for any of some services, by service.
    pub fn list_rule_subscriptions(
        &self,
        family: RuleFamily,
        callees: &Callees,
    ) -> Vec<(ServiceKey, Subscription)> {
        let watching: Vec<(ServiceKey, OfTopic)> = {
            let watchers = self.watchers.read();
            let found = watching(&watchers, family, callees).into_iter();
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

/// Who watches a family of rules for any of some services. One service is looked up; `*` goes through
/// every topic that is watched.
pub(super) fn watching<'a>(
    watchers: &'a Watchers,
    family: RuleFamily,
    callees: &Callees,
) -> Vec<(&'a ServiceKey, &'a OfTopic)> {
    let of_family = |(topic, of_topic): (&'a Topic, &'a OfTopic)| match topic {
        Topic::Rules(of, callee) if *of == family => Some((callee, of_topic)),
        Topic::Rules(..) | Topic::Instances(_) | Topic::Services(_) => None,
    };
    match callees.single() {
        Some(callee) => {
            let found = watchers.get_key_value(&Topic::Rules(family, callee));
            found.and_then(of_family).into_iter().collect()
        }
        None => {
            let all = watchers.iter().filter_map(of_family);
            all.filter(|(callee, _)| callees.selects(callee)).collect()
        }
    }
}
