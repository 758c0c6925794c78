//! The tour: rules are written as an operator does, and real calls are counted against what they say.

mod limits;
mod rules;
mod summary;

use std::sync::Arc;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::commands::{
    operator::{Operator, Written},
    reports::counted,
};

use super::{
    CALLERS, Demo,
    admission::Admission,
    flood::flood,
    journal::{Call, Journal},
    loss::{Loss, Watched},
    share::Share,
    system::{ORDER, PAY, Replica, System},
    traffic::{TESTER, Traffic},
};

/// Calls that a share is counted of.
const CALLS: usize = 1000;

/// The replica that dies at the end.
const VICTIM: &str = "micro-pay-1";

const NEARBY: &str = "nearby-rules/micro-pay-near";
const CANARY: &str = "routing-rules/micro-order-canary";
const TESTERS: &str = "routing-rules/micro-order-testers";

/// What happened on the tour so far.
struct Tour<'d> {
    demo: &'d Demo,
    traffic: &'d Traffic,
    journal: &'d Journal,
    operator: Operator,
    steps: Vec<Step>,
    loss: Loss,
    failed_before_loss: u64,
}

/// A rule, or none, and where calls went.
#[derive(Debug, Serialize)]
struct Step {
    name: &'static str,
    rule: Option<Obeyed>,
    shares: Vec<Share>,
    admissions: Vec<Admission>,
}

impl Step {
    /// The rows of what is not as expected.
    fn off(&self) -> Vec<String> {
        let shares = self.shares.iter().filter(|share| !share.is_as_expected());
        let admissions = self.admissions.iter().filter(|one| !one.is_as_expected());
        let admissions = admissions.map(Admission::row);
        shares.map(Share::row).chain(admissions).collect()
    }

    /// The rows of what was counted.
    fn rows(&self) -> Vec<String> {
        let admissions = self.admissions.iter().map(Admission::row);
        self.shares
            .iter()
            .map(Share::row)
            .chain(admissions)
            .collect()
    }
}

/// How a rule came to be obeyed.
#[derive(Debug, Clone, Copy, Serialize)]
struct Obeyed {
    rule: &'static str,
    revision: u64,
    /// From before the rule was sent to the control plane to the answer of the first call that was routed
    /// by it, so that it is longer than from the commit.
    first_call_after_ms: f64,
    /// Callers that obey it, which are all.
    applied_by: usize,
}

/// Whose calls obey a rule.
#[derive(Debug, Clone, Copy)]
enum Caller {
    Api,
    Order,
}

impl Caller {
    fn obeys(self, call: &Call, rule: Written) -> bool {
        let rules = &call.answer.rules;
        let by = match self {
            Self::Api => rules.order,
            Self::Order => rules.pay,
        };
        by >= rule.revision
    }
}

impl Demo {
    pub(super) async fn guide(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let (mut system, mut signals) = self.start().await?;
        self.say(
            "\nA control plane on an empty store, and seven processes that know its address alone.\n",
        );
        self.say(&system.describe());
        let stop = CancellationToken::new();
        let journal = Arc::new(Journal::default());
        let traffic = Arc::new(Traffic::recorded(&system.apis[0], &journal));
        let callers = traffic.drive(CALLERS, &stop);
        let mut tour = Tour {
            demo: self,
            traffic: &traffic,
            journal: &journal,
            operator: Operator::new(&system.http, "default"),
            steps: Vec::new(),
            loss: Loss::default(),
            failed_before_loss: 0,
        };
        let outcome = tokio::select! {
            outcome = tour.walk(&mut system) => outcome.map(|()| None),
            signal = signals.next() => Ok(Some(signal)),
        };
        stop.cancel();
        callers.join_all().await;
        system.end().await?;
        if let Some(signal) = outcome? {
            self.say(&format!("\nstopped by {signal}; everything has ended"));
            return Ok(());
        }
        tour.conclude(&traffic.tally(), began.elapsed())
    }
}

