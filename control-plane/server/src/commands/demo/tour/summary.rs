//! How the tour ended.

use std::time::Duration;

use serde_json::json;

use super::{super::traffic::Tally, Obeyed, Step, Tour, VICTIM};
use crate::commands::reports::counted;

impl Tour<'_> {
    /// Prints the summary, and fails if something was not as it should be.
    pub(super) fn conclude(&self, tally: &Tally, took: Duration) -> anyhow::Result<()> {
        let off: Vec<String> = self.steps.iter().flat_map(Step::off).collect();
        if self.demo.json {
            let mut summary = tally.json(self.loss.noticed_after());
            summary["killed"] = json!(VICTIM);
            summary["failed_before_loss"] = json!(self.failed_before_loss);
            summary["steps"] = json!(self.steps);
            summary["is_as_expected"] = json!(off.is_empty());
            println!("{summary}");
        } else {
            println!("{}", self.summary(tally, took));
        }
        anyhow::ensure!(off.is_empty(), "not as expected:\n  {}", off.join("\n  "));
        let (before, why) = (self.failed_before_loss, tally.last_failure.as_deref());
        anyhow::ensure!(
            before == 0,
            "{before} calls failed while nothing was wrong; the last one: {}",
            why.unwrap_or_default()
        );
        tally.require_none_lately()
    }

    fn summary(&self, tally: &Tally, took: Duration) -> String {
        let [p50, p99, _] = tally.latencies.quantiles_ms();
        let mut lines = vec![
            String::new(),
            format!(
                "{:<13} {:<22} {:<14} {:<18} obeyed after",
                "rule", "share", "expected", "seen"
            ),
        ];
        for step in &self.steps {
            let after = |rule: Obeyed| format!("{:>9.1} ms", rule.first_call_after_ms);
            let mut name = step.name;
            let mut after = step.rule.map(after).unwrap_or_default();
            for row in step.rows() {
                let line = format!("{name:<13} {row} {after}");
                lines.push(line.trim_end().to_owned());
                (name, after) = ("", String::new());
            }
        }
        lines.extend([
            String::new(),
            "± is how far chance may take so many draws: five standard deviations. A rule is obeyed with the".to_owned(),
            "answer to the first call that was routed by it, counted from before it was sent to the control plane.".to_owned(),
            "a..b is what a limit of 50 calls a second lets through in the time that was measured.".to_owned(),
            String::new(),
            format!(
                "{} in {:.0} s, p50 {p50:.1} ms, p99 {p99:.1} ms; {} failed when {VICTIM} died, {} after that was noticed",
                counted(tally.served() + tally.failed, "call"),
                took.as_secs_f64(),
                tally.failed - tally.failed_lately,
                tally.failed_lately,
            ),
            "Everything has ended and nothing is left behind. `make run` serves for good.".to_owned(),
        ]);
        lines.join("\n")
    }
}
