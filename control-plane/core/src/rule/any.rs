//! A rule of any kind: what the log, the store and the index keep.

use std::sync::Arc;

use merak_model::{
    NamespaceName, Stamp,
    limiting::{RateLimitRule, RateLimitRuleSpec},
    routing::{
        CalleeSelector, NearbyRule, NearbySpec, RoutingRule, RoutingRuleSpec, RuleKey, RuleName,
    },
};
use serde::Serialize;

use super::{Callees, Rule, RuleKind};

/// Declares the kinds of rules; nothing else lists their types.
macro_rules! rules {
    ($($kind:ident: $rule:ident of $spec:ty,)+) => {
        /// A rule of any kind.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum AnyRule {
            $($kind(Arc<$rule>),)+
        }

        impl AnyRule {
            /// Which kind it is of.
            pub fn kind(&self) -> RuleKind {
                match self { $(Self::$kind(_) => RuleKind::$kind,)+ }
            }

            /// Its namespace and name.
            pub fn key(&self) -> &RuleKey {
                match self { $(Self::$kind(rule) => &rule.key,)+ }
            }

            /// When it was created and last changed.
            pub fn stamp(&self) -> Stamp {
                match self { $(Self::$kind(rule) => rule.stamp,)+ }
            }

            /// The services that it is for.
            pub fn callees(&self) -> Callees {
                match self { $(Self::$kind(rule) => rule.callees(),)+ }
            }

            /// What rules of its kind are looked at in the order of.
            pub fn precedence(&self) -> (u32, &RuleName, &NamespaceName) {
                match self { $(Self::$kind(rule) => rule.precedence(),)+ }
            }

            /// What people say of it, as JSON.
            pub fn spec_json(&self) -> String {
                let json = match self { $(Self::$kind(rule) => serde_json::to_string(&rule.spec),)+ };
                json.expect("rules have only text keys and finite numbers")
            }

            /// The rule of a kind, a name and [`AnyRule::spec_json`].
            ///
            /// # Errors
            /// When the model refuses the text.
            pub fn from_spec_json(
                kind: RuleKind,
                key: RuleKey,
                spec: &str,
                stamp: Stamp,
            ) -> serde_json::Result<Self> {
                match kind {
                    $(RuleKind::$kind => {
                        let spec = serde_json::from_str(spec)?;
                        Ok(Arc::new($rule { key, spec, stamp }).any())
                    })+
                }
            }

            /// The rule that was serialized as JSON.
            ///
            /// # Errors
            /// When the model refuses the text.
            pub fn from_json(kind: RuleKind, json: &str) -> serde_json::Result<Self> {
                match kind {
                    $(RuleKind::$kind => Ok(Self::$kind(serde_json::from_str::<$rule>(json)?.into())),)+
                }
            }
        }

        $(
            impl Rule for $rule {
                type Spec = $spec;

                const KIND: RuleKind = RuleKind::$kind;

                fn new(key: RuleKey, spec: $spec, stamp: Stamp) -> Self {
                    Self { key, spec, stamp }
                }

                fn key(&self) -> &RuleKey {
                    &self.key
                }

                fn spec(&self) -> &$spec {
                    &self.spec
                }

                fn stamp(&self) -> Stamp {
                    self.stamp
                }

                fn callee(&self) -> &CalleeSelector {
                    &self.spec.callee
                }

                fn precedence(&self) -> (u32, &RuleName, &NamespaceName) {
                    Self::precedence(self)
                }

                fn any(self: Arc<Self>) -> AnyRule {
                    AnyRule::$kind(self)
                }

                fn of_any(rule: &AnyRule) -> Option<&Arc<Self>> {
                    if let AnyRule::$kind(rule) = rule {
                        return Some(rule);
                    }
                    None
                }
            }
        )+
    };
}

rules! {
    Routing: RoutingRule of RoutingRuleSpec,
    Nearby: NearbyRule of NearbySpec,
    RateLimit: RateLimitRule of RateLimitRuleSpec,
}
