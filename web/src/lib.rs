//! The web process: HTTP, Inertia pages, and in development all the rest too.
#![warn(missing_docs)]

mod assets;
mod background;
mod cable_url;
mod controllers;
mod csp;
mod errors;
mod layout;
mod noscript;
mod requests;
mod routes;
mod server;

pub use assets::AssetsError;
pub use server::{check, health, run, start};