impl Tour<'_> {
    async fn walk(&mut self, system: &mut System) -> anyhow::Result<()> {
        self.find_each_other().await?;
        self.stay_near().await?;
        self.release().await?;
        self.limit_each_caller(system).await?;
        self.limit_all_together(system).await?;
        self.lose_a_replica(system).await
    }

    async fn find_each_other(&mut self) -> anyhow::Result<()> {
        self.say("1  Services find each other, and share the calls");
        let calls = self
            .journal
            .collect(Instant::now(), CALLS, |_| true)
            .await?;
        let mut shares = Vec::new();
        for replica in &ORDER {
            let expected = 1.0 / ORDER.len() as f64;
            let what = format!("{} ({})", replica.name, replica.version);
            shares.push(share(what, expected, &calls, |call| is_by(call, replica)));
        }
        shares.push(share("paid in the same zone", 0.5, &calls, is_near));
        self.note("no rule", None, shares);
        Ok(())
    }

    async fn stay_near(&mut self) -> anyhow::Result<()> {
        self.say("\n2  A nearby rule keeps payments in the zone of the order");
        let near = json!({"callee": {"service": "micro-pay"}, "level": "zone"});
        let (obeyed, _) = self.write(NEARBY, None, &near, Caller::Order).await?;
        let calls = self
            .journal
            .collect(Instant::now(), CALLS, |_| true)
            .await?;
        let near = share("paid in the same zone", 1.0, &calls, is_near);
        self.note("nearby", Some(obeyed), vec![near]);
        Ok(())
    }

    async fn release(&mut self) -> anyhow::Result<()> {
        self.say(
            "\n3  Version 2 of micro-order is released: to nobody, to a tester, to some, to all",
        );
        let (obeyed, canary) = self
            .write(CANARY, None, &rules::canary(0), Caller::Api)
            .await?;
        self.note_versions("canary 0 %", obeyed, [0.0, 0.0]).await?;
        let (obeyed, _) = self
            .write(TESTERS, None, &rules::testers(), Caller::Api)
            .await?;
        self.note_versions("header", obeyed, [1.0, 0.0]).await?;
        let mut before = canary;
        for (name, percent) in [("canary 30 %", 30), ("canary 100 %", 100)] {
            let rule = rules::canary(percent);
            let (obeyed, written) = self.write(CANARY, Some(before), &rule, Caller::Api).await?;
            let others = f64::from(percent) / 100.0;
            self.note_versions(name, obeyed, [1.0, others]).await?;
            before = written;
        }
        Ok(())
    }

    async fn lose_a_replica(&mut self, system: &mut System) -> anyhow::Result<()> {
        self.say(&format!(
            "\n5  {VICTIM} dies, and its zone has no other: payments go to the next zone"
        ));
        let mut watched = Watched::begin(system, VICTIM).await?;
        self.failed_before_loss = self.traffic.tally().failed;
        system.kill(VICTIM).await?;
        self.loss.killed = Some(Instant::now());
        watched.loss().await;
        let noticed = Instant::now();
        self.loss.noticed = Some(noticed);
        self.traffic.begin_again();
        let calls = self.journal.collect(noticed, CALLS, |_| true).await?;
        let tally = self.traffic.tally();
        self.say(&format!(
            "   killed; noticed after {:.1} s; {} failed until then, {} after",
            self.loss.noticed_after().unwrap_or_default().as_secs_f64(),
            counted(
                tally.failed - tally.failed_lately - self.failed_before_loss,
                "call"
            ),
            tally.failed_lately,
        ));
        let [_, survivor] = &PAY;
        let by = |call: &Call| call.answer.served_by.pay == survivor.name;
        let survivor = share(survivor.name, 1.0, &calls, by);
        self.note("loss", None, vec![survivor]);
        Ok(())
    }

    /// Writes a rule, and waits for the first call that obeys it and then for all callers to do so.
    async fn write(
        &self,
        rule: &'static str,
        before: Option<Written>,
        body: &Value,
        caller: Caller,
    ) -> anyhow::Result<(Obeyed, Written)> {
        let sent = Instant::now();
        let written = self.operator.put(rule, before, body).await?;
        let obeys = |call: &Call| caller.obeys(call, written);
        let first = self.journal.collect(sent, 1, obeys).await?.remove(0);
        let status = self.operator.obeyed(rule).await?;
        let obeyed = Obeyed {
            rule,
            revision: written.revision,
            first_call_after_ms: (first.ended - sent).as_secs_f64() * 1e3,
            applied_by: status.applied_count,
        };
        Ok((obeyed, written))
    }

    /// Notes the shares of version 2: of the tester and of the others.
    async fn note_versions(
        &mut self,
        name: &'static str,
        rule: Obeyed,
        expected: [f64; 2],
    ) -> anyhow::Result<()> {
        let since = Instant::now();
        let others = self
            .journal
            .collect(since, CALLS, |call| call.user != TESTER);
        let others = others.await?;
        let tester = self
            .journal
            .collect(since, CALLS / 10, |call| call.user == TESTER);
        let tester = tester.await?;
        let is_v2 = |call: &Call| is_by(call, &ORDER[2]);
        let shares = vec![
            share(
                format!("v2 for x-user: {TESTER}"),
                expected[0],
                &tester,
                is_v2,
            ),
            share("v2 for the others", expected[1], &others, is_v2),
        ];
        self.note(name, Some(rule), shares);
        Ok(())
    }

    fn note(&mut self, name: &'static str, rule: Option<Obeyed>, shares: Vec<Share>) {
        if let Some(obeyed) = &rule {
            let callers = obeyed.applied_by;
            self.say(&format!(
                "   PUT {:<34} {name:<12} obeyed after {:.1} ms, by {callers} of {callers} callers",
                obeyed.rule, obeyed.first_call_after_ms
            ));
        }
        for share in &shares {
            self.say(&format!("       {share}"));
        }
        self.steps.push(Step {
            name,
            rule,
            shares,
            admissions: Vec::new(),
        });
    }

    fn say(&self, text: &str) {
        self.demo.say(text);
    }
}

