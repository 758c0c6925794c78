//! Every call of a recorded run, for those who wait for certain ones.

use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::traffic::Answer;

/// How long calls of a kind may take to come together, on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(30);

/// A call that was answered.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) user: u64,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) answer: Answer,
}

/// Every call that was answered, in the order of the answers.
#[derive(Debug, Default)]
pub(super) struct Journal {
    calls: Mutex<Vec<Call>>,
    news: watch::Sender<()>,
}

impl Journal {
    pub(super) fn write(&self, call: Call) {
        self.calls.lock().push(call);
        self.news.send_replace(());
    }

    /// Waits for as many calls of a kind that began after a moment; the first ones.
    pub(super) async fn collect(
        &self,
        since: Instant,
        count: usize,
        is_wanted: impl Fn(&Call) -> bool,
    ) -> anyhow::Result<Vec<Call>> {
        let mut found = Vec::new();
        let mut seen = 0;
        let mut news = self.news.subscribe();
        let collecting = async {
            loop {
                {
                    let calls = self.calls.lock();
                    let new = calls[seen..].iter();
                    let wanted = new.filter(|call| call.began > since && is_wanted(call));
                    found.extend(wanted.take(count - found.len()).cloned());
                    seen = calls.len();
                }
                if found.len() == count {
                    return;
                }
                // The journal holds the sender, and is borrowed here.
                let _ = news.changed().await;
            }
        };
        let collected = timeout(LIMIT, collecting).await;
        collected.with_context(|| format!("waited {LIMIT:?} for {count} such calls"))?;
        Ok(found)
    }
}
