//! What commands ask a running control plane over its REST API.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header, uri::Scheme};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// The server that is asked unless another is named.
const DEFAULT: &str = "http://127.0.0.1:8090";

/// An answer takes at most 30 s on the server, and a moment on the way.
const LIMIT: Duration = Duration::from_secs(35);

/// The longest answer that is read.
const ANSWER_LIMIT_BYTES: usize = 64 << 20;

/// The REST API of a control plane.
pub(super) struct Api {
    server: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Api {
    /// The API of a server such as `http://127.0.0.1:8090`.
    ///
    /// # Errors
    /// When that is no address of a server.
    pub(super) fn new(server: &str) -> anyhow::Result<Self> {
        let uri: Uri = server
            .parse()
            .with_context(|| format!("--server {server}"))?;
        let is_server = uri.scheme() == Some(&Scheme::HTTP) && ["", "/"].contains(&uri.path());
        anyhow::ensure!(
            is_server && uri.authority().is_some() && uri.query().is_none(),
            "--server {server}: expected http://HOST:PORT"
        );
        Ok(Self {
            server: server.trim_end_matches('/').to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        })
    }

    /// The API of the server that is named, or of the one that `MERAK_SERVER` names, or of this machine's.
    ///
    /// # Errors
    /// When that is no address of a server.
    pub(super) fn of(named: Option<&str>) -> anyhow::Result<Self> {
        let variable = crate::config::server_variable()?;
        Self::new(named.or(variable.as_deref()).unwrap_or(DEFAULT))
    }

    /// Posts JSON and reads the answer.
    ///
    /// # Errors
    /// When the server cannot be asked, or refuses the request: what it says of it.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::post(format!("{}{path}", self.server))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))?;
        let (status, json) = self.ask(request).await?;
        if status.is_success() {
            return Ok(json);
        }
        Err(self.refusal(status, &json))
    }

    /// Deletes a thing, if it is there; false if it holds others, and stays.
    ///
    /// # Errors
    /// When the server cannot be asked, or refuses it otherwise: what it says of it.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<bool> {
        let request = Request::delete(format!("{}{path}", self.server));
        let (status, json) = self.ask(request.body(Full::default())?).await?;
        match status {
            StatusCode::CONFLICT => Ok(false),
            StatusCode::NOT_FOUND => Ok(true),
            status if status.is_success() => Ok(true),
            status => Err(self.refusal(status, &json)),
        }
    }

    fn refusal(&self, status: StatusCode, json: &Value) -> anyhow::Error {
        let detail = json["detail"].as_str().unwrap_or("it is no Merak");
        anyhow::anyhow!("{} answers {status}: {detail}", self.server)
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Value)> {
        let ask = async {
            let answer = self.client.request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_LIMIT_BYTES)
                .collect()
                .await;
            let body = body.map_err(|error| anyhow::anyhow!(error))?;
            anyhow::Ok((status, body.to_bytes()))
        };
        let answer = tokio::time::timeout(LIMIT, ask).await;
        let answer = answer
            .with_context(|| format!("no answer within {LIMIT:?}"))
            .flatten();
        let (status, body) = answer.with_context(|| format!("ask {}", self.server))?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}

/// A text as a value of a query.
pub(super) fn percent_encoded(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}
