//! What people look at and do by hand.

use std::path::PathBuf;

use db::{DbError, SqliteConnection, Statement, Timestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use crate::Cache;
use crate::adapter::Adapter;
use crate::entry::Entry;
use crate::failsafe::Failure;
use crate::key::Key;
use crate::room::State;
use crate::shard::Shard;
use crate::solid::Solid;
use crate::value::Value;

/// Why a look at the cache failed. Unlike its callers, who get a miss, people are told.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CacheError(#[from] Failure);

impl From<DbError> for CacheError {
    fn from(error: DbError) -> Self {
        Self(error.into())
    }
}

/// How large a file of the cache is, and how large it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// The name of the shard; empty where there is one only.
    pub shard: String,
    /// The file.
    pub path: PathBuf,
    /// Its entries.
    pub entries: u64,
    /// The sum of their `byte_size`.
    pub bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the file that are free.
    pub free_bytes: u64,
    /// Entries that were ever evicted for room.
    pub evictions: u64,
    /// When the oldest entry was first written.
    pub oldest: Option<Timestamp>,
    /// When the newest entry was first written.
    pub newest: Option<Timestamp>,
    /// The limit in bytes.
    pub max_size: Option<u64>,
    /// The limit in entries.
    pub max_entries: Option<u64>,
}

/// An entry as a person wants to see it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Shown {
    /// With the namespace, as it is stored.
    pub key: String,
    /// `text`, `bytes`, `integer`, `nil`, `boolean`, `ruby object` or `unknown`.
    pub kind: String,
    /// What the entry counts for.
    pub byte_size: u64,
    /// When its row was first written; 1970 where the row says what is no time.
    pub created_at: Timestamp,
    /// When it expires, or expired.
    pub expires_at: Option<Timestamp>,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// Whether the value is compressed.
    pub compressed: bool,
    /// Whether the value is encrypted.
    pub encrypted: bool,
    /// The value, where it can be printed.
    pub value: Option<String>,
    /// Its tags, with the namespace.
    pub tags: Vec<String>,
}

/// For people and their tools. In memory there is nothing to look at: no totals, no entry, no problem.
impl Cache {
    /// The extent of each file: exact, and read from counters.
    ///
    /// # Errors
    /// What the file refused.
    pub async fn totals(&self) -> Result<Vec<Totals>, CacheError> {
        let mut totals = Vec::new();
        for shard in self.solid_shards() {
            totals.push(self.totals_of(shard).await?);
        }
        Ok(totals)
    }

    /// The entry under `key`, expired or not.
    ///
    /// # Errors
    /// What the file refused, or that the key is blank.
    pub async fn show(&self, key: impl AsRef<str>) -> Result<Option<Shown>, CacheError> {
        let key = self.key(key.as_ref())?;
        let Adapter::Solid(solid) = &self.shared.adapter else {
            return Ok(None);
        };
        show(solid, &key).await
    }

    /// What is wrong with the files, in words; nothing when all is well. Reads everything.
    ///
    /// # Errors
    /// What the file refused.
    pub async fn check(&self) -> Result<Vec<String>, CacheError> {
        let mut problems = Vec::new();
        for shard in self.solid_shards() {
            problems.extend(check(shard).await?);
        }
        Ok(problems)
    }

    /// Gives the free pages of the files back to the system, also those of files that were made without the means to
    /// shrink. Writers wait meanwhile.
    ///
    /// # Errors
    /// What the file refused.
    pub async fn vacuum(&self) -> Result<(), CacheError> {
        for shard in self.solid_shards() {
            shard.database.vacuum().await?;
        }
        Ok(())
    }

    fn solid_shards(&self) -> impl Iterator<Item = &std::sync::Arc<Shard>> {
        let solid = match &self.shared.adapter {
            Adapter::Solid(solid) => Some(solid),
            Adapter::Memory(_) | Adapter::Null => None,
        };
        solid.into_iter().flat_map(Solid::shards)
    }

    async fn totals_of(&self, shard: &Shard) -> Result<Totals, CacheError> {
        let look = |connection: &mut SqliteConnection| {
            let ages: Vec<String> = Statement::<Text>::new(
                "SELECT created_at FROM solid_cache_entries WHERE id IN (
                     (SELECT min(id) FROM solid_cache_entries), (SELECT max(id) FROM solid_cache_entries))
                 ORDER BY id",
            )
            .load(connection)?;
            Ok((State::read(connection)?, db::extent(connection)?, ages))
        };
        let (state, extent, ages) = shard.database.read(look).await?;
        let whole = |number: i64| u64::try_from(number).unwrap_or(0);
        let bytes = |pages: i64| whole(pages * extent.page_size);
        Ok(Totals {
            shard: shard.name.clone(),
            path: shard.database.path().to_owned(),
            entries: whole(state.entries),
            bytes: whole(state.bytes),
            file_bytes: bytes(extent.page_count),
            free_bytes: bytes(extent.free_pages),
            evictions: whole(state.evictions),
            oldest: ages.first().and_then(|age| age.parse().ok()),
            newest: ages.last().and_then(|age| age.parse().ok()),
            max_size: self.shared.config.max_size,
            max_entries: self.shared.config.max_entries,
        })
    }
}

