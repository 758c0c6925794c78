//! Creating, changing and deleting namespaces.

use merak_model::{Namespace, NamespaceName, NamespaceSpec, Revision};

use super::{Precondition, Registry, Written};
use crate::{Caller, Draft, Kind, Obstacle, Result, RuleKind, Thing};

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
            precondition.check(Thing::namespace(&name), before)?;
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
            precondition.check(Thing::namespace(&name), before)?;
            if before.is_some() {
                require_empty(draft, &name)?;
            }
            let deleted = draft.delete_namespace(&name);
            deleted.ok_or_else(|| {
                Obstacle::NotFound {
                    thing: Thing::namespace(&name),
                }
                .into()
            })
        })
        .await
    }
}

/// Refuses a namespace that has something in it, which the error names.
fn require_empty(draft: &Draft<'_>, name: &NamespaceName) -> Result<()> {
    let services = draft.has_services(name).then_some(Kind::Service);
    let kinds = RuleKind::ALL.into_iter();
    let kinds = kinds.filter(|kind| draft.has_rules(name, *kind));
    let rules = kinds.map(Kind::Rule);
    let held: Vec<Kind> = services.into_iter().chain(rules).collect();
    match held.is_empty() {
        true => Ok(()),
        false => Err(Obstacle::not_empty(name, held).into()),
    }
}
