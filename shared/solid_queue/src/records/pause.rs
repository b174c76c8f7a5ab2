use db::{SqliteConnection, Timestamp};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, RunQueryDsl as _};

use crate::schema::solid_queue_pauses::dsl;

/// The names of the queues whose jobs nobody may claim.
pub(crate) fn queue_names(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    dsl::solid_queue_pauses
        .select(dsl::queue_name)
        .load(connection)
}

/// Pauses the queue. `false` when it is paused already.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    queue_name: &str,
    now: Timestamp,
) -> QueryResult<bool> {
    let row = (dsl::queue_name.eq(queue_name), dsl::created_at.eq(now));
    let inserted = diesel::insert_or_ignore_into(dsl::solid_queue_pauses)
        .values(row)
        .execute(connection)?;
    Ok(inserted == 1)
}

/// Ends the pause. `false` when the queue is not paused.
pub(crate) fn delete(connection: &mut SqliteConnection, queue_name: &str) -> QueryResult<bool> {
    let row = dsl::solid_queue_pauses.filter(dsl::queue_name.eq(queue_name));
    Ok(diesel::delete(row).execute(connection)? == 1)
}
