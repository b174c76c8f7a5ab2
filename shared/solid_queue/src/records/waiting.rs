//! The jobs that wait, for those who list them.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use crate::enqueue::NewJob;
use crate::payload::Payload;
use crate::testing::WaitsFor;
use crate::{Controls, JobId};

/// Ready jobs in the order in which they go, then scheduled ones by their time, then blocked ones.
pub(crate) fn all(
    connection: &mut SqliteConnection,
) -> QueryResult<Vec<(JobId, NewJob, WaitsFor)>> {
    let rows: Vec<Row> = Statement::<Columns>::new(
        "SELECT jobs.id, class_name, jobs.queue_name, jobs.priority, jobs.scheduled_at, arguments, \
           scheduled.job_id, blocked.concurrency_key \
         FROM solid_queue_jobs jobs \
         LEFT JOIN solid_queue_ready_executions ready ON ready.job_id = jobs.id \
         LEFT JOIN solid_queue_scheduled_executions scheduled ON scheduled.job_id = jobs.id \
         LEFT JOIN solid_queue_blocked_executions blocked ON blocked.job_id = jobs.id \
         WHERE coalesce(ready.id, scheduled.id, blocked.id) IS NOT NULL \
         ORDER BY ready.id IS NULL, blocked.id IS NOT NULL, blocked.concurrency_key, \
           scheduled.scheduled_at, jobs.priority, jobs.id",
    )
    .load(connection)?;
    Ok(rows.into_iter().filter_map(waiting).collect())
}

type Columns = (
    BigInt,
    Text,
    Text,
    Integer,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<BigInt>,
    Nullable<Text>,
);
type Row = (
    i64,
    String,
    String,
    i32,
    Option<Timestamp>,
    Option<String>,
    Option<i64>,
    Option<String>,
);

fn waiting(row: Row) -> Option<(JobId, NewJob, WaitsFor)> {
    let (id, class_name, queue_name, priority, scheduled_at, arguments, scheduled, blocked) = row;
    let job = NewJob {
        class_name,
        queue_name,
        priority,
        scheduled_at: scheduled_at?,
        payload: Payload::parse(&arguments?).ok()?,
        controls: Controls::new(),
    };
    let waits_for = match (scheduled, blocked) {
        (Some(_), _) => WaitsFor::Time,
        (None, Some(key)) => WaitsFor::Room { key },
        (None, None) => WaitsFor::Worker,
    };
    Some((JobId(id), job, waits_for))
}
