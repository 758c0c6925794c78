//! `merak simulate`: what would become of a call, without making it.

mod expect;
mod route;

use std::process::ExitCode;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Which instance a call would go to, and why
    #[command(after_help = route::EXAMPLES)]
    Route(Box<route::Route>),
}

impl Simulate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Route(route) => route.run().await,
        }
    }
}

/// `name=value`, split at the first `=`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
