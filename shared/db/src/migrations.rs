use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::connection::START_PATIENCE;
use crate::{DatabaseConfig, DbError, Statement, Synchronous, transaction};

/// For a database whose tables somebody else makes.
pub const NO_MIGRATIONS: EmbeddedMigrations = EmbeddedMigrations::new(&[]);

/// A migration that does more than add says so itself, by a row of this table.
pub(crate) const BREAKING: &str = "SELECT version FROM trifecta_breaking_migrations";

/// Brings the file to the newest version. Whichever process comes first does the work; the others wait for its lock
/// and find it done. All of it is one transaction, so that a failure leaves the file as it was.
///
/// # Errors
/// [`DbError::NewerVersion`] when the file has migrations that are not among `migrations`, and one of them says that
/// programs which do not know it must leave the file alone.
pub(crate) fn run(
    connection: &mut SqliteConnection,
    config: &DatabaseConfig,
    migrations: EmbeddedMigrations,
) -> Result<(), DbError> {
    let known = versions(config, &migrations)?;
    warn_of_newer(connection, config, &known);
    if known.is_empty() || is_current(connection, config, &known)? {
        return Ok(());
    }
    // The tables outlive a power cut, whatever the rows do: without them not even the rows before could be found.
    synchronous(connection, Synchronous::Full)?;
    transaction::begin(connection, config.synchronous, START_PATIENCE)?;
    let outcome = apply(connection, config, migrations, &known);
    let outcome = match outcome {
        Ok(()) => Ok(transaction::commit(connection)?),
        Err(error) => {
            transaction::rollback(connection)?;
            Err(error)
        }
    };
    synchronous(connection, config.synchronous)?;
    outcome
}

fn synchronous(connection: &mut SqliteConnection, level: Synchronous) -> Result<(), DbError> {
    Ok(connection.batch_execute(&format!("PRAGMA synchronous = {}", level.pragma()))?)
}

fn apply(
    connection: &mut SqliteConnection,
    config: &DatabaseConfig,
    migrations: EmbeddedMigrations,
    known: &BTreeSet<String>,
) -> Result<(), DbError> {
    if is_current(connection, config, known)? {
        return Ok(());
    }
    let pending = connection
        .pending_migrations(migrations)
        .map_err(|error| failed(config, &error))?;
    for migration in pending {
        run_one(connection, &*migration).map_err(|error| failed(config, &error))?;
    }
    Ok(())
}

/// A migration that adds a column which the file has already, from a newer Rails, is done.
fn run_one(
    connection: &mut SqliteConnection,
    migration: &dyn Migration<Sqlite>,
) -> diesel::migration::Result<()> {
    match connection.run_migration(migration) {
        Err(error) if error.to_string().contains("duplicate column name") => {
            let version = migration.name().version();
            Statement::<()>::new("INSERT INTO __diesel_schema_migrations (version) VALUES (?)")
                .bind(version.to_string())
                .execute(connection)?;
            Ok(())
        }
        outcome => outcome.map(|_| ()),
    }
}

/// Whether every known migration has been applied. Looks without taking the write lock.
fn is_current(
    connection: &mut SqliteConnection,
    config: &DatabaseConfig,
    known: &BTreeSet<String>,
) -> Result<bool, DbError> {
    if !has_table(connection) {
        return Ok(false);
    }
    let applied = applied(connection).map_err(|error| failed(config, &error))?;
    let breaking = breaking(connection);
    if let Some(version) = applied
        .difference(known)
        .find(|version| breaking.contains(*version))
    {
        return Err(DbError::NewerVersion {
            path: config.path.clone(),
            version: version.clone(),
        });
    }
    Ok(known.is_subset(&applied))
}

/// Migrations add and take nothing away, so a program works with a file that has more of them: during a deploy the old
/// one goes on beside the new one.
fn warn_of_newer(
    connection: &mut SqliteConnection,
    config: &DatabaseConfig,
    known: &BTreeSet<String>,
) {
    let applied = if has_table(connection) {
        applied(connection).unwrap_or_default()
    } else {
        BTreeSet::new()
    };
    if let Some(version) = applied.difference(known).last() {
        let path = config.path.display();
        tracing::warn!(db.path = %path, db.migration = %version, "the database is of a newer version, which adds to it only: going on");
    }
}

fn applied(connection: &mut SqliteConnection) -> diesel::migration::Result<BTreeSet<String>> {
    let applied = connection.applied_migrations()?;
    Ok(applied.iter().map(MigrationVersion::to_string).collect())
}

/// The migrations that older programs cannot work with. A file without the table has none.
fn breaking(connection: &mut SqliteConnection) -> Vec<String> {
    Statement::<Text>::new(BREAKING)
        .load(connection)
        .unwrap_or_default()
}

fn has_table(connection: &mut SqliteConnection) -> bool {
    connection
        .batch_execute("SELECT 1 FROM __diesel_schema_migrations LIMIT 1")
        .is_ok()
}

fn versions(
    config: &DatabaseConfig,
    migrations: &EmbeddedMigrations,
) -> Result<BTreeSet<String>, DbError> {
    let all = MigrationSource::<Sqlite>::migrations(migrations)
        .map_err(|error| failed(config, &error))?;
    Ok(all
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

fn failed(config: &DatabaseConfig, error: &dyn std::fmt::Display) -> DbError {
    DbError::Migration {
        path: config.path.clone(),
        reason: error.to_string(),
    }
}
