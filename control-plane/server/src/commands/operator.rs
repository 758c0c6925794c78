//! An operator of the control plane, who writes rules over REST.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{sleep, timeout};

/// How long an answer, and obedience, may take on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(10);

/// How often an operator looks whether a rule is obeyed by now.
const LOOK: Duration = Duration::from_millis(2);

/// Who writes rules over REST.
pub(super) struct Operator {
    base: String,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

/// A rule as it was written.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Written {
    pub(super) revision: u64,
}

/// Who obeys a rule.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Status {
    pub(super) subscriber_count: usize,
    pub(super) applied_count: usize,
}

impl Operator {
    /// The operator of a namespace of the control plane at `host:port`.
    pub(super) fn new(http: &str, namespace: &str) -> Self {
        Self {
            base: format!("http://{http}/api/v1/namespaces/{namespace}"),
            http: HttpClient::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Writes a rule that does not exist, or that is as it was written before.
    pub(super) async fn put(
        &self,
        rule: &str,
        before: Option<Written>,
        body: &Value,
    ) -> anyhow::Result<Written> {
        let (precondition, value) = match before {
            Some(before) => (header::IF_MATCH, format!("\"{}\"", before.revision)),
            None => (header::IF_NONE_MATCH, "*".to_owned()),
        };
        let request = http::Request::put(format!("{}/{rule}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .header(precondition, value)
            .body(Full::new(Bytes::from(serde_json::to_vec(body)?)))?;
        let written = self.exchange(request).await;
        let written = written.with_context(|| format!("PUT {rule}"))?;
        Ok(serde_json::from_slice(&written)?)
    }

    /// Waits until every caller obeys a rule.
    pub(super) async fn obeyed(&self, rule: &str) -> anyhow::Result<Status> {
        let looking = async {
            loop {
                let request = http::Request::builder()
                    .method(Method::GET)
                    .uri(format!("{}/{rule}/status", self.base))
                    .body(Full::default())?;
                let status: Status = serde_json::from_slice(&self.exchange(request).await?)?;
                if status.applied_count == status.subscriber_count {
                    return anyhow::Ok(status);
                }
                sleep(LOOK).await;
            }
        };
        let obeyed = timeout(LIMIT, looking).await;
        obeyed.with_context(|| format!("{rule} is not obeyed by all after {LIMIT:?}"))?
    }

    async fn exchange(&self, request: http::Request<Full<Bytes>>) -> anyhow::Result<Bytes> {
        let answering = async {
            let answer = self.http.request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            anyhow::ensure!(
                status.is_success(),
                "{status}: {}",
                String::from_utf8_lossy(&body)
            );
            Ok(body)
        };
        let answer = timeout(LIMIT, answering).await;
        answer.with_context(|| format!("no answer within {LIMIT:?}"))?
    }
}
