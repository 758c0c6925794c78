//! Parsers of values, each of which answers a bad one with what it expects.

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// What a value would have to be.
type Expected = String;

pub(super) fn path(text: &str) -> Result<PathBuf, Expected> {
    if text.is_empty() {
        return Err("a path".to_owned());
    }
    Ok(PathBuf::from(text))
}

pub(super) fn address(text: &str) -> Result<SocketAddr, Expected> {
    text.parse()
        .map_err(|_| "an IP address and a port, such as 127.0.0.1:8090 or [::1]:8090".to_owned())
}

/// Where something is reached, or none.
pub(super) fn endpoint(text: &str) -> Result<Option<String>, Expected> {
    if text == "none" {
        return Ok(None);
    }
    let url: Option<http::Uri> = text.parse().ok();
    let is_endpoint = url.is_some_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && matches!(url.path(), "" | "/")
    });
    match is_endpoint {
        true => Ok(Some(text.trim_end_matches('/').to_owned())),
        false => Err("none, or a URL without a path, such as https://merak.example.com".to_owned()),
    }
}

pub(super) fn one_of<T: Copy, const N: usize>(
    choices: [(&'static str, T); N],
) -> impl Fn(&str) -> Result<T, Expected> {
    move |text| {
        let chosen = choices.iter().find(|(name, _)| *name == text);
        chosen
            .map(|(_, value)| *value)
            .ok_or_else(|| choices.map(|(name, _)| name).join(" or "))
    }
}

/// A whole number with a unit, within bounds that are written the same way.
pub(crate) fn duration(
    shortest: &'static str,
    longest: &'static str,
) -> impl Fn(&str) -> Result<Duration, Expected> {
    let [least, most] = [shortest, longest]
        .map(|bound| number_with_unit(bound).expect("the bounds of a setting are durations"));
    move |text| {
        let duration = number_with_unit(text);
        duration
            .filter(|duration| (least..=most).contains(duration))
            .ok_or_else(|| {
                format!(
                    "a duration from {shortest} to {longest}, \
                     written as a whole number and ms, s, m, h or d, such as 500ms or 2s"
                )
            })
    }
}

pub(super) fn count(bounds: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, Expected> {
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let (least, most) = bounds.clone().into_inner();
        number.ok_or_else(|| format!("a whole number from {least} to {most}"))
    }
}

pub(super) fn log_filter(text: &str) -> Result<EnvFilter, Expected> {
    let expected = "levels (error, warn, info, debug, trace, off), such as `info` or \
                    `info,merak_core=debug`";
    // The filter takes a lone word for a module to log in full, so that a misspelt level would
    // silence everything else.
    let misspelt = text.split(',').any(|directive| {
        let is_word = directive
            .chars()
            .all(|character| character.is_alphanumeric() || "_:".contains(character));
        is_word && (directive.is_empty() || directive.parse::<LevelFilter>().is_err())
    });
    if misspelt {
        return Err(expected.to_owned());
    }
    EnvFilter::try_new(text).map_err(|_| expected.to_owned())
}

fn number_with_unit(text: &str) -> Option<Duration> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number: u64 = number.parse().ok()?;
    number.checked_mul(*unit_ms).map(Duration::from_millis)
}
