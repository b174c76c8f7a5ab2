use db::{Database, DbError, Timestamp};

use crate::JobId;
use crate::records::cancellation;

/// Stops a job that a worker of any process runs. Within a moment it is dropped at its next `await`, and then it is
/// gone, as if it had never been enqueued; its places in limits are free. Returns whether the job runs: one that waits
/// is left alone.
///
/// A job that blocks its thread cannot be stopped. A second later its row is gone nevertheless; its thread is busy for
/// as long as it takes. Workers of Rails cancel nothing.
///
/// # Errors
/// What the database said.
pub async fn cancel(database: &Database, job: JobId) -> Result<bool, DbError> {
    database
        .write(move |connection| cancellation::request(connection, job.0, Timestamp::now()))
        .await
}
