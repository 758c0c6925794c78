//! What the operations on routing rules and on nearby rules have in common.

#[expect(dead_code, reason = "describes what the model reads and writes")]
pub(crate) mod schema;
