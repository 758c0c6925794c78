//! `merak analyze`: files of rules, offline and beside a running control plane.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{fs, path::Path, process::Stdio};

use serde_json::{Value, json};
use support::{Server, merak, soon};
use tokio::io::AsyncWriteExt as _;

const RULES: &str = "\
# The canary of the shop.
kind: RoutingRule
metadata: {namespace: shop, name: canary}
spec:
  callee: {service: order}
  branches:
    - name: canary 30 %
      targets:
        - {labels: {version: v1}, weight: 70}
        - {labels: {version: v2}, weight: 20}
  otherwise: fall_through
---
kind: NearbyRule
metadata: {name: near}
spec: {callee: {service: '*'}, level: zone}
";

const BROKEN: &str = "\
kind: RateLimitRule
metadata: {name: limit}
spec:
  callee: {service: pay}
  amounts:
    - max: 10
      window: 1000
---
kind: Lane
---
kind: NearbyRule
metadata: {name: near}
spec: {callee: {service: '*'}}
";

/// Runs `merak analyze` and gives its exit code and what it printed.
async fn analyze(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = merak(directory, &[&["analyze"], arguments].concat()).output();
    let output = soon(output).await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(printed).unwrap(),
    )
}

#[tokio::test]
async fn findings_come_with_file_and_line() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("rules/more");
    fs::create_dir_all(&folder).unwrap();
    fs::write(directory.path().join("rules/a.yaml"), RULES).unwrap();
    let (code, printed) = analyze(directory.path(), &["rules"]).await;
    assert_eq!(
        (code, &*printed),
        (
            0,
            "rules/a.yaml:8: warning: RoutingRule shop/canary: /spec/branches/0/targets: the name says 30 %, \
             which no target gets: the weights say 77.8 % / 22.2 % [weight_not_as_named]\n\
             rules/a.yaml:8: warning: RoutingRule shop/canary: /spec/branches/0/targets: the weights add up \
             to 90: the shares are 77.8 % / 22.2 % [weights_not_hundred]\n\
             2 documents: 0 errors, 2 warnings\n"
        )
    );
    assert_eq!(analyze(directory.path(), &["rules", "--strict"]).await.0, 1);
    fs::write(folder.join("b.yml"), BROKEN).unwrap();
    fs::write(
        folder.join("c.json"),
        "{\n\t\"kind\": \"NearbyRule\",\n\t\"x\": [}\n",
    )
    .unwrap();
    let (code, printed) = analyze(directory.path(), &["rules"]).await;
    let errors: Vec<&str> = printed
        .lines()
        .filter(|line| line.contains(": error: "))
        .collect();
    assert_eq!(code, 1);
    let [window, kind, repeated, syntax] = errors[..] else {
        panic!("{printed}");
    };
    let begin =
        "rules/more/b.yml:7: error: RateLimitRule default/limit: /spec/amounts/0/window: unknown";
    assert!(window.starts_with(begin), "{window}");
    assert!(
        kind.starts_with(
            "rules/more/b.yml:9: error: /kind: expected one of `RoutingRule`, `NearbyRule`"
        ),
        "{kind}"
    );
    assert_eq!(
        repeated,
        "rules/more/b.yml:12: error: NearbyRule default/near: /metadata/name: document 2 is the \
         NearbyRule `default/near` already"
    );
    assert!(
        syntax.starts_with("rules/more/c.json:3: error: "),
        "{syntax}"
    );
}

#[tokio::test]
async fn a_list_is_no_object_and_a_refusal_is_in_plain_words() {
    let directory = tempfile::tempdir().unwrap();
    let rule = "kind: RoutingRule\nmetadata: {name: a}\nspec:\n  caller: [default, a]\n  \
                callee: {service: b}\n  branches: [{targets: [{}]}]\n  otherwise: reject\n";
    let test = "kind: RoutingTest\nmetadata: {name: t}\nspec:\n  request:\n    - {service: b}\n  \
                expect: {verdict: routed}\n";
    fs::write(
        directory.path().join("a.yaml"),
        format!("{rule}---\n{test}"),
    )
    .unwrap();
    fs::write(directory.path().join("head.json"), "[\"NearbyRule\"]").unwrap();
    let (code, printed) = analyze(directory.path(), &["a.yaml", "head.json"]).await;
    assert_eq!(code, 1);
    for line in [
        "a.yaml:4: error: RoutingRule default/a: /spec/caller: expected an object, found a list",
        "a.yaml:12: error: RoutingTest default/t: /spec/request: expected an object, found a list",
        "head.json:1: error: expected an object, found a list",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
}

#[tokio::test]
async fn all_faults_of_a_document_are_printed() {
    let directory = tempfile::tempdir().unwrap();
    let rule = "kind: NearbyRule\nmetadata: {name: a}\nspec:\n  callee: {service: a b}\n  priority: \
                10001\n  spill_over: 2\n";
    fs::write(directory.path().join("a.yaml"), rule).unwrap();
    let (code, printed) = analyze(directory.path(), &["a.yaml"]).await;
    assert_eq!(code, 1);
    let errors: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("a.yaml:"))
        .filter_map(|line| Some(line.split_once(": error: NearbyRule default/a: ")?.0))
        .collect();
    assert_eq!(errors, ["5", "4", "6"], "{printed}");
}

