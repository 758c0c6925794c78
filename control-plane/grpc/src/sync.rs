//! `merak.v1.Discovery` as a tower service whose answers may be encoded already.
//!
//! The generated server encodes each answer anew for each subscriber. This one differs from it in the
//! type of the answers alone.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{BufMut as _, Bytes};
use http::{Request, Response};
use merak_proto::{codec::buffer_settings, v1};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint},
};
use tonic::{
    Status, Streaming,
    body::Body,
    codec::{BufferSettings, Codec, EncodeBuf, Encoder},
    server::{Grpc, NamedService, StreamingService},
};
use tonic_prost::{ProstCodec, ProstDecoder};
use tower::Service;

use crate::{
    discovery::{DiscoveryService, Updates},
    limits::REQUEST_BYTES,
};

/// The number of the field `subscription` of `SyncResponse`.
const SUBSCRIPTION: u32 = 1;

/// One answer on a Sync stream.
pub(crate) enum Answer {
    Message(v1::SyncResponse),
    /// An update of `SyncResponse` by the number of its field and its encoded body.
    Encoded {
        subscription: u32,
        field: u32,
        body: Bytes,
    },
}

/// Serves `merak.v1.Discovery`.
#[derive(Clone)]
pub(crate) struct SyncServer {
    service: Arc<DiscoveryService>,
}

impl SyncServer {
    pub(crate) fn new(service: DiscoveryService) -> Self {
        Self {
            service: Arc::new(service),
        }
    }
}

impl NamedService for SyncServer {
    const NAME: &'static str = v1::discovery_server::SERVICE_NAME;
}

impl Service<Request<Body>> for SyncServer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.uri().path() != "/merak.v1.Discovery/Sync" {
            let unknown = Status::unimplemented("");
            return Box::pin(std::future::ready(Ok(unknown.into_http())));
        }
        let method = Sync(Arc::clone(&self.service));
        let limit = Some(REQUEST_BYTES);
        Box::pin(async move {
            let mut grpc = Grpc::new(SyncCodec).apply_max_message_size_config(limit, None);
            Ok(grpc.streaming(method, request).await)
        })
    }
}

struct Sync(Arc<DiscoveryService>);

impl StreamingService<v1::SyncRequest> for Sync {
    type Response = Answer;
    type ResponseStream = Updates;
    type Future = std::future::Ready<Result<tonic::Response<Updates>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<v1::SyncRequest>>) -> Self::Future {
        std::future::ready(Ok(tonic::Response::new(self.0.sync(request))))
    }
}

struct SyncCodec;

impl Codec for SyncCodec {
    type Encode = Answer;
    type Decode = v1::SyncRequest;
    type Encoder = AnswerEncoder;
    type Decoder = ProstDecoder<v1::SyncRequest>;

    fn encoder(&mut self) -> AnswerEncoder {
        AnswerEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<v1::SyncResponse, v1::SyncRequest>::raw_decoder(buffer_settings())
    }
}

struct AnswerEncoder;

impl Encoder for AnswerEncoder {
    type Item = Answer;
    type Error = Status;

    fn encode(&mut self, answer: Answer, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match answer {
            Answer::Message(message) => message
                .encode(buffer)
                .expect("the buffer of a stream grows as it needs"),
            Answer::Encoded {
                subscription,
                field,
                body,
            } => {
                encode_key(SUBSCRIPTION, WireType::Varint, buffer);
                encode_varint(u64::from(subscription), buffer);
                encode_key(field, WireType::LengthDelimited, buffer);
                encode_varint(body.len() as u64, buffer);
                buffer.put(body);
            }
        }
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffer_settings()
    }
}
