//! What is answered fits its description.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{NEARBY, PAY, RULES, TestApi, canary};

/// The description of the API.
pub(crate) struct Description(Value);

/// Names of fields that a value has and its description does not, and those that it lacks.
type Faults = Vec<String>;

impl Description {
    pub(crate) fn new() -> Self {
        Self(serde_json::from_str(&merak_http::openapi()).unwrap())
    }

    /// Refuses what differs from the schema of a name.
    pub(crate) fn require(&self, name: &str, value: &Value) {
        let schema = &self.0["components"]["schemas"][name];
        let mut faults = self.faults(schema, value, name);
        let known = self.fields(schema, value);
        faults.extend(unknown(&known, value, name));
        assert!(faults.is_empty(), "{faults:#?} in {value:#}");
    }

    /// The parts that a schema is made of.
    fn parts<'s>(&'s self, schema: &'s Value) -> Vec<&'s Value> {
        if let Some(place) = schema["$ref"].as_str() {
            return vec![self.0.pointer(&place[1..]).unwrap()];
        }
        let all = schema["allOf"].as_array();
        all.into_iter().flatten().collect()
    }

    /// The one of several forms that a value has.
    fn form<'s>(&self, schema: &'s Value, value: &Value) -> Option<&'s Value> {
        let forms = schema["oneOf"].as_array()?;
        let fits = |form: &&Value| {
            self.faults(form, value, "").is_empty()
                && unknown(&self.fields(form, value), value, "").is_empty()
        };
        forms.iter().find(fits)
    }

    fn faults(&self, schema: &Value, value: &Value, place: &str) -> Faults {
        let mut faults = Faults::new();
        for part in self.parts(schema) {
            faults.extend(self.faults(part, value, place));
        }
        if schema["oneOf"].is_array() && self.form(schema, value).is_none() {
            faults.push(format!("{place}: none of the forms: {value}"));
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            faults.push(format!("{place}: {value} is none of {words:?}"));
        }
        let types = &schema["type"];
        let is = |name: &Value| type_of(value).contains(&name.as_str().unwrap());
        let fits = match types.as_array() {
            Some(types) => types.iter().any(is),
            None => types.is_null() || is(types),
        };
        if !fits {
            faults.push(format!("{place}: {value} is no {types}"));
        }
        for field in schema["required"].as_array().into_iter().flatten() {
            if value.get(field.as_str().unwrap()).is_none() {
                faults.push(format!("{place}: has no {field}"));
            }
        }
        faults.extend(self.inner_faults(schema, value, place));
        faults
    }

    fn inner_faults(&self, schema: &Value, value: &Value, place: &str) -> Faults {
        let mut faults = Faults::new();
        let mut look = |schema: &Value, value: &Value, place: String| {
            faults.extend(self.faults(schema, value, &place));
            if schema["properties"].is_object() || !self.parts(schema).is_empty() {
                faults.extend(unknown(&self.fields(schema, value), value, &place));
            }
        };
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(inner) = value.get(name) {
                look(schema, inner, format!("{place}.{name}"));
            }
        }
        for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
            look(&schema["items"], inner, format!("{place}[{index}]"));
        }
        faults
    }

    /// The fields that a value may have.
    fn fields(&self, schema: &Value, value: &Value) -> Option<BTreeSet<String>> {
        if schema["additionalProperties"].is_object() || schema["propertyNames"].is_object() {
            return None;
        }
        let own = schema["properties"].as_object().into_iter().flatten();
        let mut fields: BTreeSet<String> = own.map(|(name, _)| name.clone()).collect();
        let parts = self.parts(schema).into_iter();
        for part in parts.chain(self.form(schema, value)) {
            fields.extend(self.fields(part, value)?);
        }
        Some(fields)
    }
}

fn unknown(known: &Option<BTreeSet<String>>, value: &Value, place: &str) -> Faults {
    let (Some(known), Some(object)) = (known, value.as_object()) else {
        return Faults::new();
    };
    let unknown = object.keys().filter(|name| !known.contains(*name));
    unknown
        .map(|name| format!("{place}: {name} is not described"))
        .collect()
}

