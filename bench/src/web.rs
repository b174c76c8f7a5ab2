//! Benchmarks of the web process, beside a plain handler that sends the same bytes.

mod client;
pub(crate) mod plain;
mod server;
pub(crate) mod todos;
