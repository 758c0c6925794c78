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
async fn sorted_services_are_listed_once_while_counts_change() {
    let api = TestApi::new().await;
    let path = |name: &str| format!("/api/v1/namespaces/default/services/{name}");
    let register = async |name: &str, id: usize| {
        let instance = json!({"host": "h", "port": 1 + id});
        let place = format!("{}/instances/i{id}", path(name));
        assert!(api.put(&place, instance).await.status.is_success());
    };
    let names: Vec<String> = (0..9).map(|number| format!("m{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        api.put(&path(name), json!({})).await;
        for id in 0..number % 4 {
            register(name, id).await;
        }
    }
    for list in ["/api/v1/services", "/api/v1/namespaces/default/services"] {
        for (sort, expected) in [
            ("instance_count", "m0 m4 m8 m1 m5 m2 m6 m3 m7"),
            ("-instance_count", "m3 m7 m2 m6 m1 m5 m0 m4 m8"),
            ("-name", "m8 m7 m6 m5 m4 m3 m2 m1 m0"),
        ] {
            let url = format!("{list}?name=m*&page_size=2&sort={sort}");
            // Other services come and go, before and after the place of the page.
            let seen = walk(&api, &url, "name", async |page| {
                for (other, count) in [("a", 0), ("z", 5)] {
                    let name = format!("{other}{page}");
                    api.put(&path(&name), json!({})).await;
                    for id in 0..count {
                        register(&name, id).await;
                    }
                }
            });
            assert_eq!(seen.await.join(" "), expected, "{url}");
        }
    }
    // The row that a page ended with has gone to another place: the page goes on from where it was.
    let url = "/api/v1/services?name=m*&page_size=4&sort=-instance_count";
    let first = api.get(url).await;
    register("m6", 7).await;
    register("m6", 8).await;
    let token = first.next_page_token().unwrap();
    let second = api.get(&format!("{url}&page_token={token}")).await;
    assert_eq!(second.column("name"), ["m1", "m5", "m0", "m4"]);
}

#[tokio::test]
async fn instances_are_sorted_by_what_is_asked_for() {
    let api = TestApi::new().await;
    let at = |number: usize| format!("{PAY}/instances/i{number}");
    for (number, host, version) in [
        (1, "10.0.0.10", "v1.10"),
        (2, "10.0.0.9", "v1.9"),
        (3, "b", ""),
    ] {
        let weight = 10 - number;
        let body = json!({
            "host": host, "port": 80, "version": version, "weight": weight,
            "location": {"zone": format!("z{number}")}, "health_check": {"type": "none"},
        });
        api.put(&at(number), body).await;
    }
    api.patch(&at(2), json!({"health": "unhealthy"})).await;
    api.patch(&at(3), json!({"isolated": true})).await;
    for (sort, expected) in [
        ("id", ["i1", "i2", "i3"]),
        ("-id", ["i3", "i2", "i1"]),
        ("host", ["i2", "i1", "i3"]),
        ("-health", ["i2", "i1", "i3"]),
        ("-isolated", ["i3", "i1", "i2"]),
        ("weight", ["i3", "i2", "i1"]),
        ("version", ["i3", "i2", "i1"]),
        ("-version", ["i1", "i2", "i3"]),
        ("-zone", ["i3", "i2", "i1"]),
        ("protocol", ["i1", "i2", "i3"]),
    ] {
        for size in [1, 2, 3] {
            let path = format!("{PAY}/instances?sort={sort}&page_size={size}");
            let seen = walk(&api, &path, "id", async |_| ()).await;
            assert_eq!(seen, expected, "{path}");
        }
    }
    let past = api.get(&format!("{PAY}/instances?sort=-id&as_of=2")).await;
    assert_eq!(past.status, 200, "{}", past.text);
}

#[tokio::test]
async fn a_sort_is_one_of_those_that_there_are() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    api.put_instance(2).await;
    for (list, known) in [
        ("/api/v1/services".to_owned(), "unhealthy_instance_count"),
        ("/api/v1/namespaces/default/services".to_owned(), "owners"),
        (format!("{PAY}/instances"), "zone"),
    ] {
        for refused in ["qps", "", "-", "--name", "Name"] {
            let answer = api.get(&format!("{list}?sort={refused}")).await;
            assert_eq!(answer.problem(), (400, "invalid_argument", "sort"));
            assert!(answer.text.contains(known), "{}", answer.text);
        }
    }
    // A token goes on in the order that it was given out in, and in no other.
    let list = format!("{PAY}/instances?page_size=1");
    let sorted = api.get(&format!("{list}&sort=host")).await;
    let token = sorted.next_page_token().unwrap();
    let plain = api.get(&list).await;
    let plain = plain.next_page_token().unwrap();
    for (sort, token) in [
        ("", token),
        ("&sort=-host", token),
        ("&sort=id", token),
        ("&sort=host", plain),
    ] {
        let refused = api.get(&format!("{list}{sort}&page_token={token}")).await;
        assert_eq!(refused.problem(), (400, "invalid_argument", "page_token"));
    }
    let past = "/api/v1/namespaces/default/services?as_of=2&sort=";
    assert_eq!(api.get(&format!("{past}-name")).await.status, 200);
    let refused = api.get(&format!("{past}instance_count")).await;
    assert_eq!(refused.problem(), (400, "invalid_argument", "sort"));
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
