//! Callers that call more often than a limit allows.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

/// Calls under way at the same time.
const CALLERS: usize = 4;

/// The pause of a caller between two calls.
const PAUSE: Duration = Duration::from_millis(2);

/// What became of a flood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flood {
    pub(super) sent: u64,
    pub(super) admitted: u64,
    pub(super) took: Duration,
}

/// Calls for some time, as long as each call says whether it was admitted.
pub(super) async fn flood<F>(duration: Duration, call: impl Fn(usize) -> F) -> anyhow::Result<Flood>
where
    F: Future<Output = anyhow::Result<bool>>,
{
    let began = Instant::now();
    let (sent, admitted) = (AtomicU64::new(0), AtomicU64::new(0));
    let caller = async |number| {
        while began.elapsed() < duration {
            let is_admitted = call(number).await?;
            sent.fetch_add(1, Ordering::Relaxed);
            admitted.fetch_add(u64::from(is_admitted), Ordering::Relaxed);
            sleep(PAUSE).await;
        }
        anyhow::Ok(())
    };
    let ended = join_all((0..CALLERS).map(caller)).await;
    ended.into_iter().collect::<anyhow::Result<()>>()?;
    Ok(Flood {
        sent: sent.into_inner(),
        admitted: admitted.into_inner(),
        took: began.elapsed(),
    })
}
