//! What can go wrong, in the kinds that applications act on.

use std::{fmt, sync::Arc, time::Duration};

use merak_model::{Invalid, ServiceKey, routing::RuleKey};
use tonic_types::StatusExt as _;

use crate::limiter::Rejected;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that was passed in is not valid; it names the field, the limit and the value.
    #[error("{0}")]
    Invalid(#[from] Invalid),

    /// The control plane says that the service does not exist.
    #[error("service `{0}` does not exist")]
    Absent(ServiceKey),

    /// No instance of the service can take the call.
    #[error(
        "service `{service}` has no instance for this call: {known} known, {healthy} healthy, \
         {isolated} isolated, {excluded} excluded by the call"
    )]
    NoInstance {
        /// The callee.
        service: ServiceKey,
        /// Instances that the service has.
        known: usize,
        /// Those that are healthy.
        healthy: usize,
        /// Those that an operator took out.
        isolated: usize,
        /// Those that the call excludes.
        excluded: usize,
    },

    /// A routing rule refuses the call.
    #[error("routing rule `{rule}` rejects this call to service `{service}`")]
    Rejected {
        /// The callee.
        service: ServiceKey,
        /// The rule that decided.
        rule: RuleKey,
        /// The branch whose targets have no instance; none where no branch decided.
        branch: Option<usize>,
    },

    /// A rate limit of the callee rejects the call, which was not sent.
    #[error(transparent)]
    Limited(#[from] Rejected),

    /// The first state of a service did not arrive in time, and there is no copy of it on disk.
    #[error("service `{service}` was not answered within {waited:?}: {connection}")]
    FirstSync {
        /// The service asked for.
        service: ServiceKey,
        /// [`ClientBuilder::first_sync_timeout`](crate::ClientBuilder::first_sync_timeout).
        waited: Duration,
        /// How the connection to the control plane stands, with its addresses.
        connection: String,
    },

    /// The control plane refused the request for good; another try will not help.
    #[error("the control plane refused: {0}")]
    Refused(Refusal),

    /// The control plane cannot be reached, or asks to try again later.
    #[error("the control plane is unavailable: {0}")]
    Unavailable(String),

    /// An instance could not be reached, or the connection to it broke under the request.
    #[error("instance `{address}` of service `{service}` failed: {why}")]
    Instance {
        /// The callee.
        service: ServiceKey,
        /// `host:port` of the instance.
        address: String,
        /// What the transport says.
        why: String,
    },

    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

/// What the control plane said when it refused a request; it displays as the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    message: String,
    reason: Option<String>,
    field: Option<String>,
}

impl Refusal {
    pub(crate) fn new(message: String, reason: String) -> Self {
        Self {
            message,
            reason: Some(reason),
            field: None,
        }
    }

    /// One sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A word for programs that stays the same from release to release, such as `NOT_FOUND`; none
    /// if something between here and the control plane refused the request.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The dotted path of the refused field, such as `location.zone`, if it was one field.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl From<&tonic::Status> for Refusal {
    fn from(status: &tonic::Status) -> Self {
        let info = status.get_details_error_info();
        let bad = status.get_details_bad_request();
        let violation = bad.and_then(|bad| bad.field_violations.into_iter().next());
        Self {
            message: status.message().to_owned(),
            reason: info.map(|info| info.reason),
            field: violation.map(|violation| violation.field),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a gRPC call that failed so has: the error as its message and its source.
///
/// The code is `UNAVAILABLE` where another try may help, `RESOURCE_EXHAUSTED` if a rate limit rejects the
/// call, `CANCELLED` if the client is closed, and `INTERNAL` otherwise.
impl From<Error> for tonic::Status {
    fn from(failure: Error) -> Self {
        let mut status = match &failure {
            Error::Limited(rejected) => rejected.status(),
            Error::Absent(_)
            | Error::NoInstance { .. }
            | Error::Rejected { .. }
            | Error::FirstSync { .. }
            | Error::Unavailable(_)
            | Error::Instance { .. } => Self::unavailable(failure.to_string()),
            Error::Closed => Self::cancelled(failure.to_string()),
            // Other codes would say that the callee refuses the request.
            Error::Invalid(_) | Error::Refused(_) => Self::internal(failure.to_string()),
        };
        status.set_source(Arc::new(failure));
        status
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn a_refusal_has_the_reason_and_the_field_of_its_details() {
        let mut details = ErrorDetails::with_error_info("INVALID_ARGUMENT", "merak", []);
        details.add_bad_request_violation("port", "0 is outside 1..=65535");
        let message = "port: 0 is outside 1..=65535";
        let status = Status::with_error_details(Code::InvalidArgument, message, details);
        let refusal = Refusal::from(&status);
        assert_eq!(refusal.message(), message);
        assert_eq!(refusal.reason(), Some("INVALID_ARGUMENT"));
        assert_eq!(refusal.field(), Some("port"));
    }

    #[test]
    fn a_status_without_details_is_told_as_it_is() {
        let refusal = Refusal::from(&Status::permission_denied("a proxy says no"));
        assert_eq!(
            Error::Refused(refusal.clone()).to_string(),
            "the control plane refused: a proxy says no"
        );
        assert_eq!((refusal.reason(), refusal.field()), (None, None));
    }

    #[test]
    fn a_call_fails_with_a_code_that_tells_whether_to_try_again() {
        let service = ServiceKey::parse("default", "pay").unwrap();
        let refusal = Refusal::new("not for you".to_owned(), "PERMISSION_DENIED".to_owned());
        for (failure, code) in [
            (Error::Absent(service.clone()), Code::Unavailable),
            (
                Error::Rejected {
                    service,
                    rule: RuleKey::parse("default", "canary").unwrap(),
                    branch: None,
                },
                Code::Unavailable,
            ),
            (Error::Unavailable("away".to_owned()), Code::Unavailable),
            (Error::Refused(refusal), Code::Internal),
            (Error::Closed, Code::Cancelled),
        ] {
            let message = failure.to_string();
            let status = Status::from(failure);
            assert_eq!((status.code(), status.message()), (code, &*message));
            let source = std::error::Error::source(&status);
            let source = source.and_then(|source| source.downcast_ref::<Error>());
            assert_eq!(source.map(ToString::to_string), Some(message));
        }
    }
}
