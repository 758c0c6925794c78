//! micro-api: what the outside calls, over HTTP.

use std::{future::Future, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use merak_sdk::{Client, HttpService, Service, limiter::LimitLayer};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};

use super::{ORDER_LIMIT, USER, order::CreateOrder};

struct Api {
    orders: HttpService<Full<Bytes>>,
    /// What is known of micro-order.
    order: Service,
}

pub(super) async fn serve(
    listener: TcpListener,
    client: Client,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let api = Arc::new(Api {
        orders: client.http("micro-order")?,
        order: client.service("micro-order").await?,
    });
    let limiter = client.limiter("micro-api").await?;
    // The control plane counts for all replicas together.
    limiter.join(&client);
    let router = Router::new()
        .route("/api/order/create", post(create))
        .layer(LimitLayer::http(limiter))
        .with_state(api);
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await?;
    Ok(())
}

async fn create(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Json(order): Json<CreateOrder>,
) -> Response {
    match api.forward(&headers, &order).await {
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
    async fn forward(&self, headers: &HeaderMap, order: &CreateOrder) -> anyhow::Result<Value> {
        let body = Bytes::from(serde_json::to_vec(order)?);
        let mut request = http::Request::post("/order/create")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        if let Some(user) = headers.get(USER) {
            request.headers_mut().insert(USER, user.clone());
        }
        // The replica is chosen by these rules or newer ones.
        let rules = self.order.state().rules_revision();
        let exchange = async {
            let answer = self.orders.request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            anyhow::ensure!(status.is_success(), "{}", String::from_utf8_lossy(&body));
            let mut answer: Value = serde_json::from_slice(&body)?;
            answer["rules"]["order"] = rules.get().into();
            Ok(answer)
        };
        let exchange = timeout(ORDER_LIMIT, exchange).await;
        exchange.with_context(|| format!("no order within {ORDER_LIMIT:?}"))?
    }
}
