//! For tests and benchmarks: waits for conditions, starts the real processes, and drives them as a client does.
#![warn(missing_docs)]

mod browser;
mod process;
mod suite;
mod wait;

pub use browser::Browser;
pub use process::{Process, Signal, binary};
pub use suite::Suite;
pub use wait::{PATIENCE, wait_for, wait_until};
