//! The thread on which those work who claim, settle and supervise. Jobs are elsewhere: one that blocks its thread holds
//! up neither heartbeats nor timeouts nor the end.

use std::time::Duration;

use tokio::sync::oneshot;

use super::Stop;
use crate::{SupervisorError, events};

/// How long putting back may take when the end is to come at once.
const QUIT_TIMEOUT: Duration = Duration::from_millis(900);

/// Runs `work` on a thread of its own, to its end, or for [`QUIT_TIMEOUT`] once it is to end at once.
pub(crate) async fn on_a_thread<F>(
    stop: Stop,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<(), SupervisorError>
where
    F: Future<Output = Result<(), SupervisorError>>,
{
    let (done, outcome) = oneshot::channel();
    let logs = tracing::dispatcher::get_default(Clone::clone);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SupervisorError::Thread)?;
    let thread = move || {
        let outcome = tracing::dispatcher::with_default(&logs, || {
            runtime.block_on(async { until_overdue(&stop, work()).await })
        });
        // Work that still waits for a lock must not keep the process from ending.
        runtime.shutdown_background();
        // Who dropped the future does not want to know.
        let _ = done.send(outcome);
    };
    std::thread::Builder::new()
        .name("solid_queue".into())
        .spawn(thread)
        .map_err(SupervisorError::Thread)?;
    outcome.await.unwrap_or(Err(SupervisorError::Panicked))
}

async fn until_overdue(
    stop: &Stop,
    work: impl Future<Output = Result<(), SupervisorError>>,
) -> Result<(), SupervisorError> {
    let overdue = async {
        stop.at_once.cancelled().await;
        stop.gracefully.cancel();
        tokio::time::sleep(QUIT_TIMEOUT).await;
    };
    tokio::select! {
        outcome = work => outcome,
        () = overdue => {
            events::give_up_release();
            Ok(())
        }
    }
}
