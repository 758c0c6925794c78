//! A rate limit rule: for which calls, how many, and what becomes of one too many.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Action, ActionDocument, Amount, AmountDocument, AmountMode, Failover, ResponseDocument,
    ResponseSpec, Scope, ScopeKind, WarmUp, WarmUpDocument,
    amount::refuse_overlaps,
    bucket::{DEPTH_LIMIT, nanos},
    policy::ScopeDocument,
};
use crate::{
    Call, Invalid, Metadata, NamespaceName, ServiceKey, Stamp, Text,
    invalid::{LimitWhy, Taker, Why, each, together},
    routing::{
        CalleeDocument, CalleeRule, CalleeSelector, Condition, ConditionDocument, Entries, Fact,
        FactKind, LabelDocument, Operator, RuleKey, RuleName, Test,
        document::{checked_count, not_null},
        rule::{checked_priority, truth},
    },
    text::{checked_text, limit},
};

/// A rate limit rule as the control plane holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimitRule {
    #[serde(flatten)]
    pub key: RuleKey,
    pub spec: RateLimitRuleSpec,
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// What people say of a rate limit rule.
///
/// Of all rules that match a call each must let it through, and a call that one refuses is counted by
/// none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RateLimitRuleDocument", into = "RateLimitRuleDocument")]
pub struct RateLimitRuleSpec {
    /// Up to 1024 characters.
    pub description: Text,
    /// Labels of the rule itself, such as the team that owns it.
    pub metadata: Metadata,
    /// A rule that is not enabled is kept and not applied.
    pub enabled: bool,
    priority: u32,
    /// The services that it protects; each of them has counters of its own.
    pub callee: CalleeSelector,
    conditions: Box<[Condition]>,
    /// Whether all calls share one counter, whatever their values.
    pub regex_combine: bool,
    amounts: Box<[Amount]>,
    warm_up: Option<WarmUp>,
    concurrency: Option<u32>,
    scope: Scope,
    action: Action,
    /// What the caller of a refused call is told.
    pub response: ResponseSpec,
}

/// A rate limit rule as it is written.
///
/// ```
/// use merak_model::{limiting::{RateLimitRuleDocument, RateLimitRuleSpec}, routing};
/// let text = r#"{
///     "callee": {"service": "micro-pay"},
///     "method": "/pay",
///     "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
///     "amounts": [{"max": 10, "window_ms": 1000}, {"max": 100, "window_ms": 60000}]
/// }"#;
/// let document: RateLimitRuleDocument = routing::parse(&mut serde_json::Deserializer::from_str(text))?;
/// let spec = RateLimitRuleSpec::parse(document)?;
/// assert_eq!(spec.amounts()[1].max(), 100);
/// # Ok::<(), merak_model::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitRuleDocument {
    /// Up to 1024 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels of the rule itself, up to 64 entries.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub metadata: Entries<String>,
    /// By default true.
    #[serde(default = "truth")]
    pub enabled: bool,
    /// 0..=10000, default 0: of several rules that refuse a call the lowest one answers it, of equal ones
    /// the first by name.
    #[serde(default)]
    pub priority: u64,
    pub callee: CalleeDocument,
    /// A test of the method: a text for `exact`, or a test with its operator. By default every method, and
    /// none.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub method: Option<LabelDocument>,
    /// Tests of other facts, all of which must hold, up to 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<ConditionDocument>,
    /// By default false: each combination of the values that are tested has a counter of its own.
    #[serde(default)]
    pub regex_combine: bool,
    /// Calls in windows, up to 4; required unless `concurrency` is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<AmountDocument>,
    /// A slow start after a pause, for local limits with amounts.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub warm_up: Option<WarmUpDocument>,
    /// Calls under way at a time, 1..=1000000, for local limits.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub concurrency: Option<u64>,
    /// By default local.
    #[serde(default)]
    pub scope: ScopeKind,
    /// For global limits, by default total.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub amount_mode: Option<AmountMode>,
    /// For global limits, by default local.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub failover: Option<Failover>,
    /// By default reject; `queue` is for local limits with amounts.
    #[serde(default)]
    pub action: ActionDocument,
    /// By default status 429 and an empty body.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub response: Option<ResponseDocument>,
}

impl RateLimitRule {
    /// Whether the rule is for calls to a service.
    pub fn is_for(&self, callee: &ServiceKey) -> bool {
        self.spec.callee.selects(callee, &self.key.namespace)
    }

    /// What rules are looked at in the order of: priority, then name, then namespace.
    pub fn precedence(&self) -> (u32, &RuleName, &NamespaceName) {
        (self.spec.priority, &self.key.name, &self.key.namespace)
    }
}

impl CalleeRule for RateLimitRule {
    fn key(&self) -> &RuleKey {
        &self.key
    }

    fn callee(&self) -> &CalleeSelector {
        &self.spec.callee
    }

    fn priority(&self) -> u32 {
        self.spec.priority
    }
}

