//! Keeps a file within its limits, in the very transactions that would exceed them.
//!
//! A hand goes over the rows from the oldest to the newest and then begins anew. What was read since it came by last stays
//! (and must be read again to stay once more); the others go. That is the SIEVE algorithm: new rows join behind all others,
//! nothing is moved, and rows that are read again and again survive. Without visits it evicts the oldest first.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use db::{FileExtent, Statement};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool};

use crate::schema::trifecta_cache_state::dsl as state;
use crate::visits::Visits;
use crate::{Config, Eviction};

/// Rows that the hand looks at in one step.
const STEP: usize = 512;
/// What the tables take without any rows, and more: a smaller file is never too large.
const SMALLEST_FILE: i64 = 1 << 20;
/// Rows that go at once, at most; some ten milliseconds.
const LARGEST_BATCH: usize = 2000;
/// Steps in one transaction, at most: the others want the lock too.
const STEPS: usize = 16;

#[derive(Debug)]
pub(crate) struct Room {
    max_entries: i64,
    max_size: i64,
    batch: usize,
    eviction: Eviction,
    /// Namespaces whose entries stay, each with the colon that ends it.
    pinned: Vec<Vec<u8>>,
    pub(crate) visits: Option<Visits>,
    /// Bytes that this process may write before it looks at the size of the file again: the look costs as much as a fifth
    /// of a write.
    credit: AtomicI64,
}

/// What the file knows of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) entries: i64,
    pub(crate) bytes: i64,
    pub(crate) hand: i64,
    pub(crate) evictions: i64,
    pub(crate) has_leases: bool,
    pub(crate) has_tags: bool,
    has_visits: bool,
}

/// What was done for room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) evicted: usize,
    /// Whether there is still too much, so that more must go.
    pub(crate) is_short: bool,
    /// Whether nothing was left that may go.
    pub(crate) is_stuck: bool,
}

impl State {
    pub(crate) fn read(connection: &mut SqliteConnection) -> QueryResult<Self> {
        type Columns = (BigInt, BigInt, BigInt, BigInt, Bool, Bool, Bool);
        let rows: Vec<(i64, i64, i64, i64, bool, bool, bool)> = Statement::<Columns>::new(
            "SELECT entries, bytes, hand, evictions,
                 EXISTS (SELECT 1 FROM trifecta_cache_leases), EXISTS (SELECT 1 FROM trifecta_cache_tags),
                 EXISTS (SELECT 1 FROM trifecta_cache_visits)
             FROM trifecta_cache_state",
        )
        .load(connection)?;
        let (entries, bytes, hand, evictions, has_leases, has_tags, has_visits) = rows
            .first()
            .copied()
            .ok_or(diesel::result::Error::NotFound)?;
        Ok(Self {
            entries,
            bytes,
            hand,
            evictions,
            has_leases,
            has_tags,
            has_visits,
        })
    }
}

impl Room {
    pub(crate) fn new(config: &Config) -> Self {
        let limit = |limit: Option<u64>| {
            limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
        };
        let is_limited = config.max_size.is_some() || config.max_entries.is_some();
        let keys = config
            .max_entries
            .unwrap_or(u64::MAX)
            .min(config.max_size.unwrap_or(u64::MAX) / 512);
        Self {
            max_entries: limit(config.max_entries),
            max_size: limit(config.max_size),
            batch: config.expiry_batch_size.max(1),
            eviction: config.eviction,
            pinned: config
                .pinned
                .iter()
                .map(|name| [name.as_bytes(), b":"].concat())
                .collect(),
            credit: AtomicI64::new(0),
            visits: (is_limited && config.eviction == Eviction::Sieve).then(|| Visits::new(keys)),
        }
    }

    /// Notes that the key was read.
    pub(crate) fn visited(&self, hash: i64) -> bool {
        self.visits.as_ref().is_some_and(|visits| visits.mark(hash))
    }

    pub(crate) fn is_pinned(&self, key: &[u8]) -> bool {
        self.pinned.iter().any(|prefix| key.starts_with(prefix))
    }

    /// Evicts what is too much after a write, and a bit more, so that the next write finds room. The entry that was
    /// written last is none of that.
    pub(crate) fn make(
        &self,
        connection: &mut SqliteConnection,
        found: State,
        written: usize,
        newest: Option<i64>,
    ) -> QueryResult<Made> {
        let mut made = Made::default();
        let written = i64::try_from(written).unwrap_or(i64::MAX);
        let has_credit = self.credit.fetch_sub(written, Relaxed) > written;
        if has_credit && !self.exceeds_by_count(found) {
            return Ok(made);
        }
        self.credit.store(self.max_size / 256, Relaxed);
        if !self.exceeds(connection, found)? {
            return Ok(made);
        }
        let batch = self.batch_of(found.entries);
        let (mut now, mut unvisited) = (found, 0);
        if self.eviction == Eviction::Fifo {
            now.hand = 0;
        }
        for _ in 0..STEPS {
            let (passed, evicted) = self.step(connection, &mut now, batch, newest)?;
            made.evicted += evicted;
            unvisited = if evicted == 0 { unvisited + passed } else { 0 };
            // Two rounds without a victim: whatever was visited has lost its mark by then.
            made.is_stuck = now.entries == 0
                || passed == 0 && evicted == 0 && now.hand == 0
                || i64::try_from(unvisited).unwrap_or(i64::MAX) > 2 * now.entries + 2;
            made.is_short = self.exceeds(connection, now)?;
            if made.is_stuck || (!made.is_short && made.evicted >= batch) {
                break;
            }
        }
        diesel::update(state::trifecta_cache_state)
            .set((
                state::hand.eq(now.hand),
                state::evictions.eq(state::evictions + i64::try_from(made.evicted).unwrap_or(0)),
            ))
            .execute(connection)?;
        Ok(made)
    }

