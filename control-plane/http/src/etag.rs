//! Entity tags: the ETag of a thing is its revision in double quotes.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use merak_core::Precondition;
use merak_model::Revision;
use serde::Serialize;
use utoipa::IntoParams;

use crate::problem::Problem;

/// What a read takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "describes headers that are read from the header map"
)]
pub(crate) struct ReadHeaders {
    /// The ETag that the client holds: unchanged content is answered 304, without a body.
    #[param(rename = "If-None-Match", nullable = false, example = "\"42\"")]
    if_none_match: Option<String>,
}

/// What a write takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "describes headers that are read from the header map"
)]
pub(crate) struct WriteHeaders {
    /// The ETag that the thing must have, up to 8 of which it must have one, or `*` for a thing that must
    /// exist; else 412 with `current_revision`.
    #[param(rename = "If-Match", nullable = false, example = "\"42\"")]
    if_match: Option<String>,
    /// `*`: the thing must not exist yet, else 412 with `current_revision`.
    #[param(rename = "If-None-Match", nullable = false, example = "*")]
    if_none_match: Option<String>,
}

/// What a write takes that creates under a name which the server may choose.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "describes headers that are read from the header map"
)]
pub(crate) struct CreateHeaders {
    /// `*`: the thing must not exist yet, else 412 with `current_revision`.
    #[param(rename = "If-None-Match", nullable = false, example = "*")]
    if_none_match: Option<String>,
}

/// The ETag of content at a revision.
pub(crate) fn etag(revision: Revision) -> HeaderValue {
    let quoted = format!("\"{revision}\"");
    HeaderValue::try_from(quoted).expect("digits in quotes are a header value")
}

/// Answers a read of one thing: 304 if the client holds that revision already.
pub(crate) fn answer<T: Serialize>(
    headers: &HeaderMap,
    revision: Revision,
    body: &T,
) -> Result<Response, Problem> {
    let tag = [(header::ETAG, etag(revision))];
    if holds(headers, revision)? {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, axum::Json(body)).into_response())
}

fn holds(headers: &HeaderMap, revision: Revision) -> Result<bool, Problem> {
    let Some(given) = text_of(headers, &header::IF_NONE_MATCH)? else {
        return Ok(false);
    };
    if given == "*" {
        return Ok(true);
    }
    let held = given.split(',').map(|tag| {
        let tag = tag.trim();
        // RFC 9110: If-None-Match compares weakly, so `W/` makes no difference.
        let quoted = tag.strip_prefix("W/").unwrap_or(tag);
        unquoted(quoted).ok_or_else(|| {
            Problem::header("If-None-Match", format!("`{tag}` is not an ETag"))
                .hint("send the ETag as it was received, double quotes included")
        })
    });
    let held: Vec<&str> = held.collect::<Result<_, _>>()?;
    Ok(held.contains(&revision.to_string().as_str()))
}

/// The precondition that a write's headers ask for.
pub(crate) fn precondition(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let wanted = text_of(headers, &header::IF_MATCH)?;
    let unwanted = text_of(headers, &header::IF_NONE_MATCH)?;
    match (wanted, unwanted) {
        (None, None) => Ok(Precondition::None),
        (None, Some("*")) => Ok(Precondition::Absent),
        (None, Some(other)) => Err(Problem::header(
            "If-None-Match",
            format!("`{other}` is not `*`, the one value that a write takes"),
        )),
        (Some(_), Some(_)) => Err(Problem::header(
            "If-Match",
            "not together with If-None-Match",
        )),
        (Some("*"), None) => Ok(Precondition::Present),
        (Some(tags), None) => wanted_revisions(tags),
    }
}

fn wanted_revisions(tags: &str) -> Result<Precondition, Problem> {
    let revision = |tag: &str| match unquoted(tag).and_then(|number| number.parse().ok()) {
        Some(number) => Ok(Revision(number)),
        None => {
            let refused = format!("`{tag}` is not a revision in double quotes");
            Err(Problem::header("If-Match", refused)
                .hint("send the ETag of a read, as in \"42\", or `*` for whatever is there"))
        }
    };
    let revisions = tags.split(',').map(|tag| revision(tag.trim()));
    let revisions: Vec<Revision> = revisions.collect::<Result<_, _>>()?;
    match revisions[..] {
        [one] => Ok(Precondition::Revision(one)),
        [first, ..] if revisions.len() <= Precondition::REVISIONS => {
            let mut any = [first; Precondition::REVISIONS];
            any[..revisions.len()].copy_from_slice(&revisions);
            Ok(Precondition::AnyRevision(any))
        }
        _ => {
            let (count, limit) = (revisions.len(), Precondition::REVISIONS);
            let refused = format!("{count} ETags, at most {limit} are allowed");
            Err(Problem::header("If-Match", refused))
        }
    }
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::header(name.as_str(), "given more than once"));
    }
    let text = first.map(|value| value.to_str()).transpose();
    text.map_err(|_| Problem::header(name.as_str(), "not visible ASCII"))
}

fn unquoted(tag: &str) -> Option<&str> {
    tag.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_precondition_is_one_revision_or_absence() {
        let (wanted, unwanted) = (header::IF_MATCH, header::IF_NONE_MATCH);
        let mut any = [Revision(7); Precondition::REVISIONS];
        any[1] = Revision(8);
        for (given, expected) in [
            (headers(&[]), Some(Precondition::None)),
            (
                headers(&[(wanted.clone(), "\"7\"")]),
                Some(Precondition::Revision(Revision(7))),
            ),
            (
                headers(&[(unwanted.clone(), "*")]),
                Some(Precondition::Absent),
            ),
            (headers(&[(wanted.clone(), "7")]), None),
            (
                headers(&[(wanted.clone(), "*")]),
                Some(Precondition::Present),
            ),
            (headers(&[(wanted.clone(), "\"x\"")]), None),
            (headers(&[(wanted.clone(), "W/\"7\"")]), None),
            (
                headers(&[(wanted.clone(), "\"7\", \"8\"")]),
                Some(Precondition::AnyRevision(any)),
            ),
            (headers(&[(wanted.clone(), &["\"7\""; 9].join(","))]), None),
            (
                headers(&[(wanted.clone(), "\"7\""), (wanted.clone(), "\"8\"")]),
                None,
            ),
            (headers(&[(unwanted.clone(), "\"7\"")]), None),
            (headers(&[(wanted, "\"7\""), (unwanted, "*")]), None),
        ] {
            assert_eq!(precondition(&given).ok(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_read_compares_weakly() {
        for (given, expected) in [
            ("\"7\"", Some(true)),
            ("W/\"7\"", Some(true)),
            ("\"6\", \"7\"", Some(true)),
            ("*", Some(true)),
            ("\"6\"", Some(false)),
            ("7", None),
        ] {
            let headers = headers(&[(header::IF_NONE_MATCH, given)]);
            assert_eq!(holds(&headers, Revision(7)).ok(), expected, "{given}");
        }
    }
}
