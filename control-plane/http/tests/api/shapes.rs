//! Values of the wrong kind, at every place of every body: each is refused in plain words, where it is.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, LIMITS, NEARBY, PAY, RULES, TestApi, canary};

/// Every operation that takes a body, with one that says all that there is to say.
fn bodies() -> Vec<(Method, String, Value)> {
    [bodies_of_things(), bodies_of_rules(), bodies_of_trials()].concat()
}

fn metadata() -> Value {
    json!({"env": "prod"})
}

fn location() -> Value {
    json!({"region": "eu", "zone": "a", "campus": "1"})
}

fn bodies_of_things() -> Vec<(Method, String, Value)> {
    let registration = json!({
        "id": "pay-1", "host": "10.0.0.7", "port": 80, "protocol": "grpc", "version": "v1", "weight": 1,
        "metadata": metadata(), "location": location(),
        "health_check": {"type": "heartbeat", "ttl_seconds": 5},
    });
    let mut put = registration.clone();
    put["isolated"] = json!(true);
    put["health"] = json!("healthy");
    let patch =
        json!({"weight": 1, "isolated": true, "metadata": {"env": null}, "health": "healthy"});
    let batch = json!({"items": [
        {"register": registration},
        {"patch": {"id": "pay-1", "weight": 1, "isolated": true, "metadata": {"env": null}, "health": "healthy",
            "if_revision": 1}},
        {"delete": {"id": "pay-2"}},
    ]});
    let service = json!({
        "metadata": metadata(), "ports": [80], "department": "d", "business": "b", "owners": "o",
        "comment": "c", "protect_threshold": 0.5, "export_to": ["shop"],
    });
    let space = json!({"comment": "c", "metadata": metadata()});
    let instance = format!("{PAY}/instances/pay-1");
    vec![
        (Method::PUT, "/api/v1/namespaces/shop".to_owned(), space),
        (Method::PUT, PAY.to_owned(), service),
        (Method::PUT, instance.clone(), put),
        (Method::PATCH, instance, patch),
        (Method::POST, format!("{PAY}/instances:batch"), batch),
    ]
}

fn limit() -> Value {
    json!({
        "callee": {"service": "pay"}, "amounts": [{"max": 10, "window_ms": 1000}],
        "action": {"queue": {"max_wait_ms": 10}},
    })
}

fn bodies_of_rules() -> Vec<(Method, String, Value)> {
    let nearby = json!({"callee": {"service": "pay"}, "level": "zone"});
    let documents = json!({"documents": [{"kind": "A"}]});
    vec![
        (Method::PUT, format!("{RULES}/r"), canary("pay", 30)),
        (Method::PUT, format!("{NEARBY}/r"), nearby),
        (Method::PUT, format!("{LIMITS}/r"), limit()),
        (
            Method::POST,
            format!("{RULES}/r:revert"),
            json!({"revision": 1}),
        ),
        (Method::POST, "/api/v1/analyze".to_owned(), documents),
    ]
}

fn bodies_of_trials() -> Vec<(Method, String, Value)> {
    let call = json!({
        "from": {"namespace": "default", "service": "api", "ip": "10.0.0.1", "metadata": metadata(),
            "location": location()},
        "to": {"namespace": "default", "service": "pay"}, "method": "GET", "path": "/",
        "headers": {"x.user": "42"}, "query": {"q": "1"}, "cookies": {"c": "1"},
        "arguments": {"a": "1"}, "exclude": ["pay-1"],
    });
    let draft = |spec: Value| json!({"namespace": "default", "name": "draft", "spec": spec});
    let route = json!({"request": call, "draft": draft(canary("pay", 30)), "seed": 1, "draws": 1});
    let sequence = json!({"calls": 2, "over_ms": 10, "lasting_ms": 1, "instances": 1});
    let tried = json!({"request": call, "draft": draft(limit()), "sequence": sequence});
    vec![
        (Method::POST, "/api/v1/simulate/route".to_owned(), route),
        (
            Method::POST,
            "/api/v1/simulate/rate-limit".to_owned(),
            tried,
        ),
    ]
}

/// Every place of a value, itself included.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| (index.to_string(), item))
                .collect()
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(key, item)| (key.clone(), item))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (token, item) in inner {
        places(item, &format!("{pointer}/{token}"), found);
    }
}

