//! What the client knows of one service, prepared for picking.

use std::{collections::BTreeMap, sync::Arc};

use merak_model::{
    Call, Instance, InstanceId, Metadata, Revision, ServiceKey,
    call::Caller,
    routing::{Explanation, NearbyRule, Policy, RoutingRule, Selection, Unrouted, mix},
};

use tokio::time::Instant;

use crate::{
    Error, Picked, Result, Usage,
    balance::{Balance, Moment, Traits},
    session::RuleList,
};

/// Instances by their ids.
pub(crate) type Instances = BTreeMap<InstanceId, Arc<Instance>>;

/// What the client knows of a service at one moment; it never changes, a newer one replaces it.
#[derive(Debug, Clone)]
pub struct ServiceState {
    service: Arc<ServiceKey>,
    revision: Revision,
    origin: Origin,
    known: Known,
    selection: Selection,
    /// Empty until the state takes the place of another one.
    balance: Arc<Balance>,
}

/// What calls to a service are routed by.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) instances: Arc<Instances>,
    pub(crate) traits: Traits,
    pub(crate) rules: Rules,
    /// Who calls, unless a call says otherwise.
    pub(crate) caller: Arc<Caller>,
}

/// The rules for calls to a service, each kind in the order in which its rules are tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) revision: Revision,
    pub(crate) routing: RuleList<RoutingRule>,
    pub(crate) nearby: RuleList<NearbyRule>,
}

/// Where a state came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nothing has arrived yet.
    Unknown,
    /// The control plane said so.
    ControlPlane,
    /// The control plane said that the service does not exist.
    Absent,
    /// The last state of an earlier run, because the control plane has not answered yet.
    Disk,
}

impl ServiceState {
    pub(crate) fn unknown(service: Arc<ServiceKey>) -> Self {
        let known = Known::new(Arc::default());
        Self::new(service, Revision::ZERO, Origin::Unknown, known)
    }

    pub(crate) fn absent(service: Arc<ServiceKey>, revision: Revision) -> Self {
        Self {
            revision,
            origin: Origin::Absent,
            ..Self::unknown(service)
        }
    }

    /// A state with its selection compiled.
    pub(crate) fn new(
        service: Arc<ServiceKey>,
        revision: Revision,
        origin: Origin,
        known: Known,
    ) -> Self {
        let selection = Selection::compile(known.instances.values(), known.policy());
        Self {
            service,
            revision,
            origin,
            known,
            selection,
            balance: Arc::default(),
        }
    }

    /// The state as it takes the place of another one, with what the client keeps of the instances.
    pub(crate) fn succeeding(mut self, previous: &Self, moment: Moment) -> Self {
        let settings = &self.known.traits.settings;
        let balance = Balance::succeeding(&previous.balance, &self.selection, settings, moment);
        self.balance = Arc::new(balance);
        self
    }

    /// The service that this is the state of.
    pub fn service(&self) -> &ServiceKey {
        &self.service
    }

    /// The change that last touched the service or one of its instances.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Where this state came from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The last change of the rules for calls to the service; zero if there was never one.
    pub fn rules_revision(&self) -> Revision {
        self.known.rules.revision
    }

    /// Why a call would go where: each rule, branch and condition looked at, what was left out and why,
    /// and each candidate with its probability.
    ///
    /// Decided by the code that picks. A draw of 64 random bits names the instance as well, as the balancer
    /// `random` chooses it from the candidates.
    pub fn explain(&self, call: &Call<'_>, draw: Option<u64>) -> Explanation {
        self.selection.explain(call, draw)
    }

    /// Every instance, sorted by id, whatever its health.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = &Arc<Instance>> {
        self.known.instances.values()
    }

    /// The instances that a pick may return.
    pub fn candidates(&self) -> &[Arc<Instance>] {
        self.selection.candidates()
    }

    /// The share of healthy instances, 0..=1, at or below which calls go to all instances.
    pub fn protect_threshold(&self) -> f64 {
        self.known.traits.protect_threshold.get()
    }

    /// The labels of the service, which say how it is balanced.
    pub fn metadata(&self) -> &Metadata {
        &self.known.traits.metadata
    }

    /// How this client's calls to an instance went; none for an instance that the service does not have.
    pub fn usage(&self, id: &InstanceId) -> Option<Usage> {
        Some(self.balance.find(id)?.load.usage())
    }

    pub(crate) fn find_instance(&self, id: &InstanceId) -> Option<&Arc<Instance>> {
        self.known.instances.get(id)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.origin != Origin::Unknown
    }

    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// The instance that a call goes to; `draw` is 64 random bits.
    #[inline]
    pub(crate) fn pick(
        &self,
        call: &Call<'_>,
        draw: u64,
        clock: impl FnOnce() -> Instant,
    ) -> Result<Picked> {
        match self.selection.route(call, draw) {
            // The draw of a target must not decide over the draw of an instance.
            Ok(pool) => Ok(Picked::new(self.balance.choose(
                &pool,
                call,
                mix(draw),
                clock,
            ))),
            Err(unrouted) => Err(self.explain_none(call, unrouted)),
        }
    }

    #[cold]
    fn explain_none(&self, call: &Call<'_>, unrouted: Unrouted<'_>) -> Error {
        if let Unrouted::Rejected { rule, branch } = unrouted {
            return Error::Rejected {
                service: (*self.service).clone(),
                rule: rule.key.clone(),
                branch,
            };
        }
        if self.origin == Origin::Absent {
            return Error::Absent((*self.service).clone());
        }
        let count = |is: fn(&Instance) -> bool| self.instances().filter(|one| is(one)).count();
        Error::NoInstance {
            service: (*self.service).clone(),
            known: self.known.instances.len(),
            healthy: count(|one| one.health.is_healthy()),
            isolated: count(|one| one.isolated),
            excluded: call.excluded().len(),
        }
    }
}

impl Known {
    /// Nothing yet.
    pub(crate) fn new(caller: Arc<Caller>) -> Self {
        Self {
            instances: Arc::default(),
            traits: Traits::default(),
            rules: Rules::default(),
            caller,
        }
    }

    fn policy(&self) -> Policy {
        Policy {
            protect_threshold: self.traits.protect_threshold,
            caller: Arc::clone(&self.caller),
            ..Policy::of_rules(
                Arc::clone(self.rules.routing.rules()),
                self.rules.nearby.rules(),
            )
        }
    }
}
