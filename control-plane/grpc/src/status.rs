//! The one table from errors to gRPC statuses.

use std::error::Error as _;

use merak_core::{Error, ErrorKind};
use merak_model::Invalid;
use tonic::{Code, Status};
use tracing::{error, info};

/// The status of an error; callers see its message, the log its causes.
pub(crate) fn status_of(error: &Error) -> Status {
    let code = match error.kind() {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Conflict => Code::FailedPrecondition,
        ErrorKind::PreconditionFailed => Code::Aborted,
        ErrorKind::Gone => Code::OutOfRange,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    };
    let causes = causes_of(error);
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Internal => {
            error!(%code, causes, "request failed: {error}");
        }
        ErrorKind::InvalidArgument
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::PreconditionFailed
        | ErrorKind::Gone => {
            info!(%code, causes, "request refused: {error}");
        }
    }
    Status::new(code, error.to_string())
}

/// The status of a refused value; its message begins with the field.
pub(crate) fn refused(invalid: Invalid) -> Status {
    status_of(&Error::from(invalid))
}

fn causes_of(error: &Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_code() {
        for (kind, code) in [
            (ErrorKind::InvalidArgument, Code::InvalidArgument),
            (ErrorKind::NotFound, Code::NotFound),
            (ErrorKind::Conflict, Code::FailedPrecondition),
            (ErrorKind::PreconditionFailed, Code::Aborted),
            (ErrorKind::Gone, Code::OutOfRange),
            (ErrorKind::Unavailable, Code::Unavailable),
            (ErrorKind::Internal, Code::Internal),
        ] {
            assert_eq!(status_of(&Error::new(kind, "x")).code(), code);
        }
    }

    #[test]
    fn the_cause_is_not_sent() {
        let error = Error::unavailable("the store is busy").caused_by("disk /dev/secret full");
        assert_eq!(status_of(&error).message(), "the store is busy");
        assert_eq!(causes_of(&error), "disk /dev/secret full");
    }
}
