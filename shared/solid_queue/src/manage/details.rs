use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl as _};
use serde::Serialize;
use serde_json::Value;

use super::moment::{iso8601, some_iso8601};
use super::{JobSummary, Status, job};
use crate::lifecycle::state::state_of_jobs;
use crate::limits::Limit;
use crate::payload::Payload;
use crate::records::job_limit;
use crate::{BatchId, JobId};

/// Attempts that are told of, at most: the newest.
const ATTEMPTS: i64 = 100;

/// All about a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobDetails {
    /// What a list shows.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// The id that all attempts of the job share.
    pub active_job_id: Option<String>,
    /// What Active Job keeps of it, or the text that is no JSON.
    pub payload: Value,
    /// When its row was last written.
    #[serde(serialize_with = "iso8601")]
    pub updated_at: Timestamp,
    /// The key of its first concurrency limit.
    pub concurrency_key: Option<String>,
    /// Until when Rails holds a blocked job's limit for reached.
    #[serde(serialize_with = "some_iso8601")]
    pub blocked_until: Option<Timestamp>,
    /// The limits that it stands under, as far as they are known.
    pub limits: Vec<JobLimit>,
    /// The key of which there is to be one job only.
    pub unique_key: Option<String>,
    /// Its batch.
    pub batch_id: Option<BatchId>,
    /// The recurring task that enqueued it.
    pub recurring_task: Option<String>,
    /// When it was asked to stop, if it runs.
    #[serde(serialize_with = "some_iso8601")]
    pub cancel_requested_at: Option<Timestamp>,
    /// All its attempts, itself included, the newest first.
    pub attempts: Vec<Attempt>,
}

/// A limit of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobLimit {
    /// `concurrency` or `rate`.
    pub kind: &'static str,
    /// Its key.
    pub key: String,
    /// Jobs at once, or starts in the period.
    pub limit: i64,
    /// Seconds that its semaphore lasts, or in which so many may start.
    pub period_seconds: f64,
}

/// An attempt of a job: each has a row of its own, as with Rails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Its number.
    pub id: JobId,
    /// Its state.
    pub status: Status,
    /// How many there were before.
    pub executions: u32,
    /// When it was enqueued.
    #[serde(serialize_with = "iso8601")]
    pub enqueued_at: Timestamp,
    /// When it was done.
    #[serde(serialize_with = "some_iso8601")]
    pub finished_at: Option<Timestamp>,
}

pub(crate) fn find(connection: &mut SqliteConnection, id: i64) -> QueryResult<Option<JobDetails>> {
    let (Some(summary), Some(more)) = (
        job::load(connection, &[id])?.pop(),
        More::find(connection, id)?,
    ) else {
        return Ok(None);
    };
    let limits = job_limit::of(connection, id)?;
    Ok(Some(JobDetails {
        attempts: match &more.active_job_id {
            Some(active_job_id) => attempts(connection, active_job_id)?,
            None => Vec::new(),
        },
        limits: limits.into_iter().map(JobLimit::from).collect(),
        payload: payload(more.payload),
        active_job_id: more.active_job_id,
        updated_at: more.updated_at,
        concurrency_key: more.concurrency_key,
        blocked_until: more.blocked_until,
        unique_key: more.unique_key,
        batch_id: more.batch_id.map(BatchId),
        recurring_task: more.recurring_task,
        cancel_requested_at: more.cancel_requested_at,
        summary,
    }))
}

fn payload(text: Option<String>) -> Value {
    let Some(text) = text else {
        return Value::Null;
    };
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// What a list does not show.
struct More {
    payload: Option<String>,
    active_job_id: Option<String>,
    updated_at: Timestamp,
    concurrency_key: Option<String>,
    blocked_until: Option<Timestamp>,
    unique_key: Option<String>,
    batch_id: Option<i64>,
    recurring_task: Option<String>,
    cancel_requested_at: Option<Timestamp>,
}

type MoreColumns = (
    Nullable<Text>,
    Nullable<Text>,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<BigInt>,
    Nullable<Text>,
    Nullable<Text>,
);
type MoreRow = (
    Option<String>,
    Option<String>,
    Timestamp,
    Option<String>,
    Option<Timestamp>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<Timestamp>,
);

impl More {
    fn find(connection: &mut SqliteConnection, id: i64) -> QueryResult<Option<Self>> {
        let rows: Vec<MoreRow> = Statement::<MoreColumns>::new(
            "SELECT arguments, active_job_id, updated_at, concurrency_key, \
               (SELECT expires_at FROM solid_queue_blocked_executions WHERE job_id = jobs.id), \
               (SELECT key FROM trifecta_unique_keys WHERE job_id = jobs.id), \
               batch_id, \
               (SELECT task_key FROM solid_queue_recurring_executions WHERE job_id = jobs.id), \
               (SELECT requested_at FROM trifecta_cancellations WHERE job_id = jobs.id) \
             FROM solid_queue_jobs jobs WHERE id = ?",
        )
        .bind(id)
        .load(connection)?;
        Ok(rows.into_iter().next().map(Self::from))
    }
}

impl From<MoreRow> for More {
    fn from(row: MoreRow) -> Self {
        Self {
            payload: row.0,
            active_job_id: row.1,
            updated_at: row.2,
            concurrency_key: row.3,
            blocked_until: row.4,
            unique_key: row.5,
            batch_id: row.6,
            recurring_task: row.7,
            cancel_requested_at: row.8,
        }
    }
}

impl From<Limit> for JobLimit {
    fn from(limit: Limit) -> Self {
        Self {
            kind: limit.kind.name(),
            key: limit.key,
            limit: limit.most,
            period_seconds: limit.period.as_secs_f64(),
        }
    }
}

type AttemptColumns = (BigInt, Text, Nullable<Text>, Text, Nullable<Text>);
type AttemptRow = (i64, String, Option<String>, Timestamp, Option<Timestamp>);

fn attempts(connection: &mut SqliteConnection, active_job_id: &str) -> QueryResult<Vec<Attempt>> {
    let rows: Vec<AttemptRow> = Statement::<AttemptColumns>::new(concat!(
        "SELECT id, ",
        state_of_jobs!(),
        ", arguments, created_at, finished_at FROM solid_queue_jobs jobs \
         WHERE active_job_id = ? ORDER BY id DESC LIMIT ?",
    ))
    .bind(active_job_id)
    .bind(ATTEMPTS)
    .load(connection)?;
    let attempt = |(id, status, arguments, enqueued_at, finished_at): AttemptRow| {
        let payload = Payload::parse(&arguments.unwrap_or_default());
        Attempt {
            id: JobId(id),
            status: status.parse().unwrap_or(Status::Stray),
            executions: payload.map_or(0, |payload| payload.executions()),
            enqueued_at,
            finished_at,
        }
    };
    Ok(rows.into_iter().map(attempt).collect())
}
