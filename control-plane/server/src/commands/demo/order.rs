//! micro-order: creates orders over HTTP, and has them paid over gRPC.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Extension, Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use merak_proto::demo::{DoPayRequest, pay_client::PayClient};
use merak_sdk::{CallerIdentity, CallerLayer, Client, Service, ServiceChannel};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};

use super::PAY_LIMIT;

/// An order as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateOrder {
    pub(super) business_id: String,
    /// In cents; 1 or more.
    pub(super) amount: u64,
    pub(super) channel: String,
}

struct Orders {
    name: String,
    pay: PayClient<ServiceChannel>,
    /// What is known of micro-pay.
    payers: Service,
    last: AtomicU64,
}

pub(super) async fn serve(
    listener: TcpListener,
    client: Client,
    name: &str,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let orders = Arc::new(Orders {
        name: name.to_owned(),
        pay: PayClient::new(client.channel("micro-pay")?),
        payers: client.service("micro-pay").await?,
        last: AtomicU64::new(0),
    });
    let router = Router::new()
        .route("/order/create", post(create))
        .layer(CallerLayer)
        .with_state(orders);
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await?;
    Ok(())
}

async fn create(
    State(orders): State<Arc<Orders>>,
    Extension(caller): Extension<CallerIdentity>,
    Json(order): Json<CreateOrder>,
) -> Response {
    match orders.create(order, &caller).await {
        Ok(answer) => Json(answer).into_response(),
        Err(status) => {
            let problem = json!({"error": status.message()});
            (StatusCode::BAD_GATEWAY, Json(problem)).into_response()
        }
    }
}

impl Orders {
    async fn create(
        &self,
        order: CreateOrder,
        caller: &CallerIdentity,
    ) -> Result<Value, tonic::Status> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let order_id = format!("{}-{number}", self.name);
        let payment = DoPayRequest {
            order_id: order_id.clone(),
            amount: order.amount,
            channel: order.channel,
        };
        // The replica is chosen by these rules or newer ones.
        let rules = self.payers.state().rules_revision();
        let mut pay = self.pay.clone();
        let paid = timeout(PAY_LIMIT, pay.do_pay(payment)).await;
        let late = |_| tonic::Status::deadline_exceeded(format!("not paid within {PAY_LIMIT:?}"));
        let paid = paid.map_err(late)??.into_inner();
        Ok(json!({
            "orderId": order_id,
            "businessId": order.business_id,
            "paymentId": paid.payment_id,
            "calledBy": caller.service.as_ref().map(ToString::to_string),
            "servedBy": {"order": self.name, "pay": paid.served_by},
            "rules": {"pay": rules.get()},
        }))
    }
}
