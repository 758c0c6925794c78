//! The one error of the control plane; each edge maps its kind to its own codes.

use merak_model::{Invalid, Revision};

use crate::Obstacle;

/// What went wrong, in the few kinds that callers can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request can never succeed as it is.
    InvalidArgument,
    NotFound,
    /// The state does not allow it, such as deleting what is not empty.
    Conflict,
    /// The thing is not as the caller expected it: it changed meanwhile.
    PreconditionFailed,
    /// The log no longer reaches back that far.
    Gone,
    /// Try again later, here or elsewhere. A change was not made.
    Unavailable,
    /// A defect of the control plane or of its data. Whether a change was made is not known.
    Internal,
}

impl ErrorKind {
    /// Whether it is the control plane's fault and not the caller's.
    pub fn is_fault(self) -> bool {
        match self {
            Self::Unavailable | Self::Internal => true,
            Self::InvalidArgument
            | Self::NotFound
            | Self::Conflict
            | Self::PreconditionFailed
            | Self::Gone => false,
        }
    }
}

/// An error with a message for the caller and a source for the log.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    current: Option<Revision>,
    obstacle: Option<Box<Obstacle>>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in the control plane.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind: lower case, no full stop, naming the thing.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            current: None,
            obstacle: None,
            source: None,
        }
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A thing that is not there.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what} not found"))
    }

    /// What the state does not allow.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// A precondition that does not hold, with the revision that the thing is at, if it exists.
    pub fn precondition_failed(message: impl Into<String>, current: Option<Revision>) -> Self {
        Self {
            current,
            ..Self::new(ErrorKind::PreconditionFailed, message)
        }
    }

    /// Nothing was done; a later try may succeed.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// Adds what it says, for programs.
    pub(crate) fn with_obstacle(mut self, obstacle: Obstacle) -> Self {
        self.obstacle = Some(Box::new(obstacle));
        self
    }

    /// What it says, for programs; none where only its message says it.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        self.obstacle.as_deref()
    }

    /// What caused it, outermost first, for the log; none if that says nothing more than its message.
    pub fn causes(&self) -> Option<String> {
        let first = std::error::Error::source(self);
        let causes = std::iter::successors(first, |cause| cause.source());
        let causes = causes.map(ToString::to_string);
        let causes: Vec<String> = causes.filter(|cause| *cause != self.message).collect();
        (!causes.is_empty()).then(|| causes.join(": "))
    }

    /// What callers can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The revision of the thing behind an [`ErrorKind::PreconditionFailed`], if it exists.
    pub fn current_revision(&self) -> Option<Revision> {
        self.current
    }

    /// The refused value behind an [`ErrorKind::InvalidArgument`], if it was one field.
    pub fn invalid(&self) -> Option<&Invalid> {
        self.source.as_deref()?.downcast_ref()
    }

    /// The same error for another caller that waited on the same outcome.
    pub(crate) fn share(&self) -> Self {
        Self {
            obstacle: self.obstacle.clone(),
            ..Self::new(self.kind, self.message.clone())
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::new(ErrorKind::InvalidArgument, invalid.to_string()).caused_by(invalid)
    }
}
