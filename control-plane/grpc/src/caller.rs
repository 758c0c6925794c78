//! Who calls, as far as the transport knows.

use merak_core::Caller;
use tonic::Request;

/// The metadata key under which clients name their requests.
const REQUEST_ID: &str = "x-request-id";

/// Longer request ids are cut: they are copied into every change.
const REQUEST_ID_LIMIT: usize = 128;

/// The caller of a request: its address and the request id that it chose.
pub(crate) fn caller_of<T>(request: &Request<T>) -> Caller {
    let actor = match request.remote_addr() {
        Some(peer) => format!("sdk@{}", peer.ip()),
        None => "sdk".to_owned(),
    };
    let request_id = request.metadata().get(REQUEST_ID);
    let request_id = request_id.and_then(|id| id.to_str().ok()).unwrap_or("");
    Caller::new(
        actor,
        request_id
            .chars()
            .take(REQUEST_ID_LIMIT)
            .collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_request_id_is_cut() {
        let mut request = Request::new(());
        let id = "x".repeat(500).parse().unwrap();
        request.metadata_mut().insert(REQUEST_ID, id);
        assert_eq!(caller_of(&request), Caller::new("sdk", "x".repeat(128)));
    }

    #[test]
    fn a_request_without_id_has_an_empty_one() {
        assert_eq!(caller_of(&Request::new(())).request_id, "");
    }
}
