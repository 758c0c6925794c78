//! How one of the instances that may get a call is chosen.

use std::fmt;

use crate::{Invalid, invalid::Form};

/// How one of the instances that may get a call is chosen.
///
/// A service names its balancer in its metadata, under `merak.balancer`; a call may choose another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Balancer {
    /// `random`: drawn by weight, the default.
    #[default]
    Random,
    /// `round_robin`: in turn, as often as the weights say.
    RoundRobin,
    /// `least_request`: of two drawn by weight, the one with fewer calls under way for its weight.
    LeastRequest,
    /// `ring_hash`: calls of one key go to one instance; one that leaves moves its own keys only.
    RingHash,
    /// `maglev`: as `ring_hash`, with keys shared out more evenly, and a few more that move.
    Maglev,
}

impl Balancer {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Random,
        Self::RoundRobin,
        Self::LeastRequest,
        Self::RingHash,
        Self::Maglev,
    ];

    /// Parses the word for a balancer.
    ///
    /// # Errors
    /// When it is none of the five words.
    pub fn parse(word: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or_else(|| Invalid::malformed("balancer", word, Form::Balancer))
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::RoundRobin => "round_robin",
            Self::LeastRequest => "least_request",
            Self::RingHash => "ring_hash",
            Self::Maglev => "maglev",
        }
    }
}

impl fmt::Display for Balancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balancer_is_one_of_five_words() {
        for balancer in Balancer::ALL {
            assert_eq!(Balancer::parse(balancer.as_str()), Ok(balancer));
        }
        assert!(Balancer::parse("Random").is_err());
        let refused = Balancer::parse("fastest").unwrap_err().to_string();
        assert!(refused.contains("fastest"), "{refused}");
    }
}
