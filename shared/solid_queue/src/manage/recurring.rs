use db::Timestamp;
use serde::Serialize;

use super::moment::some_iso8601;
use crate::{RecurringTaskStatus, RecurringWork};

/// A recurring task, as a list shows it. [`crate::RecurringTasks`] is what changes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecurringTaskSummary {
    /// Its name.
    pub key: String,
    /// When it runs.
    pub schedule: String,
    /// The class of its jobs, if it is no command.
    pub class_name: Option<String>,
    /// Its Ruby code, if it is a command.
    pub command: Option<String>,
    /// The queue, if it is not that of the class.
    pub queue_name: Option<String>,
    /// The priority, if it is not that of the class.
    pub priority: Option<i32>,
    /// What people read about it.
    pub description: Option<String>,
    /// Whether it is one of `recurring.yml`.
    pub is_static: bool,
    /// Whether it does not run for now.
    pub is_paused: bool,
    /// The last time for which it was enqueued.
    #[serde(serialize_with = "some_iso8601")]
    pub last_run_at: Option<Timestamp>,
    /// The next time by its schedule.
    #[serde(serialize_with = "some_iso8601")]
    pub next_run_at: Option<Timestamp>,
}

impl From<RecurringTaskStatus> for RecurringTaskSummary {
    fn from(status: RecurringTaskStatus) -> Self {
        let task = status.task;
        let (class_name, command) = match task.work {
            RecurringWork::Class { name, .. } => (Some(name), None),
            RecurringWork::Command(command) => (None, Some(command)),
        };
        Self {
            key: task.key,
            schedule: task.schedule,
            class_name,
            command,
            queue_name: task.queue_name,
            priority: task.priority,
            description: task.description,
            is_static: status.is_static,
            is_paused: status.is_paused,
            last_run_at: status.last_run,
            next_run_at: status.next_run,
        }
    }
}
