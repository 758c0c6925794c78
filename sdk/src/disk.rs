//! The last good state of each service on disk, for a start while the control plane is away.
//!
//! One file a service, and one for its rate limits: a mark, the SHA-1 of the rest, and the state. It is written beside its place and
//! then renamed, so that a reader finds the old one or the new one. A file that is damaged, or not of
//! this format, is as good as none.

mod limits;

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use merak_model::{Revision, ServiceKey, call::Caller};
use merak_proto::v1;
use parking_lot::Mutex;
use prost::Message as _;
use sha1::{Digest as _, Sha1};
use tracing::warn;

use crate::{
    balance::Traits,
    session::{parsed_instances, parsed_rules},
    state::{Known, Origin, Rules, ServiceState},
};

/// Begins every file; the digit is the version of the format.
const MARK: &[u8] = b"merak1\n";
const DIGEST_BYTES: usize = 20;

/// Held by who writes, so that clients of one folder do not get between each other's look and write.
static WRITING: Mutex<()> = Mutex::new(());

/// A folder of last good states.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    folder: Arc<Path>,
    /// Who calls by what is read.
    caller: Arc<Caller>,
}

/// What a file holds.
#[derive(Clone, PartialEq, prost::Message)]
struct Copy {
    #[prost(string, tag = "1")]
    epoch: String,
    #[prost(message, optional, tag = "2")]
    key: Option<v1::ServiceKey>,
    #[prost(message, optional, tag = "3")]
    snapshot: Option<v1::InstancesSnapshot>,
    #[prost(message, optional, tag = "4")]
    rules: Option<v1::RulesSnapshot>,
    #[prost(message, optional, tag = "5")]
    limits: Option<v1::RateLimitsSnapshot>,
}

impl Copy {
    /// The newest revision in it.
    fn newest(&self) -> u64 {
        let instances = self.snapshot.as_ref().map(|snapshot| snapshot.revision);
        let rules = self.rules.as_ref().map(|rules| rules.revision);
        let limits = self.limits.as_ref().map(|limits| limits.revision);
        instances.max(rules).max(limits).unwrap_or_default()
    }

    /// The bytes of its file.
    fn sealed(&self) -> Vec<u8> {
        let body = self.encode_to_vec();
        [MARK, &Sha1::digest(&body), &body].concat()
    }
}

/// How files of states of services end, and those of their rate limits.
const STATE: &str = "merak";
const LIMITS: &str = "limits";

impl Disk {
    pub(crate) fn new(folder: &Path, caller: Arc<Caller>) -> Self {
        let folder = folder.into();
        Self { folder, caller }
    }

    /// The state that an earlier run left, and the epoch of its revision.
    pub(crate) fn read(&self, key: &Arc<ServiceKey>) -> Option<(String, ServiceState)> {
        self.open(&self.path_of(key, STATE), |bytes| {
            decode(key, bytes, Known::new(Arc::clone(&self.caller)))
        })
    }

    /// What a file holds, if it is whole.
    fn open<T>(&self, path: &Path, decode: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(failure) => {
                if failure.kind() != io::ErrorKind::NotFound {
                    warn!(path = %path.display(), "cannot read a kept state: {failure}");
                }
                return None;
            }
        };
        let state = decode(&bytes);
        if state.is_none() {
            warn!(path = %path.display(), "a kept state is damaged and is not used");
        }
        state
    }

    /// Keeps a state, unless there is a newer one of its history; an absent service leaves nothing.
    pub(crate) fn write(&self, epoch: &str, state: &ServiceState) {
        let path = self.path_of(state.service(), STATE);
        let _writing = WRITING.lock();
        // Both belong to one log, so that the newer of the two tells the order of states.
        let newest = state.revision().max(state.rules_revision());
        if has_newer(&path, state.service(), (epoch, newest)) {
            return;
        }
        let written = match state.origin() {
            Origin::ControlPlane => self.replace(&path, &encode(epoch, state)),
            Origin::Absent => match fs::remove_file(&path) {
                Err(failure) if failure.kind() != io::ErrorKind::NotFound => Err(failure),
                _ => Ok(()),
            },
            Origin::Unknown | Origin::Disk => Ok(()),
        };
        if let Err(failure) = written {
            warn!(path = %path.display(), "cannot keep a state: {failure}");
        }
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        // A name of its own for each write: a process elsewhere may have the same id.
        let beside = path.with_extension(format!("{:016x}.new", fastrand::u64(..)));
        let written = write_new(&beside, bytes).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // The failure above is the one to tell.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// Names may have any length and slashes, so a file is called by their digest.
    fn path_of(&self, key: &ServiceKey, extension: &str) -> PathBuf {
        let mut name = String::with_capacity(2 * DIGEST_BYTES);
        for byte in Sha1::digest(key.to_string()) {
            write!(name, "{byte:02x}").expect("writing to a String cannot fail");
        }
        self.folder.join(name).with_extension(extension)
    }
}

/// Whether another client has kept something newer.
fn has_newer(path: &Path, key: &ServiceKey, (epoch, newest): (&str, Revision)) -> bool {
    let kept = fs::read(path).ok();
    let kept = kept.and_then(|bytes| opened(key, &bytes));
    kept.is_some_and(|kept| kept.epoch == epoch && kept.newest() > newest.get())
}

fn encode(epoch: &str, state: &ServiceState) -> Vec<u8> {
    let snapshot = v1::InstancesSnapshot {
        revision: state.revision().get(),
        service: Some(v1::ServiceTraits {
            protect_threshold: state.protect_threshold(),
            metadata: (state.metadata().iter())
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            ..v1::ServiceTraits::default()
        }),
        instances: state
            .instances()
            .map(|instance| (&**instance).into())
            .collect(),
    };
    let copy = Copy {
        epoch: epoch.to_owned(),
        key: Some(state.service().into()),
        snapshot: Some(snapshot),
        rules: Some(rules_of(&state.known().rules)),
        limits: None,
    };
    copy.sealed()
}