#[tokio::test]
async fn json_documents_may_follow_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let near = |name: &str, level: &str| {
        format!(
            r#"{{"kind": "NearbyRule", "metadata": {{"name": "{name}"}}, "spec": {{"callee": {{"service": "a"}}, "level": "{level}"}}}}"#
        )
    };
    let lines = [
        near("one", "zone"),
        near("two", "here"),
        near("one", "zone"),
    ]
    .join("\n");
    fs::write(directory.path().join("rules.ndjson"), lines).unwrap();
    let (code, printed) = analyze(directory.path(), &["."]).await;
    assert_eq!(code, 1);
    assert!(printed.contains("3 documents: 2 errors"), "{printed}");
    for line in [
        "./rules.ndjson:2: error: NearbyRule default/two: /spec/level: expected one of",
        "./rules.ndjson:3: error: NearbyRule default/one: /metadata/name: document 1 is",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
}

#[tokio::test]
async fn who_reads_no_further_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = merak(directory.path(), &["analyze", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut analyzing = command.stderr(Stdio::piped()).spawn().unwrap();
    drop(analyzing.stdout.take());
    let mut documents = analyzing.stdin.take().unwrap();
    documents.write_all(b"kind: NearbyRule\n").await.unwrap();
    drop(documents);
    let output = soon(analyzing.wait_with_output()).await.unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(141));
}

#[tokio::test]
async fn a_mounted_folder_is_read_once() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    let mounted = directory.path().join("rules");
    fs::create_dir_all(mounted.join("..2026")).unwrap();
    fs::write(mounted.join("..2026/rules.yaml"), BROKEN).unwrap();
    symlink("..2026", mounted.join("..data")).unwrap();
    symlink("..data/rules.yaml", mounted.join("rules.yaml")).unwrap();
    symlink(".", mounted.join("again")).unwrap();
    let (code, printed) = analyze(directory.path(), &["rules"]).await;
    assert_eq!(code, 1);
    assert!(printed.contains("3 documents"), "{printed}");
}

#[tokio::test]
async fn json_has_what_the_text_has() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("b.yaml"), BROKEN).unwrap();
    let (code, printed) = analyze(directory.path(), &["b.yaml", "--output", "json"]).await;
    assert_eq!(code, 1);
    let found: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&found["error_count"], &found["warning_count"]),
        (&json!(2), &json!(0))
    );
    let error = &found["documents"][0]["errors"][0];
    assert_eq!(
        (&error["path"], &error["line"]),
        (&json!("/spec/amounts/0/window"), &json!(7))
    );
    let [document, ..] = &found["documents"].as_array().unwrap()[..] else {
        panic!("{printed}");
    };
    for (field, value) in [
        ("file", "b.yaml"),
        ("kind", "RateLimitRule"),
        ("name", "limit"),
    ] {
        assert_eq!(document[field], value);
    }
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_another_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.yaml"), RULES).unwrap();
    fs::write(directory.path().join("empty.yaml"), "# nothing\n").unwrap();
    for (arguments, part) in [
        (&[][..], "required arguments"),
        (&["missing.yaml"], "missing.yaml"),
        (&["empty.yaml"], "no document"),
        (
            &["a.yaml", "--server", "ftp://a"],
            "expected http://HOST:PORT",
        ),
        (
            &["a.yaml", "--server", "http://127.0.0.1:1"],
            "ask http://127.0.0.1:1",
        ),
        (&["a.yaml", "--output", "xml"], "possible values"),
    ] {
        let (code, printed) = analyze(directory.path(), arguments).await;
        assert_eq!(code, 2, "{arguments:?}: {printed}");
        assert!(printed.contains(part), "{printed}");
    }
}

#[tokio::test]
async fn standard_input_is_held_against_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path()).await;
    let live = json!({
        "name": "live", "callee": {"service": "order"}, "otherwise": "reject",
        "branches": [{"targets": [{}]}],
    });
    let rules = "/api/v1/namespaces/shop/routing-rules";
    let (status, answer) = server.http("POST", rules, &live.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    let address = format!("http://{}", server.http);
    let mut command = merak(directory.path(), &["analyze", "-", "--server", &address]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    soon(input.write_all(RULES.as_bytes())).await.unwrap();
    drop(input);
    let output = soon(child.wait_with_output()).await.unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    for code in [
        "equal_priority",
        "callee_without_instances",
        "weights_not_hundred",
    ] {
        assert!(printed.contains(&format!("[{code}]")), "{printed}");
    }
    assert!(printed.starts_with("-:"), "{printed}");
}