fn type_of(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(number) if number.is_f64() => &["number"],
        Value::Number(_) => &["integer", "number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    }
}

async fn put_instance(api: &TestApi, id: &str, body: Value) {
    let mut instance = json!({"host": "h", "port": 1, "health_check": {"type": "none"}});
    for (field, value) in body.as_object().unwrap() {
        instance[field] = value.clone();
    }
    let put = api.put(&format!("{PAY}/instances/{id}"), instance).await;
    assert_eq!(put.status, 201, "{}", put.text);
}

/// A rule for `pay` with one branch.
fn rule(priority: u64, branch: Value) -> Value {
    json!({
        "priority": priority, "callee": {"service": "pay"}, "branches": [branch],
        "caller": {"metadata": {"env": {"op": "present"}}}, "otherwise": "fall_through",
    })
}

/// `pay` with instances and rules such that every kind of step can be taken.
async fn with_every_step(zone: &Value) -> TestApi {
    let api = TestApi::new().await;
    put_instance(
        &api,
        "a",
        json!({"version": "v1", "location": zone, "metadata": {"k": "v"}}),
    )
    .await;
    put_instance(&api, "b", json!({"version": "v2"})).await;
    put_instance(&api, "c", json!({"version": "v1"})).await;
    put_instance(&api, "d", json!({"version": "v1"})).await;
    for (id, change) in [
        ("b", json!({"health": "unhealthy"})),
        ("c", json!({"isolated": true})),
    ] {
        let path = format!("{PAY}/instances/{id}");
        assert_eq!(api.patch(&path, change).await.status, 200);
    }
    let mut disabled = canary("pay", 10);
    disabled["enabled"] = false.into();
    let none = json!({"op": "range", "min": 3, "max": 9});
    let same = json!({"op": "same_as", "fact": {"on": "header", "key": "x-version"}});
    for (name, body) in [
        ("disabled", disabled),
        (
            "empty",
            rule(
                1,
                json!({"targets": [{"labels": {"shard": none, "env": same}}]}),
            ),
        ),
        (
            "no",
            rule(
                2,
                json!({"targets": [{}], "matches": {"any": [
            {"on": "query", "key": "a", "op": "regex", "value": "^b$"},
            {"on": "path", "op": "same_as", "fact": {"on": "method"}}]}}),
            ),
        ),
        (
            "suspects",
            rule(
                3,
                json!({"name": "s", "targets": [{"name": "two", "labels": {"version": "v2"}}],
            "matches": {"all": [{"on": "header", "key": "x-b", "op": "present"}]}}),
            ),
        ),
    ] {
        let put = api.put_if(&format!("{RULES}/{name}"), "*", body).await;
        assert_eq!(put.status, 201, "{}", put.text);
    }
    let near = json!({"callee": {"service": "pay"}, "name": "near"});
    assert_eq!(api.post(NEARBY, near).await.status, 201);
    api
}

#[tokio::test]
async fn an_explanation_is_as_described_whatever_its_steps() {
    let zone = json!({"region": "eu", "zone": "z1"});
    let api = with_every_step(&zone).await;
    let description = Description::new();
    let mut stages = BTreeSet::new();
    for headers in [json!({}), json!({"x-b": "1"})] {
        let body = json!({"draws": 10, "request": {
            "from": {"metadata": {"env": "test"}, "location": zone, "ip": "10.0.0.1"},
            "to": {"service": "pay"}, "headers": headers, "exclude": ["x"],
        }});
        description.require("SimulateBody", &body);
        let told = api.post("/api/v1/simulate/route", body).await;
        description.require("Simulation", &told.json);
        for step in told.json["steps"].as_array().unwrap() {
            stages.insert(step["stage"].as_str().unwrap().to_owned());
        }
    }
    let described = &description.0["components"]["schemas"]["RouteStep"]["oneOf"];
    assert_eq!(
        stages.len(),
        described.as_array().unwrap().len(),
        "{stages:?}"
    );
}

#[tokio::test]
async fn what_is_not_described_is_noticed() {
    let api = TestApi::new().await;
    put_instance(&api, "a", json!({"version": "v1"})).await;
    let body = json!({"request": {"to": {"service": "pay"}}});
    let told = api.post("/api/v1/simulate/route", body).await.json;
    let description = Description::new();
    let schema = &description.0["components"]["schemas"]["Simulation"];
    for (place, value) in [
        ("/steps/0/stage", json!("other")),
        ("/steps/0/more", json!(1)),
        ("/candidates/0/probability", json!("1")),
        ("/more", json!(1)),
    ] {
        let mut changed = told.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value;
        let mut faults = description.faults(schema, &changed, "");
        faults.extend(unknown(&description.fields(schema, &changed), &changed, ""));
        assert!(!faults.is_empty(), "{place}");
    }
}
