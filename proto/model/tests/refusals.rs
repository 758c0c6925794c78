//! Why values are refused: in words, and for programs.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use merak_model::{
    Invalid, NamespaceName, Problem, Revision, ServiceName, Timestamp,
    invalid::{Characters, Form, Found, LimitWhy, List, PatternWhy, Present, Taker, Wanted, Why},
    routing::{FactKind, Level, Operator},
};
use serde_json::{Value, json};

type Case = (Why, &'static str, Value);

fn of_fields() -> Vec<Case> {
    let required = |fields| Why::OneOfRequired { fields };
    vec![
        (
            Why::FieldRepeated,
            "given more than once",
            json!({"code": "field_repeated"}),
        ),
        (
            Why::KeyRepeated,
            "the key is given more than once",
            json!({"code": "key_repeated"}),
        ),
        (
            Why::ValueRepeated {
                value: "a".to_owned(),
            },
            r#""a" is given more than once"#,
            json!({"code": "value_repeated", "value": "a"}),
        ),
        (
            Why::NameRepeated {
                name: "a".to_owned(),
            },
            r#""a" is the name of an earlier one"#,
            json!({"code": "name_repeated", "name": "a"}),
        ),
        (
            required(vec!["all", "any"]),
            "either `all` or `any` is required",
            json!({"code": "one_of_required", "fields": ["all", "any"]}),
        ),
        (
            required(vec!["min", "max"]),
            "a range needs `min`, `max` or both",
            json!({"code": "one_of_required", "fields": ["min", "max"]}),
        ),
        (
            required(vec!["verdict", "decided_by", "labels"]),
            "at least one of `verdict`, `decided_by` and `labels` is required",
            json!({"code": "one_of_required", "fields": ["verdict", "decided_by", "labels"]}),
        ),
    ]
}

fn of_entries() -> Vec<Case> {
    vec![
        (
            Why::BothGiven { other: "all" },
            "`all` is given as well: use one",
            json!({"code": "both_given", "other": "all"}),
        ),
        (
            Why::Empty {
                list: List::Branches,
            },
            "a rule needs at least one branch",
            json!({"code": "empty", "list": "branches"}),
        ),
        (
            Why::Empty {
                list: List::Targets,
            },
            "a branch needs at least one target",
            json!({"code": "empty", "list": "targets"}),
        ),
        (
            Why::Empty {
                list: List::Conditions,
            },
            "at least one condition is required; leave `matches` out to take every call",
            json!({"code": "empty", "list": "conditions"}),
        ),
        (
            Why::EmptyKey,
            "keys are never empty",
            json!({"code": "empty_key"}),
        ),
    ]
}

fn of_what_is_not_taken() -> Vec<Case> {
    vec![
        (
            Why::NotTaken {
                by: Taker::GlobalLimit,
            },
            "a global limit does not take it: leave it out",
            json!({"code": "not_taken", "by": "global_limit"}),
        ),
        (
            Why::NotTaken {
                by: Taker::LocalLimit,
            },
            "a local limit does not take it: leave it out",
            json!({"code": "not_taken", "by": "local_limit"}),
        ),
        (
            Why::NotTaken {
                by: Taker::LimitWithoutAmounts,
            },
            "a rule without `amounts` does not take it: leave it out",
            json!({"code": "not_taken", "by": "limit_without_amounts"}),
        ),
        (
            Why::NoKeys {
                fact: FactKind::Path,
            },
            "`path` has no keys: leave it out",
            json!({"code": "no_keys", "fact": "path"}),
        ),
        (
            Why::NotOperand {
                operator: Operator::In,
            },
            "`in` does not take it: leave it out",
            json!({"code": "not_operand", "operator": "in"}),
        ),
        (
            Why::BoundsReversed { min: 2, max: 1 },
            "2 is above `max`, which is 1",
            json!({"code": "bounds_reversed", "min": 2, "max": 1}),
        ),
        (
            Why::LevelsReversed {
                max_level: Level::Campus,
                level: Level::Zone,
            },
            "`campus` is nearer than `level`, which is `zone`",
            json!({"code": "levels_reversed", "max_level": "campus", "level": "zone"}),
        ),
        (
            Why::NoWeight,
            "every weight is 0: no target would get a call",
            json!({"code": "no_weight"}),
        ),
        (
            Why::HealthOfBeating,
            "set for static instances alone: this one's is what its heartbeats say",
            json!({"code": "health_of_beating"}),
        ),
    ]
}

fn of_simulations() -> Vec<Case> {
    vec![
        (
            Why::HeaderRepeated,
            "given more than once: names of headers are the same in any case",
            json!({"code": "header_repeated"}),
        ),
        (
            Why::PlaysNoPart {
                namespace: NamespaceName::default(),
                service: ServiceName::parse("pay").unwrap(),
            },
            "the draft is not for calls to `default/pay`: it would play no part",
            json!({"code": "plays_no_part", "namespace": "default", "service": "pay"}),
        ),
    ]
}

fn of_types() -> Vec<Case> {
    let words = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let text = r#""x""#.to_owned();
    vec![
        (
            Why::WrongType {
                wanted: Wanted::Count { max: Some(255) },
                found: Found::List,
            },
            "expected a whole number, 0..=255, found a list",
            json!({"code": "wrong_type", "wanted": {"kind": "count", "max": 255},
                "found": {"kind": "list"}}),
        ),
        (
            Why::WrongType {
                wanted: Wanted::Word { words },
                found: Found::Value { text },
            },
            r#"expected one of `a`, `b`, `c`, found "x""#,
            json!({"code": "wrong_type", "wanted": {"kind": "word", "words": ["a", "b", "c"]},
                "found": {"kind": "value", "text": "\"x\""}}),
        ),
        (
            Why::NotCount,
            "expected a whole number, 0 or more",
            json!({"code": "not_count"}),
        ),
        (
            Why::NumberTooLarge,
            "the number is too large",
            json!({"code": "number_too_large"}),
        ),
    ]
}

fn of_times() -> Vec<Case> {
    vec![
        (
            Why::FutureTime {
                time: Timestamp::from_unix_ms(0),
            },
            "1970-01-01T00:00:00Z is in the future",
            json!({"code": "future_time", "time": "1970-01-01T00:00:00Z"}),
        ),
        (
            Why::FutureRevision {
                revision: Revision(2),
                newest: Revision(1),
            },
            "revision 2 is in the future, the newest is 1",
            json!({"code": "future_revision", "revision": 2, "newest": 1}),
        ),
        (
            Why::NotKnownThen {
                what: Present::Counts,
            },
            "counts are not known of an earlier moment",
            json!({"code": "not_known_then", "what": "counts"}),
        ),
        (
            Why::NotKnownThen {
                what: Present::Status,
            },
            "not known of an earlier moment",
            json!({"code": "not_known_then", "what": "status"}),
        ),
    ]
}

fn of_patterns() -> Vec<Case> {
    let detail = "unclosed group".to_owned();
    let unsupported = "look-around".to_owned();
    let cases = vec![
        (
            PatternWhy::BadPattern { detail },
            "not a regular expression: unclosed group",
            json!({"code": "bad_pattern", "detail": "unclosed group"}),
        ),
        (
            PatternWhy::PatternNotSupported {
                detail: unsupported,
            },
            "not supported: look-around",
            json!({"code": "pattern_not_supported", "detail": "look-around"}),
        ),
        (
            PatternWhy::PatternTooLarge { limit: 9 },
            "the compiled expression takes more than 9 bytes: make it simpler",
            json!({"code": "pattern_too_large", "limit": 9}),
        ),
        (
            PatternWhy::TooManyPatterns { count: 9, limit: 8 },
            "9 regular expressions, at most 8 are allowed in a rule",
            json!({"code": "too_many_patterns", "count": 9, "limit": 8}),
        ),
        (
            PatternWhy::TooManyCompared { count: 9, limit: 8 },
            "9 labels are compared by `same_as`, at most 8 may be",
            json!({"code": "too_many_compared", "count": 9, "limit": 8}),
        ),
    ];
    let cases = cases.into_iter();
    cases
        .map(|(why, words, json)| (why.into(), words, json))
        .collect()
}

fn of_limits() -> Vec<Case> {
    let name = || "Host".to_owned();
    let cases = vec![
        (
            LimitWhy::WindowRepeated {
                window_ms: 1000,
                earlier: 0,
            },
            "1000 is the window of amounts[0] as well",
            json!({"code": "window_repeated", "window_ms": 1000, "earlier": 0}),
        ),
        (
            LimitWhy::AmountNeverReached {
                max: 9,
                other: 1,
                other_max: 2,
                other_window_ms: 50,
            },
            "9 is never reached: amounts[1] lets no more than 2 in 50 ms through",
            json!({"code": "amount_never_reached", "max": 9, "other": 1, "other_max": 2,
                "other_window_ms": 50}),
        ),
        (
            LimitWhy::TooFast {
                max: 9,
                window_ms: 1,
                a_second: 9000,
                limit: 8,
            },
            "9 in 1 ms is 9000 a second, at most 8 may be",
            json!({"code": "too_fast", "max": 9, "window_ms": 1, "a_second": 9000, "limit": 8}),
        ),
        (
            LimitWhy::BurstTooLarge { burst: 9, limit: 8 },
            "9 calls take more than two years to come back: at most 8 at this pace",
            json!({"code": "burst_too_large", "burst": 9, "limit": 8}),
        ),
        (
            LimitWhy::BadHeaderName { name: name() },
            r#""Host" is no name of a header"#,
            json!({"code": "bad_header_name", "name": "Host"}),
        ),
        (
            LimitWhy::FramingHeader { name: name() },
            r#""Host" frames the message: leave it out"#,
            json!({"code": "framing_header", "name": "Host"}),
        ),
        (
            LimitWhy::MethodAsArgument,
            "use the `method` of the rule",
            json!({"code": "method_as_argument"}),
        ),
    ];
    let cases = cases.into_iter();
    cases
        .map(|(why, words, json)| (why.into(), words, json))
        .collect()
}

#[test]
fn each_is_a_sentence_and_what_it_is_made_of() {
    let cases = [
        of_fields(),
        of_entries(),
        of_what_is_not_taken(),
        of_simulations(),
        of_types(),
        of_times(),
    ];
    for (why, sentence, json) in [cases.concat(), of_patterns(), of_limits()].concat() {
        let invalid = Invalid::because("field", why);
        assert_eq!(invalid.to_string(), format!("field: {sentence}"));
        assert_eq!(
            serde_json::to_value(invalid.problem().usual()).unwrap(),
            json
        );
    }
}

#[test]
fn forms_and_characters_are_words_beside_their_english() {
    let bad = Invalid::malformed("host", "a b", Form::Host);
    assert_eq!(
        bad.to_string(),
        r#"host: "a b" is not an IP address or a DNS name"#
    );
    assert_eq!(
        serde_json::to_value(bad.problem()).unwrap(),
        json!({"code": "malformed", "value": "a b", "form": "host",
            "expected": "an IP address or a DNS name"})
    );
    let problem = Problem::Character {
        found: ' ',
        position: 1,
        allowed: Characters::Name,
    };
    assert_eq!(
        serde_json::to_value(&problem).unwrap(),
        json!({"code": "bad_character", "found": " ", "position": 1, "characters": "name",
            "allowed": "letters, digits and . _ : / -"})
    );
}
