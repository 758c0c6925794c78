//! Whole lists as downloads.

use serde_json::{Value, json};

use crate::harness::{PAY, TestApi};

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn ndjson_is_every_item_of_every_page() {
    let api = TestApi::new().await;
    for number in 1..=600 {
        api.put_instance(number).await;
    }
    for list in [
        format!("{PAY}/instances?sort=-host&"),
        "/api/v1/changes?kind=instance&".to_owned(),
        "/api/v1/changes?order=oldest&".to_owned(),
        "/api/v1/services?".to_owned(),
        "/api/v1/namespaces/default/services?".to_owned(),
    ] {
        let (mut items, mut token) = (Vec::new(), String::new());
        loop {
            let page = api
                .get(&format!("{list}page_size=200&page_token={token}"))
                .await;
            items.extend(page.json["items"].as_array().unwrap().iter().cloned());
            match page.next_page_token() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
        }
        let download = api.get(&format!("{list}format=ndjson")).await;
        assert_eq!(download.header("content-type"), "application/x-ndjson");
        assert_eq!(lines(&download.text), items, "{list}");
    }
}

#[tokio::test]
async fn csv_has_a_line_for_each_item() {
    let api = TestApi::new().await;
    api.put(
        PAY,
        json!({"owners": "ann, \"bob\"", "comment": "=HYPERLINK(\"http://x\")", "ports": [80, 81]}),
    )
    .await;
    let services = api.get("/api/v1/services?format=csv").await;
    assert!(services.header("content-type").starts_with("text/csv"));
    let disposition = services.header("content-disposition");
    assert_eq!(disposition, "attachment; filename=\"merak-services.csv\"");
    let lines: Vec<&str> = services.text.split("\r\n").collect();
    assert_eq!(
        lines,
        [
            "namespace,name,instance_count,healthy_instance_count,isolated_instance_count,metadata,\
             ports,department,business,owners,comment,protect_threshold,export_to,revision,\
             created_at,modified_at",
            "default,pay,0,0,0,{},\"[80,81]\",,,\"ann, \"\"bob\"\"\",\
             \"'=HYPERLINK(\"\"http://x\"\")\",0.0,[],2,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z",
            "",
        ]
    );
    api.put_instance(1).await;
    let instances = api.get(&format!("{PAY}/instances?format=csv")).await;
    assert!(
        instances
            .text
            .starts_with("namespace,service,id,host,port,")
    );
    assert!(instances.text.contains("\r\ndefault,pay,pay-1,"));
    let past = api
        .get(&format!("{PAY}/instances?format=csv&as_of=2"))
        .await;
    assert_eq!(past.text.lines().count(), 1);
    let changes = api.get("/api/v1/changes?format=csv&kind=instance").await;
    assert!(changes.text.contains("\r\n3,2026-01-01T00:00:00Z,rest,"));
    assert_eq!(changes.text.lines().count(), 2);
}

#[tokio::test]
async fn a_download_has_no_pages_and_a_known_form() {
    let api = TestApi::new().await;
    for (query, parameter) in [
        ("format=csv&page_size=5", "page_size"),
        ("format=ndjson&page_token=x", "page_token"),
        ("format=xlsx", "format"),
    ] {
        let refused = api.get(&format!("/api/v1/changes?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid_argument", parameter));
    }
    let missing = api.get("/api/v1/namespaces/none/services?format=csv");
    assert_eq!(missing.await.status, 404);
}
