//! What is answered: to a rejected request, and beside every answer.

use std::{fmt::Write as _, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::RETRY_AFTER};
use merak_model::routing::RuleKey;
use prost::Message;
use tonic::{Code, Status};

use crate::limiter::{AmountStanding, Rejected};

/// Requests and answers of plain HTTP.
#[derive(Debug, Clone, Copy)]
pub enum Http {}

/// Requests and answers of gRPC.
#[derive(Debug, Clone, Copy)]
pub enum Grpc {}

/// How a protocol names its methods.
pub trait Protocol {
    /// The method that rules see, of a request with this verb and path.
    fn method<'r>(verb: &'r str, path: &'r str) -> &'r str;
}

/// How a protocol answers a request that is rejected, with bodies of type `B`.
pub trait Refuse<B>: Protocol {
    /// The answer.
    fn refuse(rejected: &Rejected) -> Response<B>;
}

impl Protocol for Http {
    fn method<'r>(verb: &'r str, _: &'r str) -> &'r str {
        verb
    }
}

impl Protocol for Grpc {
    fn method<'r>(_: &'r str, path: &'r str) -> &'r str {
        path.strip_prefix('/').unwrap_or(path)
    }
}

impl<B: From<String>> Refuse<B> for Http {
    fn refuse(rejected: &Rejected) -> Response<B> {
        let wanted = rejected.response();
        let mut response = Response::new(B::from(wanted.body().to_owned()));
        *response.status_mut() = StatusCode::from_u16(wanted.status())
            .expect("a status of 400..=599, checked when the rule was read");
        let headers = response.headers_mut();
        if let Some(time) = rejected.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(time)));
        }
        for (name, value) in wanted.headers() {
            let name = HeaderName::try_from(name);
            let value = HeaderValue::try_from(value);
            headers.insert(
                name.expect("a token, checked when the rule was read"),
                value.expect("visible ASCII, checked when the rule was read"),
            );
        }
        response
    }
}

impl<B: Default> Refuse<B> for Grpc {
    fn refuse(rejected: &Rejected) -> Response<B> {
        rejected.status().into_http()
    }
}

impl Rejected {
    /// What a gRPC call that is rejected ends with.
    pub(crate) fn status(&self) -> Status {
        let message = match self.response().body() {
            "" => self.to_string(),
            body => body.to_owned(),
        };
        match self.retry_after() {
            None => Status::new(Code::ResourceExhausted, message),
            Some(time) => {
                let details = retry_details(&message, time);
                Status::with_details(Code::ResourceExhausted, message, details.into())
            }
        }
    }
}

/// `google.rpc.Status`, which carries the details of a gRPC status.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<RetryDelay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct RetryDelay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

fn retry_details(message: &str, time: Duration) -> Vec<u8> {
    let retry_delay = RetryDelay {
        seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(time.subsec_nanos()).expect("less than a second"),
    };
    let info = RetryInfo {
        retry_delay: Some(retry_delay),
    };
    let details = Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: info.encode_to_vec(),
    };
    let status = RpcStatus {
        code: Code::ResourceExhausted.into(),
        message: message.to_owned(),
        details: vec![details],
    };
    status.encode_to_vec()
}

/// Tells what is left of the amounts that a request was counted on.
pub(super) fn tell_standing(headers: &mut HeaderMap, standing: &[(RuleKey, AmountStanding)]) {
    let (mut policies, mut limits) = (String::new(), String::new());
    for (index, (rule, standing)) in standing.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // A rule may have several amounts, and each is a policy of its own: the window tells them apart.
        let window = standing.amount.window();
        let name = format!("{separator}\"{}/{}\"", rule.name, window.as_millis());
        policies += &name;
        write!(policies, ";q={}", standing.amount.max()).expect("text takes all");
        if window.subsec_nanos() == 0 {
            write!(policies, ";w={}", window.as_secs()).expect("text takes all");
        }
        limits += &name;
        write!(limits, ";r={}", standing.left).expect("text takes all");
        if !standing.full_in.is_zero() {
            let seconds = whole_seconds(standing.full_in);
            write!(limits, ";t={seconds}").expect("text takes all");
        }
    }
    for (name, value) in [("ratelimit-policy", policies), ("ratelimit", limits)] {
        if !value.is_empty() {
            let value = HeaderValue::try_from(value).expect("names of rules are ASCII");
            headers.append(HeaderName::from_static(name), value);
        }
    }
}

/// Seconds, rounded up: who waits so long does not come too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