fn rules_of(rules: &Rules) -> v1::RulesSnapshot {
    // A rule that is not understood now may be by who reads this: it has to be told again.
    let is_whole = rules.routing.is_whole() && rules.nearby.is_whole();
    v1::RulesSnapshot {
        revision: if is_whole { rules.revision.get() } else { 0 },
        routing_rules: rules
            .routing
            .rules()
            .iter()
            .map(|rule| (&**rule).into())
            .collect(),
        nearby_rules: rules
            .nearby
            .rules()
            .iter()
            .map(|rule| (&**rule).into())
            .collect(),
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What a whole file holds of a service.
fn opened(key: &ServiceKey, bytes: &[u8]) -> Option<Copy> {
    let (digest, body) = bytes.strip_prefix(MARK)?.split_at_checked(DIGEST_BYTES)?;
    if *Sha1::digest(body) != *digest {
        return None;
    }
    let copy = Copy::decode(body).ok()?;
    (copy.key.as_ref()? == &v1::ServiceKey::from(key)).then_some(copy)
}

fn decode(key: &Arc<ServiceKey>, bytes: &[u8], known: Known) -> Option<(String, ServiceState)> {
    let copy = opened(key, bytes)?;
    let snapshot = copy.snapshot?;
    let mut traits = Traits::default();
    traits.take(key, snapshot.service.unwrap_or_default());
    let known = Known {
        instances: Arc::new(parsed_instances(key, snapshot.instances)),
        traits,
        rules: parsed_rules(key, copy.rules.unwrap_or_default()),
        ..known
    };
    let (revision, origin) = (Revision(snapshot.revision), Origin::Disk);
    let state = ServiceState::new(Arc::clone(key), revision, origin, known);
    Some((copy.epoch, state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::state;

    fn key() -> Arc<ServiceKey> {
        Arc::new(ServiceKey::parse("default", "pay/v1").unwrap())
    }

    #[test]
    fn what_was_kept_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Arc::default());
        let plain = state(&key(), 7, 1..=3);
        let mut known = plain.known().clone();
        let told = v1::ServiceTraits {
            protect_threshold: 0.5,
            metadata: [("merak.balancer".to_owned(), "maglev".to_owned())].into(),
            ..v1::ServiceTraits::default()
        };
        known.traits.take(&key(), told);
        let kept = ServiceState::new(key(), Revision(7), Origin::ControlPlane, known);
        disk.write("e1", &kept);
        let (epoch, read) = disk.read(&key()).unwrap();
        assert_eq!((epoch.as_str(), read.origin()), ("e1", Origin::Disk));
        assert_eq!(read.revision(), kept.revision());
        assert!(read.instances().eq(kept.instances()));
        assert_eq!(read.metadata(), kept.metadata());
        assert_eq!(read.metadata().get("merak.balancer"), Some("maglev"));
        assert_eq!(read.protect_threshold(), 0.5);
    }

    #[test]
    fn rules_that_were_not_all_understood_are_told_again() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Arc::default());
        for (routing_rules, expected) in [(vec![], 9), (vec![v1::RoutingRule::default()], 0)] {
            let mut known = state(&key(), 7, 1..=3).known().clone();
            let told = v1::RulesSnapshot {
                revision: 9,
                routing_rules,
                nearby_rules: Vec::new(),
            };
            known.rules = parsed_rules(&key(), told);
            let kept = ServiceState::new(key(), Revision(7), Origin::ControlPlane, known);
            disk.write("e1", &kept);
            let (_, read) = disk.read(&key()).unwrap();
            assert_eq!(read.rules_revision(), Revision(expected));
        }
    }

    #[test]
    fn a_damaged_or_foreign_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Arc::default());
        assert!(disk.read(&key()).is_none());
        disk.write("e1", &state(&key(), 7, 1..=3));
        let path = disk.path_of(&key(), STATE);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(disk.read(&key()).is_none(), "{length} of {}", whole.len());
        }
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        fs::write(&path, &flipped).unwrap();
        assert!(disk.read(&key()).is_none());
    }

    #[test]
    fn an_absent_service_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Arc::default());
        disk.write("e1", &state(&key(), 7, 1..=3));
        disk.write("e1", &ServiceState::absent(key(), Revision(8)));
        assert!(disk.read(&key()).is_none());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn several_writers_leave_one_whole_state_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let write = |offset: u64| {
            let disk = Disk::new(folder.path(), Arc::default());
            for turn in 0..20 {
                let revision = 2 * turn + offset;
                disk.write("e1", &state(&key(), revision, 1..=300 * offset));
                assert!(disk.read(&key()).is_some(), "after {revision}");
            }
        };
        std::thread::scope(|threads| {
            threads.spawn(|| write(1));
            write(2);
        });
        let disk = Disk::new(folder.path(), Arc::default());
        assert_eq!(disk.read(&key()).unwrap().1.revision(), Revision(40));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_older_state_replaces_only_one_of_another_history() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Arc::default());
        let revision = |disk: &Disk| disk.read(&key()).unwrap().1.revision();
        disk.write("e1", &state(&key(), 7, 1..=3));
        disk.write("e1", &state(&key(), 6, 1..=2));
        disk.write("e1", &ServiceState::absent(key(), Revision(6)));
        assert_eq!(revision(&disk), Revision(7));
        disk.write("e2", &state(&key(), 6, 1..=2));
        assert_eq!(revision(&disk), Revision(6));
    }
}
