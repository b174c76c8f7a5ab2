//! The worker process: performs the jobs of the queue database.
#![warn(missing_docs)]

mod start;

use settings::{Queue, Settings};
use telemetry::Failure;

pub use start::{Start, start};

/// Whether the process could work: jobs are rows of a database.
///
/// # Errors
/// What stands against it.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    match settings.queue {
        Queue::SolidQueue(_) => Ok(()),
        Queue::Async { .. } => Err(nothing_to_do()),
    }
}

fn nothing_to_do() -> Failure {
    Failure::new("queue.yml says `adapter: async`: the web process performs its jobs itself, and a worker has none")
        .hint("set `adapter: solid_queue`, or APP_ENV=production")
}
