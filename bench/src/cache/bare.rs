//! SQLite without us: the same rows in the same tables, by prepared statements and nothing else.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, Statement, params};
use serde_json::{Value, json};

/// As `db` sets them.
pub(crate) const PRAGMAS: &str = "
    PRAGMA busy_timeout = 1000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    PRAGMA mmap_size = 134217728;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = 2000;
    PRAGMA temp_store = MEMORY;";

/// What a row is taken to cost besides its key and value.
const OVERHEAD: usize = 140;

pub(crate) struct Bare {
    connection: Connection,
}

pub(crate) fn describe() -> Value {
    json!(format!(
        "prepared statements through rusqlite, SQLite {}",
        rusqlite::version()
    ))
}

impl Bare {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(PRAGMAS)?;
        Ok(Self { connection })
    }

    pub(crate) fn reader(&self) -> Result<Reader<'_>> {
        let select = "SELECT value FROM solid_cache_entries WHERE key_hash = ?";
        Ok(Reader(self.connection.prepare(select)?))
    }

    pub(crate) fn writer(&self) -> Result<Writer<'_>> {
        let upsert = "INSERT INTO solid_cache_entries (key, value, key_hash, byte_size, created_at)
             VALUES (?1, ?2, ?3, ?4, STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'))
             ON CONFLICT (key_hash) DO UPDATE
             SET key = excluded.key, value = excluded.value, byte_size = excluded.byte_size";
        Ok(Writer(self.connection.prepare(upsert)?))
    }
}

pub(crate) struct Reader<'a>(Statement<'a>);

impl Reader<'_> {
    /// A copy of the value.
    pub(crate) fn read(&mut self, key: &str) -> Result<Vec<u8>> {
        let hash = db::key_hash(key.as_bytes());
        Ok(self.0.query_row([hash], |row| row.get(0))?)
    }
}

pub(crate) struct Writer<'a>(Statement<'a>);

impl Writer<'_> {
    /// In a transaction of its own.
    pub(crate) fn write(&mut self, key: &str, value: &[u8]) -> Result<()> {
        let key = key.as_bytes();
        let size = key.len() + value.len() + OVERHEAD;
        self.0
            .execute(params![key, value, db::key_hash(key), i64::try_from(size)?])?;
        Ok(())
    }
}
