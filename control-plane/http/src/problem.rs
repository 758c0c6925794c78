//! Errors as RFC 9457 problems: one table of codes, one shape, every fault placed.
//!
//! A handler returns a [`Problem`]; the request layer writes it as `application/problem+json` once
//! it knows the request's id. Callers see the message, the log sees the causes.

mod failed_test;
mod reason;
mod responses;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use merak_core::{Error, ErrorKind, Obstacle};
use merak_model::{Invalid, Problem as Refusal, Revision};
use serde::Serialize;
use tracing::{error, info};
use utoipa::ToSchema;

pub(crate) use failed_test::FailedTest;
pub(crate) use reason::Reason;
pub(crate) use responses::{
    ConditionalProblems, DeleteProblems, HistoryProblems, ListProblems, ReadProblems, TestProblems,
    WriteProblems,
};

/// The media type of every error.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, in words that stay the same from release to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProblemCode)]
pub(crate) enum Code {
    /// 400: the request can never succeed as it is; `errors` says which part of it.
    InvalidArgument,
    /// 404: the thing does not exist.
    NotFound,
    /// 404: the API has no such path.
    NoSuchPath,
    /// 405: the path exists, and not with this method; `Allow` names those it has.
    MethodNotAllowed,
    /// 408: the body did not arrive within 20 s; nothing was done.
    RequestTimeout,
    /// 409: the state does not allow it, such as creating what exists.
    Conflict,
    /// 410: the change log no longer reaches back that far.
    Gone,
    /// 412: the thing is not as the precondition expects; `current_revision` says how it is.
    PreconditionFailed,
    /// 428: the write takes a precondition, and there is none.
    PreconditionRequired,
    /// 422: a change of a rule fails tests of rules; `failed_tests` says what happens instead.
    TestsFailed,
    /// 413: the body is larger than 1 MiB.
    PayloadTooLarge,
    /// 415: the body is not of a media type that is taken here.
    UnsupportedMediaType,
    /// 500: a defect of the control plane.
    Internal,
    /// 503: try again later, here or elsewhere; nothing was done.
    Unavailable,
    /// 504: not answered within 30 s; whether it was done is not known.
    Timeout,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    faults: Vec<Fault>,
    current: Option<Revision>,
    current_state: Option<Box<serde_json::Value>>,
    failed_tests: Vec<FailedTest>,
    obstacle: Option<Box<Obstacle>>,
}

/// Why a request was not carried out (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:merak:problem:invalid_argument", "title": "Bad Request", "status": 400,
    "detail": "/port: 0 is outside 1..=65535", "code": "invalid_argument",
    "request_id": "deploy-42",
    "errors": [{
        "pointer": "/port", "detail": "0 is outside 1..=65535",
        "reason": {"code": "out_of_range", "value": "0", "min": "1", "max": "65535"},
    }],
}))]
pub(crate) struct ProblemBody {
    /// Names the kind of problem: `urn:merak:problem:` and the code.
    r#type: String,
    /// The phrase of the status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong, as a sentence fragment for people.
    detail: String,
    /// What went wrong, for programs.
    code: Code,
    /// What is in the way, for programs; absent where only `detail` says it, or `errors` do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = reason::Obstacle, required = false)]
    obstacle: Option<Box<Obstacle>>,
    /// The id of the request, as in `X-Request-Id`; it is in the log and in the change log.
    request_id: String,
    /// The refused parts of the request, the one that `detail` names first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Fault>,
    /// The revision that the thing is at, when a precondition failed and the thing exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    current_revision: Option<u64>,
    /// The thing as it is, when a precondition on a rule failed and the rule exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    current: Option<Box<serde_json::Value>>,
    /// The tests of rules that the change would fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    failed_tests: Vec<FailedTest>,
}

/// One refused part of a request: a place in the body, a parameter or a header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(as = ProblemError)]
pub(crate) struct Fault {
    /// JSON pointer (RFC 6901) to the place in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/metadata/env")]
    pointer: Option<String>,
    /// The path or query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
    /// The header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    header: Option<String>,
    /// What is wrong with it.
    detail: String,
    /// The same for programs; absent where only `detail` says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Reason, required = false)]
    reason: Option<merak_model::Problem>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hint: Option<String>,
}

