//! What is left in the files.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use db::{Database, DatabaseConfig};
use diesel::sql_types::{Nullable, Text};
use diesel::{RunQueryDsl as _, sql_query};

pub(crate) const FILES: [&str; 4] = [
    "production",
    "production_queue",
    "production_cable",
    "production_cache",
];

/// Damage of any kind.
const DAMAGE: &str =
    "SELECT integrity_check AS value FROM pragma_integrity_check WHERE integrity_check <> 'ok'
    UNION ALL SELECT 'rows of ' || \"table\" || ' refer to none' FROM pragma_foreign_key_check";

/// Jobs that are in no state, or in more than one.
const STATES: &str = "
    WITH states AS (
      SELECT job_id FROM solid_queue_ready_executions UNION ALL
      SELECT job_id FROM solid_queue_scheduled_executions UNION ALL
      SELECT job_id FROM solid_queue_blocked_executions UNION ALL
      SELECT job_id FROM solid_queue_claimed_executions UNION ALL
      SELECT job_id FROM solid_queue_failed_executions)
    SELECT 'job ' || id || ' has ' || count(job_id) || ' states' AS value
      FROM solid_queue_jobs LEFT JOIN states ON job_id = id
      GROUP BY id HAVING count(job_id) <> (finished_at IS NULL)";

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

/// Opens one of the files.
pub(crate) fn open(storage: &Path, file: &str) -> Result<Database> {
    let path = storage.join(format!("{file}.sqlite3"));
    Ok(Database::open(
        &DatabaseConfig::new(path),
        db::NO_MIGRATIONS,
    )?)
}

/// The column `value` of a query.
pub(crate) async fn texts(database: &Database, query: &str) -> Result<Vec<String>> {
    let query = format!("SELECT CAST(value AS TEXT) AS value FROM ({query})");
    let rows: Vec<Row> = database
        .read_long(move |c| sql_query(query).load(c))
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.value).collect())
}

/// How many rows a query has; `from` is what follows its FROM.
pub(crate) async fn count(database: &Database, from: &str) -> Result<usize> {
    let count = texts(database, &format!("SELECT count(*) AS value FROM {from}")).await?;
    Ok(count.first().context("one row")?.parse()?)
}

/// All files are sound, and each job has one state.
pub(crate) async fn are_sound(storage: &Path) -> Result<()> {
    for file in FILES {
        let problems = texts(&open(storage, file)?, DAMAGE).await?;
        ensure!(problems.is_empty(), "{file}: {problems:#?}");
    }
    let wrong = texts(&open(storage, "production_queue")?, STATES).await?;
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

/// Those of the todos that were taken which are not there.
pub(crate) async fn lost_todos(storage: &Path, taken: &[String]) -> Result<Vec<String>> {
    let titles = texts(
        &open(storage, "production")?,
        "SELECT title AS value FROM todos",
    )
    .await?;
    let titles: BTreeSet<_> = titles.into_iter().collect();
    Ok(taken
        .iter()
        .filter(|title| !titles.contains(*title))
        .cloned()
        .collect())
}
