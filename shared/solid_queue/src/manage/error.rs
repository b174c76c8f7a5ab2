use db::DbError;

use super::Status;
use crate::{JobId, RecurringTaskError};

/// Why nothing could be done with a job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManageError {
    /// There is no such job, or no longer.
    #[error("there is no job {id}")]
    Missing {
        /// The job.
        id: JobId,
    },
    /// The job is in a state in which jobs cannot be discarded.
    #[error(transparent)]
    Undiscardable(#[from] UndiscardableError),
    /// What was asked for cannot be done with a job in this state.
    #[error("job {id} is {status}: only {expected} jobs can be {done}")]
    WrongStatus {
        /// The job.
        id: JobId,
        /// Its state.
        status: Status,
        /// The states in which it can be done.
        expected: &'static str,
        /// What was to be done with it.
        done: &'static str,
    },
    /// The page to go on from is one of a list in another order.
    #[error("the cursor is of another list than one of {} jobs", status.map_or("all", Status::name))]
    ForeignCursor {
        /// The state whose jobs are listed; none for all jobs.
        status: Option<Status>,
    },
    /// The recurring tasks could not be read.
    #[error(transparent)]
    RecurringTasks(#[from] RecurringTaskError),
    /// What the database said.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Running jobs cannot be discarded, only cancelled; finished ones are cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UndiscardableError {
    /// It is about one job.
    #[error("job {id} is {status}: {status} jobs cannot be discarded")]
    Job {
        /// The job.
        id: JobId,
        /// Its state.
        status: Status,
    },
    /// It is about all jobs in a state.
    #[error("{status} jobs cannot be discarded")]
    All {
        /// The state.
        status: Status,
    },
}

impl UndiscardableError {
    /// The state that stands against it.
    pub fn status(&self) -> Status {
        match self {
            Self::Job { status, .. } | Self::All { status } => *status,
        }
    }
}
