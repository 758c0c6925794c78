//! Creating, changing and deleting namespaces.

use merak_model::{Namespace, NamespaceName, NamespaceSpec, Revision};

use super::{Precondition, Registry, Written};
use crate::{Caller, Draft, Error, Result, RuleKind};

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
    let services = draft.has_services(name).then(|| "services".to_owned());
    let kinds = RuleKind::ALL.into_iter();
    let kinds = kinds.filter(|kind| draft.has_rules(name, *kind));
    let rules = kinds.map(|kind| format!("{kind}s"));
    let held: Vec<String> = services.into_iter().chain(rules).collect();
    match held.as_slice() {
        [] => Ok(()),
        held => Err(Error::conflict(format!(
            "namespace `{name}` still has {}: delete them first",
            held.join(" and ")
        ))),
    }
}
