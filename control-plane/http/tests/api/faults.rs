//! Bodies with several faults: all of them are answered.

use serde_json::json;

use crate::harness::{LIMITS, PAY, TestApi};

#[tokio::test]
async fn all_refused_fields_are_pointed_at_the_first_of_them_in_words() {
    let api = TestApi::new().await;
    let limit = json!({"callee": {"service": "a b"}, "priority": 10_001, "amounts": [{"max": 0, "window_ms": 0}]});
    let instance = json!({"host": "1.2.3", "port": 0, "weight": 10_001, "metadata": {"a": "\u{0}", "b": "\u{1}"}});
    for (path, body, places, detail) in [
        (
            format!("{LIMITS}/a"),
            limit,
            &[
                "/priority",
                "/callee/service",
                "/amounts/0/max",
                "/amounts/0/window_ms",
            ][..],
            "/priority: 10001 is outside 0..=10000",
        ),
        (
            format!("{PAY}/instances/a"),
            instance,
            &["/host", "/port", "/weight", "/metadata/a", "/metadata/b"],
            "/host: \"1.2.3\" is not an IP address or a DNS name",
        ),
        (
            PAY.to_owned(),
            json!({"ports": [0, 80, 65_536], "protect_threshold": 2, "comment": "\t"}),
            &["/ports/0", "/ports/2", "/comment", "/protect_threshold"],
            "/ports/0: 0 is outside 1..=65535",
        ),
        (
            "/api/v1/namespaces/shop".to_owned(),
            json!({"comment": "\t", "metadata": {"": ""}}),
            &["/comment", "/metadata"],
            "/comment: '\\t' at position 0 is not allowed, use text without control characters",
        ),
    ] {
        let precondition = if path.contains("-rules") { "*" } else { "" };
        let refused = match precondition {
            "" => api.put(&path, body).await,
            etag => api.put_if(&path, etag, body).await,
        };
        assert_eq!(refused.status, 400);
        let errors = refused.json["errors"].as_array().unwrap().iter();
        let pointers: Vec<&str> = errors.map(|one| one["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, places, "{}", refused.text);
        assert_eq!(refused.detail(), detail);
    }
    assert_eq!(api.revision(), 0);
}
