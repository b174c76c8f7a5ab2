//! Long queues, in seconds instead of minutes.

use anyhow::Result;

use super::Bare;

/// Safe enough for a file that is thrown away after a crash, and twice as fast.
const PRAGMAS: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -500000;
    CREATE TEMP TABLE one AS SELECT * FROM solid_queue_jobs;";

/// Copies of the one job that is there, each with an id of its own.
const JOBS: &str = "
    WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1 + ?2)
    INSERT INTO solid_queue_jobs (queue_name, class_name, arguments, priority, active_job_id, scheduled_at,
        finished_at, created_at, updated_at)
    SELECT queue_name, class_name, arguments, priority, lower(hex(randomblob(18))), scheduled_at,
        CASE WHEN number <= ?1 THEN created_at END, created_at, updated_at
    FROM numbers, one";

const READY: &str = "
    INSERT INTO solid_queue_ready_executions (job_id, queue_name, priority, created_at)
    SELECT id, queue_name, priority, created_at FROM solid_queue_jobs WHERE finished_at IS NULL AND id > ?1";

impl Bare {
    /// Puts so many finished jobs, and after them so many ready ones, in the place of the one ready job in the file.
    pub(crate) fn multiply(self, finished: u32, ready: u32) -> Result<()> {
        self.connection.execute_batch(PRAGMAS)?;
        let one: i64 = self.value("SELECT id FROM solid_queue_jobs")?;
        self.connection.execute("BEGIN", [])?;
        self.connection.execute(JOBS, [finished, ready])?;
        self.connection.execute(READY, [one])?;
        self.connection
            .execute("DELETE FROM solid_queue_jobs WHERE id = ?1", [one])?;
        self.connection
            .execute_batch("COMMIT; PRAGMA journal_mode = WAL;")?;
        Ok(())
    }
}
