//! Benchmarks of the cable alone, beside a plain fan-out in memory, and SQLite without us.

mod bare;
pub(crate) mod broadcasts;
pub(crate) mod channels;
mod client;
mod clients;
pub(crate) mod connections;
pub(crate) mod fanout;
mod file;
mod message;
pub(crate) mod plain;
mod receipts;
pub(crate) mod resume;
mod server;
pub(crate) mod streams;

pub(crate) use clients::allow_many_connections;
