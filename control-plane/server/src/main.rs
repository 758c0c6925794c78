//! Merak: service discovery and governance in one binary.

mod commands;
mod config;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match commands::Cli::parse().run() {
        Ok(code) => code,
        Err(failure) => commands::failed(&failure, ExitCode::FAILURE),
    }
}
