//! Rules that stand beside each other.

use std::sync::Arc;

use super::{CalleeRule, NearbyRule, RoutingRule, RuleKey};
use crate::ServiceKey;

/// Rules that stand beside each other, of each kind at most one of a name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleSet {
    pub routing: Vec<Arc<RoutingRule>>,
    pub nearby: Vec<Arc<NearbyRule>>,
}

impl RuleSet {
    /// Adds a routing rule, in the place of the one of its name.
    pub fn put_routing(&mut self, rule: Arc<RoutingRule>) {
        put(&mut self.routing, rule);
    }

    /// Adds a nearby rule, in the place of the one of its name.
    pub fn put_nearby(&mut self, rule: Arc<NearbyRule>) {
        put(&mut self.nearby, rule);
    }

    /// Takes the routing rule of a name out.
    pub fn remove_routing(&mut self, key: &RuleKey) {
        self.routing.retain(|rule| rule.key != *key);
    }

    /// Takes the nearby rule of a name out.
    pub fn remove_nearby(&mut self, key: &RuleKey) {
        self.nearby.retain(|rule| rule.key != *key);
    }

    /// Those for calls to a service.
    #[must_use]
    pub fn for_service(&self, callee: &ServiceKey) -> Self {
        let routing = self.routing.iter().filter(|rule| rule.is_for(callee));
        let nearby = self.nearby.iter().filter(|rule| rule.is_for(callee));
        Self {
            routing: routing.cloned().collect(),
            nearby: nearby.cloned().collect(),
        }
    }
}

fn put<R: CalleeRule>(rules: &mut Vec<Arc<R>>, rule: Arc<R>) {
    rules.retain(|other| other.key() != rule.key());
    rules.push(rule);
}
