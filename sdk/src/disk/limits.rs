//! The last rate limits of each service on disk.

use std::sync::Arc;

use merak_model::ServiceKey;
use merak_proto::v1;
use tracing::warn;

use super::{Copy, Disk, LIMITS, WRITING, has_newer, opened};
use crate::{limits::LimitRules, session::parsed_limits};

impl Disk {
    /// The rules that an earlier run left, and the epoch of their revision.
    pub(crate) fn read_limits(&self, key: &Arc<ServiceKey>) -> Option<(String, LimitRules)> {
        self.open(&self.path_of(key, LIMITS), |bytes| {
            let copy = opened(key, bytes)?;
            Some((copy.epoch, parsed_limits(key, copy.limits?)))
        })
    }

    /// Keeps rules, unless there are newer ones of their history.
    pub(crate) fn write_limits(&self, epoch: &str, limits: &LimitRules) {
        let path = self.path_of(&limits.service, LIMITS);
        let _writing = WRITING.lock();
        if has_newer(&path, &limits.service, (epoch, limits.revision)) {
            return;
        }
        // A rule that is not understood now may be by who reads this: it has to be told again.
        let is_whole = limits.rules.is_whole();
        let rules = limits.rules.rules().iter();
        let copy = Copy {
            epoch: epoch.to_owned(),
            key: Some((&*limits.service).into()),
            limits: Some(v1::RateLimitsSnapshot {
                revision: if is_whole { limits.revision.get() } else { 0 },
                rules: rules.map(|rule| (&**rule).into()).collect(),
            }),
            ..Copy::default()
        };
        if let Err(failure) = self.replace(&path, &copy.sealed()) {
            warn!(path = %path.display(), "cannot keep rate limits: {failure}");
        }
    }
}

#[cfg(test)]
mod tests {
    use merak_model::Revision;

    use super::*;
    use crate::testing::{limits, state};

    #[test]
    fn limits_are_kept_beside_the_state_of_their_service() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Arc::default());
        let key = Arc::new(ServiceKey::parse("default", "pay").unwrap());
        assert!(disk.read_limits(&key).is_none());
        disk.write("e1", &state(&key, 9, 1..=3));
        disk.write_limits("e1", &limits(&key, 7, 10));
        disk.write_limits("e1", &limits(&key, 6, 5));
        let kept = ("e1".to_owned(), limits(&key, 7, 10));
        assert_eq!(disk.read_limits(&key), Some(kept));
        disk.write_limits("e2", &limits(&key, 6, 5));
        assert_eq!(disk.read_limits(&key).unwrap().1.revision, Revision(6));
        assert_eq!(disk.read(&key).unwrap().1.revision(), Revision(9));
        std::fs::write(disk.path_of(&key, LIMITS), "merak1").unwrap();
        assert!(disk.read_limits(&key).is_none());
    }

    #[test]
    fn what_a_newer_client_left_is_understood_as_far_as_this_one_can() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Arc::default());
        let key = Arc::new(ServiceKey::parse("default", "pay").unwrap());
        let kept = limits(&key, 7, 10).rules;
        let mut newer = v1::RateLimitRule::from(&*kept.rules()[0]);
        newer.key.as_mut().unwrap().name = "newer".to_owned();
        newer.requires = vec!["adaptive".to_owned()];
        let copy = Copy {
            epoch: "e1".to_owned(),
            key: Some((&*key).into()),
            limits: Some(v1::RateLimitsSnapshot {
                revision: 7,
                rules: vec![newer, (&*kept.rules()[0]).into()],
            }),
            ..Copy::default()
        };
        let path = disk.path_of(&key, LIMITS);
        disk.replace(&path, &copy.sealed()).unwrap();
        let (_, read) = disk.read_limits(&key).unwrap();
        assert_eq!(read.rules.rules(), kept.rules());
        assert!(!read.rules.is_whole());
        // What is kept then is told again to whoever understands it.
        disk.write_limits("e1", &read);
        assert_eq!(disk.read_limits(&key).unwrap().1.revision, Revision::ZERO);
    }
}
