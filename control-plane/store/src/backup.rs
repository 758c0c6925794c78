//! A consistent copy of a database that may be in use.
//!
//! It takes no lock of the control plane and runs no migration: a reader sees one moment of the
//! database while the control plane goes on writing. The copy appears under its name when it is
//! complete and on the disk, or not at all.

use std::{io, path::Path, time::Duration};

use merak_core::{Error, ErrorKind, Result};
use merak_model::Revision;
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tempfile::NamedTempFile;

use crate::{
    database::{NO_EPOCH, folder, sync_folder},
    error,
};

/// How long a control plane that is just starting or ending is waited for.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// The newest change in it.
    pub revision: Revision,
    pub size_bytes: u64,
}

/// Copies a database to a file that does not exist yet; starting on the copy restores it.
///
/// The copy has no epoch until it is started on, and takes one of its own then: what is committed after
/// a restore has other content than what clients know under the same revisions, from the original or
/// from another restore.
///
/// # Errors
/// When there is no such database, or the copy exists already or cannot be written.
pub async fn backup(from: &Path, to: &Path) -> Result<Backup> {
    let unfinished = create_beside(from, to)?;
    copy(from, unfinished.path()).await?;
    let revision = clear_epoch(from, unfinished.path()).await?;
    let to = to.to_owned();
    let size_bytes = tokio::task::spawn_blocking(move || publish(unfinished, &to))
        .await
        .expect("writing a file does not panic")?;
    Ok(Backup {
        revision,
        size_bytes,
    })
}

/// An empty file in the folder of the copy, removed when dropped, with the rights of the original.
fn create_beside(from: &Path, to: &Path) -> Result<NamedTempFile> {
    let original = from.metadata().map_err(|failure| {
        let message = format!("there is no database `{}` to copy", from.display());
        Error::new(ErrorKind::NotFound, message).caused_by(failure)
    })?;
    if to.symlink_metadata().is_ok() {
        return Err(exists(to));
    }
    let folder = folder(to);
    tempfile::Builder::new()
        .prefix("merak-")
        .suffix(".partial")
        .permissions(original.permissions())
        .tempfile_in(folder)
        .map_err(|failure| {
            let message = format!(
                "cannot write in `{}`: create the folder, or grant access",
                folder.display()
            );
            Error::new(ErrorKind::InvalidArgument, message).caused_by(failure)
        })
}

async fn copy(from: &Path, to: &Path) -> Result<()> {
    // Not read-only: such a connection leaves `-wal` and `-shm` files beside a stopped database.
    let mut original = SqliteConnectOptions::new()
        .filename(from)
        .busy_timeout(BUSY_TIMEOUT)
        .connect()
        .await
        .map_err(|failure| error::opening(from, failure))?;
    sqlx::query("VACUUM INTO $1")
        .bind(to.to_string_lossy().into_owned())
        .execute(&mut original)
        .await
        .map_err(|failure| error::copying(from, failure))?;
    let closed = original.close().await;
    closed.map_err(|failure| error::reading(from, failure))
}

async fn clear_epoch(from: &Path, unfinished: &Path) -> Result<Revision> {
    let failed = |failure| error::copying(from, failure);
    // An unfinished copy is thrown away, so that its changes need no journal.
    let mut copy = SqliteConnectOptions::new()
        .filename(unfinished)
        .journal_mode(SqliteJournalMode::Memory)
        .connect()
        .await
        .map_err(failed)?;
    sqlx::query("UPDATE control_plane SET epoch = $1")
        .bind(NO_EPOCH)
        .execute(&mut copy)
        .await
        .map_err(failed)?;
    let (revision,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(revision), 0) FROM change")
        .fetch_one(&mut copy)
        .await
        .map_err(failed)?;
    copy.close().await.map_err(failed)?;
    Ok(Revision(revision.cast_unsigned()))
}

/// Gives the copy its name, once its content is on the disk.
fn publish(unfinished: NamedTempFile, to: &Path) -> Result<u64> {
    let failed = |failure: io::Error| {
        let message = format!("cannot write `{}`", to.display());
        Error::unavailable(message).caused_by(failure)
    };
    unfinished.as_file().sync_all().map_err(failed)?;
    let copy = unfinished.persist_noclobber(to).map_err(|refused| {
        if refused.error.kind() == io::ErrorKind::AlreadyExists {
            return exists(to);
        }
        failed(refused.error)
    })?;
    sync_folder(to).map_err(failed)?;
    Ok(copy.metadata().map_err(failed)?.len())
}

fn exists(path: &Path) -> Error {
    let message = format!("`{}` exists already: name a new file", path.display());
    Error::new(ErrorKind::InvalidArgument, message)
}
