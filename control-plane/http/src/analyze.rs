//! Whether documents are right before they are written: `/api/v1/analyze`.

use std::sync::Arc;

use axum::extract::State;
use merak_core::Catalog;
use merak_model::{
    Instance, ServiceKey,
    analysis::{self, Facts},
    manifest::Manifest,
    routing::RuleSet,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    extract::{Json, NoParameters, Query},
    problem::{FailedTest, ListProblems, Problem, Reason},
    simulate::schema as simulations,
    warning::{beside_requests, schema as warnings},
};

/// The operations that look at documents.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(analyze))
}

/// The most documents of one request.
const DOCUMENTS_LIMIT: usize = 1000;

/// Documents to look at together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"documents": [
    {"kind": "NearbyRule", "metadata": {"namespace": "default", "name": "near"},
     "spec": {"callee": {"service": "*"}}},
    {"kind": "RoutingTest", "metadata": {"name": "anybody"},
     "spec": {"request": {"to": {"service": "pay"}}, "expect": {"verdict": "routed"}}},
]}))]
struct AnalyzeBody {
    /// Up to 1000 of them. Each has a `kind` (`RoutingRule`, `NearbyRule`, `RateLimitRule`, `RoutingTest`),
    /// `metadata` with a `name` and the `namespace` (default `default`), and a `spec`: what the rule or the
    /// test says.
    #[schema(value_type = Vec<Value>, max_items = 1000)]
    documents: Vec<serde_json::Value>,
}

/// What there is to say about documents.
#[derive(Debug, Serialize, ToSchema)]
struct Analysis {
    /// One for each document, in their order.
    #[schema(value_type = Vec<DocumentReport>)]
    documents: Vec<analysis::Report>,
    /// Tests of other rules that pass now, and would fail if the documents were written.
    broken_tests: Vec<FailedTest>,
}

/// What there is to say about one document.
#[derive(Serialize, ToSchema)]
struct DocumentReport {
    /// Absent if it is no known kind.
    #[schema(nullable = false)]
    kind: Option<DocumentKind>,
    /// Absent, like the name, if it has no valid name.
    #[schema(nullable = false)]
    namespace: Option<String>,
    #[schema(nullable = false)]
    name: Option<String>,
    /// Why it would be refused.
    errors: Vec<DocumentError>,
    /// What was probably not meant.
    warnings: Vec<DocumentWarning>,
    /// What became of its tests.
    tests: Vec<TestReport>,
}

/// The kinds of documents.
#[expect(dead_code, reason = "describes what the model writes")]
#[derive(Serialize, ToSchema)]
enum DocumentKind {
    RoutingRule,
    NearbyRule,
    RateLimitRule,
    RoutingTest,
}

/// Why a document would be refused.
#[derive(Serialize, ToSchema)]
struct DocumentError {
    /// JSON pointer (RFC 6901) to the place in the document.
    path: String,
    message: String,
    /// Absent where only `message` says it.
    #[schema(nullable = false)]
    reason: Option<Reason>,
}

/// What was probably not meant in a document.
#[derive(Serialize, ToSchema)]
struct DocumentWarning {
    code: warnings::WarningCode,
    /// JSON pointer (RFC 6901) to the place in the document.
    path: String,
    /// What is the matter, as a sentence fragment for people.
    message: String,
    /// The same for programs.
    reason: warnings::Concern,
}

/// What became of a test.
#[derive(Serialize, ToSchema)]
struct TestReport {
    /// JSON pointer (RFC 6901) to the test in the document.
    path: String,
    /// What it says of itself.
    description: String,
    passed: bool,
    /// What is not as expected.
    mismatches: Vec<TestMismatch>,
    /// Where its call went, and why, if it failed.
    #[schema(nullable = false)]
    explanation: Option<simulations::Explanation>,
}

/// One thing that is not as expected.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestMismatch {
    /// Which expectation, such as `expect.labels["version"]`.
    field: String,
    expected: String,
    got: String,
}

/// Looks at rules and tests before they are written.
///
/// The documents are looked at together, each in the place of the rule of its name, beside all other rules
/// and with the instances that there are. Faults and failed tests are told document by document; nothing is
/// written.
#[utoipa::path(
    post, path = "/api/v1/analyze", tag = "analyze", request_body = AnalyzeBody,
    responses(
        (status = 200, description = "What there is to say about each", body = Analysis),
        ListProblems,
    ),
)]
async fn analyze(
    State(api): State<Api>,
    Query(NoParameters {}): Query<NoParameters>,
    Json(body): Json<AnalyzeBody>,
) -> Result<axum::Json<Analysis>, Problem> {
    let count = body.documents.len();
    if count > DOCUMENTS_LIMIT {
        let detail = format!("{count} entries, at most {DOCUMENTS_LIMIT} are allowed");
        return Err(Problem::pointer("/documents", detail));
    }
    let catalog = Arc::clone(&api.plane.catalog);
    let analysis = beside_requests(move || {
        let documents: Vec<Manifest> = body.documents.iter().map(Manifest::read).collect();
        let facts = Facts {
            rules: &RuleSet {
                routing: catalog.all_rules(),
                nearby: catalog.all_rules(),
            },
            limits: &catalog.all_rules(),
            instances: &|callee| Some(instances_of(&catalog, callee)),
        };
        let broken = analysis::broken_tests(&documents, facts.rules);
        Analysis {
            documents: analysis::analyze(&documents, facts),
            broken_tests: broken.iter().map(Into::into).collect(),
        }
    });
    analysis.await.map(axum::Json)
}

fn instances_of(catalog: &Catalog, callee: &ServiceKey) -> Vec<Arc<Instance>> {
    let found = catalog.find_service(callee);
    let instances = found.iter().flat_map(|service| service.instances());
    instances.cloned().collect()
}
