//! Deleting what is done and of no more interest.

use std::time::Duration;

use db::{Database, DbError, Timestamp};

use crate::records::{batch, job};

/// Which finished jobs [`clear_finished_in_batches`] deletes, and how gently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearFinished {
    /// Those that finished before this moment.
    pub finished_before: Timestamp,
    /// Only those of this class, and no batches.
    pub class_name: Option<String>,
    /// Jobs, or batches, deleted in one transaction, at most.
    pub batch_size: u32,
    /// A pause after each batch, for the others who write.
    pub sleep_between_batches: Duration,
}

impl ClearFinished {
    /// All that finished before the moment, 500 at a time.
    pub fn before(moment: Timestamp) -> Self {
        Self {
            finished_before: moment,
            class_name: None,
            batch_size: 500,
            sleep_between_batches: Duration::ZERO,
        }
    }
}

/// Deletes finished jobs, then finished batches in which none failed. Returns how many jobs.
///
/// # Errors
/// What the database said; the batches before stay deleted.
pub async fn clear_finished_in_batches(
    database: &Database,
    which: &ClearFinished,
) -> Result<usize, DbError> {
    let jobs = clear_jobs(database, which).await?;
    if which.class_name.is_none() {
        clear_batches(database, which).await?;
    }
    Ok(jobs)
}

async fn clear_jobs(database: &Database, which: &ClearFinished) -> Result<usize, DbError> {
    let mut total = 0;
    loop {
        let batch = which.clone();
        let ids = database
            .read(move |connection| job::finished(connection, &batch))
            .await?;
        if ids.is_empty() {
            return Ok(total);
        }
        total += ids.len();
        database
            .write(move |connection| job::delete_all(connection, &ids))
            .await?;
        tokio::time::sleep(which.sleep_between_batches).await;
    }
}

async fn clear_batches(database: &Database, which: &ClearFinished) -> Result<(), DbError> {
    let (before, limit) = (which.finished_before, which.batch_size);
    loop {
        let ids = database
            .read(move |connection| batch::succeeded(connection, before, limit))
            .await?;
        if ids.is_empty() {
            return Ok(());
        }
        database
            .write(move |connection| batch::delete_all(connection, &ids))
            .await?;
        tokio::time::sleep(which.sleep_between_batches).await;
    }
}
