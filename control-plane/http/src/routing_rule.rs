//! Routing rules: `/api/v1/namespaces/{namespace}/routing-rules`.

use merak_model::{
    self as model, NamespaceName, Timestamp,
    routing::{RoutingRuleDocument, RuleName},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::rule::schema;

/// A routing rule: which of a service's instances a call may get.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "namespace": "default", "name": "canary", "enabled": true, "priority": 10,
    "callee": {"service": "com.shop/pay"},
    "branches": [{"targets": [
        {"labels": {"version": "v1"}, "weight": 70}, {"labels": {"version": "v2"}, "weight": 30},
    ]}],
    "otherwise": "fall_through", "revision": 45, "created_revision": 44,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct RoutingRule {
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    name: RuleName,
    #[serde(flatten)]
    #[schema(value_type = schema::RoutingRuleSpec)]
    spec: RoutingRuleDocument,
    /// The change that last touched it; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

impl From<&model::routing::RoutingRule> for RoutingRule {
    fn from(rule: &model::routing::RoutingRule) -> Self {
        let model::routing::RoutingRule { key, spec, stamp } = rule.clone();
        Self {
            namespace: key.namespace,
            name: key.name,
            spec: spec.into(),
            revision: stamp.revision.get(),
            created_revision: stamp.created_revision.get(),
            created_at: stamp.created_at,
            modified_at: stamp.modified_at,
        }
    }
}
