//! Rules as they were.

use std::{collections::BTreeMap, sync::Arc};

use merak_model::{NamespaceName, Revision, ServiceKey, routing::RuleKey};

use super::{History, Moment};
use crate::{CalleeLimits, CalleeRules, ChangeQuery, Kind, Result, Rule, catalog::rules::sorted};

impl History {
    /// A rule as it was; none if it did not exist then.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn find_rule_at<R: Rule>(
        &self,
        key: &RuleKey,
        moment: Moment,
    ) -> Result<Option<Arc<R>>> {
        let revision = self.revision_at(moment).await?;
        let (now, mut rule) = {
            let index = self.catalog.read();
            let found = index.rules.find::<R>(&Arc::new(key.clone())).cloned();
            (index.revision, found)
        };
        let scope = ChangeQuery {
            rule: Some(key.name.clone()),
            ..scope_of::<R>(Some(&key.namespace))
        };
        self.undo(scope, revision, now, |change| {
            rule = change.before.as_ref().and_then(R::of_item).cloned();
        })
        .await?;
        Ok(rule)
    }

    /// The rules of a namespace as they were, sorted by name.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn list_rules_at<R: Rule>(
        &self,
        namespace: &NamespaceName,
        moment: Moment,
    ) -> Result<Vec<Arc<R>>> {
        let revision = self.revision_at(moment).await?;
        let (now, rules) = self.catalog.list_rules::<R>(namespace);
        self.undo_rules(rules, Some(namespace), (revision, now))
            .await
    }

    /// The rules of all namespaces as they were, sorted by namespace and name.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn list_all_rules_at<R: Rule>(&self, moment: Moment) -> Result<Vec<Arc<R>>> {
        self.all_rules_at(self.revision_at(moment).await?).await
    }

    /// The rules that callers of a service obeyed, in the order in which they were tried.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn find_rules_at(&self, callee: &ServiceKey, moment: Moment) -> Result<CalleeRules> {
        let revision = self.revision_at(moment).await?;
        Ok(CalleeRules {
            callee: callee.clone(),
            revision,
            routing: self.rules_for(callee, revision).await?,
            nearby: self.rules_for(callee, revision).await?,
        })
    }

    /// The rules that protected a service, in the order of their precedence.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn find_limits_at(
        &self,
        callee: &ServiceKey,
        moment: Moment,
    ) -> Result<CalleeLimits> {
        let revision = self.revision_at(moment).await?;
        Ok(CalleeLimits {
            callee: callee.clone(),
            revision,
            rules: self.rules_for(callee, revision).await?,
        })
    }

    async fn all_rules_at<R: Rule>(&self, revision: Revision) -> Result<Vec<Arc<R>>> {
        let (now, rules) = {
            let index = self.catalog.read();
            (index.revision, index.rules.all().cloned().collect())
        };
        self.undo_rules(rules, None, (revision, now)).await
    }

    async fn rules_for<R: Rule>(
        &self,
        callee: &ServiceKey,
        revision: Revision,
    ) -> Result<Vec<Arc<R>>> {
        let mut rules = self.all_rules_at::<R>(revision).await?;
        rules.retain(|rule| rule.callees().selects(callee));
        Ok(sorted(rules))
    }

    async fn undo_rules<R: Rule>(
        &self,
        rules: Vec<Arc<R>>,
        namespace: Option<&NamespaceName>,
        (revision, now): (Revision, Revision),
    ) -> Result<Vec<Arc<R>>> {
        let named = rules.into_iter().map(|rule| (rule.key().clone(), rule));
        let mut rules: BTreeMap<RuleKey, Arc<R>> = named.collect();
        self.undo(scope_of::<R>(namespace), revision, now, |change| {
            let before = change.before.as_ref().and_then(R::of_item);
            let after = change.after.as_ref().and_then(R::of_item);
            if let Some(before) = before {
                rules.insert(before.key().clone(), Arc::clone(before));
            } else if let Some(after) = after {
                rules.remove(after.key());
            }
        })
        .await?;
        Ok(rules.into_values().collect())
    }
}

fn scope_of<R: Rule>(namespace: Option<&NamespaceName>) -> ChangeQuery {
    ChangeQuery {
        kind: Some(Kind::Rule(R::KIND)),
        namespace: namespace.cloned(),
        ..ChangeQuery::default()
    }
}
