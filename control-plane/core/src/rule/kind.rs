//! The kinds of rules, and which of them clients subscribe to together.

use std::fmt;

/// The kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleKind {
    Routing,
    Nearby,
    RateLimit,
}

/// The kinds of rules that clients subscribe to together.
///
/// The rules of a family for a service have one revision, which a change of another family does not touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleFamily {
    /// What callers of a service obey: routing and nearby rules.
    Routing,
    /// What protects a service.
    RateLimit,
}

impl RuleKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Routing, Self::Nearby, Self::RateLimit];

    /// The word that the API, the log and the tables use for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Routing => "routing_rule",
            Self::Nearby => "nearby_rule",
            Self::RateLimit => "rate_limit_rule",
        }
    }

    /// What messages call it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Routing => "routing rule",
            Self::Nearby => "nearby rule",
            Self::RateLimit => "rate limit rule",
        }
    }

    /// The family that it is of.
    pub fn family(self) -> RuleFamily {
        match self {
            Self::Routing | Self::Nearby => RuleFamily::Routing,
            Self::RateLimit => RuleFamily::RateLimit,
        }
    }
}

impl RuleFamily {
    /// Every family.
    pub const ALL: [Self; 2] = [Self::Routing, Self::RateLimit];

    /// The word that the tables use for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Routing => "routing",
            Self::RateLimit => "rate_limit",
        }
    }

    /// The family that a word stands for.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == word)
    }
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}
