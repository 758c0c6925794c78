//! The one writer: turns decisions into durable, visible changes.
//!
//! It takes every decision that waits, runs them in order over one [`Draft`], writes all their
//! changes in one transaction (group commit), applies them to the catalog, tells the followers, and
//! only then answers. An answer therefore means durable and visible. When a transaction fails,
//! nothing of it is visible, and every decision from the first on that drafted something is answered
//! with the failure: also a refusal, which may rest on what was drafted before it. When it is not
//! known whether a transaction failed, the control plane stops: the store knows after a restart.

use std::sync::Arc;

use merak_model::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{Caller, Catalog, Change, Clock, CommitTally, Draft, Error, ErrorKind, Result, Store};

/// Decisions that may wait for the committer; more callers wait for a place.
const QUEUE_LIMIT: usize = 4096;

/// Decisions that one transaction takes at the most.
const BATCH_LIMIT: usize = 1024;

type Complete = Box<dyn FnOnce(Result<()>) + Send>;
type Decide = Box<dyn FnOnce(&mut Draft<'_>) -> Complete + Send>;

/// Where decisions are handed in.
#[derive(Clone)]
pub struct Committer {
    queue: mpsc::Sender<Decide>,
}

/// Learns of changes in commit order, after they are visible.
pub(crate) trait Follow: Send + Sync {
    fn follow(&self, changes: &Arc<[Change]>);
}

/// What becomes of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Commit,
    /// It is taken and answered, and its changes are dropped.
    Rehearse,
}

/// What the answer to a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RestsOn {
    /// What was committed before: it holds whatever becomes of this transaction.
    Stored,
    /// Changes of this transaction, its own or those of decisions before it.
    Drafted,
}

/// The task that commits; it ends when every [`Committer`] is gone and the queue is empty.
pub(crate) struct CommitTask {
    pub(crate) queue: mpsc::Receiver<Decide>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) followers: Vec<Arc<dyn Follow>>,
    pub(crate) tally: Arc<CommitTally>,
    /// When the newest change happened: time in the log never goes back, whatever the clock does.
    pub(crate) newest_at: Timestamp,
    /// Why the store refused the last transaction, if it did.
    pub(crate) refusal: Option<String>,
    /// Cancelled when it is not known what the store holds: nothing more is committed.
    pub(crate) failed: CancellationToken,
}

impl Committer {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Decide>) {
        let (queue, receiver) = mpsc::channel(QUEUE_LIMIT);
        (Self { queue }, receiver)
    }

    /// Runs a decision and waits until what it drafted is durable and visible.
    ///
    /// # Errors
    /// The decision's own error, in which case nothing of it was done; `Unavailable`, also nothing,
    /// when the store refused the transaction or the control plane is shutting down; or `Internal`
    /// when it is not known whether it was done, after which the control plane stops.
    pub async fn commit<T: Send + 'static>(
        &self,
        caller: &Caller,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.decide(caller, Intent::Commit, decide).await
    }

    pub(crate) async fn decide<T: Send + 'static>(
        &self,
        caller: &Caller,
        intent: Intent,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let caller = caller.clone();
        let decision: Decide = Box::new(move |draft| {
            draft.set_caller(&caller);
            let mark = draft.mark();
            let outcome = decide(draft);
            if outcome.is_err() || intent == Intent::Rehearse {
                draft.undo_to(mark);
            }
            Box::new(move |committed| {
                let outcome = committed.and(outcome);
                // The caller may have gone away; its change stands all the same.
                let _ = answer.send(outcome);
            })
        });
        let stopped = || Error::unavailable("the control plane is shutting down");
        self.queue.send(decision).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| {
            let message = "a defect ended the control plane: it is not known what was done";
            Error::new(ErrorKind::Internal, message)
        })?
    }
}

impl CommitTask {
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_LIMIT);
        while self.queue.recv_many(&mut batch, BATCH_LIMIT).await > 0 {
            let (changes, answers) = self.decide(batch.drain(..));
            let committed = self.write(&changes).await;
            if committed.is_ok() {
                self.publish(changes);
            }
            for (complete, rests_on) in answers {
                complete(match rests_on {
                    RestsOn::Stored => Ok(()),
                    RestsOn::Drafted => committed.as_ref().copied().map_err(Error::share),
                });
            }
        }
    }

    fn decide(
        &mut self,
        batch: impl Iterator<Item = Decide>,
    ) -> (Vec<Change>, Vec<(Complete, RestsOn)>) {
        self.newest_at = self.newest_at.max(self.clock.timestamp());
        let index = self.catalog.read();
        let mut draft = Draft::new(&index, self.newest_at);
        let answers = batch.map(|decide| {
            let complete = decide(&mut draft);
            // What failed is undone, so that the draft stays empty until something is to be written.
            let rests_on = match draft.mark() {
                0 => RestsOn::Stored,
                _ => RestsOn::Drafted,
            };
            (complete, rests_on)
        });
        let answers = answers.collect();
        (draft.into_changes(), answers)
    }

    async fn write(&mut self, changes: &[Change]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.failed.is_cancelled() {
            return Err(Error::unavailable(
                "the control plane failed and is stopping",
            ));
        }
        let begun = self.clock.elapsed();
        let written = self.store.append(changes).await;
        match &written {
            Ok(()) => self
                .tally
                .note_committed(self.clock.elapsed().saturating_sub(begun)),
            Err(_) => self.tally.note_failed(),
        }
        if let Err(failure) = &written
            && failure.kind() == ErrorKind::Internal
        {
            self.failed.cancel();
        }
        self.log(written.as_ref().err(), changes.len());
        written
    }

    /// Logs that commits fail, and that they succeed again; what stays as it is is logged once.
    fn log(&mut self, failure: Option<&Error>, changes: usize) {
        let refusal = failure.map(ToString::to_string);
        if self.refusal == refusal {
            return;
        }
        match failure {
            Some(failure) => {
                let cause = std::error::Error::source(failure).map(ToString::to_string);
                error!(changes, cause, "commits fail: {failure}");
            }
            None => info!(changes, "commits succeed again"),
        }
        self.refusal = refusal;
    }

    fn publish(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let changes: Arc<[Change]> = changes.into();
        self.catalog.apply(&changes);
        for follower in &self.followers {
            follower.follow(&changes);
        }
    }
}
