//! HTTP/3: the same requests over QUIC, which is encrypted datagrams of UDP.
//!
//! quinn speaks QUIC, and h3 HTTP/3 on it. The part that joins them is our own ([`transport`]), as it has to be stricter than
//! theirs ([`frames`]).

mod body;
mod budget;
mod connection;
mod exchange;
mod form;
mod frames;
mod gate;
mod transport;

pub(crate) use gate::Gate;
pub(super) use gate::Incoming;
