//! The cache in SQLite: what stands in its rows, what it deletes by itself, and what its callers see when it fails.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod concurrency;
mod encryption;
mod eviction;
mod expiry;
mod failures;
mod first_level;
mod manage;
mod rails;
mod rows;
mod shards;
mod single_flight;
mod table;
