//! The front proxy of production: one origin for the web and the cable server, with HTTPS, HTTP/2, compression and a
//! cache, and nothing to configure. It does Thruster's job, by the same options, and knows nothing of the application.
#![warn(missing_docs)]

// Until the server uses them.
#[allow(dead_code, unused_imports)]
mod acme;
mod body;
#[allow(dead_code)]
mod cache;
#[allow(dead_code)]
mod encoding;
pub mod options;
#[allow(dead_code, unused_imports)]
mod tls;

pub use options::Options;
