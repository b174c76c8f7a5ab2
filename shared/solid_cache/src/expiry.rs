//! Keeps the table within its age and size, and takes expired entries out, beside the callers and never in their way.
//!
//! A pass runs only after this process wrote or met something expired, and only one at a time: an idle cache writes
//! nothing. The oldest entries go first, by the order in which they were first written. All processes choose the same
//! ones, so that they do not delete more together than one would alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use db::{Database, DbError, Timestamp};

use crate::Config;
use crate::failsafe::Failsafe;
use crate::key::Key;
use crate::ledger::{Extent, Ledger};
use crate::solid::created_at;
use crate::stats::Counters;
use crate::sweep::{self, Batch};

/// Expired entries that may wait for their deletion; more are left to whoever reads them next.
const WAITING: usize = 100;

pub(crate) struct Expiry {
    database: Database,
    max_age: Option<Duration>,
    cap: Extent,
    batch: u32,
    failsafe: Arc<Failsafe>,
    counters: Arc<Counters>,
    ledger: Ledger,
    expired: Mutex<Vec<(Key, Vec<u8>)>>,
    running: AtomicBool,
}

impl Expiry {
    pub(crate) fn new(
        database: Database,
        config: &Config,
        failsafe: &Arc<Failsafe>,
        counters: &Arc<Counters>,
    ) -> Arc<Self> {
        let cap = Extent::cap(config);
        Arc::new(Self {
            database,
            max_age: config.max_age,
            cap,
            batch: u32::try_from(config.expiry_batch_size.max(1)).unwrap_or(u32::MAX),
            failsafe: Arc::clone(failsafe),
            counters: Arc::clone(counters),
            ledger: Ledger::new(cap),
            expired: Mutex::default(),
            running: AtomicBool::new(false),
        })
    }

    /// Starts a pass if these entries make one due.
    pub(crate) fn written(self: &Arc<Self>, entries: usize, bytes: usize, now: Timestamp) {
        self.ledger.record(Extent {
            entries: entries as u64,
            bytes: bytes as u64,
        });
        if self.ledger.pass_is_due() {
            self.start(now);
        }
    }

    /// Has the entry deleted if it is still this one.
    pub(crate) fn discard(self: &Arc<Self>, key: &Key, stored: Vec<u8>, now: Timestamp) {
        let mut expired = self.expired();
        if expired.len() < WAITING {
            expired.push((key.clone(), stored));
        }
        drop(expired);
        self.start(now);
    }

    fn start(self: &Arc<Self>, now: Timestamp) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if let Some(turn) = Turn::take(self) {
            runtime.spawn(turn.run(now));
        }
    }

    fn is_due(&self) -> bool {
        self.ledger.pass_is_due() || !self.expired().is_empty()
    }

    /// Whether it could be done.
    async fn pass(&self, now: Timestamp) -> bool {
        let outcome = self.try_pass(now).await.map_err(Into::into);
        let done = self
            .failsafe
            .rescue("cache.expire", outcome, &self.counters);
        done.is_some()
    }

    async fn try_pass(&self, now: Timestamp) -> Result<(), DbError> {
        // As often as the original on average: twice as fast as entries come in.
        self.ledger.pass_after((u64::from(self.batch) / 2).max(1));
        self.delete_expired().await?;
        if let Some(age) = self.max_age {
            self.delete_older_than(now.before(age)).await?;
        }
        if self.ledger.measure_is_due() {
            self.shrink().await?;
        }
        Ok(())
    }

    async fn delete_expired(&self) -> Result<(), DbError> {
        let expired = std::mem::take(&mut *self.expired());
        if expired.is_empty() {
            return Ok(());
        }
        sweep::delete_same(&self.database, expired).await
    }

    async fn delete_older_than(&self, moment: Timestamp) -> Result<(), DbError> {
        let moment = created_at(moment);
        while let Some(batch) = sweep::older_than(&self.database, &moment, self.batch).await? {
            self.evict(&batch).await?;
        }
        Ok(())
    }

    async fn shrink(&self) -> Result<(), DbError> {
        let written = self.ledger.written();
        let mut extent = sweep::measure(&self.database).await?;
        if extent.exceeds(self.cap) {
            let target = self.cap.with_headroom();
            while extent.exceeds(target) {
                let Some(batch) = sweep::oldest(&self.database, self.batch).await? else {
                    break;
                };
                self.evict(&batch).await?;
                extent = extent.less(batch.extent);
            }
        }
        self.ledger.measured(extent, written);
        Ok(())
    }

    async fn evict(&self, batch: &Batch) -> Result<(), DbError> {
        let evicted = sweep::evict(&self.database, batch).await?;
        self.counters.evicted(evicted);
        tracing::debug!(cache.evicted = evicted, "cache.expire");
        Ok(())
    }

    fn expired(&self) -> MutexGuard<'_, Vec<(Key, Vec<u8>)>> {
        self.expired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to run passes; given back even when the runtime drops the task.
struct Turn(Arc<Expiry>);

impl Turn {
    fn take(expiry: &Arc<Expiry>) -> Option<Self> {
        let taken = expiry.running.swap(true, Ordering::AcqRel);
        (!taken).then(|| Self(Arc::clone(expiry)))
    }

    async fn run(self, now: Timestamp) {
        let expiry = Arc::clone(&self.0);
        let mut turn = Some(self);
        while let Some(current) = turn {
            let done = expiry.pass(now).await;
            drop(current);
            // What came in during the pass found the turn taken.
            let again = done && expiry.is_due();
            turn = again.then(|| Turn::take(&expiry)).flatten();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::Release);
    }
}
