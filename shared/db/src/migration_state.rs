use std::collections::BTreeMap;
use std::path::Path;

use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel_migrations::EmbeddedMigrations;
use rusqlite::{Connection, OpenFlags};

use crate::folder_lock::is_missing;
use crate::{BackupError, migrations};

/// What opening a file would do to its tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationState {
    /// Whether there is no file: it would be made, with all migrations.
    pub is_missing: bool,
    /// The names of the migrations that would be applied.
    pub pending: Vec<String>,
    /// The versions of those that the file has and the program does not know.
    pub unknown: Vec<String>,
    /// The version among the unknown ones that keeps this program from opening the file.
    pub breaking: Option<String>,
}

impl MigrationState {
    /// Looks at the file, and changes nothing.
    ///
    /// # Errors
    /// [`BackupError::Sqlite`].
    pub fn of(path: &Path, migrations: &EmbeddedMigrations) -> Result<Self, BackupError> {
        let known = known(migrations);
        if is_missing(path) {
            return Ok(Self {
                is_missing: true,
                pending: known.into_values().collect(),
                ..Self::default()
            });
        }
        let found = look(path).map_err(BackupError::sqlite("could not read", path));
        let (applied, breaking) = found?;
        let unknown = applied
            .iter()
            .filter(|version| !known.contains_key(*version));
        let unknown: Vec<_> = unknown.cloned().collect();
        let pending = known
            .into_iter()
            .filter(|(version, _)| !applied.contains(version));
        Ok(Self {
            is_missing: false,
            pending: pending.map(|(_, name)| name).collect(),
            breaking: breaking
                .into_iter()
                .find(|version| unknown.contains(version)),
            unknown,
        })
    }
}

/// Names by versions.
fn known(migrations: &EmbeddedMigrations) -> BTreeMap<String, String> {
    let all: Vec<Box<dyn Migration<Sqlite>>> = migrations.migrations().unwrap_or_default();
    let names = all.iter().map(|migration| {
        let name = migration.name();
        (name.version().to_string(), name.to_string())
    });
    names.collect()
}

/// The migrations that the file has, and those of them that older programs cannot work with.
fn look(path: &Path) -> rusqlite::Result<(Vec<String>, Vec<String>)> {
    let connection = open(path)?;
    let list = |query: &str, table: &str| {
        let exists: bool = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = ?",
            [table],
            |row| row.get(0),
        )?;
        if !exists {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare(query)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    Ok((
        list(
            "SELECT version FROM __diesel_schema_migrations ORDER BY version",
            "__diesel_schema_migrations",
        )?,
        list(migrations::BREAKING, "trifecta_breaking_migrations")?,
    ))
}

/// As one that may write: else SQLite would leave a `-wal` and a `-shm` behind where there were none.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let with = |flags| Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = with(OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| with(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}
