//! Creating, changing and deleting namespaces.

use merak_model::{Namespace, NamespaceName, NamespaceSpec, Revision};

use super::{Precondition, Registry, Written};
use crate::{Caller, Error, Result};

impl Registry {
    /// Creates a namespace, or brings it to `spec`.
    ///
    /// # Errors
    /// `PreconditionFailed`; or `Unavailable` when the store refused the write.
    pub async fn put_namespace(
        &self,
        caller: &Caller,
        name: NamespaceName,
        spec: NamespaceSpec,
        precondition: Precondition,
    ) -> Result<Written<Namespace>> {
        self.decide(caller, move |draft| {
            let before = draft.find_namespace(&name).map(|before| before.stamp);
            precondition.check(format_args!("namespace `{name}`"), before)?;
            let after = draft.put_namespace(&name, spec);
            let stamp = after.stamp;
            Ok(Written::new(after, before, stamp))
        })
        .await
    }

    /// Deletes a namespace that has no service.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it has services; `PreconditionFailed`; or `Unavailable` when the
    /// store refused the write.
    pub async fn delete_namespace(
        &self,
        caller: &Caller,
        name: NamespaceName,
        precondition: Precondition,
    ) -> Result<Revision> {
        self.decide(caller, move |draft| {
            let before = draft.find_namespace(&name).map(|before| before.stamp);
            precondition.check(format_args!("namespace `{name}`"), before)?;
            if before.is_some() && draft.has_services(&name) {
                let message = format!("namespace `{name}` still has services: delete them first");
                return Err(Error::conflict(message));
            }
            let deleted = draft.delete_namespace(&name);
            deleted.ok_or_else(|| Error::not_found(format_args!("namespace `{name}`")))
        })
        .await
    }
}
