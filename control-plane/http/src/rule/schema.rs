//! The shape of rules, for the description of the API.
//!
//! Rules are read and written by the model, whose documents these types mirror field by field; a test
//! holds the two together.

pub(crate) mod rate_limit;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::simulate::schema::RoutingTest;

/// A routing rule as it is written.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "name": "canary", "priority": 10, "callee": {"service": "com.shop/pay"},
    "branches": [
        {"name": "vip", "targets": [{"labels": {"version": "v2"}}],
         "matches": {"all": [{"on": "header", "key": "x-user", "op": "in", "values": ["42"]}]}},
        {"name": "rest", "targets": [
            {"labels": {"version": "v1"}, "weight": 70}, {"labels": {"version": "v2"}, "weight": 30},
        ]},
    ],
    "otherwise": "fall_through",
}))]
pub(crate) struct RoutingRuleBody {
    /// 1..=128 letters, digits and `. _ : / -`. Required to POST; may be left out to PUT, where it
    /// must be the one in the path.
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(flatten)]
    spec: RoutingRuleSpec,
}

/// A nearby rule as it is written.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "name": "near", "callee": {"service": "*"}, "level": "zone", "max_level": "region",
    "spill_over": 0.3,
}))]
pub(crate) struct NearbyRuleBody {
    /// 1..=128 letters, digits and `. _ : / -`. Required to POST; may be left out to PUT, where it
    /// must be the one in the path.
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(flatten)]
    spec: NearbyRuleSpec,
}

/// What people say of a routing rule.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoutingRuleSpec {
    /// Up to 1024 characters.
    #[serde(default)]
    description: String,
    /// Labels of the rule itself, up to 64.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// A rule that is not enabled is kept and not applied; default true.
    #[serde(default)]
    enabled: bool,
    /// Lower ones are tried first, equal ones in the order of their names; default 0.
    #[serde(default)]
    #[schema(maximum = 10_000)]
    priority: u64,
    /// By default every caller.
    #[schema(nullable = false)]
    caller: Option<CallerSelector>,
    callee: CalleeSelector,
    /// Tried in order.
    #[schema(min_items = 1, max_items = 64)]
    branches: Vec<Branch>,
    otherwise: Otherwise,
    /// What is expected of calls that the rule is for. A change of rules is refused if it fails tests of the
    /// rule itself, or those of another rule that passed before; what is not enabled is not tested.
    #[serde(default)]
    #[schema(max_items = 32)]
    tests: Vec<RoutingTest>,
}

/// What people say of a nearby rule: instances near the caller first.
#[derive(Serialize, ToSchema)]
pub(crate) struct NearbyRuleSpec {
    /// Up to 1024 characters.
    #[serde(default)]
    description: String,
    /// Labels of the rule itself, up to 64.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// A rule that is not enabled is kept and not applied; default true.
    #[serde(default)]
    enabled: bool,
    /// Of several rules for a callee the lowest one applies; default 0.
    #[serde(default)]
    #[schema(maximum = 10_000)]
    priority: u64,
    callee: CalleeSelector,
    /// The level that is tried first; default `zone`.
    #[serde(default)]
    level: NearbyLevel,
    /// The widest level, not nearer than `level`; default `all`.
    #[serde(default)]
    max_level: NearbyLevel,
    /// Whether calls are refused where `max_level` has no instance for them; default false.
    #[serde(default)]
    strict: bool,
    /// The share of healthy instances at or below which a wider level is used; default 0, which is when
    /// none is healthy.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    spill_over: f64,
}

/// The callers that a rule is for.
#[derive(Serialize, ToSchema)]
struct CallerSelector {
    /// A name, or `*`, which is the default.
    #[schema(nullable = false)]
    namespace: Option<String>,
    /// A name, or `*`, which is the default.
    #[schema(nullable = false)]
    service: Option<String>,
    /// Tests of the caller's labels, all of which must hold; up to 16, none of them `same_as`.
    #[serde(default)]
    metadata: BTreeMap<String, LabelTest>,
}

/// The services that a rule is for.
#[derive(Serialize, ToSchema)]
struct CalleeSelector {
    /// A name or `*`; by default the namespace of the rule.
    #[schema(nullable = false)]
    namespace: Option<String>,
    /// A name or `*`.
    service: String,
}

