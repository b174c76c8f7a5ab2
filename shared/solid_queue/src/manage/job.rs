use std::collections::HashMap;

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl as _};
use serde::Serialize;
use serde_json::Value;

use super::moment::{iso8601, some_iso8601};
use super::{Cursor, ErrorReport, Status};
use crate::lifecycle::state::state_of_jobs;
use crate::payload::{Payload, plain_arguments};
use crate::records::ids;
use crate::{JobId, ProcessId};

/// Some jobs of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// The jobs, in the order of the list.
    pub jobs: Vec<JobSummary>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// A job, as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobSummary {
    /// Its number.
    pub id: JobId,
    /// Its state.
    pub status: Status,
    /// Its class.
    pub class_name: String,
    /// Its queue.
    pub queue_name: String,
    /// Its priority; smaller ones go first.
    pub priority: i32,
    /// Its arguments as it gets them: an array, with the named ones in an object. What cannot be read is told as text.
    pub arguments: Value,
    /// When it was enqueued.
    #[serde(serialize_with = "iso8601")]
    pub enqueued_at: Timestamp,
    /// When it was to run.
    #[serde(serialize_with = "some_iso8601")]
    pub scheduled_at: Option<Timestamp>,
    /// Since when it is in its state.
    #[serde(serialize_with = "some_iso8601")]
    pub since: Option<Timestamp>,
    /// When it was done.
    #[serde(serialize_with = "some_iso8601")]
    pub finished_at: Option<Timestamp>,
    /// The worker that has it, if it runs.
    pub worker: Option<ProcessId>,
    /// The key of the concurrency limit that it waits for, if it is blocked.
    pub blocked_by: Option<String>,
    /// Why it failed, if it did.
    pub error: Option<ErrorReport>,
}

type Columns = (
    BigInt,
    Text,
    Text,
    Text,
    Integer,
    Nullable<Text>,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<BigInt>,
    Nullable<Text>,
    Nullable<Text>,
);
type Row = (
    i64,
    String,
    String,
    String,
    i32,
    Option<String>,
    Timestamp,
    Option<Timestamp>,
    Option<Timestamp>,
    Option<Timestamp>,
    Option<i64>,
    Option<String>,
    Option<String>,
);

/// The jobs, as far as they are there, in the order of the ids that are given.
pub(crate) fn load(
    connection: &mut SqliteConnection,
    job_ids: &[i64],
) -> QueryResult<Vec<JobSummary>> {
    let rows: Vec<Row> = Statement::<Columns>::new(concat!(
        "SELECT jobs.id, ",
        state_of_jobs!(),
        ", jobs.class_name, jobs.queue_name, jobs.priority, jobs.arguments, jobs.created_at, jobs.scheduled_at, \
         coalesce(jobs.finished_at, claimed.created_at, failed.created_at, ready.created_at, blocked.created_at, \
           scheduled.created_at), \
         jobs.finished_at, claimed.process_id, blocked.concurrency_key, failed.error \
         FROM solid_queue_jobs jobs \
         LEFT JOIN solid_queue_claimed_executions claimed ON claimed.job_id = jobs.id \
         LEFT JOIN solid_queue_failed_executions failed ON failed.job_id = jobs.id \
         LEFT JOIN solid_queue_ready_executions ready ON ready.job_id = jobs.id \
         LEFT JOIN solid_queue_blocked_executions blocked ON blocked.job_id = jobs.id \
         LEFT JOIN solid_queue_scheduled_executions scheduled ON scheduled.job_id = jobs.id \
         WHERE jobs.id IN (SELECT value FROM json_each(?))",
    ))
    .bind(ids(job_ids))
    .load(connection)?;
    let mut found: HashMap<i64, JobSummary> =
        rows.into_iter().map(|row| (row.0, summary(row))).collect();
    Ok(job_ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn summary(row: Row) -> JobSummary {
    let (id, status, class_name, queue_name, priority, arguments, enqueued_at, ..) = row;
    let (.., scheduled_at, since, finished_at, worker, blocked_by, error) = row;
    JobSummary {
        id: JobId(id),
        status: status.parse().unwrap_or(Status::Stray),
        class_name,
        queue_name,
        priority,
        arguments: plain(arguments),
        enqueued_at,
        scheduled_at,
        since,
        finished_at,
        worker: worker.map(ProcessId),
        blocked_by,
        error: error.as_deref().map(ErrorReport::parse),
    }
}

fn plain(payload: Option<String>) -> Value {
    let Some(text) = payload else {
        return Value::Null;
    };
    let arguments = Payload::parse(&text).and_then(|it| plain_arguments(it.arguments()));
    arguments.map_or(Value::String(text), Value::Array)
}
