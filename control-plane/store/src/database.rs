//! The file of a database: created whole or not at all, and known for one of ours.
//!
//! What is at the path and is not a database of Merak is refused before anything in it changes.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use merak_core::{Error, ErrorKind, Result};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{Durability, error};

/// Says in the header of a file that it is a database of Merak: "Merk" in ASCII.
const APPLICATION_ID: u32 = 0x4d65_726b;

/// A copy's epoch until it is started on, which begins another history.
pub(crate) const NO_EPOCH: &str = "";

/// Makes sure that there is a database of Merak at a path, creating one where nothing is.
///
/// The caller holds the lock of the path.
pub(crate) async fn ensure(path: &Path) -> Result<()> {
    let Some(file) = find(path)? else {
        return create(path).await;
    };
    if file.len() == 0 {
        let what = "is empty, which a database never is";
        return Err(damaged(path, what));
    }
    let is_ours = match application_id(path) {
        // SQLite says best what it is instead.
        None | Some(APPLICATION_ID) => true,
        Some(0) => has_our_tables(path).await?,
        Some(_) => false,
    };
    if is_ours {
        return Ok(());
    }
    let message = format!(
        "`{}` is damaged or of another program: restore a backup, or give another directory",
        path.display()
    );
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

/// Begins an epoch in a new database, and where commits of the last one, or of this one, may get lost.
///
/// A copy has none until now. A database without a row for it is refused.
pub(crate) async fn begin_epoch(
    connection: &mut SqliteConnection,
    path: &Path,
    durability: Durability,
) -> Result<()> {
    let is_provisional = match durability {
        Durability::Full => 0_i64,
        Durability::Normal => 1,
    };
    let begun = sqlx::query(
        "UPDATE control_plane SET is_provisional = $1, \
         epoch = CASE WHEN epoch = $2 OR is_provisional = 1 OR $1 = 1 THEN $3 ELSE epoch END",
    )
    .bind(is_provisional)
    .bind(NO_EPOCH)
    .bind(uuid::Uuid::new_v4().to_string())
    .execute(connection)
    .await
    .map_err(|failure| error::opening(path, failure))?;
    match begun.rows_affected() {
        1 => Ok(()),
        _ => Err(damaged(path, "has no row in the table `control_plane`")),
    }
}

/// Brings the schema up to date.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<()> {
    let migrated = sqlx::migrate!("../../migrations").run(connection).await;
    migrated.map_err(|failure| error::migrating(path, failure))
}

pub(crate) fn find(path: &Path) -> Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(file) => Ok(Some(file)),
        Err(failure) if failure.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(failure) => {
            let message = format!("`{}` cannot be read", path.display());
            Err(Error::unavailable(message).caused_by(failure))
        }
    }
}

/// Whose a file says that it is, in its header: <https://www.sqlite.org/fileformat.html>. None of a file
/// that is no SQLite database or cannot be read.
///
/// Without a connection, because ending the last one of a database writes to it.
fn application_id(path: &Path) -> Option<u32> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    const APPLICATION_ID_AT: usize = 68;
    let mut header = [0; APPLICATION_ID_AT + 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    if read.is_err() || !header.starts_with(MAGIC) {
        return None;
    }
    let [.., a, b, c, d] = header;
    Some(u32::from_be_bytes([a, b, c, d]))
}

/// The first databases of Merak did not say whose they are.
async fn has_our_tables(path: &Path) -> Result<bool> {
    let opening = |failure| error::opening(path, failure);
    // Nothing is set on this connection that would change a file of somebody else.
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = options.connect().await.map_err(opening)?;
    let (tables,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' \
         AND name IN ('_sqlx_migrations', 'control_plane', 'change')",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(opening)?;
    connection.close().await.map_err(opening)?;
    Ok(tables == 3)
}

/// Creates a database beside its name, and gives it the name once it is complete and on the disk.
async fn create(path: &Path) -> Result<()> {
    let log = beside(path, "-wal");
    if find(&log)?.is_some() {
        let message = format!(
            "`{}` is missing although `{}` is there: bring it back, or remove that file too",
            path.display(),
            log.display()
        );
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    let unfinished = beside(path, ".partial");
    let created = fill(&unfinished, path).await.and_then(|()| {
        let named = fs::rename(&unfinished, path).and_then(|()| sync_folder(path));
        named.map_err(|failure| cannot_write(path, failure))
    });
    if created.is_err() {
        // What is left of it is overwritten by the next attempt.
        let _ = fs::remove_file(&unfinished);
    }
    created
}

/// Makes what becomes the database at `path`, by whose name failures speak of it.
async fn fill(unfinished: &Path, path: &Path) -> Result<()> {
    // SQLite would go on with what an attempt before this one has left.
    File::create(unfinished).map_err(|failure| cannot_write(path, failure))?;
    let opening = |failure| error::opening(path, failure);
    let mut connection = SqliteConnectOptions::new()
        .filename(unfinished)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await
        .map_err(opening)?;
    migrate(&mut connection, path).await?;
    sqlx::query("INSERT INTO control_plane (id, epoch) VALUES (1, $1)")
        .bind(NO_EPOCH)
        .execute(&mut connection)
        .await
        .map_err(opening)?;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "PRAGMA application_id = {APPLICATION_ID}"
    )))
    .execute(&mut connection)
    .await
    .map_err(opening)?;
    connection.close().await.map_err(opening)
}

/// The folder that a file is in; the working directory for a bare name.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Puts the names in the folder of a file on the disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// The path with something after its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn cannot_write(path: &Path, failure: io::Error) -> Error {
    let message = format!("cannot write `{}`", path.display());
    Error::unavailable(message).caused_by(failure)
}

fn damaged(path: &Path, what: &str) -> Error {
    let message = format!(
        "`{}` {what}: restore a backup, or remove the file to begin anew",
        path.display()
    );
    Error::new(ErrorKind::InvalidArgument, message)
}
