//! The web process: HTTP, Inertia pages, and in development all the rest too.
#![warn(missing_docs)]

mod assets;
mod background;
mod controllers;
mod errors;
mod layout;
mod requests;
mod routes;
mod server;

pub use assets::AssetsError;
pub use server::{check, run, start};
