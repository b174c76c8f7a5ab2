//! Jobs that are enqueued whenever their time has come.

mod command;
mod error;
mod tasks;
mod timetable;

use serde_json::Value;

use crate::enqueue::{Draft, NewJob};
use crate::payload::{arguments, encode};
use crate::registry::Classes;
use crate::{EnqueueError, Job};
pub(crate) use command::ClearFinishedCommand;
use db::Timestamp;
pub use error::RecurringTaskError;
use jiff::tz::TimeZone;
pub use tasks::{RecurringTaskStatus, RecurringTasks};
pub(crate) use timetable::Timetable;

/// The class of the jobs that run a `command`.
pub(crate) const RECURRING_JOB: &str = "SolidQueue::RecurringJob";
const RECURRING_JOB_QUEUE: &str = "solid_queue_recurring";

/// A job that is enqueued again and again: an entry of Rails' `recurring.yml`, a row of `solid_queue_recurring_tasks`.
///
/// ```
/// use solid_queue::{CatchUp, RecurringTask};
///
/// let task = RecurringTask::of_class("cleanup", "every day at 3am", "CleanupJob")
///     .args(&serde_json::json!([1000, { "batch_size": 500 }]))?
///     .queue("background")
///     .catch_up(CatchUp::Once);
/// assert!(task.check(&jiff::tz::TimeZone::UTC).is_ok());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecurringTask {
    /// Its name, of which there is one.
    pub key: String,
    /// When: cron or words such as `every day at 9am`, as Fugit reads them.
    pub schedule: String,
    /// What is enqueued.
    pub work: RecurringWork,
    /// The queue, if it is not that of the class.
    pub queue_name: Option<String>,
    /// The priority, if it is not that of the class.
    pub priority: Option<i32>,
    /// What people read about it.
    pub description: Option<String>,
    /// What becomes of the times that were missed.
    pub catch_up: CatchUp,
}

/// What a recurring task enqueues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecurringWork {
    /// A job.
    Class {
        /// Its class.
        name: String,
        /// Its arguments: a JSON array as Active Job encodes it, whose last hash holds the keyword arguments.
        arguments: String,
    },
    /// Ruby code. The one that can be performed here is `SolidQueue::Job.clear_finished_in_batches`, with or without
    /// `batch_size:` and `sleep_between_batches:`.
    Command(String),
}

/// What becomes of the times that a task missed, because nobody was there to enqueue it, the clock went forward, or
/// the task was paused. What is up to ten seconds late is not missed. Times before the task's last run, or before it
/// was last changed, are none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// Nothing, as with Rails.
    #[default]
    Skip,
    /// One run does for all of them.
    Once,
    /// Each of them is run, the oldest first; of more than a hundred the newest hundred.
    All,
}

impl RecurringTask {
    /// A task that enqueues this job.
    ///
    /// # Errors
    /// [`EnqueueError::Serialize`] when its fields cannot be written as arguments.
    pub fn new<J: Job>(
        key: impl Into<String>,
        schedule: impl Into<String>,
        job: &J,
    ) -> Result<Self, EnqueueError> {
        let encoded = encode(job).map_err(|source| EnqueueError::Serialize {
            job: J::NAME,
            source,
        })?;
        let work = RecurringWork::Class {
            name: J::NAME.to_owned(),
            arguments: arguments::from_keywords(&encoded),
        };
        Ok(Self::of(key.into(), schedule.into(), work))
    }

    /// A task that enqueues a job of the class, without arguments.
    pub fn of_class(
        key: impl Into<String>,
        schedule: impl Into<String>,
        class_name: impl Into<String>,
    ) -> Self {
        let work = RecurringWork::Class {
            name: class_name.into(),
            arguments: "[]".into(),
        };
        Self::of(key.into(), schedule.into(), work)
    }

    /// A task that runs Ruby code: see [`RecurringWork::Command`].
    pub fn of_command(
        key: impl Into<String>,
        schedule: impl Into<String>,
        command: impl Into<String>,
    ) -> Self {
        Self::of(
            key.into(),
            schedule.into(),
            RecurringWork::Command(command.into()),
        )
    }

    /// With arguments as `recurring.yml` gives them: an array of them, or just one. The last hash among them, or the
    /// only one, holds the keyword arguments. A command takes none.
    ///
    /// # Errors
    /// When a key is one of those that Active Job keeps for itself.
    pub fn args(mut self, args: &Value) -> Result<Self, serde_json::Error> {
        if let RecurringWork::Class { arguments, .. } = &mut self.work {
            *arguments = arguments::from_config(args)?;
        }
        Ok(self)
    }

    /// On this queue.
    #[must_use]
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queue_name = Some(name.into());
        self
    }

    /// With this priority. Smaller ones go first.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// With this to read about it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// What becomes of the times that are missed.
    #[must_use]
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = catch_up;
        self
    }

    /// Whether the task can be run, wherever its class is known. A schedule without a time zone of its own counts in
    /// this one.
    ///
    /// # Errors
    /// [`RecurringTaskError::Schedule`] and [`RecurringTaskError::Command`].
    pub fn check(&self, time_zone: &TimeZone) -> Result<(), RecurringTaskError> {
        self.timetable(time_zone)?;
        match &self.work {
            RecurringWork::Command(command) => {
                let parsed = ClearFinishedCommand::parse(command);
                parsed.map(drop).map_err(|reason| {
                    let (key, command) = (self.key.clone(), command.clone());
                    RecurringTaskError::Command {
                        key,
                        command,
                        reason,
                    }
                })
            }
            RecurringWork::Class { .. } => Ok(()),
        }
    }

    pub(crate) fn timetable(&self, time_zone: &TimeZone) -> Result<Timetable, RecurringTaskError> {
        Timetable::parse(&self.schedule, time_zone).map_err(|source| RecurringTaskError::Schedule {
            key: self.key.clone(),
            source,
        })
    }

    /// The job that it enqueues now.
    pub(crate) fn job(&self, classes: &Classes, now: Timestamp) -> NewJob {
        let (class_name, arguments) = match &self.work {
            RecurringWork::Class { name, arguments } => {
                (name.as_str(), arguments::to_keywords(arguments))
            }
            RecurringWork::Command(command) => {
                (RECURRING_JOB, serde_json::json!([command]).to_string())
            }
        };
        let usual = classes.defaults(class_name);
        let usual_queue = usual.map_or_else(|| default_queue(class_name), |(queue, _)| queue);
        let queue_name = self.queue_name.clone();
        NewJob::draft(Draft {
            class_name,
            queue_name: queue_name.unwrap_or_else(|| usual_queue.to_owned()),
            priority: self
                .priority
                .or_else(|| usual.and_then(|(_, priority)| priority)),
            controls: classes.controls(class_name, &arguments).unwrap_or_default(),
            arguments,
            scheduled_at: now,
            now,
        })
    }

    fn of(key: String, schedule: String, work: RecurringWork) -> Self {
        Self {
            key,
            schedule,
            work,
            queue_name: None,
            priority: None,
            description: None,
            catch_up: CatchUp::default(),
        }
    }
}

impl CatchUp {
    /// As our own table keeps it: nothing for what Rails does.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Skip => None,
            Self::Once => Some("once"),
            Self::All => Some("all"),
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "once" => Self::Once,
            "all" => Self::All,
            _ => Self::Skip,
        }
    }
}

/// For a class that is not known here.
fn default_queue(class_name: &str) -> &'static str {
    match class_name {
        RECURRING_JOB => RECURRING_JOB_QUEUE,
        _ => "default",
    }
}
