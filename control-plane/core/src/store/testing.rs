//! A store in memory, and what every store must do.

mod conformance;
mod memory;

pub use conformance::{
    a_thing_deleted_and_made_anew, bad_batch_leaves_nothing,
    changes_are_listed_by_all_that_is_asked, changes_are_listed_by_what_is_asked,
    pruning_keeps_the_state, rules_are_kept_with_their_last_change,
    the_log_of_a_rule_can_be_asked_for, what_was_appended_is_loaded,
};
pub use memory::MemoryStore;

/// Tests that a store does what the control plane relies on: `store_conformance!(open)`, where
/// `open` is an async function that returns a new, empty store.
#[macro_export]
macro_rules! store_conformance {
    ($open:path) => {
        $crate::store_conformance!(
            $open,
            what_was_appended_is_loaded,
            a_thing_deleted_and_made_anew,
            bad_batch_leaves_nothing,
            changes_are_listed_by_what_is_asked,
            changes_are_listed_by_all_that_is_asked,
            pruning_keeps_the_state,
            rules_are_kept_with_their_last_change,
            the_log_of_a_rule_can_be_asked_for
        );
    };
    ($open:path, $($case:ident),+) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_keep, store) = $open().await;
                $crate::testing::$case(&store).await;
            }
        )+
    };
}
