//! What a dispatcher does beside its work, now and then. It looks first, and writes only where there is something to do.

use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError};
use tokio::time::Instant;
use tracing::{debug, info};

use super::batch_sweep::sweep_batches;
use super::role::Parts;
use crate::executions::blocked;
use crate::lifecycle::unblock::{self, Unused};
use crate::records::{cancellation, semaphore, unique_key};
use crate::registry::Classes;
use crate::{Clock, DispatcherConfig};

/// How often to look for places that nobody holds, while jobs are blocked.
const UNUSED_INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Maintenance {
    database: Database,
    classes: Arc<Classes>,
    clock: Clock,
    batch_size: u32,
    concurrency: bool,
    batches: bool,
    interval: Duration,
    next_sweep: Instant,
    next_look: Instant,
    /// The last key that was looked at.
    key: String,
}

impl Maintenance {
    pub(crate) fn new<C>(parts: &Parts<C>, config: &DispatcherConfig) -> Self {
        Self {
            database: parts.database.clone(),
            classes: Arc::clone(&parts.classes),
            clock: parts.clock.clone(),
            batch_size: config.batch_size,
            concurrency: config.concurrency_maintenance,
            batches: config.batch_maintenance,
            interval: config.concurrency_maintenance_interval,
            next_sweep: Instant::now(),
            next_look: Instant::now(),
            key: String::new(),
        }
    }

    pub(crate) async fn run_if_due(&mut self) -> Result<(), DbError> {
        if self.next_sweep <= Instant::now() {
            self.sweep().await?;
            self.next_sweep = Instant::now() + self.interval;
        }
        if self.concurrency && self.next_look <= Instant::now() {
            self.release_unused().await?;
            self.next_look = Instant::now() + UNUSED_INTERVAL;
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<(), DbError> {
        if self.concurrency {
            self.delete_expired().await?;
        }
        if self.batches {
            sweep_batches(
                &self.database,
                self.batch_size,
                &self.classes,
                self.clock.now(),
            )
            .await?;
        }
        Ok(())
    }

    /// Deletes what expired.
    async fn delete_expired(&self) -> Result<(), DbError> {
        let (limit, now) = (self.batch_size, self.clock.now());
        while self
            .database
            .read(move |connection| semaphore::any_expired(connection, now))
            .await?
        {
            let size = self
                .database
                .write(move |connection| semaphore::delete_expired(connection, limit, now))
                .await?;
            debug!(name: "queue.delete_expired_semaphores", { size }, "deleted expired semaphores");
        }
        let is_needed = self
            .database
            .read_long(move |connection| {
                Ok(unique_key::any_to_sweep(connection, now)?
                    || cancellation::any_to_sweep(connection)?)
            })
            .await?;
        if is_needed {
            self.database
                .write(move |connection| {
                    unique_key::sweep(connection, limit, now)?;
                    cancellation::sweep(connection)
                })
                .await?;
        }
        Ok(())
    }

    /// Gives places that nobody holds to jobs that are blocked for them.
    async fn release_unused(&mut self) -> Result<(), DbError> {
        if !self.database.read(blocked::exist).await? {
            return Ok(());
        }
        let (classes, key) = (Arc::clone(&self.classes), std::mem::take(&mut self.key));
        let Unused { keys, last } = self
            .database
            .read_long(move |connection| unblock::unused(connection, &key, &classes))
            .await?;
        self.key = last.unwrap_or_default();
        if keys.is_empty() {
            return Ok(());
        }
        let (classes, now) = (Arc::clone(&self.classes), self.clock.now());
        let size = self
            .database
            .write(move |connection| unblock::release_unused(connection, &keys, &classes, now))
            .await?;
        info!(name: "queue.release_many_blocked", { size }, "released blocked jobs for which there was room");
        Ok(())
    }
}
