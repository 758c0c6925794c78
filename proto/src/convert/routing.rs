//! Routing rules, nearby rules and their parts.
//!
//! Messages become documents, whose parsing is the validation; errors name the place in the document.

mod condition;
mod nearby;

use merak_model::{
    Invalid, Metadata, Revision, Stamp, Timestamp,
    routing::{
        Branch, BranchDocument, CalleeDocument, CalleeSelector, CallerDocument, CallerSelector,
        Condition, ConditionDocument, Entries, LabelDocument, Matches, MatchesDocument, Otherwise,
        RoutingRule, RoutingRuleDocument, RoutingRuleSpec, RuleKey, Target, TargetDocument, Test,
        WhenEmpty,
    },
};

use super::requires;
use crate::v1;

impl TryFrom<v1::RuleKey> for RuleKey {
    type Error = Invalid;

    fn try_from(key: v1::RuleKey) -> Result<Self, Invalid> {
        Self::parse(&key.namespace, &key.name)
    }
}

impl From<&RuleKey> for v1::RuleKey {
    fn from(key: &RuleKey) -> Self {
        Self {
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
        }
    }
}

impl TryFrom<v1::RoutingRule> for RoutingRule {
    type Error = Invalid;

    fn try_from(rule: v1::RoutingRule) -> Result<Self, Invalid> {
        requires::check(&rule.requires)?;
        let spec = rule.spec.ok_or_else(|| Invalid::missing("spec"))?;
        let spec = RoutingRuleSpec::try_from(spec).map_err(|invalid| invalid.within("spec"))?;
        Ok(Self {
            key: key_of(rule.key)?,
            spec,
            stamp: Stamp {
                created_revision: Revision(rule.created_revision),
                revision: Revision(rule.revision),
                created_at: Timestamp::from_unix_ms(rule.created_at_ms),
                modified_at: Timestamp::from_unix_ms(rule.modified_at_ms),
            },
        })
    }
}

impl From<&RoutingRule> for v1::RoutingRule {
    fn from(rule: &RoutingRule) -> Self {
        let RoutingRule { key, spec, stamp } = rule;
        Self {
            key: Some(key.into()),
            spec: Some(spec.into()),
            revision: stamp.revision.get(),
            created_revision: stamp.created_revision.get(),
            created_at_ms: stamp.created_at.unix_ms(),
            modified_at_ms: stamp.modified_at.unix_ms(),
            requires: Vec::new(),
        }
    }
}

impl TryFrom<v1::RoutingRuleSpec> for RoutingRuleSpec {
    type Error = Invalid;

    fn try_from(spec: v1::RoutingRuleSpec) -> Result<Self, Invalid> {
        let otherwise = match spec.otherwise() {
            v1::Otherwise::FallThrough => Otherwise::FallThrough,
            v1::Otherwise::Reject => Otherwise::Reject,
            v1::Otherwise::Unspecified => return Err(Invalid::missing("otherwise")),
        };
        let caller = spec.caller.map(caller_document).transpose();
        let branches = spec.branches.into_iter().enumerate();
        let branches = branches.map(|(index, branch)| {
            branch_document(branch).map_err(|invalid| invalid.at("branches", index))
        });
        Self::parse(RoutingRuleDocument {
            description: spec.description,
            metadata: entries(spec.metadata),
            enabled: spec.enabled,
            priority: u64::from(spec.priority),
            caller: caller.map_err(|invalid| invalid.within("caller"))?,
            callee: callee_document(spec.callee)?,
            branches: branches.collect::<Result<_, _>>()?,
            otherwise,
            // Tests are the control plane's concern.
            tests: Vec::new(),
        })
    }
}

impl From<&RoutingRuleSpec> for v1::RoutingRuleSpec {
    fn from(spec: &RoutingRuleSpec) -> Self {
        Self {
            description: spec.description.to_string(),
            metadata: metadata(&spec.metadata),
            enabled: spec.enabled,
            priority: spec.priority(),
            caller: (!spec.caller.is_any()).then(|| (&spec.caller).into()),
            callee: Some((&spec.callee).into()),
            branches: spec.branches().iter().map(Into::into).collect(),
            otherwise: match spec.otherwise {
                Otherwise::FallThrough => v1::Otherwise::FallThrough,
                Otherwise::Reject => v1::Otherwise::Reject,
            }
            .into(),
        }
    }
}

impl From<&CallerSelector> for v1::CallerSelector {
    fn from(selector: &CallerSelector) -> Self {
        let metadata = selector.metadata().iter();
        Self {
            namespace: selector.namespace.to_string(),
            service: selector.service.to_string(),
            metadata: metadata
                .map(|condition| (condition.fact.key().to_owned(), (&condition.test).into()))
                .collect(),
        }
    }
}

impl From<&CalleeSelector> for v1::CalleeSelector {
    fn from(selector: &CalleeSelector) -> Self {
        let namespace = selector.namespace.as_ref();
        Self {
            namespace: namespace.map(ToString::to_string).unwrap_or_default(),
            service: selector.service.to_string(),
        }
    }
}

