//! What other programs reach by plain HTTP, as with AnyCable.

mod broadcast;
mod event;
pub(crate) mod events;
mod request;

pub use broadcast::{BroadcastKey, Broadcasts};
