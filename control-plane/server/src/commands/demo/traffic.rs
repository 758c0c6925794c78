//! Calls of micro-api, and what became of them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    CALL_LIMIT, USER,
    journal::{Call, Journal},
    order::CreateOrder,
};
use crate::commands::{latency::Latencies, reports::counted};

/// Users who take turns; the tenth of them is [`TESTER`].
const USERS: u64 = 10;

/// Who may see what others do not see yet.
pub(super) const TESTER: u64 = 42;

/// The pause of a caller between two calls, so that the demonstration leaves the machine usable.
const PAUSE: Duration = Duration::from_millis(5);

/// Calls of micro-api.
pub(super) struct Traffic {
    url: String,
    limit: u64,
    begun: AtomicU64,
    tally: Mutex<Tally>,
    journal: Option<Arc<Journal>>,
    done: Notify,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

/// What became of the calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Calls by the replica that served them, a call of two services counting for each.
    pub(super) served_by: BTreeMap<String, u64>,
    pub(super) failed: u64,
    /// Those that began since the last loss was noticed and failed.
    pub(super) failed_lately: u64,
    pub(super) last_failure: Option<String>,
    pub(super) latencies: Latencies,
    lately: Option<Instant>,
}

/// What micro-api says of an order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) served_by: ByService<String>,
    /// Revisions of the rules that the replicas were chosen by: these or newer ones.
    pub(super) rules: ByService<u64>,
}

/// Something of each service that is called by name.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ByService<T> {
    pub(super) order: T,
    pub(super) pay: T,
}

impl Traffic {
    pub(super) fn new(api: &str, limit: u64) -> Self {
        Self {
            url: url_of(api),
            limit,
            begun: AtomicU64::new(0),
            tally: Mutex::default(),
            journal: None,
            done: Notify::new(),
            http: HttpClient::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Calls that are all written down.
    pub(super) fn recorded(api: &str, journal: &Arc<Journal>) -> Self {
        Self {
            journal: Some(Arc::clone(journal)),
            ..Self::new(api, u64::MAX)
        }
    }

    /// Calls until it is told to stop, or has called often enough.
    pub(super) fn drive(self: &Arc<Self>, callers: usize, stop: &CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (traffic, stop) = (Arc::clone(self), stop.clone());
            tasks.spawn(async move {
                while !stop.is_cancelled() {
                    let number = traffic.begun.fetch_add(1, Ordering::Relaxed);
                    if number >= traffic.limit {
                        break;
                    }
                    traffic.call_once(TESTER - number % USERS).await;
                    tokio::time::sleep(PAUSE).await;
                }
                traffic.done.notify_one();
            });
        }
        tasks
    }

    /// Waits until there have been enough calls.
    pub(super) async fn is_done(&self) {
        self.done.notified().await;
    }

    /// From now on, nothing that fails is excused.
    pub(super) fn begin_again(&self) {
        self.tally.lock().lately = Some(Instant::now());
    }

    /// What became of the calls so far.
    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().clone()
    }

    async fn call_once(&self, user: u64) {
        let began = Instant::now();
        let outcome = timeout(CALL_LIMIT, self.create_order(user)).await;
        let outcome = outcome
            .with_context(|| format!("no answer within {CALL_LIMIT:?}"))
            .flatten();
        let mut tally = self.tally.lock();
        match outcome {
            Ok(answer) => {
                tally.latencies.push(began.elapsed());
                for replica in [&answer.served_by.order, &answer.served_by.pay] {
                    *tally.served_by.entry(replica.clone()).or_default() += 1;
                }
                drop(tally);
                if let Some(journal) = &self.journal {
                    journal.write(Call {
                        user,
                        began,
                        ended: Instant::now(),
                        answer,
                    });
                }
            }
            Err(failure) => {
                tally.failed += 1;
                tally.failed_lately += u64::from(tally.lately.is_some_and(|lately| began > lately));
                tally.last_failure = Some(format!("{failure:#}"));
            }
        }
    }

