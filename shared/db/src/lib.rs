//! The only crate that knows SQLite: pools, pragmas, the grouping writer, migrations and the notice of other
//! processes' commits. Everything above it sees a [`Database`].
//!
//! ```
//! use db::{Database, DatabaseConfig};
//! use diesel::connection::SimpleConnection as _;
//!
//! # async fn example() -> Result<(), db::DbError> {
//! # let folder = tempfile::tempdir().expect("a folder");
//! let database = Database::open(&DatabaseConfig::new(folder.path().join("example.sqlite3")), db::NO_MIGRATIONS)?;
//! database.write(|connection| connection.batch_execute("CREATE TABLE notes (body TEXT)")).await?;
//! # Ok(()) }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
#![warn(missing_docs)]

mod amend;
mod backup_error;
mod changes;
mod config;
mod connection;
mod cut;
mod database;
mod error;
mod folder_lock;
mod foreign;
mod health;
mod in_use;
mod inbox;
mod inspect;
mod key_hash;
mod meters;
mod migration_state;
mod migrations;
mod open_file;
mod pace;
mod pending_write;
mod presence;
mod readers;
mod space;
mod start_over;
mod statement;
mod timestamp;
mod transaction;
mod trouble;
mod wal;
mod writer;

pub use amend::amend;
pub use backup_error::BackupError;
pub use changes::Changes;
pub use config::{DatabaseConfig, Synchronous};
pub use cut::Cut;
pub use database::Database;
pub use diesel::SqliteConnection;
pub use diesel_migrations::{EmbeddedMigrations, embed_migrations};
pub use error::DbError;
pub use in_use::{Holder, RESTORE_JOURNAL, TakenOver};
pub use inbox::{Inbox, WriteRows};
pub use inspect::Inspection;
pub use key_hash::key_hash;
pub use meters::describe_metrics;
pub use migration_state::MigrationState;
pub use migrations::NO_MIGRATIONS;
pub use pace::Pace;
pub use presence::{forget_presence, is_present};
pub use space::{FileExtent, extent, give_back};
pub use start_over::StartedOver;
pub use statement::{Statement, Value};
pub use timestamp::{ParseTimestampError, Timestamp};
pub use trouble::WriteTrouble;
