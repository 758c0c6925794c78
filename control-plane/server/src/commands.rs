//! The command line.

mod analyze;
mod api;
mod backup;
mod bench;
mod check;
mod config;
mod demo;
mod documents;
mod explanation;
mod latency;
mod operator;
mod process;
mod reports;
mod serve;
mod simulate;
mod stop;
mod test;

use std::{
    future::Future,
    io::{Write as _, stdout},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::config::Flags;

const EXAMPLES: &str = "\
Examples:
  merak serve                        serve ./data at 127.0.0.1
  merak config                       show the settings and where each was given
  merak demo                         see services find each other, and obey rules
  merak backup monday.db             copy the database, also while it is served

`merak help COMMAND` says more about a command.";

const SETTINGS: &str = "\
Settings:
  Each is a key in the file, a MERAK_ variable and a flag; the flag wins over the variable, the
  variable over the file, the file over the default. `merak config` shows what is in force.
  A DURATION is a whole number and a unit: ms, s, m, h or d.
";

const SERVE_EXAMPLES: &str = "\
Examples:
  merak serve --data /var/lib/merak --grpc 0.0.0.0:8091
  merak serve --config /etc/merak.toml --log info,merak_core=debug
  MERAK_DISCONNECT_GRACE=500ms merak serve";

const CONFIG_EXAMPLES: &str = "\
Examples:
  merak config                       what `merak serve` would run with here
  merak config > /tmp/merak.toml     begin a file with every setting in it";

const BACKUP_EXAMPLES: &str = "\
Examples:
  merak backup monday.db
  merak backup /backup/monday.db --data /var/lib/merak

To restore, move the copy into an empty directory as merak.db and serve that directory. Clients
notice that it is another history and take everything anew.";

const CHECK_EXAMPLES: &str = "\
Examples:
  merak check
  merak check --data /var/lib/merak

It reads the whole file: every page, every index and every reference. A start reads the current state
alone, and does not notice an index that disagrees with its table.";

const EXIT_CODES: &str = "\
Exit codes:
  0  there is nothing to object to
  1  there is: each is printed
  2  it could not be looked at";

const ANALYZE_EXAMPLES: &str = "\
Examples:
  merak analyze rules/
  merak analyze canary.yaml --server http://127.0.0.1:8090
  kubectl get configmap rules -o jsonpath='{.data.rules}' | merak analyze - --strict

A document has a kind (RoutingRule, NearbyRule, RateLimitRule or RoutingTest), metadata with a
name and a namespace, and a spec. A file holds one or more: YAML between lines of ---, JSON one after
another. Of a folder, files are read that end in .yaml, .yml, .json, .jsonl or .ndjson. Without --server, what needs instances is not looked for.";

const TEST_EXAMPLES: &str = "\
Examples:
  merak test -f rules/
  merak test -f canary.yaml -f tests.yaml
  merak test -f tests.yaml --server http://127.0.0.1:8090

A test is a document of the kind RoutingTest: a call, and what is expected of it. It tries the
rules in the files, and with --server those of the control plane, where the files have no rule of
the name. Instances are those that a test names; if it names none, there is one for each target.";

const DEMO_EXAMPLES: &str = "\
Examples:
  merak demo                         a tour of some 12 s: discovery, rules, the loss of a replica
  merak demo --json                  the same for programs; exits with 1 if a share is off
  merak demo --kill micro-pay-1 --after 10s --duration 20s
  merak demo --requests 1000 --json

A share is off when chance would take it as far in one run of 1.7 million.";

/// Service discovery and governance in one binary.
#[derive(Debug, Parser)]
#[command(name = "merak", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the control plane until SIGTERM, SIGINT or SIGHUP
    #[command(after_help = format!("{SETTINGS}\n{SERVE_EXAMPLES}"))]
    Serve(serve::Serve),
    /// Print the settings in force as TOML, each with where it was given
    #[command(after_help = format!("{SETTINGS}\n{CONFIG_EXAMPLES}"))]
    Config(Flags),
    /// Show a small system of services that find each other through Merak, and obey rules
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(demo::Demo),
    /// Measure what a control plane does on this machine
    Bench(bench::Bench),
    /// Look for faults in files of rules, and for what was probably not meant
    #[command(after_help = format!("{ANALYZE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Analyze(analyze::Analyze),
    /// Ask a control plane what would become of a call
    Simulate(simulate::Simulate),
    /// Run the tests in files of rules
    #[command(after_help = format!("{TEST_EXAMPLES}\n\n{EXIT_CODES}"))]
    Test(test::Test),
    /// Copy the database to a file, also while it is served
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(backup::Backup),
    /// Look for damage in the database, also while it is served
    #[command(after_help = CHECK_EXAMPLES)]
    Check(check::Check),
    /// Print the version
    Version,
}

impl Cli {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let done = match self.command {
            Command::Analyze(analyze) => return Ok(judge(analyze.run())),
            Command::Test(test) => return Ok(judge(test.run())),
            Command::Simulate(simulate) => return Ok(judge(simulate.run())),
            Command::Bench(bench) => bench.run(),
            Command::Demo(demo) => demo.run(),
            Command::Serve(serve) => serve.run(),
            Command::Config(flags) => config::run(&flags),
            Command::Backup(backup) => backup.run(),
            Command::Check(check) => check.run(),
            Command::Version => {
                let version = writeln!(stdout(), "merak {}", env!("CARGO_PKG_VERSION"));
                version.map_err(Into::into)
            }
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Runs a command whose answer is its exit code: 2 says that there is no answer.
fn judge(command: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().context("start the runtime");
    match runtime.and_then(|runtime| runtime.block_on(command)) {
        Ok(verdict) => verdict,
        Err(failure) => failed(&failure, ExitCode::from(2)),
    }
}

/// Says why a command failed, unless those who read its output have read enough.
pub(crate) fn failed(failure: &anyhow::Error, code: ExitCode) -> ExitCode {
    let is_broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        let error = cause.downcast_ref::<std::io::Error>();
        error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if failure.chain().any(is_broken_pipe) {
        // What a shell says of a process that SIGPIPE ended.
        return ExitCode::from(128 + 13);
    }
    eprintln!("merak: {failure:#}");
    code
}

/// A duration of a command: up to a day.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    crate::config::duration("0s", "1d")(text).map_err(|expected| format!("expected {expected}"))
}
