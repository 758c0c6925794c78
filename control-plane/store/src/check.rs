//! Whether a database is whole: every page, every index and every reference.
//!
//! Starting reads every row of the current state, but an index that disagrees with its table is not
//! noticed there. Looking for that reads the whole file, which is too slow for a start.

use std::path::Path;

use merak_core::{Error, ErrorKind, Result};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{backup::BUSY_TIMEOUT, error};

/// Looks for damage in a database that may be in use; what was found, in SQLite's words, up to 100 lines.
///
/// # Errors
/// When there is no such database, or it is so damaged that it cannot be looked through.
pub async fn check(path: &Path) -> Result<Vec<String>> {
    let checking = |failure| error::reading(path, failure);
    path.metadata().map_err(|failure| {
        let message = format!("there is no database `{}` to check", path.display());
        Error::new(ErrorKind::NotFound, message).caused_by(failure)
    })?;
    // Not read-only: such a connection leaves `-wal` and `-shm` files beside a stopped database.
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = options
        .busy_timeout(BUSY_TIMEOUT)
        .connect()
        .await
        .map_err(checking)?;
    let lines: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check")
        .fetch_all(&mut connection)
        .await
        .map_err(checking)?;
    let references: Vec<(String, i64)> =
        sqlx::query_as("SELECT \"table\", rowid FROM pragma_foreign_key_check LIMIT 100")
            .fetch_all(&mut connection)
            .await
            .map_err(checking)?;
    connection.close().await.map_err(checking)?;
    let damages = lines.into_iter().map(|(line,)| line);
    let damages = damages.filter(|line| line != "ok");
    let dangling = references.into_iter().map(|(table, row)| {
        format!("row {row} of table {table} refers to a row that does not exist")
    });
    Ok(damages.chain(dangling).take(100).collect())
}
