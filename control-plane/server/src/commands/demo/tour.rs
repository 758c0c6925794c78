//! The tour: rules are written as an operator does, and real calls are counted against what they say.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::commands::operator::{Operator, Written};

use super::{
    CALLERS, Demo, USER,
    journal::{Call, Journal},
    loss::{Loss, Watched},
    share::Share,
    system::{ORDER, PAY, Replica, System},
    traffic::{TESTER, Tally, Traffic},
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
            "\nA control plane on an empty store, and six processes that know its address alone.\n",
        );
        self.say(&system.describe());
        let stop = CancellationToken::new();
        let journal = Arc::new(Journal::default());
        let traffic = Arc::new(Traffic::recorded(&system.api, &journal));
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
        let (obeyed, canary) = self.write(CANARY, None, &canary_of(0), Caller::Api).await?;
        self.note_versions("canary 0 %", obeyed, [0.0, 0.0]).await?;
        let (obeyed, _) = self.write(TESTERS, None, &testers(), Caller::Api).await?;
        self.note_versions("header", obeyed, [1.0, 0.0]).await?;
        let mut before = canary;
        for (name, percent) in [("canary 30 %", 30), ("canary 100 %", 100)] {
            let rule = canary_of(percent);
            let (obeyed, written) = self.write(CANARY, Some(before), &rule, Caller::Api).await?;
            let others = f64::from(percent) / 100.0;
            self.note_versions(name, obeyed, [1.0, others]).await?;
            before = written;
        }
        Ok(())
    }

    async fn lose_a_replica(&mut self, system: &mut System) -> anyhow::Result<()> {
        self.say(&format!(
            "\n4  {VICTIM} dies, and its zone has no other: payments go to the next zone"
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
            "   killed; noticed after {:.1} s; {} calls failed until then, {} after",
            self.loss.noticed_after().unwrap_or_default().as_secs_f64(),
            tally.failed - tally.failed_lately - self.failed_before_loss,
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
        self.steps.push(Step { name, rule, shares });
    }

    fn say(&self, text: &str) {
        self.demo.say(text);
    }
}

impl Tour<'_> {
    /// Prints the summary, and fails if something was not as it should be.
    fn conclude(&self, tally: &Tally, took: Duration) -> anyhow::Result<()> {
        let off = self.steps.iter().flat_map(|step| &step.shares);
        let off: Vec<&Share> = off.filter(|share| !share.is_as_expected()).collect();
        if self.demo.json {
            let mut summary = tally.json(self.loss.noticed_after());
            summary["killed"] = json!(VICTIM);
            summary["failed_before_loss"] = json!(self.failed_before_loss);
            summary["steps"] = json!(self.steps);
            summary["is_as_expected"] = json!(off.is_empty());
            println!("{summary}");
        } else {
            println!("{}", self.summary(tally, took));
        }
        let off: Vec<String> = off.iter().map(|share| share.row()).collect();
        anyhow::ensure!(off.is_empty(), "not as expected:\n  {}", off.join("\n  "));
        let (before, why) = (self.failed_before_loss, tally.last_failure.as_deref());
        anyhow::ensure!(
            before == 0,
            "{before} calls failed while nothing was wrong; the last one: {}",
            why.unwrap_or_default()
        );
        tally.require_none_lately()
    }

    fn summary(&self, tally: &Tally, took: Duration) -> String {
        let [p50, p99, _] = tally.latencies.quantiles_ms();
        let mut lines = vec![
            String::new(),
            format!(
                "{:<13} {:<22} {:<14} {:<18} obeyed after",
                "rule", "share", "expected", "seen"
            ),
        ];
        for step in &self.steps {
            let after = |rule: Obeyed| format!("{:>9.1} ms", rule.first_call_after_ms);
            let mut name = step.name;
            let mut after = step.rule.map(after).unwrap_or_default();
            for share in &step.shares {
                let line = format!("{name:<13} {} {after}", share.row());
                lines.push(line.trim_end().to_owned());
                (name, after) = ("", String::new());
            }
        }
        lines.extend([
            String::new(),
            "± is how far chance may take so many draws: five standard deviations. A rule is obeyed with the".to_owned(),
            "answer to the first call that was routed by it, counted from before it was sent to the control plane.".to_owned(),
            String::new(),
            format!(
                "{} calls in {:.0} s, p50 {p50:.1} ms, p99 {p99:.1} ms; {} failed when {VICTIM} died, {} after that was noticed",
                tally.served() + tally.failed,
                took.as_secs_f64(),
                tally.failed - tally.failed_lately,
                tally.failed_lately,
            ),
            "Everything has ended and nothing is left behind. `make run` serves for good.".to_owned(),
        ]);
        lines.join("\n")
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

/// So many per cent of the calls go to version 2.
fn canary_of(percent: u32) -> Value {
    json!({
        "description": format!("{percent} % of the orders go to v2"),
        "priority": 20,
        "callee": {"service": "micro-order"},
        "branches": [{
            "targets": [
                {"name": "stable", "labels": {"version": "v1"}, "weight": 100 - percent},
                {"name": "canary", "labels": {"version": "v2"}, "weight": percent},
            ],
        }],
        "otherwise": "fall_through",
    })
}

/// Whoever tests gets version 2.
fn testers() -> Value {
    let is_tester =
        json!({"on": "header", "key": USER, "op": "exact", "value": TESTER.to_string()});
    json!({
        "description": "v2 for those who test it",
        "priority": 10,
        "callee": {"service": "micro-order"},
        "branches": [{
            "matches": {"all": [is_tester]},
            "targets": [{"labels": {"version": "v2"}}],
        }],
        "otherwise": "fall_through",
    })
}
