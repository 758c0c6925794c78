//! The shape of calls and of explanations, for the description of the API.
//!
//! Calls are read and explanations are written by the model, whose types these mirror field by field; tests
//! hold the two together.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    instance::Location,
    rule::schema::{LabelTest, NearbyLevel, Operator, Otherwise, WhenEmpty},
};

/// A call as it is written.
#[derive(Serialize, ToSchema)]
#[schema(as = CallRequest, example = json!({
    "from": {"service": "micro-api"}, "to": {"service": "micro-order"}, "headers": {"x-user": "42"},
}))]
pub(crate) struct Call {
    /// Who calls; by default nobody of whom anything is known.
    #[schema(nullable = false)]
    from: Option<From>,
    to: To,
    /// HTTP verb, or full name of the gRPC method; up to 1024 characters, like the values below.
    #[schema(nullable = false)]
    method: Option<String>,
    /// Up to 8192 characters.
    #[schema(nullable = false)]
    path: Option<String>,
    /// Up to 128 entries, like those below; names may be in any case.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    cookies: BTreeMap<String, String>,
    #[serde(default)]
    arguments: BTreeMap<String, String>,
    /// Ids of instances that the call must not go to, up to 128.
    #[serde(default)]
    exclude: Vec<String>,
}

/// The caller of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = CallFrom)]
struct From {
    #[schema(nullable = false)]
    namespace: Option<String>,
    #[schema(nullable = false)]
    service: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    location: Location,
    /// Its address.
    #[schema(nullable = false)]
    ip: Option<String>,
}

/// The callee of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = CallTo)]
struct To {
    /// By default that of the caller; if the caller has none, that of the rule or of the document whose test the
    /// call is, and `default` in a simulation.
    #[schema(nullable = false)]
    namespace: Option<String>,
    service: String,
}

/// A call, and what is expected to become of it.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "description": "42 gets v2", "request": {"to": {"service": "pay"}, "headers": {"x-user": "42"}},
    "expect": {"decided_by": "default/canary[0]", "labels": {"version": "v2"}},
}))]
pub(crate) struct RoutingTest {
    /// Up to 1024 characters.
    #[serde(default)]
    description: String,
    request: Call,
    /// The instances that the callee has in the test, up to 64; by default one for each target of its
    /// rules, in the caller's place, and one without labels.
    #[serde(default)]
    instances: Vec<TestInstance>,
    expect: Expectation,
}

/// An instance of a test.
#[derive(Serialize, ToSchema)]
struct TestInstance {
    /// `version`, `protocol`, `region`, `zone` and `campus` are those of the instance, others its metadata.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Default 100.
    #[schema(nullable = false, maximum = 10_000)]
    weight: Option<u64>,
    /// Default true.
    #[serde(default)]
    healthy: bool,
    #[serde(default)]
    isolated: bool,
}

/// What is expected of a call; at least one of the parts is required.
#[derive(Serialize, ToSchema)]
#[schema(as = RoutingExpectation)]
struct Expectation {
    /// By default `routed` if labels are expected.
    #[schema(nullable = false)]
    verdict: Option<Verdict>,
    /// The rule or the branch that decides, such as `shop/canary` or `shop/canary[1]`.
    #[schema(nullable = false)]
    decided_by: Option<String>,
    /// Labels that every instance has that the call may go to; a text stands for `exact`.
    #[serde(default)]
    labels: BTreeMap<String, LabelTest>,
}

/// Where a call goes, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct Explanation {
    verdict: Verdict,
    /// What decided: a branch such as `default/canary[1]`, a rule whose `otherwise` rejects, or nothing,
    /// where no rule decided.
    #[schema(nullable = false)]
    decided_by: Option<String>,
    /// The id of the instance that the draw gave; absent where there is none.
    #[schema(nullable = false)]
    picked: Option<String>,
    /// The instances that the call may go to. One that is in two targets is listed for each.
    candidates: Vec<Candidate>,
    /// What was looked at, in that order.
    steps: Vec<Step>,
    revisions: Revisions,
}

/// What becomes of a call: it goes to one of the candidates, a rule refuses it, or no instance may get it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Routed,
    Rejected,
    NoInstance,
}

/// An instance that a call may go to.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteCandidate)]
struct Candidate {
    id: String,
    /// `host:port`.
    address: String,
    version: String,
    protocol: String,
    metadata: BTreeMap<String, String>,
    location: Location,
    /// The index of the target in its branch, where a branch decided.
    #[schema(nullable = false)]
    target: Option<usize>,
    /// The share of such calls that it gets.
    #[schema(minimum = 0, maximum = 1)]
    probability: f64,
}

