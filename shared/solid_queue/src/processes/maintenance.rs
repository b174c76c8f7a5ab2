//! What a dispatcher does beside its work, now and then. It looks first, and writes only where there is something to do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, SqliteConnection, Timestamp};
use tokio::time::Instant;

use super::batch_sweep::sweep_batches;
use super::role::Parts;
use crate::events;
use crate::executions::blocked;
use crate::lifecycle::unused::{self, Found};
use crate::records::{cancellation, rate_limit, semaphore, unique_key};
use crate::registry::Classes;
use crate::{Clock, DispatcherConfig};

/// How often to look for places that nobody holds, and for semaphores that end soon.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// Keys whose places are given to blocked jobs in one transaction, at most.
const TOGETHER: usize = 50;
/// Semaphores that are renewed in one transaction, at most.
const RENEWED: usize = 500;
/// Unique keys that are forgotten in one go, at most.
const SWEPT: u32 = 1000;

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
    last_look: Option<Timestamp>,
    /// The last key that was looked at.
    key: String,
    /// See [`Found::lost`]: those of this round through the keys, and of the round before.
    lost: HashSet<String>,
    lost_before: HashSet<String>,
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
            last_look: None,
            key: String::new(),
            lost: HashSet::new(),
            lost_before: HashSet::new(),
        }
    }

    pub(crate) async fn run_if_due(&mut self) -> Result<(), DbError> {
        if self.concurrency && self.next_look <= Instant::now() {
            self.renew().await?;
            self.release_unused().await?;
            self.next_look = Instant::now() + LOOK_INTERVAL;
        }
        if self.next_sweep <= Instant::now() {
            self.sweep().await?;
            self.next_sweep = Instant::now() + self.interval;
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<(), DbError> {
        if self.concurrency {
            self.sweep_semaphores().await?;
            self.sweep_unique_keys().await?;
            self.sweep_others().await?;
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

    /// Keeps the semaphores of running jobs from ending.
    async fn renew(&mut self) -> Result<(), DbError> {
        let now = self.clock.now();
        let last_look = self.last_look.filter(|last| *last <= now);
        let since = last_look.unwrap_or(Timestamp::from_microseconds(0));
        let keys = self
            .database
            .read_long(move |connection| semaphore::expiring(connection, since, now))
            .await?;
        for keys in keys.chunks(RENEWED) {
            let keys = keys.to_vec();
            self.database
                .write(move |connection| semaphore::renew(connection, &keys, now))
                .await?;
        }
        self.last_look = Some(now);
        Ok(())
    }

    /// Gives places that nobody holds to jobs that are blocked for them.
    async fn release_unused(&mut self) -> Result<(), DbError> {
        if !self.database.read(blocked::exist).await? {
            return Ok(());
        }
        let (classes, now) = (Arc::clone(&self.classes), self.clock.now());
        let key = std::mem::take(&mut self.key);
        let Found { free, lost, last } = self
            .database
            .read_long(move |connection| unused::find(connection, &key, &classes, now))
            .await?;
        self.key = last.unwrap_or_default();
        let (twice, once): (Vec<_>, Vec<_>) = lost
            .into_iter()
            .partition(|key| self.lost_before.contains(key));
        self.lost.extend(once);
        if self.key.is_empty() {
            self.lost_before = std::mem::take(&mut self.lost);
        }
        let mut size = self.release(&free, false).await?;
        size += self.release(&twice, true).await?;
        if size > 0 {
            events::release_many_blocked(size);
        }
        Ok(())
    }

    /// Returns how many jobs were released.
    async fn release(&self, keys: &[String], are_lost: bool) -> Result<usize, DbError> {
        let mut total = 0;
        for keys in keys.chunks(TOGETHER) {
            let keys: Arc<[String]> = keys.into();
            let mut size = unused::RELEASES;
            while size == unused::RELEASES {
                let (keys, classes) = (Arc::clone(&keys), Arc::clone(&self.classes));
                let now = self.clock.now();
                let release = move |connection: &mut SqliteConnection| {
                    if are_lost {
                        unused::correct(connection, &keys, &classes, now)?;
                    }
                    unused::release(connection, &keys, &classes, now)
                };
                size = self.database.write(release).await?;
                total += size;
            }
        }
        Ok(total)
    }

    async fn sweep_semaphores(&self) -> Result<(), DbError> {
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
            events::delete_expired_semaphores(size);
        }
        Ok(())
    }

    async fn sweep_unique_keys(&self) -> Result<(), DbError> {
        let now = self.clock.now();
        loop {
            let keys = self
                .database
                .read_long(move |connection| unique_key::to_sweep(connection, SWEPT, now))
                .await?;
            if keys.is_empty() {
                return Ok(());
            }
            self.database
                .write(move |connection| unique_key::sweep(connection, &keys))
                .await?;
        }
    }

    async fn sweep_others(&self) -> Result<(), DbError> {
        let now = self.clock.now();
        let is_needed = self
            .database
            .read_long(move |connection| {
                Ok(cancellation::any_to_sweep(connection)?
                    || rate_limit::any_to_sweep(connection, now)?)
            })
            .await?;
        if !is_needed {
            return Ok(());
        }
        self.database
            .write(move |connection| {
                cancellation::sweep(connection)?;
                rate_limit::sweep(connection, now)?;
                Ok(())
            })
            .await
    }
}
