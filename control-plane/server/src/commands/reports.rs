//! What there is to say about documents: found here or by a server, each with its file and line.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use merak_model::{
    analysis::{self, Facts},
    manifest::Manifest,
    routing::RuleSet,
};
use serde_json::{Value, json};

use super::{
    api::Api,
    documents::{self, Document},
};

/// Where documents are, and what they are held against.
#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Also hold them against the rules and the instances of a running control plane, such as http://127.0.0.1:8090
    #[arg(long, value_name = "URL")]
    pub(super) server: Option<String>,
    /// How to print what was found
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) output: Output,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}

/// What there is to say about each document, in the shape of the API and with `file` and `line`s.
pub(super) async fn of_files(paths: &[PathBuf], inputs: &Inputs) -> anyhow::Result<Vec<Value>> {
    let documents = documents::read(paths)?;
    let readable = documents.iter().filter_map(|one| one.content.as_ref().ok());
    let readable: Vec<&Value> = readable.collect();
    let found = match &inputs.server {
        Some(server) => ask(server, &readable).await?,
        None => look(&readable)?,
    };
    anyhow::ensure!(
        found.len() == readable.len(),
        "the server answers {} reports for {} documents",
        found.len(),
        readable.len()
    );
    let mut found = found.into_iter();
    let reports = documents.iter().map(|document| match &document.content {
        Ok(_) => placed(document, found.next().unwrap_or_default()),
        Err(message) => {
            let error = json!({"path": "", "message": message});
            let report = json!({"errors": [error], "warnings": [], "tests": []});
            placed(document, report)
        }
    });
    Ok(reports.collect())
}

async fn ask(server: &str, documents: &[&Value]) -> anyhow::Result<Vec<Value>> {
    let body = json!({"documents": documents});
    let answer = Api::new(server)?.post("/api/v1/analyze", &body).await?;
    let reports = answer["documents"].as_array();
    reports.cloned().context("the server answers no reports")
}

fn look(documents: &[&Value]) -> anyhow::Result<Vec<Value>> {
    let manifests: Vec<Manifest> = documents.iter().copied().map(Manifest::read).collect();
    let facts = Facts {
        rules: &RuleSet::default(),
        limits: &[],
        instances: &|_| None,
    };
    let reports = analysis::analyze(&manifests, facts);
    let reports = reports.iter().map(serde_json::to_value);
    Ok(reports.collect::<Result<_, _>>()?)
}

/// Adds the file, and to each finding its line.
fn placed(document: &Document, mut report: Value) -> Value {
    report["file"] = document.file.clone().into();
    report["line"] = document.line_of("").into();
    for kind in ["errors", "warnings", "tests"] {
        for finding in report[kind].as_array_mut().into_iter().flatten() {
            let path = finding["path"].as_str().unwrap_or_default();
            finding["line"] = document.line_of(path).into();
        }
    }
    report
}

/// The findings of one kind of a report.
pub(super) fn findings<'r>(report: &'r Value, kind: &str) -> impl Iterator<Item = &'r Value> {
    report[kind].as_array().into_iter().flatten()
}

/// How many findings of a kind there are in all reports.
pub(super) fn count(reports: &[Value], kind: &str) -> usize {
    let counts = reports.iter().map(|report| findings(report, kind).count());
    counts.sum()
}

/// `rules.yaml:12: error: RoutingRule default/canary: /spec/priority: 10001 is outside 0..=10000`.
pub(super) fn line(report: &Value, severity: &str, finding: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut line = format!(
        "{}:{}: {severity}: ",
        text(&report["file"]),
        finding["line"]
    );
    line += &subject(report);
    let path = text(&finding["path"]);
    if !path.is_empty() {
        line += &format!("{path}: ");
    }
    line += &text(&finding["message"]);
    if let Some(code) = finding["code"].as_str() {
        line += &format!(" [{code}]");
    }
    line
}

/// `RoutingRule default/canary: `, as far as that is known.
pub(super) fn subject(report: &Value) -> String {
    let (kind, name) = (report["kind"].as_str(), report["name"].as_str());
    let namespace = report["namespace"].as_str().unwrap_or_default();
    match (kind, name) {
        (Some(kind), Some(name)) => format!("{kind} {namespace}/{name}: "),
        (Some(kind), None) => format!("{kind}: "),
        (None, _) => String::new(),
    }
}

/// `1 error`, `2 errors`.
pub(super) fn counted<N: From<u8> + PartialEq + fmt::Display>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// One JSON object: the reports, and how many findings there are.
pub(super) fn json(reports: &[Value], counts: &BTreeMap<&str, usize>) -> anyhow::Result<String> {
    let mut object = json!({"documents": reports});
    for (name, count) in counts {
        object[*name] = (*count).into();
    }
    Ok(serde_json::to_string_pretty(&object)?)
}
