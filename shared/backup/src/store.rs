use std::path::PathBuf;

use db::{EmbeddedMigrations, SqliteConnection};
use diesel::QueryResult;

/// One database file of the suite.
pub struct Store {
    /// What it is called in a backup, such as `queue`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The migrations that this program knows.
    pub migrations: fn() -> EmbeddedMigrations,
    /// Tables whose rows are counted.
    pub tables: &'static [&'static str],
    /// What names the state of the file to clients.
    pub epoch: Option<Epoch>,
}

/// A file that clients know by numbers has a name for its numbering. A restored copy would give the numbers away a second
/// time, for something else, so it must get another name.
#[derive(Clone, Copy)]
pub struct Epoch {
    /// The query that tells it.
    pub query: &'static str,
    /// Draws a new one.
    pub renew: fn(&mut SqliteConnection) -> QueryResult<()>,
}