/// What no refusal says: the words of Rust, and of those who write readers of JSON.
const FOREIGN: [&str; 18] = [
    "struct",
    "variant",
    "enum",
    "tuple",
    "map",
    "sequence",
    "integer",
    "unit",
    "option",
    "string \"",
    "identifier",
    "floating",
    "u8",
    "u16",
    "u32",
    "u64",
    "i64",
    "f64",
];

fn assert_plain(answer: &Answer) {
    let detail = answer.json["errors"][0]["detail"].as_str().unwrap();
    let mut words = detail.split(|one: char| !one.is_alphanumeric() && one != '_');
    assert!(
        !words.any(|word| FOREIGN.contains(&word)),
        "{}",
        answer.text
    );
    assert!(!detail.contains("string \""), "{}", answer.text);
}

async fn ask(api: &TestApi, method: &Method, path: &str, body: &Value) -> Answer {
    let is_rule = *method == Method::PUT && path.contains("-rules/");
    let precondition = [("if-none-match", "*")];
    let headers = if is_rule { &precondition[..] } else { &[] };
    let content = [("content-type", "application/json")];
    // A body of null is a body all the same.
    let headers: Vec<_> = headers.iter().chain(&content).copied().collect();
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    api.ask(request.body(body.to_string().into()).unwrap())
        .await
}

#[tokio::test]
async fn a_value_of_the_wrong_kind_is_refused_in_plain_words() {
    let wrong = [
        json!(null),
        json!(5),
        json!(-5),
        json!(1.5),
        json!("no such"),
        json!(true),
        json!([]),
        json!([1]),
        json!({}),
        json!({"a": 1}),
    ];
    let mut refusals = 0;
    let api = TestApi::new().await;
    for (method, path, body) in bodies() {
        let mut pointers = Vec::new();
        places(&body, "", &mut pointers);
        for (pointer, value) in pointers
            .iter()
            .flat_map(|one| wrong.iter().map(move |value| (one, value)))
        {
            let mut changed = body.clone();
            *changed.pointer_mut(pointer).unwrap() = value.clone();
            let answer = ask(&api, &method, &path, &changed).await;
            if answer.status == 400 {
                refusals += 1;
                assert_plain(&answer);
            }
        }
    }
    assert!(refusals > 500, "{refusals}");
}

#[tokio::test]
async fn a_list_is_no_object_wherever_one_is_due() {
    let api = TestApi::new().await;
    let mut objects = 0;
    for (method, path, body) in bodies() {
        let mut pointers = Vec::new();
        places(&body, "", &mut pointers);
        // The documents of an analysis are looked at one by one, and answered for one by one.
        pointers.retain(|pointer| !pointer.starts_with("/documents/"));
        for pointer in pointers {
            let Value::Object(fields) = body.pointer(&pointer).unwrap() else {
                continue;
            };
            objects += 1;
            let list: Value = fields.values().cloned().collect();
            let mut changed = body.clone();
            *changed.pointer_mut(&pointer).unwrap() = list;
            let answer = ask(&api, &method, &path, &changed).await;
            let problem = (400, "invalid_argument", &*pointer);
            assert_eq!(answer.problem(), problem, "{path}: {}", answer.text);
            assert!(
                answer.detail().ends_with(", found a list"),
                "{}",
                answer.text
            );
        }
    }
    assert!(objects > 30, "{objects}");
    assert_eq!(api.revision(), 0);
}

#[tokio::test]
async fn a_word_is_a_string_and_says_which_there_are() {
    let api = TestApi::new().await;
    let near = |level: Value| json!({"callee": {"service": "pay"}, "level": level});
    for (level, detail) in [
        (
            json!("here"),
            "expected one of `campus`, `zone`, `region`, `all`, found \"here\"",
        ),
        (
            json!(1),
            "expected one of `campus`, `zone`, `region`, `all`, found 1",
        ),
        (json!({"zone": null}), "expected a string, found an object"),
    ] {
        let refused = api
            .put_if(&format!("{NEARBY}/near"), "*", near(level))
            .await;
        assert_eq!(refused.problem(), (400, "invalid_argument", "/level"));
        assert_eq!(refused.json["errors"][0]["detail"], detail);
    }
}
