//! How a service wants its calls balanced, as its metadata says.

use std::time::Duration;

use merak_model::{
    Invalid, Metadata, ProtectThreshold, ServiceKey, call::Balancer, invalid::Form, routing::Fact,
};
use merak_proto::v1;
use tracing::warn;

/// What the service itself says of calls to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traits {
    pub(crate) protect_threshold: ProtectThreshold,
    pub(crate) metadata: Metadata,
    pub(crate) settings: Settings,
}

/// How calls to a service are balanced.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(super) balancer: Balancer,
    /// What keyed balancers keep together.
    pub(super) hash_key: Option<Fact>,
    /// How long a new instance takes to get its whole share; zero for none.
    pub(super) slow_start: Duration,
}

impl Traits {
    /// Takes what the control plane says; what this client does not understand is left as by default.
    pub(crate) fn take(&mut self, key: &ServiceKey, traits: v1::ServiceTraits) {
        match ProtectThreshold::new(traits.protect_threshold) {
            Ok(threshold) => self.protect_threshold = threshold,
            Err(invalid) => warn!(service = %key, "kept the protect threshold: {invalid}"),
        }
        match Metadata::parse(traits.metadata) {
            Ok(metadata) if metadata == self.metadata => {}
            Ok(metadata) => {
                self.settings = Settings::of(key, &metadata);
                self.metadata = metadata;
            }
            Err(invalid) => warn!(service = %key, "kept the metadata: {invalid}"),
        }
    }
}

impl Settings {
    const BALANCER: &str = "merak.balancer";
    const HASH_KEY: &str = "merak.hash_key";
    const SLOW_START: &str = "merak.slow_start_s";
    const SLOW_START_LIMIT_S: u64 = 3600;

    /// Reads metadata, and warns of what is not understood.
    pub(crate) fn of(service: &ServiceKey, metadata: &Metadata) -> Self {
        let parsed = Parsed { service, metadata };
        Self {
            balancer: parsed
                .get(Self::BALANCER, Balancer::parse)
                .unwrap_or_default(),
            hash_key: parsed.get(Self::HASH_KEY, Fact::parse_word),
            slow_start: parsed.get(Self::SLOW_START, slow_start).unwrap_or_default(),
        }
    }
}

struct Parsed<'a> {
    service: &'a ServiceKey,
    metadata: &'a Metadata,
}

impl Parsed<'_> {
    fn get<T>(&self, key: &str, parse: fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let warned = |invalid| {
            warn!(service = %self.service, "the metadata `{key}` of the service is left out: {invalid}");
        };
        parse(self.metadata.get(key)?).map_err(warned).ok()
    }
}

fn slow_start(value: &str) -> Result<Duration, Invalid> {
    let limit = Settings::SLOW_START_LIMIT_S;
    let expected =
        || Invalid::malformed("seconds", value, Form::Other("a whole number of seconds"));
    match value.parse().map_err(|_| expected())? {
        seconds if seconds <= limit => Ok(Duration::from_secs(seconds)),
        seconds => Err(Invalid::range("seconds", seconds, 0, limit)),
    }
}
