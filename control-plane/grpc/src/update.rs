//! What a subscriber is told, as messages.

use merak_core::{Delta, ServiceSnapshot, Update};
use merak_proto::v1::{self, sync_response::Update as Message};

/// The answer that carries an update of a subscription.
pub(crate) fn response(subscription: u32, update: Update) -> v1::SyncResponse {
    let update = match update {
        Update::Snapshot(snapshot) => Message::Instances(snapshot_message(&snapshot)),
        Update::Delta(delta) => Message::InstancesDelta(delta_message(&delta)),
        Update::Services { revision, names } => Message::Services(v1::ServicesSnapshot {
            revision: revision.get(),
            services: names,
        }),
        Update::Absent { revision } => Message::Absent(v1::Absent {
            revision: revision.get(),
        }),
        Update::Unchanged { revision } => Message::Unchanged(v1::Unchanged {
            revision: revision.get(),
        }),
    };
    v1::SyncResponse {
        subscription,
        update: Some(update),
    }
}

/// The answer to a hello.
pub(crate) fn welcome(epoch: &merak_model::Epoch) -> v1::SyncResponse {
    v1::SyncResponse {
        subscription: 0,
        update: Some(Message::Welcome(v1::Welcome {
            epoch: epoch.to_string(),
        })),
    }
}

/// The answer to a subscription that cannot be served.
pub(crate) fn refusal(
    subscription: u32,
    reason: &str,
    message: impl Into<String>,
) -> v1::SyncResponse {
    v1::SyncResponse {
        subscription,
        update: Some(Message::Refused(v1::Refused {
            reason: reason.to_owned(),
            message: message.into(),
        })),
    }
}

fn snapshot_message(snapshot: &ServiceSnapshot) -> v1::InstancesSnapshot {
    let instances = snapshot.instances();
    v1::InstancesSnapshot {
        revision: snapshot.revision().get(),
        service: Some((&**snapshot.service()).into()),
        instances: instances.map(|instance| (&**instance).into()).collect(),
    }
}

fn delta_message(delta: &Delta) -> v1::InstancesDelta {
    let upserts = delta.upserts.iter();
    v1::InstancesDelta {
        from_revision: delta.from.get(),
        revision: delta.to.get(),
        service: delta.service.as_deref().map(Into::into),
        upserts: upserts.map(|instance| (&**instance).into()).collect(),
        removals: delta.removals.iter().map(ToString::to_string).collect(),
    }
}
