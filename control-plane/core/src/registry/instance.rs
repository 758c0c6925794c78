//! Joining and leaving services, and what operators change of instances.

use std::sync::Arc;

use merak_model::{
    Health, Instance, InstanceId, InstanceSpec, Invalid, Metadata, Registration, Revision,
    ServiceKey, Stamp, Weight, invalid::Why,
};

use super::{Outcome, Precondition, Registry, service::require_service};
use crate::{Caller, Draft, Obstacle, Result, Thing, committer::Intent};

/// What became of a registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    pub instance: Arc<Instance>,
    pub outcome: Outcome,
}

/// What an operator changes of an instance; none leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct InstancePatch {
    pub weight: Option<Weight>,
    pub isolated: Option<bool>,
    /// Keys to set, or to remove where there is no value.
    pub metadata: Vec<(String, Option<String>)>,
    /// Only for a static instance: the health of others is what their heartbeats say.
    pub health: Option<Health>,
}

/// Where an operator puts an instance, whatever it says of itself; none leaves a part as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    pub isolated: Option<bool>,
    /// Only for a static instance: the health of others is what their heartbeats say.
    pub health: Option<Health>,
}

impl Registry {
    /// Joins a service.
    ///
    /// Registering again keeps the id, the isolation and the time of creation, and what operators
    /// changed unless the instance says something new of itself. An instance that beats is healthy
    /// from its registration on; a static one keeps the health it was given.
    ///
    /// # Errors
    /// `NotFound` when the service does not exist and is not to be created; `Unavailable` when the
    /// store refused the write.
    pub async fn register(
        &self,
        caller: &Caller,
        registration: Registration,
    ) -> Result<Registered> {
        if let Some(instance) = self.find_same(&registration) {
            self.note_sign_of_life(&instance);
            let outcome = Outcome::Unchanged;
            return Ok(Registered { instance, outcome });
        }
        let missing = self.missing_service;
        let registered = self
            .decide(caller, move |draft| {
                let service = Arc::new(registration.service.clone());
                let service = require_service(draft, &service, missing)?;
                let id = registration.instance_id();
                Ok(join(draft, service, id, registration.spec))
            })
            .await?;
        self.note_sign_of_life(&registered.instance);
        Ok(registered)
    }

    /// Creates an instance of a service where `standing` says, or brings it to that and to what it
    /// registers with, whatever was changed of it since.
    ///
    /// # Errors
    /// As [`Registry::register`]; `InvalidArgument` when the health of an instance that beats is to be
    /// set; and `PreconditionFailed`.
    pub async fn put_instance(
        &self,
        caller: &Caller,
        registration: Registration,
        standing: Standing,
        precondition: Precondition,
    ) -> Result<Registered> {
        let missing = self.missing_service;
        let registered = self
            .decide(caller, move |draft| {
                let service = Arc::new(registration.service.clone());
                let id = registration.instance_id();
                let before = draft.find_instance(&service, &id);
                let stamp = before.as_ref().map(|before| before.stamp);
                precondition.check(Thing::instance(&service, &id), stamp)?;
                let service = require_service(draft, &service, missing)?;
                let said = replaced(before.as_deref(), service, id, registration.spec);
                let after = standing.applied_to(said)?;
                Ok(put(draft, before.as_deref(), after))
            })
            .await?;
        self.note_sign_of_life(&registered.instance);
        Ok(registered)
    }

    /// Changes parts of an instance.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` when the metadata would be too many or the health of an
    /// instance that beats is to be set; `PreconditionFailed`; or `Unavailable` when the store
    /// refused the write.
    pub async fn patch_instance(
        &self,
        caller: &Caller,
        (service, id): (ServiceKey, InstanceId),
        patch: InstancePatch,
        precondition: Precondition,
    ) -> Result<Registered> {
        let service = Arc::new(service);
        self.decide(caller, move |draft| {
            let before = draft.find_instance(&service, &id);
            let stamp = before.as_ref().map(|before| before.stamp);
            precondition.check(Thing::instance(&service, &id), stamp)?;
            let before = before.ok_or_else(|| Obstacle::NotFound {
                thing: Thing::instance(&service, &id),
            })?;
            let after = patch.applied_to(&before)?;
            Ok(put(draft, Some(&before), after))
        })
        .await
    }

