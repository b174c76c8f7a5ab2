//! What other programs reach by plain HTTP, as with AnyCable.

mod broadcast;
mod request;

pub use broadcast::{BroadcastKey, Broadcasts};
