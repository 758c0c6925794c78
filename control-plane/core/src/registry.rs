//! Writing: every change that somebody asks for.
//!
//! Each method is a decision over a [`Draft`]: it looks at what is there, refuses, or puts and
//! deletes things. What changes nothing is not written.

mod instance;
mod namespace;
mod rule;
mod service;
mod tests_of_rules;

use std::sync::Arc;

use merak_model::{Revision, Stamp};
use tokio::sync::Mutex;

use crate::{
    Caller, Catalog, Committer, Draft, Error, Liveness, Obstacle, Result, Thing, committer::Intent,
};
pub use instance::{InstancePatch, Registered, Standing};

/// Whether a registration creates the namespace and the service that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingService {
    /// They are created with their defaults.
    #[default]
    Create,
    /// The registration is refused.
    Refuse,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Updated,
    /// The same content was there: no write, no revision, no push.
    Unchanged,
}

/// What must hold of the stored thing for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precondition {
    #[default]
    None,
    /// It does not exist.
    Absent,
    /// It exists.
    Present,
    /// It was last changed at this revision.
    Revision(Revision),
    /// It was last changed at one of these revisions, of which some may repeat.
    AnyRevision([Revision; Precondition::REVISIONS]),
}

/// A thing as it is after a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<T> {
    pub item: Arc<T>,
    pub outcome: Outcome,
}

/// Writes namespaces, services, instances and rules.
#[derive(Clone)]
pub struct Registry {
    committer: Committer,
    catalog: Arc<Catalog>,
    liveness: Arc<Liveness>,
    missing_service: MissingService,
    intent: Intent,
    /// Whether what the catalog shows already may be answered before decisions that wait.
    answers_ahead: bool,
    /// Whether a change of a rule must pass the tests of rules.
    runs_tests: bool,
    /// Held by the one who tries a change of a rule and commits it.
    rule_turn: Arc<Mutex<()>>,
}

impl Registry {
    pub(crate) fn new(
        committer: Committer,
        catalog: Arc<Catalog>,
        liveness: Arc<Liveness>,
        missing_service: MissingService,
    ) -> Self {
        Self {
            committer,
            catalog,
            liveness,
            missing_service,
            intent: Intent::Commit,
            answers_ahead: true,
            runs_tests: true,
            rule_turn: Arc::default(),
        }
    }

    /// The same registry for a dry run: it decides and answers as usual, and writes nothing.
    ///
    /// The revisions in its answers are those that the change would get now.
    #[must_use]
    pub fn rehearsal(&self) -> Self {
        Self {
            intent: Intent::Rehearse,
            ..self.clone()
        }
    }

    /// The same registry for one who hands in several writes at once: each is decided after those
    /// before it, also where nothing seems to change.
    #[must_use]
    pub fn in_order(&self) -> Self {
        Self {
            answers_ahead: false,
            ..self.clone()
        }
    }

    async fn decide<T: Send + 'static>(
        &self,
        caller: &Caller,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.committer.decide(caller, self.intent, decide).await
    }
}

impl Precondition {
    /// The revisions that one precondition may name.
    pub const REVISIONS: usize = 8;

    /// Refuses a write of `what` unless its current state is the expected one.
    fn check(self, what: Thing, current: Option<Stamp>) -> Result<()> {
        let current = current.map(|stamp| stamp.revision);
        let problem = match (self, current) {
            (Self::None, _) | (Self::Absent, None) | (Self::Present, Some(_)) => return Ok(()),
            (Self::Revision(expected), Some(current)) if expected == current => return Ok(()),
            (Self::AnyRevision(expected), Some(current)) if expected.contains(&current) => {
                return Ok(());
            }
            (Self::AnyRevision(_), Some(current)) => {
                format!("{what} is at revision {current}, which is not expected: read it again")
            }
            (Self::Present | Self::AnyRevision(_), None) => {
                format!("{what} does not exist, and was expected to")
            }
            (Self::Absent, Some(revision)) => {
                let thing = what;
                return Err(Obstacle::Exists { thing, revision }.into());
            }
            (Self::Revision(expected), Some(current)) => {
                format!("{what} is at revision {current}, not {expected}: read it again")
            }
            (Self::Revision(expected), None) => {
                format!("{what} does not exist, and was expected at revision {expected}")
            }
        };
        Err(Error::precondition_failed(problem, current))
    }
}

impl<T> Written<T> {
    fn new(item: Arc<T>, before: Option<Stamp>, after: Stamp) -> Self {
        let outcome = Outcome::between(before, after);
        Self { item, outcome }
    }
}

impl Outcome {
    fn between(before: Option<Stamp>, after: Stamp) -> Self {
        match before {
            None => Self::Created,
            Some(before) if before == after => Self::Unchanged,
            Some(_) => Self::Updated,
        }
    }
}
