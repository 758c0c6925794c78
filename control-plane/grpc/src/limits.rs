//! What one client may ask of the listener. Whatever passes a limit is refused with its name.

use std::time::Duration;

/// How long a connection has to begin to speak HTTP/2; then it is closed.
pub(crate) const PREFACE_TIME: Duration = Duration::from_secs(10);

/// The bytes of one request message; larger ones are `RESOURCE_EXHAUSTED`, `MESSAGE_TOO_LARGE`.
pub(crate) const REQUEST_BYTES: usize = 1024 * 1024;

/// The streams and calls that are open on one connection.
///
/// Clients learn of it in the connection's SETTINGS and wait; a stream beyond it is reset with
/// `REFUSED_STREAM`, which means that nothing was done.
pub(crate) const STREAMS: u32 = 1000;

/// The bytes of one request's headers; larger ones are answered with HTTP status 431.
pub(crate) const HEADER_BYTES: u32 = 16 * 1024;

/// The instances that one KeepAlive stream speaks for; more end it with `RESOURCE_EXHAUSTED`,
/// `TOO_MANY_INSTANCES`.
pub(crate) const ATTACHED_INSTANCES: usize = 10_000;

/// The instances of one Heartbeat call; more are `INVALID_ARGUMENT`.
pub(crate) const HEARTBEAT_INSTANCES: usize = 10_000;

/// The live subscriptions of one Sync stream; further ones are refused alone, with
/// `too_many_subscriptions`.
pub(crate) const SUBSCRIPTIONS: usize = 10_000;

/// The labels of one hello; more are `INVALID_ARGUMENT`.
pub(crate) const LABELS: usize = 64;

/// The characters of one text of a hello; more are `INVALID_ARGUMENT`.
pub(crate) const TEXT_CHARACTERS: usize = 256;

/// Rules that an acknowledgement may name as not understood.
pub(crate) const LEFT_OUT: usize = 256;
