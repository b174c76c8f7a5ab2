//! SQLite without us: the same rows in the same tables, by prepared statements and nothing else. The baseline, and the
//! eye that looks at a queue from outside.

mod fill;
mod look;

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};

/// As the writer of `db` sets them.
const PRAGMAS: &str = "
    PRAGMA busy_timeout = 1000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    PRAGMA mmap_size = 134217728;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = 2000;";

pub(crate) struct Bare {
    connection: Connection,
}

/// A job as it lies in the table.
pub(crate) struct JobRow {
    queue_name: String,
    class_name: String,
    arguments: String,
    priority: i64,
    active_job_id: String,
    at: String,
}

pub(crate) fn describe() -> Value {
    json!(format!(
        "prepared statements through rusqlite, SQLite {}",
        rusqlite::version()
    ))
}

impl Bare {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(PRAGMAS)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection })
    }

    /// All jobs, as whoever enqueued them wrote them.
    pub(crate) fn rows(&self) -> Result<Vec<JobRow>> {
        let mut select = self.connection.prepare(
            "SELECT queue_name, class_name, arguments, priority, active_job_id, scheduled_at
             FROM solid_queue_jobs",
        )?;
        let rows = select.query_map([], job_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Makes these jobs ready, in one transaction.
    pub(crate) fn enqueue(&self, rows: &[JobRow]) -> Result<()> {
        self.transaction(|| rows.iter().try_for_each(|row| self.insert(row)))
    }

    fn insert(&self, row: &JobRow) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO solid_queue_jobs (queue_name, class_name, arguments, priority, active_job_id,
                     scheduled_at, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)",
            )?
            .execute(params![
                row.queue_name,
                row.class_name,
                row.arguments,
                row.priority,
                row.active_job_id,
                row.at
            ])?;
        let id = self.connection.last_insert_rowid();
        self.connection
            .prepare_cached(
                "INSERT INTO solid_queue_ready_executions (job_id, queue_name, priority, created_at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id, row.queue_name, row.priority, row.at])?;
        Ok(())
    }

    /// Claims the next 100 ready jobs and reads what a worker must know of them. Returns their ids as a JSON array, and
    /// how many they are.
    pub(crate) fn claim(&self, at: &str) -> Result<(String, u32)> {
        self.transaction(|| {
            let ids = self.insert_claims(at)?;
            let list = json!(ids).to_string();
            self.execute(
                "DELETE FROM solid_queue_ready_executions WHERE job_id IN (SELECT value FROM json_each(?1))",
                &list,
            )?;
            self.read(&list)?;
            Ok((list, u32::try_from(ids.len())?))
        })
    }

    fn insert_claims(&self, at: &str) -> Result<Vec<i64>> {
        let mut claim = self.connection.prepare_cached(
            "INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at)
             SELECT job_id, 1, ?1 FROM solid_queue_ready_executions ORDER BY priority, job_id LIMIT 100
             RETURNING job_id",
        )?;
        let ids = claim.query_map([at], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    fn read(&self, list: &str) -> Result<()> {
        let mut select = self.connection.prepare_cached(
            "SELECT queue_name, class_name, arguments, priority, active_job_id, scheduled_at
             FROM solid_queue_jobs WHERE id IN (SELECT value FROM json_each(?1))",
        )?;
        for row in select.query_map([list], job_row)? {
            std::hint::black_box(row?);
        }
        Ok(())
    }

    /// Finishes these jobs, in one transaction.
    pub(crate) fn finish(&self, list: &str, at: &str, preserve: bool) -> Result<()> {
        self.transaction(|| {
            self.execute(
                "DELETE FROM solid_queue_claimed_executions WHERE job_id IN (SELECT value FROM json_each(?1))",
                list,
            )?;
            if !preserve {
                return self.execute("DELETE FROM solid_queue_jobs WHERE id IN (SELECT value FROM json_each(?1))", list);
            }
            self.connection
                .prepare_cached(
                    "UPDATE solid_queue_jobs SET finished_at = ?2, updated_at = ?2
                     WHERE id IN (SELECT value FROM json_each(?1))",
                )?
                .execute([list, at])?;
            Ok(())
        })
    }

    fn execute(&self, statement: &str, list: &str) -> Result<()> {
        self.connection.prepare_cached(statement)?.execute([list])?;
        Ok(())
    }

    fn transaction<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        let outcome = work();
        let end = if outcome.is_ok() {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        self.connection.prepare_cached(end)?.execute([])?;
        outcome
    }
}

fn job_row(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    Ok(JobRow {
        queue_name: row.get(0)?,
        class_name: row.get(1)?,
        arguments: row.get(2)?,
        priority: row.get(3)?,
        active_job_id: row.get(4)?,
        at: row.get(5)?,
    })
}
