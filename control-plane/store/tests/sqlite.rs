//! What the control plane relies on, on a real SQLite file.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use merak_core::{
    Caller, ControlPlane, Error, ErrorKind, InstancePatch, Loaded, ManualClock, Precondition,
    Settings, Store,
};
use merak_model::{Host, Instance, InstanceSpec, Metadata, Port, Registration, ServiceKey, Weight};
use merak_store::{Durability, SqlStore, check};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

async fn empty() -> (TempDir, SqlStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).await;
    (directory, store)
}

merak_core::store_conformance!(empty);

#[tokio::test]
async fn the_size_is_that_of_the_file_and_of_its_log() {
    let (directory, store) = empty().await;
    let length = |name: &str| {
        std::fs::metadata(directory.path().join(name))
            .unwrap()
            .len()
    };
    let size = || store.size().unwrap().unwrap();
    assert_eq!(size().file_bytes, length("merak.db"));
    assert_eq!(size().log_bytes, length("merak.db-wal"));
    assert!(size().file_bytes > 0);
}

fn database(directory: &TempDir) -> PathBuf {
    directory.path().join("merak.db")
}

async fn open(directory: &TempDir) -> SqlStore {
    SqlStore::open(&database(directory), Durability::Full)
        .await
        .unwrap()
}

async fn refused(directory: &TempDir) -> Error {
    SqlStore::open(&database(directory), Durability::Full)
        .await
        .unwrap_err()
}

async fn start(store: &Arc<SqlStore>) -> ControlPlane {
    let clock = Arc::new(ManualClock::default());
    ControlPlane::start(Arc::clone(store) as _, clock, Settings::default())
        .await
        .unwrap()
}

fn caller() -> Caller {
    Caller::new("o'neil", "req-1")
}

fn registration(service: &str, port: u64) -> Registration {
    let mut spec = InstanceSpec::new(Host::parse("10.0.0.1").unwrap(), Port::new(port).unwrap());
    spec.metadata = Metadata::parse([("说明", "it's \"quoted\"; DROP TABLE change")]).unwrap();
    Registration {
        service: ServiceKey::parse("default", service).unwrap(),
        id: None,
        spec,
    }
}

fn sorted(mut loaded: Loaded) -> Loaded {
    loaded
        .instances
        .sort_by(|left, right| left.id.cmp(&right.id));
    loaded
        .services
        .sort_by(|left, right| left.service.key.cmp(&right.service.key));
    loaded
}

async fn assert_same_after_reopening(store: Arc<SqlStore>, directory: &TempDir) {
    let before = sorted(store.load().await.unwrap());
    drop(store);
    let after = sorted(open(directory).await.load().await.unwrap());
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
}

#[tokio::test]
async fn what_was_committed_is_loaded_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&directory).await);
    let plane = start(&store).await;
    let mut known = Vec::new();
    for port in 1..=250 {
        let registration = registration(["pay", "order"][port as usize % 2], port);
        known.push(
            plane
                .registry
                .register(&caller(), registration)
                .await
                .unwrap()
                .instance,
        );
    }
    let gone = known.pop().unwrap();
    let service = (*gone.service).clone();
    plane
        .registry
        .deregister(&caller(), (service, gone.id.clone()), Precondition::None)
        .await
        .unwrap();
    let (service, id) = ((*known[0].service).clone(), known[0].id.clone());
    let patch = InstancePatch {
        isolated: Some(true),
        weight: Some(Weight::new(3).unwrap()),
        ..InstancePatch::default()
    };
    known[0] = plane
        .registry
        .patch_instance(&caller(), (service, id), patch, Precondition::None)
        .await
        .unwrap()
        .instance;
    let revision = plane.catalog.revision();
    plane.shutdown().await;
    let loaded = sorted(store.load().await.unwrap());
    known.sort_by(|left, right| left.id.cmp(&right.id));
    let known: Vec<Instance> = known.iter().map(|instance| (**instance).clone()).collect();
    assert_eq!(loaded.instances, known);
    assert_eq!(loaded.revision, revision);
    assert_eq!(loaded.services.len(), 2);
    assert_same_after_reopening(store, &directory).await;
}

#[tokio::test]
async fn the_epoch_outlives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    assert_same_after_reopening(Arc::new(open(&directory).await), &directory).await;
}

#[tokio::test]
async fn commits_that_a_power_cut_may_take_are_of_an_epoch_that_ends_with_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let mut epochs = Vec::new();
    for durability in [
        Durability::Full,
        Durability::Normal,
        Durability::Normal,
        Durability::Full,
        Durability::Full,
    ] {
        let store = SqlStore::open(&database(&directory), durability).await;
        epochs.push(store.unwrap().load().await.unwrap().epoch.to_string());
    }
    assert_eq!(epochs[3], epochs[4], "what is flushed stays");
    epochs.pop();
    let distinct: std::collections::BTreeSet<_> = epochs.iter().collect();
    assert_eq!(distinct.len(), 4, "{epochs:?}");
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let _first = open(&directory).await;
    let second = refused(&directory).await;
    assert!(
        second.to_string().ends_with("is in use by another merak"),
        "{second}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let garbage = "not a database ".repeat(1000);
    std::fs::write(database(&directory), &garbage).unwrap();
    let refusal = refused(&directory).await;
    assert!(
        refusal.to_string().contains("no SQLite database"),
        "{refusal}"
    );
    assert_eq!(
        std::fs::read_to_string(database(&directory)).unwrap(),
        garbage
    );
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let path = PathBuf::from("/nonexistent/merak.db");
    let refusal = SqlStore::open(&path, Durability::Full).await.unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::InvalidArgument);
    assert!(refusal.to_string().contains("/nonexistent"), "{refusal}");
}

