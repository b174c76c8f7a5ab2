//! What is done for a file beside the callers and never in their way: expired entries go, and those that are too old;
//! visits are published, and free pages given back.
//!
//! A pass runs after this process wrote, or met something expired, and when the next entry expires; only one at a time.
//! An idle cache writes nothing.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use db::{SqliteConnection, Timestamp};

use crate::Config;
use crate::entry::Entry;
use crate::failsafe::{Failsafe, Failure};
use crate::key::Key;
use crate::room::{self, Room, State};
use crate::rows::{self, created_at};
use crate::shard::Shard;
use crate::stats::Counters;

/// Expired entries that may wait for their deletion; more are left to the next pass.
const WAITING: usize = 100;
/// The head of a value, which says when it expires.
const HEAD: usize = 15;
/// The pause after a pass, and the longest time that a keeper sleeps.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);
/// Free pages that one transaction gives back.
const PAGES: u32 = 256;

pub(crate) struct Keeper {
    me: Weak<Keeper>,
    shard: Arc<Shard>,
    max_age: Option<Duration>,
    batch: u64,
    failsafe: Arc<Failsafe>,
    counters: Arc<Counters>,
    expired: Mutex<Vec<(Key, Bytes)>>,
    written: AtomicU64,
    pass_at: AtomicU64,
    /// Evictions in the file when the visits of this process were reset.
    evictions: AtomicI64,
    running: AtomicBool,
    again: tokio::sync::Notify,
}

