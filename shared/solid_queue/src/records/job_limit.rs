//! Our own table: the limits that each job stands under, so that whoever ends or dispatches it knows them, and which of
//! them it holds a place in.

use std::time::Duration;

use db::{SqliteConnection, Statement};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use super::ids;
use crate::OnConflict;
use crate::limits::{Limit, LimitKind};

/// Stores the limits of a job that holds no place in them.
pub(crate) fn insert_all(
    connection: &mut SqliteConnection,
    job_id: i64,
    limits: &[Limit],
) -> QueryResult<()> {
    put_all(connection, job_id, limits, false)
}

/// Notes that the job took its places.
pub(crate) fn hold_all(
    connection: &mut SqliteConnection,
    job_id: i64,
    limits: &[Limit],
) -> QueryResult<()> {
    put_all(connection, job_id, limits, true)
}

fn put_all(
    connection: &mut SqliteConnection,
    job_id: i64,
    limits: &[Limit],
    is_held: bool,
) -> QueryResult<()> {
    for limit in limits.iter().filter(|limit| !limit.is_guess) {
        Statement::<()>::new(
            "INSERT INTO trifecta_job_limits (job_id, key, kind, \"limit\", period_us, on_conflict, held, reserved) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id, kind, key) DO UPDATE SET held = excluded.held",
        )
        .bind(job_id)
        .bind(limit.key.as_str())
        .bind(limit.kind.name())
        .bind(limit.most)
        .bind(i64::try_from(limit.period.as_micros()).unwrap_or(i64::MAX))
        .bind(limit.on_conflict.name())
        .bind(i64::from(is_held && limit.is_concurrency()))
        .bind(i64::from(limit.reserved))
        .execute(connection)?;
    }
    Ok(())
}

/// The limits of the job that are stored.
pub(crate) fn of(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<Vec<Limit>> {
    let rows: Vec<Row> = Statement::<(Text, Text, BigInt, BigInt, Text, Bool, Bool)>::new(
        "SELECT kind, key, \"limit\", period_us, on_conflict, held, reserved FROM trifecta_job_limits WHERE job_id = ?",
    )
    .bind(job_id)
    .load(connection)?;
    Ok(rows.into_iter().map(limit).collect())
}

/// The job holds no place any more.
pub(crate) fn let_go(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<()> {
    Statement::<()>::new("UPDATE trifecta_job_limits SET held = 0 WHERE job_id = ? AND held")
        .bind(job_id)
        .execute(connection)?;
    Ok(())
}

/// The jobs wait for their turn.
pub(crate) fn reserve_all(connection: &mut SqliteConnection, job_ids: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "UPDATE trifecta_job_limits SET reserved = 1 \
         WHERE kind = 'rate' AND job_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(job_ids))
    .execute(connection)?;
    Ok(())
}

/// How many jobs hold a place of the key by our own moves. A note of a job that is neither ready nor claimed, because
/// somebody else ended it, counts for nothing: no place stays taken for a job that is gone.
pub(crate) fn holders(connection: &mut SqliteConnection, key: &str) -> QueryResult<i64> {
    let counts: Vec<i64> = Statement::<BigInt>::new(
        "SELECT count(*) FROM trifecta_job_limits held WHERE key = ? AND held AND (\
           EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = held.job_id) OR \
           EXISTS (SELECT 1 FROM solid_queue_ready_executions WHERE job_id = held.job_id))",
    )
    .bind(key)
    .load(connection)?;
    Ok(counts.first().copied().unwrap_or(0))
}

/// Takes back the notes about places of the key that [`holders`] does not count.
pub(crate) fn forget_gone(connection: &mut SqliteConnection, key: &str) -> QueryResult<()> {
    Statement::<()>::new(
        "UPDATE trifecta_job_limits SET held = 0 WHERE key = ? AND held \
         AND NOT EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = trifecta_job_limits.job_id) \
         AND NOT EXISTS (SELECT 1 FROM solid_queue_ready_executions WHERE job_id = trifecta_job_limits.job_id)",
    )
    .bind(key)
    .execute(connection)?;
    Ok(())
}

/// The job has ended: nobody asks for its limits any more.
pub(crate) fn delete(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<()> {
    Statement::<()>::new("DELETE FROM trifecta_job_limits WHERE job_id = ?")
        .bind(job_id)
        .execute(connection)?;
    Ok(())
}

type Row = (String, String, i64, i64, String, bool, bool);

fn limit((kind, key, most, period_us, on_conflict, held, reserved): Row) -> Limit {
    Limit {
        kind: match kind.as_str() {
            "rate" => LimitKind::Rate,
            _ => LimitKind::Concurrency,
        },
        key,
        most,
        period: Duration::from_micros(period_us.try_into().unwrap_or(0)),
        on_conflict: match on_conflict.as_str() {
            "discard" => OnConflict::Discard,
            _ => OnConflict::Block,
        },
        held,
        reserved,
        is_guess: false,
    }
}
