//! What the control plane relies on, on a real SQLite file.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{path::PathBuf, sync::Arc};

use merak_core::{
    Caller, Change, ControlPlane, Error, ErrorKind, Item, Key, Loaded, ManualClock, MissingService,
    Store,
};
use merak_model::{
    Host, Instance, InstanceSpec, Metadata, Port, Registration, Revision, ServiceKey,
};
use merak_store::{Durability, SqlStore};
use tempfile::TempDir;

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
    ControlPlane::start(Arc::clone(store) as _, clock, MissingService::Create)
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
        .sort_by(|left, right| left.key.cmp(&right.key));
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
        .deregister(&caller(), service, gone.id.clone())
        .await
        .unwrap();
    let (service, id) = ((*known[0].service).clone(), known[0].id.clone());
    known[0] = plane
        .registry
        .set_isolated(&caller(), service, id, true)
        .await
        .unwrap();
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
async fn one_transaction_may_delete_a_thing_and_make_it_anew() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&directory).await);
    let plane = start(&store).await;
    let first = plane
        .registry
        .register(&caller(), registration("pay", 1))
        .await
        .unwrap()
        .instance;
    plane.shutdown().await;
    let mut second = (*first).clone();
    second.stamp.created_revision = Revision(5);
    second.stamp.revision = Revision(5);
    let second = Arc::new(second);
    let change = |revision, before: Option<&Arc<Instance>>, after: Option<&Arc<Instance>>| Change {
        revision: Revision(revision),
        at: first.stamp.created_at,
        actor: "test".into(),
        request_id: "".into(),
        key: Key::Instance(Arc::clone(&first.service), first.id.clone()),
        before: before.cloned().map(Item::Instance),
        after: after.cloned().map(Item::Instance),
    };
    store
        .append(&[
            change(4, Some(&first), None),
            change(5, None, Some(&second)),
        ])
        .await
        .unwrap();
    assert_eq!(store.load().await.unwrap().instances, [(*second).clone()]);
    // All or nothing: the second change repeats a revision, so the first is not written either.
    let refused = store
        .append(&[
            change(6, Some(&second), None),
            change(5, None, Some(&second)),
        ])
        .await;
    assert!(refused.is_err());
    let loaded = store.load().await.unwrap();
    assert_eq!(
        (loaded.revision, loaded.instances),
        (Revision(5), vec![(*second).clone()])
    );
    store
        .append(&[change(6, Some(&second), None)])
        .await
        .unwrap();
    assert_eq!(store.load().await.unwrap().instances, []);
}

#[tokio::test]
async fn a_backup_has_the_content_and_another_epoch_and_overwrites_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&directory).await);
    let plane = start(&store).await;
    plane
        .registry
        .register(&caller(), registration("pay", 1))
        .await
        .unwrap();
    let copy = directory.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    let again = store.backup(&copy).await.unwrap_err();
    assert!(
        again
            .to_string()
            .ends_with("exists already: name a new file"),
        "{again}"
    );
    let original = store.load().await.unwrap();
    let copy = SqlStore::open(&copy, Durability::Full)
        .await
        .unwrap()
        .load()
        .await
        .unwrap();
    assert_eq!(
        (copy.instances, copy.revision),
        (original.instances, original.revision)
    );
    assert_ne!(copy.epoch, original.epoch);
}

#[tokio::test]
async fn the_epoch_outlives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    assert_same_after_reopening(Arc::new(open(&directory).await), &directory).await;
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

#[tokio::test]
async fn a_newer_schema_is_refused() {
    use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory).await);
    let options = SqliteConnectOptions::new().filename(database(&directory));
    let mut connection = options.connect().await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let refusal = refused(&directory).await;
    assert!(
        refusal.to_string().contains("schema 9999, which is newer"),
        "{refusal}"
    );
}
