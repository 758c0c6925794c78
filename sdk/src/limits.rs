//! The rate limits in use: rules as they are pushed, and the limiters that obey them.

use std::sync::Arc;

use merak_model::{Revision, ServiceKey, limiting::RateLimitRule};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    in_use::{Age, InUse, Used},
    limiter::Limiter,
    session::RuleList,
};

/// The rate limits in use, by namespace and name of the service that they protect.
pub(crate) type Limits = InUse<LimitCell>;

/// The rules that protect a service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LimitRules {
    pub(crate) service: Arc<ServiceKey>,
    pub(crate) revision: Revision,
    pub(crate) rules: RuleList<RateLimitRule>,
}

impl LimitRules {
    /// The rules, as a limiter takes them.
    fn owned(&self) -> Vec<RateLimitRule> {
        let rules = self.rules.rules().iter();
        rules.map(|rule| (**rule).clone()).collect()
    }
}

/// Where the rules that a limiter obeys came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing has arrived yet.
    Nothing,
    /// Nothing arrived in time, or the control plane does not tell them: calls go through.
    Unprotected,
    /// The last rules of an earlier run, because the control plane has not answered yet.
    Disk,
    ControlPlane,
}

/// The rate limits of one service.
pub(crate) struct LimitCell {
    key: Arc<ServiceKey>,
    limiter: Limiter,
    /// Its lock is that of everybody who replaces the rules.
    known: watch::Sender<Known>,
    /// Whether the limiter obeys what an earlier run left, for when the control plane does not answer.
    has_left: Mutex<bool>,
    age: Age,
}

impl LimitCell {
    /// The limiter, which always obeys the newest rules; this is a use.
    #[inline]
    pub(crate) fn limiter(&self) -> &Limiter {
        self.age.renew();
        &self.limiter
    }

    /// The limiter, for looking after it.
    pub(crate) fn kept(&self) -> &Limiter {
        &self.limiter
    }

    /// Whether it is known which rules there are, or that it will not be.
    #[inline]
    pub(crate) fn is_known(&self) -> bool {
        *self.known.borrow() != Known::Nothing
    }

    /// What is known, now and from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    /// Obeys what was pushed.
    pub(crate) fn publish(&self, rules: &LimitRules) {
        self.known.send_modify(|known| {
            self.limiter.replace(rules.owned());
            *known = Known::ControlPlane;
        });
    }

    /// Obeys what an earlier run left until the control plane answers.
    pub(crate) fn leave(&self, rules: &LimitRules) {
        self.known.send_if_modified(|known| {
            if *known == Known::Nothing {
                self.limiter.replace(rules.owned());
                *self.has_left.lock() = true;
            }
            false
        });
    }

    /// Goes on with what an earlier run left, if it left something and nothing newer is known.
    pub(crate) fn fall_back(&self) {
        if *self.has_left.lock() {
            self.settle(Known::Disk);
        }
    }

    /// Goes on with what there is, which may be nothing.
    pub(crate) fn go_on(&self) -> Known {
        self.fall_back();
        self.settle(Known::Unprotected);
        *self.known.borrow()
    }

    fn settle(&self, as_what: Known) {
        self.known.send_if_modified(|known| {
            let is_open = *known == Known::Nothing;
            if is_open {
                *known = as_what;
            }
            is_open
        });
    }
}

impl Used for LimitCell {
    fn new(key: Arc<ServiceKey>) -> Self {
        Self {
            limiter: Limiter::new((*key).clone()),
            key,
            known: watch::Sender::new(Known::Nothing),
            has_left: Mutex::default(),
            age: Age::default(),
        }
    }

    fn key(&self) -> &Arc<ServiceKey> {
        &self.key
    }

    fn age(&self) -> &Age {
        &self.age
    }

    fn is_held(&self) -> bool {
        self.known.receiver_count() > 0 || self.limiter.is_shared()
    }
}
