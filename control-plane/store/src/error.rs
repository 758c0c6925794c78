//! Failures of SQLite, in words that say what to do.

use std::path::Path;

use merak_core::{Error, ErrorKind};
use sqlx::migrate::MigrateError;

/// Primary result codes: <https://www.sqlite.org/rescode.html>.
const ERROR: i32 = 1;
const BUSY: i32 = 5;
const READ_ONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NO_DATABASE: i32 = 26;

pub(crate) fn opening(path: &Path, failure: sqlx::Error) -> Error {
    describe(path, failure, "cannot be opened")
}

pub(crate) fn writing(path: &Path, failure: sqlx::Error) -> Error {
    describe(path, failure, "refused a write")
}

pub(crate) fn reading(path: &Path, failure: sqlx::Error) -> Error {
    describe(path, failure, "cannot be read")
}

/// Neither the commit nor the question whether it succeeded was answered.
pub(crate) fn unknown(path: &Path, failure: sqlx::Error) -> Error {
    let message = format!("it is not known whether `{}` took a write", path.display());
    Error::new(ErrorKind::Internal, message).caused_by(failure)
}

/// Whether what is to be written contradicts what is stored: another wrote to the database, or the
/// memory of the control plane is not what it holds.
pub(crate) fn is_contradiction(failure: &sqlx::Error) -> bool {
    use sqlx::error::ErrorKind::Other;
    match failure.as_database_error() {
        Some(refused) => !matches!(refused.kind(), Other),
        // A service that an instance belongs to.
        None => matches!(failure, sqlx::Error::RowNotFound),
    }
}

pub(crate) fn contradiction(path: &Path, failure: sqlx::Error) -> Error {
    let message = format!(
        "`{}` holds something else than what the control plane knows: start again",
        path.display()
    );
    Error::new(ErrorKind::Internal, message).caused_by(failure)
}

/// A copy: the failure does not tell whether it was read or written.
pub(crate) fn copying(path: &Path, failure: sqlx::Error) -> Error {
    describe(path, failure, "cannot be copied")
}

/// A row that the model refuses: somebody else wrote to the database.
pub(crate) fn stored(table: &str, pk: i64, problem: impl std::fmt::Display) -> Error {
    let message = format!("row {pk} of table `{table}` is not valid: {problem}");
    Error::new(ErrorKind::Internal, message)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an enum of sqlx, most of whose cases need the same words"
)]
pub(crate) fn migrating(path: &Path, failure: MigrateError) -> Error {
    let shown = path.display();
    match failure {
        MigrateError::VersionMissing(version) => {
            let message = format!(
                "`{shown}` has schema {version}, which is newer than this merak: \
                 start a newer merak, or restore a backup"
            );
            Error::new(ErrorKind::InvalidArgument, message)
        }
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => {
            opening(path, cause)
        }
        other => {
            let message = format!("the schema of `{shown}` cannot be brought up to date");
            Error::new(ErrorKind::Internal, message).caused_by(other)
        }
    }
}

fn describe(path: &Path, failure: sqlx::Error, what: &str) -> Error {
    let shown = path.display();
    let (kind, hint) = match primary_code(&failure) {
        Some(FULL) => (ErrorKind::Unavailable, "the disk is full: free some space"),
        Some(READ_ONLY) => (
            ErrorKind::Unavailable,
            "it is read-only: grant write access",
        ),
        Some(BUSY) => (ErrorKind::Unavailable, "another program has locked it"),
        Some(IO_ERROR) => (ErrorKind::Unavailable, "the disk reports an error"),
        Some(CORRUPT | NO_DATABASE) => (
            ErrorKind::Internal,
            "it is damaged or no SQLite database: restore a backup",
        ),
        Some(CANNOT_OPEN) => (
            ErrorKind::Unavailable,
            "check its folder and its permissions",
        ),
        Some(ERROR) => (
            ErrorKind::Unavailable,
            "it is damaged or of another program, see the cause",
        ),
        None if matches!(failure, sqlx::Error::ColumnDecode { .. }) => (
            ErrorKind::Internal,
            "a value in it is damaged: restore a backup",
        ),
        _ => (ErrorKind::Unavailable, "see the log for the cause"),
    };
    Error::new(kind, format!("`{shown}` {what}: {hint}")).caused_by(failure)
}

fn primary_code(failure: &sqlx::Error) -> Option<i32> {
    let code: i32 = failure.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
