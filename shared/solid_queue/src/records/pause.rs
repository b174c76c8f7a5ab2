use db::SqliteConnection;
use diesel::{QueryDsl as _, QueryResult, RunQueryDsl as _};

use crate::schema::solid_queue_pauses::dsl;

/// The names of the queues whose jobs nobody may claim.
pub(crate) fn queue_names(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    dsl::solid_queue_pauses
        .select(dsl::queue_name)
        .load(connection)
}
