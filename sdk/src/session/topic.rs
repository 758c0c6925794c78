//! What is held of one service: its instances, and the rules for calls to it.

use std::sync::Arc;

use merak_model::{Revision, ServiceKey};
use merak_proto::{convert::instance_from_wire, v1};
use tracing::warn;

use super::rules::{LEFT_OUT, RuleList};
use crate::state::{Instances, Known, Origin, Rules, ServiceState};

/// The two subscriptions of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    Instances,
    Rules,
}

#[derive(Debug)]
pub(super) struct Topic {
    key: Arc<ServiceKey>,
    known: Known,
    instances: Strand,
    rules: Strand,
    /// The revision at which the service did not exist, if that is the newest that was told.
    absent: Option<Revision>,
}

/// How one subscription of a topic stands.
#[derive(Debug, Default)]
pub(super) struct Strand {
    /// Its number on the stream.
    pub(super) number: u32,
    /// What is held of it.
    pub(super) held: Revision,
    /// Whether the control plane has said what there is, in the history that it is in.
    pub(super) is_answered: bool,
}

impl Topic {
    /// A service of which nothing is held.
    pub(super) fn new(key: Arc<ServiceKey>, known: Known) -> Self {
        Self {
            key,
            known,
            instances: Strand::default(),
            rules: Strand::default(),
            absent: None,
        }
    }

    /// Goes on from what an earlier run left, which belongs to the history that the session is in.
    pub(super) fn resume(&mut self, left: &ServiceState) {
        self.instances.held = left.revision();
        self.rules.held = left.known().rules.revision;
    }

    pub(super) fn strand(&mut self, aspect: Aspect) -> &mut Strand {
        match aspect {
            Aspect::Instances => &mut self.instances,
            Aspect::Rules => &mut self.rules,
        }
    }

    /// Another history: what is held is only good for showing.
    pub(super) fn enter_another_history(&mut self) {
        self.instances.doubt();
        self.rules.doubt();
    }

    /// What the client knows, once the control plane has told both the instances and the rules.
    pub(super) fn state(&self) -> Option<ServiceState> {
        if !self.instances.is_answered || !self.rules.is_answered {
            return None;
        }
        let key = Arc::clone(&self.key);
        if let Some(revision) = self.absent {
            return Some(ServiceState::absent(key, revision));
        }
        let (origin, known) = (Origin::ControlPlane, self.known.clone());
        Some(ServiceState::new(key, self.instances.held, origin, known))
    }

    /// The rules that the client does not understand, among those of a subscription.
    pub(super) fn left_out(&self, aspect: Aspect) -> Vec<v1::LeftOutRule> {
        match aspect {
            Aspect::Instances => Vec::new(),
            Aspect::Rules => {
                let Rules {
                    routing, nearby, ..
                } = &self.known.rules;
                let all = routing.left_out().chain(nearby.left_out());
                all.take(LEFT_OUT).collect()
            }
        }
    }

    pub(super) fn replace_instances(&mut self, snapshot: v1::InstancesSnapshot) {
        self.known.instances = Arc::new(parsed_instances(&self.key, snapshot.instances));
        self.take_traits(snapshot.service);
        self.absent = None;
        self.instances.answer(snapshot.revision);
    }

    /// Returns false where the delta does not begin at what is held.
    pub(super) fn amend_instances(&mut self, delta: v1::InstancesDelta) -> bool {
        if self.instances.held != Revision(delta.from_revision) {
            return false;
        }
        let instances = Arc::make_mut(&mut self.known.instances);
        for id in &delta.removals {
            instances.remove(id.as_str());
        }
        instances.extend(parsed_instances(&self.key, delta.upserts));
        self.take_traits(delta.service);
        self.instances.answer(delta.revision);
        true
    }

    pub(super) fn forget_instances(&mut self, revision: u64) {
        self.known.instances = Arc::default();
        self.absent = Some(Revision(revision));
        self.instances.answer(0);
    }

    pub(super) fn replace_rules(&mut self, snapshot: v1::RulesSnapshot) {
        self.rules.answer(snapshot.revision);
        self.known.rules = parsed_rules(&self.key, snapshot);
    }

    /// Returns false where the delta does not begin at what is held, or does not end at what it says.
    pub(super) fn amend_rules(&mut self, delta: v1::RulesDelta) -> bool {
        if self.rules.held == Revision::ZERO || self.rules.held != Revision(delta.from_revision) {
            return false;
        }
        let revision = delta.revision;
        let Some(amended) = amended_rules(&self.key, &self.known.rules, delta) else {
            return false;
        };
        self.known.rules = amended;
        self.rules.answer(revision);
        true
    }

    /// A control plane that knows no rules routes without them.
    pub(super) fn go_without_rules(&mut self) {
        self.known.rules = Rules::default();
        self.rules.answer(0);
    }

    /// What is held is the newest; returns false where nothing is held.
    pub(super) fn confirm(&mut self, aspect: Aspect) -> bool {
        match (aspect, self.strand(aspect).held) {
            (Aspect::Instances, Revision::ZERO) => return false,
            // There never was a rule.
            (Aspect::Rules, Revision::ZERO) => self.known.rules = Rules::default(),
            (Aspect::Instances | Aspect::Rules, _) => {}
        }
        self.strand(aspect).is_answered = true;
        true
    }

    fn take_traits(&mut self, traits: Option<v1::ServiceTraits>) {
        if let Some(traits) = traits {
            self.known.traits.take(&self.key, traits);
        }
    }
}

impl Strand {
    pub(super) fn answer(&mut self, revision: u64) {
        self.held = Revision(revision);
        self.is_answered = true;
    }

    /// What is held belongs to another history.
    pub(super) fn doubt(&mut self) {
        self.held = Revision::ZERO;
        self.is_answered = false;
    }
}

/// The instances that this client understands; one that it does not is no reason to lose the others.
pub(crate) fn parsed_instances(key: &Arc<ServiceKey>, instances: Vec<v1::Instance>) -> Instances {
    let parsed = instances
        .into_iter()
        .map(|instance| instance_from_wire(key, instance));
    let understood = parsed.filter_map(|instance| match instance {
        Ok(instance) => Some((instance.id.clone(), Arc::new(instance))),
        Err(invalid) => {
            warn!(service = %key, "left out an instance: {invalid}");
            None
        }
    });
    understood.collect()
}

/// The rules for a service, each kind in the order in which its rules are tried.
pub(crate) fn parsed_rules(key: &ServiceKey, snapshot: v1::RulesSnapshot) -> Rules {
    Rules {
        revision: Revision(snapshot.revision),
        routing: RuleList::whole(key, snapshot.routing_rules),
        nearby: RuleList::whole(key, snapshot.nearby_rules),
    }
}

/// The rules after a change; none if they are not as many as the delta says.
fn amended_rules(key: &ServiceKey, rules: &Rules, delta: v1::RulesDelta) -> Option<Rules> {
    let routing = (delta.routing_rules, delta.removed_routing_rules);
    let nearby = (delta.nearby_rules, delta.removed_nearby_rules);
    Some(Rules {
        revision: Revision(delta.revision),
        routing: rules
            .routing
            .amended(key, routing, delta.routing_rule_count)?,
        nearby: rules.nearby.amended(key, nearby, delta.nearby_rule_count)?,
    })
}
