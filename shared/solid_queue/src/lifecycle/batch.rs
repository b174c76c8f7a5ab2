//! How jobs enter and leave their batch, and how it finishes: with the last of them, in the same transaction.

use std::collections::BTreeSet;

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::enqueue;
use crate::enqueue::NewJob;
use crate::events;
use crate::payload::Payload;
use crate::records::batch::{self, NewBatch};
use crate::records::batch_execution;
use crate::records::job::{Job, NewRow};
use crate::registry::Classes;

/// Stores the batch with its jobs. Jobs that their controls keep out count as completed. Returns its id.
pub(crate) fn create(
    connection: &mut SqliteConnection,
    new: &NewBatch,
    jobs: Vec<NewJob>,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<i64> {
    let id = batch::insert(connection, new, jobs.len(), now)?;
    enqueue_all(connection, id, jobs, now)?;
    finish_if_done(connection, id, classes, now)?;
    Ok(id)
}

/// Adds the jobs to the batch. `false`, and nothing done, when it is finished or gone.
pub(crate) fn add(
    connection: &mut SqliteConnection,
    id: i64,
    jobs: Vec<NewJob>,
    now: Timestamp,
) -> QueryResult<bool> {
    let is_open = batch::grow(connection, id, jobs.len(), now)?;
    if is_open {
        enqueue_all(connection, id, jobs, now)?;
    }
    Ok(is_open)
}

fn enqueue_all(
    connection: &mut SqliteConnection,
    id: i64,
    jobs: Vec<NewJob>,
    now: Timestamp,
) -> QueryResult<()> {
    for job in jobs {
        enqueue::enqueue(connection, &NewRow::in_batch(job, id), now)?;
    }
    Ok(())
}

/// The batch waits for the job from now on, also for one that failed before. A batch that is finished stays so.
pub(crate) fn join(
    connection: &mut SqliteConnection,
    job_id: i64,
    batch_id: Option<i64>,
    now: Timestamp,
) -> QueryResult<()> {
    match batch_id {
        Some(batch_id) => batch_execution::insert(connection, job_id, batch_id, now),
        None => Ok(()),
    }
}

/// The batch waits for the job no more. Call it when the job has ended, after what became of it is written.
pub(crate) fn leave(
    connection: &mut SqliteConnection,
    job: &Job,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    match job.batch_id {
        Some(batch_id) => leave_all(connection, &[(job.id, batch_id)], classes, now),
        None => Ok(()),
    }
}

/// The same for many jobs, each with its batch.
pub(crate) fn leave_all(
    connection: &mut SqliteConnection,
    jobs: &[(i64, i64)],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let (jobs, batches): (Vec<i64>, BTreeSet<i64>) = jobs.iter().copied().unzip();
    batch_execution::delete_all(connection, &jobs)?;
    for id in batches {
        finish_if_done(connection, id, classes, now)?;
    }
    Ok(())
}

/// Finishes the batch if it was started and waits for no job, and enqueues its callbacks. Whether it did.
pub(crate) fn finish_if_done(
    connection: &mut SqliteConnection,
    id: i64,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<bool> {
    let Some(callbacks) = batch::done(connection, id)? else {
        return Ok(false);
    };
    let failed = batch::finish(connection, id, now)?;
    let outcome = if failed > 0 {
        callbacks.failure
    } else {
        callbacks.success
    };
    for callback in [outcome, callbacks.finish].into_iter().flatten() {
        enqueue_callback(connection, id, &callback, classes, now)?;
    }
    Ok(true)
}

/// A callback is an ordinary job, with the controls of its class if that is known here.
fn enqueue_callback(
    connection: &mut SqliteConnection,
    id: i64,
    callback: &str,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    let payload = Payload::parse(callback).map(|payload| payload.callback_of(id, now));
    let Some(mut job) = payload.ok().and_then(NewJob::stored) else {
        events::leave_callback(id);
        return Ok(());
    };
    if let Some(controls) = classes.controls(&job.class_name, job.payload.arguments()) {
        job.controls = controls;
    }
    enqueue::enqueue(connection, &job.into(), now)?;
    Ok(())
}
