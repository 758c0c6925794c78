//! `merak check`: whether the database is whole, also while it is served.

use std::io::{Write as _, stdout};

use anyhow::Context as _;
use clap::Args;

use crate::config::{Config, Flags, hide_all_but_data};

#[derive(Debug, Args)]
#[command(mut_args(hide_all_but_data))]
pub(crate) struct Check {
    #[command(flatten)]
    flags: Flags,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let database = Config::load(&self.flags)?.database();
        let damages = tokio::runtime::Runtime::new()
            .context("start the runtime")?
            .block_on(merak_store::check(&database))?;
        let path = database.display();
        if damages.is_empty() {
            writeln!(stdout(), "{path}: whole")?;
            return Ok(());
        }
        for damage in &damages {
            writeln!(stdout(), "{path}: {damage}")?;
        }
        anyhow::bail!("{path} is damaged: restore a backup");
    }
}