async fn show(solid: &Solid, key: &Key) -> Result<Option<Shown>, CacheError> {
    let (shard, wanted) = (solid.shard(key), key.clone());
    let look = move |connection: &mut SqliteConnection| {
        let rows: Vec<(Vec<u8>, Vec<u8>, String, i64)> =
            Statement::<(Binary, Binary, Text, BigInt)>::new(
                "SELECT key, value, created_at, byte_size FROM solid_cache_entries WHERE key_hash = ?",
            )
            .bind(wanted.hash())
            .load(connection)?;
        let tags = Statement::<Text>::new(
            "SELECT tag FROM trifecta_cache_tags WHERE key_hash = ? ORDER BY tag",
        )
        .bind(wanted.hash())
        .load::<String>(connection)?;
        Ok((rows, tags))
    };
    let (rows, tags) = shard.database.read(look).await?;
    let Some((_, value, created_at, byte_size)) = rows.into_iter().find(|row| row.0 == key.bytes())
    else {
        return Ok(None);
    };
    let stored = shard.putter().open(value)?;
    let entry = Entry::parse(&stored).ok();
    let version = entry.as_ref().and_then(|entry| entry.stamp.version);
    let expires_at = entry.as_ref().and_then(|entry| entry.stamp.expires_at);
    Ok(Some(Shown {
        key: key.to_string(),
        kind: entry.as_ref().map_or("unknown", Entry::kind).to_owned(),
        byte_size: u64::try_from(byte_size).unwrap_or(0),
        created_at: created_at
            .parse()
            .unwrap_or(Timestamp::from_microseconds(0)),
        expires_at: expires_at.map(moment),
        version: version.map(|version| String::from_utf8_lossy(version).into_owned()),
        compressed: entry.as_ref().is_some_and(Entry::is_compressed),
        encrypted: shard.cipher.is_some(),
        value: entry.and_then(|entry| printable(entry.value().ok()?)),
        tags,
    }))
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "what is out of range saturates"
)]
fn moment(seconds: f64) -> Timestamp {
    Timestamp::from_microseconds((seconds * 1_000_000.0) as i64)
}

fn printable(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) | Value::Bytes(text) => {
            let text = String::from_utf8(text.into_owned()).ok()?;
            let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
            text.chars().all(is_plain).then_some(text)
        }
        Value::Integer(number) => Some(number.to_string()),
        Value::Nil => Some("nil".to_owned()),
        Value::Boolean(truth) => Some(truth.to_string()),
    }
}

async fn check(shard: &Shard) -> Result<Vec<String>, CacheError> {
    let put = shard.putter();
    let look = move |connection: &mut SqliteConnection| {
        let mut problems: Vec<String> =
            Statement::<Text>::new("PRAGMA quick_check(10)").load(connection)?;
        problems.retain(|problem| problem != "ok");
        problems.extend(wrong_counters(connection)?);
        problems.extend(wrong_rows(connection, &put)?);
        Ok(problems)
    };
    let path = shard.database.path().display();
    match shard.database.read_long(look).await {
        Ok(problems) => Ok(problems
            .into_iter()
            .map(|problem| format!("{path}: {problem}"))
            .collect()),
        Err(error) if error.is_corrupt() => Ok(vec![format!("{path}: {error}")]),
        Err(error) => Err(error.into()),
    }
}

fn wrong_counters(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let state = State::read(connection)?;
    let found: Vec<(i64, i64)> = Statement::<(BigInt, BigInt)>::new(
        "SELECT count(*), coalesce(sum(byte_size), 0) FROM solid_cache_entries",
    )
    .load(connection)?;
    let wrong = |(entries, bytes): &(i64, i64)| (*entries, *bytes) != (state.entries, state.bytes);
    Ok(found
        .into_iter()
        .filter(wrong)
        .map(|(entries, bytes)| {
            format!(
                "the counters say {} entries of {} bytes, but there are {entries} of {bytes}",
                state.entries, state.bytes
            )
        })
        .collect())
}

/// Rows that no read will ever find or understand.
fn wrong_rows(
    connection: &mut SqliteConnection,
    put: &crate::shard::Putter,
) -> QueryResult<Vec<String>> {
    let (mut after, mut strays, mut unreadable) = (0, 0, 0);
    loop {
        let rows: Vec<(i64, Vec<u8>, i64, Vec<u8>)> = Statement::<(BigInt, Binary, BigInt, Binary)>::new(
            "SELECT id, key, key_hash, CAST(value AS blob) FROM solid_cache_entries WHERE id > ? ORDER BY id LIMIT 200",
        )
        .bind(after)
        .load(connection)?;
        let Some(last) = rows.last() else { break };
        after = last.0;
        for (_, key, hash, value) in rows {
            strays += usize::from(db::key_hash(&key) != hash);
            let readable = put
                .open(value)
                .is_ok_and(|stored| Entry::parse(&stored).is_ok());
            unreadable += usize::from(!readable);
        }
    }
    let mut problems = Vec::new();
    if strays > 0 {
        problems.push(format!(
            "entries whose key does not have their hash: {strays}"
        ));
    }
    if unreadable > 0 {
        problems.push(format!("entries that cannot be read here: {unreadable}"));
    }
    Ok(problems)
}
