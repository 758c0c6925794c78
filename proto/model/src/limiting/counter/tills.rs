//! The tokens of a call that the control plane granted.

use super::{Claim, Refusal};
use crate::limiting::{Moment, quota::Token};

/// What a call took out of the tills of its claims.
pub(super) struct Spent {
    first: [Option<Token>; INLINE],
    more: Vec<Option<Token>>,
}

/// Claims whose tokens are held without memory of the heap.
const INLINE: usize = 4;

/// Takes a token out of the till of each claim that has one, or of none.
#[inline]
pub(super) fn spend<'c, I>(claims: &I, now: Moment) -> Result<Spent, Refusal>
where
    I: Iterator<Item = Claim<'c>> + Clone,
{
    let mut spent = Spent {
        first: [None; INLINE],
        more: Vec::new(),
    };
    for (index, claim) in claims.clone().enumerate() {
        let Some(till) = &claim.counter.till else {
            continue;
        };
        match till.spend(now) {
            Ok(token) => spent.put(index, token),
            Err(denial) => {
                spent.give_back(claims);
                return Err(Refusal::by_till(index, claim.limits, denial));
            }
        }
    }
    Ok(spent)
}

impl Spent {
    #[inline]
    fn put(&mut self, index: usize, token: Token) {
        match self.first.get_mut(index) {
            Some(slot) => *slot = Some(token),
            None => {
                self.more.resize(index - INLINE, None);
                self.more.push(Some(token));
            }
        }
    }

    /// Gives everything back: the call does not go through.
    #[cold]
    pub(super) fn give_back<'c, I>(&self, claims: &I)
    where
        I: Iterator<Item = Claim<'c>> + Clone,
    {
        let tokens = self.first.iter().chain(&self.more);
        for (claim, token) in claims.clone().zip(tokens) {
            if let (Some(till), Some(token)) = (&claim.counter.till, token) {
                till.give_back(*token);
            }
        }
    }
}
