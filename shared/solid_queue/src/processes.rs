//! What a supervisor runs, each with a row of its own in `solid_queue_processes`.

mod assignment;
mod batch_sweep;
mod child;
mod control;
mod crew;
mod dispatcher;
pub(crate) mod execution;
mod fork;
mod forked;
mod health;
mod hooks;
mod identity;
mod instance;
pub(crate) mod liveness;
mod maintenance;
mod pidfile;
mod pulse;
mod recovery;
pub(crate) mod registration;
mod role;
mod scheduler;
mod staff;
mod supervisor;
mod thread;
mod worker;

use tokio_util::sync::CancellationToken;

pub use assignment::{Assignment, ParseAssignmentError};
pub(crate) use dispatcher::dispatch_due;
pub use health::Health;
pub use hooks::{HookResult, Hooks, Moment};
pub use instance::{Instance, ProcessKind};
pub use pidfile::PidfileError;

pub(crate) use scheduler::Agenda;
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
