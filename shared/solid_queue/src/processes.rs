//! What a supervisor runs, each with a row of its own in `solid_queue_processes`.

mod child;
mod crew;
mod dispatcher;
pub(crate) mod execution;
mod identity;
mod maintenance;
mod recovery;
pub(crate) mod registration;
mod supervisor;
mod worker;

use tokio_util::sync::CancellationToken;

pub(crate) use dispatcher::dispatch_due;
pub use supervisor::Supervisor;

/// How a process is told to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Running jobs may end in time.
    pub(crate) gracefully: CancellationToken,
    /// Running jobs are put back.
    pub(crate) at_once: CancellationToken,
}

impl Stop {
    /// For a process that can be stopped by itself.
    fn child(&self) -> Self {
        Self {
            gracefully: self.gracefully.child_token(),
            at_once: self.at_once.child_token(),
        }
    }
}
