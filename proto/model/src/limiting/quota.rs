//! How the control plane shares a global limit out among clients: both sides of the talk, without I/O.
//!
//! The control plane keeps a [`Pool`] for each counter, each client a [`Till`], from which calls take tokens
//! without a lock, and a [`Purse`] that fills it. Time is cut into windows by the control plane's clock; a
//! call costs a token, and a token belongs to one window. A client asks for the tokens that it will need until
//! the next answer, by how many calls it gets, and for those of the next window before that begins; it spends
//! them without asking. In a window no more tokens are granted than the limit has, so what passes in a window
//! is at most
//!
//! - the limit,
//! - and the tokens of the window before that are spent late, because a client takes the window to end as
//!   much later as the quickest message takes to reach it: at most what clients are called for in that time,
//! - and what clients let through without tokens: one call each when they meet a counter that they did not
//!   know, and while they are alone (below). It is told when they ask, and what it makes beyond the limit is
//!   taken from the next window.
//!
//! What passes of an exhausted limit is less by the tokens that nobody spends: those that die with a client,
//! at most a fortieth of the limit (or what the client is called for between two answers, if that is more),
//! less what is taken back by an estimate when its connection ends. What a client does not need any more it
//! gives back.
//!
//! An ask that is not answered is repeated, and a repeated ask gets the same answer, so that lost messages
//! neither lose tokens nor grant them twice.
//!
//! A client that loses the control plane is **alone**: it lets its part of the limit through in each window, by
//! the part of all calls that it had, and a little more, because calls come by chance and what comes less at
//! one client is not made up for by what another refuses. In the window in which that happens it has what it
//! holds, and its part of what is left by then: of that the last answer told it, and how quickly it went.
//! Together that is the limit again, as long as the demand is spread as it was. A control plane that starts grants
//! nothing at first, because it does not know what was granted before: clients stay alone until it does, and
//! tell what they have let through in the window, so that it goes on with the count.

mod demand;
mod pool;
mod purse;
mod till;

pub use pool::{ClientId, ClientUse, Pool, Start};
pub use purse::{Met, Purse};
pub use till::{Denial, ServerTime, Till, Token, Wake};

use super::Moment;

/// What a client asks the control plane for, for one counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Ascending; the same when the ask is repeated.
    pub id: u64,
    /// The window that the tokens are for.
    pub window: u64,
    /// How many tokens; none to tell the rest alone.
    pub want: u32,
    /// Tokens of the window that the client held when it first asked.
    pub held: u32,
    /// When that was, by the control plane's time as the client knows it.
    pub at: Moment,
    /// The calls that the client gets, in a second.
    pub demand: u32,
    /// Milliseconds from one answer to the next, as the client expects it.
    pub ahead_ms: u32,
    /// Tokens that the client did not spend.
    pub returned: Tokens,
    /// Calls that it let through without tokens.
    pub unasked: Tokens,
    /// Calls that it refused since it asked before.
    pub refused: u32,
}

/// Tokens of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// The number of the window, from the origin of the control plane's time.
    pub window: u64,
    /// How many.
    pub count: u32,
}

/// What the control plane answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// That of the ask.
    pub id: u64,
    /// What may be spent.
    pub granted: Tokens,
    /// Tokens that the window has left.
    pub left: u32,
    /// Tokens that it has in all; none while a control plane that was started does not grant yet.
    pub total: u32,
    /// The client's part of the demand, in millionths.
    pub part: u32,
    /// How quickly tokens are granted now, in a second.
    pub pace: u32,
    /// The amount that has none left, in the order of their windows, and when it has some again.
    pub exhausted: Option<Exhausted>,
    /// The control plane's time.
    pub now: Moment,
}

/// An amount that has no tokens left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// Its place among the amounts of the rule, the shortest window first.
    pub amount: u32,
    /// When its next window begins.
    pub until: Moment,
}
