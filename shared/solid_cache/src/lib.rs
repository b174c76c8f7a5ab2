//! A cache store whose entries live in SQLite, row for row those of Rails' Solid Cache: a Rails process and this crate
//! can share one file. In development the same handle keeps the entries in memory instead.
//!
//! A cache never stands in the way of its caller: whatever goes wrong beneath is a miss (or `false`), counted in
//! [`Stats`] and reported to the log, a kind of failure at most once a minute.
//!
//! ```
//! use std::time::Duration;
//! use solid_cache::{Cache, Config};
//!
//! # #[derive(Debug)] struct QueryFailed;
//! async fn open_todos() -> Result<Vec<String>, QueryFailed> {
//!     Ok(vec!["Buy milk".to_owned()])
//! }
//!
//! # async fn example() -> Result<(), QueryFailed> {
//! let cache = Cache::memory(Config::default());
//! let todos = cache.expires_in(Duration::from_hours(1)).fetch("todos/open", open_todos).await?;
//! assert_eq!(todos, ["Buy milk"]);
//! assert_eq!(cache.read::<Vec<String>>("todos/open").await, Some(todos));
//! assert_eq!(cache.increment("visits", 1).await, Some(1));
//! # Ok(()) }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
#![warn(missing_docs)]

mod adapter;
mod cache;
mod clock;
mod config;
mod counters;
mod encryption;
mod entries;
mod entry;
mod failsafe;
mod fetch;
mod first_level;
mod inbox;
mod invalidate;
mod keeper;
mod key;
mod leases;
mod maglev;
mod manage;
mod marshal;
mod memory;
mod metrics;
mod multi;
mod options;
mod room;
mod rows;
mod schema;
mod shard;
mod single_flight;
mod solid;
mod stats;
mod stripes;
mod value;
mod visits;

pub use cache::Cache;
pub use config::{Config, Eviction, FirstLevel};
pub use encryption::{Encryption, EncryptionError, KeyDigest};
pub use manage::{CacheError, Shown, Totals};
pub use metrics::describe_metrics;
pub use stats::Stats;

/// The tables of the cache database, for [`db::Database::open`].
pub const MIGRATIONS: db::EmbeddedMigrations = db::embed_migrations!("../../migrations/cache");