impl From<&Branch> for v1::Branch {
    fn from(branch: &Branch) -> Self {
        Self {
            name: branch.name.to_string(),
            matches: matches(branch.matches()),
            targets: branch.targets().iter().map(Into::into).collect(),
            when_empty: match branch.when_empty {
                WhenEmpty::NextBranch => v1::WhenEmpty::NextBranch,
                WhenEmpty::AllInstances => v1::WhenEmpty::AllInstances,
                WhenEmpty::Reject => v1::WhenEmpty::Reject,
            }
            .into(),
        }
    }
}

impl From<&Target> for v1::Target {
    fn from(target: &Target) -> Self {
        let labels = target.labels().iter();
        Self {
            name: target.name.to_string(),
            labels: labels
                .map(|(key, test)| (key.to_owned(), test.into()))
                .collect(),
            weight: Some(u32::from(target.weight.get())),
            priority: u32::from(target.priority()),
        }
    }
}

pub(super) fn key_of(key: Option<v1::RuleKey>) -> Result<RuleKey, Invalid> {
    let key = key.ok_or_else(|| Invalid::missing("key"))?;
    key.try_into()
        .map_err(|invalid: Invalid| invalid.within("key"))
}

pub(super) fn callee_document(
    callee: Option<v1::CalleeSelector>,
) -> Result<CalleeDocument, Invalid> {
    let callee = callee.ok_or_else(|| Invalid::missing("callee"))?;
    Ok(CalleeDocument {
        namespace: given(callee.namespace),
        service: callee.service,
    })
}

fn caller_document(caller: v1::CallerSelector) -> Result<CallerDocument, Invalid> {
    Ok(CallerDocument {
        namespace: given(caller.namespace),
        service: given(caller.service),
        metadata: tests("metadata", caller.metadata)?,
    })
}

fn branch_document(branch: v1::Branch) -> Result<BranchDocument, Invalid> {
    let when_empty = match branch.when_empty() {
        v1::WhenEmpty::NextBranch => WhenEmpty::NextBranch,
        v1::WhenEmpty::AllInstances => WhenEmpty::AllInstances,
        v1::WhenEmpty::Reject => WhenEmpty::Reject,
        v1::WhenEmpty::Unspecified => return Err(Invalid::missing("when_empty")),
    };
    let targets = branch.targets.into_iter().enumerate();
    let targets = targets.map(|(index, target)| {
        target_document(target).map_err(|invalid| invalid.at("targets", index))
    });
    let matches = branch.matches.map(matches_document).transpose();
    Ok(BranchDocument {
        name: branch.name,
        matches: matches.map_err(|invalid| invalid.within("matches"))?,
        targets: targets.collect::<Result<_, _>>()?,
        when_empty,
    })
}

fn matches_document(matches: v1::Matches) -> Result<MatchesDocument, Invalid> {
    use v1::matches::Kind;
    // An absent kind is also how a kind that this version does not know arrives.
    match matches.kind.ok_or_else(|| Invalid::missing("kind"))? {
        Kind::All(all) => Ok(MatchesDocument {
            all: Some(conditions("all", all)?),
            any: None,
        }),
        Kind::Any(any) => Ok(MatchesDocument {
            all: None,
            any: Some(conditions("any", any)?),
        }),
    }
}

fn conditions(
    field: &str,
    conditions: v1::matches::Conditions,
) -> Result<Vec<ConditionDocument>, Invalid> {
    let conditions = conditions.conditions.into_iter().enumerate();
    conditions
        .map(|(index, one)| {
            one.try_into()
                .map_err(|invalid: Invalid| invalid.at(field, index))
        })
        .collect()
}

fn matches(matches: &Matches) -> Option<v1::Matches> {
    use v1::matches::{Conditions, Kind};
    let conditions = |conditions: &[Condition]| Conditions {
        conditions: conditions.iter().map(Into::into).collect(),
    };
    let kind = match matches {
        Matches::Always => return None,
        Matches::All(all) => Kind::All(conditions(all)),
        Matches::Any(any) => Kind::Any(conditions(any)),
    };
    Some(v1::Matches { kind: Some(kind) })
}

fn target_document(target: v1::Target) -> Result<TargetDocument, Invalid> {
    Ok(TargetDocument {
        name: target.name,
        labels: tests("labels", target.labels)?,
        weight: target.weight.map(u64::from),
        priority: Some(u64::from(target.priority)),
    })
}

fn tests(
    field: &str,
    tests: std::collections::HashMap<String, v1::Test>,
) -> Result<Entries<LabelDocument>, Invalid> {
    let entries = tests.into_iter().map(|(key, test)| match test.try_into() {
        Ok(test) => Ok((key, LabelDocument::Test(test))),
        Err(invalid) => {
            let invalid: Invalid = invalid;
            Err(invalid.within(format_args!("{field}[{key:?}]")))
        }
    });
    entries.collect::<Result<_, _>>().map(Entries)
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn entries(metadata: std::collections::HashMap<String, String>) -> Entries<String> {
    Entries(metadata.into_iter().collect())
}

pub(super) fn metadata(metadata: &Metadata) -> std::collections::HashMap<String, String> {
    let metadata = metadata.iter();
    metadata
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

impl From<&Test> for v1::Test {
    fn from(test: &Test) -> Self {
        match test {
            Test::Value(matcher) => matcher.into(),
            Test::SameAs(fact) => Self {
                kind: Some(v1::test::Kind::SameAs(fact.into())),
            },
        }
    }
}
