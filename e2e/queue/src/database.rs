//! What the tests ask the file, past the code that they test.

use anyhow::{Context as _, Result};
use db::Database;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{Nullable, Text};
use diesel::{RunQueryDsl as _, sql_query};

/// A job that is finished stays finished: whoever claims or finishes it once more is noted in a table of the tests.
pub(crate) const WATCH: &str = "
    CREATE TABLE faults (what TEXT NOT NULL);
    CREATE TRIGGER faults_claim AFTER INSERT ON solid_queue_claimed_executions
      WHEN (SELECT finished_at FROM solid_queue_jobs WHERE id = NEW.job_id) IS NOT NULL
      BEGIN INSERT INTO faults VALUES ('claimed the finished job ' || NEW.job_id); END;
    CREATE TRIGGER faults_finish AFTER UPDATE OF finished_at ON solid_queue_jobs
      WHEN OLD.finished_at IS NOT NULL
      BEGIN INSERT INTO faults VALUES ('finished once more the job ' || NEW.id); END;";

/// The rows that break a rule, as the one column `value`. An unfinished job has exactly one row that says its state, a
/// finished one has none, and no such row is without its job.
pub(crate) const WRONG: &str = "
    WITH states AS (
      SELECT job_id FROM solid_queue_ready_executions UNION ALL
      SELECT job_id FROM solid_queue_scheduled_executions UNION ALL
      SELECT job_id FROM solid_queue_blocked_executions UNION ALL
      SELECT job_id FROM solid_queue_claimed_executions UNION ALL
      SELECT job_id FROM solid_queue_failed_executions)
    SELECT 'job ' || id || ' has ' || count(job_id) || ' states' AS value
      FROM solid_queue_jobs LEFT JOIN states ON job_id = id
      GROUP BY id HAVING count(job_id) <> (finished_at IS NULL)
    UNION ALL SELECT 'there is no job ' || job_id FROM states
      WHERE job_id NOT IN (SELECT id FROM solid_queue_jobs)
    UNION ALL SELECT what FROM faults
    UNION ALL SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'";

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

/// The column `value` of the rows of a query.
pub(crate) async fn texts(database: &Database, query: &str) -> Result<Vec<String>> {
    let query = format!("SELECT CAST(value AS TEXT) AS value FROM ({query})");
    let rows: Vec<Row> = database
        .read_long(move |connection| sql_query(query).load(connection))
        .await?;
    let null = || "NULL".to_owned();
    let texts = rows.into_iter().map(|row| row.value.unwrap_or_else(null));
    Ok(texts.collect())
}

pub(crate) async fn count(database: &Database, from: &str) -> Result<u64> {
    let count = texts(database, &format!("SELECT count(*) AS value FROM {from}")).await?;
    Ok(count.first().context("one row")?.parse()?)
}

pub(crate) async fn execute(database: &Database, statements: &str) -> Result<()> {
    let statements = statements.to_owned();
    let write = database.write(move |connection| connection.batch_execute(&statements));
    Ok(write.await?)
}
