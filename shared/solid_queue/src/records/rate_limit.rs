//! Our own table: when the next job of each rate-limited key may start.
//!
//! The generic cell rate algorithm: `arrives_us` is when the next start would come if all came evenly spread. A start
//! may be early by as many intervals as the limit has places. Who comes too early gets the next free place in the order
//! of starts, and all who come after it queue up behind.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};

use crate::limits::{Limit, LimitKind};

/// When a job may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Now,
    At(Timestamp),
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    arrives: i64,
    planned: i64,
}

/// Starts the job if all its rate limits allow it now; else gives it a place in the order of starts.
pub(crate) fn take_turn(
    connection: &mut SqliteConnection,
    limits: &[Limit],
    now: Timestamp,
) -> QueryResult<Turn> {
    let now = now.as_microseconds();
    let mut buckets = Vec::new();
    for limit in limits.iter().filter(|limit| limit.kind == LimitKind::Rate) {
        let bucket = find(connection, limit, now)?;
        buckets.push((limit, bucket));
    }
    let start = buckets
        .iter()
        .map(|(limit, bucket)| bucket.start(limit, now));
    let start = start.max().unwrap_or(now);
    for (limit, bucket) in buckets {
        let interval = interval(limit);
        let next = if start <= now {
            Bucket {
                arrives: bucket.arrives.max(now) + interval,
                ..bucket
            }
        } else {
            Bucket {
                planned: bucket.planned.max(start),
                ..bucket
            }
        };
        put(connection, &limit.key, next)?;
    }
    Ok(if start <= now {
        Turn::Now
    } else {
        Turn::At(Timestamp::from_microseconds(start))
    })
}

impl Bucket {
    /// When a job may start. One that has no place in the order yet comes after all who have.
    fn start(self, limit: &Limit, now: i64) -> i64 {
        let interval = interval(limit);
        let earliest = self.arrives - interval * (limit.limit - 1);
        if limit.reserved || self.planned <= now {
            return if earliest <= now { now } else { earliest };
        }
        earliest.max(self.planned + interval)
    }
}

fn interval(limit: &Limit) -> i64 {
    let period = i64::try_from(limit.period.as_micros()).unwrap_or(i64::MAX / 4);
    (period / limit.limit.max(1)).max(1)
}

fn find(connection: &mut SqliteConnection, limit: &Limit, now: i64) -> QueryResult<Bucket> {
    let rows: Vec<(i64, i64)> = Statement::<(BigInt, BigInt)>::new(
        "SELECT arrives_us, planned_us FROM trifecta_rate_limits WHERE key = ?",
    )
    .bind(limit.key.as_str())
    .load(connection)?;
    let Some((arrives, planned)) = rows.into_iter().next() else {
        return Ok(Bucket {
            arrives: now,
            planned: now,
        });
    };
    // No more than a whole period was ever given away, unless the clock went back.
    let latest = now + interval(limit) * limit.limit;
    Ok(Bucket {
        arrives: arrives.min(latest),
        planned,
    })
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
