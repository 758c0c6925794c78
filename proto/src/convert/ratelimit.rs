//! Rate limit rules and their parts.

use std::time::Duration;

use merak_model::{
    Invalid, Revision, Stamp, Timestamp,
    limiting::{
        Action, ActionDocument, Amount, AmountDocument, AmountMode, Failover, RateLimitRule,
        RateLimitRuleDocument, RateLimitRuleSpec, ResponseDocument, ResponseSpec, Scope, ScopeKind,
        WarmUp, WarmUpDocument,
    },
    routing::{ConditionDocument, LabelDocument},
};

use super::{
    requires,
    routing::{callee_document, entries, key_of, metadata},
};
use crate::v1::{
    self,
    rate_limit_rule_spec::{
        Action as WireAction, Global, Local, Queue, Reject, Scope as WireScope,
    },
};

impl TryFrom<v1::RateLimitRule> for RateLimitRule {
    type Error = Invalid;

    fn try_from(rule: v1::RateLimitRule) -> Result<Self, Invalid> {
        requires::check(&rule.requires)?;
        let spec = rule.spec.ok_or_else(|| Invalid::missing("spec"))?;
        let spec = RateLimitRuleSpec::try_from(spec).map_err(|invalid| invalid.within("spec"))?;
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

impl From<&RateLimitRule> for v1::RateLimitRule {
    fn from(rule: &RateLimitRule) -> Self {
        let RateLimitRule { key, spec, stamp } = rule;
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

impl TryFrom<v1::RateLimitRuleSpec> for RateLimitRuleSpec {
    type Error = Invalid;

    fn try_from(spec: v1::RateLimitRuleSpec) -> Result<Self, Invalid> {
        let (scope, amount_mode, failover) = scope_document(spec.scope)?;
        let method = spec
            .method
            .map(|test| Ok(LabelDocument::Test(test.try_into()?)));
        let method = method.transpose();
        let arguments = spec.arguments.into_iter().enumerate();
        let arguments = arguments.map(|(index, argument)| {
            let argument = ConditionDocument::try_from(argument);
            argument.map_err(|invalid| invalid.at("arguments", index))
        });
        Self::parse(RateLimitRuleDocument {
            description: spec.description,
            metadata: entries(spec.metadata),
            enabled: spec.enabled,
            priority: u64::from(spec.priority),
            callee: callee_document(spec.callee)?,
            method: method.map_err(|invalid: Invalid| invalid.within("method"))?,
            arguments: arguments.collect::<Result<_, _>>()?,
            regex_combine: spec.regex_combine,
            amounts: spec.amounts.into_iter().map(Into::into).collect(),
            warm_up: spec.warm_up.map(Into::into),
            concurrency: spec.concurrency.map(u64::from),
            scope,
            amount_mode,
            failover,
            action: action_document(spec.action)?,
            response: spec.response.map(Into::into),
        })
    }
}

impl From<&RateLimitRuleSpec> for v1::RateLimitRuleSpec {
    fn from(spec: &RateLimitRuleSpec) -> Self {
        let response = Some(&spec.response).filter(|response| !response.is_default());
        Self {
            description: spec.description.to_string(),
            metadata: metadata(&spec.metadata),
            enabled: spec.enabled,
            priority: spec.priority(),
            callee: Some((&spec.callee).into()),
            method: spec.method().map(Into::into),
            arguments: spec.arguments().iter().map(Into::into).collect(),
            regex_combine: spec.regex_combine,
            amounts: spec.amounts().iter().map(Into::into).collect(),
            warm_up: spec.warm_up().as_ref().map(Into::into),
            concurrency: spec.concurrency(),
            scope: Some(scope_of(spec.scope())),
            action: Some(action_of(spec.action())),
            response: response.map(Into::into),
        }
    }
}

/// The parts of a document that say who counts.
type ScopeParts = (ScopeKind, Option<AmountMode>, Option<Failover>);

fn scope_document(scope: Option<WireScope>) -> Result<ScopeParts, Invalid> {
    // An absent scope is also how one that this version does not know arrives.
    let global = match scope.ok_or_else(|| Invalid::missing("scope"))? {
        WireScope::Local(Local {}) => return Ok((ScopeKind::Local, None, None)),
        WireScope::Global(global) => global,
    };
    let mode = match global.amount_mode() {
        v1::AmountMode::Total => AmountMode::Total,
        v1::AmountMode::PerClient => AmountMode::PerClient,
        v1::AmountMode::Unspecified => return Err(Invalid::missing("amount_mode")),
    };
    let failover = match global.failover() {
        v1::Failover::Local => Failover::Local,
        v1::Failover::Pass => Failover::Pass,
        v1::Failover::Unspecified => return Err(Invalid::missing("failover")),
    };
    Ok((ScopeKind::Global, Some(mode), Some(failover)))
}

fn scope_of(scope: Scope) -> WireScope {
    match scope {
        Scope::Local => WireScope::Local(Local {}),
        Scope::Global { mode, failover } => WireScope::Global(Global {
            amount_mode: match mode {
                AmountMode::Total => v1::AmountMode::Total,
                AmountMode::PerClient => v1::AmountMode::PerClient,
            }
            .into(),
            failover: match failover {
                Failover::Local => v1::Failover::Local,
                Failover::Pass => v1::Failover::Pass,
            }
            .into(),
        }),
    }
}

fn action_document(action: Option<WireAction>) -> Result<ActionDocument, Invalid> {
    // An absent action is also how one that this version does not know arrives.
    match action.ok_or_else(|| Invalid::missing("action"))? {
        WireAction::Reject(Reject {}) => Ok(ActionDocument::Reject),
        WireAction::Queue(Queue { max_wait_ms }) => Ok(ActionDocument::Queue { max_wait_ms }),
    }
}

fn action_of(action: Action) -> WireAction {
    match action {
        Action::Reject => WireAction::Reject(Reject {}),
        Action::Queue { max_wait } => WireAction::Queue(Queue {
            max_wait_ms: milliseconds(max_wait),
        }),
    }
}

impl From<v1::LimitAmount> for AmountDocument {
    fn from(amount: v1::LimitAmount) -> Self {
        Self {
            max: u64::from(amount.max),
            window_ms: amount.window_ms,
            burst: amount.burst.map(u64::from),
        }
    }
}

impl From<&Amount> for v1::LimitAmount {
    fn from(amount: &Amount) -> Self {
        Self {
            max: amount.max(),
            window_ms: milliseconds(amount.window()),
            burst: amount.burst(),
        }
    }
}

impl From<v1::LimitWarmUp> for WarmUpDocument {
    fn from(warm_up: v1::LimitWarmUp) -> Self {
        Self {
            period_ms: warm_up.period_ms,
            start_percent: u64::from(warm_up.start_percent),
        }
    }
}

impl From<&WarmUp> for v1::LimitWarmUp {
    fn from(warm_up: &WarmUp) -> Self {
        Self {
            period_ms: milliseconds(warm_up.period()),
            start_percent: u32::from(warm_up.start_percent()),
        }
    }
}

impl From<v1::LimitResponse> for ResponseDocument {
    fn from(response: v1::LimitResponse) -> Self {
        Self {
            status: Some(u64::from(response.status)),
            headers: entries(response.headers),
            body: response.body,
        }
    }
}

impl From<&ResponseSpec> for v1::LimitResponse {
    fn from(response: &ResponseSpec) -> Self {
        let headers = response.headers();
        Self {
            status: u32::from(response.status()),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: response.body().to_owned(),
        }
    }
}

/// A duration of the model, which is whole milliseconds and a day at most.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
