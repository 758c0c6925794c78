//! `merak backup`: a consistent copy of the database, also while it is served.

use std::{
    io::{Write as _, stdout},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::Args;

use crate::config::{Config, Flags, hide_all_but_data};

#[derive(Debug, Args)]
#[command(mut_args(hide_all_but_data))]
pub(crate) struct Backup {
    /// The file to write, which must not exist yet
    #[arg(value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    flags: Flags,
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let database = Config::load(&self.flags)?.database();
        let backup = tokio::runtime::Runtime::new()
            .context("start the runtime")?
            .block_on(merak_store::backup(&database, &self.to))?;
        let (path, size, revision) = (self.to.display(), backup.size_bytes, backup.revision);
        writeln!(stdout(), "{path}: {size} bytes, revision {revision}")?;
        Ok(())
    }
}
