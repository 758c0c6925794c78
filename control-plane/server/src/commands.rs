//! The command line.

mod bench;
mod serve;

use clap::{Parser, Subcommand};

/// Service discovery and governance in one binary.
#[derive(Debug, Parser)]
#[command(name = "merak")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the control plane until SIGTERM or SIGINT
    Serve(serve::Serve),
    /// Measure what a control plane does on this machine
    Bench(bench::Bench),
    /// Print the version
    Version,
}

impl Cli {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(serve) => serve.run(),
            Command::Bench(bench) => bench.run(),
            Command::Version => {
                println!("merak {}", env!("CARGO_PKG_VERSION"));
                Ok(())
            }
        }
    }
}
