//! Joining, leaving and staying alive.

use std::{pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt as _, stream};
use merak_core::{Catalog, ControlPlane, Outcome, Precondition, Session};
use merak_model::{InstanceId, Invalid, Problem, Registration, ServiceKey};
use merak_proto::v1::{self, register_response, registry_server::Registry};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    caller::caller_of,
    limits::{ATTACHED_INSTANCES, HEARTBEAT_INSTANCES},
    status::{exhausted, refused, status_of, unread},
};

/// Serves `merak.v1.Registry`.
pub(crate) struct RegistryService {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) drain: CancellationToken,
}

type Answers = Pin<Box<dyn Stream<Item = Result<v1::KeepAliveResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Registry for RegistryService {
    type KeepAliveStream = Answers;

    async fn register(
        &self,
        request: Request<v1::RegisterRequest>,
    ) -> Result<Response<v1::RegisterResponse>, Status> {
        let caller = caller_of(&request);
        let registration = Registration::try_from(request.into_inner()).map_err(refused)?;
        let registered = self.plane.registry.register(&caller, registration).await;
        let registered = registered.map_err(|error| status_of(&error))?;
        let outcome = match registered.outcome {
            Outcome::Created => register_response::Outcome::Created,
            Outcome::Updated => register_response::Outcome::Updated,
            Outcome::Unchanged => register_response::Outcome::Unchanged,
        };
        Ok(Response::new(v1::RegisterResponse {
            id: registered.instance.id.to_string(),
            revision: registered.instance.stamp.revision.get(),
            outcome: outcome.into(),
        }))
    }

    async fn deregister(
        &self,
        request: Request<v1::DeregisterRequest>,
    ) -> Result<Response<v1::DeregisterResponse>, Status> {
        let caller = caller_of(&request);
        let instance = request.into_inner().instance;
        let instance = instance.ok_or_else(|| refused(Invalid::missing("instance")))?;
        let (service, id) = parse_key(instance).map_err(refused)?;
        let removed = self
            .plane
            .registry
            .deregister(&caller, (service, id), Precondition::None)
            .await;
        let removed = removed.map_err(|error| status_of(&error))?;
        Ok(Response::new(v1::DeregisterResponse {
            revision: removed.map_or(0, |revision| revision.get()),
        }))
    }

    /// Answers every message that attaches, and any other only to name instances that are gone.
    async fn keep_alive(
        &self,
        request: Request<Streaming<v1::KeepAliveRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let catalog = Arc::clone(&self.plane.catalog);
        let open = Some((request.into_inner(), self.plane.liveness.open_session()));
        let answers = stream::unfold(open, move |open| {
            let catalog = Arc::clone(&catalog);
            async move {
                let (mut requests, session) = open?;
                match next_answer(&mut requests, &session, &catalog).await {
                    Ok(None) => None,
                    Ok(Some(answer)) => Some((Ok(answer), Some((requests, session)))),
                    Err(status) => Some((Err(status), None)),
                }
            }
        });
        let drained = self.drain.clone().cancelled_owned();
        Ok(Response::new(Box::pin(answers.take_until(drained))))
    }

    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let instances = request.into_inner().instances;
        if instances.len() > HEARTBEAT_INSTANCES {
            let (count, limit) = (instances.len(), HEARTBEAT_INSTANCES);
            let problem = Problem::TooMany { count, limit };
            return Err(refused(Invalid::new("instances", problem)));
        }
        let instances = parse_keys("instances", instances)?;
        let unknown = self.plane.liveness.heartbeat(instances);
        Ok(Response::new(v1::HeartbeatResponse {
            unknown: unknown_keys(&self.plane.catalog, unknown),
        }))
    }
}

/// Applies messages until one is to be answered; none at the end of the stream.
async fn next_answer(
    requests: &mut Streaming<v1::KeepAliveRequest>,
    session: &Session,
    catalog: &Catalog,
) -> Result<Option<v1::KeepAliveResponse>, Status> {
    while let Some(request) = requests.message().await.map_err(unread)? {
        let attach = parse_keys("attach", request.attach)?;
        let detach = parse_keys("detach", request.detach)?;
        session.beat();
        if !detach.is_empty() {
            session.detach(detach);
        }
        let attaches = !attach.is_empty();
        let mut unknown = Vec::new();
        if attaches {
            unknown = session.attach(attach);
            if session.len() > ATTACHED_INSTANCES {
                return Err(too_many_attached(session.len()));
            }
        }
        unknown.append(&mut session.take_lost());
        let unknown = unknown_keys(catalog, unknown);
        if attaches || !unknown.is_empty() {
            return Ok(Some(v1::KeepAliveResponse { unknown }));
        }
    }
    Ok(None)
}

fn too_many_attached(count: usize) -> Status {
    let limit = ATTACHED_INSTANCES;
    let message = format!("{count} instances on one stream, at most {limit} are allowed");
    exhausted("TOO_MANY_INSTANCES", limit, message)
}

fn parse_key(key: v1::InstanceKey) -> Result<(ServiceKey, InstanceId), Invalid> {
    <(ServiceKey, InstanceId)>::try_from(key).map_err(|invalid| invalid.within("instance"))
}

fn parse_keys(
    field: &str,
    keys: Vec<v1::InstanceKey>,
) -> Result<Vec<(ServiceKey, InstanceId)>, Status> {
    let keys = keys.into_iter().enumerate().map(|(index, key)| {
        <(ServiceKey, InstanceId)>::try_from(key)
            .map_err(|invalid| refused(invalid.within(format_args!("{field}[{index}]"))))
    });
    keys.collect()
}

/// Those without a lease that are to be registered again; static instances are known and need no beats.
fn unknown_keys(catalog: &Catalog, unknown: Vec<(ServiceKey, InstanceId)>) -> Vec<v1::InstanceKey> {
    let is_static = |service: &ServiceKey, id: &InstanceId| {
        let found = catalog.find_instance(service, id);
        found.is_some_and(|instance| instance.spec.health_check.ttl().is_none())
    };
    let keys = unknown
        .iter()
        .filter(|(service, id)| !is_static(service, id));
    keys.map(|(service, id)| (service, id).into()).collect()
}
