//! Why a call goes where it goes, step by step.
//!
//! The steps are noted while the very code that picks makes its decision, over the same prepared
//! groups, so that an explanation cannot differ from what calls meet.

mod step;
mod trace;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    NearbyRule, Selection,
    group::{Pool, mix},
    select::{Decision, Unrouted},
};
use crate::{Call, Instance, InstanceId, Location, Metadata, Revision};
pub use step::{Check, Dropped, GroupReport, Join, Place, Step, Why};
use trace::Trace;

/// Where a call goes, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    pub verdict: Verdict,
    /// What decided: a branch, a rule whose `otherwise` rejects, or nothing, where no rule decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Place>,
    /// The instance that the draw gave, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picked: Option<InstanceId>,
    /// The instances that the call may go to. One that is in two targets is listed for each.
    pub candidates: Vec<Candidate>,
    /// What was looked at, in that order.
    pub steps: Vec<Step>,
    pub revisions: Revisions,
}

/// What becomes of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It goes to one of the candidates.
    Routed,
    /// A rule refuses it.
    Rejected,
    /// No instance may get it.
    NoInstance,
}

/// An instance that the call may go to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    pub id: InstanceId,
    /// `host:port`.
    pub address: String,
    pub version: String,
    pub protocol: String,
    pub metadata: Metadata,
    pub location: Location,
    /// The index of the target in its branch, where a branch decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<usize>,
    /// The share of such calls that it gets, 0..=1.
    pub probability: f64,
    #[serde(skip)]
    pub instance: Arc<Instance>,
}

/// The newest change in what was looked at; none where there is nothing of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Revisions {
    pub instances: Option<Revision>,
    pub routing_rules: Option<Revision>,
    pub nearby_rule: Option<Revision>,
}

impl Verdict {
    /// The verdict as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Routed => "routed",
            Self::Rejected => "rejected",
            Self::NoInstance => "no_instance",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Selection {
    /// Explains where a call goes; with a draw of 64 random bits, the instance that
    /// [`Selection::pick`] gives for the same draw.
    pub fn explain(&self, call: &Call<'_>, draw: Option<u64>) -> Explanation {
        let situation = self.situation(call);
        let mut trace = Trace::new(self, situation);
        let decision = self.decide(&situation, &mut trace);
        let mut candidates = Vec::new();
        let picked = |pool: Pool<'_, '_>| draw.map(|draw| pool.draw(mix(draw)).instance.id.clone());
        let (verdict, decided_by, picked) = match decision {
            Decision::All(pool) => {
                list(&mut candidates, &pool, None, 1.0);
                (Verdict::Routed, None, picked(pool))
            }
            Decision::Targets(targets) => {
                for share in targets.shares {
                    if let Some(pool) = self.pool_of(&targets, share, &situation) {
                        let part = share.weight as f64 / targets.weight as f64;
                        list(&mut candidates, &pool, Some(share.target), part);
                    }
                }
                let drawn = draw
                    .map(|draw| self.draw_target(&targets, &situation, draw))
                    .and_then(picked);
                let place = Place::branch(&targets.rule.key, targets.branch);
                (Verdict::Routed, Some(place), drawn)
            }
            Decision::None(Unrouted::NoInstance) => (Verdict::NoInstance, None, None),
            Decision::None(Unrouted::Rejected { rule, branch }) => {
                let rule = rule.key.clone();
                let place = Place { rule, branch };
                (Verdict::Rejected, Some(place), None)
            }
        };
        Explanation {
            verdict,
            decided_by,
            picked,
            candidates,
            steps: trace.into_steps(),
            revisions: self.revisions(),
        }
    }

    fn revisions(&self) -> Revisions {
        let instances = self.instances.iter().map(|one| one.stamp.revision);
        let rules = self.rules.iter().map(|one| one.rule.stamp.revision);
        let nearby = self.policy.nearby.as_deref();
        Revisions {
            instances: instances.max(),
            routing_rules: rules.max(),
            nearby_rule: nearby.map(|rule: &NearbyRule| rule.stamp.revision),
        }
    }
}

fn list(all: &mut Vec<Candidate>, pool: &Pool<'_, '_>, target: Option<usize>, part: f64) {
    let weight = pool.weight() as f64;
    all.extend(pool.candidates().map(|instance: &Arc<Instance>| {
        let spec = &instance.spec;
        Candidate {
            id: instance.id.clone(),
            address: instance.address(),
            version: spec.version.to_string(),
            protocol: spec.protocol.to_string(),
            metadata: spec.metadata.clone(),
            location: spec.location.clone(),
            target,
            probability: part * f64::from(spec.weight.get()) / weight,
            instance: Arc::clone(instance),
        }
    }));
}
