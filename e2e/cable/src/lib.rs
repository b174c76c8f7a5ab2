//! Faults of the cable, over the real process: cut connections, kills, restarts, trims, new files, and clients that do
//! what they should not.
//!
//! Messages are committed as a Rails process commits them. The stock JavaScript clients are in `clients/`.
#![warn(missing_docs)]

mod client;
mod memory;
mod rails;
mod raw;
mod scene;

pub use client::{Client, Luck};
pub use memory::Memory;
pub use rails::Rails;
pub use raw::{Answers, Closed, Raw, frame, header};
pub use scene::Scene;

/// The stream of the application's own channel.
pub const STREAM: &str = "todos";

/// The identifier of a subscription to [`STREAM`].
pub const IDENTIFIER: &str = r#"{"channel":"TodosChannel"}"#;

/// The messages with these numbers.
pub fn numbers(numbers: impl Iterator<Item = u64>) -> Vec<String> {
    numbers
        .map(|number| format!(r#"{{"number":{number}}}"#))
        .collect()
}
