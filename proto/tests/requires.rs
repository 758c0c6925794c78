//! Rules that require what a client does not know, and the fields that every client knows.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use merak_model::{
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule},
};
use merak_proto::v1;

/// As a client gets it.
fn received<M: prost::Message + Default>(message: &M) -> M {
    M::decode(&*message.encode_to_vec()).unwrap()
}

#[test]
fn a_rule_that_requires_something_unknown_is_refused_with_the_words() {
    let requires = || vec!["one".to_owned(), "other".to_owned()];
    let routing = v1::RoutingRule {
        requires: requires(),
        ..v1::RoutingRule::default()
    };
    let nearby = v1::NearbyRule {
        requires: requires(),
        ..v1::NearbyRule::default()
    };
    let limit = v1::RateLimitRule {
        requires: requires(),
        ..v1::RateLimitRule::default()
    };
    // Before anything else, which may look wrong only because of what is not known.
    for refused in [
        RoutingRule::try_from(received(&routing)).err(),
        NearbyRule::try_from(received(&nearby)).err(),
        RateLimitRule::try_from(received(&limit)).err(),
    ] {
        let refused = refused.map(|invalid| invalid.to_string());
        let expected = "requires: this version does not know `one`, `other`";
        assert_eq!(refused.as_deref(), Some(expected));
    }
}

/// Each message of rules with its fields, but for choices of a `oneof`, which nobody overlooks.
fn fields() -> Vec<String> {
    let root = [env!("CARGO_MANIFEST_DIR")];
    let set = protox::compile(["merak/v1/ratelimit.proto"], root).unwrap();
    let files = set.file.into_iter();
    let mut messages: Vec<_> = files.flat_map(|file| file.message_type).collect();
    let mut fields = Vec::new();
    while let Some(message) = messages.pop() {
        let of_message = message.field.iter();
        let overlooked = of_message
            .filter(|field| field.oneof_index.is_none() || field.proto3_optional())
            .map(|field| format!(" {}", field.name()));
        let is_map_entry = message.options.is_some_and(|options| options.map_entry());
        if !is_map_entry {
            let overlooked: String = overlooked.collect();
            fields.push(format!("{}:{overlooked}", message.name.unwrap()));
        }
        messages.extend(message.nested_type);
    }
    fields.sort();
    fields
}

#[test]
fn fields_of_rules_that_are_newer_than_the_first_version_have_a_word() {
    let expected = [
        "Absent:",
        "Branch: name matches targets when_empty",
        "CalleeSelector: namespace service",
        "CallerSelector: namespace service metadata",
        "Condition: fact test",
        "Conditions: conditions",
        "Fact: kind key",
        "Global: amount_mode failover",
        "LimitAmount: max window_ms burst",
        "LimitResponse: status headers body",
        "LimitWarmUp: period_ms start_percent",
        "Local:",
        "Matches:",
        "NearbyRule: key spec revision created_revision created_at_ms modified_at_ms requires",
        "NearbySpec: description metadata enabled priority callee level max_level strict spill_over",
        "Present:",
        "Queue: max_wait_ms",
        "Range: min max",
        "RateLimitRule: key spec revision created_revision created_at_ms modified_at_ms requires",
        "RateLimitRuleSpec: description metadata enabled priority callee method arguments regex_combine amounts warm_up concurrency response",
        "Reject:",
        "RoutingRule: key spec revision created_revision created_at_ms modified_at_ms requires",
        "RoutingRuleSpec: description metadata enabled priority caller callee branches otherwise",
        "RuleKey: namespace name",
        "Target: name labels weight priority",
        "Test:",
        "Values: values",
    ];
    assert_eq!(
        fields(),
        expected,
        "a client that is older would overlook a new field: see src/convert/requires.rs, then add it here"
    );
}
