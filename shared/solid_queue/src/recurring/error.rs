use db::DbError;
use schedule::ScheduleError;

/// What is wrong with a recurring task, or why it could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecurringTaskError {
    /// Its schedule cannot be read.
    #[error("recurring task `{key}`: schedule: {source}")]
    Schedule {
        /// The task.
        key: String,
        /// What was expected.
        source: ScheduleError,
    },
    /// Its command is Ruby code.
    #[error(
        "recurring task `{key}`: `command` is Ruby code, which only Rails can run: {reason}, got `{command}`: \
         name a `class` instead"
    )]
    Command {
        /// The task.
        key: String,
        /// The code.
        command: String,
        /// What was expected.
        reason: &'static str,
    },
    /// The class of its jobs is not one that the program performs.
    #[error("recurring task `{key}`: there is no job named `{class_name}` (known: {known})")]
    UnknownClass {
        /// The task.
        key: String,
        /// The class.
        class_name: String,
        /// Those that are registered.
        known: String,
    },
    /// Two tasks of the configuration have the same key.
    #[error("recurring task `{key}`: there are two of this name")]
    Twice {
        /// The tasks.
        key: String,
    },
    /// There is no task with this key.
    #[error("there is no recurring task `{key}`")]
    NotFound {
        /// The key.
        key: String,
    },
    /// The task is one of `recurring.yml`, and is changed there.
    #[error("the recurring task `{key}` is one of `recurring.yml`: change it there")]
    Static {
        /// The task.
        key: String,
    },
    /// The controls of the task's class keep the job out for now.
    #[error(
        "did not enqueue the recurring task `{key}`: the controls of its class keep it out for now"
    )]
    KeptOut {
        /// The task.
        key: String,
    },
    /// The queue database failed.
    #[error("the queue database failed")]
    Database(#[from] DbError),
}