impl Keeper {
    pub(crate) fn new(
        shard: &Arc<Shard>,
        config: &Config,
        failsafe: &Arc<Failsafe>,
        counters: &Arc<Counters>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            shard: Arc::clone(shard),
            max_age: config.max_age,
            batch: config.expiry_batch_size.max(1) as u64,
            failsafe: Arc::clone(failsafe),
            counters: Arc::clone(counters),
            expired: Mutex::default(),
            written: AtomicU64::new(0),
            pass_at: AtomicU64::new(0),
            evictions: AtomicI64::new(0),
            running: AtomicBool::new(false),
            again: tokio::sync::Notify::new(),
        })
    }

    /// Starts a pass when enough was written since the last: as often as the original on average. Where none is foreseen,
    /// the first write starts one, for what it wrote may expire.
    pub(crate) fn written(&self, entries: usize, now: Timestamp) {
        let written = self.written.fetch_add(entries as u64, Ordering::Relaxed) + entries as u64;
        let is_asleep = !self.running.load(Ordering::Relaxed);
        if is_asleep || written >= self.pass_at.load(Ordering::Relaxed) {
            self.pass_at
                .store(written + (self.batch / 2).max(1), Ordering::Relaxed);
            self.start(now);
        }
    }

    /// Has the entry deleted if it is still this one.
    pub(crate) fn discard(&self, key: &Key, stored: Bytes, now: Timestamp) {
        let mut expired = self.expired.lock().unwrap_or_else(PoisonError::into_inner);
        if expired.len() < WAITING {
            expired.push((key.clone(), stored));
        }
        drop(expired);
        self.start(now);
    }

    /// There is a visit to publish.
    pub(crate) fn visited(&self) {
        if !self.running.load(Ordering::Relaxed) {
            self.start(Timestamp::now());
        }
    }

    fn start(&self, now: Timestamp) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.running.swap(true, Ordering::AcqRel) {
            self.again.notify_one();
            return;
        }
        let turn = Turn(self.me.clone());
        runtime.spawn(turn.run(now));
    }

    /// When to look again, if ever.
    async fn pass(&self, now: Timestamp) -> Option<Duration> {
        let outcome = self.try_pass(now).await;
        self.failsafe
            .rescue("cache.expire", outcome, &self.counters)
            .flatten()
    }

    async fn try_pass(&self, now: Timestamp) -> Result<Option<Duration>, Failure> {
        self.delete_discarded().await?;
        self.delete_due(now).await?;
        if let Some(age) = self.max_age {
            self.delete_older_than(now.before(age)).await?;
        }
        self.make_room().await?;
        self.publish_visits().await?;
        self.give_back().await?;
        let next = self.shard.database.read(rows::next_due).await;
        let next = self.shard.mend(next).await?;
        let wait = |due: i64| u64::try_from(due - now.as_microseconds() / 1_000_000).unwrap_or(0);
        Ok(next.map(|due| Duration::from_secs(wait(due)).clamp(PAUSE, LONGEST)))
    }

    async fn delete_discarded(&self) -> Result<(), Failure> {
        let expired =
            std::mem::take(&mut *self.expired.lock().unwrap_or_else(PoisonError::into_inner));
        if !expired.is_empty() {
            let deleted = self.shard.delete_same(expired).await?;
            self.counters.expired(deleted);
        }
        Ok(())
    }

    /// Entries whose time has come, whether anybody reads them or not.
    async fn delete_due(&self, now: Timestamp) -> Result<(), Failure> {
        let seconds = now.as_microseconds() / 1_000_000;
        loop {
            let next = self.shard.database.read(rows::next_due).await;
            if self.shard.mend(next).await?.is_none_or(|due| due > seconds) {
                return Ok(());
            }
            let put = self.shard.putter();
            let head = if self.shard.cipher.is_some() {
                usize::MAX
            } else {
                HEAD
            };
            let delete = move |connection: &mut SqliteConnection| {
                let (looked, due) = rows::take_due(connection, seconds, head)?;
                let is_expired = |stored: Vec<u8>| {
                    put.open(stored).is_ok_and(|stored| {
                        Entry::parse(&stored).is_ok_and(|entry| entry.is_expired(now))
                    })
                };
                let gone: Vec<(i64, i64)> = due
                    .into_iter()
                    .filter_map(|(id, hash, stored)| is_expired(stored).then_some((id, hash)))
                    .collect();
                let ids: Vec<i64> = gone.iter().map(|&(id, _)| id).collect();
                let hashes: Vec<i64> = gone.iter().map(|&(_, hash)| hash).collect();
                let deleted = room::delete(connection, &ids)?;
                let state = State::read(connection)?;
                rows::supersede(connection, state, &hashes, &[])?;
                Ok((looked, deleted, put.stripes.change(hashes)))
            };
            let deleted = self.shard.database.write(delete).await;
            let (looked, deleted, _) = self.shard.mend(deleted).await?;
            self.counters.expired(deleted);
            if looked == 0 {
                return Ok(());
            }
        }
    }

    /// Ids grow with age, so the first row that is young enough ends the search.
    async fn delete_older_than(&self, moment: Timestamp) -> Result<(), Failure> {
        let (moment, mut after) = (created_at(moment), 0);
        loop {
            let found = self
                .shard
                .database
                .read(move |connection| rows::oldest(connection, after))
                .await;
            let found = self.shard.mend(found).await?;
            let old: Vec<_> = found
                .iter()
                .take_while(|(_, age, _)| *age < moment)
                .collect();
            let Some(last) = old.last() else {
                return Ok(());
            };
            after = last.0;
            let ids: Vec<i64> = old
                .iter()
                .filter(|(_, _, key)| !self.shard.room.is_pinned(key))
                .map(|(id, _, _)| *id)
                .collect();
            let delete = move |connection: &mut SqliteConnection| room::delete(connection, &ids);
            let evicted = self.shard.database.write(delete).await;
            self.evicted(self.shard.mend(evicted).await?);
        }
    }

    /// A limit that was lowered, or writers that know no limits. Looking for it takes no lock.
    async fn make_room(&self) -> Result<(), Failure> {
        loop {
            let room = Arc::clone(&self.shard.room);
            let look = move |connection: &mut SqliteConnection| {
                let state = State::read(connection)?;
                room.exceeds(connection, state)
            };
            let exceeds = self.shard.database.read(look).await;
            if !self.shard.mend(exceeds).await? {
                return Ok(());
            }
            let room = Arc::clone(&self.shard.room);
            let made = self.shard.database.write(move |connection| {
                let state = State::read(connection)?;
                room.make(connection, state, usize::MAX, None)
            });
            let made = self.shard.mend(made.await).await?;
            self.evicted(made.evicted);
            if made.is_stuck || !made.is_short {
                return Ok(());
            }
        }
    }

    /// For the process that evicts, which may be another. Nobody evicts while there is much room.
    async fn publish_visits(&self) -> Result<(), Failure> {
        let Some(visits) = &self.shard.room.visits else {
            return Ok(());
        };
        let look = |connection: &mut SqliteConnection| {
            Ok((State::read(connection)?, db::extent(connection)?))
        };
        let (state, extent) = self
            .shard
            .mend(self.shard.database.read(look).await)
            .await?;
        if !self.shard.room.is_nearly_full(state, extent) {
            return Ok(());
        }
        let hashes = visits.take_unpublished();
        if !hashes.is_empty() {
            let publish =
                move |connection: &mut SqliteConnection| rows::publish_visits(connection, &hashes);
            self.shard
                .mend(self.shard.database.write(publish).await)
                .await?;
        }
        // The hand took the marks of a good part of the entries: what is still read must be marked anew.
        let moved = state.evictions - self.evictions.load(Ordering::Relaxed);
        if moved > state.entries / 2 {
            self.evictions.store(state.evictions, Ordering::Relaxed);
            visits.reset();
        }
        Ok(())
    }

    async fn give_back(&self) -> Result<(), Failure> {
        loop {
            let extent = self
                .shard
                .mend(self.shard.database.read(db::extent).await)
                .await?;
            let surplus = Room::surplus(extent).min(PAGES);
            if surplus == 0 {
                return Ok(());
            }
            let give = move |connection: &mut SqliteConnection| {
                db::give_back(connection, surplus)?;
                db::extent(connection)
            };
            let now = self
                .shard
                .mend(self.shard.database.write(give).await)
                .await?;
            // A file that was made without the means to shrink keeps its pages and fills them again.
            if now.page_count >= extent.page_count {
                return Ok(());
            }
        }
    }

    fn evicted(&self, entries: usize) {
        self.counters.evicted(entries);
        if entries > 0 {
            tracing::debug!(cache.evicted = entries, "cache.expire");
        }
    }
}

