//! How many services and instances there were lately, in memory.
//!
//! Every [`SAMPLE_INTERVAL`] the counts of each namespace are noted, and kept for [`TREND_LENGTH`]. A
//! namespace in which nothing changes costs one entry, one that always changes some kilobytes. Nothing is
//! known of before the start: the change log has that, change by change.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use merak_model::{NamespaceName, Timestamp};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{Catalog, Clock, InstanceCounts};

/// How often the counts are noted.
pub const SAMPLE_INTERVAL: Duration = Duration::from_secs(30);

/// How long they are kept.
pub const TREND_LENGTH: Duration = Duration::from_secs(3600);

/// What there was lately.
pub struct Trends {
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    samples: Mutex<Samples>,
}

/// How much there is of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub services: usize,
    pub instances: InstanceCounts,
}

/// What there was at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    pub counts: Counts,
}

#[derive(Default)]
struct Samples {
    /// When samples were taken, oldest first.
    times: VecDeque<Timestamp>,
    /// Of each namespace the samples that differ from the one before, oldest first.
    series: BTreeMap<NamespaceName, VecDeque<Sample>>,
}

impl Trends {
    pub(crate) fn new(catalog: Arc<Catalog>, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog,
            clock,
            samples: Mutex::default(),
        }
    }

    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SAMPLE_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => self.sample(),
            }
        }
    }

    /// Notes what there is now. A clock that went back notes nothing until it is where it was.
    pub fn sample(&self) {
        let at = self.clock.timestamp();
        let counts = self.counts_now();
        let mut samples = self.samples.lock();
        if samples.times.back().is_some_and(|last| *last >= at) {
            return;
        }
        samples.times.push_back(at);
        let gone: Vec<_> = samples.series.keys().cloned().collect();
        let gone = gone.into_iter().filter(|name| !counts.contains_key(name));
        let gone: Vec<_> = gone.map(|name| (name, Counts::default())).collect();
        for (name, counts) in counts.into_iter().chain(gone) {
            let series = samples.series.entry(name).or_default();
            if series.back().map(|last| last.counts) != Some(counts) {
                series.push_back(Sample { at, counts });
            }
        }
        let length_ms = i64::try_from(TREND_LENGTH.as_millis()).unwrap_or(i64::MAX);
        samples.forget(at.plus_ms(-length_ms));
    }

    /// What there was, oldest first and now last; of one namespace or of all.
    pub fn read(&self, namespace: Option<&NamespaceName>) -> Vec<Sample> {
        let is_asked = |name: &NamespaceName| namespace.is_none_or(|asked| asked == name);
        let counts = self.counts_now();
        let asked = counts.iter().filter(|(name, _)| is_asked(name));
        let mut now = Counts::default();
        asked.for_each(|(_, counts)| now.add(*counts));
        let samples = self.samples.lock();
        let mut read: Vec<Sample> = samples.times.iter().map(|at| Sample::empty(*at)).collect();
        let series = samples.series.iter().filter(|(name, _)| is_asked(name));
        for (_, series) in series {
            let (mut later, mut last) = (series.iter().peekable(), Counts::default());
            for sample in &mut read {
                while let Some(next) = later.next_if(|next| next.at <= sample.at) {
                    last = next.counts;
                }
                sample.counts.add(last);
            }
        }
        let at = self.clock.timestamp();
        read.push(Sample { at, counts: now });
        read
    }

    fn counts_now(&self) -> BTreeMap<NamespaceName, Counts> {
        let names = self.catalog.list_namespaces().into_iter();
        let mut counts: BTreeMap<_, _> = names
            .map(|one| (one.name.clone(), Counts::default()))
            .collect();
        for service in self.catalog.all_services() {
            let of_namespace = counts.get_mut(&service.service().key.namespace);
            let instances = service.counts();
            // A namespace that was made after the names were read waits for the next sample.
            if let Some(of_namespace) = of_namespace {
                of_namespace.add(Counts {
                    services: 1,
                    instances,
                });
            }
        }
        counts
    }
}

impl Samples {
    /// Drops what is older, but for the last state before it.
    fn forget(&mut self, before: Timestamp) {
        while self.times.front().is_some_and(|at| *at < before) {
            self.times.pop_front();
        }
        self.series.retain(|_, series| {
            while series.get(1).is_some_and(|second| second.at <= before) {
                series.pop_front();
            }
            series.len() > 1
                || series
                    .front()
                    .is_some_and(|only| only.counts != Counts::default())
        });
    }
}

impl Sample {
    fn empty(at: Timestamp) -> Self {
        let counts = Counts::default();
        Self { at, counts }
    }
}

impl Counts {
    fn add(&mut self, more: Self) {
        self.services += more.services;
        self.instances += more.instances;
    }
}
