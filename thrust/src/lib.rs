//! The front proxy of production: one origin for the web and the cable server, with HTTPS, HTTP/2, compression and a
//! cache, and nothing to configure. It does Thruster's job, by the same options, and knows nothing of the application.
#![warn(missing_docs)]

mod acme;
mod body;
mod cache;
mod cli;
mod command;
mod conditional;
mod encoding;
mod files;
mod handler;
mod handlers;
mod meters;
pub mod options;
mod range;
mod run;
mod secure;
mod server;
mod status;
mod tls;
mod tunnel;
mod upstream;

pub use cli::cli;
pub use meters::Meters;
pub use options::Options;
pub use run::{Listeners, run};
