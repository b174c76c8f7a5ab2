//! How a job gets from one state to another. Each file is one kind of move, and each move is part of one transaction.

pub(crate) mod batch;
pub(crate) mod claim;
pub(crate) mod dispatch;
pub(crate) mod end;
pub(crate) mod enqueue;
pub(crate) mod recover;
pub(crate) mod settle;
pub(crate) mod sweep;
pub(crate) mod unblock;

use db::SqliteConnection;
use diesel::QueryResult;

use crate::limits::Limit;
use crate::records::job::Job;
use crate::records::job_limit;
use crate::registry::Classes;

/// The limits under which a job stands; `None` when only Ruby knows: Rails keeps no more than the key.
///
/// What we enqueue has them stored. A job that Rails enqueued gets those of the class of the same name, if there is one
/// here, with the key that Rails wrote.
pub(crate) fn limits_of(
    connection: &mut SqliteConnection,
    job: &Job,
    classes: &Classes,
) -> QueryResult<Option<Vec<Limit>>> {
    let stored = job_limit::of(connection, job.id)?;
    let Some(key) = job.concurrency_key.as_ref().filter(|_| stored.is_empty()) else {
        return Ok(Some(stored));
    };
    let Some(mut limits) = classes.limits(&job.class_name, job.arguments.as_deref()) else {
        return Ok(None);
    };
    match limits.iter_mut().find(|limit| limit.is_concurrency()) {
        Some(first) => first.key.clone_from(key),
        None => return Ok(None),
    }
    job_limit::insert_all(connection, job.id, &limits)?;
    Ok(Some(limits))
}
