//! Our own table: the recurring tasks that are not to run for now.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::Text;
use diesel::{QueryResult, RunQueryDsl as _};

pub(crate) fn is_paused(connection: &mut SqliteConnection, key: &str) -> QueryResult<bool> {
    let rows: Vec<String> =
        Statement::<Text>::new("SELECT task_key FROM trifecta_recurring_pauses WHERE task_key = ?")
            .bind(key)
            .load(connection)?;
    Ok(!rows.is_empty())
}

pub(crate) fn insert(
    connection: &mut SqliteConnection,
    key: &str,
    now: Timestamp,
) -> QueryResult<()> {
    Statement::<()>::new(
        "INSERT OR IGNORE INTO trifecta_recurring_pauses (task_key, paused_at) VALUES (?, ?)",
    )
    .bind(key)
    .bind(now)
    .execute(connection)?;
    Ok(())
}

pub(crate) fn delete(connection: &mut SqliteConnection, key: &str) -> QueryResult<()> {
    Statement::<()>::new("DELETE FROM trifecta_recurring_pauses WHERE task_key = ?")
        .bind(key)
        .execute(connection)?;
    Ok(())
}
