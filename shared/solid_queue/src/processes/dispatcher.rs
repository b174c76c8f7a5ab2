use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, Timestamp};
use tokio_util::sync::CancellationToken;

use super::health::Look;
use super::instance::ProcessKind;
use super::maintenance::Maintenance;
use super::registration::deregister;
use super::role::Parts;
use crate::events::{self, Polls};
use crate::executions::scheduled;
use crate::lifecycle::dispatch::{self, Dispatched};
use crate::patience::Backoff;
use crate::registry::Classes;
use crate::{Clock, DispatcherConfig, ProcessId};

/// After a commit, how long to wait for others before it looks: they come in swarms, and few bring a delayed job.
const BREATH: Duration = Duration::from_millis(5);

/// Makes scheduled jobs ready when they are due, and keeps the tables of the concurrency controls in order.
pub(crate) struct Dispatcher {
    database: Database,
    process: ProcessId,
    config: DispatcherConfig,
    classes: Arc<Classes>,
    clock: Clock,
    maintenance: Maintenance,
    polls: Polls,
}

impl Dispatcher {
    pub(crate) fn new<C>(parts: &Parts<C>, process: ProcessId, config: DispatcherConfig) -> Self {
        Self {
            maintenance: Maintenance::new(parts, &config),
            database: parts.database.clone(),
            classes: Arc::clone(&parts.classes),
            clock: parts.clock.clone(),
            polls: Polls::of(ProcessKind::Dispatcher),
            process,
            config,
        }
    }

    /// Works until `stop`, then deregisters.
    pub(crate) async fn run(mut self, look: Look, stop: CancellationToken) {
        stop.run_until_cancelled(self.work(look)).await;
        if let Err(error) = deregister(
            &self.database,
            ProcessKind::Dispatcher,
            self.process,
            |_| Ok(()),
        )
        .await
        {
            events::thread_error(
                "could not deregister the dispatcher",
                Some(self.process),
                &error,
            );
        }
    }

    async fn work(&mut self, look: Look) {
        let mut changes = self.database.changes();
        let mut backoff = Backoff::new();
        loop {
            look.begin();
            match self.turn().await {
                Ok(wait) => {
                    backoff.reset();
                    // A commit may have brought a job that is due earlier.
                    if tokio::time::timeout(wait, changes.changed()).await.is_ok() {
                        tokio::time::sleep(BREATH.min(wait)).await;
                    }
                }
                Err(error) => {
                    events::trouble(
                        "could not dispatch scheduled jobs",
                        Some(self.process),
                        &error,
                    );
                    backoff.wait().await;
                }
            }
        }
    }

    /// Returns when to look again.
    async fn turn(&mut self) -> Result<Duration, DbError> {
        events::polling(&self.polls, self.process);
        self.maintenance.run_if_due().await?;
        self.dispatch().await
    }

    async fn dispatch(&self) -> Result<Duration, DbError> {
        let interval = self.config.polling_interval;
        let next = self.database.read(scheduled::next_due).await?;
        let wait = next.map_or(interval, |due| due.since(self.clock.now()));
        if !wait.is_zero() {
            return Ok(wait.min(interval));
        }
        let (classes, now) = (Arc::clone(&self.classes), self.clock.now());
        match dispatch_due(&self.database, self.config.batch_size, classes, now).await? {
            // Another dispatcher was faster.
            0 => Ok(interval),
            _ => Ok(Duration::ZERO),
        }
    }
}

/// Dispatches one batch of due jobs. Returns how many.
pub(crate) async fn dispatch_due(
    database: &Database,
    batch_size: u32,
    classes: Arc<Classes>,
    now: Timestamp,
) -> Result<usize, DbError> {
    let Dispatched { size, discarded } = database
        .write(move |connection| dispatch::due(connection, batch_size, &classes, now))
        .await?;
    events::dispatch_scheduled(batch_size, size);
    for class_name in discarded {
        events::discard_scheduled(&class_name);
    }
    Ok(size)
}
