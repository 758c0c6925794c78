//! Where a call goes and why, as people read it.

use serde_json::Value;

/// An explanation of the API as lines: first where the call goes, then what was looked at.
pub(super) fn lines(explanation: &Value, distribution: Option<&Value>) -> Vec<String> {
    let mut lines = vec![headline(explanation)];
    let candidates = explanation["candidates"].as_array().into_iter().flatten();
    let rows: Vec<[String; 4]> = candidates
        .map(|one| candidate(one, explanation, distribution))
        .collect();
    lines.extend(columns(&rows));
    let steps = explanation["steps"].as_array().into_iter().flatten();
    lines.push(String::new());
    lines.extend(steps.flat_map(step));
    lines
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn headline(explanation: &Value) -> String {
    let by = match explanation["decided_by"].as_str() {
        Some(place) => format!("by {place}"),
        None => "no rule decided".to_owned(),
    };
    match text(&explanation["verdict"]) {
        "routed" => format!("→ routed, {by}"),
        "rejected" => format!("✗ rejected {by}"),
        _ => "✗ no instance may get it".to_owned(),
    }
}

fn candidate(one: &Value, explanation: &Value, distribution: Option<&Value>) -> [String; 4] {
    let id = text(&one["id"]);
    let mark = if explanation["picked"] == one["id"] {
        "▸"
    } else {
        " "
    };
    let share = one["probability"].as_f64().unwrap_or_default() * 100.0;
    let mut share = format!("{share:.1} %");
    if let Some(distribution) = distribution {
        let drawn = distribution[id].as_u64().unwrap_or_default();
        share += &format!(", drawn {drawn}");
    }
    let location = &one["location"];
    let place = ["region", "zone", "campus"].map(|part| text(&location[part]));
    let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
    let labels = [text(&one["version"]).to_owned(), place.join("/")];
    let labels: Vec<String> = labels
        .into_iter()
        .filter(|label| !label.is_empty())
        .collect();
    [
        format!("{mark} {}", text(&one["address"])),
        id.to_owned(),
        labels.join(" "),
        share,
    ]
}

/// Rows whose cells stand below each other.
fn columns(rows: &[[String; 4]]) -> Vec<String> {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    let line = |[a, b, c, d]: &[String; 4]| {
        let [first, second, third] = widths;
        format!("  {a:first$}  {b:second$}  {c:third$}  {d}")
    };
    rows.iter().map(line).collect()
}

fn step(step: &Value) -> Vec<String> {
    let place = |key: &str| text(&step[key]);
    match place("stage") {
        "disabled" => vec![format!("- rule {}: not enabled", place("rule"))],
        "rule" => rule_step(step),
        "branch" => branch_step(step),
        "target" => target_step(step),
        "suspects" => vec![format!(
            "    ! no target of {} has a healthy instance: unhealthy ones take part",
            place("branch")
        )],
        "empty" => vec![format!(
            "    ! no target of {} has an instance: {}",
            place("branch"),
            then(step)
        )],
        "otherwise" => vec![format!(
            "  ! no branch of {} decided: {}",
            place("rule"),
            then(step)
        )],
        "all_instances" => group(step, "all instances of the callee", 0),
        other => vec![format!("? {other}")],
    }
}

fn rule_step(step: &Value) -> Vec<String> {
    let is_for = step["is_for_caller"] == true;
    let (rule, priority) = (text(&step["rule"]), &step["priority"]);
    let whom = if is_for { "for" } else { "not for" };
    let sign = mark(is_for);
    let line = format!("{sign} rule {rule}, priority {priority}: {whom} this caller");
    with_checks(line, step, 2)
}

fn branch_step(step: &Value) -> Vec<String> {
    let takes = step["takes"] == true;
    let verb = if takes { "takes" } else { "does not take" };
    let join = match text(&step["join"]) {
        "all" => ", all of:",
        "any" => ", any of:",
        _ => "",
    };
    let line = format!("  {} {} {verb} the call{join}", mark(takes), branch(step));
    with_checks(line, step, 4)
}

fn target_step(step: &Value) -> Vec<String> {
    let [index, weight, priority] = ["target", "weight", "priority"].map(|key| &step[key]);
    let (name, labels) = (named(step), labels(&step["labels"]));
    let what = format!("target [{index}]{name}: {labels}, weight {weight}, priority {priority}");
    group(step, &what, 4)
}

fn with_checks(line: String, step: &Value, indent: usize) -> Vec<String> {
    let checks = list(&step["conditions"]).map(|one| check(one, indent));
    [line].into_iter().chain(checks).collect()
}

fn mark(holds: bool) -> &'static str {
    if holds { "✓" } else { "✗" }
}

