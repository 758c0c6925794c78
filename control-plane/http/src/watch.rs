//! Changes as they happen: `/api/v1/watch`, server-sent events.
//!
//! A stream holds no queue: it pulls from the log's tail when the connection can take more, at most
//! one read of the log ahead. Every event carries its revision as the id, and one that was filtered
//! out moves the id on with the next keep-alive, so a client that comes back misses nothing, hears
//! nothing twice and does not go through what it does not want again.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse as _, Response, Sse, sse::Event},
};
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use merak_core::{self as core, Kind, Tail};
use merak_model::{NamespaceName, Revision, ServiceName};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    caller::RestCaller,
    change::{Change, ChangeKind},
    extract::Query,
    problem::{HistoryProblems, Problem},
};

/// How often a quiet stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The operation that watches.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(watch_changes))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WatchQuery {
    /// Only changes of this kind.
    kind: Option<ChangeKind>,
    /// Only changes of this namespace and of what is in it.
    #[param(value_type = Option<String>, example = "default")]
    namespace: Option<NamespaceName>,
    /// Only changes of a service of this name and of its instances.
    #[param(value_type = Option<String>, example = "com.shop/pay")]
    service: Option<ServiceName>,
    /// Begin after this revision; by default with what happens from now on.
    after: Option<u64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "describes a header that is read from the header map"
)]
struct WatchHeaders {
    /// The revision after which to go on; goes before `after`. Browsers send it by themselves.
    #[param(rename = "Last-Event-ID", nullable = false)]
    last_event_id: Option<u64>,
}

/// The first event of a watch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WatchReady, example = json!({"revision": 44, "epoch": "0b9e"}))]
pub(crate) struct Ready {
    /// The revision after which the events begin.
    revision: u64,
    /// Names the history that revisions belong to. If it is another one than before, the control
    /// plane was restored from a backup: read everything anew.
    epoch: String,
}

/// A watch under way.
struct Watch {
    tail: Tail,
    filter: WatchQuery,
    /// What was read and is not sent yet: one read of the log at most.
    pending: VecDeque<core::Change>,
    keep_alive: Interval,
    /// Everything up to it was sent or filtered out.
    at: Revision,
    request_id: String,
    is_over: bool,
}

impl WatchQuery {
    fn wants(&self, change: &core::Change) -> bool {
        let key = &change.key;
        self.kind.is_none_or(|kind| key.kind() == Kind::from(kind))
            && self
                .namespace
                .as_ref()
                .is_none_or(|name| key.namespace() == name)
            && self
                .service
                .as_ref()
                .is_none_or(|name| key.service() == Some(name))
    }
}

impl Watch {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if self.is_over {
            return None;
        }
        loop {
            while let Some(change) = self.pending.pop_front() {
                self.at = change.revision;
                if self.filter.wants(&change) {
                    let event = event("change", self.at, &Change::from(&change));
                    return Some((Ok(event), self));
                }
            }
            tokio::select! {
                changes = self.tail.next() => match changes {
                    Ok(Some(changes)) => self.pending.extend(changes),
                    Ok(None) => return None,
                    Err(error) => {
                        self.is_over = true;
                        let problem = Problem::from(error).body(&self.request_id);
                        return Some((Ok(event("problem", self.at, &problem)), self));
                    }
                },
                // An id without data is no event, and the client resumes from it all the same.
                _ = self.keep_alive.tick() => {
                    let alive = Event::default().comment("").id(self.at.to_string());
                    return Some((Ok(alive), self));
                }
            }
        }
    }
}

fn event<T: Serialize>(name: &str, at: Revision, data: &T) -> Event {
    let event = Event::default().event(name).id(at.to_string());
    event.json_data(data).expect("answers are plain data")
}

/// Where the client wants to go on, or now.
fn start_of(api: &Api, query: &WatchQuery, headers: &HeaderMap) -> Result<Revision, Problem> {
    let Some(last) = headers.get(LAST_EVENT_ID) else {
        let now = || api.plane.catalog.revision();
        return Ok(query.after.map_or_else(now, Revision));
    };
    let last = last.to_str().ok().and_then(|last| last.parse().ok());
    last.map(Revision)
        .ok_or_else(|| Problem::header("Last-Event-ID", "not a revision"))
}

/// Watches changes as they happen, as server-sent events.
///
/// The first event is `ready`; then each change is an event `change` whose id is its revision and
/// whose data is the change as JSON. Every 15 seconds a comment with an id shows that the stream
/// lives. A stream that cannot go on ends with an event `problem`. When the control plane shuts down
/// it ends: connect again.
#[utoipa::path(
    get, path = "/api/v1/watch", tag = "changes",
    params(WatchQuery, WatchHeaders),
    responses(
        (status = 200, description = "A stream of events `ready`, `change` and `problem`",
            content((Change = "text/event-stream"))),
        HistoryProblems,
    ),
)]
async fn watch_changes(
    State(api): State<Api>,
    Query(query): Query<WatchQuery>,
    RestCaller(caller): RestCaller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let start = start_of(&api, &query, &headers)?;
    let tail = api.plane.history.tail(start).await?;
    let mut keep_alive = tokio::time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = Watch {
        tail,
        filter: query,
        pending: VecDeque::new(),
        keep_alive,
        at: start,
        request_id: caller.request_id,
        is_over: false,
    };
    let ready = Ready {
        revision: start.get(),
        epoch: api.plane.epoch.to_string(),
    };
    let ready = stream::iter([Ok(event("ready", start, &ready))]);
    let events = ready.chain(stream::unfold(watch, Watch::next));
    Ok(answer(events.take_until(api.drain.cancelled_owned())))
}

fn answer(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    // Asks proxies such as nginx to pass events on as they come.
    let unbuffered = (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    ([unbuffered], Sse::new(events)).into_response()
}
