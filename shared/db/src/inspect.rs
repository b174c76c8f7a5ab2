use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::BackupError;

/// A copy that nobody changes, opened for reading only: it may lie where nothing can be written.
pub struct Inspection {
    path: PathBuf,
    connection: Connection,
}

impl Inspection {
    /// Opens the copy.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(BackupError::sqlite("could not open", path))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    /// What is wrong with the file: damaged pages, indexes that do not fit their tables, rows that refer to none. It reads
    /// all of it; SQLite's quick check would pass over the indexes, by which jobs and messages are found.
    ///
    /// # Errors
    /// What SQLite said when it could not even look.
    pub fn problems(&self) -> Result<Vec<String>, BackupError> {
        let damage = self.texts("PRAGMA integrity_check(10)")?;
        let damage = damage.into_iter().filter(|line| line != "ok");
        let orphans = self.texts(
            "SELECT \"table\" || ' has ' || count(*) || ' rows whose ' || parent || ' is missing'
             FROM pragma_foreign_key_check GROUP BY \"table\", parent LIMIT 10",
        )?;
        Ok(damage.chain(orphans).collect())
    }

    /// The newest migration of the file.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn migration(&self) -> Result<Option<String>, BackupError> {
        self.text("SELECT max(version) FROM __diesel_schema_migrations")
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn rows(&self, table: &str) -> Result<i64, BackupError> {
        let query = format!("SELECT count(*) FROM \"{table}\"");
        let count = self.connection.query_row(&query, [], |row| row.get(0));
        self.explain(count)
    }

    /// The text that a query answers with, if there is one.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn text(&self, query: &str) -> Result<Option<String>, BackupError> {
        let text = self.connection.query_row(query, [], |row| row.get(0));
        Ok(self.explain(text.optional())?.flatten())
    }

    fn texts(&self, query: &str) -> Result<Vec<String>, BackupError> {
        let texts = self.connection.prepare(query).and_then(|mut statement| {
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<_>>()
        });
        self.explain(texts)
    }

    fn explain<T>(&self, outcome: rusqlite::Result<T>) -> Result<T, BackupError> {
        outcome.map_err(BackupError::sqlite("could not read", &self.path))
    }
}
