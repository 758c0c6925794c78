//! The forms that texts are to have, in words and for programs.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// The form that a value is to have.
///
/// As JSON it is two fields beside each other: `form`, a word that stays the same from release to release,
/// and `expected`, the English of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A name: not `.` or `..`.
    Name,
    /// An IP address or a DNS name.
    Host,
    /// An IP address.
    IpAddress,
    /// The key of an entry, which is never empty.
    Key,
    /// A key that no other entry has.
    KeyOnce,
    /// A time as RFC 3339 writes it.
    Time,
    /// A time that fits into milliseconds since 1970.
    TimeWithinReach,
    /// A revision, or a time as RFC 3339 writes it.
    Moment,
    /// A fact of a call, as one word.
    Fact,
    /// The name of a balancer.
    Balancer,
    /// What these words say, which no page shows.
    Other(&'static str),
}

impl Form {
    /// The form in English.
    pub fn as_english(self) -> &'static str {
        match self {
            Self::Name => "a name: URLs cannot hold a path segment of dots alone",
            Self::Host => "an IP address or a DNS name",
            Self::IpAddress => "an IP address",
            Self::Key => "a key: keys are never empty",
            Self::KeyOnce => "given once: the key repeats",
            Self::Time => "an RFC 3339 time",
            Self::TimeWithinReach => "a time within reach",
            Self::Moment => "a revision or an RFC 3339 time",
            Self::Fact => "a fact such as path or header.x-user",
            Self::Balancer => "random, round_robin, least_request, ring_hash or maglev",
            Self::Other(words) => words,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Host => "host",
            Self::IpAddress => "ip_address",
            Self::Key => "key",
            Self::KeyOnce => "key_once",
            Self::Time => "time",
            Self::TimeWithinReach => "time_within_reach",
            Self::Moment => "moment",
            Self::Fact => "fact",
            Self::Balancer => "balancer",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_english())
    }
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Form", 2)?;
        fields.serialize_field("expected", self.as_english())?;
        fields.serialize_field("form", self.as_str())?;
        fields.end()
    }
}

/// The characters that a text may have.
///
/// As JSON it is two fields beside each other: `characters`, a word that stays the same from release to
/// release, and `allowed`, the English of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Characters {
    /// Those of names.
    Name,
    /// All but control characters.
    Text,
    /// Those of the values of headers.
    VisibleAscii,
    /// All but control characters that are neither tabs nor line breaks.
    Lines,
}

impl Characters {
    /// The characters in English.
    pub fn as_english(self) -> &'static str {
        match self {
            Self::Name => "letters, digits and . _ : / -",
            Self::Text => "text without control characters",
            Self::VisibleAscii => "visible ASCII characters and spaces",
            Self::Lines => "text, tabs and line breaks",
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Text => "text",
            Self::VisibleAscii => "visible_ascii",
            Self::Lines => "lines",
        }
    }
}

impl fmt::Display for Characters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_english())
    }
}

impl Serialize for Characters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Characters", 2)?;
        fields.serialize_field("allowed", self.as_english())?;
        fields.serialize_field("characters", self.as_str())?;
        fields.end()
    }
}
