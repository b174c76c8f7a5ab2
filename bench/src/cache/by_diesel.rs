//! Diesel without us, on one connection.

use std::path::Path;

use anyhow::{Context as _, Result};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use solid_cache_entries::dsl as entries;

use super::bare::PRAGMAS;

diesel::table! {
    solid_cache_entries (id) {
        id -> BigInt,
        key -> Binary,
        value -> Binary,
        key_hash -> BigInt,
    }
}

pub(crate) struct ByDiesel(SqliteConnection);

impl ByDiesel {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is what `db` is compared with"
    )]
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let path = path.to_str().context("the path is not UTF-8")?;
        let mut connection = SqliteConnection::establish(path)?;
        connection.batch_execute(PRAGMAS)?;
        Ok(Self(connection))
    }

    /// A copy of the value under this very key.
    pub(crate) fn read(&mut self, key: &str) -> Result<Vec<u8>> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = entries::solid_cache_entries
            .filter(entries::key_hash.eq(db::key_hash(key.as_bytes())))
            .select((entries::key, entries::value))
            .load(&mut self.0)?;
        let row = rows
            .into_iter()
            .find(|(stored, _)| stored == key.as_bytes());
        Ok(row.context("no such entry")?.1)
    }
}
