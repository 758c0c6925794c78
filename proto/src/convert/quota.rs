//! What clients ask for of a counter, and what they are answered.

use std::time::Duration;

use merak_model::limiting::{
    Amount, Moment,
    quota::{Answer, Ask, Exhausted, Tokens},
};

use crate::v1;

/// The longest time from one answer to the next that counts: more is no client's.
const AHEAD_LIMIT_MS: u32 = 60_000;

/// An ask, for the counter of a number.
impl From<(u32, Ask)> for v1::QuotaAsk {
    fn from((counter, ask): (u32, Ask)) -> Self {
        Self {
            counter,
            id: ask.id,
            window: ask.window,
            want: ask.want,
            held: ask.held,
            at_ns: nanos(ask.at),
            demand: ask.demand,
            ahead_ms: ask.ahead_ms,
            returned: some(ask.returned),
            unasked: some(ask.unasked),
            refused: ask.refused,
        }
    }
}

/// Of what a client says of itself, no more counts than what can be: a demand up to the quickest pace of a
/// rule, and a minute from one answer to the next.
impl From<v1::QuotaAsk> for Ask {
    fn from(ask: v1::QuotaAsk) -> Self {
        Self {
            id: ask.id,
            window: ask.window,
            want: ask.want,
            held: ask.held,
            at: moment(ask.at_ns),
            demand: ask.demand.min(Amount::PACE_LIMIT),
            ahead_ms: ask.ahead_ms.min(AHEAD_LIMIT_MS),
            returned: ask.returned.map(Tokens::from).unwrap_or_default(),
            unasked: ask.unasked.map(Tokens::from).unwrap_or_default(),
            refused: ask.refused,
        }
    }
}

/// An answer, for the counter of a number. The time is that of the whole response.
impl From<(u32, Answer)> for v1::QuotaAnswer {
    fn from((counter, answer): (u32, Answer)) -> Self {
        let exhausted = answer.exhausted;
        Self {
            counter,
            id: answer.id,
            granted: Some(answer.granted.into()),
            left: answer.left,
            total: answer.total,
            part: answer.part,
            pace: answer.pace,
            refills_at_ns: exhausted.map_or(0, |exhausted| nanos(exhausted.until)),
            exhausted: exhausted.map_or(0, |exhausted| exhausted.amount),
        }
    }
}

impl v1::QuotaAnswer {
    /// The answer, of a response that was made at a moment.
    pub fn made_at(&self, now: Moment) -> Answer {
        let exhausted = Exhausted {
            amount: self.exhausted,
            until: moment(self.refills_at_ns),
        };
        Answer {
            id: self.id,
            granted: self.granted.map(Tokens::from).unwrap_or_default(),
            left: self.left,
            total: self.total,
            part: self.part,
            pace: self.pace,
            exhausted: (self.refills_at_ns > 0).then_some(exhausted),
            now,
        }
    }
}

impl v1::QuotaResponse {
    /// The control plane's time when it was made.
    pub fn made_at(&self) -> Moment {
        moment(self.now_ns)
    }
}

impl From<Tokens> for v1::Tokens {
    fn from(tokens: Tokens) -> Self {
        let Tokens { window, count } = tokens;
        Self { window, count }
    }
}

impl From<v1::Tokens> for Tokens {
    fn from(tokens: v1::Tokens) -> Self {
        let v1::Tokens { window, count } = tokens;
        Self { window, count }
    }
}

fn some(tokens: Tokens) -> Option<v1::Tokens> {
    (tokens.count > 0).then(|| tokens.into())
}

/// A moment in nanoseconds from the origin of its clock.
fn nanos(moment: Moment) -> u64 {
    u64::try_from(moment.since(Moment::default()).as_nanos()).unwrap_or(u64::MAX)
}

fn moment(nanos: u64) -> Moment {
    Moment::after(Duration::from_nanos(nanos))
}
