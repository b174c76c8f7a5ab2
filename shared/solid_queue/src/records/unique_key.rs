//! Our own table: the keys of which there is to be one job only. Whether a job still keeps others out is seen from its
//! rows, so no key stays taken for a job that is gone.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use super::ids;
use crate::controls::States;
use crate::limits::UniqueKey;

/// The job that keeps a new one with this key out, and its state; no state when its row is gone.
pub(crate) fn holder(
    connection: &mut SqliteConnection,
    unique: &UniqueKey,
    now: Timestamp,
) -> QueryResult<Option<(i64, Option<States>)>> {
    for holder in holders(connection, &unique.key)? {
        let state = state(connection, holder.job_id)?;
        if holder.keeps_out(unique, state, now) {
            return Ok(Some((holder.job_id, state)));
        }
    }
    Ok(None)
}

pub(crate) fn insert(
    connection: &mut SqliteConnection,
    unique: &UniqueKey,
    job_id: i64,
    now: Timestamp,
) -> QueryResult<()> {
    Statement::<()>::new(
        "INSERT INTO trifecta_unique_keys (key, job_id, states, enqueued_at, keep_until) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(unique.key.as_str())
    .bind(job_id)
    .bind(i64::from(unique.states.0))
    .bind(now)
    .bind(unique.keep_until(now))
    .execute(connection)?;
    Ok(())
}

/// The jobs have ended: forgets their keys, unless they are to keep others out for longer.
pub(crate) fn release_all(connection: &mut SqliteConnection, job_ids: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "DELETE FROM trifecta_unique_keys WHERE keep_until IS NULL AND states & 8 = 0 \
         AND job_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(job_ids))
    .execute(connection)?;
    Ok(())
}

/// The job is gone without having been performed: its key is free.
pub(crate) fn forget(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<()> {
    forget_all(connection, &[job_id])
}

pub(crate) fn forget_all(connection: &mut SqliteConnection, job_ids: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "DELETE FROM trifecta_unique_keys WHERE job_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(job_ids))
    .execute(connection)?;
    Ok(())
}

/// From now on another job stands for this one.
pub(crate) fn pass_on(connection: &mut SqliteConnection, job_id: i64, to: i64) -> QueryResult<()> {
    Statement::<()>::new("UPDATE OR REPLACE trifecta_unique_keys SET job_id = ? WHERE job_id = ?")
        .bind(to)
        .bind(job_id)
        .execute(connection)?;
    Ok(())
}

/// Keys of jobs that are gone and that keep nobody out any more, `limit` at most.
pub(crate) fn to_sweep(
    connection: &mut SqliteConnection,
    limit: u32,
    now: Timestamp,
) -> QueryResult<Vec<(String, i64)>> {
    Statement::<(Text, BigInt)>::new(
        "SELECT key, job_id FROM trifecta_unique_keys keys WHERE (keep_until IS NULL OR keep_until < ?) \
         AND NOT EXISTS (SELECT 1 FROM solid_queue_jobs WHERE id = keys.job_id) LIMIT ?",
    )
    .bind(now)
    .bind(i64::from(limit))
    .load(connection)
}

/// Forgets the keys. A job that is gone does not come back, so what was found earlier still holds.
pub(crate) fn sweep(connection: &mut SqliteConnection, keys: &[(String, i64)]) -> QueryResult<()> {
    for (key, job_id) in keys {
        Statement::<()>::new("DELETE FROM trifecta_unique_keys WHERE key = ? AND job_id = ?")
            .bind(key.as_str())
            .bind(*job_id)
            .execute(connection)?;
    }
    Ok(())
}

struct Holder {
    job_id: i64,
    states: States,
    enqueued_at: Timestamp,
    keep_until: Option<Timestamp>,
}

impl Holder {
    fn keeps_out(&self, unique: &UniqueKey, state: Option<States>, now: Timestamp) -> bool {
        if unique
            .within
            .is_some_and(|period| self.enqueued_at.after(period) <= now)
        {
            return false;
        }
        match state {
            Some(state) => self.states.contains(state),
            None => self.keep_until.is_some_and(|until| until > now),
        }
    }
}

fn holders(connection: &mut SqliteConnection, key: &str) -> QueryResult<Vec<Holder>> {
    let rows: Vec<(i64, i64, Timestamp, Option<Timestamp>)> =
        Statement::<(BigInt, BigInt, Text, Nullable<Text>)>::new(
            "SELECT job_id, states, enqueued_at, keep_until FROM trifecta_unique_keys WHERE key = ? ORDER BY job_id DESC",
        )
        .bind(key)
        .load(connection)?;
    let holder = |(job_id, states, enqueued_at, keep_until)| Holder {
        job_id,
        states: States(u8::try_from(states).unwrap_or(u8::MAX)),
        enqueued_at,
        keep_until,
    };
    Ok(rows.into_iter().map(holder).collect())
}

/// The state of a job; nothing when it has no row any more.
fn state(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<Option<States>> {
    let rows: Vec<i64> = Statement::<BigInt>::new(
        "SELECT CASE \
           WHEN finished_at IS NOT NULL THEN 8 \
           WHEN EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = jobs.id) THEN 2 \
           WHEN EXISTS (SELECT 1 FROM solid_queue_failed_executions WHERE job_id = jobs.id) THEN 4 \
           ELSE 1 END \
         FROM solid_queue_jobs jobs WHERE id = ?",
    )
    .bind(job_id)
    .load(connection)?;
    Ok(rows
        .first()
        .map(|state| States(u8::try_from(*state).unwrap_or(0))))
}
