//! Pages stay whole while rows come and go between them.

use std::cmp::Ordering;

use serde_json::json;

use crate::harness::{PAY, TestApi};

/// Goes through a list, with something happening between every two pages.
async fn walk(
    api: &TestApi,
    path: &str,
    key: &str,
    mut meanwhile: impl AsyncFnMut(usize),
) -> Vec<String> {
    let (mut seen, mut token) = (Vec::new(), String::new());
    for page in 0.. {
        let answer = api.get(&format!("{path}&page_token={token}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        seen.extend(answer.column(key));
        match answer.next_page_token() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
        meanwhile(page).await;
    }
    seen
}

fn assert_whole(seen: &[String], before: &[String], order: Ordering) {
    let is_in_order = |pair: &[String]| pair[0].cmp(&pair[1]) == order;
    assert!(seen.windows(2).all(is_in_order), "no repeat: {seen:?}");
    for row in before {
        assert!(seen.contains(row), "no gap: {row}");
    }
}

#[tokio::test]
async fn instances_are_listed_once_while_others_come_and_go() {
    let api = TestApi::new().await;
    let put = async |id: String| {
        api.put(
            &format!("{PAY}/instances/{id}"),
            json!({"host": "h", "port": 1}),
        )
        .await;
    };
    let before: Vec<String> = (0..23)
        .map(|number| format!("m{:03}", number * 7))
        .collect();
    for id in &before {
        put(id.clone()).await;
    }
    for size in [1, 2, 5, 22, 23, 24] {
        let path = format!("{PAY}/instances?page_size={size}");
        let seen = walk(&api, &path, "id", async |page| {
            for end in ["a", "m050x", "z"] {
                put(format!("{end}-{size}-{page}")).await;
            }
        });
        assert_whole(&seen.await, &before, Ordering::Less);
    }
    // A row that the last page ended with may go, too: its key still says where to go on.
    let path = format!("{PAY}/instances?page_size=1");
    let first = api.get(&path).await;
    api.delete(&format!("{PAY}/instances/{}", first.column("id")[0]))
        .await;
    let token = first.next_page_token().unwrap();
    let second = api.get(&format!("{path}&page_token={token}")).await;
    assert!(second.column("id")[0] > first.column("id")[0]);
}

#[tokio::test]
async fn services_and_namespaces_are_listed_once() {
    let api = TestApi::new().await;
    let names: Vec<String> = (0..7).map(|number| format!("m{number}")).collect();
    for name in &names {
        api.put(&format!("/api/v1/namespaces/{name}"), json!({}))
            .await;
        api.put(
            &format!("/api/v1/namespaces/default/services/{name}"),
            json!({}),
        )
        .await;
    }
    for (list, path) in [
        ("/api/v1/namespaces?page_size=2", "/api/v1/namespaces"),
        (
            "/api/v1/namespaces/default/services?page_size=2",
            "/api/v1/namespaces/default/services",
        ),
    ] {
        let seen = walk(&api, list, "name", async |page| {
            api.put(&format!("{path}/a{page}"), json!({})).await;
            api.put(&format!("{path}/z{page}"), json!({})).await;
        });
        assert_whole(&seen.await, &names, Ordering::Less);
    }
}

#[tokio::test]
async fn changes_are_listed_once_in_both_orders() {
    let api = TestApi::new().await;
    for number in 10..30 {
        api.put_instance(number).await;
    }
    let width = |revision: &String| format!("{revision:0>4}");
    let before: Vec<String> = (1..=22)
        .map(|revision: u64| width(&revision.to_string()))
        .collect();
    for (order, direction) in [("newest", Ordering::Greater), ("oldest", Ordering::Less)] {
        let path = format!("/api/v1/changes?page_size=3&order={order}");
        let seen = walk(&api, &path, "revision", async |page| {
            if page < 5 {
                api.put_instance(1000 + usize::from(direction.is_lt()) * 100 + page)
                    .await;
            }
        });
        let seen: Vec<String> = seen.await.iter().map(width).collect();
        assert_whole(&seen, &before, direction);
    }
}

#[tokio::test]
async fn a_token_of_another_list_is_refused() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    api.put_instance(2).await;
    let token = api.get(&format!("{PAY}/instances?page_size=1")).await;
    let token = token.next_page_token().unwrap();
    for path in [
        "/api/v1/namespaces",
        "/api/v1/namespaces/default/services",
        "/api/v1/changes",
    ] {
        let refused = api.get(&format!("{path}?page_token={token}")).await;
        assert_eq!(refused.problem(), (400, "invalid_argument", "page_token"));
        assert_eq!(
            refused.json["errors"][0]["hint"],
            "begin again without page_token"
        );
    }
}
