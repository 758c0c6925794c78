//! micro-api: what the outside calls, over HTTP.

use std::{future::Future, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use merak_sdk::{Call, Client};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};

use super::{ORDER_LIMIT, order::CreateOrder};

/// Instances that are tried for one request.
const ATTEMPTS: usize = 3;

struct Api {
    client: Client,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

pub(super) async fn serve(
    listener: TcpListener,
    client: Client,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let http = HttpClient::builder(TokioExecutor::new()).build_http();
    let api = Arc::new(Api { client, http });
    let router = Router::new()
        .route("/api/order/create", post(create))
        .with_state(api);
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await?;
    Ok(())
}

async fn create(State(api): State<Arc<Api>>, Json(order): Json<CreateOrder>) -> Response {
    match api.forward(&order).await {
        Ok(answer) => Json(answer).into_response(),
        Err(why) => {
            let problem = json!({"error": format!("{why:#}")});
            (StatusCode::BAD_GATEWAY, Json(problem)).into_response()
        }
    }
}

impl Api {
    /// Has a replica of micro-order create the order. Where one cannot be connected to, another one is
    /// asked; what was sent is not sent again.
    async fn forward(&self, order: &CreateOrder) -> anyhow::Result<Value> {
        let body = Bytes::from(serde_json::to_vec(order)?);
        let mut failed = Vec::new();
        loop {
            let call = Call::to("micro-order")
                .path("/order/create")
                .excluding(&failed);
            let instance = self.client.pick(&call).await?;
            let request =
                http::Request::post(format!("http://{}/order/create", instance.address()))
                    .header(http::header::CONTENT_TYPE, "application/json")
                    .body(Full::new(body.clone()))?;
            let exchange = async {
                let answer = self.http.request(request).await?;
                let status = answer.status();
                let body = answer
                    .into_body()
                    .collect()
                    .await
                    .map(|body| body.to_bytes());
                Ok::<_, hyper_util::client::legacy::Error>((status, body))
            };
            let exchange = timeout(ORDER_LIMIT, exchange).await;
            match exchange.with_context(|| format!("no order within {ORDER_LIMIT:?}"))? {
                Ok((status, body)) => {
                    let body = body?;
                    anyhow::ensure!(status.is_success(), "{}", String::from_utf8_lossy(&body));
                    return Ok(serde_json::from_slice(&body)?);
                }
                Err(failure) if failure.is_connect() && failed.len() + 1 < ATTEMPTS => {
                    failed.push(instance.id.clone());
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}
