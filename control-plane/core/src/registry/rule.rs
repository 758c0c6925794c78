//! Creating, changing and deleting rules.

use std::sync::Arc;

use merak_model::{Revision, Stamp, routing::RuleKey};

use super::{Precondition, Registry, Written, service::require_namespace};
use crate::{Caller, Obstacle, Result, Rule, Thing};

impl Registry {
    /// Creates a rule, or brings it to `spec`. The services that it names need not exist.
    ///
    /// # Errors
    /// `NotFound` when its namespace does not exist and is not to be created; `PreconditionFailed`;
    /// `Conflict` when a test of it fails, or one of another rule that passed; or `Unavailable` when the
    /// store refused the write.
    pub async fn put_rule<R: Rule>(
        &self,
        caller: &Caller,
        key: RuleKey,
        spec: R::Spec,
        precondition: Precondition,
    ) -> Result<Written<R>> {
        let (key, missing) = (Arc::new(key), self.missing_service);
        let after = R::new((*key).clone(), spec.clone(), Stamp::default());
        let after = Some(Arc::new(after).any());
        let _turn = self.pass_tests::<R>(&key, after, precondition).await?;
        self.decide(caller, move |draft| {
            let before = draft.find_rule::<R>(&key).map(|before| before.stamp());
            precondition.check(Thing::rule(R::KIND, &key), before)?;
            require_namespace(draft, &key.namespace, missing)?;
            let after = draft.put_rule::<R>(&key, spec);
            let stamp = after.stamp();
            Ok(Written::new(after, before, stamp))
        })
        .await
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// `NotFound`; `PreconditionFailed`; `Conflict` when a test of another rule fails that passed; or
    /// `Unavailable` when the store refused the write.
    pub async fn delete_rule<R: Rule>(
        &self,
        caller: &Caller,
        key: RuleKey,
        precondition: Precondition,
    ) -> Result<Revision> {
        let key = Arc::new(key);
        let _turn = self.pass_tests::<R>(&key, None, precondition).await?;
        self.decide(caller, move |draft| {
            let thing = Thing::rule(R::KIND, &key);
            let before = draft.find_rule::<R>(&key).map(|before| before.stamp());
            precondition.check(thing.clone(), before)?;
            let deleted = draft.delete_rule::<R>(&key);
            deleted.ok_or_else(|| Obstacle::NotFound { thing }.into())
        })
        .await
    }
}
