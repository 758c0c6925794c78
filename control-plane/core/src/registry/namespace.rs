//! Creating, changing and deleting namespaces.

use merak_model::{
    Namespace, NamespaceName, NamespaceSpec, Revision,
    routing::{NearbyRule, RoutingRule},
};

use super::{Precondition, Registry, Written};
use crate::{Caller, Draft, Error, Result};

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

    /// Deletes a namespace that has nothing in it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it has services or rules; `PreconditionFailed`; or `Unavailable` when the
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
            if before.is_some() {
                require_empty(draft, &name)?;
            }
            let deleted = draft.delete_namespace(&name);
            deleted.ok_or_else(|| Error::not_found(format_args!("namespace `{name}`")))
        })
        .await
    }
}

/// Refuses a namespace that has something in it, which the error names.
fn require_empty(draft: &Draft<'_>, name: &NamespaceName) -> Result<()> {
    let contents = [
        (draft.has_services(name), "services"),
        (draft.has_rules::<RoutingRule>(name), "routing rules"),
        (draft.has_rules::<NearbyRule>(name), "nearby rules"),
    ];
    let held = contents.iter().filter(|(has_some, _)| *has_some);
    let held: Vec<&str> = held.map(|(_, what)| *what).collect();
    match held.as_slice() {
        [] => Ok(()),
        held => Err(Error::conflict(format!(
            "namespace `{name}` still has {}: delete them first",
            held.join(" and ")
        ))),
    }
}
