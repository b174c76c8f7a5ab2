use db::{SqliteConnection, Statement};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};

use super::shape::Shape;
use crate::manage::Status;
use crate::manage::filter::Filter;

/// A class or queue with no more jobs than this is looked up by its own index, and what is found is sorted.
const FEW: i64 = 10_000;

/// The index by which rare jobs are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rare {
    Class,
    Queue,
}

/// Whether the jobs of the class or the queue are so few that it is best to begin with them. No state has an index by
/// class, and only some by queue.
pub(super) fn rare(
    connection: &mut SqliteConnection,
    shape: &Shape,
    filter: &Filter,
) -> QueryResult<Option<Rare>> {
    if filter.status == Some(Status::Claimed) {
        return Ok(None);
    }
    if let Some(class_name) = &filter.class_name
        && are_few(
            connection,
            "SELECT count(*) FROM (SELECT 1 FROM solid_queue_jobs WHERE class_name = ? LIMIT ?)",
            class_name,
        )?
    {
        return Ok(Some(Rare::Class));
    }
    let has_index = shape.table.is_some() && shape.has_queue;
    if let Some(queue_name) = filter.queue_name.as_ref().filter(|_| !has_index)
        && are_few(
            connection,
            "SELECT count(*) FROM (SELECT 1 FROM solid_queue_jobs WHERE queue_name = ? LIMIT ?)",
            queue_name,
        )?
    {
        return Ok(Some(Rare::Queue));
    }
    Ok(None)
}

fn are_few(
    connection: &mut SqliteConnection,
    statement: &'static str,
    name: &str,
) -> QueryResult<bool> {
    let counts: Vec<i64> = Statement::<BigInt>::new(statement)
        .bind(name)
        .bind(FEW + 1)
        .load(connection)?;
    Ok(counts.first().is_some_and(|count| *count <= FEW))
}
