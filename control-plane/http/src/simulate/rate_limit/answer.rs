//! What became of calls that were tried out, as the API tells it.

use std::{collections::BTreeMap, time::Duration};

use merak_model::{
    Call,
    limiting::{
        RateLimitRule, ScopeKind,
        trial::{Fate, Sequence, Tested, Trial},
    },
    routing::{ConditionDocument, FactKind},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::rule::schema::{self, rate_limit as rules};

/// The most parts that a sequence is told in.
const SLICES: u32 = 60;

/// What becomes of calls, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RateLimitSimulation)]
pub(super) struct Simulation {
    /// What becomes of all of them, as a sentence for people.
    summary: String,
    /// What becomes of the last call.
    verdict: Verdict,
    /// How long the last call waits for its turn, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    wait_ms: Option<u64>,
    /// Why the last call is rejected, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rejection: Option<Rejection>,
    /// The rules for calls to the service, in the order of their precedence.
    rules: Vec<Rule>,
    sequence: Outcome,
}

/// What becomes of a call: it goes through, it waits for its turn and then does, or it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LimitVerdict)]
enum Verdict {
    Admitted,
    Queued,
    Rejected,
}

/// Why a call is rejected, and what its caller is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitRejection)]
struct Rejection {
    rule: RuleName,
    /// The amount that is used up; absent where too many calls are under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    amount: Option<Amount>,
    /// When it would go through if no other call came; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after_ms: Option<u64>,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RuleFullName)]
struct RuleName {
    namespace: String,
    name: String,
}

/// Calls in a window.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitedAmount)]
struct Amount {
    max: u32,
    window_ms: u64,
}

/// What one rule says of the call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitRuleStanding)]
struct Rule {
    rule: RuleName,
    /// The change that last touched it; 0 for a draft.
    revision: u64,
    enabled: bool,
    /// Whether the call meets all of its tests; those of a rule that is not enabled are told as well.
    matches: bool,
    conditions: Vec<Test>,
    /// The values that tell its counters apart; empty where all calls share one, or it does not match.
    counter: Vec<CounterPart>,
    /// The same as one text, such as `header.x-user=42`.
    counter_key: String,
    #[schema(value_type = rules::LimitScope)]
    scope: ScopeKind,
    /// What is left after the last call; empty if the rule is not applied to it.
    amounts: Vec<Left>,
    /// Calls that may be under way at a time, where that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    concurrency: Option<u32>,
    /// How many of the calls it rejected.
    rejected: u32,
}

/// A test, and what the call has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitTest)]
struct Test {
    #[schema(value_type = schema::Condition)]
    wanted: ConditionDocument,
    /// The value of the call; null if it has none.
    got: Option<String>,
    holds: bool,
}

/// A value that tells counters apart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitCounterPart)]
struct CounterPart {
    #[schema(value_type = schema::FactKind)]
    on: FactKind,
    /// Empty for facts without keys.
    key: String,
    value: String,
}

/// What is left of an amount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitLeft)]
struct Left {
    max: u32,
    window_ms: u64,
    /// Calls that may come at once after a pause.
    burst: u32,
    /// Calls that may come at once now.
    left: u32,
    /// The time until as many may come as after a pause; of a global limit, until its window is over.
    full_in_ms: u64,
}

/// What becomes of all calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallSequenceOutcome)]
struct Outcome {
    calls: u32,
    over_ms: u64,
    instances: u32,
    /// Those that go through at once.
    admitted: u32,
    /// Those that go through after they waited for their turn.
    queued: u32,
    rejected: u32,
    /// The longest wait of a call that goes through.
    longest_wait_ms: u64,
    /// When the first call is rejected; absent where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_rejected_at_ms: Option<u64>,
    /// The longest time after which a rejected caller is told to try again; absent where none is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    longest_retry_after_ms: Option<u64>,
    /// The calls by when they come, in up to 60 parts of equal length.
    timeline: Vec<Slice>,
}

/// The calls of a part of a sequence.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = CallSequenceSlice)]
struct Slice {
    from_ms: u64,
    admitted: u32,
    queued: u32,
    rejected: u32,
}

impl Simulation {
    /// Tells a trial of the rules that were `applied`, a part of those that were tested.
    pub(super) fn of(
        tested: &[(&RateLimitRule, Vec<Tested>)],
        applied: &[&RateLimitRule],
        sequence: &Sequence,
        trial: &Trial,
        call: &Call<'_>,
    ) -> Self {
        let outcome = Outcome::of(sequence, trial);
        let last = trial.calls.last().copied();
        let last = last.unwrap_or(Fate::Admitted(Duration::ZERO));
        let rules = tested.iter().map(|(rule, tests)| {
            let place = applied.iter().position(|one| one.key == rule.key);
            Rule::of(rule, tests, place.map(|place| (place, trial)), call)
        });
        Self {
            summary: outcome.summary(),
            verdict: Verdict::of(last),
            wait_ms: match last {
                Fate::Admitted(wait) if !wait.is_zero() => Some(milliseconds(wait)),
                Fate::Admitted(_) | Fate::Rejected { .. } => None,
            },
            rejection: Rejection::of(last, applied),
            rules: rules.collect(),
            sequence: outcome,
        }
    }
}

impl Verdict {
    fn of(fate: Fate) -> Self {
        match fate {
            Fate::Admitted(Duration::ZERO) => Self::Admitted,
            Fate::Admitted(_) => Self::Queued,
            Fate::Rejected { .. } => Self::Rejected,
        }
    }
}

impl Rejection {
    fn of(fate: Fate, applied: &[&RateLimitRule]) -> Option<Self> {
        let Fate::Rejected {
            rule,
            amount,
            retry_after,
        } = fate
        else {
            return None;
        };
        let rule = applied.get(rule)?;
        let amount = amount.and_then(|amount| rule.spec.amounts().get(amount));
        let (response, headers) = (&rule.spec.response, rule.spec.response.headers());
        Some(Self {
            rule: RuleName::of(rule),
            amount: amount.map(|amount| Amount {
                max: amount.max(),
                window_ms: milliseconds(amount.window()),
            }),
            retry_after_ms: retry_after.map(milliseconds),
            status: response.status(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: response.body().to_owned(),
        })
    }
}

impl RuleName {
    fn of(rule: &RateLimitRule) -> Self {
        Self {
            namespace: rule.key.namespace.to_string(),
            name: rule.key.name.to_string(),
        }
    }
}

impl Rule {
    fn of(
        rule: &RateLimitRule,
        tests: &[Tested],
        place: Option<(usize, &Trial)>,
        call: &Call<'_>,
    ) -> Self {
        let matches = tests.iter().all(|test| test.holds);
        let facts = rule.spec.counted_by().into_iter().filter(|_| matches);
        let counter: Vec<_> = facts
            .map(|fact| CounterPart {
                on: fact.kind(),
                key: fact.key().to_owned(),
                value: call.find(fact).unwrap_or_default().to_owned(),
            })
            .collect();
        let parts = counter.iter().map(CounterPart::text).collect::<Vec<_>>();
        let rejected = place.map_or(0, |(place, trial)| {
            let calls = trial.calls.iter();
            let by_it =
                |fate: &&Fate| matches!(fate, Fate::Rejected { rule, .. } if *rule == place);
            u32::try_from(calls.filter(by_it).count()).unwrap_or(u32::MAX)
        });
        Self {
            rule: RuleName::of(rule),
            revision: rule.stamp.revision.get(),
            enabled: rule.spec.enabled,
            matches,
            conditions: tests.iter().map(Test::of).collect(),
            counter_key: parts.join(" "),
            counter,
            scope: match rule.spec.scope().is_global() {
                true => ScopeKind::Global,
                false => ScopeKind::Local,
            },
            amounts: place.map_or_else(Vec::new, |(place, trial)| left(rule, &trial.left[place])),
            concurrency: rule.spec.concurrency(),
            rejected,
        }
    }
}

fn left(rule: &RateLimitRule, left: &[merak_model::limiting::Left]) -> Vec<Left> {
    let amounts = rule.spec.amounts().iter().zip(left);
    let told = amounts.map(|(&amount, left)| Left {
        max: amount.max(),
        window_ms: milliseconds(amount.window()),
        burst: rule.spec.burst(amount),
        left: left.calls,
        full_in_ms: milliseconds(left.full_in),
    });
    told.collect()
}

impl Test {
    fn of(tested: &Tested) -> Self {
        Self {
            wanted: (&tested.condition).into(),
            got: tested.got.clone(),
            holds: tested.holds,
        }
    }
}

impl CounterPart {
    fn text(&self) -> String {
        let Self { on, key, value } = self;
        match key.as_str() {
            "" => format!("{on}={value}"),
            key => format!("{on}.{key}={value}"),
        }
    }
}

impl Outcome {
    fn of(sequence: &Sequence, trial: &Trial) -> Self {
        let mut outcome = Self {
            calls: sequence.calls,
            over_ms: milliseconds(sequence.over),
            instances: sequence.instances,
            admitted: 0,
            queued: 0,
            rejected: 0,
            longest_wait_ms: 0,
            first_rejected_at_ms: None,
            longest_retry_after_ms: None,
            timeline: timeline(sequence, trial),
        };
        for (number, fate) in (0_u32..).zip(&trial.calls) {
            match *fate {
                Fate::Admitted(Duration::ZERO) => outcome.admitted += 1,
                Fate::Admitted(wait) => {
                    outcome.queued += 1;
                    outcome.longest_wait_ms = outcome.longest_wait_ms.max(milliseconds(wait));
                }
                Fate::Rejected { retry_after, .. } => {
                    outcome.rejected += 1;
                    let at = milliseconds(sequence.time_of(number));
                    outcome.first_rejected_at_ms.get_or_insert(at);
                    let retry = retry_after.map(milliseconds);
                    outcome.longest_retry_after_ms = outcome.longest_retry_after_ms.max(retry);
                }
            }
        }
        outcome
    }

    fn summary(&self) -> String {
        let Self {
            calls,
            admitted,
            queued,
            rejected,
            ..
        } = self;
        let within = match self.over_ms {
            0 => "at once".to_owned(),
            over => format!("in {over} ms"),
        };
        let queued = match queued {
            0 => String::new(),
            _ => format!(
                " {queued} wait up to {} ms and go through,",
                self.longest_wait_ms
            ),
        };
        let retry = match self.longest_retry_after_ms {
            Some(retry) => format!(", to be tried again after up to {retry} ms"),
            None => String::new(),
        };
        format!(
            "of {calls} calls {within} {admitted} go through at once,{queued} {rejected} are rejected{retry}"
        )
    }
}

fn timeline(sequence: &Sequence, trial: &Trial) -> Vec<Slice> {
    let parts = match sequence.over.is_zero() {
        true => 1,
        false => SLICES.min(sequence.calls),
    };
    let mut slices: Vec<Slice> = (0..parts)
        .map(|part| Slice {
            from_ms: milliseconds(sequence.over * part / parts),
            ..Slice::default()
        })
        .collect();
    for (number, fate) in (0_u64..).zip(&trial.calls) {
        let part = number * u64::from(parts) / u64::from(sequence.calls);
        let slice = usize::try_from(part)
            .ok()
            .and_then(|part| slices.get_mut(part));
        let Some(slice) = slice else {
            continue;
        };
        match Verdict::of(*fate) {
            Verdict::Admitted => slice.admitted += 1,
            Verdict::Queued => slice.queued += 1,
            Verdict::Rejected => slice.rejected += 1,
        }
    }
    slices
}

/// Rounded up: who waits so long does not come too early.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
