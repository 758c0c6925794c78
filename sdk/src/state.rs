//! What the client knows of one service, prepared for picking.

use std::{collections::BTreeMap, sync::Arc};

use merak_model::{
    Call, Instance, InstanceId, ProtectThreshold, Revision, ServiceKey,
    routing::{Policy, Selection, Unrouted},
};

use crate::{Error, Result};

/// What the client knows of a service at one moment; it never changes, a newer one replaces it.
#[derive(Debug, Clone)]
pub struct ServiceState {
    service: Arc<ServiceKey>,
    revision: Revision,
    origin: Origin,
    instances: Arc<BTreeMap<InstanceId, Arc<Instance>>>,
    selection: Selection,
    protect_threshold: ProtectThreshold,
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
        Self {
            service,
            revision: Revision::ZERO,
            origin: Origin::Unknown,
            instances: Arc::default(),
            selection: Selection::default(),
            protect_threshold: ProtectThreshold::default(),
        }
    }

    pub(crate) fn absent(service: Arc<ServiceKey>, revision: Revision) -> Self {
        Self {
            revision,
            origin: Origin::Absent,
            ..Self::unknown(service)
        }
    }

    /// A state with its selection compiled. Routing rules will be compiled here as well.
    pub(crate) fn new(
        service: Arc<ServiceKey>,
        revision: Revision,
        origin: Origin,
        instances: Arc<BTreeMap<InstanceId, Arc<Instance>>>,
        protect_threshold: ProtectThreshold,
    ) -> Self {
        let policy = Policy {
            protect_threshold,
            ..Policy::default()
        };
        let selection = Selection::compile(instances.values(), policy);
        Self {
            service,
            revision,
            origin,
            instances,
            selection,
            protect_threshold,
        }
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

    /// Every instance, sorted by id, whatever its health.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = &Arc<Instance>> {
        self.instances.values()
    }

    /// The instances that a pick may return.
    pub fn candidates(&self) -> &[Arc<Instance>] {
        self.selection.candidates()
    }

    /// The share of healthy instances, 0..=1, at or below which calls go to all instances.
    pub fn protect_threshold(&self) -> f64 {
        self.protect_threshold.get()
    }

    pub(crate) fn find_instance(&self, id: &InstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(id)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.origin != Origin::Unknown
    }

    pub(crate) fn threshold(&self) -> ProtectThreshold {
        self.protect_threshold
    }

    /// The instance that a call goes to; `draw` is 64 random bits.
    pub(crate) fn pick(&self, call: &Call<'_>, draw: u64) -> Result<Arc<Instance>> {
        match self.selection.pick(call, draw) {
            Ok(instance) => Ok(Arc::clone(instance)),
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
            known: self.instances.len(),
            healthy: count(|one| one.health.is_healthy()),
            isolated: count(|one| one.isolated),
            excluded: call.excluded().len(),
        }
    }
}