    /// Leaves a service; none if the instance was not in it.
    ///
    /// # Errors
    /// `PreconditionFailed`; or `Unavailable` when the store refused the write.
    pub async fn deregister(
        &self,
        caller: &Caller,
        (service, id): (ServiceKey, InstanceId),
        precondition: Precondition,
    ) -> Result<Option<Revision>> {
        let service = Arc::new(service);
        self.decide(caller, move |draft| {
            let before = draft
                .find_instance(&service, &id)
                .map(|before| before.stamp);
            precondition.check(Thing::instance(&service, &id), before)?;
            Ok(draft.delete_instance(&service, &id))
        })
        .await
    }

    /// The instance, if it is healthy and says nothing new: most registrations after a reconnect, which
    /// need not wait for the committer.
    fn find_same(&self, registration: &Registration) -> Option<Arc<Instance>> {
        if !self.answers_ahead {
            return None;
        }
        let id = registration.instance_id();
        let instance = self.catalog.find_instance(&registration.service, &id)?;
        let is_same = *instance.registered_spec() == registration.spec
            && instance.health == health_after(Some(&instance), &registration.spec);
        is_same.then_some(instance)
    }

    /// A registration is a sign of life, also where it changed nothing.
    fn note_sign_of_life(&self, instance: &Instance) {
        if self.intent == Intent::Commit && instance.spec.health_check.ttl().is_some() {
            self.liveness
                .heartbeat([((*instance.service).clone(), instance.id.clone())]);
        }
    }
}

impl InstancePatch {
    fn applied_to(&self, before: &Instance) -> Result<Instance> {
        let mut after = before.clone();
        after.spec.weight = self.weight.unwrap_or(before.spec.weight);
        after.spec.metadata = self.patched_metadata(&before.spec.metadata)?;
        let said = before.registered_spec();
        after.registered = (after.spec != *said).then(|| Arc::new(said.clone()));
        let standing = Standing {
            isolated: self.isolated,
            health: self.health,
        };
        standing.applied_to(after)
    }

    fn patched_metadata(&self, before: &Metadata) -> Result<Metadata, Invalid> {
        let changes = self.metadata.iter();
        before.patched(changes.map(|(key, value)| (key.as_str(), value.as_deref())))
    }
}

impl Standing {
    fn applied_to(self, mut instance: Instance) -> Result<Instance> {
        instance.isolated = self.isolated.unwrap_or(instance.isolated);
        if let Some(health) = self.health {
            if instance.spec.health_check.ttl().is_some() {
                return Err(Invalid::because("health", Why::HealthOfBeating).into());
            }
            instance.health = health;
        }
        Ok(instance)
    }
}

/// What the instance itself asks for: it keeps what operators changed unless it says something new.
fn join(
    draft: &mut Draft<'_>,
    service: Arc<ServiceKey>,
    id: InstanceId,
    said: InstanceSpec,
) -> Registered {
    let before = draft.find_instance(&service, &id);
    let after = match before.as_deref() {
        Some(before) if *before.registered_spec() == said => Instance {
            health: health_after(Some(before), &said),
            ..before.clone()
        },
        before => replaced(before, service, id, said),
    };
    put(draft, before.as_deref(), after)
}

/// The instance as it says itself that it is; it stays as healthy and as isolated as it may.
fn replaced(
    before: Option<&Instance>,
    service: Arc<ServiceKey>,
    id: InstanceId,
    spec: InstanceSpec,
) -> Instance {
    Instance {
        service,
        id,
        health: health_after(before, &spec),
        spec,
        registered: None,
        isolated: before.is_some_and(|before| before.isolated),
        stamp: Stamp::default(),
    }
}

fn health_after(before: Option<&Instance>, spec: &InstanceSpec) -> Health {
    let is_static = |spec: &InstanceSpec| spec.health_check.ttl().is_none();
    match before {
        Some(before) if is_static(&before.spec) && is_static(spec) => before.health,
        _ => Health::Healthy,
    }
}

fn put(draft: &mut Draft<'_>, before: Option<&Instance>, after: Instance) -> Registered {
    let before = before.map(|before| before.stamp);
    let instance = draft.put_instance(after);
    let outcome = Outcome::between(before, instance.stamp);
    Registered { instance, outcome }
}