    /// How many go at once: of a small cache a small part, of a large one so many that they share pages.
    fn batch_of(&self, entries: i64) -> usize {
        let part = |divisor| usize::try_from(entries / divisor).unwrap_or(0);
        self.batch
            .max(part(100).min(LARGEST_BATCH))
            .min(part(8) + 1)
    }

    /// How much of the file is used counts too, so that the file itself stays below the limit.
    pub(crate) fn exceeds(
        &self,
        connection: &mut SqliteConnection,
        found: State,
    ) -> QueryResult<bool> {
        if self.exceeds_by_count(found) {
            return Ok(true);
        }
        if self.max_size == i64::MAX {
            return Ok(false);
        }
        Ok(db::extent(connection)?.used_bytes() > self.max_size.max(SMALLEST_FILE))
    }

    fn exceeds_by_count(&self, found: State) -> bool {
        found.entries > self.max_entries || found.bytes > self.max_size
    }

    /// Moves the hand over some rows. Says how many it passed and how many of them went.
    fn step(
        &self,
        connection: &mut SqliteConnection,
        now: &mut State,
        batch: usize,
        newest: Option<i64>,
    ) -> QueryResult<(usize, usize)> {
        let rows = self.rows(connection, now.hand)?;
        let marked = self.published(connection, *now, &rows)?;
        let (mut victims, mut last, mut bytes) = (Vec::new(), None, 0);
        for row in &rows {
            last = Some(row.id);
            if Some(row.hash) == newest {
                continue;
            }
            let is_visited = self
                .visits
                .as_ref()
                .is_some_and(|visits| visits.take(row.hash));
            if is_visited || marked.contains(&row.hash) || self.is_pinned(&row.key) {
                continue;
            }
            victims.push(row.id);
            bytes += row.size;
            if victims.len() == batch {
                break;
            }
        }
        let passed = rows.iter().take_while(|row| Some(row.id) <= last).count();
        // At the end the hand begins anew.
        now.hand = if rows.len() < STEP && victims.len() < batch {
            0
        } else {
            last.unwrap_or(0)
        };
        delete(connection, &victims)?;
        Self::forget(connection, &marked)?;
        now.entries -= i64::try_from(victims.len()).unwrap_or(0);
        now.bytes -= bytes;
        Ok((passed, victims.len()))
    }

    fn rows(&self, connection: &mut SqliteConnection, from: i64) -> QueryResult<Vec<Row>> {
        // The key is wanted only where some are pinned: to leave it out saves its copy.
        let text = if self.pinned.is_empty() {
            "SELECT id, key_hash, byte_size, X'' FROM solid_cache_entries WHERE id > ? ORDER BY id LIMIT 512"
        } else {
            "SELECT id, key_hash, byte_size, key FROM solid_cache_entries WHERE id > ? ORDER BY id LIMIT 512"
        };
        let rows: Vec<(i64, i64, i64, Vec<u8>)> =
            Statement::<(BigInt, BigInt, BigInt, Binary)>::new(text)
                .bind(from)
                .load(connection)?;
        Ok(rows
            .into_iter()
            .map(|(id, hash, size, key)| Row {
                id,
                hash,
                size,
                key,
            })
            .collect())
    }

    /// Which of the rows were visited in any process.
    fn published(
        &self,
        connection: &mut SqliteConnection,
        now: State,
        rows: &[Row],
    ) -> QueryResult<Vec<i64>> {
        if !now.has_visits || self.eviction == Eviction::Fifo {
            return Ok(Vec::new());
        }
        let hashes: Vec<i64> = rows.iter().map(|row| row.hash).collect();
        Statement::<BigInt>::new(
            "SELECT key_hash FROM trifecta_cache_visits WHERE key_hash IN (SELECT value FROM json_each(?))",
        )
        .bind(list(&hashes))
        .load(connection)
    }

    fn forget(connection: &mut SqliteConnection, hashes: &[i64]) -> QueryResult<()> {
        if hashes.is_empty() {
            return Ok(());
        }
        Statement::<()>::new(
            "DELETE FROM trifecta_cache_visits WHERE key_hash IN (SELECT value FROM json_each(?))",
        )
        .bind(list(hashes))
        .execute(connection)?;
        Ok(())
    }

    /// Whether so much is used that the hand will move soon.
    pub(crate) fn is_nearly_full(&self, found: State, extent: FileExtent) -> bool {
        let most = |limit: i64| limit / 8 * 7;
        found.entries > most(self.max_entries)
            || found.bytes.max(extent.used_bytes()) > most(self.max_size)
    }

    /// Pages that the file has too many.
    pub(crate) fn surplus(extent: FileExtent) -> u32 {
        // Some free pages spare the next writes from growing the file.
        let spare = extent.page_count / 10;
        u32::try_from(extent.free_pages - spare).unwrap_or(0)
    }
}

struct Row {
    id: i64,
    hash: i64,
    size: i64,
    key: Vec<u8>,
}

/// Deletes rows by their ids.
pub(crate) fn delete(connection: &mut SqliteConnection, ids: &[i64]) -> QueryResult<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    Statement::<()>::new(
        "DELETE FROM solid_cache_entries WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(list(ids))
    .execute(connection)
}

/// Numbers as a JSON array.
pub(crate) fn list(numbers: &[i64]) -> String {
    serde_json::json!(numbers).to_string()
}
