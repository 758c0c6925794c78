//! Traffic alone, for as long or as often as wished, with a replica killed on the way.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    CALLERS, Demo,
    loss::{Loss, Watched},
    system::System,
    traffic::{Tally, Traffic},
};
use crate::commands::stop::StopSignals;

/// How long traffic is driven unless something else is asked for.
const DURATION: Duration = Duration::from_secs(20);

impl Demo {
    pub(super) async fn drive(&self) -> anyhow::Result<()> {
        self.require_possible()?;
        let (mut system, mut signals) = self.start().await?;
        if let Some(replica) = &self.kill {
            system.require(replica)?;
        }
        self.say(&system.describe());
        let stop = CancellationToken::new();
        let traffic = Arc::new(Traffic::new(
            &system.apis[0],
            self.requests.unwrap_or(u64::MAX),
        ));
        let callers = traffic.drive(CALLERS, &stop);
        let outcome = self.watch_over(&mut system, &traffic, &mut signals).await;
        stop.cancel();
        callers.join_all().await;
        system.end().await?;
        self.conclude(&traffic.tally(), outcome?)
    }

    fn for_how_long(&self) -> Duration {
        self.duration.unwrap_or(DURATION)
    }

    /// Refuses what could not be shown.
    fn require_possible(&self) -> anyhow::Result<()> {
        let (duration, after) = (self.for_how_long(), self.after);
        anyhow::ensure!(
            !duration.is_zero(),
            "--duration 0s: expected more than nothing"
        );
        anyhow::ensure!(
            self.kill.is_none() || after < duration,
            "--after {after:?}: the run ends after {duration:?}, before anything is killed"
        );
        Ok(())
    }

    /// Prints what happens until the time is over, and kills the replica on the way.
    async fn watch_over(
        &self,
        system: &mut System,
        traffic: &Traffic,
        signals: &mut StopSignals,
    ) -> anyhow::Result<Loss> {
        let mut watched = match &self.kill {
            Some(replica) => Some(Watched::begin(system, replica).await?),
            None => None,
        };
        let started = Instant::now();
        let end = started + self.for_how_long();
        let kill_at = self.kill.as_ref().map_or(end, |_| started + self.after);
        let mut loss = Loss::default();
        let mut prints = tokio::time::interval(Duration::from_secs(1));
        prints.tick().await;
        loop {
            tokio::select! {
                () = sleep_until(end) => return Ok(loss),
                () = traffic.is_done() => return Ok(loss),
                signal = signals.next() => {
                    self.say(&format!("stopping on {signal}"));
                    return Ok(loss);
                }
                _ = prints.tick() => self.say(&traffic.tally().table(started.elapsed())),
                () = sleep_until(kill_at), if loss.killed.is_none() && self.kill.is_some() => {
                    let replica = self.kill.as_deref().unwrap_or_default();
                    system.kill(replica).await?;
                    loss.killed = Some(Instant::now());
                    self.say(&format!("killed {replica}"));
                }
                () = is_lost(&mut watched), if loss.killed.is_some() && loss.noticed.is_none() => {
                    loss.noticed = Some(Instant::now());
                    traffic.begin_again();
                    let after = loss.noticed_after().unwrap_or_default();
                    self.say(&format!("the control plane noticed after {:.1} s", after.as_secs_f64()));
                }
            }
        }
    }

    /// Prints the summary; calls that failed although the loss was known are a failure of ours.
    fn conclude(&self, tally: &Tally, loss: Loss) -> anyhow::Result<()> {
        if self.json {
            let mut summary = tally.json(loss.noticed_after());
            summary["killed"] = json!(self.kill);
            println!("{summary}");
        } else {
            println!("{}", tally.summary(loss.noticed_after()));
        }
        if let (Some(replica), None) = (&self.kill, loss.killed) {
            anyhow::bail!("the run ended before {replica} was killed (--after)");
        }
        if loss.killed.is_some() && loss.noticed.is_none() {
            anyhow::bail!(
                "the loss was not noticed before the end: give it more time (--duration)"
            );
        }
        tally.require_none_lately()
    }
}

async fn is_lost(watched: &mut Option<Watched>) {
    match watched {
        Some(watched) => watched.loss().await,
        None => std::future::pending().await,
    }
}
