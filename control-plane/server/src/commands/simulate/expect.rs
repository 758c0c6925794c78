//! What is expected of a simulation.

use std::str::FromStr;

use serde_json::Value;

use super::pair;

/// One thing that is expected.
#[derive(Debug, Clone)]
pub(super) struct Expectation {
    name: String,
    wanted: String,
}

/// What becomes of a call.
const VERDICTS: [&str; 3] = ["routed", "rejected", "no_instance"];

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, wanted) = pair(text)?;
        if name == "verdict" && !VERDICTS.contains(&&*wanted) {
            return Err(format!("expected verdict={}", VERDICTS.join(", verdict=")));
        }
        Ok(Self { name, wanted })
    }
}

impl Expectation {
    /// What is not so, if something is not.
    pub(super) fn mismatch(&self, answer: &Value) -> Option<String> {
        let wanted = self.wanted.as_str();
        let found = match self.name.as_str() {
            "verdict" => answer["verdict"].as_str().map(str::to_owned),
            "decided_by" => return self.decided_by(answer),
            name => return self.candidates(answer, name),
        };
        (found.as_deref() != Some(wanted)).then(|| self.got(found.as_deref().unwrap_or("nothing")))
    }

    fn got(&self, found: &str) -> String {
        format!("{}: wanted {}, got {found}", self.name, self.wanted)
    }

    /// A branch, or a rule whichever of its branches it is.
    fn decided_by(&self, answer: &Value) -> Option<String> {
        let found = answer["decided_by"].as_str().unwrap_or("no rule");
        let rule = found.rsplit_once('[').map_or(found, |(rule, _)| rule);
        let is_so = [found, rule].contains(&self.wanted.as_str());
        (!is_so).then(|| self.got(found))
    }

    /// What every candidate must have; without a candidate nothing has it.
    fn candidates(&self, answer: &Value, name: &str) -> Option<String> {
        let candidates = answer["candidates"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        if candidates.is_empty() {
            return Some(self.got("no candidate"));
        }
        let other = candidates.iter().find_map(|one| {
            let id = one["id"].as_str().unwrap_or_default();
            let found = match name {
                "instance" => Some(id),
                label => label_of(one, label),
            };
            (found != Some(self.wanted.as_str())).then_some((found, id))
        });
        let (found, id) = other?;
        Some(match (name, found) {
            ("instance", _) => self.got(id),
            (_, Some(found)) => self.got(&format!("{found} at instance {id}")),
            (_, None) => self.got(&format!("no such label at instance {id}")),
        })
    }
}

/// Metadata, and what an instance says of itself unless its metadata has such a key.
fn label_of<'c>(candidate: &'c Value, label: &str) -> Option<&'c str> {
    let own = match label {
        "version" | "protocol" => &candidate[label],
        "region" | "zone" | "campus" => &candidate["location"][label],
        _ => &Value::Null,
    };
    let own = own.as_str().filter(|text| !text.is_empty());
    candidate["metadata"][label].as_str().or(own)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_candidate_must_be_as_expected() {
        let answer = json!({
            "verdict": "routed", "decided_by": "default/canary[1]", "candidates": [
                {"id": "a", "version": "v1", "protocol": "", "metadata": {"zone": "x"}, "location": {"zone": "z"}},
                {"id": "b", "version": "v2", "protocol": "", "metadata": {}, "location": {"zone": "x"}},
            ],
        });
        let none = json!({"verdict": "no_instance", "candidates": []});
        for (text, answer, mismatch) in [
            ("verdict=routed", &answer, None),
            (
                "verdict=rejected",
                &answer,
                Some("verdict: wanted rejected, got routed"),
            ),
            ("decided_by=default/canary", &answer, None),
            ("decided_by=default/canary[1]", &answer, None),
            (
                "decided_by=default/can",
                &answer,
                Some("decided_by: wanted default/can, got default/canary[1]"),
            ),
            (
                "decided_by=a/b",
                &none,
                Some("decided_by: wanted a/b, got no rule"),
            ),
            ("zone=x", &answer, None),
            (
                "version=v2",
                &answer,
                Some("version: wanted v2, got v1 at instance a"),
            ),
            (
                "protocol=http",
                &answer,
                Some("protocol: wanted http, got no such label at instance a"),
            ),
            ("instance=a", &answer, Some("instance: wanted a, got b")),
            (
                "version=v2",
                &none,
                Some("version: wanted v2, got no candidate"),
            ),
        ] {
            let expectation: Expectation = text.parse().unwrap();
            assert_eq!(expectation.mismatch(answer).as_deref(), mismatch, "{text}");
        }
        for text in ["version", "=v2", "", "verdict=bogus", "verdict="] {
            assert!(text.parse::<Expectation>().is_err(), "{text}");
        }
    }
}
