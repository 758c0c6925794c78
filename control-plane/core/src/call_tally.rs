//! How many calls there were, by their method and by how they were answered.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Counts the calls of a protocol.
#[derive(Debug, Default)]
pub struct CallTally {
    /// By method, and by what it was answered with.
    counts: Mutex<BTreeMap<String, BTreeMap<&'static str, u64>>>,
}

impl CallTally {
    /// Counts a call.
    ///
    /// Every method is remembered, so that those which do not exist are for the caller to give one name.
    pub fn note(&self, method: &str, answer: &'static str) {
        let mut counts = self.counts.lock();
        if !counts.contains_key(method) {
            counts.insert(method.to_owned(), BTreeMap::new());
        }
        if let Some(answers) = counts.get_mut(method) {
            *answers.entry(answer).or_default() += 1;
        }
    }

    /// The calls so far, by method and answer.
    pub fn counts(&self) -> Vec<(String, &'static str, u64)> {
        let counts = self.counts.lock();
        let counts = counts.iter().flat_map(|(method, answers)| {
            let answers = answers.iter();
            answers.map(|(answer, count)| (method.clone(), *answer, *count))
        });
        counts.collect()
    }
}
