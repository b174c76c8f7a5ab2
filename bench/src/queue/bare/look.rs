//! Looking at a queue from outside.

use anyhow::Result;
use rusqlite::OptionalExtension as _;
use rusqlite::types::FromSql;

use super::Bare;

impl Bare {
    /// How many workers look for jobs.
    pub(crate) fn workers(&self) -> Result<u32> {
        self.value("SELECT COUNT(*) FROM solid_queue_processes WHERE kind = 'Worker'")
    }

    /// Whether a job is not finished yet.
    pub(crate) fn has_unfinished(&self) -> Result<bool> {
        let query = "SELECT 1 FROM solid_queue_jobs WHERE finished_at IS NULL LIMIT 1";
        Ok(self.connection.prepare_cached(query)?.exists([])?)
    }

    /// Whether the job is finished: gone, or marked.
    pub(crate) fn is_finished(&self, id: i64) -> Result<bool> {
        let finished: Option<bool> = self
            .connection
            .prepare_cached("SELECT finished_at IS NOT NULL FROM solid_queue_jobs WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(finished.unwrap_or(true))
    }

    /// The finished jobs, and when they were.
    pub(crate) fn finished(&self) -> Result<Vec<(i64, String)>> {
        let mut select = self.connection.prepare(
            "SELECT id, finished_at FROM solid_queue_jobs WHERE finished_at IS NOT NULL",
        )?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Changes with every commit by others.
    pub(crate) fn data_version(&self) -> Result<i64> {
        self.value("PRAGMA data_version")
    }

    pub(crate) fn last_heartbeat(&self) -> Result<String> {
        self.value("SELECT MAX(last_heartbeat_at) FROM solid_queue_processes")
    }

    pub(super) fn value<T: FromSql>(&self, query: &str) -> Result<T> {
        let mut query = self.connection.prepare_cached(query)?;
        Ok(query.query_row([], |row| row.get(0))?)
    }
}
