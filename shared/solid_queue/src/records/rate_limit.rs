//! Our own table: when the next job of each rate-limited key may start.
//!
//! The generic cell rate algorithm: `arrives_us` is when the next start would come if all came evenly spread. A start
//! may be early by as many intervals as the limit has places. Who comes too early gets the next free place in the order
//! of starts, and all who come after it queue up behind: `planned_us` is the last place that was given.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};

use crate::limits::{Limit, LimitKind};

/// A free place that nobody took for so long is not waited for: those to whom it was given were deleted, or wait in a
/// paused queue, or the clock was put back. In microseconds.
const PATIENCE: i64 = 5_000_000;
/// How much too early those may start who waited for their turn, in microseconds: timers and other jobs delay each start
/// a little, and with it the next.
const LENIENCY: i64 = 20_000;

/// How long a key is kept under which nothing starts.
const IDLE: Duration = Duration::from_hours(1);

/// When a job may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Now,
    At(Timestamp),
}

/// The order of starts, as one transaction changes it.
#[derive(Debug)]
pub(crate) struct Turns {
    now: i64,
    buckets: HashMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    arrives: i64,
    planned: i64,
    /// The last place that was given again in this transaction to a job that had one and could not take it.
    given_again: Option<i64>,
}

impl Turns {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            now: now.as_microseconds(),
            buckets: HashMap::new(),
        }
    }

    /// Starts the job if all its rate limits allow it now; else gives it a place in the order of starts.
    pub(crate) fn take(
        &mut self,
        connection: &mut SqliteConnection,
        limits: &[Limit],
    ) -> QueryResult<Turn> {
        let now = self.now;
        let rates: Vec<_> = limits
            .iter()
            .filter(|it| it.kind == LimitKind::Rate)
            .collect();
        let mut start = now;
        for limit in &rates {
            start = start.max(self.bucket(connection, limit)?.start(limit, now));
        }
        for limit in rates {
            let bucket = self.bucket(connection, limit)?;
            match (start <= now, limit.reserved) {
                (true, true) => bucket.start_now(limit, now),
                (true, false) => {
                    bucket.start_now(limit, now);
                    bucket.planned = bucket.planned.min(now);
                }
                (false, true) => bucket.given_again = Some(start),
                (false, false) => bucket.planned = bucket.planned.max(start),
            }
        }
        Ok(if start <= now {
            Turn::Now
        } else {
            Turn::At(Timestamp::from_microseconds(start))
        })
    }

    pub(crate) fn save(self, connection: &mut SqliteConnection) -> QueryResult<()> {
        for (key, bucket) in self.buckets {
            put(connection, &key, bucket)?;
        }
        Ok(())
    }

    fn bucket(
        &mut self,
        connection: &mut SqliteConnection,
        limit: &Limit,
    ) -> QueryResult<&mut Bucket> {
        Ok(match self.buckets.entry(limit.key.clone()) {
            Entry::Occupied(bucket) => bucket.into_mut(),
            Entry::Vacant(missing) => missing.insert(find(connection, limit, self.now)?),
        })
    }
}

impl Bucket {
    fn start_now(&mut self, limit: &Limit, now: i64) {
        self.arrives = self.arrives.max(now).saturating_add(interval(limit));
    }

    /// When a job may start.
    fn start(self, limit: &Limit, now: i64) -> i64 {
        let interval = interval(limit);
        let earliest = self.arrives - interval * (limit.most - 1);
        let (early, behind) = if limit.reserved {
            (LENIENCY.min(interval / 10), self.given_again)
        } else {
            let is_in_order = earliest + PATIENCE > now;
            (
                0,
                Some(self.planned).filter(|planned| *planned > now && is_in_order),
            )
        };
        match behind {
            Some(last) => earliest.max(last.saturating_add(interval)),
            None if earliest <= now + early => now,
            None => earliest,
        }
    }
}

fn interval(limit: &Limit) -> i64 {
    let period = i64::try_from(limit.period.as_micros()).unwrap_or(i64::MAX / 4);
    (period / limit.most.max(1)).max(1)
}

fn find(connection: &mut SqliteConnection, limit: &Limit, now: i64) -> QueryResult<Bucket> {
    let rows: Vec<(i64, i64)> = Statement::<(BigInt, BigInt)>::new(
        "SELECT arrives_us, planned_us FROM trifecta_rate_limits WHERE key = ?",
    )
    .bind(limit.key.as_str())
    .load(connection)?;
    let (arrives, planned) = rows.into_iter().next().unwrap_or((now, now));
    // No more than a whole period was ever given away, unless the clock went back: then the order is void.
    let latest = now.saturating_add(interval(limit).saturating_mul(limit.most));
    let went_back = arrives > latest.saturating_add(LENIENCY);
    Ok(Bucket {
        arrives: arrives.min(latest),
        planned: if went_back { now } else { planned },
        given_again: None,
    })
}

/// Whether there are keys that [`sweep`] forgets.
pub(crate) fn any_to_sweep(connection: &mut SqliteConnection, now: Timestamp) -> QueryResult<bool> {
    let any: Vec<i64> = Statement::<BigInt>::new(
        "SELECT 1 FROM trifecta_rate_limits WHERE arrives_us < ? AND planned_us < ? LIMIT 1",
    )
    .bind(idle_since(now))
    .bind(idle_since(now))
    .load(connection)?;
    Ok(!any.is_empty())
}

/// Forgets keys under which nothing started for a while: the next job may start at once anyway.
pub(crate) fn sweep(connection: &mut SqliteConnection, now: Timestamp) -> QueryResult<usize> {
    Statement::<()>::new("DELETE FROM trifecta_rate_limits WHERE arrives_us < ? AND planned_us < ?")
        .bind(idle_since(now))
        .bind(idle_since(now))
        .execute(connection)
}

fn idle_since(now: Timestamp) -> i64 {
    now.before(IDLE).as_microseconds()
}

fn put(connection: &mut SqliteConnection, key: &str, bucket: Bucket) -> QueryResult<()> {
    Statement::<()>::new(
        "INSERT INTO trifecta_rate_limits (key, arrives_us, planned_us) VALUES (?, ?, ?) \
         ON CONFLICT (key) DO UPDATE SET arrives_us = excluded.arrives_us, planned_us = excluded.planned_us",
    )
    .bind(key)
    .bind(bucket.arrives)
    .bind(bucket.planned)
    .execute(connection)?;
    Ok(())
}
