//! `merak analyze`: whether rules and tests in files are right, and mean what was meant.

use std::{
    io::{Write as _, stdout},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use serde_json::Value;

use super::reports::{self, Inputs, Output, counted, findings};

#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// Files of YAML or JSON, folders of them, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Exit with 1 also if there are warnings and no errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    inputs: Inputs,
}

impl Analyze {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut reports = reports::of_files(&self.files, &self.inputs).await?;
        for report in &mut reports {
            // What becomes of tests is the question of `merak test`.
            report.as_object_mut().map(|report| report.remove("tests"));
        }
        let errors = reports::count(&reports, "errors");
        let warnings = reports::count(&reports, "warnings");
        let text = match self.inputs.output {
            Output::Text => text(&reports, (errors, warnings)),
            Output::Json => {
                let counts = [("error_count", errors), ("warning_count", warnings)];
                reports::json(&reports, &counts.into())?
            }
        };
        writeln!(stdout(), "{text}")?;
        let is_clean = errors == 0 && (warnings == 0 || !self.strict);
        Ok(ExitCode::from(u8::from(!is_clean)))
    }
}

fn text(reports: &[Value], (errors, warnings): (usize, usize)) -> String {
    let mut lines = Vec::new();
    for report in reports {
        let faults = findings(report, "errors");
        lines.extend(faults.map(|one| reports::line(report, "error", one)));
        let doubts = findings(report, "warnings");
        lines.extend(doubts.map(|one| reports::line(report, "warning", one)));
    }
    let documents = counted(reports.len(), "document");
    let (errors, warnings) = (counted(errors, "error"), counted(warnings, "warning"));
    lines.push(format!("{documents}: {errors}, {warnings}"));
    lines.join("\n")
}
