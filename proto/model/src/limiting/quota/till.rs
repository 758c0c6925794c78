//! Where calls take their tokens: a word for each window, and no lock.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::Exhausted;
use crate::limiting::{Moment, bucket::nanos};

/// The tokens of one counter of a global limit, in an application.
///
/// [`Till::spend`] is for each call. A [`super::Purse`] puts tokens in. A till that is not used sleeps: it is
/// empty, and the first call wakes it and goes through before anything was asked, unless the limit is known to
/// be exhausted.
pub struct Till {
    number: u32,
    window: u64,
    time: Arc<ServerTime>,
    wake: Arc<dyn Wake>,
    /// The low half of the number of a window, and the tokens that it has; by the parity of the number.
    slots: [AtomicU64; 2],
    sleeps: AtomicBool,
    /// While the control plane is away, and the rule lets every call through then.
    passes_all: AtomicBool,
    /// Calls since the purse looked that went through without a token, and that were refused.
    unasked: AtomicU32,
    refused: AtomicU32,
    /// Until when the limit is exhausted, and which amount is.
    refills_at: AtomicU64,
    exhausted: AtomicU32,
    /// What the control plane had left when it last answered.
    left: AtomicU32,
}

/// Who is told that a till has to be filled.
pub trait Wake: Send + Sync {
    /// Called at most once for each time that a till sleeps.
    fn wake(&self, till: u32);
}

/// The control plane's time less the client's, as far as that is known.
#[derive(Debug, Default)]
pub struct ServerTime(AtomicI64);

/// What a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// A token of a window.
    Of(u64),
    /// It goes through without one.
    Unasked,
}

/// Why a call does not go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// The amount that is used up, as in [`Exhausted::amount`].
    pub amount: u32,
    /// The time after which there may be a token.
    pub retry_after: Duration,
}

/// When to try again while tokens are on the way.
const ON_THE_WAY: Duration = Duration::from_millis(10);

impl ServerTime {
    /// The control plane's time at a moment of the client.
    #[inline]
    pub fn at(&self, now: Moment) -> Moment {
        let offset = self.0.load(Ordering::Relaxed);
        Moment::after(Duration::from_nanos(
            now.nanos().saturating_add_signed(offset),
        ))
    }

    /// Takes the time of a message in. The least delayed message is right, and clocks drift: what was the most
    /// must show again, or is lowered by 10 microseconds with every message.
    pub fn learn(&self, server: Moment, now: Moment) {
        const DRIFT: i64 = 10_000;
        let known = self.0.load(Ordering::Relaxed);
        self.0.store(
            offset(server, now).max(known.saturating_sub(DRIFT)),
            Ordering::Relaxed,
        );
    }

    /// Takes the time of the first message of a connection; whether that is another time than so far, so that
    /// windows have other numbers.
    pub fn begin(&self, server: Moment, now: Moment) -> bool {
        const TOLERANCE: u64 = 50_000_000;
        let (known, new) = (self.0.load(Ordering::Relaxed), offset(server, now));
        if known.abs_diff(new) < TOLERANCE {
            self.learn(server, now);
            return false;
        }
        self.0.store(new, Ordering::Relaxed);
        true
    }
}

fn offset(server: Moment, now: Moment) -> i64 {
    server.nanos().wrapping_sub(now.nanos()).cast_signed()
}

impl Till {
    /// One for windows of a length, that sleeps.
    pub fn new(number: u32, window: Duration, time: Arc<ServerTime>, wake: Arc<dyn Wake>) -> Self {
        Self {
            number,
            window: nanos(window).max(1),
            time,
            wake,
            slots: [const { AtomicU64::new(0) }; 2],
            sleeps: AtomicBool::new(true),
            passes_all: AtomicBool::new(false),
            unasked: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            refills_at: AtomicU64::new(0),
            exhausted: AtomicU32::new(0),
            left: AtomicU32::new(0),
        }
    }

    /// Which one it is, for whoever fills it.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The length of the windows.
    pub fn window(&self) -> Duration {
        Duration::from_nanos(self.window)
    }

    /// Takes the token of a call.
    ///
    /// # Errors
    /// When there is none.
    #[inline]
    pub fn spend(&self, now: Moment) -> Result<Token, Denial> {
        let at = self.time.at(now).nanos();
        let window = at / self.window;
        let slot = &self.slots[(window % 2) as usize];
        let mut state = slot.load(Ordering::Relaxed);
        while state >> 32 == tag(window) && state & COUNT > 0 {
            let taken =
                slot.compare_exchange_weak(state, state - 1, Ordering::AcqRel, Ordering::Relaxed);
            match taken {
                Ok(_) => return Ok(Token::Of(window)),
                Err(changed) => state = changed,
            }
        }
        self.spend_without(at)
    }

    /// Whether a call would go through, and when another one may.
    ///
    /// # Errors
    /// When it would not.
    pub fn foresee(&self, now: Moment) -> Result<(), Denial> {
        let at = self.time.at(now).nanos();
        let refills_at = self.refills_at.load(Ordering::Relaxed);
        let has_credit = self.is_asleep() && refills_at <= at;
        if self.held(at / self.window) > 0 || has_credit || self.passes_all.load(Ordering::Relaxed)
        {
            return Ok(());
        }
        Err(self.denial(at))
    }

