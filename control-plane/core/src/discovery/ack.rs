//! What clients say they have applied, and what of it they do not understand.

use std::collections::BTreeMap;

use merak_model::{Revision, routing::RuleKey};

use super::Subscriber;
use crate::RuleKind;

/// Rules that a client does not obey because it cannot understand them, each with the client's reason.
pub type LeftOut = BTreeMap<(RuleKind, RuleKey), String>;

impl Subscriber {
    /// Notes that the client has applied what it was sent up to `revision`, all of it.
    ///
    /// What it cannot have applied, because it was not sent, is not believed.
    pub fn acknowledge(&self, number: u32, revision: Revision) {
        self.acknowledge_except(number, revision, LeftOut::new());
    }

    /// Notes that the client has applied what it was sent up to `revision`, but for some rules.
    ///
    /// What it said earlier of rules that it does not understand no longer counts.
    pub fn acknowledge_except(&self, number: u32, revision: Revision, left_out: LeftOut) {
        let mut subscriptions = self.inbox.subscriptions.lock();
        if let Some(watch) = subscriptions.topics.get_mut(&number) {
            watch.applied = watch.applied.max(revision.min(watch.held));
            watch.left_out = left_out;
        }
    }
}