    async fn create_order(&self, user: u64) -> anyhow::Result<Answer> {
        let (status, body) = self.order(&self.url, user).await?;
        anyhow::ensure!(
            status.is_success(),
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(serde_json::from_slice(&body)?)
    }

    /// An order of a user, at any replica of micro-api; false if a limit refuses it.
    pub(super) async fn is_admitted(&self, api: &str, user: u64) -> anyhow::Result<bool> {
        let url = url_of(api);
        let ordering = self.order(&url, user);
        let ordered = timeout(CALL_LIMIT, ordering).await;
        let (status, body) =
            ordered.with_context(|| format!("no answer within {CALL_LIMIT:?}"))??;
        let is_refused = status == StatusCode::TOO_MANY_REQUESTS;
        anyhow::ensure!(
            is_refused || status.is_success(),
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(!is_refused)
    }

    async fn order(&self, url: &str, user: u64) -> anyhow::Result<(StatusCode, Bytes)> {
        let order = CreateOrder {
            business_id: "demo".to_owned(),
            amount: 100,
            channel: "card".to_owned(),
        };
        let request = http::Request::post(url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(USER, user)
            .body(Full::new(Bytes::from(serde_json::to_vec(&order)?)))?;
        let answer = self.http.request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}

fn url_of(api: &str) -> String {
    format!("http://{api}/api/order/create")
}

impl Tally {
    /// Calls that were answered.
    pub(super) fn served(&self) -> u64 {
        self.latencies.len() as u64
    }

    /// One line: how it stands.
    pub(super) fn table(&self, elapsed: Duration) -> String {
        let [p50, p99, _] = self.latencies.quantiles_ms();
        let replicas = self.served_by.iter();
        let replicas: Vec<String> = replicas
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        format!(
            "{:>4} s  {:>6} served  {:>3} failed  p50 {p50:.1} ms  p99 {p99:.1} ms  | {}",
            elapsed.as_secs(),
            self.served(),
            self.failed,
            replicas.join("  ")
        )
    }

    /// How it ended, for programs.
    pub(super) fn json(&self, noticed_after: Option<Duration>) -> Value {
        let [p50_ms, p99_ms, max_ms] = self.latencies.quantiles_ms();
        json!({
            "requests": self.served() + self.failed,
            "failed": self.failed,
            "failed_after_loss_was_noticed": self.failed_lately,
            "last_failure": self.last_failure,
            "served_by": self.served_by,
            "p50_ms": p50_ms, "p99_ms": p99_ms, "max_ms": max_ms,
            "noticed_after_ms": noticed_after.map(|after| after.as_millis() as u64),
        })
    }

    /// Refuses calls that failed without an excuse.
    pub(super) fn require_none_lately(&self) -> anyhow::Result<()> {
        let lately = self.failed_lately;
        let why = self.last_failure.as_deref().unwrap_or_default();
        anyhow::ensure!(
            lately == 0,
            "{} failed although nothing was wrong any more; the last one: {why}",
            counted(lately, "call")
        );
        Ok(())
    }

    /// Some lines: how it ended.
    pub(super) fn summary(&self, noticed_after: Option<Duration>) -> String {
        let [p50, p99, max] = self.latencies.quantiles_ms();
        let mut lines = vec![
            String::new(),
            format!(
                "{} served, {} failed",
                counted(self.served(), "call"),
                self.failed
            ),
            format!("latency p50 {p50:.2} ms, p99 {p99:.2} ms, max {max:.2} ms"),
        ];
        for (replica, count) in &self.served_by {
            lines.push(format!("  {replica:<14} {count:>8}"));
        }
        if let Some(after) = noticed_after {
            lines.push(format!(
                "the loss was noticed after {:.2} s; {} failed after that",
                after.as_secs_f64(),
                counted(self.failed_lately, "call")
            ));
        }
        lines.extend(
            self.last_failure
                .iter()
                .map(|last| format!("the last failure: {last}")),
        );
        lines.join("\n")
    }
}
