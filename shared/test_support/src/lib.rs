//! For tests and benchmarks: waits for conditions, starts the real processes, and drives them as a client does.
#![warn(missing_docs)]

mod browser;
mod environment;
mod port;
mod process;
mod socket;
mod suite;
mod wait;
mod web;

pub use browser::Browser;
pub use environment::{Variables, production, root};
pub use port::Port;
pub use process::{Ended, Process, Signal, binary, run};
pub use socket::Socket;
pub use suite::Suite;
pub use tokio_tungstenite::tungstenite::Message;
pub use wait::{PATIENCE, wait_for, wait_until};
pub use web::Web;