impl Code {
    /// The one table from codes to statuses.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Gone => StatusCode::GONE,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::TestsFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::NoSuchPath => "no_such_path",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::PreconditionFailed => "precondition_failed",
            Self::PreconditionRequired => "precondition_required",
            Self::TestsFailed => "tests_failed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
        }
    }

    /// When a request meets it, for the API's description.
    fn description(self) -> &'static str {
        match self {
            Self::InvalidArgument => "A part of the request is refused; `errors` says which",
            Self::NotFound => "It does not exist",
            Self::NoSuchPath => "The API has no such path",
            Self::MethodNotAllowed => "The path has no such method",
            Self::RequestTimeout => "The body did not arrive within 20 s; nothing was done",
            Self::Conflict => "The state does not allow it",
            Self::Gone => "The change log no longer reaches back that far",
            Self::PreconditionFailed => "It is not as the precondition expects",
            Self::PreconditionRequired => "It has neither `If-Match` nor `If-None-Match`",
            Self::TestsFailed => "Tests of rules fail; `failed_tests` says what happens instead",
            Self::PayloadTooLarge => "The body is larger than 1 MiB",
            Self::UnsupportedMediaType => "The body is not of a media type that is taken here",
            Self::Internal => "A defect of the control plane",
            Self::Unavailable => "Nothing was done; try again after `Retry-After` seconds",
            Self::Timeout => "Not answered within 30 s; whether it was done is not known",
        }
    }
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            current: None,
            current_state: None,
            failed_tests: Vec::new(),
            obstacle: None,
        }
    }

    /// Refuses a write that does not say which state of the thing it was made for.
    pub(crate) fn precondition_required() -> Self {
        let detail = "a value is required";
        let problem = Self::new(Code::PreconditionRequired, format!("If-Match: {detail}"));
        let fault = Fault {
            header: Some("If-Match".to_owned()),
            detail: detail.to_owned(),
            ..Fault::default()
        };
        problem
            .with(fault)
            .hint("send the ETag of a read as If-Match, or If-None-Match: * to create")
    }

    /// Adds the thing as it is, if that is not what was expected.
    #[must_use]
    pub(crate) fn with_current<T: Serialize>(mut self, revision: Revision, thing: &T) -> Self {
        if self.code == Code::PreconditionFailed {
            let state = serde_json::to_value(thing).expect("answers are plain data");
            self.current = Some(revision);
            self.current_state = Some(Box::new(state));
        }
        self
    }

    /// Refuses a place in the body, named by its JSON pointer.
    pub(crate) fn pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (pointer.into(), detail.into());
        let place = if pointer.is_empty() {
            "the body"
        } else {
            &pointer
        };
        Self::new(Code::InvalidArgument, format!("{place}: {detail}")).with(Fault {
            pointer: Some(pointer),
            detail,
            ..Fault::default()
        })
    }

    /// Refuses what the model refused, without what it refused beside it.
    fn of_one(invalid: &Invalid) -> Self {
        let pointer = invalid.pointer();
        if let Refusal::Unknown { field, known, .. } = invalid.problem() {
            return Self::pointer(pointer, format!("unknown field `{field}`"))
                .hint(known)
                .because(invalid.problem().usual());
        }
        Self::pointer(pointer, invalid.problem().to_string()).because(invalid.problem().usual())
    }

    /// Refuses a path or query parameter.
    pub(crate) fn parameter(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        let (parameter, detail) = (parameter.into(), detail.into());
        Self::new(Code::InvalidArgument, format!("{parameter}: {detail}")).with(Fault {
            parameter: Some(parameter),
            detail,
            ..Fault::default()
        })
    }

    /// Refuses a header.
    pub(crate) fn header(header: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(Code::InvalidArgument, format!("{header}: {detail}")).with(Fault {
            header: Some(header.to_owned()),
            detail,
            ..Fault::default()
        })
    }

    /// Refuses a parameter whose value the model refused; the field is the parameter's name.
    pub(crate) fn refused_parameter(invalid: &Invalid) -> Self {
        Self::parameter(invalid.field(), invalid.problem().to_string())
            .because(invalid.problem().usual())
    }

    /// An error, of which what is refused is a parameter.
    pub(crate) fn of_parameter(parameter: &str, error: Error) -> Self {
        match error.invalid() {
            None => error.into(),
            Some(invalid) => {
                Self::refused_parameter(&Invalid::new(parameter, invalid.problem().clone()))
            }
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(last) = self.faults.last_mut() {
            last.hint = Some(hint.into());
        }
        self
    }

    /// Says for programs what is wrong with it.
    fn because(mut self, reason: Option<&merak_model::Problem>) -> Self {
        if let Some(last) = self.faults.last_mut() {
            last.reason = reason.cloned();
        }
        self
    }

    /// Places what is refused inside an outer value of the body, such as `/items/3/register`.
    #[must_use]
    pub(crate) fn within(mut self, outer: &str) -> Self {
        for pointer in self
            .faults
            .iter_mut()
            .filter_map(|fault| fault.pointer.as_mut())
        {
            pointer.insert_str(0, outer);
        }
        self
    }

    /// The answer to a creation whose precondition was that the thing is absent.
    #[must_use]
    pub(crate) fn of_creation(mut self) -> Self {
        if self.code == Code::PreconditionFailed {
            self.code = Code::Conflict;
        }
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// What is sent of it.
    pub(crate) fn body(self, request_id: &str) -> ProblemBody {
        let status = self.code.status();
        ProblemBody {
            r#type: format!("urn:merak:problem:{}", self.code.as_str()),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code,
            obstacle: self.obstacle,
            request_id: request_id.to_owned(),
            errors: self.faults,
            current_revision: self.current.map(Revision::get),
            current: self.current_state,
            failed_tests: self.failed_tests,
        }
    }

    fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let mut faults = invalid.faults().map(Self::of_one);
        let first = faults.next().expect("a refusal has a fault");
        faults.fold(first, |mut problem, next| {
            problem.faults.extend(next.faults);
            problem
        })
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::InvalidArgument => Code::InvalidArgument,
            ErrorKind::NotFound => Code::NotFound,
            ErrorKind::Conflict => Code::Conflict,
            ErrorKind::PreconditionFailed => Code::PreconditionFailed,
            ErrorKind::Gone => Code::Gone,
            ErrorKind::Unavailable => Code::Unavailable,
            ErrorKind::Internal => Code::Internal,
        };
        let causes = error.causes();
        match error.kind().is_fault() {
            true => error!(code = code.as_str(), causes, "request failed: {error}"),
            false => info!(code = code.as_str(), causes, "request refused: {error}"),
        }
        match error.invalid() {
            Some(invalid) => Self::from(invalid.clone()),
            None if !error.failed_tests().is_empty() => Self {
                failed_tests: error.failed_tests().iter().map(Into::into).collect(),
                ..Self::new(Code::TestsFailed, error.to_string())
            },
            None => Self {
                current: error.current_revision(),
                obstacle: error.obstacle().cloned().map(Box::new),
                ..Self::new(code, error.to_string())
            },
        }
    }
}

/// The problem travels as an extension to the request layer, which knows the request's id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a response carries, if it does.
pub(crate) fn render(mut response: Response, request_id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let code = problem.code;
    let body = serde_json::to_vec(&problem.body(request_id)).expect("a problem is plain data");
    *response.body_mut() = body.into();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if code == Code::Unavailable {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// A key as a part of a JSON pointer.
pub(crate) fn pointer_token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_spelled_the_same_in_the_type_and_in_the_body() {
        for code in [
            Code::InvalidArgument,
            Code::NotFound,
            Code::NoSuchPath,
            Code::MethodNotAllowed,
            Code::RequestTimeout,
            Code::Conflict,
            Code::Gone,
            Code::PreconditionFailed,
            Code::PreconditionRequired,
            Code::TestsFailed,
            Code::PayloadTooLarge,
            Code::UnsupportedMediaType,
            Code::Internal,
            Code::Unavailable,
            Code::Timeout,
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn the_cause_is_not_sent() {
        let error = Error::unavailable("the store is busy").caused_by("disk /dev/secret full");
        assert_eq!(error.causes().as_deref(), Some("disk /dev/secret full"));
        assert_eq!(Problem::from(error).body("").detail, "the store is busy");
    }
}
