//! Many entries at once, by what their keys begin with or by the tags they carry.

use db::{SqliteConnection, Statement};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};

use crate::Cache;
use crate::failsafe::Failure;
use crate::room::{self, State};
use crate::rows;
use crate::shard::Shard;
use crate::solid::Solid;

impl Cache {
    /// Deletes the entries whose keys begin with `prefix`, those of this handle's namespace, and says how many there were.
    /// It looks at every row: a second for some hundred thousand entries. An empty prefix empties the namespace.
    pub async fn delete_prefix(&self, prefix: impl AsRef<str>) -> usize {
        self.shared.flights.forget_all();
        let prefix = self.namespaced(prefix.as_ref());
        let deleted = self.shared.adapter.delete_prefix(prefix).await;
        let deleted = self.rescue("cache.delete_prefix", deleted).unwrap_or(0);
        tracing::debug!(cache.deleted = deleted, "cache.delete_prefix");
        deleted
    }

    /// Deletes the entries that were written with the tag ([`Cache::tags`]), and says how many there were. Other processes
    /// and Rails see them gone too.
    pub async fn delete_tag(&self, tag: impl AsRef<str>) -> usize {
        self.shared.flights.forget_all();
        let deleted = self.shared.adapter.delete_tag(self.tag(tag.as_ref())).await;
        let deleted = self.rescue("cache.delete_tag", deleted).unwrap_or(0);
        tracing::debug!(cache.deleted = deleted, "cache.delete_tag");
        deleted
    }
}

impl Solid {
    pub(crate) async fn delete_prefix(&self, prefix: Vec<u8>) -> Result<usize, Failure> {
        let mut deleted = 0;
        for shard in self.shards() {
            shard.vigil().await;
            let mut after = 0;
            while let Some((last, rows)) = matching(shard, &prefix, after).await? {
                after = last;
                deleted += delete(shard, rows).await?;
            }
        }
        Ok(deleted)
    }

    pub(crate) async fn delete_tag(&self, tag: String) -> Result<usize, Failure> {
        let mut deleted = 0;
        for shard in self.shards() {
            shard.vigil().await;
            loop {
                let rows = tagged(shard, tag.clone()).await?;
                if rows.is_empty() {
                    break;
                }
                deleted += delete(shard, rows).await?;
            }
        }
        Ok(deleted)
    }
}

/// Id (0: there is none any more) and hash.
type Found = (i64, i64);

/// Looks at some rows after the given one: the last of them, and those whose keys begin so.
async fn matching(
    shard: &Shard,
    prefix: &[u8],
    after: i64,
) -> Result<Option<(i64, Vec<Found>)>, Failure> {
    let prefix = prefix.to_vec();
    let look = move |connection: &mut SqliteConnection| {
        let length = i64::try_from(prefix.len()).unwrap_or(i64::MAX);
        let rows: Vec<(i64, i64, Vec<u8>)> = Statement::<(BigInt, BigInt, Binary)>::new(
            "SELECT id, key_hash, CAST(substr(key, 1, ?) AS blob) FROM solid_cache_entries
             WHERE id > ? ORDER BY id LIMIT 500",
        )
        .bind(length)
        .bind(after)
        .load(connection)?;
        let last = rows.last().map(|&(id, ..)| id);
        let found = rows.into_iter().filter(|(_, _, head)| *head == prefix);
        Ok(last.map(|last| (last, found.map(|(id, hash, _)| (id, hash)).collect())))
    };
    shard.mend(shard.database.read_long(look).await).await
}

async fn tagged(shard: &Shard, tag: String) -> Result<Vec<Found>, Failure> {
    let look = move |connection: &mut SqliteConnection| {
        Statement::<(BigInt, BigInt)>::new(
            "SELECT coalesce(entries.id, 0), tags.key_hash FROM trifecta_cache_tags AS tags
             LEFT JOIN solid_cache_entries AS entries ON entries.key_hash = tags.key_hash
             WHERE tags.tag = ? LIMIT 500",
        )
        .bind(tag.as_str())
        .load(connection)
    };
    shard.mend(shard.database.read(look).await).await
}

async fn delete(shard: &Shard, rows: Vec<Found>) -> Result<usize, Failure> {
    if rows.is_empty() {
        return Ok(0);
    }
    let (ids, hashes): (Vec<i64>, Vec<i64>) = rows.into_iter().unzip();
    let change = shard.stripes.change(hashes.clone());
    let delete = move |connection: &mut SqliteConnection| {
        let deleted = room::delete(connection, &ids)?;
        let state = State::read(connection)?;
        rows::supersede(connection, state, &hashes, &[])?;
        Ok((deleted, change))
    };
    Ok(shard.mend(shard.database.write(delete).await).await?.0)
}
