//! What every process does alike at its edges: logging, waiting for the signal to stop, talking to the service manager,
//! and saying why it failed.
#![warn(missing_docs)]

mod failure;
mod logging;
mod service;
mod shutdown;

pub use failure::{Failure, chain, exit};
pub use logging::{Config, LogFormat, check, init};
pub use service::{Beat, Service, forget_service};
pub use shutdown::{Signal, StopSignals};
