//! The rate limits of the tour, and those who call more often than they allow.

use std::time::Duration;

use anyhow::Context as _;
use merak_proto::demo::{DoPayRequest, pay_client::PayClient};
use merak_sdk::Client;
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic::Code;

use super::super::{
    CALL_LIMIT, USER,
    admission::{Admission, Limit},
    flood::{Flood, flood},
    system::{PAY, System},
};

pub(super) const LOCAL: &str = "rate-limit-rules/micro-pay-by-caller";
pub(super) const GLOBAL: &str = "rate-limit-rules/micro-api-scrapers";

/// Services that pay too often; each has counters of its own.
pub(super) const CALLERS: [&str; 2] = ["batch", "report"];

/// A user who orders too often.
pub(super) const SCRAPER: u64 = 99;

/// How long calls are counted, and how long some are made before that.
pub(super) const FLOOD: Duration = Duration::from_secs(2);
pub(super) const WARM_UP: Duration = Duration::from_millis(1100);

/// Calls a second.
const MAX: u32 = 50;

/// For each of those callers; others are not limited.
pub(super) fn by_caller() -> Value {
    json!({
        "description": "batch jobs pay slowly",
        "callee": {"service": "micro-pay"},
        "arguments": [{"on": "caller_service", "op": "in", "values": CALLERS}],
        "amounts": [{"max": MAX, "window_ms": 1000}],
    })
}

/// For a user, wherever the user comes in.
pub(super) fn of_scrapers() -> Value {
    json!({
        "description": "who reads everything is slowed down, by all replicas together",
        "callee": {"service": "micro-api"},
        "arguments": [{"on": "header", "key": USER, "op": "exact", "value": SCRAPER.to_string()}],
        "amounts": [{"max": MAX, "window_ms": 1000}],
        "scope": "global",
    })
}

/// Pays as a service, too often.
pub(super) async fn pay_as(system: &System, service: &str) -> anyhow::Result<Flood> {
    let client = Client::builder(format!("http://{}", system.grpc)).service(service);
    let pay = PayClient::new(client.build()?.channel("micro-pay")?);
    flood(FLOOD, |_| {
        let mut pay = pay.clone();
        async move {
            let payment = DoPayRequest {
                order_id: "batch".to_owned(),
                amount: 100,
                channel: "card".to_owned(),
            };
            let paid = timeout(CALL_LIMIT, pay.do_pay(payment)).await;
            match paid.with_context(|| format!("no answer within {CALL_LIMIT:?}"))? {
                Ok(_) => Ok(true),
                Err(status) if status.code() == Code::ResourceExhausted => Ok(false),
                Err(status) => Err(status.into()),
            }
        }
    })
    .await
}

pub(super) fn by_caller_admitted(caller: &str, flood: Flood) -> Admission {
    let limit = Limit::Local {
        max: MAX,
        replicas: PAY.len(),
    };
    let of = format!("{caller} at micro-pay");
    Admission::new(&of, limit, (flood.sent, flood.admitted), flood.took)
}

pub(super) fn all_admitted(flood: Flood) -> Admission {
    let of = format!("user {SCRAPER} at micro-api");
    let limit = Limit::Global { max: MAX };
    Admission::new(&of, limit, (flood.sent, flood.admitted), flood.took)
}