impl RateLimitRuleSpec {
    /// The most tests of facts beside the method.
    pub const ARGUMENT_LIMIT: usize = 16;
    /// The most amounts.
    pub const AMOUNT_LIMIT: usize = 4;
    /// The most calls under way at a time that a rule may allow.
    pub const CONCURRENCY_LIMIT: u32 = 1_000_000;

    /// Checks a document.
    ///
    /// # Errors
    /// When parts are not valid, or say nothing beside others; the error names the place of each, such as
    /// `amounts[1].window_ms`.
    pub fn parse(document: RateLimitRuleDocument) -> Result<Self, Invalid> {
        let callee = CalleeSelector::try_from(document.callee);
        let amounts = parse_amounts(document.amounts);
        let window = longest_window(amounts.as_deref().unwrap_or_default());
        let warm_up = document.warm_up.map(WarmUp::try_from).transpose();
        let response = document.response.unwrap_or_default();
        let parts = (
            checked_text("description", &document.description, limit::COMMENT),
            Metadata::parse(document.metadata.0),
            checked_priority(document.priority),
            callee.map_err(|invalid| invalid.within("callee")),
            parse_conditions(document.method, document.arguments),
            amounts,
            warm_up.map_err(|invalid| invalid.within("warm_up")),
            document.concurrency.map(checked_concurrency).transpose(),
            Scope::try_from(ScopeDocument {
                scope: document.scope,
                amount_mode: document.amount_mode,
                failover: document.failover,
            }),
            Action::parse(document.action, window),
            ResponseSpec::try_from(response).map_err(|invalid| invalid.within("response")),
        );
        let (
            description,
            metadata,
            priority,
            callee,
            conditions,
            amounts,
            warm_up,
            concurrency,
            scope,
            action,
            response,
        ) = together(parts)?;
        let spec = Self {
            description,
            metadata,
            enabled: document.enabled,
            priority,
            callee,
            conditions,
            regex_combine: document.regex_combine,
            amounts,
            warm_up,
            concurrency,
            scope,
            action,
            response,
        };
        spec.check_together()?;
        refuse_overlaps(&spec.amounts, |one, other| match spec.scope {
            Scope::Local => one.is_idle_beside(spec.burst(one), other, spec.burst(other)),
            Scope::Global { .. } => one.is_idle_beside_in_windows(other),
        })?;
        let bursts: Result<(), Invalid> = each(spec.amounts.iter().enumerate().map(check_burst));
        bursts?;
        Ok(spec)
    }

    /// 0..=10000: of several rules that refuse a call the lowest one answers it.
    pub fn priority(&self) -> u32 {
        self.priority
    }

    /// The test of the method, if there is one.
    pub fn method(&self) -> Option<&Test> {
        let method = self.conditions.first()?;
        (method.fact.kind() == FactKind::Method).then_some(&method.test)
    }

    /// The tests of facts beside the method, in the order written.
    pub fn arguments(&self) -> &[Condition] {
        &self.conditions[usize::from(self.method().is_some())..]
    }

    /// What a call must meet, all of it: the test of the method, if there is one, and the arguments.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether the rule is for a call to the service that it protects.
    pub fn matches(&self, call: &Call<'_>) -> bool {
        self.conditions.iter().all(|one| holds(one, call))
    }

    /// The facts whose values tell the rule's counters apart: those that may have several.
    pub fn counted_by(&self) -> Vec<&Fact> {
        let mut facts = Vec::new();
        if self.regex_combine {
            return facts;
        }
        for condition in &self.conditions {
            let has_one = matches!(
                condition.test.operator(),
                Operator::Exact | Operator::Absent
            );
            if !has_one && !facts.contains(&&condition.fact) {
                facts.push(&condition.fact);
            }
        }
        facts
    }

    /// Calls in windows, each of which must let a call through; up to 4, of different windows.
    pub fn amounts(&self) -> &[Amount] {
        &self.amounts
    }

    /// How many calls an amount of the rule lets through at once after a pause: what it says, or all of
    /// them where calls too many are rejected, or 1 where they queue.
    pub fn burst(&self, amount: Amount) -> u32 {
        amount.burst().unwrap_or(match self.action {
            Action::Reject => amount.max(),
            Action::Queue { .. } => 1,
        })
    }

    /// The slow start, if there is one.
    pub fn warm_up(&self) -> Option<WarmUp> {
        self.warm_up
    }

    /// Calls under way at a time, if that is limited: 1..=1000000.
    pub fn concurrency(&self) -> Option<u32> {
        self.concurrency
    }

    /// Who counts.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// What becomes of a call too many.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Refuses parts that do not go together.
    fn check_together(&self) -> Result<(), Invalid> {
        if self.amounts.is_empty() && self.concurrency.is_none() {
            let fields = vec!["amounts", "concurrency"];
            return Err(Invalid::because("amounts", Why::OneOfRequired { fields }));
        }
        let given = [
            ("warm_up", self.warm_up.is_some(), true),
            ("concurrency", self.concurrency.is_some(), false),
            ("action.queue", self.action != Action::Reject, true),
        ];
        let is_global = self.scope.is_global();
        let parts = given.into_iter().map(|(field, is_given, needs_amounts)| {
            if is_given && is_global {
                return Err(Invalid::because(field, IS_GLOBAL));
            }
            if is_given && needs_amounts && self.amounts.is_empty() {
                let by = Taker::LimitWithoutAmounts;
                return Err(Invalid::because(field, Why::NotTaken { by }));
            }
            Ok(())
        });
        let amounts = self.amounts.iter().enumerate().filter(|_| is_global);
        each(parts.chain(amounts.map(check_global)))
    }
}

