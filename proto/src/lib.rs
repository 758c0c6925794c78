//! Merak's wire protocol.
//!
//! [`v1`] is generated from the `.proto` files beside this crate's sources and checked in, so that
//! a build needs no protobuf compiler and a review sees the wire change. [`convert`] turns wire
//! messages into model types, which validates them, and back; [`codec`] says how they become bytes.
//! Nothing else lives here.

pub mod codec;
pub mod convert;

/// The messages, clients and servers of package `merak.v1`.
#[allow(
    clippy::all,
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::wildcard_imports,
    missing_docs,
    unreachable_pub,
    reason = "generated code"
)]
pub mod v1 {
    include!("generated/merak.v1.rs");
}

/// What the services of `merak demo` say to each other.
#[allow(
    clippy::all,
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::wildcard_imports,
    missing_docs,
    unreachable_pub,
    reason = "generated code"
)]
pub mod demo {
    include!("generated/merak.demo.v1.rs");
}

/// The encoded `FileDescriptorSet` of package `merak.v1`, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/merak.v1.bin");
