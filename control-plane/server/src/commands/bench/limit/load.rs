//! Many counters of many clients: what they cost the server.

use std::time::Duration;

use merak_sdk::{
    Call, Client, ServiceKey,
    limiter::{Admission, Limiter},
};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, interval},
};

use super::{KEYED, KEYED_MAX, Limit, NAMESPACE, Report, SERVICE, Target, process::rule};

/// Clients that call a counter.
const CALLERS: u32 = 4;
/// Calls of a counter in a second, by all of them.
const DEMAND: u32 = 10;
/// Before what is measured.
const WARM_UP: Duration = Duration::from_secs(4);
const MEASURED: Duration = Duration::from_secs(10);

pub(super) async fn measure(
    limit: &Limit,
    target: &Target,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut clients = JoinSet::new();
    let arguments = json!([{"on": "header", "key": "x-key", "op": "present"}]);
    let of_client = (limit.counters * CALLERS).div_ceil(limit.clients);
    for number in 0..limit.clients {
        let client = Client::builder(target.address()).build()?;
        let limiter = Limiter::new(ServiceKey::parse(NAMESPACE, SERVICE)?);
        limiter.join(&client);
        limiter.replace(vec![rule(KEYED, KEYED_MAX, &arguments)?]);
        let keys = (0..of_client).map(|index| (number * of_client + index) % limit.counters);
        let keys = keys.map(|key| key.to_string()).collect();
        clients.spawn(call(client, limiter, keys));
    }
    tokio::time::sleep(WARM_UP).await;
    let (before, started) = (target.usage(), Instant::now());
    let (mut called, mut permitted) = (0, 0);
    while let Some(counted) = clients.join_next().await {
        let counted = counted?;
        (called, permitted) = (called + counted.0, permitted + counted.1);
    }
    let elapsed = started.elapsed().as_secs_f64();
    let mut parts = vec![
        ("clients", f64::from(limit.clients)),
        ("counters", f64::from(limit.counters)),
        ("calls_per_second", called as f64 / MEASURED.as_secs_f64()),
        (
            "permitted_percent",
            permitted as f64 * 100.0 / called.max(1) as f64,
        ),
    ];
    if let (Some(before), Some(after)) = (before, target.usage()) {
        let cpu = (after.cpu - before.cpu).as_secs_f64();
        parts.push(("server_cores", cpu / elapsed));
        parts.push(("server_mebibytes", (after.resident_bytes >> 20) as f64));
    }
    report.figure("counters of many clients", &parts);
    Ok(())
}

/// Calls with each key in turn at an even pace: the calls after the warm-up, and those that went through.
async fn call(client: Client, limiter: Limiter, keys: Vec<String>) -> (u64, u64) {
    let a_second = keys.len() as f64 * f64::from(DEMAND) / f64::from(CALLERS);
    let started = Instant::now();
    let mut ticks = interval(Duration::from_millis(20));
    let (mut begun, mut called, mut permitted) = (0_usize, 0, 0);
    while started.elapsed() < WARM_UP + MEASURED {
        ticks.tick().await;
        let due = (started.elapsed().as_secs_f64() * a_second) as usize;
        for number in begun..due {
            let key = &keys[number % keys.len()];
            let admission = limiter.acquire(&Call::to(SERVICE).header("x-key", key));
            if started.elapsed() >= WARM_UP {
                called += 1;
                permitted += u64::from(matches!(admission, Admission::Permitted(_)));
            }
        }
        begun = due;
    }
    drop(client);
    (called, permitted)
}
