//! SQLite without us: the same rows in the same table, by prepared statements and nothing else.

use std::path::Path;

use anyhow::Result;
use db::{Timestamp, key_hash};
use rusqlite::{Connection, params};

/// As the writer of `db` sets them.
const PRAGMAS: &str = "
    PRAGMA busy_timeout = 1000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    PRAGMA mmap_size = 134217728;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = 2000;";

pub(crate) struct Bare {
    connection: Connection,
}

impl Bare {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(PRAGMAS)?;
        Ok(Self { connection })
    }

    /// Writes so many messages in one transaction.
    pub(crate) fn insert(&self, messages: u32, stream: &str, payload: &str) -> Result<()> {
        self.execute("BEGIN IMMEDIATE")?;
        let now = Timestamp::now().to_string();
        for _ in 0..messages {
            let (channel, payload) = (stream.as_bytes(), payload.as_bytes());
            self.connection
                .prepare_cached(
                    "INSERT INTO solid_cable_messages (created_at, channel, payload, channel_hash)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![now, channel, payload, key_hash(channel)])?;
        }
        self.execute("COMMIT")
    }

    /// Where the newest message stands: its epoch and its offset.
    pub(crate) fn position(&self) -> Result<(String, i64)> {
        let position = self.connection.query_row(
            "SELECT epoch, (SELECT coalesce(max(id), 0) FROM solid_cable_messages) FROM trifecta_cable_state",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(position)
    }

    fn execute(&self, statement: &str) -> Result<()> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}
