//! `merak config`: the settings in force, and where each was given.

use std::io::{Write as _, stdout};

use crate::config::{Config, Effective, Flags};

/// Prints the settings as the file that would give them.
pub(super) fn run(flags: &Flags) -> anyhow::Result<()> {
    let effective = Effective::load(flags)?;
    Config::parse(&effective)?;
    write!(stdout(), "{effective}")?;
    Ok(())
}
