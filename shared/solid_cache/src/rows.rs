//! The statements on the table of entries and on those beside it, each inside a transaction of the caller.

use db::{Statement, Timestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use crate::entry::Entry;
use crate::key::Key;
use crate::leases::Tags;
use crate::room::State;
use crate::schema::solid_cache_entries::dsl as entries;
use crate::schema::trifecta_cache_leases::dsl as leases;
use crate::schema::trifecta_cache_tags::dsl as tags;

/// An entry on its way into the table.
#[derive(Clone)]
pub(crate) struct NewRow {
    pub(crate) key: Key,
    pub(crate) tags: Tags,
    pub(crate) now: Timestamp,
    /// As the column takes it: encrypted, if the cache encrypts.
    pub(crate) value: Vec<u8>,
    pub(crate) byte_size: usize,
    /// When it expires, in seconds since 1970.
    pub(crate) expires_at: Option<f64>,
}

/// What is under the key itself: another one may have the same hash.
pub(crate) fn find(connection: &mut SqliteConnection, key: &Key) -> QueryResult<Option<Vec<u8>>> {
    // `load` and not `first`, whose bound limit has SQLite prepare the statement anew each time.
    let mut rows: Vec<Vec<u8>> = entries::solid_cache_entries
        .filter(entries::key_hash.eq(key.hash()))
        .filter(entries::key.eq(key.bytes()))
        .select(entries::value)
        .load(connection)?;
    Ok(rows.pop())
}

/// A row that is there already keeps its id and its age.
pub(crate) fn upsert(connection: &mut SqliteConnection, row: &NewRow) -> QueryResult<()> {
    // diesel would prepare this insert anew each time, which costs as much as the insert.
    Statement::<()>::new(
        "INSERT INTO solid_cache_entries (key, value, key_hash, byte_size, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (key_hash) DO UPDATE SET key = excluded.key, value = excluded.value, byte_size = excluded.byte_size",
    )
    .bind(row.key.bytes())
    .bind(&*row.value)
    .bind(row.key.hash())
    .bind(i32::try_from(row.byte_size).unwrap_or(i32::MAX))
    .bind(created_at(row.now))
    .execute(connection)?;
    match row.expires_at {
        Some(at) => note_expiry(connection, row.key.hash(), at, row.now),
        None => Ok(()),
    }
}

/// Whatever belonged to the entries before is void: leases to compute them, and tags.
pub(crate) fn supersede(
    connection: &mut SqliteConnection,
    state: State,
    hashes: &[i64],
    new_tags: &[String],
) -> QueryResult<()> {
    for &hash in hashes {
        if state.has_leases {
            diesel::delete(leases::trifecta_cache_leases.find(hash)).execute(connection)?;
        }
        if state.has_tags {
            diesel::delete(tags::trifecta_cache_tags.filter(tags::key_hash.eq(hash)))
                .execute(connection)?;
        }
        for tag in new_tags {
            diesel::insert_or_ignore_into(tags::trifecta_cache_tags)
                .values((tags::tag.eq(tag), tags::key_hash.eq(hash)))
                .execute(connection)?;
        }
    }
    Ok(())
}

pub(crate) fn delete(connection: &mut SqliteConnection, key: &Key) -> QueryResult<usize> {
    diesel::delete(entries::solid_cache_entries.filter(entries::key_hash.eq(key.hash())))
        .execute(connection)
}

/// The moments are rounded up, by a sixteenth of the time to go, so that a key that is written often has few.
#[allow(
    clippy::cast_possible_truncation,
    reason = "seconds; what is out of range saturates"
)]
fn note_expiry(
    connection: &mut SqliteConnection,
    hash: i64,
    at: f64,
    now: Timestamp,
) -> QueryResult<()> {
    let at = at.ceil() as i64;
    let to_go = at.saturating_sub(now.as_microseconds() / 1_000_000).max(1);
    let grain = 1_i64 << (to_go / 16).max(1).ilog2().min(20);
    let due = at.div_euclid(grain).saturating_add(1).saturating_mul(grain);
    Statement::<()>::new(
        "INSERT OR IGNORE INTO trifecta_cache_expiries (due, key_hash) VALUES (?, ?)",
    )
    .bind(due)
    .bind(hash)
    .execute(connection)?;
    Ok(())
}

/// The earliest moment at which an entry may have expired.
pub(crate) fn next_due(connection: &mut SqliteConnection) -> QueryResult<Option<i64>> {
    let mut rows: Vec<i64> =
        Statement::<BigInt>::new("SELECT due FROM trifecta_cache_expiries ORDER BY due LIMIT 1")
            .load(connection)?;
    Ok(rows.pop())
}

/// Some keys whose moment has come, and what to look at: id, hash, the head of the value.
pub(crate) type Due = (i64, i64, Vec<u8>);

pub(crate) fn take_due(
    connection: &mut SqliteConnection,
    now: i64,
    head: usize,
) -> QueryResult<(usize, Vec<Due>)> {
    let due: Vec<(i64, i64)> = Statement::<(BigInt, BigInt)>::new(
        "SELECT due, key_hash FROM trifecta_cache_expiries WHERE due <= ? ORDER BY due, key_hash LIMIT 200",
    )
    .bind(now)
    .load(connection)?;
    let Some(&(last_due, last_hash)) = due.last() else {
        return Ok((0, Vec::new()));
    };
    Statement::<()>::new(
        "DELETE FROM trifecta_cache_expiries WHERE due < ? OR due = ? AND key_hash <= ?",
    )
    .bind(last_due)
    .bind(last_due)
    .bind(last_hash)
    .execute(connection)?;
    let hashes: Vec<i64> = due.iter().map(|&(_, hash)| hash).collect();
    let rows = Statement::<(BigInt, BigInt, Binary)>::new(
        "SELECT id, key_hash, CAST(substr(value, 1, ?) AS blob) FROM solid_cache_entries
         WHERE key_hash IN (SELECT value FROM json_each(?))",
    )
    .bind(i64::try_from(head).unwrap_or(i64::MAX))
    .bind(crate::room::list(&hashes))
    .load(connection)?;
    Ok((due.len(), rows))
}

/// Id and age of the oldest rows, up to a hundred.
pub(crate) fn oldest(
    connection: &mut SqliteConnection,
    after: i64,
) -> QueryResult<Vec<(i64, String, Vec<u8>)>> {
    Statement::<(BigInt, Text, Binary)>::new(
        "SELECT id, created_at, key FROM solid_cache_entries WHERE id > ? ORDER BY id LIMIT 100",
    )
    .bind(after)
    .load(connection)
}

pub(crate) fn publish_visits(connection: &mut SqliteConnection, hashes: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "INSERT OR IGNORE INTO trifecta_cache_visits (key_hash) SELECT value FROM json_each(?) WHERE true",
    )
    .bind(crate::room::list(hashes))
    .execute(connection)?;
    Ok(())
}

/// As `STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')` says it, which the original leaves it to: always three digits of fraction.
pub(crate) fn created_at(moment: Timestamp) -> String {
    let text = moment.to_string();
    let (seconds, fraction) = text.split_once('.').unwrap_or((&text, "000"));
    format!("{seconds}.{}", &fraction[..3])
}

/// When the entry says that it expires.
pub(crate) fn expiry(stored: &[u8]) -> Option<f64> {
    Entry::parse(stored).ok()?.stamp.expires_at
}
