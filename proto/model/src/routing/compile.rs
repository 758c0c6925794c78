//! A list of instances and the rules for it, prepared for picking.

mod groups;

use std::sync::Arc;

use super::{
    Condition, Fact, FactKind, Labels, NearbyRule, RoutingRule, Test, group::Group, narrow::Scope,
};
use crate::{Instance, ProtectThreshold, Text, call::Caller};
use groups::Groups;

/// What decides which instances of a service a call may go to, besides the instances themselves.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The service's own.
    pub protect_threshold: ProtectThreshold,
    /// The rules for the service, in any order; those that are not enabled are passed over.
    pub rules: Arc<[Arc<RoutingRule>]>,
    /// The nearby rule that applies to the service.
    pub nearby: Option<Arc<NearbyRule>>,
    /// Who calls, unless a call says otherwise; the selection is prepared for calls from its location.
    pub caller: Arc<Caller>,
}

/// The instances of a service, prepared for picking by the rules for it.
///
/// Compiled when instances or rules change; [`Selection::pick`] then costs the conditions and a draw,
/// whatever the number of instances, and allocates nothing.
///
/// ```
/// # use std::sync::Arc;
/// # use merak_model::{Host, Health, Instance, InstanceId, InstanceSpec, Port, ServiceKey, Stamp};
/// use merak_model::{Call, routing::{self, Policy, RoutingRule, RoutingRuleSpec, RuleKey, Selection}};
/// # let instances: Vec<Arc<Instance>> = ["v1", "v2"].map(|version| {
/// #     let service = Arc::new(ServiceKey::parse("shop", "order").unwrap());
/// #     let (host, port) = (Host::parse("10.0.0.7").unwrap(), Port::new(80).unwrap());
/// #     let spec = InstanceSpec::new(host, port).with_version(version).unwrap();
/// #     let id = InstanceId::parse(version).unwrap();
/// #     let (health, stamp) = (Health::Healthy, Stamp::default());
/// #     Arc::new(Instance { service, id, spec, registered: None, isolated: false, health, stamp })
/// # }).into();
/// let document = serde_json::json!({
///     "callee": {"service": "order"},
///     "branches": [{
///         "matches": {"all": [{"on": "header", "key": "x-user", "op": "exact", "value": "42"}]},
///         "targets": [{"labels": {"version": "v2"}}],
///     }],
///     "otherwise": "fall_through",
/// });
/// let rule = RoutingRule {
///     key: RuleKey::parse("shop", "vip")?,
///     spec: RoutingRuleSpec::parse(routing::parse(document)?)?,
///     stamp: Default::default(),
/// };
/// let policy = Policy { rules: [Arc::new(rule)].into(), ..Policy::default() };
/// let selection = Selection::compile(&instances, policy);
///
/// let call = Call::to("order").header("x-user", "42");
/// let random = 0x5bd1_e995_9d29_6cbf;
/// assert_eq!(&*selection.pick(&call, random).unwrap().spec.version, "v2");
/// let explained = selection.explain(&call, None);
/// assert_eq!(explained.decided_by.unwrap().to_string(), "shop/vip[0]");
/// # Ok::<(), merak_model::Invalid>(())
/// ```
#[derive(Debug, Clone)]
pub struct Selection {
    pub(super) instances: Box<[Arc<Instance>]>,
    /// The first one holds every instance.
    pub(super) groups: Vec<Group>,
    pub(super) keyed: Vec<KeyedGroups>,
    pub(super) rules: Box<[CompiledRule]>,
    /// The rules whose caller may be the policy's, for calls that name no other.
    pub(super) home_rules: Box<[usize]>,
    pub(super) policy: Policy,
}

/// A rule with its targets prepared.
#[derive(Debug, Clone)]
pub(super) struct CompiledRule {
    pub(super) rule: Arc<RoutingRule>,
    /// What the caller must meet.
    pub(super) caller: Box<[Condition]>,
    /// The shares of each branch, sorted by priority.
    pub(super) branches: Box<[Box<[Share]>]>,
}

/// A target with a weight above 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// Which of the branch's targets it is.
    pub(super) target: usize,
    pub(super) weight: u64,
    pub(super) priority: u8,
    pub(super) group: GroupRef,
}

/// Where the group of a target is found; equal targets share it.
#[derive(Debug, Clone, Copy)]
pub(super) enum GroupRef {
    /// The same for every call.
    Fixed(usize),
    /// By facts of the call.
    Keyed(usize),
}

/// Groups by the values of labels that are compared with facts of the call.
#[derive(Debug, Clone)]
pub(super) struct KeyedGroups {
    facts: Box<[Fact]>,
    /// Sorted by the values, of which there is one for each fact.
    groups: Box<[(Box<[Text]>, usize)]>,
}

