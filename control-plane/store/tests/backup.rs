//! What an operator relies on when a copy is taken, also while the control plane writes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use merak_core::{Caller, ControlPlane, ErrorKind, ManualClock, Settings, Store as _};
use merak_model::{Host, InstanceSpec, Port, Registration, ServiceKey};
use merak_store::{Durability, SqlStore, backup};
use tempfile::TempDir;

/// A namespace and a service are made before the first instance of an empty control plane.
const CHANGES_BEFORE_INSTANCES: u64 = 2;

struct Running {
    store: Arc<SqlStore>,
    plane: ControlPlane,
}

async fn start(database: &Path) -> Running {
    let store = SqlStore::open(database, Durability::Full).await.unwrap();
    let store = Arc::new(store);
    let clock = Arc::new(ManualClock::default());
    let plane = ControlPlane::start(Arc::clone(&store) as _, clock, Settings::default());
    let plane = plane.await.unwrap();
    Running { store, plane }
}

impl Running {
    async fn register(&self, port: u64) {
        let host = Host::parse("10.0.0.1").unwrap();
        let registration = Registration {
            service: ServiceKey::parse("default", "pay").unwrap(),
            id: None,
            spec: InstanceSpec::new(host, Port::new(port).unwrap()),
        };
        let caller = Caller::new("test", "req-1");
        let registered = self.plane.registry.register(&caller, registration).await;
        registered.unwrap();
    }
}

fn folder() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (database, copy) = (
        folder.path().join("merak.db"),
        folder.path().join("copy.db"),
    );
    (folder, database, copy)
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = folder.path().read_dir().unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_copy_has_the_content_and_another_epoch() {
    let (_folder, database, copy) = folder();
    let running = start(&database).await;
    running.register(1).await;
    let taken = backup(&database, &copy).await.unwrap();
    assert_eq!(taken.revision, running.plane.catalog.revision());
    assert_eq!(taken.size_bytes, copy.metadata().unwrap().len());
    let original = running.store.load().await.unwrap();
    let restored = start(&copy).await.store.load().await.unwrap();
    assert_eq!(
        (restored.instances, restored.revision),
        (original.instances, original.revision)
    );
    assert_ne!(restored.epoch, original.epoch);
}

#[tokio::test]
async fn each_restore_of_a_copy_begins_a_history_that_restarts_keep() {
    let (folder, database, copy) = folder();
    start(&database).await.register(1).await;
    backup(&database, &copy).await.unwrap();
    let again = folder.path().join("again.db");
    std::fs::copy(&copy, &again).unwrap();
    let epoch = async |database| {
        let store = SqlStore::open(database, Durability::Full).await.unwrap();
        store.load().await.unwrap().epoch
    };
    let (first, second) = (epoch(&copy).await, epoch(&again).await);
    assert_ne!(first, second);
    assert_ne!(&*first.0, "");
    assert_eq!((epoch(&copy).await, epoch(&again).await), (first, second));
}

#[tokio::test]
async fn a_copy_taken_while_writes_go_on_is_one_moment_of_them() {
    let (_folder, database, copy) = folder();
    let running = start(&database).await;
    running.register(1).await;
    let writes = async {
        for port in 2..=500 {
            running.register(port).await;
        }
    };
    let (taken, ()) = tokio::join!(backup(&database, &copy), writes);
    let restored = start(&copy).await;
    let loaded = restored.store.load().await.unwrap();
    assert_eq!(loaded.revision, taken.unwrap().revision);
    assert_eq!(
        loaded.instances.len() as u64,
        loaded.revision.0 - CHANGES_BEFORE_INSTANCES
    );
    let newer = running.plane.catalog.revision();
    assert!(loaded.revision <= newer, "{} of {newer}", loaded.revision);
    restored.register(501).await;
}

#[tokio::test]
async fn a_copy_of_a_stopped_control_plane_is_complete() {
    let (folder, database, copy) = folder();
    let running = start(&database).await;
    running.register(1).await;
    running.plane.shutdown().await;
    drop(running.store);
    backup(&database, &copy).await.unwrap();
    assert_eq!(names(&folder), ["copy.db", "merak.db", "merak.db.lock"]);
    let restored = start(&copy).await.store.load().await.unwrap();
    assert_eq!(restored.instances.len(), 1);
}

#[tokio::test]
async fn a_file_that_exists_is_not_overwritten() {
    let (folder, database, copy) = folder();
    drop(start(&database).await);
    std::fs::write(&copy, "precious").unwrap();
    let refused = backup(&database, &copy).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    let message = refused.to_string();
    assert!(message.ends_with("exists already: name a new file"));
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "precious");
    assert!(!names(&folder).iter().any(|name| name.contains("partial")));
}

#[tokio::test]
async fn a_missing_database_is_named_and_not_created() {
    let (folder, database, copy) = folder();
    let refused = backup(&database, &copy).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    let message = refused.to_string();
    assert!(
        message.contains(&database.display().to_string()),
        "{message}"
    );
    assert_eq!(names(&folder), [""; 0]);
}

#[tokio::test]
async fn a_failed_copy_leaves_nothing_behind() {
    let (folder, database, copy) = folder();
    std::fs::write(&database, "not a database ".repeat(1000)).unwrap();
    let refused = backup(&database, &copy).await.unwrap_err();
    let message = refused.to_string();
    assert!(message.contains("no SQLite database"), "{message}");
    assert_eq!(names(&folder), ["merak.db"]);
}

#[tokio::test]
async fn a_folder_that_is_missing_is_named() {
    let (_folder, database, _) = folder();
    drop(start(&database).await);
    let copy = Path::new("/nonexistent/copy.db");
    let refused = backup(&database, copy).await.unwrap_err();
    assert!(refused.to_string().contains("`/nonexistent`"), "{refused}");
}
