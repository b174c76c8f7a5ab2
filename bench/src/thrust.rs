//! Benchmarks of the front proxy, beside nginx and Caddy that do the same job.

mod ask;
pub(crate) mod asset;
pub(crate) mod backend;
mod caddy;
mod certificate;
pub(crate) mod connections;
pub(crate) mod dynamic;
mod family;
mod figures;
mod http1;
mod http2;
pub(crate) mod idle;
mod load;
mod nginx;
mod programs;
mod proxy;
mod script;
mod setting;
mod socket;
pub(crate) mod websocket;
