//! What was probably not meant in a rule, beside what else there is.

use merak_model::{
    limiting::RateLimitRule,
    routing::{self, NearbyRule, RoutingRule, Surroundings, Warning},
};

use super::Rule as _;
use crate::Catalog;

/// A rule that can be looked through for what was probably not meant.
pub trait Lint {
    /// Looks for what was probably not meant, beside the other rules and the instances that there are
    /// now; it need not be one of the catalog's.
    fn lint(&self, catalog: &Catalog) -> Vec<Warning>;
}

impl Lint for RoutingRule {
    fn lint(&self, catalog: &Catalog) -> Vec<Warning> {
        let callees = self.callees();
        let instances = callees.single().map(|callee| {
            let found = catalog.find_service(&callee);
            let instances = found.iter().flat_map(|service| service.instances());
            instances.cloned().collect::<Vec<_>>()
        });
        let surroundings = Surroundings {
            rules: &catalog.rules_beside(&callees).routing,
            instances: instances.as_deref(),
        };
        routing::lint(self, surroundings)
    }
}

impl Lint for NearbyRule {
    fn lint(&self, catalog: &Catalog) -> Vec<Warning> {
        routing::lint_nearby(self, &catalog.rules_beside(&self.callees()).nearby)
    }
}

impl Lint for RateLimitRule {
    /// Nothing: what says nothing beside the rest of the rule is refused when it is written.
    fn lint(&self, _: &Catalog) -> Vec<Warning> {
        Vec::new()
    }
}
