//! What the expiry does to the table.

use db::{Database, DbError};
use diesel::dsl::{count_star, sum};
use diesel::prelude::*;

use crate::key::Key;
use crate::ledger::Extent;
use crate::schema::solid_cache_entries::dsl as entries;

/// Some of the oldest rows, without a gap.
pub(crate) struct Batch {
    first: i64,
    last: i64,
    pub(crate) extent: Extent,
}

/// How large the table is: exactly, from an index alone.
pub(crate) async fn measure(database: &Database) -> Result<Extent, DbError> {
    let measure = |connection: &mut SqliteConnection| {
        entries::solid_cache_entries
            .select((count_star(), sum(entries::byte_size)))
            .get_result::<(i64, Option<i64>)>(connection)
    };
    let (count, size) = database.read_long(measure).await?;
    Ok(Extent {
        entries: u64::try_from(count).unwrap_or(0),
        bytes: u64::try_from(size.unwrap_or(0)).unwrap_or(0),
    })
}

/// The first rows, up to `count`.
pub(crate) async fn oldest(database: &Database, count: u32) -> Result<Option<Batch>, DbError> {
    Ok(Batch::of(&rows(database, count).await?))
}

/// Those of the first rows, up to `count`, that were made before a moment.
pub(crate) async fn older_than(
    database: &Database,
    moment: &str,
    count: u32,
) -> Result<Option<Batch>, DbError> {
    // Most often the very first is young enough, and the others need not be looked at.
    let is_old = |row: &Row| row.2.as_str() < moment;
    if !rows(database, 1).await?.first().is_some_and(is_old) {
        return Ok(None);
    }
    let rows = rows(database, count).await?;
    let young = rows.iter().position(|row| !is_old(row));
    Ok(Batch::of(&rows[..young.unwrap_or(rows.len())]))
}

/// Deletes the rows, and says how many there still were.
pub(crate) async fn evict(database: &Database, batch: &Batch) -> Result<usize, DbError> {
    let batch = entries::id.between(batch.first, batch.last);
    let delete = move |connection: &mut SqliteConnection| {
        diesel::delete(entries::solid_cache_entries.filter(batch)).execute(connection)
    };
    database.write(delete).await
}

/// Deletes the entries that are still the same.
pub(crate) async fn delete_same(
    database: &Database,
    same: Vec<(Key, Vec<u8>)>,
) -> Result<(), DbError> {
    let delete = move |connection: &mut SqliteConnection| {
        same.iter().try_for_each(|(key, stored)| {
            let row = entries::solid_cache_entries
                .filter(entries::key_hash.eq(key.hash()))
                .filter(entries::key.eq(key.bytes()))
                .filter(entries::value.eq(stored));
            diesel::delete(row).execute(connection).map(drop)
        })
    };
    database.write(delete).await
}

/// Id, size and age.
type Row = (i64, i32, String);

async fn rows(database: &Database, count: u32) -> Result<Vec<Row>, DbError> {
    let rows = move |connection: &mut SqliteConnection| {
        entries::solid_cache_entries
            .select((entries::id, entries::byte_size, entries::created_at))
            .order(entries::id)
            .limit(count.into())
            .load(connection)
    };
    database.read_long(rows).await
}

impl Batch {
    fn of(rows: &[Row]) -> Option<Self> {
        let sizes = rows
            .iter()
            .map(|&(_, size, _)| u64::try_from(size).unwrap_or(0));
        Some(Self {
            first: rows.first()?.0,
            last: rows.last()?.0,
            extent: Extent {
                entries: rows.len() as u64,
                bytes: sizes.sum(),
            },
        })
    }
}