impl Selection {
    /// Prepares instances: filters, and a table for each different target.
    pub fn compile<'i>(
        instances: impl IntoIterator<Item = &'i Arc<Instance>>,
        policy: Policy,
    ) -> Self {
        let instances: Box<[_]> = instances.into_iter().map(Arc::clone).collect();
        let mut rules: Vec<_> = policy
            .rules
            .iter()
            .filter(|rule| rule.spec.enabled)
            .collect();
        rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
        let every = Labels::default();
        let mut groups = Groups::new(&instances, policy.scope());
        groups.of(&every);
        let rules: Box<[CompiledRule]> = rules
            .into_iter()
            .map(|rule| CompiledRule::new(rule, &mut groups))
            .collect();
        let home_rules = rules
            .iter()
            .enumerate()
            .filter(|(_, compiled)| compiled.may_be_for(&policy.caller))
            .map(|(index, _)| index);
        let (groups, keyed) = groups.finish();
        Self {
            instances,
            groups,
            keyed,
            home_rules: home_rules.collect(),
            rules,
            policy,
        }
    }

    /// The instances that a call without a matching rule may go to.
    pub fn candidates(&self) -> &[Arc<Instance>] {
        self.groups[0].candidates()
    }

    /// Whether unhealthy instances are candidates because too few are healthy.
    pub fn is_protected(&self) -> bool {
        let narrowing = self.groups[0].narrowing();
        narrowing.is_some_and(|narrowing| narrowing.is_protected)
    }

    /// Every instance that the selection was compiled from, in that order.
    pub fn instances(&self) -> &[Arc<Instance>] {
        &self.instances
    }

    /// The number of different targets, of which the first one is all of the callee.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// What the selection was compiled with.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self::compile([], Policy::default())
    }
}

impl Policy {
    /// The policy of rules for a service, in any order: of its nearby rules that are enabled the first one
    /// by priority and name applies.
    pub fn of_rules(rules: impl Into<Arc<[Arc<RoutingRule>]>>, nearby: &[Arc<NearbyRule>]) -> Self {
        let enabled = nearby.iter().filter(|rule| rule.spec.enabled);
        let first = enabled.min_by(|one, other| one.precedence().cmp(&other.precedence()));
        Self {
            rules: rules.into(),
            nearby: first.cloned(),
            ..Self::default()
        }
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        let nearby = self.nearby.as_deref().map(|rule| &rule.spec);
        Scope {
            protect_threshold: self.protect_threshold,
            nearby: nearby.filter(|spec| spec.enabled),
            location: &self.caller.location,
        }
    }
}

impl CompiledRule {
    fn new<'c>(rule: &'c Arc<RoutingRule>, groups: &mut Groups<'c>) -> Self {
        let branches = rule.spec.branches().iter().map(|branch| {
            let targets = branch.targets().iter().enumerate();
            let weighted = targets.filter(|(_, target)| target.weight.get() > 0);
            let mut shares: Vec<Share> = weighted
                .map(|(index, target)| Share {
                    target: index,
                    weight: u64::from(target.weight.get()),
                    priority: target.priority(),
                    group: groups.of(target.labels()),
                })
                .collect();
            shares.sort_by_key(|share| share.priority);
            shares.into()
        });
        Self {
            branches: branches.collect(),
            caller: rule.spec.caller.conditions().into(),
            rule: Arc::clone(rule),
        }
    }

    /// Whether the rule's caller may be this one, whatever labels a call adds to it.
    fn may_be_for(&self, caller: &Caller) -> bool {
        self.caller.iter().all(|condition| match &condition.test {
            Test::Value(matcher) if condition.fact.kind() != FactKind::CallerMetadata => {
                matcher.matches(caller.find(&condition.fact))
            }
            Test::Value(_) | Test::SameAs(_) => true,
        })
    }
}

impl KeyedGroups {
    /// The group for a call, whose facts `find` knows.
    pub(super) fn find<'c>(&self, find: impl Fn(&Fact) -> Option<&'c str>) -> Option<usize> {
        let mut values = [""; Labels::SAME_AS_LIMIT];
        let values = &mut values[..self.facts.len()];
        for (value, fact) in values.iter_mut().zip(&self.facts) {
            *value = find(fact)?;
        }
        let found = self.groups.binary_search_by(|(candidate, _)| {
            let candidate = candidate.iter().map(AsRef::as_ref);
            candidate.cmp(values.iter().copied())
        });
        found.ok().map(|index| self.groups[index].1)
    }
}
