//! Keeps the table within its age and size, and takes expired entries out, beside the callers and never in their way.
//!
//! A pass runs only after this process wrote or met something expired, and only one at a time: an idle cache writes
//! nothing. The oldest entries go first, by the order in which they were first written. All processes choose the same
//! ones, so that they do not delete more together than one would alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use db::{Database, DbError, Timestamp};
use diesel::dsl::{count_star, sum};
use diesel::prelude::*;

use crate::Config;
use crate::failsafe::Failsafe;
use crate::key::Key;
use crate::ledger::{Extent, Ledger};
use crate::schema::solid_cache_entries::dsl as entries;
use crate::solid::created_at;
use crate::stats::Counters;

/// Expired entries that may wait for their deletion; more are left to whoever reads them next.
const WAITING: usize = 1000;

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

/// Some of the oldest rows.
struct Batch {
    first: i64,
    last: i64,
    extent: Extent,
    oldest: String,
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
        let delete = move |connection: &mut SqliteConnection| {
            expired
                .iter()
                .try_for_each(|(key, stored)| delete_same(connection, key, stored))
        };
        self.database.write(delete).await
    }

    async fn delete_older_than(&self, moment: Timestamp) -> Result<(), DbError> {
        let moment = created_at(moment);
        loop {
            // Most often the very oldest is young enough, and the rest need not be looked at.
            match self.oldest(1, None).await? {
                Some(row) if row.oldest < moment => {}
                _ => return Ok(()),
            }
            match self.oldest(self.batch, Some(moment.clone())).await? {
                Some(batch) => self.evict(&batch).await?,
                None => return Ok(()),
            }
        }
    }

    async fn shrink(&self) -> Result<(), DbError> {
        let written = self.ledger.written();
        let mut extent = self.measure().await?;
        if extent.exceeds(self.cap) {
            let target = self.cap.with_headroom();
            while extent.exceeds(target) {
                let Some(batch) = self.oldest(self.batch, None).await? else {
                    break;
                };
                self.evict(&batch).await?;
                extent = extent.less(batch.extent);
            }
        }
        self.ledger.measured(extent, written);
        Ok(())
    }

    /// Exactly, from an index alone.
    async fn measure(&self) -> Result<Extent, DbError> {
        let measure = |connection: &mut SqliteConnection| {
            entries::solid_cache_entries
                .select((count_star(), sum(entries::byte_size)))
                .get_result::<(i64, Option<i64>)>(connection)
        };
        let (count, size) = self.database.read_long(measure).await?;
        Ok(Extent {
            entries: u64::try_from(count).unwrap_or(0),
            bytes: u64::try_from(size.unwrap_or(0)).unwrap_or(0),
        })
    }

    /// The first rows, up to `count`, and only those made before a moment if one is given.
    async fn oldest(&self, count: u32, before: Option<String>) -> Result<Option<Batch>, DbError> {
        let rows = move |connection: &mut SqliteConnection| {
            entries::solid_cache_entries
                .select((entries::id, entries::byte_size, entries::created_at))
                .order(entries::id)
                .limit(count.into())
                .load::<(i64, i32, String)>(connection)
        };
        let mut rows = self.database.read_long(rows).await?;
        if let Some(moment) = before {
            let young = rows
                .iter()
                .position(|(_, _, created_at)| *created_at >= moment);
            rows.truncate(young.unwrap_or(rows.len()));
        }
        Ok(Batch::of(&rows))
    }

    async fn evict(&self, batch: &Batch) -> Result<(), DbError> {
        let (first, last) = (batch.first, batch.last);
        let delete = move |connection: &mut SqliteConnection| {
            diesel::delete(entries::solid_cache_entries.filter(entries::id.between(first, last)))
                .execute(connection)
        };
        let evicted = self.database.write(delete).await?;
        self.counters.evicted(evicted);
        tracing::debug!(cache.evicted = evicted, "cache.expire");
        Ok(())
    }

    fn expired(&self) -> MutexGuard<'_, Vec<(Key, Vec<u8>)>> {
        self.expired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn of(rows: &[(i64, i32, String)]) -> Option<Self> {
        let ((first, _, oldest), (last, ..)) = (rows.first()?, rows.last()?);
        let sizes = rows
            .iter()
            .map(|&(_, size, _)| u64::try_from(size).unwrap_or(0));
        Some(Self {
            first: *first,
            last: *last,
            extent: Extent {
                entries: rows.len() as u64,
                bytes: sizes.sum(),
            },
            oldest: oldest.clone(),
        })
    }
}

fn delete_same(connection: &mut SqliteConnection, key: &Key, stored: &[u8]) -> QueryResult<()> {
    let same = entries::solid_cache_entries
        .filter(entries::key_hash.eq(key.hash()))
        .filter(entries::key.eq(key.bytes()))
        .filter(entries::value.eq(stored));
    diesel::delete(same).execute(connection)?;
    Ok(())
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
