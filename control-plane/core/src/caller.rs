//! Who asks: the first parameter of everything that changes something.

/// Who asks for a change, and under which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name that the change log shows.
    pub actor: String,
    /// Ties the change to the request's log lines; empty if there was no request.
    pub request_id: String,
}

impl Caller {
    /// A caller by name.
    pub fn new(actor: impl Into<String>, request_id: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            request_id: request_id.into(),
        }
    }

    /// The control plane itself, for what happens because of time.
    pub fn system() -> Self {
        Self::new("merak", "")
    }
}
