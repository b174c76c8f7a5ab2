//! How a job gets from one state to another. Each file is one kind of move, and each move is part of one transaction.

pub(crate) mod batch;
pub(crate) mod claim;
pub(crate) mod discard;
pub(crate) mod dispatch;
pub(crate) mod end;
pub(crate) mod enqueue;
pub(crate) mod hasten;
pub(crate) mod recover;
pub(crate) mod recur;
pub(crate) mod retry;
pub(crate) mod settle;
pub(crate) mod state;
pub(crate) mod sweep;
#[cfg(test)]
mod tests;
pub(crate) mod unblock;
mod unique;
pub(crate) mod unused;

use db::SqliteConnection;
use diesel::QueryResult;

use crate::limits::Limit;
use crate::records::job::Job;
use crate::records::job_limit;
use crate::registry::Classes;

/// The limits under which a job stands.
///
/// What we enqueue has them stored. A job that Rails enqueued has only a key: it gets the limits of the class of the
/// same name, if there is one here. As with Rails, what the class says now counts, and the key that the job has.
pub(crate) fn limits_of(
    connection: &mut SqliteConnection,
    job: &Job,
    classes: &Classes,
) -> QueryResult<Vec<Limit>> {
    let mut stored = job_limit::of(connection, job.id)?;
    // The first is the one whose key Rails knows.
    stored.sort_by_key(|limit| job.concurrency_key.as_ref() != Some(&limit.key));
    if stored.is_empty() && job.concurrency_key.is_none() {
        return Ok(stored);
    }
    let of_class = classes.limits(&job.class_name, job.arguments.as_deref());
    match &job.concurrency_key {
        Some(key) if stored.is_empty() => Ok(under_key(of_class.unwrap_or_default(), key)),
        _ => {
            let latest = of_class.unwrap_or_default();
            for limit in &mut stored {
                limit.update(&latest);
            }
            Ok(stored)
        }
    }
}

/// The limits of the class for a job with this key.
fn under_key(mut limits: Vec<Limit>, key: &str) -> Vec<Limit> {
    match limits.iter_mut().find(|limit| limit.is_concurrency()) {
        Some(first) => key.clone_into(&mut first.key),
        None => limits.push(Limit::guess(key)),
    }
    limits
}
