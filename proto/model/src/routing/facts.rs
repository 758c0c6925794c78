//! What a call and its caller say, held against conditions.

use super::{
    Condition, Fact, Test,
    observe::{Looked, Observer},
};
use crate::{Call, call::Caller};

/// A call, and what is known of who calls.
#[derive(Clone, Copy)]
pub(super) struct Facts<'c> {
    pub(super) call: &'c Call<'c>,
    /// Who calls, unless the call says otherwise.
    pub(super) home: &'c Caller,
}

impl<'c> Facts<'c> {
    /// A fact of the call, or of who calls.
    #[inline]
    pub(super) fn find(&self, fact: &Fact) -> Option<&'c str> {
        self.call.find(fact).or_else(|| match self.call.caller() {
            None => self.home.find(fact),
            Some(_) => None,
        })
    }

    #[inline]
    fn look(&self, condition: &Condition) -> Looked<'c> {
        let got = self.find(&condition.fact);
        match &condition.test {
            Test::Value(matcher) => Looked {
                got,
                other: None,
                holds: matcher.matches(got),
            },
            Test::SameAs(fact) => {
                let other = self.find(fact);
                let holds = got.is_some() && got == other;
                Looked { got, other, holds }
            }
        }
    }
}

/// Whether a call meets every condition.
#[inline]
pub(super) fn holds_all<O: Observer>(
    conditions: &[Condition],
    facts: Facts<'_>,
    observer: &mut O,
) -> bool {
    let mut holds = true;
    for condition in conditions {
        let looked = facts.look(condition);
        observer.condition(condition, looked);
        holds &= looked.holds;
        if !holds && !O::IS_THOROUGH {
            break;
        }
    }
    holds
}

/// Whether a call meets at least one condition.
#[inline]
pub(super) fn holds_any<O: Observer>(
    conditions: &[Condition],
    facts: Facts<'_>,
    observer: &mut O,
) -> bool {
    let mut holds = false;
    for condition in conditions {
        let looked = facts.look(condition);
        observer.condition(condition, looked);
        holds |= looked.holds;
        if holds && !O::IS_THOROUGH {
            break;
        }
    }
    holds
}
