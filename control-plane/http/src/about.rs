//! What this control plane is and how it does: `/api/v1/about`.

use axum::extract::State;
use merak_core::{Durations, StoreSize};
use merak_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api, metrics,
    problem::{ListProblems, Problem},
};

/// The operation that tells what the control plane is.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_about))
}

/// What a control plane is, since when, and how it does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "version": "0.1.0", "started_at": "2026-01-02T10:42:07Z", "epoch": "0b9e", "revision": 44,
    "grpc": {"listener": "0.0.0.0:8091", "advertised": "https://merak.example.com"},
    "memory_bytes": 25165824, "database": {"file_bytes": 4096, "log_bytes": 32768},
    "streams": {"sync": 12, "keep_alive": 12},
    "push_latency": {"count": 300, "p50_seconds": 0.0002, "p99_seconds": 0.0011},
}))]
struct About {
    /// The version of the program.
    version: &'static str,
    /// When it began to serve.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Names the history that revisions belong to; another one after a restore from a backup.
    epoch: String,
    /// The revision of the newest change.
    revision: u64,
    /// Where applications reach it; absent if it serves no gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    grpc: Option<Grpc>,
    /// The memory that the process has resident; absent where the system does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    memory_bytes: Option<u64>,
    /// The room that it takes on disk; absent if it keeps nothing there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    database: Option<Database>,
    streams: Streams,
    push_latency: PushLatency,
}

/// Where applications reach the control plane.
#[derive(Debug, Serialize, ToSchema)]
struct Grpc {
    /// The IP address and the port of the listener; 0.0.0.0 and [::] are every address of the machine.
    listener: String,
    /// The URL that `advertise_grpc` tells applications to use instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    advertised: Option<String>,
}

/// The room that the database takes.
#[derive(Debug, Serialize, ToSchema)]
struct Database {
    file_bytes: u64,
    /// The write-ahead log, from which commits go to the file by and by.
    log_bytes: u64,
}

/// Streams that are open now.
#[derive(Debug, Serialize, ToSchema)]
struct Streams {
    /// Those on which clients are told what changes.
    sync: u64,
    /// Those that keep instances alive.
    keep_alive: u64,
}

/// How long changes took from their commit until the updates that tell of them were written to streams,
/// since the start; `/metrics` has the histogram.
#[derive(Debug, Serialize, ToSchema)]
struct PushLatency {
    /// Updates so far.
    count: u64,
    /// What half of them kept to; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    p50_seconds: Option<f64>,
    /// What 99 of 100 kept to; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    p99_seconds: Option<f64>,
}

impl From<StoreSize> for Database {
    fn from(size: StoreSize) -> Self {
        let StoreSize {
            file_bytes,
            log_bytes,
        } = size;
        Self {
            file_bytes,
            log_bytes,
        }
    }
}

impl From<Durations> for PushLatency {
    fn from(pushes: Durations) -> Self {
        Self {
            count: pushes.count,
            p50_seconds: pushes.quantile(0.5),
            p99_seconds: pushes.quantile(0.99),
        }
    }
}

/// Reads what the control plane is and how it does.
#[utoipa::path(
    get, path = "/api/v1/about", tag = "operations",
    responses((status = 200, description = "What it is", body = About), ListProblems),
)]
async fn get_about(State(api): State<Api>) -> Result<axum::Json<About>, Problem> {
    let plane = &api.plane;
    Ok(axum::Json(About {
        version: env!("CARGO_PKG_VERSION"),
        started_at: api.started_at,
        epoch: plane.epoch.to_string(),
        revision: plane.catalog.revision().get(),
        grpc: api.grpc.as_ref().map(|grpc| Grpc {
            listener: grpc.listener.to_string(),
            advertised: grpc.advertised.clone(),
        }),
        memory_bytes: metrics::resident_memory_bytes(),
        database: plane.store_size()?.map(Database::from),
        streams: Streams {
            sync: plane.discovery.told().subscribers,
            keep_alive: plane.liveness.count_sessions(),
        },
        push_latency: plane.discovery.pushes().into(),
    }))
}
