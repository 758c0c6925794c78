//! What the caller of a refused call is told.

use serde::{Deserialize, Serialize};

use crate::{
    Invalid, Problem, Text,
    invalid::{Characters, LimitWhy, Why, together},
    routing::{
        Entries,
        document::{checked_count, not_null},
    },
};

/// What the caller of a refused call is told; by default status 429 and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseSpec {
    status: u16,
    headers: Box<[(Text, Text)]>,
    body: Text,
}

/// The answer to a refused call as it is written: `{"status": 429, "body": "slow down"}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseDocument {
    /// 400..=599, default 429. A gRPC call fails with `RESOURCE_EXHAUSTED` whatever it says.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<u64>,
    /// Up to 16 headers; those that frame a message, such as `content-length`, are not allowed.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub headers: Entries<String>,
    /// Up to 4096 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// Headers that belong to the connection or to the framing of a message.
const FRAMING: [&str; 7] = [
    "connection",
    "content-length",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl ResponseSpec {
    /// The most headers.
    pub const HEADER_LIMIT: usize = 16;
    /// The longest name of a header, in characters.
    pub const NAME_LIMIT: usize = 128;
    /// The longest value of a header, in characters.
    pub const VALUE_LIMIT: usize = 1024;
    /// The longest body, in characters.
    pub const BODY_LIMIT: usize = 4096;
    /// Too Many Requests.
    const DEFAULT_STATUS: u16 = 429;

    /// The HTTP status, 400..=599.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Names in lower case, sorted, with their values.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The body; may be empty.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Whether it says no more than that there were too many calls.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for ResponseSpec {
    fn default() -> Self {
        Self {
            status: Self::DEFAULT_STATUS,
            headers: Box::default(),
            body: Text::default(),
        }
    }
}

impl TryFrom<ResponseDocument> for ResponseSpec {
    type Error = Invalid;

    fn try_from(document: ResponseDocument) -> Result<Self, Invalid> {
        let status = document.status.unwrap_or(u64::from(Self::DEFAULT_STATUS));
        let (status, headers, body) = together((
            checked_status(status),
            parse_headers(document.headers),
            checked_body(document.body),
        ))?;
        Ok(Self {
            status,
            headers,
            body,
        })
    }
}

fn checked_status(status: u64) -> Result<u16, Invalid> {
    match u16::try_from(status) {
        Ok(parsed) if (400..=599).contains(&parsed) => Ok(parsed),
        _ => Err(Invalid::range("status", status, 400, 599)),
    }
}

fn parse_headers(headers: Entries<String>) -> Result<Box<[(Text, Text)]>, Invalid> {
    checked_count("headers", headers.0.len(), ResponseSpec::HEADER_LIMIT)?;
    let mut headers = headers.parse("headers", |name, value| {
        Ok((checked_header_name(name)?, checked_header_value(&value)?))
    })?;
    headers.sort_unstable();
    if let Some(twice) = headers.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let value = twice[0].0.to_string();
        return Err(Invalid::because("headers", Why::ValueRepeated { value }));
    }
    Ok(headers.into())
}

fn checked_header_name(given: &str) -> Result<Text, Invalid> {
    // RFC 9110, section 5.6.2: the characters of a token.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if given.is_empty() || given.len() > ResponseSpec::NAME_LIMIT || !given.bytes().all(is_token) {
        let name = given.to_owned();
        return Err(Invalid::because("", LimitWhy::BadHeaderName { name }));
    }
    let name: Text = given.to_ascii_lowercase().into();
    if FRAMING.contains(&&*name) {
        let name = given.to_owned();
        return Err(Invalid::because("", LimitWhy::FramingHeader { name }));
    }
    Ok(name)
}

fn checked_header_value(value: &str) -> Result<Text, Invalid> {
    let (length, limit) = (value.chars().count(), ResponseSpec::VALUE_LIMIT);
    if length > limit {
        return Err(Invalid::new("", Problem::TooLong { length, limit }));
    }
    let refused = value.char_indices().find(|(_, c)| !matches!(c, ' '..='~'));
    match refused {
        None => Ok(value.into()),
        Some((position, found)) => Err(Invalid::new(
            "",
            Problem::Character {
                found,
                position,
                allowed: Characters::VisibleAscii,
            },
        )),
    }
}

fn checked_body(body: String) -> Result<Text, Invalid> {
    let (length, limit) = (body.chars().count(), ResponseSpec::BODY_LIMIT);
    if length > limit {
        return Err(Invalid::new("body", Problem::TooLong { length, limit }));
    }
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    match body.char_indices().find(|&(_, c)| !is_text(c)) {
        None => Ok(body.into()),
        Some((position, found)) => Err(Invalid::new(
            "body",
            Problem::Character {
                found,
                position,
                allowed: Characters::Lines,
            },
        )),
    }
}

impl From<&ResponseSpec> for ResponseDocument {
    fn from(response: &ResponseSpec) -> Self {
        let headers = response.headers();
        Self {
            status: Some(u64::from(response.status)),
            headers: Entries(
                headers
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            ),
            body: response.body.to_string(),
        }
    }
}
