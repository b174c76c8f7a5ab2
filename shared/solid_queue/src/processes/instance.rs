use std::fmt;

use serde_json::Value;

use crate::ProcessId;

/// What a process of the queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessKind {
    /// Runs the others, and looks after those of other supervisors.
    Supervisor,
    /// Performs jobs.
    Worker,
    /// Makes scheduled jobs ready.
    Dispatcher,
    /// Enqueues recurring tasks.
    Scheduler,
}

impl ProcessKind {
    /// As Rails writes it into its table, where a supervisor's also says how it runs the others.
    pub fn name(self) -> &'static str {
        match self {
            Self::Supervisor => "Supervisor",
            Self::Worker => "Worker",
            Self::Dispatcher => "Dispatcher",
            Self::Scheduler => "Scheduler",
        }
    }
}

impl fmt::Display for ProcessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A registered process: what its row in `solid_queue_processes` says of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Instance {
    /// What it does.
    pub kind: ProcessKind,
    /// The number of its row.
    pub id: ProcessId,
    /// Its name, which no other process has.
    pub name: String,
    /// The operating system's number. Processes that are tasks of one program share it.
    pub pid: u32,
    /// Its configuration, as Rails writes it: an object, or null.
    pub metadata: Value,
}
