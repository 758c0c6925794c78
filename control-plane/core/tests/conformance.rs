//! The store in memory does what stores must do, or the tests over it prove nothing.

async fn open() -> ((), merak_core::testing::MemoryStore) {
    ((), merak_core::testing::MemoryStore::default())
}

merak_core::store_conformance!(open);
