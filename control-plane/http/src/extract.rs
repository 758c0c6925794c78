//! What comes in: bodies, queries and paths, each refusal a problem that names the place.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use merak_model::{Invalid, invalid::Why, reading};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, value::MapDeserializer},
};
use serde_path_to_error::{Path as Place, Segment};

use crate::problem::{Code, Problem};

/// Larger bodies are refused.
pub(crate) const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// A body that has not arrived by then is given up, before the request as a whole is.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// A body of `application/json`.
pub(crate) struct Json<T>(pub(crate) T);

/// A body of `application/merge-patch+json` (RFC 7396) or `application/json`.
pub(crate) struct MergePatch<T>(pub(crate) T);

/// The parameters after the `?`, none of them unknown.
pub(crate) struct Query<T>(pub(crate) T);

/// The parameters in the path, percent-decoded.
pub(crate) struct Path<T>(pub(crate) T);

/// `true` or `false` in a query, where the form reader would take `on` as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Truth {
    #[default]
    False,
    True,
}

/// The query of an operation that takes no parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParameters {}

impl Truth {
    pub(crate) fn is_true(self) -> bool {
        self == Self::True
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        parse_body(&read_json(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for MergePatch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let accepted = ["application/merge-patch+json", "application/json"];
        require_media_type(request.headers(), &accepted)?;
        parse_body(&read_body(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let raw = RawPathParams::from_request_parts(parts, state).await;
        let raw = raw.map_err(|_| {
            let detail = "the path is not UTF-8 once its percent-encoding is undone";
            Problem::new(Code::InvalidArgument, detail)
        })?;
        let pairs = MapDeserializer::<_, serde::de::value::Error>::new(raw.iter());
        let parsed = serde_path_to_error::deserialize(pairs);
        parsed
            .map(Self)
            .map_err(|error| refused_parameter(error.path(), &error.inner().to_string()))
    }
}

/// The body of a request that says it is JSON.
pub(crate) async fn read_json<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<Bytes, Problem> {
    require_media_type(request.headers(), &["application/json"])?;
    read_body(request, state).await
}

fn require_media_type(headers: &HeaderMap, accepted: &[&str]) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str().unwrap_or(""));
    let essence = given
        .and_then(|given| given.split(';').next())
        .map(str::trim);
    if essence.is_some_and(|given| accepted.iter().any(|one| one.eq_ignore_ascii_case(given))) {
        return require_utf8(given.unwrap_or_default());
    }
    let accepted = accepted.join(" or ");
    let detail = match given {
        Some(given) => format!("`{given}` is not taken here: send {accepted}"),
        None => format!("the body has no Content-Type: send {accepted}"),
    };
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}

/// Refuses another character set than the one of JSON, if one is named.
fn require_utf8(media_type: &str) -> Result<(), Problem> {
    let parameters = media_type.split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
    let charset = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let charset = charset.map(|(_, value)| value.trim().trim_matches('"'));
    match charset {
        Some(other) if !other.eq_ignore_ascii_case("utf-8") => {
            let detail = format!("charset `{other}` is not taken here: send UTF-8");
            Err(Problem::new(Code::UnsupportedMediaType, detail))
        }
        _ => Ok(()),
    }
}

async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await;
    let read = read.map_err(|_| {
        let seconds = BODY_TIMEOUT.as_secs();
        let detail = format!("the body did not arrive within {seconds} s: nothing was done");
        Problem::new(Code::RequestTimeout, detail)
    })?;
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("the body is larger than 1 MiB ({BODY_LIMIT_BYTES} bytes)");
            Problem::new(Code::PayloadTooLarge, detail)
        }
        _ => Problem::new(Code::InvalidArgument, "the body did not arrive whole"),
    })
}

/// Reads a body whole.
pub(crate) fn parse_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = reading::read(&mut json).map_err(|error| match error.inner().is_data() {
        true => Problem::from(reading::refused(&error)),
        false => not_json(error.inner()),
    })?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(parsed)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::pointer("", format!("not JSON: {error}"))
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let form = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(form)
        .map_err(|error| refused_parameter(error.path(), &error.inner().to_string()))
}

fn refused_parameter(place: &Place, message: &str) -> Problem {
    let parameter = place.iter().find_map(|segment| match segment {
        Segment::Map { key } => Some(key.as_str()),
        Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
    });
    let parameter = parameter.unwrap_or_default();
    if let Some((_, expected)) = message
        .strip_prefix("unknown field ")
        .and_then(|rest| rest.split_once(", "))
    {
        let hint = match expected {
            "there are no fields" => "this operation takes none",
            expected => expected,
        };
        return Problem::parameter(parameter, "unknown parameter").hint(hint);
    }
    if let Some(missing) = message.strip_prefix("missing field ") {
        return Problem::refused_parameter(&Invalid::missing(missing.trim_matches('`')));
    }
    // The form reader says this of a parameter that has two names, given under both.
    if let Some(twice) = message.strip_prefix("duplicate field ") {
        return repeated(twice.trim_matches('`'));
    }
    // And this of a repeated parameter that takes one value.
    if message == "unsupported value" {
        return repeated(parameter);
    }
    let detail = message
        .strip_prefix(&format!("{parameter}: "))
        .unwrap_or(message);
    Problem::refused_parameter(&Invalid::new(parameter, reading::problem(detail)))
}

fn repeated(parameter: &str) -> Problem {
    Problem::refused_parameter(&Invalid::because(parameter, Why::FieldRepeated))
}

/// Reads an optional field that must not be `null`: what is left out stays, `null` is no value.
pub(crate) fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        size: Option<u64>,
        text: Option<String>,
        #[serde(default)]
        many: Vec<String>,
    }

    #[test]
    fn a_query_is_read_whole() {
        let sample: Sample = parse_query("size=7&many=a&many=b%20c&text=").unwrap();
        let expected = Sample {
            size: Some(7),
            text: Some(String::new()),
            many: vec!["a".to_owned(), "b c".to_owned()],
        };
        assert_eq!(sample, expected);
    }

    #[test]
    fn a_refused_parameter_is_named() {
        for (query, detail) in [
            ("siz=7", "siz: unknown parameter"),
            ("size=x", "size: expected a whole number, 0 or more"),
            ("size=18446744073709551616", "size: the number is too large"),
            ("size=1&size=2", "size: given more than once"),
        ] {
            let problem = parse_query::<Sample>(query).unwrap_err();
            let body = serde_json::to_value(problem.body("")).unwrap();
            assert_eq!(body["detail"], detail);
        }
    }
}