/// The newest change in what was looked at; null where there is nothing of the kind.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteRevisions)]
struct Revisions {
    #[schema(required = true)]
    instances: Option<u64>,
    #[schema(required = true)]
    routing_rules: Option<u64>,
    #[schema(required = true)]
    nearby_rule: Option<u64>,
}

/// One step of a decision.
#[derive(Serialize, ToSchema)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[schema(as = RouteStep)]
enum Step {
    /// A rule that is not enabled was passed over.
    Disabled(DisabledStep),
    /// A rule was looked at: is it for the caller?
    Rule(RuleStep),
    /// A branch was looked at: does it take the call?
    Branch(BranchStep),
    /// A target of a branch that takes the call was looked at: has it an instance?
    Target(TargetStep),
    /// No target of a branch has a healthy instance: the unhealthy ones are taken.
    Suspects(SuspectsStep),
    /// No target of a branch has an instance for the call.
    Empty(EmptyStep),
    /// No branch of a rule decided.
    Otherwise(OtherwiseStep),
    /// Every instance of the callee was looked at.
    AllInstances(AllInstancesStep),
}

/// A rule that is not enabled was passed over.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteDisabledStep)]
struct DisabledStep {
    /// `default/canary`.
    rule: String,
}

/// A rule was looked at: is it for the caller?
#[derive(Serialize, ToSchema)]
#[schema(as = RouteRuleStep)]
struct RuleStep {
    /// `default/canary`.
    rule: String,
    revision: u64,
    priority: u32,
    is_for_caller: bool,
    /// What is asked of the caller; all of it must hold.
    conditions: Vec<Check>,
}

/// A branch was looked at: does it take the call?
#[derive(Serialize, ToSchema)]
#[schema(as = RouteBranchStep)]
struct BranchStep {
    /// `default/canary[1]`.
    branch: String,
    name: String,
    takes: bool,
    join: Join,
    conditions: Vec<Check>,
}

/// A target of a branch that takes the call was looked at: has it an instance?
#[derive(Serialize, ToSchema)]
#[schema(as = RouteTargetStep)]
struct TargetStep {
    /// `default/canary[1]`.
    branch: String,
    /// The index of the target in its branch.
    target: usize,
    name: String,
    labels: BTreeMap<String, LabelTest>,
    weight: u64,
    priority: u8,
    #[serde(flatten)]
    group: Group,
}

/// No target of a branch has a healthy instance: the unhealthy ones are taken.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteSuspectsStep)]
struct SuspectsStep {
    /// `default/canary[1]`.
    branch: String,
}

/// No target of a branch has an instance for the call.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteEmptyStep)]
struct EmptyStep {
    /// `default/canary[1]`.
    branch: String,
    then: WhenEmpty,
}

/// No branch of a rule decided.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteOtherwiseStep)]
struct OtherwiseStep {
    /// `default/canary`.
    rule: String,
    then: Otherwise,
}

/// Every instance of the callee was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteAllInstancesStep)]
struct AllInstancesStep {
    #[serde(flatten)]
    group: Group,
}

/// How the conditions of a branch are joined; `always` if there is none.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RouteJoin)]
enum Join {
    Always,
    All,
    Any,
}

/// A condition that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteCheck)]
struct Check {
    /// The fact of the call, such as `path` or `header.x-user`.
    fact: String,
    op: Operator,
    /// What it is compared with: texts, an expression, or bounds such as `1..=9`; the other fact of the
    /// call where two are compared.
    want: Vec<String>,
    /// What the call has; null if it does not have the fact.
    #[schema(required = true)]
    got: Option<String>,
    holds: bool,
}

/// Instances that fit a target, and what is left of them for the call.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteGroup)]
struct Group {
    /// Instances with the target's labels, whatever their state.
    instances: usize,
    /// Those that the call may go to.
    candidates: usize,
    /// How near the candidates are, where a nearby rule applies.
    #[schema(nullable = false)]
    level: Option<NearbyLevel>,
    /// Whether unhealthy ones count, because too few are healthy.
    is_protected: bool,
    /// Whether a candidate is healthy; if not, the target takes part only where no other has a healthy one.
    has_healthy: bool,
    /// The others, and why they are not candidates.
    dropped: Vec<Dropped>,
}

/// An instance that is not a candidate.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteDropped)]
struct Dropped {
    id: String,
    /// `host:port`.
    address: String,
    why: Why,
}

/// Why an instance is not a candidate; the first that applies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RouteDroppedWhy)]
enum Why {
    /// An operator took it out.
    Isolated,
    /// Its weight is 0.
    NoWeight,
    /// The call excludes it.
    Excluded,
    /// A nearby rule applies, and it is not near enough.
    TooFar,
    /// It is unhealthy, and enough others are healthy.
    Unhealthy,
}
