//! How the control plane shares a global limit out among clients: both sides of the talk, without I/O.
//!
//! The control plane keeps a [`Pool`] for each counter, each client a [`Purse`]. Time is cut into windows by
//! the control plane's clock; a call costs a token, and a token belongs to one window. A client asks for the
//! tokens that it will need until the next answer, by how many calls it gets, and for those of the next
//! window before that begins; it spends them without asking. In a window no more tokens are granted than the
//! limit has, so what passes in a window is at most
//!
//! - the limit,
//! - and the tokens of the window before that are spent late, because a client takes the window to end as
//!   much later as the quickest message takes to reach it: at most what clients are called for in that time,
//! - and what clients let through while they were alone (below).
//!
//! What passes of an exhausted limit is less by the tokens that nobody spends: those of clients that die, at
//! most a twentieth of the limit each, less what is taken back when the connection ends, and those that lie with
//! clients which are not called any more. Batches become small as a window is used up, so that these are few.
//!
//! An ask that is not answered is repeated, and a repeated ask gets the same answer, so that lost messages
//! neither lose tokens nor grant them twice.
//!
//! A client that loses the control plane is **alone**: it lets as many calls through in a window as it did in
//! the last whole ones, at least one, and in the window in which that happens its share of what is left.
//! Together that is the limit again, as long as the demand is spread as it was; within 7 % in the window in
//! which the control plane was lost, because nobody knows exactly what the others had by then. A control plane that starts grants nothing in the window in which it does, because it does not know
//! what was granted before, and clients stay alone until that window ends.

mod demand;
mod pool;
mod purse;

pub use pool::{ClientId, Pool, Start};
pub use purse::{Purse, Spending};

use super::Moment;

/// What a client asks the control plane for, for one counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Ascending; the same when the ask is repeated.
    pub id: u64,
    /// The window that the tokens are for.
    pub window: u64,
    /// How many tokens.
    pub want: u32,
    /// Tokens of the window that the client held when it first asked.
    pub held: u32,
    /// When that was, by the control plane's time as the client knows it.
    pub at: Moment,
    /// The calls that the client gets, in a second.
    pub demand: u32,
    /// Tokens that the client did not spend.
    pub returned: Tokens,
    /// Calls that it let through while it was alone.
    pub alone: Tokens,
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
    /// Tokens that it has in all; none in the window in which the control plane started.
    pub total: u32,
    /// The control plane's time.
    pub now: Moment,
}
