use std::time::Duration;

use app::AppContext;
use app::jobs::BroadcastTodosJob;
use solid_queue::{EnqueueError, PerformLater as _};

use crate::background::Background;

const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Enqueues the broadcast of a change that is committed. To tell its author that the change failed would be wrong, so a
/// queue that does not take the job, because another program locks its file for instance, is asked again in the
/// background for as long as this process runs.
pub(crate) async fn broadcast_update_async(app: &AppContext, background: &Background) {
    if let Err(error) = enqueue(app).await {
        tracing::warn!(
            error = telemetry::chain(&error),
            "could not enqueue the broadcast of a change: trying again"
        );
        background.spawn(enqueue_until_taken(app.clone(), background.clone()));
    }
}

async fn enqueue(app: &AppContext) -> Result<(), EnqueueError> {
    BroadcastTodosJob.perform_later(&app.queue).await.map(drop)
}

async fn enqueue_until_taken(app: AppContext, background: Background) {
    let mut pause = Duration::from_millis(100);
    while background.pause(pause).await {
        match enqueue(&app).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(
                error = telemetry::chain(&error),
                "the queue still takes no broadcast"
            ),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    tracing::error!(
        "stopped before the queue took the broadcast of a change: browsers learn of it with the next one"
    );
}
