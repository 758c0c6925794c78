//! The description of the API: generated from the handlers, so that none is left out.

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Api, about, analyze, change, instance, namespace, nearby_rule, operations,
    problem::ProblemBody,
    rate_limit_rule, rate_limit_usage, routing_rule, service, simulate, subscriber, trend, warning,
    watch::{self, Ready},
};

/// What the description says beside the operations.
#[derive(OpenApi)]
#[openapi(
    info(title = "Merak", description = "\
The admin API of Merak, a control plane for service governance.

- Bodies are JSON in snake_case, times are RFC 3339, and unknown fields and parameters are refused.
- Lists come a page at a time: `page_size` (1..=500, default 50), and `page_token` with the
  `next_page_token` of the page before. Pages are by key: what was there before the first page and
  stays comes exactly once, whatever is added meanwhile.
- Filters are query parameters, and all of them must match. Text matches as a whole,
  as `text*` by its beginning, as `*text*` anywhere; metadata by `metadata=key:value`, once for each
  entry. A backslash takes the meaning from a `*`, a `:` or a backslash after it.
- Errors are `application/problem+json` (RFC 9457) with a stable `code`; `errors` names each refused
  part by JSON pointer, parameter or header.
- A request whose target is longer than 64 KiB is answered 414 before it is looked at: without a body,
  and without `X-Request-Id`.
- The ETag of a thing is its revision in double quotes. Reads take `If-None-Match`; PUT, PATCH and
  DELETE take `If-Match`, with up to 8 ETags or `*`, or `If-None-Match: *` for what must not exist. Rules
  are not changed without one of them: that is refused with 428, and with 412 and the rule as it is if
  that is another one.
- Every write takes `dry_run=true`: it is decided and answered, with `X-Dry-Run: true`, and not done.
- `as_of` reads the past: the state after a revision or at a time.
- `X-Request-Id` is taken from the request (1..=128 visible ASCII characters) or made up; it is in the
  answer, in the log and in the change log."),
    tags(
        (name = "namespaces", description = "What separates teams or environments"),
        (name = "services", description = "What callers name"),
        (name = "instances", description = "The processes that serve a service"),
        (name = "subscribers", description = "Who watches a service"),
        (name = "routing-rules", description = "Which instances a call may get"),
        (name = "nearby-rules", description = "Instances near the caller first"),
        (name = "rate-limit-rules", description = "How many calls a service takes"),
        (name = "simulate", description = "Where a call would go, and why"),
        (name = "analyze", description = "Whether rules are right, and mean what was meant"),
        (name = "changes", description = "Who changed what, and as it happens"),
        (name = "operations", description = "What operators and their machines ask"),
    ),
    components(schemas(ProblemBody, Ready)),
)]
struct Description;

/// Every operation, with its description: there is no other way into the router.
pub(crate) fn operations() -> OpenApiRouter<Api> {
    let mut operations = OpenApiRouter::with_openapi(Description::openapi())
        .merge(namespace::router())
        .merge(trend::router())
        .merge(service::router())
        .merge(instance::router())
        .merge(subscriber::router())
        .merge(routing_rule::router())
        .merge(nearby_rule::router())
        .merge(rate_limit_rule::router())
        .merge(rate_limit_usage::router())
        .merge(simulate::router())
        .merge(warning::router())
        .merge(analyze::router())
        .merge(change::router())
        .merge(watch::router())
        .merge(about::router())
        .merge(operations::router());
    let description = operations.get_openapi_mut();
    change::describe_changed(description);
    operations
}

/// The description of the API, as `/openapi.json` serves it.
pub fn openapi() -> String {
    text_of(&operations().into_openapi())
}

/// A description as text.
pub(crate) fn text_of(description: &utoipa::openapi::OpenApi) -> String {
    let json = description.to_pretty_json();
    json.expect("the description is plain data") + "\n"
}
