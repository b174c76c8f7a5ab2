//! Benchmarks of the cache alone, beside SQLite without us, Redis, and a cache in memory.

mod bare;
mod by_diesel;
mod figures;
mod file;
pub(crate) mod read;
mod redis;
mod rivals;
mod values;
pub(crate) mod write;
