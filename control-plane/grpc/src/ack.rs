//! What a client says of rules that it does not understand.

use merak_core::{LeftOut, RuleKind};
use merak_model::{Invalid, Problem};
use merak_proto::v1;

use crate::limits::{LEFT_OUT, TEXT_CHARACTERS};

/// The rules that an acknowledgement names.
pub(crate) fn left_out(told: Vec<v1::LeftOutRule>) -> Result<LeftOut, Invalid> {
    if told.len() > LEFT_OUT {
        let (count, limit) = (told.len(), LEFT_OUT);
        return Err(Invalid::new("left_out", Problem::TooMany { count, limit }));
    }
    let parsed = told.into_iter().map(|rule| {
        let kind = match rule.kind() {
            v1::RuleKind::Unspecified => return Err(Invalid::missing("kind")),
            v1::RuleKind::Routing => RuleKind::Routing,
            v1::RuleKind::Nearby => RuleKind::Nearby,
            v1::RuleKind::RateLimit => RuleKind::RateLimit,
        };
        let length = rule.reason.chars().count();
        if length > TEXT_CHARACTERS {
            let limit = TEXT_CHARACTERS;
            return Err(Invalid::new("reason", Problem::TooLong { length, limit }));
        }
        let key = rule.key.ok_or_else(|| Invalid::missing("key"))?;
        Ok(((kind, key.try_into()?), rule.reason))
    });
    let parsed: Result<LeftOut, Invalid> = parsed.collect();
    parsed.map_err(|invalid| invalid.within("left_out"))
}
