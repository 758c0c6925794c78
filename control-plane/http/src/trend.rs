//! What there was lately: `/api/v1/trends`.

use axum::extract::State;
use merak_core::{SAMPLE_INTERVAL, Sample};
use merak_model::{NamespaceName, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    extract::Query,
    problem::{ListProblems, Problem},
};

/// The operation on what there was lately.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_trends))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TrendsQuery {
    /// Only what is in this namespace.
    #[param(value_type = Option<String>, example = "default")]
    namespace: Option<NamespaceName>,
}

/// How much there was, over the last hour.
#[derive(Debug, Serialize, ToSchema)]
struct Trends {
    /// How far two samples are apart; the last one is of now.
    interval_seconds: u64,
    /// Oldest first.
    samples: Vec<TrendSample>,
}

/// How much there was at a moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "at": "2026-01-02T10:42:00Z", "service_count": 3, "instance_count": 7,
    "unhealthy_instance_count": 1, "isolated_instance_count": 0,
}))]
struct TrendSample {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    service_count: usize,
    instance_count: usize,
    unhealthy_instance_count: usize,
    isolated_instance_count: usize,
}

impl From<Sample> for TrendSample {
    fn from(Sample { at, counts }: Sample) -> Self {
        Self {
            at,
            service_count: counts.services,
            instance_count: counts.instances.total,
            unhealthy_instance_count: counts.instances.unhealthy(),
            isolated_instance_count: counts.instances.isolated,
        }
    }
}

/// Reads how many services and instances there were over the last hour.
///
/// It is kept in memory: after a start there is nothing of before it. The change log has every change.
#[utoipa::path(
    get, path = "/api/v1/trends", tag = "operations", params(TrendsQuery),
    responses((status = 200, description = "What there was", body = Trends), ListProblems),
)]
async fn get_trends(
    State(api): State<Api>,
    Query(TrendsQuery { namespace }): Query<TrendsQuery>,
) -> Result<axum::Json<Trends>, Problem> {
    let samples = api.plane.trends.read(namespace.as_ref());
    Ok(axum::Json(Trends {
        interval_seconds: SAMPLE_INTERVAL.as_secs(),
        samples: samples.into_iter().map(TrendSample::from).collect(),
    }))
}
