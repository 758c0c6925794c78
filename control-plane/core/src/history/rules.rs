//! Rules as they were.

use std::{collections::BTreeMap, sync::Arc};

use merak_model::{
    NamespaceName, Revision, ServiceKey,
    routing::{NearbyRule, RoutingRule, RuleKey},
};

use super::{History, Moment};
use crate::{CalleeRules, ChangeQuery, Result, Rule};

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

    /// The rules for calls to a service as they were, in the order in which they were tried.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn find_rules_at(&self, callee: &ServiceKey, moment: Moment) -> Result<CalleeRules> {
        let revision = self.revision_at(moment).await?;
        let (now, routing, nearby) = {
            let index = self.catalog.read();
            let routing: Vec<Arc<RoutingRule>> = index.rules.all().cloned().collect();
            let nearby: Vec<Arc<NearbyRule>> = index.rules.all().cloned().collect();
            (index.revision, routing, nearby)
        };
        let mut routing = self.undo_rules(routing, None, (revision, now)).await?;
        let mut nearby = self.undo_rules(nearby, None, (revision, now)).await?;
        routing.retain(|rule| rule.is_for(callee));
        nearby.retain(|rule| rule.is_for(callee));
        let rules = (routing, nearby);
        Ok(CalleeRules::sorted(callee.clone(), revision, rules))
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
        kind: Some(R::KIND),
        namespace: namespace.cloned(),
        ..ChangeQuery::default()
    }
}
