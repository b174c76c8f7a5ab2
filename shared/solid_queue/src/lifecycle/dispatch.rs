use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::{batch, limits_of};
use crate::executions::{blocked, ready, scheduled};
use crate::limits::Limit;
use crate::records::job::{self, Due};
use crate::records::semaphore;
use crate::registry::Classes;

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
    /// Classes whose limits only a Rails process knows. Their jobs are left for its dispatcher.
    pub(crate) unknown: Vec<String>,
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
        ready::insert(connection, due.id, due.queue_name, due.priority, now)?;
        return Ok(Admission::Ready);
    };
    match full.on_conflict {
        Block => {
            blocked::insert(connection, due, full, now)?;
            Ok(Admission::Blocked)
        }
        Discard => {
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
        unknown: Vec::new(),
    };
    for due in limited {
        dispatched.one(connection, due.id, due.job_id, classes, now)?;
    }
    Ok(dispatched)
}

impl Dispatched {
    fn one(
        &mut self,
        connection: &mut SqliteConnection,
        id: i64,
        job_id: i64,
        classes: &Classes,
        now: Timestamp,
    ) -> QueryResult<()> {
        let Some(job) = job::find(connection, job_id)? else {
            return Ok(());
        };
        let Some(limits) = limits_of(connection, &job, classes)? else {
            self.unknown.push(job.class_name);
            return Ok(());
        };
        scheduled::delete(connection, id)?;
        if admit(connection, job.due(), &limits, now)? == Admission::Discarded {
            batch::leave(connection, &job, classes, now)?;
        }
        self.size += 1;
        Ok(())
    }
}
