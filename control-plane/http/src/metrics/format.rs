//! The two text formats: that of OpenMetrics, and the older one of Prometheus.

use http::{HeaderMap, header};

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// What everything reads that reads metrics.
    Prometheus,
    /// For those who ask for it.
    OpenMetrics,
}

/// The text format of Prometheus.
pub(crate) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text format of OpenMetrics.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Format {
    /// The one that a request asks for.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter();
        let mut accepted = accepted.filter_map(|value| value.to_str().ok());
        match accepted.any(|value| value.contains("application/openmetrics-text")) {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Prometheus => PROMETHEUS,
            Self::OpenMetrics => OPEN_METRICS,
        }
    }

    /// Writes what OpenMetrics says in this format.
    pub(crate) fn write(self, open_metrics: String) -> String {
        match self {
            Self::Prometheus => older(&open_metrics),
            Self::OpenMetrics => open_metrics,
        }
    }
}

/// The older format names a counter as its samples are named, and knows neither units nor an end.
fn older(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if line.starts_with("# HELP ") {
            help = Some(line);
        } else if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, kind) = described.split_once(' ').unwrap_or((described, "untyped"));
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some(help) = help.take() {
                let words = help.splitn(4, ' ').nth(3).unwrap_or_default();
                text += &format!("# HELP {name}{suffix} {words}\n");
            }
            text += &format!("# TYPE {name}{suffix} {kind}\n");
        } else if !line.starts_with('#') {
            text += line;
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_names_counters_by_their_samples() {
        let open_metrics = "\
            # HELP calls Calls answered.\n# TYPE calls counter\ncalls_total{a=\"b c\"} 2\n\
            # HELP time_seconds Time.\n# TYPE time_seconds gauge\n# UNIT time_seconds seconds\n\
            time_seconds 1.5\n# EOF\n";
        let expected = "\
            # HELP calls_total Calls answered.\n# TYPE calls_total counter\ncalls_total{a=\"b c\"} 2\n\
            # HELP time_seconds Time.\n# TYPE time_seconds gauge\ntime_seconds 1.5\n";
        assert_eq!(older(open_metrics), expected);
    }
}