impl Tour<'_> {
    async fn limit_each_caller(&mut self, system: &System) -> anyhow::Result<()> {
        self.say("\n4  Rate limits: micro-pay by caller in each replica, micro-api over its replicas together");
        let rule = limits::by_caller();
        self.write_limit(limits::LOCAL, &rule).await?;
        let floods = limits::CALLERS.map(|caller| limits::pay_as(system, caller));
        let mut admissions = Vec::new();
        for (caller, flood) in limits::CALLERS.iter().zip(join_all(floods).await) {
            admissions.push(limits::by_caller_admitted(caller, flood?));
        }
        self.note_limit("limit, local", admissions);
        Ok(())
    }

    async fn limit_all_together(&mut self, system: &System) -> anyhow::Result<()> {
        self.write_limit(limits::GLOBAL, &limits::of_scrapers())
            .await?;
        let scrape = |duration| {
            flood(duration, |number| {
                let api = &system.apis[number % system.apis.len()];
                self.traffic.is_admitted(api, limits::SCRAPER)
            })
        };
        // Replicas begin with what they would allow alone, until the control plane has heard of them.
        scrape(limits::WARM_UP).await?;
        let admission = limits::all_admitted(scrape(limits::FLOOD).await?);
        self.note_limit("limit, global", vec![admission]);
        Ok(())
    }

    /// Writes a rate limit rule, and waits until every replica obeys it.
    async fn write_limit(&self, rule: &str, body: &Value) -> anyhow::Result<()> {
        self.operator.put(rule, None, body).await?;
        let status = self.operator.obeyed(rule).await?;
        let (by, of) = (status.applied_count, status.subscriber_count);
        self.say(&format!(
            "   PUT {rule:<47} obeyed by {by} of {of} replicas"
        ));
        Ok(())
    }

    fn note_limit(&mut self, name: &'static str, admissions: Vec<Admission>) {
        for admission in &admissions {
            let (admitted, sent) = (admission.admitted, admission.sent);
            self.say(&format!(
                "       {:<22} {admitted} of {sent} calls admitted",
                admission.of()
            ));
        }
        self.steps.push(Step {
            name,
            rule: None,
            shares: Vec::new(),
            admissions,
        });
    }
}

fn share(
    of: impl Into<String>,
    expected: f64,
    calls: &[Call],
    is_counted: impl Fn(&Call) -> bool,
) -> Share {
    let served = calls.iter().filter(|call| is_counted(call)).count();
    Share::new(of, expected, served, calls.len())
}

fn is_by(call: &Call, replica: &Replica) -> bool {
    call.answer.served_by.order == replica.name
}

/// Whether the order and its payment were served in one zone.
fn is_near(call: &Call) -> bool {
    let zone = |replicas: &[Replica], name: &str| {
        let replica = replicas.iter().find(|replica| replica.name == name);
        replica.map(|replica| replica.zone)
    };
    let by = &call.answer.served_by;
    zone(&ORDER, &by.order) == zone(&PAY, &by.pay)
}
