//! The front proxy of production: one origin for the web and the cable server, with HTTPS, HTTP/2, compression and a
//! cache, and nothing to configure. It does Thruster's job, by the same options, and knows nothing of the application.
#![warn(missing_docs)]

mod body;
#[allow(dead_code)]
mod cache;
#[allow(dead_code)]
mod encoding;
pub mod options;

pub use options::Options;