/// The right to run passes; given back even when the runtime drops the task.
struct Turn(Weak<Keeper>);

impl Turn {
    async fn run(self, now: Timestamp) {
        let mut now = now;
        loop {
            let Some(keeper) = self.0.upgrade() else {
                return;
            };
            let seen = keeper.written.load(Ordering::Relaxed);
            let next = keeper.pass(now).await;
            let wake = keeper.wake(next, seen);
            drop(keeper);
            if !wake.await {
                return;
            }
            now = Timestamp::now();
        }
    }
}

impl Keeper {
    /// Completes when there is something to do again, such as entries that the pass has not `seen`; with `false` when
    /// nothing is foreseen. Holds the keeper weakly.
    fn wake(&self, next: Option<Duration>, seen: u64) -> impl Future<Output = bool> + use<> {
        let me = self.me.clone();
        async move {
            // What comes in quick succession is done together.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let deadline = tokio::time::Instant::now() + next.unwrap_or(PAUSE);
            loop {
                {
                    let Some(keeper) = me.upgrade() else {
                        return false;
                    };
                    let notified = tokio::time::timeout(PAUSE, keeper.again.notified());
                    if notified.await.is_ok() {
                        return true;
                    }
                    let has_visits = keeper
                        .shard
                        .room
                        .visits
                        .as_ref()
                        .is_some_and(crate::visits::Visits::has_unpublished);
                    // What was written since may expire before all that the pass has seen.
                    if has_visits || keeper.written.load(Ordering::Relaxed) != seen {
                        return true;
                    }
                }
                if tokio::time::Instant::now() >= deadline {
                    return next.is_some();
                }
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(keeper) = self.0.upgrade() {
            keeper.running.store(false, Ordering::Release);
        }
    }
}
