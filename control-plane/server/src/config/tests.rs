//! What users of the settings rely on, without touching this process's own environment.

use std::path::Path;

use clap::{Args as _, Command, FromArgMatches as _};

use super::{Config, Effective, Flags, LogFormat, SETTINGS, sources::Sources};

/// The sources of one start.
#[derive(Default)]
struct Start<'a> {
    file: Option<&'a str>,
    environment: &'a [(&'a str, &'a str)],
    flags: &'a [&'a str],
}

impl Start<'_> {
    fn effective(&self) -> anyhow::Result<Effective> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("merak.toml");
        if let Some(text) = self.file {
            std::fs::write(&path, text)?;
        }
        let command = Flags::augment_args(Command::new("merak").no_binary_name(true));
        let flags = Flags::from_arg_matches(&command.try_get_matches_from(self.flags)?)?;
        let environment = self.environment.iter();
        Effective::gather(&Sources {
            default_file: &path,
            environment: environment
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
            flags: &flags,
        })
    }

    fn config(&self) -> anyhow::Result<Config> {
        Config::parse(&self.effective()?)
    }

    /// The error, with the folder of the file left out.
    fn refusal(&self) -> String {
        let refusal = format!("{:#}", self.config().unwrap_err());
        match refusal.find("merak.toml") {
            Some(at) if refusal.starts_with('/') => refusal[at..].to_owned(),
            _ => refusal,
        }
    }
}

fn file(text: &str) -> Start<'_> {
    Start {
        file: Some(text),
        ..Start::default()
    }
}

#[test]
fn the_defaults_are_valid() {
    let config = Start::default().config().unwrap();
    assert_eq!(config.database(), Path::new("./data/merak.db"));
    assert_eq!(config.disconnect_grace.as_secs(), 2);
    assert_eq!(config.unhealthy_retention.as_secs(), 3600);
    assert_eq!(config.change_retention_age.as_secs(), 7 * 24 * 3600);
    assert_eq!(config.change_retention_count, 1_000_000);
    assert_eq!(config.log_format, LogFormat::Text);
    assert_eq!(config.advertise_grpc, None);
}

#[test]
fn an_advertised_endpoint_is_a_url_without_a_path() {
    for (text, expected) in [
        ("none", None),
        (
            "https://merak.example.com",
            Some("https://merak.example.com"),
        ),
        ("http://[::1]:80/", Some("http://[::1]:80")),
    ] {
        let text = format!("advertise_grpc = '{text}'");
        let config = file(&text).config().unwrap();
        assert_eq!(config.advertise_grpc.as_deref(), expected);
    }
    for text in [
        "",
        "merak:8091",
        "ftp://x",
        "https://x/y",
        "https://",
        "https://x y",
    ] {
        let text = format!("advertise_grpc = '{text}'");
        let refusal = file(&text).refusal();
        assert!(refusal.contains("a URL without a path"), "{refusal}");
    }
}

#[test]
fn a_later_source_wins() {
    let mut start = Start::default();
    let port = |start: &Start| start.config().unwrap().grpc.port();
    assert_eq!(port(&start), 8091);
    start.file = Some("grpc = '127.0.0.1:1'");
    assert_eq!(port(&start), 1);
    start.environment = &[("MERAK_GRPC", "127.0.0.1:2"), ("PATH", "/bin")];
    assert_eq!(port(&start), 2);
    start.flags = &["--grpc", "127.0.0.1:3"];
    assert_eq!(port(&start), 3);
}

#[test]
fn every_setting_can_be_given_by_every_source() {
    for setting in SETTINGS {
        let value = toml::Value::from(setting.default);
        let text = format!("{} = {value}", setting.name);
        let shown = file(&text).effective().unwrap().to_string();
        assert!(shown.contains("merak.toml:1\n"), "{shown}");

        let variable = setting.variable();
        let environment = [(&*variable, setting.default)];
        let start = Start {
            environment: &environment,
            ..Start::default()
        };
        let shown = start.effective().unwrap().to_string();
        assert!(shown.contains(&format!("# {variable}\n")), "{shown}");

        let flag = format!("--{}", setting.flag());
        let flags = [&*flag, setting.default];
        let start = Start {
            flags: &flags,
            ..Start::default()
        };
        let shown = start.effective().unwrap().to_string();
        assert!(shown.contains(&format!("# {flag}\n")), "{shown}");
    }
}

#[test]
fn what_is_shown_means_the_same_when_it_is_read() {
    let start = Start {
        file: Some("\nchange_retention_count = 0x10\nlog = 'off'"),
        flags: &["--data", "a \"quoted\" # 'path'"],
        ..Start::default()
    };
    let shown = start.effective().unwrap().to_string();
    assert!(shown.contains("change_retention_count = 16 "), "{shown}");
    let again = file(&shown).config().unwrap();
    assert_eq!(
        format!("{again:?}"),
        format!("{:?}", start.config().unwrap())
    );
}

