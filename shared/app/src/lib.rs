//! The todo application without HTTP: its models, jobs, channels and streams, and the [`AppContext`] that they share.
#![warn(missing_docs)]

pub mod channels;
pub mod jobs;
pub mod models;
pub mod streams;

mod access;
mod context;
mod schema;

pub use access::{Access, Visitor};
pub use channels::channels;
pub use context::AppContext;
pub use jobs::jobs;

/// The tables of the primary database.
pub const MIGRATIONS: db::EmbeddedMigrations = db::embed_migrations!("../../migrations/primary");
