use std::time::Duration;

use telemetry::carried;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Work that goes on when the request that began it does not: its client went away, or it has its answer already.
#[derive(Clone)]
pub(crate) struct Background {
    tasks: TaskTracker,
    runtime: Handle,
    shutdown: CancellationToken,
}

/// The work was lost: it panicked, or the process stopped before its end.
#[derive(Debug, thiserror::Error)]
#[error("the work did not come to its end")]
pub(crate) struct Lost(#[from] tokio::task::JoinError);

impl Background {
    /// On the runtime of the caller, which outlives the threads that serve requests.
    pub(crate) fn new(shutdown: CancellationToken) -> Self {
        Self {
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
            shutdown,
        }
    }

    /// Begins work that nobody waits for.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(carried(work), &self.runtime);
    }

    /// Does the work to its end, even when the caller stops waiting.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Lost> {
        Ok(self.tasks.spawn_on(carried(work), &self.runtime).await?)
    }

    /// Waits for so long; `false` when the process stops before.
    pub(crate) async fn pause(&self, duration: Duration) -> bool {
        tokio::select! {
            () = self.shutdown.cancelled() => false,
            () = tokio::time::sleep(duration) => true,
        }
    }

    /// Waits until all work is done.
    pub(crate) async fn end(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
