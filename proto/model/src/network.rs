//! Where an instance listens: host and port.

use std::{fmt, net::IpAddr, num::NonZeroU16};

use serde::{Deserialize, Serialize};

use crate::{Invalid, Problem, invalid::Form};

/// An IP address or a DNS name, up to 128 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Host(Box<str>);

impl Host {
    /// The longest host, in characters.
    pub const LIMIT: usize = 128;

    /// Parses an IPv4 or IPv6 address (without brackets) or a DNS name.
    ///
    /// # Errors
    /// When it is empty, too long, or neither an address nor a DNS name.
    pub fn parse(value: &str) -> Result<Self, Invalid> {
        if value.is_empty() {
            return Err(Invalid::missing("host"));
        }
        let length = value.chars().count();
        if length > Self::LIMIT {
            return Err(Invalid::new(
                "host",
                Problem::TooLong {
                    length,
                    limit: Self::LIMIT,
                },
            ));
        }
        if value.parse::<IpAddr>().is_err() && !is_dns_name(value) {
            return Err(Invalid::malformed("host", value, Form::Host));
        }
        Ok(Self(value.into()))
    }

    /// The host as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Joins host and port to an address, with brackets around an IPv6 address.
    pub fn with_port(&self, port: Port) -> String {
        if self.0.contains(':') {
            format!("[{}]:{port}", self.0)
        } else {
            format!("{}:{port}", self.0)
        }
    }
}

/// Labels of 1..=63 letters, digits, `-` and `_` (which service names in the wild do have).
fn is_dns_name(value: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // Only digits and dots that are no address, such as 10.0.0.256, are a mistyped address.
    let looks_numeric = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    !looks_numeric
        && value
            .strip_suffix('.')
            .unwrap_or(value)
            .split('.')
            .all(is_label)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl TryFrom<String> for Host {
    type Error = Invalid;

    fn try_from(value: String) -> Result<Self, Invalid> {
        Self::parse(&value)
    }
}

/// A TCP or UDP port: 1..=65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Port(NonZeroU16);

impl Port {
    /// Parses a port.
    ///
    /// # Errors
    /// When the number is outside 1..=65535.
    pub fn new(value: u64) -> Result<Self, Invalid> {
        let port = u16::try_from(value).ok().and_then(NonZeroU16::new);
        port.map(Self)
            .ok_or_else(|| Invalid::range("port", value, 1, u64::from(u16::MAX)))
    }

    /// The port as a number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u64> for Port {
    type Error = Invalid;

    fn try_from(value: u64) -> Result<Self, Invalid> {
        Self::new(value)
    }
}

impl From<Port> for u64 {
    fn from(port: Port) -> Self {
        u64::from(port.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_or_a_dns_name() {
        for host in [
            "10.0.0.7",
            "::1",
            "fe80::1",
            "pay.shop.internal",
            "localhost",
            "a_b-c.d",
            "x.y.",
        ] {
            assert_eq!(Host::parse(host).unwrap().as_str(), host);
        }
        for refused in [
            "",
            " ",
            "10.0.0.256",
            "1.2.3",
            "http://x",
            "a..b",
            "[::1]",
            "x:80",
            "päy",
        ] {
            assert!(Host::parse(refused).is_err(), "{refused}");
        }
        assert!(
            Host::parse(&"a".repeat(64)).is_err(),
            "a label has at most 63 characters"
        );
    }

    #[test]
    fn ports_zero_and_65536_are_refused() {
        assert_eq!(Port::new(65_535).unwrap().get(), 65_535);
        for refused in [0, 65_536, u64::MAX] {
            assert_eq!(
                Port::new(refused).unwrap_err().to_string(),
                format!("port: {refused} is outside 1..=65535")
            );
        }
    }

    #[test]
    fn an_ipv6_host_gets_brackets_in_an_address() {
        let port = Port::new(80).unwrap();
        assert_eq!(Host::parse("::1").unwrap().with_port(port), "[::1]:80");
        assert_eq!(
            Host::parse("10.0.0.1").unwrap().with_port(port),
            "10.0.0.1:80"
        );
    }
}