fn branch(step: &Value) -> String {
    let place = text(&step["branch"]);
    let index = place.rfind('[').map_or(place, |start| &place[start..]);
    format!("branch {index}{}", named(step))
}

/// ` "vip"`, if it has a name.
fn named(step: &Value) -> String {
    match text(&step["name"]) {
        "" => String::new(),
        name => format!(" \"{name}\""),
    }
}

/// What `when_empty` or `otherwise` says.
fn then(step: &Value) -> &'static str {
    match text(&step["then"]) {
        "next_branch" => "the next branch is tried",
        "all_instances" => "any instance of the callee may get it",
        "fall_through" => "the next rule is tried",
        _ => "the call is rejected",
    }
}

/// `✓ header.x-user in 42, 43: it is "42"`.
fn check(check: &Value, indent: usize) -> String {
    let want: Vec<&str> = list(&check["want"]).map(text).collect();
    let want = match want.join(", ") {
        none if none.is_empty() => none,
        want => format!(" {want}"),
    };
    let got = match check["got"].as_str() {
        Some(got) => format!("it is {got:?}"),
        None => "the call has none".to_owned(),
    };
    let (fact, op) = (text(&check["fact"]), text(&check["op"]));
    let sign = mark(check["holds"] == true);
    format!("{:indent$}  {sign} {fact} {op}{want}: {got}", "")
}

fn labels(labels: &Value) -> String {
    let labels = labels.as_object().into_iter().flatten();
    let labels: Vec<String> = labels.map(|(key, test)| label(key, test)).collect();
    match labels.join(", ") {
        none if none.is_empty() => "any instance".to_owned(),
        labels => labels,
    }
}

/// `version=v2`, or what the test says.
fn label(key: &str, test: &Value) -> String {
    if let Some(exact) = test.as_str() {
        return format!("{key}={exact}");
    }
    let arguments = test.as_object().into_iter().flatten();
    let arguments = arguments.filter(|(name, _)| *name != "op");
    let arguments: Vec<String> = arguments
        .map(|(name, value)| match value.as_str() {
            Some(text) => text.to_owned(),
            None => format!("{name} {value}"),
        })
        .collect();
    format!("{key} {} {}", text(&test["op"]), arguments.join(", "))
        .trim_end()
        .to_owned()
}

/// How many instances there are, how many of them may get the call, and why the others may not.
fn group(step: &Value, what: &str, indent: usize) -> Vec<String> {
    let count = |key: &str| step[key].as_u64().unwrap_or_default();
    let (candidates, instances) = (count("candidates"), count("instances"));
    let mut line = format!(
        "{:indent$}{} {what}: {candidates} of {instances} instances may get it",
        "",
        mark(candidates > 0)
    );
    if let Some(level) = step["level"].as_str() {
        line += &format!(", near by {level}");
    }
    if step["is_protected"] == true {
        line += ", unhealthy ones too because too few are healthy";
    }
    let dropped = list(&step["dropped"]).map(|one| {
        let (address, id, why) = (text(&one["address"]), text(&one["id"]), text(&one["why"]));
        format!(
            "{:indent$}    - {address} {id}: {}",
            "",
            why.replace('_', " ")
        )
    });
    [line].into_iter().chain(dropped).collect()
}
