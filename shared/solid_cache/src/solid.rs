use std::sync::Arc;

use db::{Database, DbError, Timestamp};
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::Config;
use crate::expiry::Expiry;
use crate::failsafe::Failsafe;
use crate::key::Key;
use crate::schema::solid_cache_entries::dsl as entries;
use crate::stats::Counters;

/// What Solid Cache takes the row and its index entries to cost, in bytes.
const OVERHEAD: usize = 140;

/// Entries that one transaction writes or deletes, so that others get the lock in between.
const SLICE: usize = 100;

/// More keys than this are read on a thread that may block.
const MANY: usize = 100;

/// The entries of a database file.
pub(crate) struct Solid {
    database: Database,
    expiry: Arc<Expiry>,
}

impl Solid {
    pub(crate) fn new(
        database: Database,
        config: &Config,
        failsafe: &Arc<Failsafe>,
        counters: &Arc<Counters>,
    ) -> Self {
        let expiry = Expiry::new(database.clone(), config, failsafe, counters);
        Self { database, expiry }
    }

    pub(crate) async fn read(&self, key: &Key) -> Result<Option<Vec<u8>>, DbError> {
        let key = key.clone();
        self.database
            .read(move |connection| find(connection, &key))
            .await
    }

    /// As of one moment.
    pub(crate) async fn read_multi(&self, keys: Vec<Key>) -> Result<Vec<Option<Vec<u8>>>, DbError> {
        let many = keys.len() > MANY;
        // One prepared statement per key is faster than a list, which has to be prepared for each length.
        let read = move |connection: &mut SqliteConnection| {
            connection
                .transaction(|connection| keys.iter().map(|key| find(connection, key)).collect())
        };
        if many {
            self.database.read_long(read).await
        } else {
            self.database.read(read).await
        }
    }

    pub(crate) async fn write(
        &self,
        mut entries: Vec<(Key, Vec<u8>)>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(SLICE));
            let slice = std::mem::replace(&mut entries, rest);
            let (count, size) = (
                slice.len(),
                slice.iter().map(|(key, value)| byte_size(key, value)).sum(),
            );
            let write = move |connection: &mut SqliteConnection| {
                slice
                    .iter()
                    .try_for_each(|(key, value)| upsert(connection, key, value, now))
            };
            self.database.write(write).await?;
            self.expiry.written(count, size, now);
        }
        Ok(())
    }

    pub(crate) async fn update<R: Send + 'static>(
        &self,
        key: Key,
        now: Timestamp,
        change: impl FnOnce(Option<&[u8]>) -> (Option<Vec<u8>>, R) + Send + 'static,
    ) -> Result<R, DbError> {
        let update = move |connection: &mut SqliteConnection| {
            let (stored, said) = change(find(connection, &key)?.as_deref());
            let Some(stored) = stored else {
                return Ok((None, said));
            };
            upsert(connection, &key, &stored, now)?;
            Ok((Some(byte_size(&key, &stored)), said))
        };
        let (written, said) = self.database.write(update).await?;
        if let Some(size) = written {
            self.expiry.written(1, size, now);
        }
        Ok(said)
    }

    pub(crate) async fn delete(&self, mut keys: Vec<Key>) -> Result<usize, DbError> {
        let mut deleted = 0;
        while !keys.is_empty() {
            let rest = keys.split_off(keys.len().min(SLICE));
            let slice = std::mem::replace(&mut keys, rest);
            let delete = move |connection: &mut SqliteConnection| {
                slice
                    .iter()
                    .try_fold(0, |sum, key| Ok(sum + delete(connection, key)?))
            };
            deleted += self.database.write(delete).await?;
        }
        Ok(deleted)
    }

    pub(crate) fn discard(&self, key: &Key, stored: Vec<u8>, now: Timestamp) {
        self.expiry.discard(key, stored, now);
    }

    pub(crate) async fn clear(&self) -> Result<(), DbError> {
        let clear = |connection: &mut SqliteConnection| {
            diesel::delete(entries::solid_cache_entries).execute(connection)
        };
        self.database.write(clear).await?;
        Ok(())
    }
}

/// What is under the key itself: another one may have the same hash.
///
/// `load` and not `first`, whose bound limit has SQLite prepare the statement anew each time.
fn find(connection: &mut SqliteConnection, key: &Key) -> QueryResult<Option<Vec<u8>>> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = entries::solid_cache_entries
        .filter(entries::key_hash.eq(key.hash()))
        .select((entries::key, entries::value))
        .load(connection)?;
    let found = rows.into_iter().find(|(stored, _)| stored == key.bytes());
    Ok(found.map(|(_, value)| value))
}

/// A row that is there already keeps its id and its age.
fn upsert(
    connection: &mut SqliteConnection,
    key: &Key,
    value: &[u8],
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(entries::solid_cache_entries)
        .values((
            entries::key.eq(key.bytes()),
            entries::value.eq(value),
            entries::key_hash.eq(key.hash()),
            entries::byte_size.eq(i32::try_from(byte_size(key, value)).unwrap_or(i32::MAX)),
            entries::created_at.eq(created_at(now)),
        ))
        .on_conflict(entries::key_hash)
        .do_update()
        .set((
            entries::key.eq(excluded(entries::key)),
            entries::value.eq(excluded(entries::value)),
            entries::byte_size.eq(excluded(entries::byte_size)),
        ))
        .execute(connection)?;
    Ok(())
}

fn delete(connection: &mut SqliteConnection, key: &Key) -> QueryResult<usize> {
    diesel::delete(entries::solid_cache_entries.filter(entries::key_hash.eq(key.hash())))
        .execute(connection)
}

fn byte_size(key: &Key, value: &[u8]) -> usize {
    key.bytes().len() + value.len() + OVERHEAD
}

/// As `STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')` says it, which the original leaves it to: always three digits of fraction.
pub(crate) fn created_at(moment: Timestamp) -> String {
    let text = moment.to_string();
    let (seconds, fraction) = text.split_once('.').unwrap_or((&text, "000"));
    format!("{seconds}.{}", &fraction[..3])
}
