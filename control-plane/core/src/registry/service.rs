//! Creating, changing and deleting services.

use std::sync::Arc;

use merak_model::{NamespaceName, NamespaceSpec, Revision, Service, ServiceKey, ServiceSpec};

use super::{MissingService, Precondition, Registry, Written};
use crate::{Caller, Draft, Obstacle, Result, Thing};

impl Registry {
    /// Creates a service, or brings it to `spec`.
    ///
    /// # Errors
    /// `NotFound` when its namespace does not exist and is not to be created; `PreconditionFailed`;
    /// or `Unavailable` when the store refused the write.
    pub async fn put_service(
        &self,
        caller: &Caller,
        key: ServiceKey,
        spec: ServiceSpec,
        precondition: Precondition,
    ) -> Result<Written<Service>> {
        let (key, missing) = (Arc::new(key), self.missing_service);
        self.decide(caller, move |draft| {
            let before = draft.find_service(&key).map(|before| before.stamp);
            precondition.check(Thing::service(&key), before)?;
            require_namespace(draft, &key.namespace, missing)?;
            let after = draft.put_service(&key, spec);
            let stamp = after.stamp;
            Ok(Written::new(after, before, stamp))
        })
        .await
    }

    /// Deletes a service that has no instance.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it has instances; `PreconditionFailed`; or `Unavailable` when the
    /// store refused the write.
    pub async fn delete_service(
        &self,
        caller: &Caller,
        key: ServiceKey,
        precondition: Precondition,
    ) -> Result<Revision> {
        let key = Arc::new(key);
        self.decide(caller, move |draft| {
            let before = draft.find_service(&key).map(|before| before.stamp);
            precondition.check(Thing::service(&key), before)?;
            if draft.has_instances(&key) {
                let service = Thing::service(&key);
                return Err(Obstacle::HasInstances { service }.into());
            }
            let deleted = draft.delete_service(&key);
            deleted.ok_or_else(|| {
                Obstacle::NotFound {
                    thing: Thing::service(&key),
                }
                .into()
            })
        })
        .await
    }
}

/// Makes sure that a service exists, if need be and allowed by creating it; returns the key that all its
/// instances share.
pub(super) fn require_service(
    draft: &mut Draft<'_>,
    key: &Arc<ServiceKey>,
    missing: MissingService,
) -> Result<Arc<ServiceKey>> {
    if let Some(service) = draft.find_service(key) {
        return Ok(Arc::clone(&service.key));
    }
    match missing {
        MissingService::Refuse => Err(Obstacle::NotFound {
            thing: Thing::service(key),
        }
        .into()),
        MissingService::Create => {
            require_namespace(draft, &key.namespace, missing)?;
            draft.put_service(key, ServiceSpec::default());
            Ok(Arc::clone(key))
        }
    }
}

/// Makes sure that a namespace exists, if need be and allowed by creating it.
pub(super) fn require_namespace(
    draft: &mut Draft<'_>,
    name: &NamespaceName,
    missing: MissingService,
) -> Result<()> {
    if draft.find_namespace(name).is_some() {
        return Ok(());
    }
    match missing {
        MissingService::Refuse => Err(Obstacle::NotFound {
            thing: Thing::namespace(name),
        }
        .into()),
        MissingService::Create => {
            draft.put_namespace(name, NamespaceSpec::default());
            Ok(())
        }
    }
}
