//! What the task does for the rate limits in use.

use std::sync::Arc;

use merak_model::ServiceKey;
use merak_proto::v1;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{Command, Connection, Driver, REFUSED_RETRY, Status};
use crate::{
    Refusal,
    in_use::Used as _,
    limits::{LimitCell, LimitRules},
};

impl Driver {
    /// Looks on the disk for the rules that an earlier run left, beside the task.
    pub(super) fn begin_limits(&self, cell: Arc<LimitCell>) {
        let commands = self.shared.commands.clone();
        let key = Arc::clone(cell.key());
        let resume = move |left| {
            // The client may be closed by now.
            let _ = commands.send(Command::ResumeLimits(cell, left));
        };
        self.look(|disk, key| disk.read_limits(key), key, resume);
    }

    pub(super) fn resume_limits(
        &mut self,
        cell: &Arc<LimitCell>,
        left: Option<(String, LimitRules)>,
    ) -> Vec<v1::SyncRequest> {
        if let Some((_, rules)) = &left {
            cell.leave(rules);
            if matches!(*self.status.borrow(), Status::Lost(_)) {
                cell.fall_back();
            }
        }
        let left = left.as_ref().map(|(epoch, rules)| (epoch.as_str(), rules));
        self.session.subscribe_limits(cell.key(), left)
    }

    /// These rules protect a service from now on.
    pub(super) fn limit(&mut self, rules: LimitRules) {
        metrics::counter!("merak_sdk_updates_total").increment(1);
        if let Some(cell) = self.find_limits(&rules.service) {
            cell.publish(&rules);
            self.keeping.push_limits(self.session.epoch(), rules);
        }
    }

    /// The control plane will not tell the rules that protect a service.
    pub(super) fn go_unlimited(&mut self, key: &ServiceKey, why: &Refusal) {
        warn!(service = %key, "the control plane tells no rate limits: {why}");
        if let Some(cell) = self.find_limits(key) {
            cell.go_on();
        }
        let retry_at = Instant::now() + REFUSED_RETRY;
        self.retry_at.get_or_insert(retry_at);
    }

    /// Unsubscribes from limits that nobody uses, and gives the memory of idle counters back.
    pub(super) fn sweep_limits(&mut self, connection: &Connection) {
        for idle in self.shared.limits.sweep() {
            debug!(service = %idle, "unsubscribed from idle rate limits");
            connection.send(self.session.unsubscribe_limits(&idle));
        }
        for cell in self.shared.limits.all() {
            cell.kept().forget_idle();
        }
    }

    fn find_limits(&self, key: &ServiceKey) -> Option<Arc<LimitCell>> {
        let limits = &self.shared.limits;
        limits.find(key.namespace.as_str(), key.service.as_str())
    }
}
