//! Nearby rules: `/api/v1/namespaces/{namespace}/nearby-rules`.

use merak_model::{
    self as model, NamespaceName, Timestamp,
    routing::{NearbyDocument, RuleName},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::rule::schema;

/// A nearby rule: instances near the caller first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "namespace": "default", "name": "near", "enabled": true, "priority": 0,
    "callee": {"service": "*"}, "level": "zone", "max_level": "region", "strict": false,
    "spill_over": 0.3, "revision": 45, "created_revision": 44,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct NearbyRule {
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    name: RuleName,
    #[serde(flatten)]
    #[schema(value_type = schema::NearbyRuleSpec)]
    spec: NearbyDocument,
    /// The change that last touched it; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

impl From<&model::routing::NearbyRule> for NearbyRule {
    fn from(rule: &model::routing::NearbyRule) -> Self {
        let model::routing::NearbyRule { key, spec, stamp } = rule.clone();
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
