//! The control plane's state and log in SQLite.
//!
//! One connection writes. A transaction holds all changes of a commit: rows of the log, and the
//! tables of current state brought to what the log says. Knows nothing of what the changes mean.

mod append;
mod backup;
mod check;
mod database;
mod error;
mod files;
mod load;
mod log;

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use merak_core::{Change, ChangeQuery, Error, ErrorKind, Loaded, Result, Store, StoreSize};
use merak_model::{Revision, Timestamp};
use sqlx::{
    ConnectOptions, Sqlite, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use crate::files::Files;

pub use backup::{Backup, backup};
pub use check::check;

/// Connections that read the log at the same time.
const READERS: u32 = 4;

/// How often and with which pause the lock of a database is asked for: 2 s in all.
const LOCK_ATTEMPTS: usize = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// What an acknowledged change survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A power cut: every commit is flushed to the disk.
    #[default]
    Full,
    /// A killed process, but not a power cut, which may take the last commits and have their revisions
    /// given out again. Every start begins another epoch for that, so that after a restart clients
    /// are sent what they hold already as a whole.
    Normal,
}

/// The control plane's state and log in one SQLite file.
#[derive(Debug)]
pub struct SqlStore {
    path: PathBuf,
    durability: Durability,
    files: Files,
    writer: Mutex<SqliteConnection>,
    /// Connections that read the log beside the writer.
    readers: SqlitePool,
    /// Held while the store is open, so that a second process is refused.
    _lock: File,
}

impl SqlStore {
    /// Opens a database file, creating it if it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// When the folder is missing, the file is in use, cannot be written, is damaged or no database of
    /// Merak, or has the schema of a newer Merak.
    pub async fn open(path: &Path, durability: Durability) -> Result<Self> {
        let lock = lock(path).await?;
        database::ensure(path).await?;
        let mut writer = options(path, durability)
            .connect()
            .await
            .map_err(|failure| error::opening(path, failure))?;
        database::migrate(&mut writer, path).await?;
        database::begin_epoch(&mut writer, path, durability).await?;
        let files = Files::of(path)?;
        Ok(Self {
            path: path.to_owned(),
            durability,
            files,
            writer: Mutex::new(writer),
            readers: SqlitePoolOptions::new()
                .max_connections(READERS)
                .connect_lazy_with(options(path, durability).read_only(true)),
            _lock: lock,
        })
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>> {
        let reader = self.readers.acquire().await;
        reader.map_err(|failure| error::reading(&self.path, failure))
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn load(&self) -> Result<Loaded> {
        load::load(&mut *self.writer.lock().await, &self.path).await
    }

    async fn append(&self, changes: &[Change]) -> Result<()> {
        let Some(first) = changes.first() else {
            return Ok(());
        };
        let mut writer = self.writer.lock().await;
        let Err(failure) = append::append(&mut writer, changes).await else {
            return self.files.require_in_place();
        };
        if error::is_contradiction(&failure) {
            return Err(error::contradiction(&self.path, failure));
        }
        let refused = error::writing(&self.path, failure);
        // A full disk makes SQLite end the transaction by itself. sqlx does not learn of it, and would
        // refuse every later one on this connection.
        if let Ok(fresh) = options(&self.path, self.durability).connect().await {
            *writer = fresh;
        }
        // A commit that failed may have reached the disk all the same: the log knows.
        match log::find_time(&mut writer, first.revision).await {
            Ok(None) => Err(refused),
            Ok(Some(_)) => self.files.require_in_place(),
            Err(unknown) => Err(error::unknown(&self.path, unknown)),
        }
    }

    async fn list_changes(&self, query: &ChangeQuery) -> Result<Vec<Change>> {
        let mut reader = self.reader().await?;
        log::list(&mut reader, &self.path, query).await
    }

    async fn find_oldest_change(&self) -> Result<Option<Revision>> {
        let mut reader = self.reader().await?;
        let found = log::find_oldest(&mut reader).await;
        found.map_err(|failure| error::reading(&self.path, failure))
    }

    async fn find_change_time(&self, revision: Revision) -> Result<Option<Timestamp>> {
        let mut reader = self.reader().await?;
        let found = log::find_time(&mut reader, revision).await;
        found.map_err(|failure| error::reading(&self.path, failure))
    }

    async fn prune_changes(&self, through: Revision) -> Result<()> {
        let mut writer = self.writer.lock().await;
        let pruned = log::prune(&mut writer, through).await;
        pruned.map_err(|failure| error::writing(&self.path, failure))
    }

    fn size(&self) -> Result<Option<StoreSize>> {
        self.files.size().map(Some)
    }
}

/// A statement that takes longer is logged; loading a million instances takes two seconds.
const SLOW: Duration = Duration::from_secs(5);

fn options(path: &Path, durability: Durability) -> SqliteConnectOptions {
    let synchronous = match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Normal => SqliteSynchronous::Normal,
    };
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .log_slow_statements(::log::LevelFilter::Warn, SLOW)
}

/// Takes `<path>.lock`, which the operating system frees when the process ends, however it ends.
///
/// A killed process may hold it for some moments after its parent learned of its end, so that a
/// restart has to wait a little.
async fn lock(path: &Path) -> Result<File> {
    let lock_path = PathBuf::from(format!("{}.lock", path.display()));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|failure| {
            let message = format!(
                "cannot write `{}`: create its folder, or grant access",
                lock_path.display()
            );
            Error::new(ErrorKind::InvalidArgument, message).caused_by(failure)
        })?;
    for _ in 0..LOCK_ATTEMPTS {
        if file.try_lock().is_ok() {
            return Ok(file);
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    file.try_lock().map_err(|failure| {
        let message = format!("`{}` is in use by another merak", path.display());
        Error::conflict(message).caused_by(failure)
    })?;
    Ok(file)
}