/// Which calls a part of a rule takes, and where it sends them.
#[derive(Serialize, ToSchema)]
struct Branch {
    /// Up to 128 characters; empty, or different from every other branch of the rule.
    #[serde(default)]
    name: String,
    /// By default every call.
    #[schema(nullable = false)]
    matches: Option<Matches>,
    /// Not all of weight 0.
    #[schema(min_items = 1, max_items = 32)]
    targets: Vec<Target>,
    /// Default `next_branch`.
    #[serde(default)]
    when_empty: WhenEmpty,
}

/// Which calls a branch takes: exactly one of the two.
#[derive(Serialize, ToSchema)]
struct Matches {
    /// Conditions that a call must meet.
    #[schema(nullable = false, min_items = 1, max_items = 32)]
    all: Option<Vec<Condition>>,
    /// Conditions of which a call must meet one.
    #[schema(nullable = false, min_items = 1, max_items = 32)]
    any: Option<Vec<Condition>>,
}

/// A fact of the call, and the test it must pass.
#[derive(Serialize, ToSchema)]
pub(crate) struct Condition {
    on: FactKind,
    /// Which header, parameter, cookie, label or argument; not for the other facts.
    #[serde(default)]
    key: String,
    op: Operator,
    /// Of `exact`, `not_equal` and `regex`; up to 1024 characters.
    #[schema(nullable = false)]
    value: Option<String>,
    /// Of `in` and `not_in`.
    #[schema(nullable = false, min_items = 1, max_items = 256)]
    values: Option<Vec<String>>,
    /// Of `range`, included.
    #[schema(nullable = false)]
    min: Option<i64>,
    /// Of `range`, included.
    #[schema(nullable = false)]
    max: Option<i64>,
    /// Of `same_as`.
    #[schema(nullable = false)]
    fact: Option<Fact>,
}

/// A test of a label: a text stands for `exact`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum LabelTest {
    Exact(String),
    Test(Test),
}

/// A test of a value, which fails if the value is not there, unless it is `absent`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Test {
    op: Operator,
    /// Of `exact`, `not_equal` and `regex`; up to 1024 characters.
    #[schema(nullable = false)]
    value: Option<String>,
    /// Of `in` and `not_in`.
    #[schema(nullable = false, min_items = 1, max_items = 256)]
    values: Option<Vec<String>>,
    /// Of `range`, included.
    #[schema(nullable = false)]
    min: Option<i64>,
    /// Of `range`, included.
    #[schema(nullable = false)]
    max: Option<i64>,
    /// Of `same_as`.
    #[schema(nullable = false)]
    fact: Option<Fact>,
}

/// One fact of a call.
#[derive(Serialize, ToSchema)]
struct Fact {
    on: FactKind,
    /// Which header, parameter, cookie, label or argument; not for the other facts.
    #[serde(default)]
    key: String,
}

/// A part of the callee's instances, with its share of the calls.
#[derive(Serialize, ToSchema)]
struct Target {
    /// Up to 128 characters; empty, or different from every other target of the branch.
    #[serde(default)]
    name: String,
    /// Tests of an instance's labels, all of which must hold; up to 16, 4 of them `same_as`. By default
    /// every instance.
    #[serde(default)]
    labels: BTreeMap<String, LabelTest>,
    /// Its share relative to the other targets of the same priority; default 100, 0 gets nothing.
    #[schema(nullable = false, maximum = 10_000)]
    weight: Option<u64>,
    /// Targets of a higher number get calls where those of a lower one have no instance; default 0.
    #[schema(nullable = false, maximum = 9)]
    priority: Option<u64>,
}

/// Where in a call a fact is found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FactKind {
    Method,
    Path,
    Header,
    Query,
    Cookie,
    CallerIp,
    CallerNamespace,
    CallerService,
    CallerMetadata,
    Argument,
}

/// How a value is tested.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operator {
    Exact,
    NotEqual,
    In,
    NotIn,
    Regex,
    Range,
    Present,
    Absent,
    SameAs,
}

/// What becomes of a call that a branch takes, when no target has an instance for it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhenEmpty {
    NextBranch,
    AllInstances,
    Reject,
}

/// What becomes of a call that a rule is for, when no branch decides.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Otherwise {
    FallThrough,
    Reject,
}

/// How much of its location an instance shares with a caller, from the nearest to the widest.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NearbyLevel {
    Campus,
    Zone,
    Region,
    All,
}
