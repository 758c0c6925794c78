//! The rules of all namespaces: found by every filter, in every order, a page at a time.

use merak_core::{Client, RuleFamily, RuleKind, Topic};
use merak_model::{Revision, ServiceKey, routing::RuleKey};
use serde_json::{Value, json};

use crate::{
    described::Description,
    harness::{TestApi, canary},
};

const ROUTING: &str = "/api/v1/routing-rules";

/// Three rules of two namespaces, by `[namespace, name, priority, callee]`.
async fn with_rules() -> TestApi {
    let api = TestApi::new().await;
    for (namespace, name, priority, callee) in [
        ("default", "a", 30, "pay"),
        ("default", "b", 10, "*"),
        ("shop", "a", 20, "order"),
        ("shop", "c", 10, "pay"),
    ] {
        let mut rule = canary(callee, 10);
        rule["priority"] = priority.into();
        rule["enabled"] = (name != "c").into();
        rule["metadata"] = json!({"team": namespace});
        if callee == "order" {
            rule["caller"] = json!({"service": "pay", "namespace": "default"});
        }
        let path = format!("/api/v1/namespaces/{namespace}/routing-rules/{name}");
        let put = api.put_if(&path, "*", rule).await;
        assert_eq!(put.status, 201, "{}", put.text);
    }
    api
}

/// `namespace/name` of each rule.
fn names(items: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = items.as_array().unwrap().iter();
    items
        .map(|one| format!("{}/{}", text(&one["namespace"]), text(&one["name"])))
        .collect()
}

