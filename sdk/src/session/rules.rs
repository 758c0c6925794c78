//! Rules of one kind for a service, as they come: whole, or as what changed.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use merak_model::{
    Invalid, ServiceKey,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule},
};
use merak_proto::v1;
use tracing::warn;

/// As many rules as an acknowledgement may name.
pub(super) const LEFT_OUT: usize = 256;

/// As much as it may say of each.
const REASON_CHARACTERS: usize = 256;

/// The rules of one kind for a service, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RuleList<R> {
    rules: Arc<[Arc<R>]>,
    /// Those that this client does not understand, and why; they count where a delta says how many there are.
    left_out: Arc<BTreeMap<(String, String), String>>,
}

/// The namespace and the name of a rule.
type Name<'n> = (&'n str, &'n str);

/// A kind of rule that the control plane tells of.
pub(crate) trait Told: TryFrom<Self::Wire, Error = Invalid> {
    type Wire;
    const KIND: v1::RuleKind;

    fn name_of(wire: &Self::Wire) -> Name<'_>;
    fn name(&self) -> Name<'_>;
    fn sort(rules: &mut [Arc<Self>]);
}

impl<R> Default for RuleList<R> {
    fn default() -> Self {
        Self {
            rules: Arc::default(),
            left_out: Arc::default(),
        }
    }
}

impl<R> RuleList<R> {
    pub(crate) fn rules(&self) -> &Arc<[Arc<R>]> {
        &self.rules
    }

    /// Whether this client understands each of them.
    pub(crate) fn is_whole(&self) -> bool {
        self.left_out.is_empty()
    }
}

#[cfg(test)]
impl<R> FromIterator<Arc<R>> for RuleList<R> {
    fn from_iter<I: IntoIterator<Item = Arc<R>>>(rules: I) -> Self {
        Self {
            rules: rules.into_iter().collect(),
            left_out: Arc::default(),
        }
    }
}

impl<R: Told> RuleList<R> {
    /// The rules that this client does not understand, as it tells the control plane.
    pub(super) fn left_out(&self) -> impl Iterator<Item = v1::LeftOutRule> {
        self.left_out.iter().map(|((namespace, name), why)| {
            let (namespace, name) = (namespace.clone(), name.clone());
            v1::LeftOutRule {
                kind: R::KIND.into(),
                key: Some(v1::RuleKey { namespace, name }),
                reason: why.chars().take(REASON_CHARACTERS).collect(),
            }
        })
    }

    /// All rules for a service.
    pub(crate) fn whole(service: &ServiceKey, told: Vec<R::Wire>) -> Self {
        Self::default().with(service, told)
    }

    /// The rules after a change; none if they are not as many as they should be.
    pub(super) fn amended(
        &self,
        service: &ServiceKey,
        (changed, removed): (Vec<R::Wire>, Vec<v1::RuleKey>),
        count: u32,
    ) -> Option<Self> {
        let gone = removed.iter().map(|key| (&*key.namespace, &*key.name));
        let touched: HashSet<Name<'_>> = changed.iter().map(R::name_of).chain(gone).collect();
        let kept = self.rules.iter();
        let kept = kept.filter(|rule| !touched.contains(&rule.name()));
        let left_out = self.left_out.iter();
        let left_out = left_out.filter(|((space, name), _)| !touched.contains(&(space, name)));
        let kept = Self {
            rules: kept.cloned().collect(),
            left_out: Arc::new(
                left_out
                    .map(|(name, why)| (name.clone(), why.clone()))
                    .collect(),
            ),
        };
        let amended = kept.with(service, changed);
        let now = amended.rules.len() + amended.left_out.len();
        (now == count as usize).then_some(amended)
    }

    fn with(self, service: &ServiceKey, told: Vec<R::Wire>) -> Self {
        let mut rules = self.rules.to_vec();
        let mut left_out = Arc::unwrap_or_clone(self.left_out);
        for wire in told {
            let (namespace, name) = R::name_of(&wire);
            let name = (namespace.to_owned(), name.to_owned());
            match R::try_from(wire) {
                Ok(rule) => rules.push(Arc::new(rule)),
                Err(invalid) => {
                    warn!(%service, "left out a rule: {invalid}");
                    left_out.insert(name, invalid.to_string());
                }
            }
        }
        R::sort(&mut rules);
        Self {
            rules: rules.into(),
            left_out: Arc::new(left_out),
        }
    }
}

fn name_of(key: Option<&v1::RuleKey>) -> Name<'_> {
    key.map_or(("", ""), |key| (&key.namespace, &key.name))
}

macro_rules! told {
    ($($rule:ty: $wire:ty, $kind:ident;)+) => {$(
        impl Told for $rule {
            type Wire = $wire;
            const KIND: v1::RuleKind = v1::RuleKind::$kind;

            fn name_of(wire: &$wire) -> Name<'_> {
                name_of(wire.key.as_ref())
            }

            fn name(&self) -> Name<'_> {
                (self.key.namespace.as_str(), self.key.name.as_str())
            }

            fn sort(rules: &mut [Arc<Self>]) {
                rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
            }
        }
    )+};
}

told! {
    RoutingRule: v1::RoutingRule, Routing;
    NearbyRule: v1::NearbyRule, Nearby;
    RateLimitRule: v1::RateLimitRule, RateLimit;
}
