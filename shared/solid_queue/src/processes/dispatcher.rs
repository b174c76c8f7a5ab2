use std::time::Duration;

use db::{Database, DbError, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::registration::deregister;
use crate::executions::scheduled;
use crate::patience::Backoff;
use crate::{DispatcherConfig, ProcessId};

/// Makes scheduled jobs ready when they are due.
pub(crate) struct Dispatcher {
    database: Database,
    process: ProcessId,
    config: DispatcherConfig,
}

impl Dispatcher {
    pub(crate) fn new(database: Database, process: ProcessId, config: DispatcherConfig) -> Self {
        Self {
            database,
            process,
            config,
        }
    }

    /// Works until `stop`, then deregisters.
    pub(crate) async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.work()).await;
        if let Err(error) = deregister(&self.database, self.process).await {
            error!(process.id = self.process.0, error = %error, "could not deregister the dispatcher");
        }
    }

    async fn work(&self) {
        let mut changes = self.database.changes();
        let mut backoff = Backoff::new();
        loop {
            match self.dispatch().await {
                Ok(wait) => {
                    backoff.reset();
                    // A commit may have brought a job that is due earlier.
                    let _ = tokio::time::timeout(wait, changes.changed()).await;
                }
                Err(error) => {
                    warn!(process.id = self.process.0, error = %error, "could not dispatch scheduled jobs");
                    backoff.wait().await;
                }
            }
        }
    }

    /// Dispatches what is due. Returns when to look again.
    async fn dispatch(&self) -> Result<Duration, DbError> {
        let next = self.database.read(scheduled::next_due).await?;
        let wait = next.map_or(self.config.polling_interval, |due| {
            due.since(Timestamp::now())
        });
        if !wait.is_zero() {
            return Ok(wait.min(self.config.polling_interval));
        }
        match dispatch_due(&self.database, self.config.batch_size).await? {
            // Another dispatcher was faster.
            0 => Ok(self.config.polling_interval),
            _ => Ok(Duration::ZERO),
        }
    }
}

/// Makes one batch of due jobs ready. Returns how many.
pub(crate) async fn dispatch_due(database: &Database, batch_size: u32) -> Result<usize, DbError> {
    let size = database
        .write(move |connection| scheduled::dispatch_next(connection, batch_size, Timestamp::now()))
        .await?;
    debug!(name: "queue.dispatch_scheduled", { batch_size, size }, "dispatched scheduled jobs");
    Ok(size)
}
