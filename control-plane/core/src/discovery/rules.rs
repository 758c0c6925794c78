//! Who watches the rules for which services.

use merak_model::ServiceKey;

use super::{Discovery, Inbox, OfTopic, Subscription, Topic, Watch, Watchers, describe};
use crate::{Callees, Rule, RuleFamily};

/// How far a rule has come with those who subscribe to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleProgress {
    /// Live subscriptions to the rules for a service which it is for.
    pub subscribers: usize,
    /// Those of them that have applied its newest state, and understand it.
    pub applied: usize,
    /// Those that have it and do not understand it, and so go without the rule.
    pub unable: usize,
}

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

    /// How far a rule has come; costs a look at each of its subscriptions.
    pub fn rule_progress<R: Rule>(&self, rule: &R) -> RuleProgress {
        let revision = rule.stamp().revision;
        let itself = (R::KIND, rule.key().clone());
        let mut progress = RuleProgress::default();
        let watchers = self.watchers.read();
        let of_topics = watching(&watchers, R::KIND.family(), &rule.callees()).into_iter();
        for (number, inbox) in of_topics.flat_map(|(_, of_topic)| of_topic) {
            let seen = inbox.upgrade().and_then(|inbox| {
                inbox.look(*number, |watch| {
                    let has_it = watch.applied >= revision;
                    (has_it, has_it && watch.left_out.contains_key(&itself))
                })
            });
            if let Some((has_it, is_unable)) = seen {
                progress.subscribers += 1;
                progress.applied += usize::from(has_it && !is_unable);
                progress.unable += usize::from(is_unable);
            }
        }
        progress
    }
}

impl Inbox {
    /// Looks at a subscription; none if it has ended.
    fn look<T>(&self, number: u32, look: impl FnOnce(&Watch) -> T) -> Option<T> {
        self.subscriptions.lock().topics.get(&number).map(look)
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
