//! The statement that finds jobs: in the order in which people want to see them, page by page from where the last one
//! ended, along an index wherever there is one.

mod rare;
mod select;
mod shape;

use db::{SqliteConnection, Statement};
use diesel::sql_types::{BigInt, Nullable};
use diesel::{QueryResult, RunQueryDsl as _};

use super::filter::Filter;
use super::{Cursor, Status};
use select::Select;
use shape::Shape;

/// The ids of the jobs after the cursor, `limit` at most, each with the cursor that it would be.
pub(crate) fn page(
    connection: &mut SqliteConnection,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> QueryResult<Vec<(i64, Cursor)>> {
    let select = Select::page(connection, filter, after, limit)?;
    let found = |(job_id, moment, priority, id)| {
        let cursor = Cursor {
            id,
            priority,
            moment,
        };
        (job_id, cursor)
    };
    Ok(select.load(connection)?.into_iter().map(found).collect())
}

/// How many jobs there are; no more than `limit` are counted.
pub(crate) fn count(
    connection: &mut SqliteConnection,
    filter: &Filter,
    limit: i64,
) -> QueryResult<i64> {
    let mut select = Select::default();
    select.push("SELECT count(*), NULL, 0, 0 FROM (SELECT 1 FROM ");
    select.matching(connection, &Shape::of(filter.status), filter)?;
    select.push(" LIMIT ?)");
    select.bind(limit);
    let rows = select.load(connection)?;
    Ok(rows.first().map_or(0, |(count, ..)| *count))
}

/// The last row of the state's table.
pub(crate) fn newest(
    connection: &mut SqliteConnection,
    status: Status,
) -> QueryResult<Option<i64>> {
    let table = Shape::of(Some(status)).table;
    let table = table.unwrap_or("solid_queue_jobs");
    let newest: Vec<Option<i64>> =
        Statement::<Nullable<BigInt>>::new(format!("SELECT max(id) FROM {table}"))
            .load(connection)?;
    Ok(newest.into_iter().flatten().next())
}

/// Whether a cursor comes from a list of jobs in this state.
pub(crate) fn fits(status: Option<Status>, cursor: &Cursor) -> bool {
    let is_by_time = matches!(status, Some(Status::Scheduled | Status::Finished));
    cursor.moment.is_some() == is_by_time
}

#[cfg(test)]
mod tests;