#[test]
fn what_is_unknown_is_refused_with_its_place_and_the_closest_name() {
    for (text, refusal) in [
        (
            "http = '127.0.0.1:1'\ngrcp = 'x'",
            "merak.toml:2: unknown key `grcp`; did you mean `grpc`?",
        ),
        (
            "disconnect-grace = '2s'",
            "merak.toml:1: unknown key `disconnect-grace`; did you mean `disconnect_grace`?",
        ),
        (
            "\n\n[server]\nhttp = 'x'",
            "merak.toml:3: unknown key `server`; `merak serve --help` lists the settings",
        ),
    ] {
        assert_eq!(file(text).refusal(), refusal);
    }
    for (variable, refusal) in [
        (
            "MERAK_GPRC",
            "unknown environment variable `MERAK_GPRC`; did you mean `MERAK_GRPC`?",
        ),
        (
            "MERAK_CONFG",
            "unknown environment variable `MERAK_CONFG`; did you mean `MERAK_CONFIG`?",
        ),
        (
            "MERAK_",
            "unknown environment variable `MERAK_`; `merak serve --help` lists the settings",
        ),
    ] {
        let start = Start {
            environment: &[(variable, "1")],
            ..Start::default()
        };
        assert_eq!(start.refusal(), refusal);
    }
}

#[test]
fn a_bad_value_is_refused_with_its_place_and_what_is_expected() {
    for (text, refusal) in [
        (
            "http = 'localhost'",
            "merak.toml:1: `http` cannot be `localhost`: \
             expected an IP address and a port, such as 127.0.0.1:8090 or [::1]:8090",
        ),
        (
            "durability = 'Full'",
            "merak.toml:1: `durability` cannot be `Full`: expected full or normal",
        ),
        (
            "\ndata = true",
            "merak.toml:2: `data` cannot be of type boolean: expected a string or integer",
        ),
        (
            "change_retention_count = 0",
            "merak.toml:1: `change_retention_count` cannot be `0`: \
             expected a whole number from 1 to 1000000000",
        ),
        ("data = 'a'\ndata = 'b'", "merak.toml:2: duplicate key"),
    ] {
        assert_eq!(file(text).refusal(), refusal);
    }
    let start = Start {
        environment: &[("MERAK_DATA", "")],
        ..Start::default()
    };
    let refusal = "MERAK_DATA: `data` cannot be ``: expected a path";
    assert_eq!(start.refusal(), refusal);
    let start = Start {
        flags: &["--log-format", "xml"],
        ..Start::default()
    };
    let refusal = "--log-format: `log_format` cannot be `xml`: expected text or json";
    assert_eq!(start.refusal(), refusal);
}

#[test]
fn a_duration_is_a_whole_number_with_a_unit_within_its_bounds() {
    for (text, milliseconds) in [("0s", 0), ("500ms", 500), ("60s", 60_000), ("1m", 60_000)] {
        let text = format!("disconnect_grace = '{text}'");
        let grace = file(&text).config().unwrap().disconnect_grace;
        assert_eq!(grace.as_millis(), milliseconds);
    }
    for text in [
        "",
        "2",
        "s",
        "-1s",
        "1.5s",
        "2 s",
        "2S",
        "1m1s",
        "60001ms",
        "1d",
        "18446744073709551616s",
        "18446744073709551615d",
    ] {
        let text = format!("disconnect_grace = '{text}'");
        let refusal = file(&text).refusal();
        assert!(refusal.contains("a duration from 0s to 60s"), "{refusal}");
    }
}

#[test]
fn a_misspelt_log_level_is_refused() {
    for text in [
        "off",
        "debug",
        "info,merak_core=trace",
        "warn,[span{a=1}]=debug",
    ] {
        assert!(file(&format!("log = '{text}'")).config().is_ok(), "{text}");
    }
    for text in ["", "inof", "info,", "info,merak_core=inof"] {
        let refusal = file(&format!("log = '{text}'")).refusal();
        assert!(refusal.contains("expected levels"), "{refusal}");
    }
}

#[test]
fn a_file_that_is_named_must_exist() {
    assert!(Start::default().effective().is_ok());
    let start = Start {
        environment: &[("MERAK_CONFIG", "/nonexistent/a.toml")],
        ..Start::default()
    };
    let refusal = start.refusal();
    assert!(
        refusal.contains("`/nonexistent/a.toml` (MERAK_CONFIG)"),
        "{refusal}"
    );
    let start = Start {
        flags: &["--config", "/nonexistent/b.toml"],
        ..start
    };
    let refusal = start.refusal();
    assert!(
        refusal.contains("`/nonexistent/b.toml` (--config)"),
        "{refusal}"
    );
}

#[test]
fn the_variables_of_a_kubernetes_service_called_merak_are_not_ours() {
    let start = Start {
        environment: &[
            ("MERAK_SERVICE_HOST", "10.0.0.1"),
            ("MERAK_SERVICE_PORT_GRPC", "8091"),
            ("MERAK_PORT", "tcp://10.0.0.1:8091"),
            ("MERAK_PORT_8091_TCP_ADDR", "10.0.0.1"),
        ],
        ..Start::default()
    };
    assert!(start.config().is_ok());
}
