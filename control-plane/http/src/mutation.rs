//! What every write has in common: who asks, under which condition, and whether for real.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use merak_core::{Caller, Outcome, Precondition, Registry};
use merak_model::Revision;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    Api,
    caller::RestCaller,
    etag::{etag, precondition},
    extract::{Query, Truth},
    problem::Problem,
};

/// Says in an answer that nothing was written.
const DRY_RUN: HeaderName = HeaderName::from_static("x-dry-run");

/// What every write takes in its query.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MutationQuery {
    /// Decide and answer as usual, and write nothing; the answer has the header `X-Dry-Run: true`
    /// and no ETag. The revisions in it are those that the change would get now.
    #[serde(default)]
    #[param(value_type = bool, required = false)]
    dry_run: Truth,
}

/// What every write of a rule that has tests, or is tried by tests, takes in its query.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestedMutationQuery {
    /// Decide and answer as usual, and write nothing; the answer has the header `X-Dry-Run: true`
    /// and no ETag. The revisions in it are those that the change would get now.
    #[serde(default)]
    #[param(value_type = bool, required = false)]
    dry_run: Truth,
    /// Write also what fails tests of rules; by default that is refused with 422.
    #[serde(default)]
    #[param(value_type = bool, required = false)]
    skip_tests: Truth,
}

/// A write, before its subject: who asks, under which condition, and whether for real.
pub(crate) struct Mutation {
    /// Where the decision is taken; a rehearsal in a dry run.
    pub(crate) registry: Registry,
    pub(crate) caller: Caller,
    pub(crate) precondition: Precondition,
    is_dry_run: bool,
}

/// A write of a rule, which is refused if it fails tests, unless the request says otherwise.
pub(crate) struct TestedMutation(pub(crate) Mutation);

impl FromRequestParts<Api> for TestedMutation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Query(TestedMutationQuery {
            dry_run,
            skip_tests,
        }) = Query::from_request_parts(parts, api).await?;
        let mut mutation = Mutation::read(parts, api, dry_run).await?;
        if skip_tests.is_true() {
            mutation.registry = mutation.registry.without_tests();
        }
        Ok(Self(mutation))
    }
}

impl FromRequestParts<Api> for Mutation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Query(MutationQuery { dry_run }) = Query::from_request_parts(parts, api).await?;
        Self::read(parts, api, dry_run).await
    }
}

impl Mutation {
    /// What a request says of its write, beside its query.
    async fn read(parts: &mut Parts, api: &Api, dry_run: Truth) -> Result<Self, Problem> {
        let RestCaller(caller) = RestCaller::from_request_parts(parts, api).await?;
        let registry = if dry_run.is_true() {
            api.plane.registry.rehearsal()
        } else {
            api.plane.registry.clone()
        };
        Ok(Self {
            registry,
            caller,
            precondition: precondition(&parts.headers)?,
            is_dry_run: dry_run.is_true(),
        })
    }

    /// Refuses preconditions, which this write does not heed.
    pub(crate) fn require_unconditional(&self) -> Result<(), Problem> {
        match self.precondition {
            Precondition::None => Ok(()),
            Precondition::Absent => Err(not_taken("If-None-Match")),
            Precondition::Present | Precondition::Revision(_) | Precondition::AnyRevision(_) => {
                Err(not_taken("If-Match"))
            }
        }
    }

    /// Whether the thing must not exist yet: the one precondition that this write heeds.
    pub(crate) fn wants_absent(&self) -> Result<bool, Problem> {
        match self.precondition {
            Precondition::Absent => Ok(true),
            Precondition::None
            | Precondition::Present
            | Precondition::Revision(_)
            | Precondition::AnyRevision(_) => self.require_unconditional().map(|()| false),
        }
    }

    /// Refuses a write that does not say which state of the thing it was made for.
    pub(crate) fn require_conditional(&self) -> Result<(), Problem> {
        match self.precondition {
            Precondition::None => Err(Problem::precondition_required()),
            Precondition::Absent
            | Precondition::Present
            | Precondition::Revision(_)
            | Precondition::AnyRevision(_) => Ok(()),
        }
    }

    /// The same write, of something that must not exist yet.
    pub(crate) fn of_absent(self) -> Result<Self, Problem> {
        match self.precondition {
            Precondition::None | Precondition::Absent => Ok(Self {
                precondition: Precondition::Absent,
                ..self
            }),
            Precondition::Present | Precondition::Revision(_) | Precondition::AnyRevision(_) => {
                Err(not_taken("If-Match"))
            }
        }
    }

    /// Answers with the thing as it is now: 201 with its place if it was created, else 200.
    pub(crate) fn answer<T: Serialize>(
        &self,
        outcome: Outcome,
        (revision, location): (Revision, String),
        body: &T,
    ) -> Response {
        let mut response = axum::Json(body).into_response();
        if outcome == Outcome::Created {
            *response.status_mut() = StatusCode::CREATED;
            let place = HeaderValue::try_from(location).expect("names are visible ASCII");
            response.headers_mut().insert(header::LOCATION, place);
        }
        if !self.is_dry_run {
            response.headers_mut().insert(header::ETAG, etag(revision));
        }
        self.mark(response)
    }

    /// Answers that it is gone.
    pub(crate) fn deleted(&self) -> Response {
        self.mark(StatusCode::NO_CONTENT.into_response())
    }

    /// Says so if it was a dry run.
    pub(crate) fn mark(&self, mut response: Response) -> Response {
        if self.is_dry_run {
            let yes = HeaderValue::from_static("true");
            response.headers_mut().insert(DRY_RUN, yes);
        }
        response
    }
}

fn not_taken(header: &str) -> Problem {
    let refused = "not taken here: use PUT, PATCH or DELETE with a precondition";
    Problem::header(header, refused)
}
