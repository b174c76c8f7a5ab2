//! Our own table: the limits that each job stands under, so that whoever ends or dispatches it knows them.

use std::time::Duration;

use db::{SqliteConnection, Statement};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use crate::OnConflict;
use crate::limits::{Limit, LimitKind};

pub(crate) fn insert_all(
    connection: &mut SqliteConnection,
    job_id: i64,
    limits: &[Limit],
) -> QueryResult<()> {
    for limit in limits {
        Statement::<()>::new(
            "INSERT OR IGNORE INTO trifecta_job_limits (job_id, key, kind, \"limit\", period_us, on_conflict) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(job_id)
        .bind(limit.key.as_str())
        .bind(limit.kind.name())
        .bind(limit.limit)
        .bind(i64::try_from(limit.period.as_micros()).unwrap_or(i64::MAX))
        .bind(limit.on_conflict.name())
        .execute(connection)?;
    }
    Ok(())
}

/// The limits of the job that are stored.
pub(crate) fn of(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<Vec<Limit>> {
    let rows: Vec<Row> = Statement::<(Text, Text, BigInt, BigInt, Text, Bool)>::new(
        "SELECT kind, key, \"limit\", period_us, on_conflict, reserved FROM trifecta_job_limits WHERE job_id = ?",
    )
    .bind(job_id)
    .load(connection)?;
    Ok(rows.into_iter().map(limit).collect())
}

/// Notes that the job has its place in the order of starts.
pub(crate) fn reserve(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<()> {
    Statement::<()>::new("UPDATE trifecta_job_limits SET reserved = 1 WHERE job_id = ?")
        .bind(job_id)
        .execute(connection)?;
    Ok(())
}

type Row = (String, String, i64, i64, String, bool);

fn limit((kind, key, limit, period_us, on_conflict, reserved): Row) -> Limit {
    Limit {
        kind: match kind.as_str() {
            "rate" => LimitKind::Rate,
            _ => LimitKind::Concurrency,
        },
        key,
        limit,
        period: Duration::from_micros(period_us.try_into().unwrap_or(0)),
        on_conflict: match on_conflict.as_str() {
            "discard" => OnConflict::Discard,
            _ => OnConflict::Block,
        },
        reserved,
    }
}
