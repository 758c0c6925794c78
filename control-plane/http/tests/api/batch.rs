//! Many instances in one request.

use serde_json::{Value, json};

use crate::harness::{PAY, TestApi};

#[tokio::test]
async fn each_item_is_answered_in_its_place() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    api.put_instance(2).await;
    let items = json!({"items": [
        {"register": {"id": "new", "host": "h", "port": 1}},
        {"register": {"host": "h", "port": 0}},
        {"patch": {"id": "pay-1", "weight": 5, "metadata": {"a": "1"}}},
        {"patch": {"id": "ghost", "weight": 5}},
        {"delete": {"id": "pay-2"}},
        {"delete": {"id": "pay-2"}},
        {"patch": {"id": "pay-1", "metadata": {"a": "x\u{7}"}}},
    ]});
    let answer = api.post(&format!("{PAY}/instances:batch"), items).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.column("status"),
        ["201", "400", "200", "404", "204", "404", "400"]
    );
    let items = &answer.json["items"];
    assert_eq!(items[0]["instance"]["id"], "new");
    assert_eq!(
        items[1]["problem"]["errors"][0]["pointer"],
        "/items/1/register/port"
    );
    assert_eq!(
        items[1]["problem"]["request_id"],
        answer.header("x-request-id")
    );
    assert_eq!(items[2]["instance"]["weight"], 5);
    assert_eq!(
        items[6]["problem"]["errors"][0]["pointer"],
        "/items/6/patch/metadata/a"
    );
    let listed = api.get(&format!("{PAY}/instances")).await;
    assert_eq!(listed.column("id"), ["new", "pay-1"]);
}

#[tokio::test]
async fn a_body_of_another_form_does_nothing() {
    let api = TestApi::new().await;
    let path = format!("{PAY}/instances:batch");
    let ok = json!({"register": {"host": "h", "port": 1}});
    for (items, place) in [
        (
            json!([ok, {"register": {"host": "h"}}]),
            "/items/1/register/port",
        ),
        (
            json!([ok, {"register": {"host": "h", "port": 1, "wieght": 1}}]),
            "/items/1/register/wieght",
        ),
        (json!([ok, {"rename": {"id": "a"}}]), "/items/1/rename"),
        (json!(vec![ok; 501]), "/items"),
    ] {
        let refused = api.post(&path, json!({"items": items})).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", place),
            "{}",
            refused.text
        );
    }
    assert_eq!(api.revision(), 0);
}

#[tokio::test]
async fn five_hundred_items_are_carried_out_in_order() {
    let api = TestApi::new().await;
    let register =
        |port| json!({"register": {"id": format!("i{port}"), "host": "h", "port": port}});
    let items: Vec<_> = (1..=500).map(register).collect();
    let answer = api
        .post(&format!("{PAY}/instances:batch"), json!({"items": items}))
        .await;
    assert!(answer.column("status").iter().all(|status| status == "201"));
    let revisions = answer.json["items"].as_array().unwrap().iter();
    let revisions = revisions.map(|item| item["instance"]["revision"].as_u64().unwrap());
    assert!(revisions.eq(3..=502));
}

#[tokio::test]
async fn a_patch_of_a_batch_leaves_alone_what_is_at_another_revision() {
    let api = TestApi::new().await;
    let first = api.put_instance(1).await.json;
    let second = api.put_instance(2).await.json;
    api.patch(&format!("{PAY}/instances/pay-1"), json!({"weight": 55}))
        .await;
    let patch = |shown: &Value| {
        let (id, revision) = (&shown["id"], &shown["revision"]);
        json!({"patch": {"id": id, "weight": 7, "if_revision": revision}})
    };
    let items = json!({"items": [patch(&first), patch(&second)]});
    let answer = api.post(&format!("{PAY}/instances:batch"), items).await;
    assert_eq!(answer.column("status"), ["412", "200"]);
    let problem = &answer.json["items"][0]["problem"];
    assert_eq!(problem["code"], "precondition_failed");
    let current = api.get(&format!("{PAY}/instances/pay-1")).await;
    assert_eq!(problem["current_revision"], current.json["revision"]);
    assert_eq!(current.json["weight"], 55);
}

#[tokio::test]
async fn items_of_the_same_instance_are_carried_out_in_order() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let before = api.get(&format!("{PAY}/instances/pay-1")).await;
    let register = |weight: u64| {
        json!({"register":
            {"id": "pay-1", "host": "10.0.0.7", "port": 1, "weight": weight}})
    };
    let said = register(before.json["weight"].as_u64().unwrap());
    let delete = json!({"delete": {"id": "pay-1"}});
    let items = json!({"items": [
        delete, said, delete, delete, said, register(7), said, {"patch": {"id": "pay-1", "isolated": true}},
    ]});
    let answer = api.post(&format!("{PAY}/instances:batch"), items).await;
    assert_eq!(
        answer.column("status"),
        ["204", "201", "204", "404", "201", "200", "200", "200"]
    );
    let after = api.get(&format!("{PAY}/instances/pay-1")).await;
    assert_eq!(after.json["weight"], before.json["weight"]);
    assert_eq!(after.json["isolated"], true);
    assert!(after.json["created_revision"].as_u64() > before.json["created_revision"].as_u64());
}
