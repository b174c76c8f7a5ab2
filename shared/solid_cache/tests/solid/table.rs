use std::time::Duration;

use db::{Database, DatabaseConfig};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use solid_cache::{Cache, Config, MIGRATIONS};
use tempfile::TempDir;

/// A file with a cache in it, and a look at its rows.
pub(crate) struct Table {
    pub(crate) database: Database,
    pub(crate) config: DatabaseConfig,
    _folder: TempDir,
}

#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(crate) struct Row {
    #[diesel(sql_type = BigInt)]
    pub(crate) id: i64,
    #[diesel(sql_type = Binary)]
    pub(crate) key: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub(crate) value: Vec<u8>,
    #[diesel(sql_type = Text)]
    pub(crate) created_at: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) key_hash: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) byte_size: i64,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self::with_timeout(Duration::from_secs(30))
    }

    /// Waits for locks no longer than this.
    pub(crate) fn with_timeout(timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = DatabaseConfig::new(folder.path().join("cache.sqlite3"));
        config.timeout = timeout;
        Self {
            database: Database::open(&config, MIGRATIONS).unwrap(),
            config,
            _folder: folder,
        }
    }

    pub(crate) fn cache(&self, config: Config) -> Cache {
        Cache::solid(self.database.clone(), config)
    }

    pub(crate) async fn execute(&self, sql: impl Into<String>) {
        let sql = sql.into();
        let execute = move |connection: &mut SqliteConnection| sql_query(sql).execute(connection);
        self.database.write(execute).await.unwrap();
    }

    /// In the order of their ids.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let rows = |connection: &mut SqliteConnection| {
            sql_query("SELECT * FROM solid_cache_entries ORDER BY id").load(connection)
        };
        self.database.read(rows).await.unwrap()
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        let rows = self.rows().await;
        rows.into_iter()
            .map(|row| String::from_utf8(row.key).unwrap())
            .collect()
    }
}