    /// Gives back what a call took that does not go through.
    pub fn give_back(&self, token: Token) {
        match token {
            Token::Of(window) => self.put(window, 1),
            Token::Unasked => {
                // It may have been counted already; then it is a call more than there was.
                let _ = self
                    .unasked
                    .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
                        count.checked_sub(1)
                    });
            }
        }
    }

    /// Tokens that were left when the control plane last answered, with those here; and the time until the
    /// window ends.
    pub fn left(&self, now: Moment) -> (u32, Duration) {
        let at = self.time.at(now).nanos();
        let window = at / self.window;
        let refills_at = self.refills_at.load(Ordering::Relaxed);
        let ends_at = refills_at.max((window + 1).saturating_mul(self.window));
        let left = if refills_at > at {
            0
        } else {
            self.left.load(Ordering::Relaxed)
        };
        let left = left.saturating_add(self.held(window));
        (left, Duration::from_nanos(ends_at - at))
    }

    /// How long after a moment there is nothing to remember: until then it knows that the limit is
    /// exhausted, or has tokens.
    pub fn rest(&self, now: Moment) -> Duration {
        let at = self.time.at(now).nanos();
        let refills_at = self.refills_at.load(Ordering::Relaxed);
        if self.is_asleep() {
            return Duration::from_nanos(refills_at.saturating_sub(at));
        }
        let ends_at = (at / self.window + 1).saturating_mul(self.window);
        Duration::from_nanos(ends_at.max(refills_at) - at)
    }

    #[cold]
    fn spend_without(&self, at: u64) -> Result<Token, Denial> {
        if self.wake() && self.refills_at.load(Ordering::Relaxed) <= at {
            self.unasked.fetch_add(1, Ordering::AcqRel);
            return Ok(Token::Unasked);
        }
        if self.passes_all.load(Ordering::Relaxed) {
            self.unasked.fetch_add(1, Ordering::AcqRel);
            return Ok(Token::Unasked);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(self.denial(at))
    }

    fn denial(&self, at: u64) -> Denial {
        let wait = self.refills_at.load(Ordering::Relaxed).saturating_sub(at);
        Denial {
            amount: self.exhausted.load(Ordering::Relaxed),
            retry_after: match wait {
                0 => ON_THE_WAY,
                wait => Duration::from_nanos(wait),
            },
        }
    }

    pub(super) fn time(&self, now: Moment) -> u64 {
        self.time.at(now).nanos()
    }

    /// Tokens of a window that are here.
    pub(super) fn held(&self, window: u64) -> u32 {
        let state = self.slots[(window % 2) as usize].load(Ordering::Acquire);
        if state >> 32 == tag(window) {
            (state & COUNT) as u32
        } else {
            0
        }
    }

    /// Begins a window with tokens in place of the one before the last; what that still had.
    pub(super) fn begin(&self, window: u64, count: u32) -> u32 {
        let state = tag(window) << 32 | u64::from(count);
        let before = self.slots[(window % 2) as usize].swap(state, Ordering::AcqRel);
        (before & COUNT) as u32
    }

    /// Adds tokens to a window that is still there.
    pub(super) fn put(&self, window: u64, count: u32) {
        // An error says that the window is over.
        let _ = self.slots[(window % 2) as usize].fetch_update(
            Ordering::AcqRel,
            Ordering::Acquire,
            |state| (state >> 32 == tag(window)).then(|| state + u64::from(count)),
        );
    }

    /// Takes up to so many tokens of a window out; how many.
    pub(super) fn take(&self, window: u64, count: u32) -> u32 {
        let slot = &self.slots[(window % 2) as usize];
        let taken = |state: u64| u64::from(count).min(state & COUNT);
        let before = slot.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
            (state >> 32 == tag(window)).then(|| state - taken(state))
        });
        before.map_or(0, |state| taken(state) as u32)
    }

    /// Calls since it was asked before that went through without a token, and that were refused.
    pub(super) fn counts(&self) -> (u32, u32) {
        (
            self.unasked.swap(0, Ordering::AcqRel),
            self.refused.swap(0, Ordering::AcqRel),
        )
    }

    pub(super) fn set_left(&self, left: u32, exhausted: Option<Exhausted>) {
        self.left.store(left, Ordering::Relaxed);
        let until = exhausted.map_or(0, |exhausted| exhausted.until.nanos());
        let amount = exhausted.map_or(0, |exhausted| exhausted.amount);
        self.exhausted.store(amount, Ordering::Relaxed);
        self.refills_at.store(until, Ordering::Relaxed);
    }

    pub(super) fn pass_all(&self, passes: bool) {
        self.passes_all.store(passes, Ordering::Relaxed);
    }

    pub(super) fn is_asleep(&self) -> bool {
        self.sleeps.load(Ordering::Acquire)
    }

    /// Wakes it; whether it slept.
    pub(super) fn wake(&self) -> bool {
        let slept = self.is_asleep() && self.sleeps.swap(false, Ordering::AcqRel);
        if slept {
            self.wake.wake(self.number);
        }
        slept
    }

    pub(super) fn sleep(&self) {
        self.sleeps.store(true, Ordering::Release);
    }
}

const COUNT: u64 = u32::MAX as u64;

fn tag(window: u64) -> u64 {
    window & COUNT
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Till")
            .field("number", &self.number)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}
