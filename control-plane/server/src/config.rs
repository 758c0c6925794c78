//! The settings: which there are, and what is in force.
//!
//! The list below is the only one: the keys of the file, the environment variables, the flags,
//! their help and the output of `merak config` derive from it. Nothing that is unknown or not
//! valid is passed over. Knows nothing of what the settings do.

mod flags;
mod sources;
mod value;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use merak_core::{ChangeRetention, MissingService, Settings};
use merak_store::Durability;
use tracing_subscriber::EnvFilter;

pub(crate) use flags::{Flags, hide_all_but_data};
pub(crate) use sources::{Effective, server_variable};
pub(crate) use value::duration;

/// One setting as its users see it.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The key in the file; the variable and the flag are named after it.
    name: &'static str,
    /// The lines of its documentation, the first of which stands alone.
    doc: &'static [&'static str],
    default: &'static str,
    /// What stands for a value in the help.
    value_name: &'static str,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+
    $name:ident: $type:ty = $default:literal, $value_name:literal, $parser:expr;)+) => {
        /// Every setting, in the order in which they are shown.
        const SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($name),
            doc: &[$($doc),+],
            default: $default,
            value_name: $value_name,
        }),+];

        /// The settings in force.
        #[derive(Debug)]
        pub(crate) struct Config {
            $($(#[doc = $doc])+ pub(crate) $name: $type,)+
        }

        impl Config {
            /// Parses what is in force.
            ///
            /// # Errors
            /// When a value is not valid: its setting, where it was given and what is expected.
            pub(crate) fn parse(effective: &Effective) -> anyhow::Result<Self> {
                Ok(Self { $($name: effective.parse(stringify!($name), $parser)?),+ })
            }
        }
    };
}

settings! {
    /// Directory of the database; created if absent.
    ///
    /// A relative path begins at the working directory.
    data: PathBuf = "./data", "DIR", value::path;

    /// IP address and port of the HTTP listener.
    ///
    /// Port 0 takes a free one. 0.0.0.0 or [::] listens on every interface.
    http: SocketAddr = "127.0.0.1:8090", "ADDR", value::address;

    /// IP address and port of the gRPC listener.
    ///
    /// Port 0 takes a free one. 0.0.0.0 or [::] listens on every interface.
    grpc: SocketAddr = "127.0.0.1:8091", "ADDR", value::address;

    /// Where applications reach the gRPC listener, as the console tells them: a URL or none.
    ///
    /// For a listener behind a proxy or another name, such as https://merak.example.com:443. none: the
    /// console tells the listener's own address.
    advertise_grpc: Option<String> = "none", "URL|none", value::endpoint;

    /// What an answered write survives: full or normal.
    ///
    /// full: a loss of power, as every commit is flushed to the disk. normal: a crash of the
    /// process, while a loss of power may take the last commits; clients resume nothing after a
    /// restart, but are sent everything anew.
    durability: Durability = "full", "full|normal",
        value::one_of([("full", Durability::Full), ("normal", Durability::Normal)]);

    /// What becomes of a registration for a service that does not exist: create or refuse.
    ///
    /// create: the namespace and the service are made with their defaults. refuse: the
    /// registration is refused as not found.
    missing_service: MissingService = "create", "create|refuse",
        value::one_of([("create", MissingService::Create), ("refuse", MissingService::Refuse)]);

    /// How long an instance may come back after its stream ended; 0s to 60s.
    ///
    /// Afterwards it is unhealthy. 0s makes it unhealthy at once.
    disconnect_grace: Duration = "2s", "DURATION", value::duration("0s", "60s");

    /// How long an unhealthy instance stays before it is removed; 1s to 30d.
    ///
    /// An instance that sends no heartbeats by design is never removed.
    unhealthy_retention: Duration = "1h", "DURATION", value::duration("1s", "30d");

    /// How long the change log remembers a change; 1s to 3650d.
    ///
    /// Older changes leave the history; the current state stays. It is looked
    /// once a minute, so that they may stay for a minute longer.
    change_retention_age: Duration = "7d", "DURATION", value::duration("1s", "3650d");

    /// How many changes the change log remembers; 1 to 1000000000.
    ///
    /// When there are more, the oldest leave the history; the current state stays. It is looked
    /// once a minute, so that they may stay for a minute longer.
    change_retention_count: u64 = "1000000", "COUNT", value::count(1..=1_000_000_000);

    /// What is logged: a level, or levels by module.
    ///
    /// Levels are error, warn, info, debug, trace and off. `info,merak_core=debug` logs the core
    /// in more detail than the rest.
    log: EnvFilter = "info", "FILTER", value::log_filter;

    /// How the log is written to standard error: text or json.
    ///
    /// json: one object a line.
    log_format: LogFormat = "text", "text|json",
        value::one_of([("text", LogFormat::Text), ("json", LogFormat::Json)]);
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line, for machines.
    Json,
}

impl Config {
    /// Reads and parses the settings of this process.
    ///
    /// # Errors
    /// When a source cannot be read, or names or gives something that is not valid.
    pub(crate) fn load(flags: &Flags) -> anyhow::Result<Self> {
        Self::parse(&Effective::load(flags)?)
    }

    /// What the control plane is told.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            missing_service: self.missing_service,
            disconnect_grace: self.disconnect_grace,
            unhealthy_retention: self.unhealthy_retention,
            change_retention: ChangeRetention {
                age: self.change_retention_age,
                count: self.change_retention_count,
            },
        }
    }

    /// The database file in the data directory.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("merak.db")
    }
}

impl Setting {
    /// Its environment variable: `MERAK_DISCONNECT_GRACE`.
    fn variable(&self) -> String {
        format!("MERAK_{}", self.name.to_uppercase())
    }

    /// Its flag without the dashes: `disconnect-grace`.
    fn flag(&self) -> String {
        self.name.replace('_', "-")
    }
}
