//! The one table from errors to gRPC statuses, and the `google.rpc` details that they carry.
//!
//! Every status has an `ErrorInfo` of domain [`DOMAIN`], whose reason stays the same from release to
//! release: the code of the REST API, in capitals as `google.rpc` spells reasons. A refused value has
//! a `BadRequest` that names its field, and what may work later a `RetryInfo`.

use std::{collections::HashMap, time::Duration};

use merak_core::{Error, ErrorKind};
use merak_model::Invalid;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use tracing::{error, info};

use crate::limits::REQUEST_BYTES;

/// The domain of every reason.
const DOMAIN: &str = "merak";

/// The metadata under which an `ErrorInfo` tells the revision that the thing is at.
const CURRENT_REVISION: &str = "current_revision";

/// The metadata under which an `ErrorInfo` tells the limit that was passed.
const LIMIT: &str = "limit";

/// When to try again what is unavailable, as the REST API says in `Retry-After`.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The status of an error; callers see its message, the log its causes.
pub(crate) fn status_of(error: &Error) -> Status {
    let (code, reason) = match error.kind() {
        ErrorKind::InvalidArgument => (Code::InvalidArgument, "INVALID_ARGUMENT"),
        ErrorKind::NotFound => (Code::NotFound, "NOT_FOUND"),
        ErrorKind::Conflict => (Code::FailedPrecondition, "CONFLICT"),
        ErrorKind::PreconditionFailed => (Code::Aborted, "PRECONDITION_FAILED"),
        ErrorKind::Gone => (Code::OutOfRange, "GONE"),
        ErrorKind::Unavailable => (Code::Unavailable, "UNAVAILABLE"),
        ErrorKind::Internal => (Code::Internal, "INTERNAL"),
    };
    let causes = error.causes();
    match error.kind().is_fault() {
        true => error!(reason, causes, "request failed: {error}"),
        false => info!(reason, causes, "request refused: {error}"),
    }
    let current = error.current_revision();
    let metadata = current.map(|current| (CURRENT_REVISION, current.get().to_string()));
    let mut details = details(code, reason, metadata);
    if let Some(invalid) = error.invalid() {
        details.add_bad_request_violation(invalid.field(), invalid.problem().to_string());
    }
    Status::with_error_details(code, error.to_string(), details)
}

/// The status of a refused value; its message begins with the field.
pub(crate) fn refused(invalid: Invalid) -> Status {
    status_of(&Error::from(invalid))
}

/// The status of what would pass a limit of the listener.
pub(crate) fn exhausted(reason: &str, limit: usize, message: String) -> Status {
    let code = Code::ResourceExhausted;
    info!(reason, "request refused: {message}");
    let details = details(code, reason, Some((LIMIT, limit.to_string())));
    Status::with_error_details(code, message, details)
}

/// The status of a request that the transport could not read, in our words; others as they are.
///
/// tonic blames the server for messages that it cannot decode, and the range for those that are too
/// large.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the codes that tonic itself gives to a request are few"
)]
pub(crate) fn unread(status: Status) -> Status {
    let said = status.message();
    match status.code() {
        Code::OutOfRange => {
            let sizes = said
                .split_once("too large: ")
                .map_or(said, |(_, sizes)| sizes);
            let message = format!("the message is too large: {sizes}");
            exhausted("MESSAGE_TOO_LARGE", REQUEST_BYTES, message)
        }
        Code::Internal => {
            let message = format!("the request cannot be read: {said}");
            let (code, reason) = (Code::InvalidArgument, "MALFORMED_MESSAGE");
            info!(reason, "request refused: {message}");
            let details = details(code, reason, None);
            Status::with_error_details(code, message, details)
        }
        _ => status,
    }
}

/// The status of a request that the transport refused before any of our code saw it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the codes that tonic itself gives to a request are few"
)]
pub(crate) fn of_transport(status: Status) -> Status {
    let said = status.message();
    let (reason, message) = match status.code() {
        Code::OutOfRange | Code::Internal => return unread(status),
        Code::Unimplemented if said.is_empty() => (
            "UNKNOWN_METHOD",
            "the method does not exist: reflection lists those that do",
        ),
        Code::Unimplemented => ("UNSUPPORTED_ENCODING", said),
        Code::NotFound => ("NOT_FOUND", said),
        Code::InvalidArgument => ("INVALID_ARGUMENT", said),
        _ => ("TRANSPORT", said),
    };
    let details = details(status.code(), reason, None);
    Status::with_error_details(status.code(), message, details)
}

fn details(code: Code, reason: &str, metadata: Option<(&str, String)>) -> ErrorDetails {
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    let metadata: HashMap<String, String> = metadata.into_iter().collect();
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    if code == Code::Unavailable {
        details.set_retry_info(Some(RETRY_DELAY));
    }
    details
}

#[cfg(test)]
mod tests {
    use merak_model::Revision;

    use super::*;

    #[test]
    fn each_kind_has_its_code_and_its_reason() {
        for (kind, code, reason) in [
            (
                ErrorKind::InvalidArgument,
                Code::InvalidArgument,
                "INVALID_ARGUMENT",
            ),
            (ErrorKind::NotFound, Code::NotFound, "NOT_FOUND"),
            (ErrorKind::Conflict, Code::FailedPrecondition, "CONFLICT"),
            (
                ErrorKind::PreconditionFailed,
                Code::Aborted,
                "PRECONDITION_FAILED",
            ),
            (ErrorKind::Gone, Code::OutOfRange, "GONE"),
            (ErrorKind::Unavailable, Code::Unavailable, "UNAVAILABLE"),
            (ErrorKind::Internal, Code::Internal, "INTERNAL"),
        ] {
            let status = status_of(&Error::new(kind, "x"));
            let info = status.get_details_error_info().unwrap();
            assert_eq!((status.code(), &*info.reason), (code, reason));
            assert_eq!((&*info.domain, info.metadata.len()), ("merak", 0));
            let retry = status.get_details_retry_info();
            let retry = retry.and_then(|retry| retry.retry_delay);
            let expected = (kind == ErrorKind::Unavailable).then_some(RETRY_DELAY);
            assert_eq!(retry, expected);
            assert!(status.get_details_bad_request().is_none());
        }
    }

    #[test]
    fn a_refused_value_names_its_field() {
        let status = refused(Invalid::range("port", 0, 1, 65_535).within("spec"));
        assert_eq!(status.message(), "spec.port: 0 is outside 1..=65535");
        let bad = status.get_details_bad_request().unwrap();
        let [violation] = &bad.field_violations[..] else {
            panic!("one value was refused");
        };
        assert_eq!(violation.field, "spec.port");
        assert_eq!(violation.description, "0 is outside 1..=65535");
    }

    #[test]
    fn a_failed_precondition_tells_the_current_revision() {
        let error = Error::precondition_failed("it changed", Some(Revision(42)));
        let info = status_of(&error).get_details_error_info().unwrap();
        assert_eq!(info.metadata["current_revision"], "42");
    }

    #[test]
    fn the_cause_is_not_sent() {
        let error = Error::unavailable("the store is busy").caused_by("disk /dev/secret full");
        let status = status_of(&error);
        assert_eq!(status.message(), "the store is busy");
        let details = String::from_utf8_lossy(status.details());
        assert!(!details.contains("secret"), "{details}");
        assert_eq!(error.causes().as_deref(), Some("disk /dev/secret full"));
    }
}
