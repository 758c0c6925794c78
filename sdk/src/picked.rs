//! An instance that was picked, until its call ends.

use std::{fmt, ops::Deref, sync::Arc};

use merak_model::Instance;

use crate::balance::Slot;

/// An instance that was picked for a call: it counts as busy with the call until this is dropped.
///
/// Keep it for as long as the call takes, so that the balancer `least_request` knows who is busy, and tell
/// how the call ended by [`Picked::report`].
///
/// ```no_run
/// # async fn send(address: &str) -> Result<(), ()> { Ok(()) }
/// # async fn example(client: merak_sdk::Client) -> merak_sdk::Result<()> {
/// use merak_sdk::{Call, Outcome};
/// let picked = client.pick(&Call::to("micro-pay")).await?;
/// let sent = send(&picked.address()).await;
/// picked.report(if sent.is_ok() { Outcome::Succeeded } else { Outcome::Failed });
/// # Ok(()) }
/// ```
#[must_use = "the instance counts as busy until this is dropped"]
pub struct Picked {
    slot: Arc<Slot>,
}

/// How a call to an instance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The instance answered; an answer that refuses the caller's wish is one, too.
    Succeeded,
    /// The instance failed: its answer says so, or none came.
    Failed,
    /// The instance could not be connected to: nothing was sent.
    Unreachable,
}

impl Picked {
    #[inline]
    pub(crate) fn new(slot: &Arc<Slot>) -> Self {
        slot.load.begin();
        Self {
            slot: Arc::clone(slot),
        }
    }

    /// The instance, to be kept beyond the call.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.slot.instance
    }

    /// Ends the call and counts how it ended, for [`ServiceState::usage`](crate::ServiceState::usage).
    pub fn report(self, outcome: Outcome) {
        self.slot.load.count(outcome);
    }
}

impl Deref for Picked {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.slot.instance
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.slot.load.end();
    }
}

impl fmt::Debug for Picked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picked").field(self.instance()).finish()
    }
}
