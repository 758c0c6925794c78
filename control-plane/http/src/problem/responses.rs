//! Which problems an operation can meet, for the description of the API.

use std::collections::BTreeMap;

use utoipa::{IntoResponses, openapi};

use super::{Code, MEDIA_TYPE};

/// The problems that listing everything can meet.
pub(crate) struct ListProblems;

/// The problems that reading can meet.
pub(crate) struct ReadProblems;

/// The problems that reading the past can meet.
pub(crate) struct HistoryProblems;

/// The problems that deleting can meet.
pub(crate) struct DeleteProblems;

/// The problems that creating and changing can meet.
pub(crate) struct WriteProblems;

/// The problem that a write which takes a precondition can meet beside the others.
pub(crate) struct ConditionalProblems;

/// The problem that a change of a rule with tests can meet beside the others.
pub(crate) struct TestProblems;

const ALWAYS: [Code; 4] = [
    Code::InvalidArgument,
    Code::Internal,
    Code::Unavailable,
    Code::Timeout,
];

impl IntoResponses for ListProblems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        described(&[])
    }
}

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        described(&[Code::NotFound])
    }
}

impl IntoResponses for HistoryProblems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        described(&[Code::NotFound, Code::Gone])
    }
}

impl IntoResponses for DeleteProblems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        described(&[Code::NotFound, Code::Conflict, Code::PreconditionFailed])
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        described(&[
            Code::NotFound,
            Code::RequestTimeout,
            Code::Conflict,
            Code::PreconditionFailed,
            Code::PayloadTooLarge,
            Code::UnsupportedMediaType,
        ])
    }
}

impl IntoResponses for ConditionalProblems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        described(&[Code::PreconditionRequired])
    }
}

impl IntoResponses for TestProblems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        described(&[Code::TestsFailed])
    }
}

fn described(codes: &[Code]) -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
    let described = codes.iter().chain(&ALWAYS).map(|code| {
        let schema = openapi::Ref::from_schema_name("Problem");
        let content = openapi::ContentBuilder::new().schema(Some(schema)).build();
        let response = openapi::ResponseBuilder::new()
            .description(code.description())
            .content(MEDIA_TYPE, content)
            .build();
        (
            code.status().as_str().to_owned(),
            openapi::RefOr::T(response),
        )
    });
    described.collect()
}
