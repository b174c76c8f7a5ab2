//! Benchmarks of the queue alone, beside SQLite without us.

mod bare;
pub(crate) mod depth;
mod drain;
pub(crate) mod enqueue;
mod file;
pub(crate) mod idle;
pub(crate) mod latency;
mod probe;
pub(crate) mod work;
pub(crate) mod worker;
