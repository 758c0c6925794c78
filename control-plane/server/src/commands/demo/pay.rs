//! micro-pay: takes payments over gRPC.

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

use merak_proto::demo::{
    DoPayRequest, DoPayResponse,
    pay_server::{Pay, PayServer},
};
use merak_sdk::{CallerLayer, Client, limiter::LimitLayer};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

struct Payments {
    name: String,
    last: AtomicU64,
}

pub(super) async fn serve(
    listener: TcpListener,
    client: Client,
    name: &str,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let payments = Payments {
        name: name.to_owned(),
        last: AtomicU64::new(0),
    };
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let limiter = client.limiter("micro-pay").await?;
    Server::builder()
        .layer(CallerLayer)
        .layer(LimitLayer::grpc(limiter))
        .add_service(PayServer::new(payments))
        .serve_with_incoming_shutdown(incoming, stopped)
        .await?;
    Ok(())
}

#[tonic::async_trait]
impl Pay for Payments {
    async fn do_pay(
        &self,
        request: Request<DoPayRequest>,
    ) -> Result<Response<DoPayResponse>, Status> {
        let payment = request.into_inner();
        if payment.amount == 0 {
            return Err(Status::invalid_argument("amount: 0 is outside 1.."));
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Response::new(DoPayResponse {
            payment_id: format!("{}-{number}", self.name),
            served_by: self.name.clone(),
        }))
    }
}
