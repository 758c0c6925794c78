//! `merak test`: whether rules do what their tests expect.

use std::{
    io::{Write as _, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::ensure;
use clap::Args;
use serde_json::Value;

use super::{
    explanation,
    reports::{self, Inputs, Output, counted, findings},
};

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Files of YAML or JSON, folders of them, or - for standard input; may be repeated
    #[arg(short, long = "file", required = true, num_args = 1.., value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    inputs: Inputs,
}

impl Test {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut reports = reports::of_files(&self.files, &self.inputs).await?;
        for report in &mut reports {
            // What was probably not meant is the question of `merak analyze`.
            report
                .as_object_mut()
                .map(|report| report.remove("warnings"));
        }
        let errors = reports::count(&reports, "errors");
        let tests = reports::count(&reports, "tests");
        ensure!(tests + errors > 0, "there is no test in the documents");
        let all = reports.iter().flat_map(|report| findings(report, "tests"));
        let passed = all.filter(|test| test["passed"] == true).count();
        let counts = [
            ("error_count", errors),
            ("passed_count", passed),
            ("failed_count", tests - passed),
        ];
        let text = match self.inputs.output {
            Output::Json => reports::json(&reports, &counts.into())?,
            Output::Text => text(&reports, counts.map(|(_, count)| count)),
        };
        writeln!(stdout(), "{text}")?;
        Ok(ExitCode::from(u8::from(errors + tests > passed)))
    }
}

fn text(reports: &[Value], [errors, passed, failed]: [usize; 3]) -> String {
    let mut lines = Vec::new();
    for report in reports {
        let faults = findings(report, "errors");
        lines.extend(faults.map(|one| reports::line(report, "error", one)));
        for test in findings(report, "tests") {
            lines.extend(outcome(report, test));
        }
    }
    let mut summary = format!("{passed} passed, {failed} failed");
    if errors > 0 {
        summary += &format!(", {}", counted(errors, "error"));
    }
    lines.push(summary);
    lines.join("\n")
}

/// One line for a test, and what happened instead for one that failed.
fn outcome(report: &Value, test: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut name = reports::subject(report);
    if test["path"] != "/spec" {
        name += &format!("{}: ", text(&test["path"]));
    }
    let name = format!("{name}{}", text(&test["description"]));
    let name = name.trim_end_matches([':', ' ']);
    if test["passed"] == true {
        return vec![format!("pass  {name}")];
    }
    let place = format!("({}:{})", text(&report["file"]), test["line"]);
    let mut lines = vec![format!("FAIL  {name} {place}")];
    for mismatch in findings(test, "mismatches") {
        let (field, expected, got) = (
            text(&mismatch["field"]),
            text(&mismatch["expected"]),
            text(&mismatch["got"]),
        );
        lines.push(format!("      {field}: wanted {expected}, got {got}"));
    }
    let explained = explanation::lines(&test["explanation"], None);
    lines.extend(
        explained
            .iter()
            .map(|line| format!("        {line}").trim_end().to_owned()),
    );
    lines
}
