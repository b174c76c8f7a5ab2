//! The server over real sockets.
#![allow(clippy::unwrap_used, reason = "helpers of a test")]

mod access;
mod backlogs;
mod errors;
mod events;
mod extended;
mod handshake;
mod http;
mod late;
mod limits;
mod metrics;
mod protocol;
mod shutdown;
mod support;
