use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::{batch, limits_of};
use crate::executions::{blocked, ready, scheduled};
use crate::limits::Limit;
use crate::records::job::{self, Due};
use crate::records::{job_limit, semaphore, unique_key};
use crate::registry::Classes;

/// Jobs with concurrency limits that are dispatched in one transaction, at most: they go one by one.
const LIMITED: usize = 100;

/// What becomes of a job that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Ready,
    Blocked,
    Discarded,
}

/// What [`due`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dispatched {
    /// Jobs that are not scheduled any more.
    pub(crate) size: usize,
    /// The classes of jobs for which there was no room and that do not wait.
    pub(crate) discarded: Vec<String>,
}

/// Makes the job ready if there is room in all its concurrency limits; else blocks or deletes it, as the limit says.
pub(crate) fn admit(
    connection: &mut SqliteConnection,
    due: Due<'_>,
    limits: &[Limit],
    now: Timestamp,
) -> QueryResult<Admission> {
    use crate::OnConflict::{Block, Discard};

    let Some(full) = semaphore::take_all(connection, limits, now)? else {
        job_limit::hold_all(connection, due.id, limits)?;
        ready::insert(connection, due.id, due.queue_name, due.priority, now)?;
        return Ok(Admission::Ready);
    };
    match full.on_conflict {
        Block => {
            job_limit::insert_all(connection, due.id, limits)?;
            blocked::insert(connection, due, full, now)?;
            Ok(Admission::Blocked)
        }
        Discard => {
            unique_key::forget(connection, due.id)?;
            job::delete(connection, due.id)?;
            Ok(Admission::Discarded)
        }
    }
}

/// Dispatches scheduled jobs that are due, `limit` at most, the longest due first.
pub(crate) fn due(
    connection: &mut SqliteConnection,
    limit: u32,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<Dispatched> {
    let due = scheduled::due(connection, limit, now)?;
    let (limited, plain): (Vec<_>, Vec<_>) = due.into_iter().partition(|due| due.is_limited);
    let ids: Vec<i64> = plain.iter().map(|due| due.id).collect();
    scheduled::make_ready(connection, &ids, now)?;
    let mut dispatched = Dispatched {
        size: ids.len(),
        discarded: Vec::new(),
    };
    for due in limited.into_iter().take(LIMITED) {
        scheduled::delete(connection, due.id)?;
        dispatched.one(connection, due.job_id, classes, now)?;
    }
    Ok(dispatched)
}

impl Dispatched {
    fn one(
        &mut self,
        connection: &mut SqliteConnection,
        job_id: i64,
        classes: &Classes,
        now: Timestamp,
    ) -> QueryResult<()> {
        self.size += 1;
        let Some(job) = job::find(connection, job_id)? else {
            return Ok(());
        };
        let limits = limits_of(connection, &job, classes)?;
        if admit(connection, job.due(), &limits, now)? == Admission::Discarded {
            batch::leave(connection, &job, classes, now)?;
            self.discarded.push(job.class_name);
        }
        Ok(())
    }
}