/// Does something to a database that no control plane would.
async fn tamper(database: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = options.create_if_missing(true).connect().await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    tamper(&database(&directory), "CREATE TABLE change (id INTEGER)").await;
    let before = std::fs::read(database(&directory)).unwrap();
    let refusal = refused(&directory).await;
    let message = refusal.to_string();
    assert!(message.contains("of another program"), "{message}");
    assert_eq!(std::fs::read(database(&directory)).unwrap(), before);
}

#[tokio::test]
async fn a_database_that_does_not_say_whose_it_is_is_known_by_its_tables() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory).await);
    tamper(&database(&directory), "PRAGMA application_id = 0").await;
    drop(open(&directory).await);
    tamper(&database(&directory), "PRAGMA application_id = 7").await;
    let refusal = refused(&directory).await;
    assert_eq!(refusal.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn an_empty_file_is_no_empty_registry() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory).await);
    File::create(database(&directory)).unwrap();
    let refusal = refused(&directory).await;
    assert!(refusal.to_string().contains("is empty"), "{refusal}");
    assert_eq!(database(&directory).metadata().unwrap().len(), 0);
}

#[tokio::test]
async fn what_an_interrupted_first_start_left_does_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join("merak.db.partial");
    std::fs::write(&unfinished, "SQLite format 3\0 and no more").unwrap();
    drop(open(&directory).await);
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn a_database_that_is_missing_beside_its_log_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("merak.db-wal");
    std::fs::write(&log, "commits").unwrap();
    let refusal = refused(&directory).await;
    assert!(refusal.to_string().contains("is missing"), "{refusal}");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "commits");
    assert!(!database(&directory).exists());
}

#[tokio::test]
async fn a_database_without_its_epoch_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory).await);
    tamper(&database(&directory), "DELETE FROM control_plane").await;
    let refusal = refused(&directory).await;
    let message = refusal.to_string();
    assert!(message.contains("`control_plane`"), "{message}");
}

#[tokio::test]
async fn a_file_that_was_removed_takes_no_write() {
    for removed in ["merak.db", "merak.db-wal"] {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(open(&directory).await);
        let plane = start(&store).await;
        let register = async |port| {
            let registration = registration("pay", port);
            plane.registry.register(&caller(), registration).await
        };
        register(1).await.unwrap();
        std::fs::remove_file(directory.path().join(removed)).unwrap();
        let refusal = register(2).await.unwrap_err();
        let message = refusal.to_string();
        assert!(message.contains("was removed or replaced"), "{message}");
        assert!(plane.failed.is_cancelled());
        let key = ServiceKey::parse("default", "pay").unwrap();
        let pay = plane.catalog.find_service(&key).unwrap();
        assert_eq!(pay.instances().count(), 1);
    }
}

#[tokio::test]
async fn an_index_that_disagrees_with_its_table_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&directory).await);
    let plane = start(&store).await;
    let caller = caller();
    let registered = plane.registry.register(&caller, registration("pay", 1));
    registered.await.unwrap();
    plane.shutdown().await;
    drop(store);
    let database = database(&directory);
    assert_eq!(check(&database).await.unwrap(), [""; 0]);
    let sql = "PRAGMA writable_schema = ON; \
               UPDATE sqlite_master SET sql = 'CREATE INDEX change_by_actor ON change (kind, revision)' \
               WHERE name = 'change_by_actor'";
    tamper(&database, sql).await;
    let found = check(&database).await.unwrap();
    let is_named = |line: &String| line.contains("change_by_actor");
    assert!(found.iter().any(is_named), "{found:?}");
}

#[tokio::test]
async fn a_reference_to_nothing_is_found() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory).await);
    let sql = "PRAGMA foreign_keys = OFF; INSERT INTO instance (pk, service_pk, id, health, isolated, \
               spec, revision, created_at, modified_at) VALUES (1, 7, 'a', 'healthy', 0, '{}', 1, 1, 1)";
    tamper(&database(&directory), sql).await;
    let found = check(&database(&directory)).await.unwrap();
    let expected = "row 1 of table instance refers to a row that does not exist";
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory).await);
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
               execution_time) VALUES (9999, 'from the future', 1, x'00', 0)";
    tamper(&database(&directory), sql).await;
    let refusal = refused(&directory).await;
    assert!(
        refusal.to_string().contains("schema 9999, which is newer"),
        "{refusal}"
    );
}