/// What a bucket would not hold, because it would take too long to fill.
fn check_burst((index, amount): (usize, &Amount)) -> Result<(), Invalid> {
    let Some(burst) = amount.burst() else {
        return Ok(());
    };
    let most = DEPTH_LIMIT / nanos(amount.interval());
    if u64::from(burst) <= most {
        return Ok(());
    }
    let limit = most;
    Err(Invalid::because("burst", LimitWhy::BurstTooLarge { burst, limit }).at("amounts", index))
}

fn check_global((index, amount): (usize, &Amount)) -> Result<(), Invalid> {
    let (window, least) = (amount.window(), Amount::GLOBAL_WINDOW_MIN);
    if window < least {
        let (least, most) = (least.as_millis(), Amount::WINDOW_LIMIT.as_millis());
        let invalid = Invalid::range("window_ms", window.as_millis(), least, most);
        return Err(invalid.at("amounts", index));
    }
    match amount.burst() {
        None => Ok(()),
        Some(_) => Err(Invalid::because("burst", IS_GLOBAL).at("amounts", index)),
    }
}

/// Whether a call meets a condition: a fact that it does not have meets none but `absent`.
#[inline]
pub fn holds(condition: &Condition, call: &Call<'_>) -> bool {
    let value = call.find(&condition.fact);
    match &condition.test {
        Test::Value(matcher) => matcher.matches(value),
        Test::SameAs(other) => value.is_some() && value == call.find(other),
    }
}

const IS_GLOBAL: Why = Why::NotTaken {
    by: Taker::GlobalLimit,
};

fn parse_conditions(
    method: Option<LabelDocument>,
    arguments: Vec<ConditionDocument>,
) -> Result<Box<[Condition]>, Invalid> {
    checked_count(
        "arguments",
        arguments.len(),
        RateLimitRuleSpec::ARGUMENT_LIMIT,
    )?;
    let method = method.map(|test| {
        let test = test.parse().map_err(|invalid| invalid.within("method"))?;
        let fact = Fact::parse(FactKind::Method, "")?;
        Ok(Condition { fact, test })
    });
    let arguments = arguments.into_iter().enumerate().map(|(index, document)| {
        let argument = if document.on == FactKind::Method {
            Err(Invalid::because("on", LimitWhy::MethodAsArgument))
        } else {
            Condition::try_from(document)
        };
        argument.map_err(|invalid| invalid.at("arguments", index))
    });
    each(method.into_iter().chain(arguments))
}

fn parse_amounts(documents: Vec<AmountDocument>) -> Result<Box<[Amount]>, Invalid> {
    let limit = RateLimitRuleSpec::AMOUNT_LIMIT;
    checked_count("amounts", documents.len(), limit)?;
    let parsed = documents.into_iter().enumerate().map(|(index, document)| {
        Amount::try_from(document).map_err(|invalid| invalid.at("amounts", index))
    });
    each(parsed)
}

/// What an action may wait for at most.
fn longest_window(amounts: &[Amount]) -> Duration {
    let windows = amounts.iter().map(|amount| amount.window());
    windows.max().unwrap_or(Amount::WINDOW_LIMIT)
}

fn checked_concurrency(calls: u64) -> Result<u32, Invalid> {
    let limit = RateLimitRuleSpec::CONCURRENCY_LIMIT;
    match u32::try_from(calls) {
        Ok(parsed) if (1..=limit).contains(&parsed) => Ok(parsed),
        _ => Err(Invalid::range("concurrency", calls, 1, u64::from(limit))),
    }
}

impl TryFrom<RateLimitRuleDocument> for RateLimitRuleSpec {
    type Error = Invalid;

    fn try_from(document: RateLimitRuleDocument) -> Result<Self, Invalid> {
        Self::parse(document)
    }
}

impl From<RateLimitRuleSpec> for RateLimitRuleDocument {
    fn from(spec: RateLimitRuleSpec) -> Self {
        let scope = ScopeDocument::from(spec.scope);
        Self {
            method: spec.method().map(Into::into),
            arguments: spec.arguments().iter().map(Into::into).collect(),
            description: spec.description.into(),
            metadata: (&spec.metadata).into(),
            enabled: spec.enabled,
            priority: u64::from(spec.priority),
            callee: (&spec.callee).into(),
            regex_combine: spec.regex_combine,
            amounts: spec.amounts.iter().copied().map(Into::into).collect(),
            warm_up: spec.warm_up.map(Into::into),
            concurrency: spec.concurrency.map(u64::from),
            scope: scope.scope,
            amount_mode: scope.amount_mode,
            failover: scope.failover,
            action: spec.action.into(),
            response: (!spec.response.is_default()).then(|| (&spec.response).into()),
        }
    }
}
