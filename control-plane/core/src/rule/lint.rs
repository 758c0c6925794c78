//! What was probably not meant in a rule, beside what else there is.

use std::sync::Arc;

use merak_model::{
    Instance,
    limiting::{self, RateLimitRule},
    routing::{self, NearbyRule, RoutingRule, Surroundings, Warning},
};

use super::Rule as _;
use crate::{Callees, Catalog};

/// A rule that can be looked through for what was probably not meant.
pub trait Lint {
    /// Looks for what was probably not meant, beside the other rules and the instances that there are
    /// now; it need not be one of the catalog's.
    fn lint(&self, catalog: &Catalog) -> Vec<Warning>;
}

impl Lint for RoutingRule {
    fn lint(&self, catalog: &Catalog) -> Vec<Warning> {
        let callees = self.callees();
        let instances = instances_of(&callees, catalog);
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
    fn lint(&self, catalog: &Catalog) -> Vec<Warning> {
        let callees = self.callees();
        let instances = instances_of(&callees, catalog);
        let surroundings = limiting::lint::Surroundings {
            rules: &catalog.limits_beside(&callees),
            instances: instances.as_deref(),
        };
        limiting::lint::lint(self, surroundings)
    }
}

/// The instances of the callee, if it is one service.
fn instances_of(callees: &Callees, catalog: &Catalog) -> Option<Vec<Arc<Instance>>> {
    let callee = callees.single()?;
    let found = catalog.find_service(&callee);
    let instances = found.iter().flat_map(|service| service.instances());
    Some(instances.cloned().collect())
}
