//! What the kinds of rules have in common, so that each is written, read and pushed the same way.

mod any;
mod callees;
mod kind;
mod lint;

use std::{fmt, sync::Arc};

use merak_model::{
    NamespaceName, Stamp,
    routing::{CalleeSelector, RuleKey, RuleName},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Item, Key};
pub use any::AnyRule;
pub use callees::Callees;
pub use kind::{RuleFamily, RuleKind};
pub use lint::Lint;

/// A rule for calls to services: it has a name within its namespace, and a callee.
pub trait Rule: Lint + Clone + PartialEq + fmt::Debug + Send + Sync + Sized + 'static {
    /// What people say of it.
    type Spec: Clone + PartialEq + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static;

    const KIND: RuleKind;

    fn new(key: RuleKey, spec: Self::Spec, stamp: Stamp) -> Self;
    fn key(&self) -> &RuleKey;
    fn spec(&self) -> &Self::Spec;
    fn stamp(&self) -> Stamp;
    /// The services that it is for, as people say them.
    fn callee(&self) -> &CalleeSelector;
    /// What rules are looked at in the order of.
    fn precedence(&self) -> (u32, &RuleName, &NamespaceName);
    /// It as a rule of any kind.
    fn any(self: Arc<Self>) -> AnyRule;
    /// The rule that one of any kind is, if it is one of this kind.
    fn of_any(rule: &AnyRule) -> Option<&Arc<Self>>;

    /// The services that it is for.
    fn callees(&self) -> Callees {
        Callees::of(self.callee(), &self.key().namespace)
    }

    /// What names it in the log.
    fn log_key(key: Arc<RuleKey>) -> Key {
        Key::Rule(Self::KIND, key)
    }

    /// It as a thing of the log.
    fn item(self: Arc<Self>) -> Item {
        Item::Rule(self.any())
    }

    /// The rule that a thing of the log is, if it is one of this kind.
    fn of_item(item: &Item) -> Option<&Arc<Self>> {
        Self::of_any(item.rule()?)
    }
}
