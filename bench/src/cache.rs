//! Benchmarks of the cache alone, beside SQLite without us, Redis, and a cache in memory.

mod bare;
mod by_diesel;
pub(crate) mod cap;
pub(crate) mod eviction;
pub(crate) mod fetch;
mod figures;
mod file;
mod grow;
mod policies;
pub(crate) mod read;
mod redis;
mod rivals;
mod values;
pub(crate) mod write;
mod zipf;
