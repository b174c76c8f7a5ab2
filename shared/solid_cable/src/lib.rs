//! Solid Cable: Action Cable's messages in a database table, which processes poll instead of asking a broker.
//!
//! The table is that of the Rails gem: its processes and ours share one file and hear each other.
//!
//! ```
//! use db::{Database, DatabaseConfig};
//! use solid_cable::{Config, MIGRATIONS, SolidCable};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("cable.sqlite3");
//! # let shutdown = async {};
//! let database = Database::open(&DatabaseConfig::new(path), MIGRATIONS)?;
//! let solid_cable = SolidCable::new(database, Config::default());
//! // Only in a process with subscribers:
//! let listener = tokio::spawn(solid_cable.listen(shutdown));
//! let cable = solid_cable.cable(); // for `action_cable::Server` and for broadcasts
//! # listener.await?;
//! # drop(cable);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod adapter;
mod config;
mod health;
mod listener;
mod lows;
mod message;
mod metrics;
mod numbering;
mod past;
mod prefix;
mod progress;
mod schema;
mod trim;

pub use adapter::SolidCable;
pub use config::Config;
pub use metrics::describe_metrics;
pub use numbering::renew as renew_epoch;

/// The tables of the cable database.
pub const MIGRATIONS: db::EmbeddedMigrations = db::embed_migrations!("../../migrations/cable");