#[tokio::test]
async fn rules_of_all_namespaces_are_found_by_every_filter() {
    let api = with_rules().await;
    let all = ["default/a", "default/b", "shop/a", "shop/c"];
    for (query, expected) in [
        ("", &all[..]),
        ("?namespace=shop", &["shop/a", "shop/c"]),
        ("?namespace=nowhere", &[]),
        ("?name=a", &["default/a", "shop/a"]),
        ("?name=*c*", &["shop/c"]),
        ("?metadata=team:shop", &["shop/a", "shop/c"]),
        ("?enabled=false", &["shop/c"]),
        ("?callee=pay", &["default/a", "default/b", "shop/c"]),
        ("?callee=ord*", &["default/b", "shop/a"]),
        ("?caller=other", &["default/a", "default/b", "shop/c"]),
        ("?caller=*pa*&namespace=shop", &["shop/a", "shop/c"]),
        (
            "?service=pay&service_namespace=default",
            &["default/a", "default/b", "shop/a"],
        ),
        ("?service=pay&service_namespace=shop", &["shop/c"]),
        ("?status=unused", &all),
        ("?status=unable", &[]),
        (
            "?sort=-namespace",
            &["shop/a", "shop/c", "default/a", "default/b"],
        ),
        (
            "?sort=name",
            &["default/a", "shop/a", "default/b", "shop/c"],
        ),
        (
            "?sort=priority",
            &["default/b", "shop/c", "shop/a", "default/a"],
        ),
        ("?sort=-modified_at&name=a", &["default/a", "shop/a"]),
    ] {
        let answer = api.get(&format!("{ROUTING}{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(names(&answer.json["items"]), expected, "{query}");
    }
    let first = api.get(&format!("{ROUTING}?page_size=1")).await.json;
    Description::new().require("Page_Listed_RoutingRule", &first);
    assert_eq!(
        first["items"][0]["status"],
        json!({"subscriber_count": 0, "applied_count": 0, "unable_count": 0})
    );
}

#[tokio::test]
async fn what_a_search_does_not_take_is_refused() {
    let api = with_rules().await;
    for (query, parameter) in [
        ("service=pay", "service_namespace"),
        ("service_namespace=default", "service"),
        ("as_of=3&status=unable", "status"),
        ("status=gone", "status"),
        ("sort=callee", "sort"),
        ("page_token=x", "page_token"),
        ("as_of=99", "as_of"),
        ("kind=routing_rule", "kind"),
    ] {
        let refused = api.get(&format!("{ROUTING}?{query}")).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", parameter),
            "{query}"
        );
    }
}

#[tokio::test]
async fn every_order_is_whole_over_pages_while_rules_come_and_go() {
    let api = with_rules().await;
    for sort in ["", "&sort=priority", "&sort=-priority", "&sort=name"] {
        let whole = api.get(&format!("{ROUTING}?page_size=500{sort}")).await;
        let (mut seen, mut token) = (Vec::new(), String::new());
        for page in 0.. {
            let answer = api
                .get(&format!("{ROUTING}?page_size=1{sort}&page_token={token}"))
                .await;
            seen.extend(names(&answer.json["items"]));
            match answer.next_page_token() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
            // One that comes and goes behind the page.
            let path = format!("/api/v1/namespaces/default/routing-rules/{page}");
            let put = api.put_if(&path, "*", canary("pay", 10)).await;
            let revision = put.json["revision"].to_string();
            let gone = api.delete_if(&path, &format!("\"{revision}\"")).await;
            assert_eq!(gone.status, 204, "{}", gone.text);
        }
        assert_eq!(seen, names(&whole.json["items"]), "{sort}");
    }
    let token = api.get(&format!("{ROUTING}?page_size=1&sort=name")).await;
    let token = token.next_page_token().unwrap().to_owned();
    let other = api
        .get(&format!("{ROUTING}?sort=priority&page_token={token}"))
        .await;
    assert_eq!(other.problem(), (400, "invalid_argument", "page_token"));
}

#[tokio::test]
async fn rules_of_all_namespaces_as_they_were() {
    let api = with_rules().await;
    let now = api.revision();
    let path = "/api/v1/namespaces/shop/routing-rules/c";
    let revision = api.get(path).await.json["revision"].to_string();
    let gone = api.delete_if(path, &format!("\"{revision}\"")).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    let listed = api.get(&format!("{ROUTING}?sort=priority")).await.json;
    assert_eq!(
        names(&listed["items"]),
        ["default/b", "shop/a", "default/a"]
    );
    let then = format!("{ROUTING}?sort=priority&as_of={now}");
    let then = api.get(&then).await.json;
    assert_eq!(
        names(&then["items"]),
        ["default/b", "shop/c", "shop/a", "default/a"]
    );
    assert_eq!(then["items"][0].get("status"), None);
    let of_one = format!("{ROUTING}?namespace=shop&as_of={now}");
    let of_one = api.get(&of_one).await.json;
    assert_eq!(names(&of_one["items"]), ["shop/a", "shop/c"]);
}

#[tokio::test]
async fn rules_are_found_by_how_far_they_have_come() {
    let api = with_rules().await;
    let subscriber = api.plane.discovery.subscriber(Client::default());
    let callee = ServiceKey::parse("default", "pay").unwrap();
    let topic = Topic::Rules(RuleFamily::Routing, callee);
    subscriber.subscribe(1, topic, Revision::ZERO);
    subscriber.try_next().unwrap();
    let found = async |status: &str| {
        let answer = api.get(&format!("{ROUTING}?status={status}")).await;
        names(&answer.json["items"])
    };
    assert_eq!(found("unapplied").await, ["default/a", "default/b"]);
    assert_eq!(found("lagging").await, ["default/a", "default/b"]);
    assert_eq!(found("applied").await, [""; 0]);
    assert_eq!(found("unused").await, ["shop/a", "shop/c"]);
    subscriber.acknowledge(1, Revision(api.revision()));
    assert_eq!(found("applied").await, ["default/a", "default/b"]);
    assert_eq!(found("lagging").await, [""; 0]);
    let key = RuleKey::parse("default", "a").unwrap();
    let left_out = [((RuleKind::Routing, key), "otherwise: unknown".to_owned())].into();
    subscriber.acknowledge_except(1, Revision(api.revision()), left_out);
    assert_eq!(found("unable").await, ["default/a"]);
    assert_eq!(found("applied").await, ["default/b"]);
}

#[tokio::test]
async fn every_kind_of_rule_is_searched() {
    let api = TestApi::new().await;
    for (collection, schema, fields) in [
        ("nearby-rules", "Page_Listed_NearbyRule", json!({})),
        (
            "rate-limit-rules",
            "Page_Listed_RateLimitRule",
            json!({"concurrency": 1}),
        ),
    ] {
        for namespace in ["default", "shop"] {
            let mut rule = fields.clone();
            rule["callee"] = json!({"service": "pay"});
            let path = format!("/api/v1/namespaces/{namespace}/{collection}/a");
            let put = api.put_if(&path, "*", rule).await;
            assert_eq!(put.status, 201, "{}", put.text);
        }
        for query in ["", "?caller=anybody&callee=p*&sort=priority"] {
            let found = api.get(&format!("/api/v1/{collection}{query}")).await;
            Description::new().require(schema, &found.json);
            assert_eq!(names(&found.json["items"]), ["default/a", "shop/a"]);
        }
    }
}
