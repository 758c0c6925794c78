//! Joining and leaving services.

use std::sync::Arc;

use merak_model::{
    Health, Instance, InstanceId, NamespaceSpec, Registration, Revision, ServiceKey, ServiceSpec,
};

use crate::{Caller, Committer, Draft, Error, Liveness, Result};

/// Whether a registration creates the namespace and the service that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingService {
    /// They are created with their defaults.
    #[default]
    Create,
    /// The registration is refused.
    Refuse,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    pub instance: Arc<Instance>,
    pub outcome: Outcome,
}

/// What a registration did to the stored instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Updated,
    /// The same content was there: no write, no revision, no push.
    Unchanged,
}

/// Joins and leaves services.
#[derive(Clone)]
pub struct Registry {
    committer: Committer,
    liveness: Arc<Liveness>,
    missing_service: MissingService,
}

impl Registry {
    pub(crate) fn new(
        committer: Committer,
        liveness: Arc<Liveness>,
        missing_service: MissingService,
    ) -> Self {
        Self {
            committer,
            liveness,
            missing_service,
        }
    }

    /// Joins a service.
    ///
    /// Registering again keeps the id, the isolation and the time of creation. An instance that
    /// beats is healthy from its registration on; a static one keeps the health it was given.
    ///
    /// # Errors
    /// `NotFound` when the service does not exist and is not to be created; `Unavailable` when the
    /// store refused the write.
    pub async fn register(
        &self,
        caller: &Caller,
        registration: Registration,
    ) -> Result<Registered> {
        let missing_service = self.missing_service;
        let registered = self
            .committer
            .commit(caller, move |draft| {
                register(draft, registration, missing_service)
            })
            .await?;
        // A registration is a sign of life, also where it changed nothing.
        let instance = &registered.instance;
        if instance.spec.health_check.ttl().is_some() {
            self.liveness
                .heartbeat([((*instance.service).clone(), instance.id.clone())]);
        }
        Ok(registered)
    }

    /// Leaves a service; none if the instance was not in it.
    ///
    /// # Errors
    /// `Unavailable` when the store refused the write.
    pub async fn deregister(
        &self,
        caller: &Caller,
        service: ServiceKey,
        id: InstanceId,
    ) -> Result<Option<Revision>> {
        let service = Arc::new(service);
        self.committer
            .commit(
                caller,
                move |draft| Ok(draft.delete_instance(&service, &id)),
            )
            .await
    }

    /// Takes an instance out of every list, or puts it back.
    ///
    /// # Errors
    /// `NotFound` when there is no such instance; `Unavailable` when the store refused the write.
    pub async fn set_isolated(
        &self,
        caller: &Caller,
        service: ServiceKey,
        id: InstanceId,
        isolated: bool,
    ) -> Result<Arc<Instance>> {
        let service = Arc::new(service);
        self.committer
            .commit(caller, move |draft| {
                let instance = draft.find_instance(&service, &id);
                let instance = instance.ok_or_else(|| {
                    Error::not_found(format_args!("instance `{id}` of service `{service}`"))
                })?;
                Ok(draft.put_instance(Instance {
                    isolated,
                    ..(*instance).clone()
                }))
            })
            .await
    }
}

fn register(
    draft: &mut Draft<'_>,
    registration: Registration,
    missing_service: MissingService,
) -> Result<Registered> {
    let id = registration.instance_id();
    let service = require_service(draft, registration.service, missing_service)?;
    let before = draft.find_instance(&service, &id);
    let kept_health = match (&before, registration.spec.health_check.ttl()) {
        (Some(before), None) => before.health,
        _ => Health::Healthy,
    };
    let instance = draft.put_instance(Instance {
        service,
        id,
        spec: registration.spec,
        isolated: before.as_ref().is_some_and(|before| before.isolated),
        health: kept_health,
        stamp: merak_model::Stamp::default(),
    });
    let outcome = match before {
        None => Outcome::Created,
        Some(before) if before.stamp == instance.stamp => Outcome::Unchanged,
        Some(_) => Outcome::Updated,
    };
    Ok(Registered { instance, outcome })
}

fn require_service(
    draft: &mut Draft<'_>,
    key: ServiceKey,
    missing_service: MissingService,
) -> Result<Arc<ServiceKey>> {
    let key = Arc::new(key);
    if draft.find_service(&key).is_some() {
        return Ok(key);
    }
    match missing_service {
        MissingService::Refuse => Err(Error::not_found(format_args!("service `{key}`"))),
        MissingService::Create => {
            if draft.find_namespace(&key.namespace).is_none() {
                draft.put_namespace(&key.namespace, NamespaceSpec::default());
            }
            draft.put_service(&key, ServiceSpec::default());
            Ok(key)
        }
    }
}
