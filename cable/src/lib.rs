//! The cable process: serves WebSockets with what the other processes broadcast through the cable database.
#![warn(missing_docs)]

mod health;
mod routes;
mod server;

pub use server::{check, health, run, start};
