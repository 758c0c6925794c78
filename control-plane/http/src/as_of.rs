//! Reading the past: `as_of` as a revision or a time.

use merak_core::{ChangeQuery, Error, Kind, Moment, Order, PastService};
use merak_model::{
    Invalid, NamespaceName, Revision, ServiceKey, Timestamp,
    invalid::{Form, Why},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{Api, namespace, problem::Problem, service};

/// An earlier moment, as a client names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AsOf(Moment);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AsOfQuery {
    /// The state right after this revision, or at this RFC 3339 time, instead of now.
    #[param(value_type = Option<String>, example = "2026-01-02T10:42:00Z")]
    pub(crate) as_of: Option<AsOf>,
}

impl TryFrom<String> for AsOf {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if let Ok(revision) = text.parse() {
            return Ok(Self(Moment::Revision(Revision(revision))));
        }
        let time = Timestamp::parse("as_of", &text)
            .map_err(|_| Invalid::malformed("as_of", &text, Form::Moment))?;
        Ok(Self(Moment::Time(time)))
    }
}

impl AsOf {
    /// The moment that is meant; a time that has not come yet is refused.
    pub(crate) fn moment(self, api: &Api) -> Result<Moment, Problem> {
        match self.0 {
            Moment::Time(time) if time > api.plane.clock.timestamp() => {
                let invalid = Invalid::because("as_of", Why::FutureTime { time });
                Err(Problem::refused_parameter(&invalid))
            }
            moment @ (Moment::Revision(_) | Moment::Time(_)) => Ok(moment),
        }
    }

    /// A service with its instances as it was then.
    pub(crate) async fn find_service(
        self,
        api: &Api,
        key: &ServiceKey,
    ) -> Result<PastService, Problem> {
        let history = &api.plane.history;
        let found = history.find_service_at(key, self.moment(api)?).await;
        found
            .map_err(Self::refused)?
            .ok_or_else(|| service::not_found(key))
    }

    /// Refuses a namespace that did not exist then.
    pub(crate) async fn require_namespace(
        self,
        api: &Api,
        name: &NamespaceName,
    ) -> Result<(), Problem> {
        let history = &api.plane.history;
        let revision = history.revision_at(self.moment(api)?).await;
        let first_later = ChangeQuery {
            kind: Some(Kind::Namespace),
            namespace: Some(name.clone()),
            after: Some(revision.map_err(Self::refused)?),
            order: Order::OldestFirst,
            limit: 1,
            ..ChangeQuery::default()
        };
        let did_exist = match history.list_changes(&first_later).await?.first() {
            Some(change) => change.before.is_some(),
            None => api.plane.catalog.find_namespace(name).is_some(),
        };
        match did_exist {
            true => Ok(()),
            false => Err(namespace::not_found(name)),
        }
    }

    /// What the history refuses of a moment is the parameter's fault.
    pub(crate) fn refused(error: Error) -> Problem {
        Problem::of_parameter("as_of", error)
    }
}
