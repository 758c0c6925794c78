//! A control plane in memory, and what one says to its API.

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use merak_core::{ControlPlane, ManualClock, Settings, testing::MemoryStore};
use merak_http::GrpcEndpoint;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(crate) const PAY: &str = "/api/v1/namespaces/default/services/pay";

pub(crate) const RULES: &str = "/api/v1/namespaces/default/routing-rules";
pub(crate) const NEARBY: &str = "/api/v1/namespaces/default/nearby-rules";
pub(crate) const LIMITS: &str = "/api/v1/namespaces/default/rate-limit-rules";

/// A rule that sends calls to `callee` to its version `v1` and, by `weight`, to `v2`.
pub(crate) fn canary(callee: &str, weight: u64) -> Value {
    json!({
        "callee": {"service": callee},
        "branches": [{"name": "all", "targets": [
            {"labels": {"version": "v1"}, "weight": 100 - weight, "priority": 0},
            {"labels": {"version": "v2"}, "weight": weight, "priority": 0},
        ], "when_empty": "next_branch"}],
        "enabled": true, "priority": 0, "otherwise": "fall_through",
    })
}

pub(crate) struct TestApi {
    pub(crate) router: Router,
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: MemoryStore,
    pub(crate) drain: CancellationToken,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body as JSON; null if it is none.
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl TestApi {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let (store, clock) = (MemoryStore::default(), Arc::new(ManualClock::default()));
        let plane = ControlPlane::start(Arc::new(store.clone()), Arc::clone(&clock) as _, settings);
        let plane = Arc::new(plane.await.unwrap());
        let drain = CancellationToken::new();
        let grpc = GrpcEndpoint {
            listener: "127.0.0.1:8091".parse().unwrap(),
            advertised: Some("https://merak.example.com".to_owned()),
        };
        Self {
            router: merak_http::router(Arc::clone(&plane), Some(grpc), drain.clone()),
            plane,
            clock,
            store,
            drain,
        }
    }

    /// Sends a request with headers; a body that is not null is JSON.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let has_type = headers.iter().any(|(name, _)| *name == "content-type");
        let request = if body.is_null() {
            request.body(Body::empty())
        } else {
            if !has_type {
                request = request.header(header::CONTENT_TYPE, "application/json");
            }
            request.body(body.to_string().into())
        };
        self.ask(request.unwrap()).await
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Value::Null).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, &[], body).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, &[], body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Value::Null).await
    }

    /// Puts what must be at a revision, as its ETag says.
    pub(crate) async fn put_if(&self, path: &str, etag: &str, body: Value) -> Answer {
        let header = match etag {
            "*" => ("if-none-match", "*"),
            etag => ("if-match", etag),
        };
        self.send(Method::PUT, path, &[header], body).await
    }

    pub(crate) async fn delete_if(&self, path: &str, etag: &str) -> Answer {
        let headers = [("if-match", etag)];
        self.send(Method::DELETE, path, &headers, Value::Null).await
    }

    /// Puts an instance `pay-<number>` at port `number`.
    pub(crate) async fn put_instance(&self, number: usize) -> Answer {
        let path = format!("{PAY}/instances/pay-{number}");
        let answer = self
            .put(&path, json!({"host": "10.0.0.7", "port": number}))
            .await;
        assert!(answer.status.is_success(), "{}", answer.text);
        answer
    }

    pub(crate) fn revision(&self) -> u64 {
        self.plane.catalog.revision().get()
    }
}

impl Answer {
    /// The status, the code of the problem and the first place that is refused.
    pub(crate) fn problem(&self) -> (u16, &str, &str) {
        let place = &self.json["errors"][0];
        let place = ["pointer", "parameter", "header"]
            .iter()
            .find_map(|kind| place[kind].as_str())
            .unwrap_or_default();
        let code = self.json["code"].as_str().unwrap_or_default();
        (self.status.as_u16(), code, place)
    }

    /// The rule of an answer to a write, as it is read.
    pub(crate) fn rule(&self) -> Value {
        let mut rule = self.json.clone();
        let warnings = rule.as_object_mut().unwrap().remove("warnings");
        assert!(warnings.is_some_and(|warnings| warnings.is_array()));
        rule
    }

    pub(crate) fn detail(&self) -> &str {
        self.json["detail"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// What each item of a list has under `key`, as text.
    pub(crate) fn column(&self, key: &str) -> Vec<String> {
        let items = self.json["items"].as_array().unwrap();
        let texts = items.iter().map(|item| {
            let text = item[key].as_str().map(str::to_owned);
            text.unwrap_or_else(|| item[key].to_string())
        });
        texts.collect()
    }

    pub(crate) fn next_page_token(&self) -> Option<&str> {
        self.json["next_page_token"].as_str()
    }
}
