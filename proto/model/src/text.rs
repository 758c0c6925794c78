//! Free text with a limit: versions, comments, owners, zones.

use crate::{Invalid, Problem, invalid::Characters};

/// Checked free text: any characters but control characters, up to a limit that the field sets.
pub type Text = Box<str>;

/// Limits of the free texts, in characters.
pub mod limit {
    /// `protocol` of an instance, such as `grpc`.
    pub const PROTOCOL: usize = 64;
    /// `version` of an instance, such as `v2.1.0`.
    pub const VERSION: usize = 64;
    /// `region`, `zone` and `campus` of a location.
    pub const LOCATION: usize = 128;
    /// `business` of a service.
    pub const BUSINESS: usize = 128;
    /// `department` of a service.
    pub const DEPARTMENT: usize = 1024;
    /// `owners` of a service.
    pub const OWNERS: usize = 1024;
    /// `comment` of a namespace or a service.
    pub const COMMENT: usize = 1024;
}

/// Checks free text; empty text is allowed.
///
/// # Errors
/// When it is longer than `limit` characters or has a control character.
pub fn checked_text(field: &str, value: &str, limit: usize) -> Result<Text, Invalid> {
    // Bytes bound characters, so the common short ASCII text is measured without decoding.
    if value.len() > limit {
        let length = value.chars().count();
        if length > limit {
            return Err(Invalid::new(field, Problem::TooLong { length, limit }));
        }
    }
    let refused = value
        .char_indices()
        .find(|(_, character)| character.is_control());
    match refused {
        Some((position, found)) => Err(Invalid::new(
            field,
            Problem::Character {
                found,
                position,
                allowed: Characters::Text,
            },
        )),
        None => Ok(value.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert!(checked_text("comment", &"支".repeat(10), 10).is_ok());
        assert!(checked_text("comment", &"支".repeat(11), 10).is_err());
    }

    #[test]
    fn refuses_control_characters() {
        let refused = checked_text("version", "v1\n", 64).unwrap_err();
        assert_eq!(
            refused.to_string(),
            r"version: '\n' at position 2 is not allowed, use text without control characters"
        );
    }
}
